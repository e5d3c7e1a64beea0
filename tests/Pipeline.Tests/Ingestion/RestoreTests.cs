using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>Lost tables come back from the stored bodies, as they were.</summary>
public sealed class RestoreTests(Azurite azurite)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(Coverage.Whole, true, true)]
    [InlineData(Coverage.Whole, true, false)]
    [InlineData(Coverage.Whole, false, false)]
    [InlineData(Coverage.Adds, true, true)]
    [InlineData(Coverage.Adds, false, true)]
    [InlineData(Coverage.ByHand, true, false)]
    [InlineData(Coverage.ByHand, false, true)]
    public async Task Facts_history_and_slices_come_back_from_every_body_that_was_loaded_and_from_no_other(
        Coverage coverage,
        bool runsAreLeft,
        bool tablesAreLeft
    )
    {
        using var source = new FakeSource("one", "two") { Coverage = coverage };
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        string[] many = [.. Enumerable.Range(10, 30).Select(row => $"r{row}=1")];
        // The second day's body revises and adds; the third is spoilt, the fourth an error page, and both are kept but
        // never loaded.
        foreach (
            var (one, two) in ((FakeSource.Reply, FakeSource.Reply)[])
                [
                    (new($"a=1 b=1 {string.Join(' ', many)}"), new("c=1 d=")),
                    (new($"a=2 e=5 b=1 {string.Join(' ', many)}"), new("c=1 d=")),
                    (new("a=9 !"), new("c=3 d=4")),
                    (new("<html>gone!</html>", 404), new("c=3 d=4")),
                ]
        )
        {
            (source.Replies["one"], source.Replies["two"]) = (one, two);
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromDays(1));
        }
        var before = await StateAsync(pipeline);
        Assert.Contains(before, row => row.StartsWith("history", StringComparison.Ordinal));
        foreach (
            var table in (string[])
                ["fakefacts", Names.Slices, Names.History, Names.Gaps, .. runsAreLeft ? (string[])[] : [Names.Runs]]
        )
        {
            if (!tablesAreLeft)
            {
                await (await pipeline.TableAsync(table)).DeleteAsync();
            }
            else
            {
                foreach (var row in await pipeline.RowsAsync(table))
                    await (await pipeline.TableAsync(table)).DeleteEntityAsync(row.PartitionKey, row.RowKey);
            }
        }

        var restored = await pipeline.Get<Restore>().RunAsync("fake", CancellationToken.None);
        await pipeline.DrainAsync();

        Assert.Equal((2, 4), (restored.Slices, restored.Loaded));
        Assert.True(restored.Left >= 1, $"{restored}");
        Assert.Equal(before, await StateAsync(pipeline));
        // Once more there is nothing to do.
        Assert.Equal(0, (await pipeline.Get<Restore>().RunAsync("fake", CancellationToken.None)).Loaded);
        Assert.Equal(before, await StateAsync(pipeline));
        await pipeline.LedgerAsync();
    }

    [Fact]
    public async Task A_body_that_was_loaded_and_overtaken_before_it_was_published_comes_back_too()
    {
        using var source = new FakeSource { Coverage = Coverage.Adds, Body = "a=1" };
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await pipeline.RunAsync();
        source.Body = "b=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        var body = (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None))[^1];
        await pipeline.DoAsync(new NormalizeMessage(body.Slice.Id, body.Blob));
        await pipeline.Queue("publish").ClearMessagesAsync();
        source.Body = "c=1";
        await pipeline.RunAsync();
        var before = (await pipeline.RowsAsync("fakefacts")).Select(row => row.RowKey).ToList();
        Assert.Equal(3, before.Count);
        foreach (var table in (string[])["fakefacts", Names.Slices])
            await (await pipeline.TableAsync(table)).DeleteAsync();
        await pipeline.Get<Restore>().RunAsync("fake", CancellationToken.None);
        await pipeline.DrainAsync();
        Assert.Equal(before, (await pipeline.RowsAsync("fakefacts")).Select(row => row.RowKey));
    }

    [Fact]
    public async Task Another_source_is_refused_with_those_there_are()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var wrong = await Assert.ThrowsAsync<KeyNotFoundException>(() =>
            pipeline.Get<Restore>().RunAsync("absent", CancellationToken.None)
        );
        Assert.Equal("source: seen \"absent\", expected one of fake", wrong.Message);
    }

    /// <summary>Facts with all their columns, history, gaps, and what each slice holds.</summary>
    private static async Task<List<string>> StateAsync(TestPipeline pipeline)
    {
        var all = new List<string>();
        foreach (var table in (string[])["fakefacts", Names.History, Names.Gaps])
        {
            all.AddRange(
                (await pipeline.RowsAsync(table)).Select(row =>
                    $"{table} "
                    + $"{string.Join(' ', row.Where(cell => cell.Key is not ("odata.etag" or "Timestamp")).OrderBy(cell => cell.Key, StringComparer.Ordinal).Select(cell => $"{cell.Key}={cell.Value}"))}"
                )
            );
        }

        all.AddRange(
            (await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None)).Select(row =>
                $"slice {row.Slice} {row.Vintage:O} {row.Loaded?.Sha256} {row.Loaded?.Rows}"
            )
        );
        return all;
    }
}
