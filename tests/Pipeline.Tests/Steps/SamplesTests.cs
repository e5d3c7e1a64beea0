using Pipeline.Tables;
using Xunit;

namespace Pipeline.Tests.Steps;

/// <summary>The whole way on the recorded samples, with the real figures.</summary>
public sealed class SamplesTests(Azurite azurite)
{
    [Fact]
    public async Task Samples_give_the_published_figures_and_a_second_run_writes_no_fact()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        await pipeline.RunAsync();

        Assert.Equal(6_658_080_414, await SumAsync(pipeline, "exports", "2018-01", "2018-12"));
        Assert.Equal(20_844_962_518, await SumAsync(pipeline, "imports", "2018-01", "2018-12"));
        Assert.Equal(-13_238_154_061, await SumAsync(pipeline, "exports", "2019-01", "2019-10") - await SumAsync(pipeline, "imports", "2019-01", "2019-10"));
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

    private static async Task<long> SumAsync(TestPipeline pipeline, string flow, string from, string to)
    {
        long sum = 0;
        var filter = $"PartitionKey eq '4621|{flow}|total' and RowKey ge '{from}' and RowKey lt '{to}~'";
        await foreach (var row in pipeline.Get<FactStore>().QueryAsync(TradeMonthly.Table, filter, CancellationToken.None)) sum += ((TradeMonthly)row).ValueUsd;
        return sum;
    }
}
