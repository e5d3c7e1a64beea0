using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>The whole way on the recorded samples, with the real figures.</summary>
public sealed class SamplesTests
{
    [Fact]
    public async Task Samples_give_the_published_figures_and_a_second_run_writes_no_fact()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System));
        await pipeline.RunAsync();

        Assert.Equal(6_658_080_414, await SumAsync(pipeline, "exports", "2018-01", "2018-12"));
        Assert.Equal(20_844_962_518, await SumAsync(pipeline, "imports", "2018-01", "2018-12"));
        Assert.Equal(
            -13_238_154_061,
            await SumAsync(pipeline, "exports", "2019-01", "2019-10")
                - await SumAsync(pipeline, "imports", "2019-01", "2019-10")
        );
        Assert.Equal(16_372_425_030, await SumAsync(pipeline, "imports", "2015-01", "2015-12"));
        Assert.Equal(14_543_374_778, await SumAsync(pipeline, "imports", "2016-01", "2016-12"));
        Assert.Equal(11_891_323_980, await SumAsync(pipeline, "imports", "2004-01", "2004-12"));
        var ledger = await pipeline.LedgerAsync();
        var facts = await pipeline.RowsAsync("trademonthly");
        Assert.Equal(facts.Count, ledger.Added);

        await pipeline.RunAsync();

        Assert.Equal(ledger, await pipeline.LedgerAsync());
        var again = await pipeline.RowsAsync("trademonthly");
        Assert.Equal(facts.Select(row => row.ETag), again.Select(row => row.ETag));
    }

    /// <summary>
    /// Both claims rest on the place of the United States among sources; by ultimate investor it stands alone,
    /// which is no place.
    /// </summary>
    [Theory]
    [InlineData("f-us-largest-source-of-fdi", "refuted")]
    [InlineData("g-us-not-among-top-10-sources", "confirmed")]
    public async Task Claims_on_the_largest_source_rest_on_places_among_at_least_two(string claim, string verdict)
    {
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            [new(TestPipeline.Planned, "unctad-fdi")]
        );
        await pipeline.RunAsync();
        var row = Assert.Single(await pipeline.RowsAsync("claims", $"RowKey eq '{claim}'"));
        Assert.Equal(verdict, row["Verdict"]);
        Assert.EndsWith(
            "; no such figure is on file for stock by ultimate investor",
            row.GetString("Explanation").TrimEnd('.'),
            StringComparison.Ordinal
        );
        Assert.Empty(
            await pipeline.RowsAsync("indicators", "PartitionKey eq 'fdi-source-rank-rus-stock-host-ultimate-investor'")
        );
        Assert.Equal(
            0,
            (
                await pipeline
                    .Get<RunVerdictReader>()
                    .ReadAsync(["unctad-fdi"], DateTimeOffset.UnixEpoch, CancellationToken.None)
            ).ExitCode
        );
    }

    /// <summary>With samples what must exist is judged by the day of the recordings.</summary>
    [Theory]
    [InlineData("census-trade", 32, 15_083, 12_065, 8, 4, 3_006, 0)]
    [InlineData("unctad-fdi", 2, 4_046, 3_471, 0, 0, 560, 15)]
    [InlineData("moex-holders", 3, 78, 76, 0, 0, 2, 0)]
    public async Task Samples_end_with_0_and_nothing_to_say(
        string source,
        int slices,
        long read,
        long added,
        long changed,
        long unchanged,
        long excluded,
        long missing
    )
    {
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            [new(TestPipeline.Planned, source)]
        );
        await pipeline.RunAsync();
        Assert.Equal(slices, (await pipeline.RowsAsync("slices")).Count);
        Assert.Equal(
            new Pipeline.Runs.RowCounts(read, added, changed, unchanged, excluded, missing, 0),
            await pipeline.LedgerAsync()
        );
        var verdict = await pipeline
            .Get<RunVerdictReader>()
            .ReadAsync([source], DateTimeOffset.UnixEpoch, CancellationToken.None);
        Assert.Equal(("", 0), (string.Join('\n', verdict.Lines), verdict.ExitCode));
    }

    private static async Task<long> SumAsync(TestPipeline pipeline, string flow, string from, string to)
    {
        long sum = 0;
        var filter = $"PartitionKey eq '4621|{flow}|total' and RowKey ge '{from}' and RowKey lt '{to}~'";
        await foreach (
            var row in pipeline.Get<FactStore>().QueryAsync(TradeMonthly.Table, filter, CancellationToken.None)
        )
        {
            sum += ((TradeMonthly)row).ValueUsd;
        }

        return sum;
    }
}
