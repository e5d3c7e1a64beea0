using System.Text;
using Azure;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// One seed: a source that changes, two workers on one storage, and a host that delivers messages in any order, twice,
/// late, or to both. Everything that is decided is decided by the seed, and everything happens on one thread, one
/// worker at most at a time, so that a seed replays exactly.
/// </summary>
internal sealed class SimulatedWorld : IAsyncDisposable
{
    private const int Events = 60;
    private static readonly string[] Keys = ["one", "two"];
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private readonly Random random;
    private readonly OneThread thread = new();
    private readonly VirtualClock clock = new(
        new DateTimeOffset(2020, 2, 15, 13, 15, 0, TimeSpan.Zero),
        TimeSpan.FromSeconds(15),
        inline: true
    );
    private readonly MemoryStorage storage;
    private readonly FakeSource source = SimulatedSource.Offline(new FakeSource(Keys));
    private readonly Worker[] workers;
    private readonly List<(string Queue, string Text)> past = [];

    public SimulatedWorld(int seed)
    {
        random = new Random(seed);
        storage = new MemoryStorage(clock) { Yields = false };
        foreach (var key in Keys)
            source.Replies[key] = SimulatedSource.Next(random, final: false);
        workers = [NewWorker("A"), NewWorker("B")];
    }

    /// <summary>What happened, a line an event and a storage call.</summary>
    public List<string> Trace { get; } = [];

    /// <summary>How often each kind of thing happened.</summary>
    public Dictionary<string, int> Happened { get; } = new(StringComparer.Ordinal);

    /// <summary>The source's last word: facts and gaps of each slice as texts.</summary>
    public IEnumerable<(string Key, IEnumerable<string> Lines)> Wanted =>
        Keys.Select(key => (key, SimulatedSource.Meaning(key, source.Replies[key].Body)));

    private sealed record Delivery(string Queue, string Id, string Receipt, int Count, string Text);

    private sealed class Worker(string name, TestPipeline pipeline, GatePolicy gate, SkewedClock clock)
    {
        public string Name => name;
        public TestPipeline Pipeline => pipeline;
        public GatePolicy Gate => gate;
        public SkewedClock Clock => clock;
        public Delivery? Busy { get; set; }
        public Task Work { get; set; } = Task.CompletedTask;
    }

    /// <summary>
    /// Lets things happen and come to rest, then lets the source say its last word and one worker finish
    /// undisturbed.
    /// </summary>
    /// <param name="atRest">Looks at the account before the last word.</param>
    /// <returns>A pipeline to look at the account with.</returns>
    public Task<TestPipeline> RunAsync(Func<TestPipeline, Task>? atRest = null) => thread.RunAsync(() => Run(atRest));

