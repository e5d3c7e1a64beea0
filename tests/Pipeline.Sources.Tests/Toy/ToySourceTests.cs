using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Report.Data;
using Pipeline.Sources.Tests.Cases;
using Pipeline.Sources.Toy;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Toy;

/// <summary>
/// A source of three files and a registration, as docs/adding-a-source.md walks through it, does all that the others
/// do.
/// </summary>
public sealed class ToySourceTests
{
    private const string Slice = "toy-rates/monthly-rates/2026";

    private static readonly string[] Currencies = ["EUR", "GBP", "JPY"];

    /// <summary>Ten months of three currencies, of which a test changes some lines.</summary>
    private static string Year(params (string Line, string By)[] changes)
    {
        var lines = Enumerable
            .Range(1, 10)
            .SelectMany(month => Currencies.Select(currency => $"2026-{month:00},{currency},1.{month:00}"));
        var text = $"month,currency,rate\n{string.Join('\n', lines)}\n";
        foreach (var (line, by) in changes)
        {
            Assert.Contains(line, text, StringComparison.Ordinal);
            text = text.Replace(line, by, StringComparison.Ordinal);
        }

        return text;
    }

    private static CaseServer Serve(string body, CaseServer? server = null)
    {
        server ??= new CaseServer();
        foreach (var year in Enumerable.Range(2020, 6))
            server.On($"rates-{year}.csv", $"month,currency,rate\n{year}-12,EUR,1.1\n", type: "text/csv");
        return server.On("rates-2026.csv", body, type: "text/csv");
    }

    private static Case Run(CaseServer server) =>
        new(ToyOptions.Source, server, Register, ("Toy__BaseUrl", $"{server.Address}/rates/"));

    private static void Register(IServiceCollection services, IConfiguration configuration) =>
        services.AddDataset<ToyRatesDataset, ToyOptions>(configuration);

    [Fact]
    public async Task Its_figures_are_loaded_described_and_exported_and_a_second_run_writes_nothing()
    {
        using var server = Serve(Year());
        await using var run = Run(server);
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        var rates = await run.Pipeline.RowsAsync("toyrates");
        Assert.Equal(36, rates.Count);
        var rate = Assert.Single(rates, row => row is { PartitionKey: "GBP", RowKey: "2026-03" });
        Assert.Equal(
            (1.03, "toy-rates", "monthly-rates", 0),
            (rate["Rate"], rate["Source"], rate["Dataset"], rate["Revision"])
        );
        var dataset = Assert.Single(await run.Pipeline.RowsAsync(Names.Datasets));
        using var columns = JsonDocument.Parse(dataset.GetString("Columns"));
        Assert.Contains(
            "US dollars for one unit of the currency",
            columns.RootElement.GetRawText(),
            StringComparison.Ordinal
        );
        var ledger = await run.Pipeline.LedgerAsync();
        Assert.Equal((36, 36), (ledger.Read, ledger.Added));
        var exports = run.Pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
        var files = new List<string>();
        await foreach (var blob in exports.GetBlobsAsync())
            files.Add(blob.Name);
        Assert.Contains(files, name => name.Contains("toyrates", StringComparison.Ordinal));

        run.Clock.Advance(TimeSpan.FromDays(31));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        Assert.Equal(
            rates.Select(row => (row.PartitionKey, row.RowKey, row.ETag)),
            (await run.Pipeline.RowsAsync("toyrates")).Select(row => (row.PartitionKey, row.RowKey, row.ETag))
        );
        Assert.Empty(await run.Pipeline.RowsAsync(Names.History));
    }

    [Fact]
    public async Task Its_figures_can_be_read_by_filter_and_each_has_its_place()
    {
        using var server = Serve(Year());
        await using var run = Run(server);
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        var query = run
            .Pipeline.Get<DataQueryReader>()
            .Read("toyrates", [new("Currency", "GBP"), new("from", "2026-03"), new("to", "2026-04")]);
        Assert.Equal(
            [
                "PartitionKey eq 'GBP' and PeriodStart ge datetime'2026-03-01T00:00:00Z' and PeriodStart lt "
                    + "datetime'2026-05-01T00:00:00Z'",
            ],
            query.Reads()
        );
        var page = await run.Pipeline.Get<DataReader>().ReadAsync(query, CancellationToken.None);
        Assert.Equal(["2026-03", "2026-04"], page.Rows.Select(row => row[1]));
        var figure = await run
            .Pipeline.Get<FigureLookup>()
            .FindAsync("toyrates", "GBP", "2026-03", CancellationToken.None);
        Assert.Equal("line 9", figure.Raw.Place);
        Assert.Equal(
            [("Rate", 1.03, "US dollars for one unit of the currency")],
            figure.Values.Select(value => (value.Column, (double)value.Value!, value.Unit))
        );
    }

