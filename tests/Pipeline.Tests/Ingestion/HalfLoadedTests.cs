using Pipeline.Ingestion;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>Loads that end half way, or that others overtake, and what the next body makes of them.</summary>
public sealed class HalfLoadedTests(Azurite azurite) : IDisposable
{
    private readonly FakeSource source = new();

    public void Dispose() => source.Dispose();

    /// <summary>
    /// The load of the second body ends before or after its rows are changed; then the publisher is back at
    /// the first.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_publisher_that_goes_back_to_the_body_before_finds_it_loaded_as_a_whole_with_the_history_of_what_came_to_pass(
        bool after
    )
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, source);
        source.Body = "a=1 b=1";
        await pipeline.RunAsync();
        source.Body = "a=2 b=2";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var end = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, "fakefacts"),
            after ? null : () => throw new CrashException("half way"),
            after ? _ => throw new CrashException("half way") : null
        );
        await using (var dying = new TestPipeline(account, source, end))
        {
            await Assert.ThrowsAsync<CrashException>(async () =>
                await NormalizeAsync(dying, (await BodiesAsync(pipeline))[^1])
            );
        }

        source.Body = "a=1 b=1";
        await pipeline.RunAsync();
        Assert.Equal(
            ["a=1 r2", "b=1 r2"],
            (await pipeline.RowsAsync("fakefacts")).Select(row => $"{row["Name"]}={row["Value"]} r{row["Revision"]}")
        );
        Assert.Equal(
            ["a 1 2", "a 2 1", "b 1 2", "b 2 1"],
            (await pipeline.RowsAsync(Names.History)).Select(row =>
                $"{row.RowKey[..1]} {row["OldValue"]} {row["NewValue"]}"
            )
        );
    }

    /// <summary>
    /// As many rows are in the partitions of the body as the ledger counts in the table: it counts those of
    /// the body before.
    /// </summary>
    [Fact]
    public async Task A_partition_that_a_body_lacks_goes_also_when_the_load_was_interrupted()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, source);
        var steady = string.Join(' ', Enumerable.Range(1, 40).Select(number => $"k{number:00}=1"));
        source.Body = steady + " z:a=1";
        await pipeline.RunAsync();
        source.Body = steady + " k41=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var end = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, Names.History),
            () => throw new CrashException("before the row is removed")
        );
        var body = (await BodiesAsync(pipeline))[^1];
        await using (var dying = new TestPipeline(account, source, end))
            await Assert.ThrowsAsync<CrashException>(async () => await NormalizeAsync(dying, body));
        Assert.Equal(42, (await pipeline.RowsAsync("fakefacts")).Count);
        await NormalizeAsync(pipeline, body);
        Assert.Equal(41, (await pipeline.RowsAsync("fakefacts")).Count);
        Assert.StartsWith(
            "z:a|",
            Assert.Single(await pipeline.RowsAsync(Names.History)).RowKey,
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// The program is replaced while a body is half loaded, and the new one leaves out a row that the old one
    /// wrote: the body is judged again, and the row removed.
    /// </summary>
    [Fact]
    public async Task A_row_that_another_reader_wrote_for_the_same_body_is_removed()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, source);
        var steady = string.Join(' ', Enumerable.Range(1, 40).Select(number => $"k{number:00}=1"));
        source.Body = steady;
        await pipeline.RunAsync();
        source.Body = steady + " z:a=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var end = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, "fakefacts"),
            null,
            _ => throw new CrashException("after the row is written")
        );
        var body = (await BodiesAsync(pipeline))[^1];
        await using (var dying = new TestPipeline(account, source, end))
            await Assert.ThrowsAsync<CrashException>(async () => await NormalizeAsync(dying, body));
        source.Reading = text => text.Replace("z:a=1", "#", StringComparison.Ordinal);
        await NormalizeAsync(pipeline, body);
        await pipeline.DrainAsync();
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Theory]
    [InlineData(19, "Published")]
    [InlineData(18, "Quarantined")]
    public async Task A_body_may_lack_five_rows_of_a_hundred_and_no_more(int rows, string state)
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        foreach (var count in (int[])[20, rows])
        {
            source.Body = string.Join(' ', Enumerable.Range(0, count).Select(row => $"{(char)('a' + row)}=1"));
            await pipeline.RunAsync();
        }
        Assert.Equal(state, (await pipeline.RowsAsync(Names.Slices)).Single()["State"]);
    }

    private static Task NormalizeAsync(TestPipeline pipeline, RawName body) =>
        pipeline.DoAsync(new NormalizeMessage(FakeSource.One.Id, body.Blob));

    private static Task<IReadOnlyList<RawName>> BodiesAsync(TestPipeline pipeline) =>
        pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None);
}
