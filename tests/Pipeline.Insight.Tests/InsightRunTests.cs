using System.Reflection;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Sources.Unctad.Partners;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>The two tables on Azurite: what is written, what is not, and two runs at once.</summary>
public sealed class InsightRunTests(Azurite azurite)
{
    private static readonly string[] Sources = ["census-trade", "unctad-fdi", "moex-holders"];

    /// <summary>Two years are enough to see which rows change.</summary>
    private static List<FactRow> Few =>
        [
            .. Facts.Russia().Cast<TradeMonthly>().Where(row => row.Year >= 2018),
            .. Facts.Investment("stock 2012: CYP 150 NLD 60 USA 3"),
            .. Facts.Holdings(Facts.Holders),
        ];

    private static async Task PutAsync(TestPipeline pipeline, IEnumerable<FactRow> facts)
    {
        foreach (
            var partition in facts.GroupBy(row =>
                (
                    Table: row switch
                    {
                        TradeMonthly => "trademonthly",
                        FdiPartner => "fdipartners",
                        _ => "holders",
                    },
                    row.PartitionKey
                )
            )
        )
        {
            foreach (var batch in partition.Chunk(100))
            {
                await (await pipeline.TableAsync(partition.Key.Table)).SubmitTransactionAsync(
                    batch.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row))
                );
            }
        }
    }

    private static async Task<InsightCounts> RunAsync(TestPipeline pipeline)
    {
        var counts = default(InsightCounts);
        foreach (var source in Sources)
            counts += await pipeline.Get<InsightRun>().RunAsync(source, CancellationToken.None);
        return counts;
    }

    private static async Task<Dictionary<string, string>> VersionsAsync(TestPipeline pipeline) =>
        (await pipeline.RowsAsync(Names.Indicators))
            .Concat(await pipeline.RowsAsync(Names.Claims))
            .ToDictionary(row => $"{row.PartitionKey} {row.RowKey}", row => row.ETag.ToString());

    /// <summary>What is computed without a table.</summary>
    private static Dictionary<string, double> Expected(IEnumerable<FactRow> facts) =>
        Facts.Indicators(facts).ToDictionary(row => $"{row.PartitionKey} {row.RowKey}", row => row.Value);

    private static async Task<Dictionary<string, double>> StoredAsync(TestPipeline pipeline) =>
        (await pipeline.RowsAsync(Names.Indicators)).ToDictionary(
            row => $"{row.PartitionKey} {row.RowKey}",
            row => row.GetDouble("Value")!.Value
        );

    [Fact]
    public async Task A_second_run_writes_nothing()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        await PutAsync(pipeline, Few);
        var first = await RunAsync(pipeline);
        Assert.True(first.Added > 100);
        var before = await VersionsAsync(pipeline);
        Assert.Equal(default, await RunAsync(pipeline));
        Assert.Equal(before, await VersionsAsync(pipeline));
        Assert.Equal(Expected(Few), await StoredAsync(pipeline));
        Assert.Equal(11, (await pipeline.RowsAsync(Names.Claims)).Count);
    }

    [Fact]
    public async Task A_changed_fact_changes_what_depends_on_it_and_nothing_else()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        await PutAsync(pipeline, Few);
        await RunAsync(pipeline);
        var before = await VersionsAsync(pipeline);
        var changed = (TradeMonthly)
            Few.First(row => row is { PartitionKey: "4621|exports|total", RowKey: "2019-12|TOTAL" });
        changed.ValueUsd += 1_000_000;
        changed.YearToDateUsd += 1_000_000;
        changed.Vintage = changed.LastChanged = Facts.Fetched.AddDays(30);
        await PutAsync(pipeline, [changed]);
        await RunAsync(pipeline);
        var after = await VersionsAsync(pipeline);
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        string[] series = ["us-ru-exports", "us-ru-trade-balance", "us-ru-trade-total"];
        Assert.Equal(
            series
                .SelectMany(id =>
                    new[] { $"{id}-monthly 2019-12", $"{id}-annual 2019", $"{id}-ytd 2019-12", $"{id}-12m 2019-12" }
                )
                .Order(StringComparer.Ordinal),
            after.Where(row => before[row.Key] != row.Value).Select(row => row.Key).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task What_nothing_computes_any_more_is_removed()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        await PutAsync(pipeline, Few);
        await RunAsync(pipeline);
        var facts = await pipeline.TableAsync("trademonthly");
        await facts.DeleteEntityAsync("4621|imports|total", "2019-11|TOTAL");
        await (await pipeline.TableAsync(Names.Claims)).AddEntityAsync(
            new TableEntity("an-article", "that-is-not-checked-any-more")
        );
        var counts = await RunAsync(pipeline);
        Assert.Equal(
            Expected(Few.Where(row => row is not { PartitionKey: "4621|imports|total", RowKey: "2019-11|TOTAL" })),
            await StoredAsync(pipeline)
        );
        Assert.True(counts.Removed > 4);
        Assert.Equal(11, (await pipeline.RowsAsync(Names.Claims)).Count);
        Assert.Contains(pipeline.Log, line =>
            line.Contains("us-ru-imports: 2019 is left out", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Two_runs_at_the_same_time_end_like_one()
    {
        var account = azurite.NewAccount();
        await using var one = new TestPipeline(account);
        await using var other = new TestPipeline(account);
        await PutAsync(one, Few);
        await Task.WhenAll(RunAsync(one), RunAsync(other));
        Assert.Equal(Expected(Few), await StoredAsync(one));
        var before = await VersionsAsync(one);
        Assert.Equal(default, await RunAsync(other));
        Assert.Equal(before, await VersionsAsync(one));
    }

    [Theory]
    [InlineData(false)] // The newer facts are published when the slow run has read the older ones.
    [InlineData(true)] // The same, when it is about to write.
    public async Task A_run_with_older_facts_never_overwrites_one_with_newer_facts(bool atWrite)
    {
        var account = azurite.NewAccount();
        await using var newer = new TestPipeline(account);
        await PutAsync(newer, Few);
        await RunAsync(newer);
        var (first, second) = (Revised(1), Revised(2));
        await PutAsync(newer, [first]);
        var raced = false;
        async Task RaceAsync()
        {
            raced = true;
            await PutAsync(newer, [second]);
            await RunAsync(newer);
        }
        await using var slow = new TestPipeline(
            account,
            policies: atWrite
                ? new AroundPolicy(
                    request => !raced && request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
                    RaceAsync
                )
                : new AroundPolicy(
                    request => !raced && request.Uri.Path.Contains("trademonthly()", StringComparison.Ordinal),
                    after: _ => RaceAsync()
                )
        );
        await RunAsync(slow);
        Assert.True(raced);
        Assert.Equal(second.ValueUsd, (await StoredAsync(newer))["us-ru-exports-monthly 2019-12"]);
        Assert.Equal(default, await RunAsync(newer));
    }

    [Fact]
    public async Task Every_column_is_on_every_row_with_its_type_and_has_a_meaning()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        await PutAsync(pipeline, Few);
        await RunAsync(pipeline);
        foreach (
            var (table, type) in new[] { (Names.Indicators, typeof(IndicatorRow)), (Names.Claims, typeof(ClaimRow)) }
        )
        {
            var columns = type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);
            Assert.All(columns, column => Assert.NotNull(column.GetCustomAttribute<MeaningAttribute>()));
            Assert.All(await pipeline.RowsAsync(table), row => Assert.Equal(
                    columns
                        // A date that is not known is not there.
                        .Where(column =>
                            Nullable.GetUnderlyingType(column.PropertyType) is null || row.ContainsKey(column.Name)
                        )
                        .Select(column => $"{column.Name} {TypeOf(column).Name}")
                        .Order(),
                    row.Where(cell => cell.Key is not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag"))
                        .Select(cell => $"{cell.Key} {cell.Value.GetType().Name}")
                        .Order()
                ));
        }
        Assert.All(await pipeline.RowsAsync(Names.Claims), row =>
            Assert.Equal(row.GetString("Verdict") != "not-checkable", row.ContainsKey("Vintage"))
        );

        static Type TypeOf(PropertyInfo column) =>
            Nullable.GetUnderlyingType(column.PropertyType) ?? column.PropertyType;
    }

    [Theory]
    [InlineData("", "refuted", "It came to 6.7 billion US dollars, not 6.6 billion US dollars.")]
    [InlineData(
        "2020-06-30",
        "confirmed",
        "It came to 6,600,080,414 US dollars, which rounds to the stated 6.6 billion US dollars, by the figures as "
            + "they stood at the end of 2020-06-30."
    )]
    [InlineData(
        "2020-07-01",
        "refuted",
        "It came to 6.7 billion US dollars, not 6.6 billion US dollars, by the figures as they stood at the end of "
            + "2020-07-01."
    )]
    [InlineData(
        "2019-12-31",
        "not-checkable",
        "It: us-ru-exports-annual[2018] is not on file, by the figures as they stood at the end of 2019-12-31."
    )]
    public async Task A_claim_pinned_to_a_vintage_is_checked_against_the_figures_of_that_day(
        string vintage,
        string verdict,
        string explanation
    )
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        // First loaded in 2020, and revised by 58 million on the first of July.
        var (loaded, revised) = (
            new DateTimeOffset(2020, 1, 15, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2020, 7, 1, 9, 0, 0, TimeSpan.Zero)
        );
        var facts = Few.OfType<TradeMonthly>().ToList();
        foreach (var row in facts)
            row.Vintage = row.FirstSeen = row.LastChanged = loaded;
        await PutAsync(pipeline, facts);
        var history = await pipeline.TableAsync(Names.History);
        foreach (var month in (int[])[11, 12])
        {
            TradeMonthly Of() =>
                facts.Single(row => row.PartitionKey == "4621|exports|total" && row.RowKey == $"2018-{month:00}|TOTAL");
            var (before, after) = ((TradeMonthly)Copy(Of()), Of());
            if (month == 11)
                before.ValueUsd -= 58_000_000;
            before.YearToDateUsd -= 58_000_000;
            after.Vintage = after.LastChanged = revised;
            await PutAsync(pipeline, [after]);
            await history.AddEntityAsync(
                HistoryRow.Of(TradeMonthly.Table, before, after, revised, "run", inPolicy: true)
            );
        }
        var pin = vintage.Length == 0 ? "" : $"\"vintage\":\"{vintage}\",";
        var book = Pipeline.Insight.Claims.ClaimBook.Parse(
            [
                (
                    "f.json",
                    $$"""
                    {"articles":[{"id":"x","title":"X","date":"2020-02-01"}],"claims":[{"id":"c","article":"x",{{pin}}"statement":"S","comparison":"equals","subject":"it",
                     "expression":"us-ru-exports-annual[2018]","stated":{"value":6.6,"unit":"billion US dollars","decimals":1} } ] }
                    """
                ),
            ],
            out var findings
        );
        Assert.True(book is not null, string.Join('\n', findings));
        var run = new InsightRun(
            pipeline.Get<Microsoft.Extensions.Options.IOptions<Pipeline.Sources.Census.CensusOptions>>(),
            book,
            pipeline.Get<TableSet>(),
            pipeline.Get<FactStore>(),
            Microsoft.Extensions.Logging.Abstractions.NullLogger<InsightRun>.Instance
        );
        await run.RunAsync("census-trade", CancellationToken.None);
        var claim = Assert.Single(await pipeline.RowsAsync(Names.Claims));
        Assert.Equal((verdict, explanation), (claim.GetString("Verdict"), claim.GetString("Explanation")));
        // The stored indicator is the present one, whatever a claim is pinned to.
        Assert.Equal(6_658_080_414, (await StoredAsync(pipeline))["us-ru-exports-annual 2018"]);

        static FactRow Copy(TradeMonthly row) =>
            new TradeMonthly
            {
                PartitionKey = row.PartitionKey,
                RowKey = row.RowKey,
                ValueUsd = row.ValueUsd,
                YearToDateUsd = row.YearToDateUsd,
                LastChanged = row.LastChanged,
                Period = row.Period,
                PeriodStart = row.PeriodStart,
                Year = row.Year,
                Month = row.Month,
                Reporter = row.Reporter,
                PartnerCode = row.PartnerCode,
                PartnerIso2 = row.PartnerIso2,
                PartnerName = row.PartnerName,
                Flow = row.Flow,
                Level = row.Level,
                Commodity = row.Commodity,
                CommodityName = row.CommodityName,
                Basis = row.Basis,
            };
    }

    [Fact]
    public async Task A_source_without_indicators_has_nothing_to_do()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        Assert.Equal(default, await pipeline.Get<InsightRun>().RunAsync("fake", CancellationToken.None));
    }

    private static TradeMonthly Revised(int revision)
    {
        var row = (TradeMonthly)
            Few.First(row => row is { PartitionKey: "4621|exports|total", RowKey: "2019-12|TOTAL" });
        row.ValueUsd += revision * 1_000_000;
        row.YearToDateUsd += revision * 1_000_000;
        row.Vintage = row.LastChanged = Facts.Fetched.AddDays(revision);
        return row;
    }
}
