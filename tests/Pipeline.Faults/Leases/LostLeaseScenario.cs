using Azure;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Storage;
using Pipeline.Testing;

namespace Pipeline.Faults.Leases;

/// <summary>How a worker that stands still loses its lease, and how it finds out.</summary>
public enum Loss
{
    /// <summary>The lease is broken. The worker's timer tells it before its next call.</summary>
    Renewal,

    /// <summary>
    /// The lease is broken. No timer fires: the worker finds out when it confirms the lease by itself.
    /// </summary>
    Unnoticed,

    /// <summary>The worker sleeps for longer than its lease holds. Its next call confirms the lease first.</summary>
    Slept,
}

/// <summary>What another worker does while the first stands still.</summary>
public enum Meanwhile
{
    /// <summary>It gets the same message and works until nothing is left.</summary>
    Same,

    /// <summary>It also gets a newer body of the source and loads it.</summary>
    SameThenNewer,

    /// <summary>It does not get the message, only a newer body of the source.</summary>
    Newer,
}

/// <summary>A step that loses its lease at each of its storage calls in turn.</summary>
/// <param name="source">The source; offline.</param>
/// <param name="prepared">An account in which the message of the step is visible.</param>
/// <param name="take">Takes that message.</param>
/// <param name="body">What the source says when the step begins.</param>
/// <param name="newer">What it says later.</param>
internal sealed class LostLeaseScenario(
    FakeSource source,
    TestHost prepared,
    Func<TestHost, Taken> take,
    string body,
    string newer
)
{
    /// <summary>Real time: what takes so long hangs, on any machine.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Sleep = TimeSpan.FromSeconds(17);

    /// <summary>Tries every call that is in the <see cref="Share"/>, stopped before it is sent and after it took
    /// effect.</summary>
    /// <param name="promise">What is proved.</param>
    /// <param name="note">What is tried, in a few words.</param>
    /// <param name="way">Which step it is.</param>
    /// <param name="loss">How the lease is lost.</param>
    /// <returns>How many points were tried.</returns>
    public async Task<int> RunAsync(string promise, string note, string way, Loss loss)
    {
        using var proof = Proof.Try(promise, note);
        foreach (var meanwhile in Enum.GetValues<Meanwhile>())
        {
            var wanted = await QuietAsync(meanwhile);
            for (var (at, reached) = (1, true); reached; at++)
            {
                foreach (var after in (bool[])[false, true])
                {
                    if (!Share.Current.HasCrash($"{way} {loss} {meanwhile}", at, after))
                        continue;
                    var where = $"{way}, {loss}, {meanwhile}, {(after ? "after" : "before")} call {at}";
                    var stopped = await StopAsync(at, after);
                    reached = stopped is not null;
                    if (stopped is null)
                        break;
                    await using (stopped)
                    {
                        await proof.RunAsync($"{where} ({stopped.Gate.Call})", () =>
                            LoseAsync(stopped, loss, meanwhile, wanted).WaitAsync(Deadline)
                        );
                    }
                }
            }
        }
        proof.End();
        return proof.Count;
    }

    /// <summary>A worker that stands still at a storage call.</summary>
    private sealed record Stopped(
        TestHost Host,
        Taken Taken,
        TestPipeline Worker,
        WorkerClock Clock,
        StopPolicy Gate,
        Task Work
    ) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Worker.DisposeAsync();
    }

    /// <returns>Null when the step makes no such call.</returns>
    private async Task<Stopped?> StopAsync(int at, bool after)
    {
        var host = prepared.Copy();
        // The clock of the worker that loses its lease is right, an hour fast or an hour slow.
        var clock = new WorkerClock(host.Clock, TimeSpan.FromHours(at % 3 - 1));
        var gate = new StopPolicy(at, after);
        var worker = host.NewWorker(clock, gate);
        source.Body = body;
        var taken = take(host);
        var work = worker.DoAsync(taken.Message);
        if (await Task.WhenAny(work, gate.Reached).WaitAsync(Deadline) == gate.Reached)
            return new Stopped(host, taken, worker, clock, gate, work);
        await work;
        await worker.DisposeAsync();
        return null;
    }

    private async Task LoseAsync(Stopped first, Loss loss, Meanwhile meanwhile, IReadOnlyCollection<string> wanted)
    {
        var host = first.Host;
        await using var other = host.NewWorker();
        if (loss == Loss.Slept)
            host.Clock.Advance(Sleep);
        else
            await BreakAsync(other, first.Taken.Message.Subject.LeaseName);
        if (meanwhile != Meanwhile.Newer)
        {
            await other.DoAsync(first.Taken.Message);
            host.Remove(first.Taken);
            await host.DrainAsync(other);
        }
        if (meanwhile != Meanwhile.Same)
        {
            host.Clock.Advance(TimeSpan.FromSeconds(1));
            source.Body = newer;
            await other.DoAsync(new Ingestion.PullMessage(FakeSource.One.Id));
            await DrainOthersAsync(host, other, first.Taken);
        }
        if (loss == Loss.Renewal)
        {
            first.Gate.LetsPass = true;
            first.Clock.Tick();
            first.Gate.LetsPass = false;
        }
        first.Gate.Resume();
        await first.Work;
        host.Remove(first.Taken);
        await host.DrainAsync(other);
        await host.CheckAsync(wanted);
    }

    /// <summary>Works on all messages but the one that the first worker has.</summary>
    private static async Task DrainOthersAsync(TestHost host, TestPipeline worker, Taken taken)
    {
        while (host.Messages.FirstOrDefault(entry => entry.Message.Id != taken.Id) is { Message: { } } next)
        {
            var mine = host.Take(next.Queue, next.Message);
            await worker.DoAsync(mine.Message);
            host.Remove(mine);
        }
    }

    private static async Task BreakAsync(TestPipeline other, string name)
    {
        try
        {
            await other
                .Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.LocksContainer)
                .GetBlobClient(name)
                .GetBlobLeaseClient()
                .BreakAsync(TimeSpan.Zero);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409)
        {
            // The worker has not taken it yet, or has given it back.
        }
    }

    /// <summary>What the account may be in the end: the step undisturbed, then the newer body or none.</summary>
    private async Task<IReadOnlyCollection<string>> QuietAsync(Meanwhile meanwhile)
    {
        var both = await EndAsync(meanwhile != Meanwhile.Same, step: true);
        // The step may come so late that its body, not loaded yet, is no longer the newest.
        return meanwhile == Meanwhile.Newer ? [both, await EndAsync(hasNewer: true, step: false)] : [both];
    }

    private async Task<string> EndAsync(bool hasNewer, bool step)
    {
        var host = prepared.Copy();
        await using var worker = host.NewWorker();
        source.Body = body;
        var taken = take(host);
        if (step)
        {
            await worker.DoAsync(taken.Message);
            host.Remove(taken);
            await host.DrainAsync(worker);
        }
        if (hasNewer)
        {
            host.Clock.Advance(TimeSpan.FromSeconds(1));
            source.Body = newer;
            await worker.DoAsync(new Ingestion.PullMessage(FakeSource.One.Id));
            await host.DrainAsync(worker);
        }
        host.Clock.Advance(TimeSpan.FromHours(1));
        await TestHost.PlanAsync(worker);
        await host.DrainAsync(worker);
        return await Snapshot.TakeAsync(worker);
    }
}
