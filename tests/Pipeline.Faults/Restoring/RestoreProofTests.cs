using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Restoring;

/// <summary>
/// Lost tables that are made again from the stored bodies, by a process that ends at each of its storage calls
/// in turn.
/// </summary>
public sealed class RestoreProofTests
{
    [Fact]
    public async Task A_restoring_that_ends_at_any_call_goes_on_where_it_was()
    {
        using var source = new FakeSource();
        var prepared = await LoadedAsync(source);
        string wanted;
        await using (var before = Open(source, prepared, out _))
            wanted = await TablesAsync(before);
        await LoseAsync(source, prepared);
        var calls = int.MaxValue;
        using var proof = Proof.Try(Proof.Crash, "restoring from raw");
        for (var at = 1; at <= calls; at++)
        {
            foreach (var after in (bool[])[false, true])
            {
                if (!Share.Current.HasCrash("restoring", at, after))
                    continue;
                var clock = Clock();
                var storage = prepared.Copy(clock);
                var crash = new CrashPolicy(at, after);
                await using (
                    var dying = new TestPipeline(MemoryStorage.ConnectionString, source, clock, crash, storage)
                )
                {
                    if (
                        await Record.ExceptionAsync(() => dying.Get<Restore>().RunAsync("fake", CancellationToken.None))
                        is null
                    )
                    {
                        calls = at - 1;
                    }
                }

                if (calls < at)
                    break;
                proof.Next($"restoring ended {(after ? "after" : "before")} call {at}");
                await using var next = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
                await next.Get<Restore>().RunAsync("fake", CancellationToken.None);
                await next.DrainAsync();
                Assert.Equal($"{at} {after}\n{wanted}", $"{at} {after}\n{await TablesAsync(next)}");
                Assert.Equal(0, (await next.Get<Restore>().RunAsync("fake", CancellationToken.None)).Loaded);
            }
        }

        proof.Held();
        Assert.True(calls > 20, $"only {calls} calls");
    }

    private static VirtualClock Clock() => new(SourceCase.Start.AddDays(9), TimeSpan.FromSeconds(15));

    private static TestPipeline Open(FakeSource source, MemoryStorage storage, out VirtualClock clock)
    {
        clock = Clock();
        return new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
    }

    /// <summary>Two bodies that were loaded one after the other, and one that was refused.</summary>
    private static async Task<MemoryStorage> LoadedAsync(FakeSource source)
    {
        var clock = new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15));
        var storage = new MemoryStorage(clock);
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
        foreach (var body in (string[])["a=1 b=2 c=3 d=4 e= f=6 #", "a=1 b=5/x c=3 e=7 f=6 g= d=4", "a=9 !"])
        {
            source.Body = body;
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromDays(1));
        }
        return storage;
    }

    private static async Task LoseAsync(FakeSource source, MemoryStorage storage)
    {
        await using var pipeline = Open(source, storage, out _);
        foreach (var table in (string[])["fakefacts", Names.History, Names.Gaps, Names.Slices])
        {
            foreach (var row in await pipeline.RowsAsync(table))
                await (await pipeline.TableAsync(table)).DeleteEntityAsync(row.PartitionKey, row.RowKey);
        }
    }

    /// <summary>The tables that come back, apart from run ids and times; and which body each slice holds.</summary>
    private static async Task<string> TablesAsync(TestPipeline pipeline)
    {
        var lines = (await Snapshot.TakeAsync(pipeline, sums: false))
            .Split('\n')
            .Where(line =>
                !line.StartsWith("slices ", StringComparison.Ordinal)
                && !line.StartsWith("rejects ", StringComparison.Ordinal)
            );
        var slices = (await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None)).Select(row =>
            $"slice {row.Slice} {row.Vintage:O} {row.Loaded?.Sha256} {row.Loaded?.Rows}"
        );
        return string.Join('\n', lines.Concat(slices));
    }
}
