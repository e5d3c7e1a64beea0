using Pipeline.Ledger;
using Pipeline.Tests.Steps;
using Xunit;

namespace Pipeline.Tests.Ledger;

/// <summary>Changes that the publisher did not announce are applied, flagged and counted.</summary>
public sealed class HistoryBookTests(Azurite azurite)
{
    [Fact]
    public async Task Changes_and_removals_outside_the_revision_window_are_applied_and_counted()
    {
        // The fake publisher announces changes to values below 1000 only.
        using var source = new FakeSource { Body = string.Join(' ', Enumerable.Range(0, 30).Select(n => $"n{n:00}={n}")) + " z=5000" };
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await pipeline.RunAsync();
        var book = pipeline.Get<HistoryBook>();
        Assert.Empty(await book.OutOfPolicyAsync(SliceRow.Never, CancellationToken.None));
        source.Body = string.Join(' ', Enumerable.Range(0, 30).Select(n => $"n{n:00}={(n == 3 ? 3000 : n == 4 ? 44 : n)}"));
        await pipeline.RunAsync();
        Assert.Equal(["n03", "n04", "z"], (await pipeline.RowsAsync("history")).Select(row => row.RowKey[..row.RowKey.IndexOf('|', StringComparison.Ordinal)]));
        Assert.Equal(30, (await pipeline.RowsAsync("fakefacts")).Count);
        var counted = Assert.Single(await book.OutOfPolicyAsync(SliceRow.Never, CancellationToken.None));
        Assert.Equal(("fakefacts", 2, "fake|one z"), (counted.Table, counted.Count, counted.Example));
        Assert.Contains(pipeline.Log, line => line == "Warning: fake/facts/one: 2 changes outside the publisher's revision window; see InPolicy in history");
        Assert.Equal(2, Assert.Single(await book.OutOfPolicyAsync(counted.Newest, CancellationToken.None)).Count);
        Assert.Empty(await book.OutOfPolicyAsync(counted.Newest.AddSeconds(1), CancellationToken.None));
    }
}