    private TestPipeline Run(Func<TestPipeline, Task>? atRest)
    {
        thread.Wait(workers[0].Pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None));
        for (var number = 0; number < Events; number++)
            Event(random.Next(2));
        foreach (var at in (int[])[0, 1])
            Finish(at);
        var last = NewWorker("last").Pipeline;
        // Clocks are right again; a vintage may be up to ten minutes ahead.
        clock.Advance(TimeSpan.FromMinutes(30));
        // Messages alone bring everything to rest: no plan runs.
        Drain(last);
        if (atRest is not null)
            thread.Wait(atRest(last));
        foreach (var key in Keys)
            source.Replies[key] = SimulatedSource.Next(random, final: true);
        for (var round = 0; round < 3; round++)
        {
            thread.Wait(last.Get<Plan>().RunAsync("fake", CancellationToken.None));
            Drain(last);
            clock.Advance(TimeSpan.FromHours(1));
        }
        return last;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in workers)
            await worker.Pipeline.DisposeAsync();
        source.Dispose();
        thread.Dispose();
    }

    /// <summary>Messages that are still open.</summary>
    public int Left => storage.Queues.All.Count();

    private void Event(int at)
    {
        var worker = workers[at];
        if (worker.Busy is null && workers[1 - at].Busy is { Queue: Names.NormalizeQueue } other && random.Next(2) == 0)
        {
            Meet(at, other);
            return;
        }
        switch (random.Next(20))
        {
            case 0 or 1:
                Did("the source changes");
                source.Replies[Keys[random.Next(2)]] = SimulatedSource.Next(random, final: false);
                break;
            case 2 when worker.Busy is null:
                Did("a plan");
                thread.Wait(worker.Pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None));
                break;
            case 3 when past.Count > 0:
                Did("an old message once more");
                var (queue, text) = past[random.Next(past.Count)];
                storage.Queues.Add(queue, text);
                break;
            case 4:
                Did("a lease is lost");
                clock.Advance(Lease + TimeSpan.FromSeconds(1));
                break;
            case 5:
                Did("a clock steps");
                worker.Clock.Skew = TimeSpan.FromSeconds(random.Next(-3600, 3600));
                break;
            case 6 when worker.Busy is not null:
                Did("a process is killed");
                worker.Gate.Kill();
                End(at);
                break;
            case 7 when worker.Busy is null:
                Did("a replay");
                thread.Wait(
                    worker
                        .Pipeline.Get<Replay>()
                        .RunAsync($"fake/facts/{Keys[random.Next(2)]}", "", random.Next(4) == 0, CancellationToken.None)
                );
                break;
            default:
                clock.Advance(TimeSpan.FromSeconds(random.Next(3)));
                if (worker.Busy is null)
                {
                    DeliverAny(at);
                }
                else
                {
                    Arm(worker);
                    worker.Gate.Resume();
                    Settle(at);
                }
                break;
        }
    }

    /// <summary>
    /// While the other worker loads a body of a slice, this one gets a newer one and begins to load it.
    /// </summary>
    private void Meet(int at, Delivery other)
    {
        var slice = SliceOf(other.Queue, other.Text)!;
        Did("a newer body meets one that is being loaded");
        if (random.Next(2) == 0)
        {
            Did("a worker sleeps through its lease");
            clock.Advance(SliceLeases.Duration + TimeSpan.FromSeconds(1));
        }
        source.Replies[slice.Key] = SimulatedSource.Next(random, final: true);
        thread.Wait(workers[at].Pipeline.DoAsync(new PullMessage(slice.Id)));
        var newest = storage
            .Queues.All.LastOrDefault(entry =>
                entry.Queue == Names.NormalizeQueue && SliceOf(entry.Queue, entry.Message.Text) == slice
            )
            .Message;
        if (newest is not null && newest.VisibleAt <= clock.GetUtcNow())
            Deliver(at, Names.NormalizeQueue, newest);
    }

    /// <summary>
    /// Hands a message that is visible to a worker; which one, the seed says, not the order they came in.
    /// </summary>
    private void DeliverAny(int at)
    {
        var visible = storage
            .Queues.All.Where(entry => entry.Message.VisibleAt <= clock.GetUtcNow())
            .OrderBy(entry => entry.Queue, StringComparer.Ordinal)
            .ThenBy(entry => entry.Message.Text, StringComparer.Ordinal)
            .ThenBy(entry => entry.Message.VisibleAt)
            .ThenBy(entry => entry.Message.Count)
            .ToList();
        if (visible.Count == 0)
            return;
        var (queue, message) = visible[random.Next(visible.Count)];
        Deliver(at, queue, message);
    }

    private void Deliver(int at, string queue, MemoryQueues.QueuedMessage message)
    {
        var (id, receipt, count) = storage.Queues.Take(message, Lease);
        past.Add((queue, message.Text));
        var worker = workers[at];
        worker.Busy = new Delivery(queue, id, receipt, count, message.Text);
        Did($"delivered to {queue}");
        Trace.Add($"{worker.Name} {message.Text} {count}");
        Arm(worker);
        worker.Work = HandleAsync(worker.Pipeline, worker.Busy);
        Settle(at);
    }

    /// <summary>
    /// Every third time it goes on to the end, else it stops at a call or, as often, at one of its next
    /// changes.
    /// </summary>
    private void Arm(Worker worker)
    {
        var where = random.Next(3);
        worker.Gate.Arm(
            where == 1 ? 1 + random.Next(25) : int.MaxValue,
            where == 2 ? 1 + random.Next(6) : int.MaxValue,
            random.Next(4) == 0 ? 1 + random.Next(25) : int.MaxValue,
            (GatePolicy.Trouble)random.Next(4)
        );
    }

    /// <summary>Waits until the worker has stopped at its gate, or is done.</summary>
    private void Settle(int at)
    {
        thread.Until(workers[at].Work, () => workers[at].Gate.IsHeld);
        if (workers[at].Work.IsCompleted)
            End(at);
    }

    private void End(int at)
    {
        var worker = workers[at];
        var (delivery, error) = (worker.Busy!, (Exception?)null);
        try
        {
            thread.Wait(worker.Work);
        }
        catch (Exception e) when (IsInjected(e))
        {
            error = e;
        }
        worker.Busy = null;
        // Plans, replays and what the host does are not disturbed.
        worker.Gate.Disarm();
        Trace.Add($"{worker.Name} ended {error?.GetType().Name}");
        if (worker.Gate.IsDead)
        {
            thread.Wait(worker.Pipeline.DisposeAsync().AsTask());
            workers[at] = NewWorker(worker.Name);
        }
        else if (error is null)
        {
            storage.Queues.Remove(delivery.Queue, delivery.Id, delivery.Receipt);
        }
        else if (delivery.Count >= Names.MaxAttempts)
        {
            Poison(worker.Pipeline, delivery);
        }
        else
        {
            storage.Queues.Release(delivery.Queue, delivery.Id, delivery.Receipt, TimeSpan.FromSeconds(10));
        }
    }

    private void Finish(int at)
    {
        while (workers[at].Busy is not null)
        {
            workers[at].Gate.Disarm();
            workers[at].Gate.Resume();
            Settle(at);
        }
        workers[at].Gate.Disarm();
    }

    private static Task HandleAsync(TestPipeline pipeline, Delivery delivery)
    {
        var body = Body(delivery.Text);
        if (delivery.Count > Names.MaxAttempts)
            throw new InvalidOperationException("the host would have put it aside");
        return pipeline
            .Get<DeadLetters>()
            .RunAsync(delivery.Queue, body.ToString(), delivery.Count, CancellationToken.None);
    }

    private static BinaryData Body(string text) => BinaryData.FromBytes(Convert.FromBase64String(text));

    private static Slice? SliceOf(string queue, string text) =>
        StepMessage.Read(queue, Body(text).ToString()).Subject.Slice;

    private void Poison(TestPipeline pipeline, Delivery delivery)
    {
        Did("a message is given up");
        thread.Wait(
            pipeline
                .Get<DeadLetters>()
                .KeepAsync(delivery.Queue, Body(delivery.Text), clock.GetUtcNow(), CancellationToken.None)
        );
        storage.Queues.Remove(delivery.Queue, delivery.Id, delivery.Receipt);
    }

    /// <summary>Works undisturbed until no message is left, also of those that dead processes had taken.</summary>
    private void Drain(TestPipeline pipeline)
    {
        for (var count = 0; count < 2000 && storage.Queues.All.Any(); count++)
        {
            var (queue, message) = storage
                .Queues.All.OrderBy(entry => entry.Message.VisibleAt)
                .ThenBy(entry => entry.Message.Text, StringComparer.Ordinal)
                .First();
            if (message.VisibleAt > clock.GetUtcNow())
                clock.Advance(message.VisibleAt - clock.GetUtcNow());
            var (id, receipt, attempts) = storage.Queues.Take(message, Lease);
            var delivery = new Delivery(queue, id, receipt, attempts, message.Text);
            if (attempts > Names.MaxAttempts)
            {
                Poison(pipeline, delivery);
            }
            else
            {
                thread.Wait(HandleAsync(pipeline, delivery));
                storage.Queues.Remove(queue, id, receipt);
            }
        }
    }

    private Worker NewWorker(string name)
    {
        var skewed = new SkewedClock(clock);
        var gate = new GatePolicy(thread, line => Trace.Add($"{name} {line}"), Did);
        return new Worker(
            name,
            new TestPipeline(MemoryStorage.ConnectionString, source, skewed, gate, storage),
            gate,
            skewed
        );
    }

    private void Did(string what)
    {
        Happened[what] = Happened.GetValueOrDefault(what) + 1;
        Trace.Add($"-- {what}");
    }

    private static bool IsInjected(Exception e) =>
        e is CrashException or RequestFailedException { ErrorCode: "ServerBusy" }
        || (e is AggregateException several && several.InnerExceptions.All(IsInjected))
        || (e.InnerException is { } inner && IsInjected(inner));

    /// <summary>The trace as one text.</summary>
    public string Story()
    {
        var text = new StringBuilder();
        foreach (var line in Trace)
            text.Append(line).Append('\n');
        return text.ToString();
    }
}