    [Fact]
    public async Task A_revised_rate_moves_the_old_one_to_history()
    {
        using var server = Serve(Year());
        await using var run = Run(server);
        await run.RunAsync();
        Serve(Year(("2026-09,EUR,1.09", "2026-09,EUR,1.12")), server);
        run.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        var old = Assert.Single(await run.Pipeline.RowsAsync(Names.History));
        Assert.Equal(
            ("Rate", "1.09", "1.12", true),
            (old["Column"], old["OldValue"], old["NewValue"], old["InPolicy"])
        );
        Assert.Equal(
            (1.12, 1),
            (await run.Pipeline.RowsAsync("toyrates"))
                .Where(row => row is { PartitionKey: "EUR", RowKey: "2026-09" })
                .Select(row => (row.GetDouble("Rate"), row.GetInt32("Revision")))
                .Single()
        );
    }

    [Fact]
    public async Task A_row_that_cannot_be_understood_is_a_reject_and_one_without_a_rate_is_a_gap()
    {
        using var server = Serve(Year(("2026-09,EUR,1.09", "2026-09,EUR,n/a"), ("2026-10,GBP,1.10", "2026-10,GBP,")));
        await using var run = Run(server);
        Assert.Equal(2, (await run.RunAsync()).ExitCode);
        var reject = Assert.Single(await run.Pipeline.RowsAsync(Names.Rejects));
        Assert.Equal(
            (
                Slice,
                "line 26, column rate",
                "\"n/a\"",
                "a number above 0 with a decimal point",
                "The row is kept in rejects. Adapt the parser, or wait for a corrected file."
            ),
            (reject["Slice"], reject["Position"], reject["Seen"], reject["Expected"], reject["Advice"])
        );
        var gap = Assert.Single(await run.Pipeline.RowsAsync(Names.Gaps));
        Assert.Equal(
            ("toyrates|GBP", "the publisher has no rate for this month"),
            (gap.PartitionKey, gap.GetString("Reason"))
        );
        Assert.StartsWith("2026-10", gap.RowKey, StringComparison.Ordinal);
        var counts = Assert.Single(await run.Pipeline.RunsAsync(), ended => ended.Slice.Id == Slice).Counts;
        Assert.Equal((30, 28, 1, 1), (counts.Read, counts.Added, counts.Missing, counts.Rejected));
    }

    [Fact]
    public async Task A_rate_far_from_its_neighbours_is_not_loaded()
    {
        using var server = Serve(Year(("2026-05,JPY,1.05", "2026-05,JPY,105")));
        await using var run = Run(server);
        Assert.Equal(2, (await run.RunAsync()).ExitCode);
        Assert.Equal("105", Assert.Single(await run.Pipeline.RowsAsync(Names.Rejects))["Seen"]);
        Assert.DoesNotContain(await run.Pipeline.RowsAsync("toyrates"), row =>
            row is { PartitionKey: "JPY", RowKey: "2026-05" }
        );
    }

    [Fact]
    public async Task A_released_year_that_the_server_does_not_have_is_missing()
    {
        using var server = new CaseServer().On("rates-2026.csv", Year(), type: "text/csv");
        await using var run = Run(server);
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Equal(30, (await run.Pipeline.RowsAsync("toyrates")).Count);
    }

    /// <summary>Bodies that no row is loaded from, and what the operator reads.</summary>
    public static TheoryData<string, string> Unreadable =>
        new()
        {
            {
                "month;currency;rate\n2026-01;EUR;1.1\n",
                "line 1: seen \"month;currency;rate\", expected the columns month, currency, rate too; "
            },
            {
                "month,currency,rate,rate\n2026-01,EUR,1.1,1.1\n",
                "line 1: seen \"month,currency,rate,rate\", expected the columns rate once; "
            },
            { "\n\n", "body: seen no row, expected a header row; " },
            {
                "month,currency,rate\n2026-01,EUR,\"1.1\n",
                "line 2: seen a quote that is not closed, expected CSV in UTF-8; "
            },
            {
                "month,currency,rate\n2026-01,EUR\n2026-02,eur,1\n2026-13,EUR,1\n",
                "body: seen 3 of 3 rows that cannot be understood, the first: line 2: seen 2 cells, expected 3 cells, "
                    + "expected at most 5 %; "
            },
        };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_body_of_another_layout_is_quarantined(string body, string error)
    {
        using var server = Serve(body);
        await using var run = Run(server);
        Assert.Equal(1, (await run.RunAsync()).ExitCode);
        var slice = Assert.Single(await run.Pipeline.RowsAsync(Names.Slices), row =>
            row.RowKey.EndsWith("2026", StringComparison.Ordinal)
        );
        Assert.Equal("Quarantined", slice["State"]);
        Assert.Contains(error, slice.GetString("LastError"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_comes_twice_is_a_reject()
    {
        using var server = Serve(Year(("2026-02,EUR,1.02", "2026-01,EUR,1.02")));
        await using var run = Run(server);
        Assert.Equal(2, (await run.RunAsync()).ExitCode);
        var reject = Assert.Single(await run.Pipeline.RowsAsync(Names.Rejects));
        Assert.Equal(("EUR 2026-01 a second time", "each key once"), (reject["Seen"], reject["Expected"]));
    }
}
