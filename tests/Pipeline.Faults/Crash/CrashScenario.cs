using Azure.Core.Pipeline;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Crash;

/// <summary>A run that is ended at each of its storage calls in turn.</summary>
/// <param name="open">The pipeline on a storage.</param>
/// <param name="before">What the account holds before; each is a state of the source that is loaded
/// undisturbed.</param>
/// <param name="source">The state of the source in the run that is ended, and in the one after.</param>
/// <param name="run">What the run begins with; a plan when not given.</param>
/// <param name="patience">Longer than any pause, shorter than any time-out of the source.</param>
internal sealed class CrashScenario(
    Func<VirtualClock, HttpPipelinePolicy[], TestPipeline> open,
    IReadOnlyList<Func<TestPipeline, Task>> before,
    Func<TestPipeline, Task> source,
    Func<TestPipeline, Task>? run = null,
    TimeSpan? patience = null
)
{
    /// <summary>Real time: what takes so long hangs, on any machine.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static readonly DateTimeOffset Start = new(2020, 2, 15, 13, 15, 0, TimeSpan.Zero);

    /// <summary>
    /// Tries every call that is in the <see cref="Share"/>, ended before it is sent and after it took effect:
    /// once with another run after it, once with nothing but the messages that come back.
    /// </summary>
    /// <param name="note">What is run, in a few words.</param>
    /// <param name="way">Which run of them.</param>
    /// <returns>How many points were tried, and how many of them with messages alone.</returns>
    public async Task<(int Planned, int Redelivered)> RunAsync(string note, string way)
    {
        using var planned = Proof.Try(Proof.Crash, note);
        using var redelivered = Proof.Try(Proof.Redelivered, note);
        var (prepared, moment) = await PrepareAsync();
        var (wanted, begun, calls) = await QuietAsync(prepared, moment);
        for (var at = 1; at <= calls; at++)
        {
            foreach (var after in (bool[])[false, true])
            {
                if (!Share.Current.HasCrash(way, at, after))
                    continue;
                var (number, where) = (at, $"ended {(after ? "after" : "before")} call {at} of {calls}");
                var (left, clock) = await EndAsync(prepared, moment, number, after, where);
                // The last calls may differ from run to run by one or two that wait for another.
                if (left is null)
                    continue;
                var same = left.Copy(clock);
                await planned.RunAsync(where, () => AgainAsync(same, clock, wanted, where));
                // What a run begins with decides what is to be done and sends it: when that ends half way, nothing but
                // another beginning knows of the rest.
                if (number <= begun)
                    continue;
                var own = Clock(clock.GetUtcNow());
                var messages = left.Copy(own);
                await redelivered.RunAsync(where, () => RedeliverAsync(messages, own, wanted, where));
            }
        }

        planned.End();
        redelivered.End();
        return (planned.Count, redelivered.Count);
    }

    private async Task<(MemoryStorage, DateTimeOffset)> PrepareAsync()
    {
        var clock = Clock(Start);
        var storage = new MemoryStorage(clock);
        foreach (var state in before)
        {
            await using (var pipeline = open(clock, [storage]))
            {
                await state(pipeline);
                await PlanAsync(pipeline);
                await Host.DrainAsync(pipeline, clock, storage);
            }
            clock.Advance(TimeSpan.FromDays(40));
        }
        await using (var pipeline = open(clock, [storage]))
            await source(pipeline);
        return (storage, clock.GetUtcNow());
    }

    /// <returns>The tables, and how many calls there are up to the end of what the run begins with, and in
    /// all.</returns>
    private async Task<(string Wanted, int Begun, int Calls)> QuietAsync(MemoryStorage prepared, DateTimeOffset moment)
    {
        var clock = Clock(moment);
        var storage = prepared.Copy(clock);
        var count = new CrashPolicy(int.MaxValue, false);
        var begun = 0;
        await using (var pipeline = open(clock, [count, storage]))
        {
            await BeginAsync(pipeline).WaitAsync(Deadline);
            begun = count.Calls;
            await Host.DrainAsync(pipeline, clock, storage).WaitAsync(Deadline);
        }
        await using var reader = open(clock, [storage]);
        return (await Snapshot.TakeAsync(reader), begun, count.Calls);
    }

    /// <returns>What the ended process has left, and its clock; null if there was no such call.</returns>
    private async Task<(MemoryStorage?, VirtualClock)> EndAsync(
        MemoryStorage prepared,
        DateTimeOffset moment,
        int at,
        bool after,
        string where
    )
    {
        var clock = Clock(moment);
        var storage = prepared.Copy(clock);
        var crash = new CrashPolicy(at, after);
        await using (var dying = open(clock, [crash, storage]))
        {
            var death = await Record.ExceptionAsync(() => RunAsync(dying, clock, storage).WaitAsync(Deadline));
            if (crash.Calls < at)
                return death is null ? (null, clock) : throw death;
            Assert.True(
                death is not null && IsCrash(death),
                $"{where}: {death?.ToString() ?? "the failed call was passed over in silence"}"
            );
        }
        clock.Advance(TimeSpan.FromSeconds(1));
        return (storage, clock);
    }

    private async Task AgainAsync(MemoryStorage storage, VirtualClock clock, string wanted, string where)
    {
        await using var next = open(clock, [storage]);
        await RunAsync(next, clock, storage).WaitAsync(Deadline);
        Snapshot.AssertOneOf(where, [wanted], await Snapshot.TakeAsync(next));
        // Once more, when everything that the dead process had taken has come back: nothing changes.
        clock.Advance(TimeSpan.FromMinutes(20));
        await RunAsync(next, clock, storage).WaitAsync(Deadline);
        Snapshot.AssertOneOf(where + ", once more", [wanted], await Snapshot.TakeAsync(next));
        Assert.Empty(storage.Queues.All);
    }

    /// <summary>No plan runs: what is not in a message is not done.</summary>
    private async Task RedeliverAsync(MemoryStorage storage, VirtualClock clock, string wanted, string where)
    {
        await using var next = open(clock, [storage]);
        await Host.DrainAsync(next, clock, storage).WaitAsync(Deadline);
        Snapshot.AssertOneOf(where + ", messages alone", [wanted], await Snapshot.TakeAsync(next));
        Assert.Empty(storage.Queues.All);
    }

    private async Task RunAsync(TestPipeline pipeline, VirtualClock clock, MemoryStorage storage)
    {
        await BeginAsync(pipeline);
        await Host.DrainAsync(pipeline, clock, storage);
    }

    private Task BeginAsync(TestPipeline pipeline) => run is null ? PlanAsync(pipeline) : run(pipeline);

    private static Task<IReadOnlyList<Slice>> PlanAsync(TestPipeline pipeline) =>
        pipeline.Get<Plan>().RunAsync(pipeline.Get<SourceCatalog>().All.Single().Name, CancellationToken.None);

    private VirtualClock Clock(DateTimeOffset moment) => new(moment, patience ?? TimeSpan.FromSeconds(15));

    private static bool IsCrash(Exception e) =>
        e is CrashException
        || (e is AggregateException several && several.InnerExceptions.All(IsCrash))
        || (e.InnerException is { } inner && IsCrash(inner));
}
