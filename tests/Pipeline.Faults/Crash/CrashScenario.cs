using Azure.Core.Pipeline;
using Pipeline.Faults.Storage;
using Pipeline.Tests;
using Pipeline.Tests.Steps;
using Xunit;

namespace Pipeline.Faults.Crash;

/// <summary>A run that is ended at each of its storage calls in turn.</summary>
/// <param name="open">The pipeline on a storage.</param>
/// <param name="before">What the account holds before; each is a state of the source that is loaded undisturbed.</param>
/// <param name="source">The state of the source in the run that is ended, and in the one after.</param>
/// <param name="run">The run; planning and draining when not given.</param>
/// <param name="patience">Longer than any pause, shorter than any time-out of the source.</param>
internal sealed class CrashScenario(
    Func<VirtualClock, HttpPipelinePolicy[], TestPipeline> open, IReadOnlyList<Func<TestPipeline, Task>> before, Func<TestPipeline, Task> source, Func<TestPipeline, Task>? run = null, TimeSpan? patience = null)
{
    /// <summary>No storage call, and no fetch of a few bytes on this machine, takes so long.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly DateTimeOffset Start = new(2020, 2, 15, 13, 15, 0, TimeSpan.Zero);

    /// <summary>Tries every call, ended before it is sent and after it took effect.</summary>
    /// <returns>How many points were tried. One that does not survive fails the test.</returns>
    public async Task<int> RunAsync()
    {
        var (prepared, moment) = await PrepareAsync();
        var (wanted, calls) = await QuietAsync(prepared, moment);
        var points = 0;
        for (var at = 1; at <= calls; at++)
            foreach (var after in (bool[])[false, true])
            {
                if (await PointAsync(prepared, moment, at, after, wanted, $"ended {(after ? "after" : "before")} call {at} of {calls}")) points++;
            }
        return points;
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
                await QuietlyAsync(pipeline, clock, storage);
            }
            clock.Advance(TimeSpan.FromDays(40));
        }
        await using (var pipeline = open(clock, [storage])) await source(pipeline);
        return (storage, clock.GetUtcNow());
    }

    private async Task<(string Wanted, int Calls)> QuietAsync(MemoryStorage prepared, DateTimeOffset moment)
    {
        var clock = Clock(moment);
        var storage = prepared.Copy(clock);
        var count = new CrashPolicy(int.MaxValue, false);
        await using (var pipeline = open(clock, [count, storage])) await RunAsync(pipeline, clock, storage).WaitAsync(Deadline);
        await using var reader = open(clock, [storage]);
        return (await Snapshot.TakeAsync(reader), count.Calls);
    }

    /// <returns>Whether there was such a call: the last ones may differ from run to run by one or two that wait for another.</returns>
    private async Task<bool> PointAsync(MemoryStorage prepared, DateTimeOffset moment, int at, bool after, string wanted, string where)
    {
        var clock = Clock(moment);
        var storage = prepared.Copy(clock);
        var crash = new CrashPolicy(at, after);
        await using (var dying = open(clock, [crash, storage]))
        {
            var death = await Record.ExceptionAsync(() => RunAsync(dying, clock, storage).WaitAsync(Deadline));
            if (crash.Calls < at) return death is null ? false : throw death;
            Assert.True(death is not null && IsCrash(death), $"{where}: {death?.ToString() ?? "the failed call was passed over in silence"}");
        }
        clock.Advance(TimeSpan.FromSeconds(1));
        await using var next = open(clock, [storage]);
        await RunAsync(next, clock, storage).WaitAsync(Deadline);
        Same(where, wanted, await Snapshot.TakeAsync(next));
        // Once more, when everything that the dead process had taken has come back: nothing changes.
        clock.Advance(TimeSpan.FromMinutes(20));
        await RunAsync(next, clock, storage).WaitAsync(Deadline);
        Same(where + ", once more", wanted, await Snapshot.TakeAsync(next));
        Assert.Empty(storage.Queues.All);
        return true;
    }

    private async Task RunAsync(TestPipeline pipeline, VirtualClock clock, MemoryStorage storage)
    {
        if (run is null) await QuietlyAsync(pipeline, clock, storage);
        else
        {
            await run(pipeline);
            await Host.DrainAsync(pipeline, clock, storage);
        }
    }

    /// <summary>Plans, and works until no message is left, also of those that wait.</summary>
    private static async Task QuietlyAsync(TestPipeline pipeline, VirtualClock clock, MemoryStorage storage)
    {
        await pipeline.RunAsync();
        await Host.DrainAsync(pipeline, clock, storage);
    }

    private VirtualClock Clock(DateTimeOffset moment) => new(moment, patience ?? TimeSpan.FromSeconds(15));

    private static bool IsCrash(Exception e) => e is CrashException || (e is AggregateException several && several.InnerExceptions.All(IsCrash)) || (e.InnerException is { } inner && IsCrash(inner));

    private static void Same(string where, string wanted, string seen)
    {
        if (wanted == seen) return;
        var (a, b) = (wanted.Split('\n'), seen.Split('\n'));
        Assert.Fail($"{where}\nlacking:\n{string.Join('\n', a.Except(b))}\ntoo much:\n{string.Join('\n', b.Except(a))}\n{a.Length} lines, seen {b.Length}");
    }
}
