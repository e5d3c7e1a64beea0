using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Insight;
using Pipeline.Insight.Dimensions;
using Pipeline.Insight.Views;
using Pipeline.Issues;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>
/// What the guide for readers of the tables says is so. <c>UPDATE_README=1</c> writes the generated part
/// instead of checking it.
/// </summary>
public sealed class DataGuideTests(Azurite azurite)
{
    private static readonly string Guide = Path.Combine(Repository.Root, "docs", "data-guide.md");

    /// <summary>The tables that tell how the figures came, with their columns, by name.</summary>
    private static IEnumerable<(string Name, IReadOnlyList<ColumnMeanings.Column> Columns)> Ledger =>
        typeof(LedgerRow)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(LedgerRow)))
            .Select(type => (type.GetCustomAttribute<LedgerAttribute>()!.Table, ColumnMeanings.Of(type)))
            .OrderBy(table => table.Table, StringComparer.Ordinal);

    [Fact]
    [Trait(Generated.Trait, Generated.FromCode)]
    public void The_columns_are_those_of_the_row_types()
    {
        var facts = typeof(TradeMonthly)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(FactRow)) && !type.IsAbstract)
            .Select(type => (FactTable)type.GetProperty("Table")!.GetValue(null)!);
        var common = typeof(FactRow).GetProperties().Select(property => property.Name).ToHashSet();
        var text = string.Concat(
            facts
                .OrderBy(table => table.Name, StringComparer.Ordinal)
                .Select(table =>
                    Section(table.Name, ColumnMeanings.Of(table).Where(column => !common.Contains(column.Name)))
                )
        );
        text +=
            Section("indicators", ColumnMeanings.Of(typeof(IndicatorRow)).Skip(2))
            + Section("claims", ColumnMeanings.Of(typeof(ClaimRow)).Skip(2))
            + Section(Names.Partners, ColumnMeanings.Of(typeof(PartnerRow)))
            + Section(Names.Commodities, ColumnMeanings.Of(typeof(CommodityRow)))
            + Section(Names.Periods, ColumnMeanings.Of(typeof(PeriodRow)))
            + Section("trade_by_year (export files only)", ColumnMeanings.OfView(typeof(TradeByYear)))
            + Section("trade_latest (export files only)", ColumnMeanings.OfView(typeof(TradeLatest)))
            + Section("fdi_latest (export files only)", ColumnMeanings.OfView(typeof(FdiLatest)));
        text += Section(
            "every table of figures",
            ColumnMeanings
                .Of(typeof(TradeMonthly))
                .Where(column => common.Contains(column.Name) && column.Name is not ("PartitionKey" or "RowKey"))
        );
        text += string.Concat(Ledger.Select(table => Section(table.Name, table.Columns)));
        Generated.Part("docs/data-guide.md", "columns", text);
    }

    [Fact]
    public async Task Every_row_of_the_ledger_has_every_column_that_the_guide_describes()
    {
        using var source = new FakeSource("one", "two", "three", "four");
        source.Replies["two"] = new("a=1", ETag: "\"x\"");
        source.Replies["three"] = new("", 204);
        source.Replies["four"] = new("nothing", 404);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        // Loaded, with a gap and a reject; revised in one column and in two; a row removed; refused.
        foreach (
            var body in (string[])
                ["a=1 b=1 c=1 d= e=?", "a=2 b=1 c=1 d= e=?", "a=3/note b=1 c=1 d= e=?", "b=1 c=1 d=", "a=1 !"]
        )
        {
            source.Coverage = Pipeline.Datasets.Coverage.ByHand;
            source.Body = body;
            await pipeline.RunAsync();
        }
        // A message that failed too often, and one that names nothing.
        foreach (var body in (string[])["{\"Kind\":\"Pull\",\"Slice\":\"fake/facts/one\"}", ""])
        {
            await pipeline
                .Get<DeadLetterBook>()
                .PutAsync(
                    DeadLetter.Read(Names.PullQueue, body),
                    true,
                    new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
                    null,
                    CancellationToken.None
                );
        }

        foreach (var (table, columns) in Ledger)
        {
            var rows = await pipeline.RowsAsync(table);
            Assert.NotEmpty(rows);
            Assert.All(rows, row =>
                Assert.Equal(
                    columns
                        .Where(column => !IsOptional(column) || row.ContainsKey(column.Name))
                        .Select(column => $"{column.Name} {column.Type}")
                        .Order(),
                    row.Where(cell => cell.Key is not ("odata.etag" or "Timestamp"))
                        .Select(cell => $"{cell.Key} {Edm(cell.Value)}")
                        .Order()
                )
            );
        }
        Assert.Equal(
            ["(removed)", "Value", "Value,Note"],
            (await pipeline.RowsAsync(Names.History))
                .Select(row => row.GetString("Column"))
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            ["NotPublished", "Published", "PullFailed", "Quarantined"],
            (await pipeline.RowsAsync(Names.Slices)).Select(row => row.GetString("State")).Order()
        );

        // The guide says when a column is not there.
        static bool IsOptional(ColumnMeanings.Column column) =>
            column.Meaning.Contains("; not there ", StringComparison.Ordinal);

        static string Edm(object value) => value is DateTimeOffset ? "Edm.DateTime" : $"Edm.{value.GetType().Name}";
    }

    [Fact]
    public async Task The_example_finds_what_a_figure_was_on_a_day()
    {
        using var source = new FakeSource();
        // The storage's time says when a body came.
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        // The value on the first of March, then on each day after it; the note alone changes on the third.
        foreach (var body in (string[])["a=1 b=1 c=1", "a=2 b=1 c=1", "a=2/note b=1 c=1", "a=4/other b=1 c=1"])
        {
            source.Coverage = Pipeline.Datasets.Coverage.ByHand;
            source.Body = body;
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromDays(1));
        }
        source.Body = "b=1 c=1";
        await pipeline.RunAsync();
        var account = azurite.NewAccount();
        foreach (var name in (string[])["fakefacts", Names.History])
        {
            var table = new TableClient(account, name);
            await table.CreateAsync();
            foreach (var row in await pipeline.RowsAsync(name))
                await table.AddEntityAsync(row);
        }
        var answers = await NodeAsync(
            account,
            string.Join(
                '\n',
                Enumerable
                    .Range(0, 7)
                    .Select(day =>
                        $"console.log(await asOf('fakefacts', 'fake|one', 'a', 'Value', new "
                        + $"Date('2026-0{(day == 0 ? "2-28" : $"3-0{day}")}T18:00:00Z')));"
                    )
            )
                + "\nconsole.log(await asOf('fakefacts', 'fake|one', 'a', 'Note', new "
                + "Date('2026-03-03T18:00:00Z')), await asOf('fakefacts', 'fake|one', 'b', 'Value', new "
                + "Date('2026-03-06T00:00:00Z')));"
        );
        Assert.Equal(["undefined", "1", "2", "2", "4", "undefined", "undefined", "note 1"], answers);
    }

    private static string Section(string table, IEnumerable<ColumnMeanings.Column> columns) =>
        $"\n### {table}\n\n| column | type | meaning "
        + "|\n|---|---|---|\n"
        + $"{string.Concat(columns.Select(column => $"| `{column.Name}` | {column.Type["Edm.".Length..]} | {column.Meaning.Replace("|", "\\|", StringComparison.Ordinal)} |\n"))}";

    /// <summary>Runs the guide's example with lines of a test behind it.</summary>
    private static async Task<string[]> NodeAsync(string account, string lines)
    {
        var script = Regex
            .Match(await File.ReadAllTextAsync(Guide), "```js\n(.*?)```", RegexOptions.Singleline)
            .Groups[1]
            .Value;
        var file = Path.Combine(Repository.Root, "node_modules", $"asof-{Guid.NewGuid():N}.mjs");
        await File.WriteAllTextAsync(file, script + lines);
        try
        {
            var start = new ProcessStartInfo("node", file)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["STORAGE"] = account;
            using var node = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            var (output, error) = (
                node.StandardOutput.ReadToEndAsync(limit.Token),
                node.StandardError.ReadToEndAsync(limit.Token)
            );
            await node.WaitForExitAsync(limit.Token);
            Assert.True(node.ExitCode == 0, await error);
            return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
