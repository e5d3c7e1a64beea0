using Azure.Data.Tables;
using Pipeline.Runs;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>The whole way on the recorded samples, with the published figures.</summary>
public sealed class SamplesTests
{
    [Fact]
    public async Task Samples_give_the_published_figures_and_a_second_run_writes_nothing()
    {
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            settings: [new(TestPipeline.Planned, "unctad-fdi")]
        );
        await pipeline.RunAsync();
        var annual = await pipeline.RowsAsync("fdiannual");
        var partners = await pipeline.RowsAsync("fdipartners");
        Assert.Equal(
            new RowCounts(2294 + 1752, annual.Count + partners.Count, 0, 0, 560, 15, 0),
            await pipeline.LedgerAsync()
        );
        Assert.Equal((1719, 1752, 15), (annual.Count, partners.Count, (await pipeline.RowsAsync("gaps")).Count));

        long Annual(string partition, string year) =>
            annual.Single(row => row.PartitionKey == partition && row.RowKey == year).GetInt64("ValueUsd")!.Value;
        Assert.Equal(
            (497_690_400_000, -15_204_600_000),
            (Annual("643|inward|stock", "2021"), Annual("643|inward|flow", "2022"))
        );
        Assert.Contains(annual, row =>
            row.GetString("Footnote") == "Asset/liability basis."
            && row.GetString("Basis")!.Contains("asset/liability principle", StringComparison.Ordinal)
            && row.GetString("EconomyIso3") == "KOR"
        );
        Assert.Contains(await pipeline.RowsAsync("gaps", "PartitionKey eq 'fdiannual|643|inward|flow'"), row =>
            row.RowKey == "1990" && row.GetString("Reason") == "Not applicable"
        );

        TableEntity Partner(string iso3) =>
            partners.Single(row => row.PartitionKey == "643|inward|stock|host" && row.RowKey == $"2012|{iso3}");
        Assert.Equal(
            (1, 2, 3, 17),
            (
                Partner("CYP").GetInt32("Rank"),
                Partner("NLD").GetInt32("Rank"),
                Partner("VGB").GetInt32("Rank"),
                Partner("USA").GetInt32("Rank")
            )
        );
        Assert.Equal(150_409_420_900, Partner("CYP").GetInt64("ValueUsd"));
        var run = Assert.Single(await pipeline.RowsAsync("runs"), row =>
            row.GetString("Slice") == "unctad-fdi/fdi-partners/all"
        );
        Assert.Contains(
            "643|inward|stock|host 2012: 88 partners add up to 492,070,365,764 US dollars, the total in fdiannual is ",
            run.GetString("Differences"),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("places in the table", run.GetString("Differences"), StringComparison.Ordinal);
        Assert.Equal(
            ["fdi-flows-stock", "fdi-partners"],
            (await pipeline.RowsAsync("datasets")).Select(row => row.RowKey).Order(StringComparer.Ordinal)
        );

        var ledger = await pipeline.LedgerAsync();
        await pipeline.RunAsync();
        Assert.Equal(ledger, await pipeline.LedgerAsync());
        Assert.Equal(annual.Select(row => row.ETag), (await pipeline.RowsAsync("fdiannual")).Select(row => row.ETag));
        Assert.Equal(
            2,
            (await pipeline.RowsAsync("runs")).Count(row => row.GetString("State") == nameof(RunState.Unchanged))
        );
    }
}
