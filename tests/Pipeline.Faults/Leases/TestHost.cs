using Azure.Core.Pipeline;
using Pipeline.Faults.Simulation;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Leases;

/// <summary>A message that a worker has taken from a queue.</summary>
/// <param name="Queue">The queue.</param>
/// <param name="Id">The id of the message.</param>
/// <param name="Receipt">What removes it.</param>
/// <param name="Message">The message.</param>
internal sealed record Taken(string Queue, string Id, string Receipt, StepMessage Message);

/// <summary>An account in memory and its clock; the test decides which worker gets which message.</summary>
/// <param name="source">The source of all workers.</param>
/// <param name="clock">The clock of the storage.</param>
/// <param name="storage">The storage.</param>
internal sealed class TestHost(FakeSource source, VirtualClock clock, MemoryStorage storage)
{
    /// <summary>The most messages that come to rest.</summary>
    private const int MaxMessages = 500;

    /// <summary>How long a message that was taken is not seen; longer than any lease.</summary>
    private static readonly TimeSpan Invisible = TimeSpan.FromMinutes(10);

    public VirtualClock Clock => clock;

    public MemoryStorage Storage => storage;

    /// <summary>A host on an empty account.</summary>
    public static TestHost Create(FakeSource source, DateTimeOffset start)
    {
        var clock = NewClock(start);
        return new TestHost(source, clock, new MemoryStorage(clock) { Yields = false });
    }

    /// <summary>The same account once more: what happens to the one does not change the other.</summary>
    public TestHost Copy()
    {
        var own = NewClock(clock.GetUtcNow());
        return new TestHost(source, own, storage.Copy(own));
    }

    private static VirtualClock NewClock(DateTimeOffset start) => new(start, TimeSpan.FromSeconds(15), inline: true);

    /// <summary>A worker with the storage's clock, or one of its own.</summary>
    public TestPipeline NewWorker(TimeProvider? time = null, params HttpPipelinePolicy[] policies) =>
        new(MemoryStorage.ConnectionString, source, time ?? clock, [.. policies, storage]);

    /// <summary>The messages of the step queues, in the order in which they become visible.</summary>
    public IReadOnlyList<(string Queue, MemoryQueues.QueuedMessage Message)> Messages =>
        [
            .. storage
                .Queues.All.Where(entry => Names.Queues.Contains(entry.Queue))
                .OrderBy(entry => entry.Message.VisibleAt)
                .ThenBy(entry => Array.IndexOf([.. Names.Queues], entry.Queue)),
        ];

    /// <summary>Takes a message; the clock goes on to the moment at which it is visible.</summary>
    public Taken Take(string queue, MemoryQueues.QueuedMessage message)
    {
        if (message.VisibleAt > clock.GetUtcNow())
            clock.Advance(message.VisibleAt - clock.GetUtcNow());
        var (id, receipt, _) = storage.Queues.Take(message, Invisible);
        return new Taken(queue, id, receipt, Read(queue, message));
    }

    /// <summary>Takes the first message of a kind.</summary>
    public Taken Take<T>()
        where T : StepMessage
    {
        var (queue, message) = Messages.First(entry => Read(entry.Queue, entry.Message) is T);
        return Take(queue, message);
    }

    public static StepMessage Read(string queue, MemoryQueues.QueuedMessage message) =>
        StepMessage.Read(queue, Text(message));

    public static string Text(MemoryQueues.QueuedMessage message) =>
        BinaryData.FromBytes(Convert.FromBase64String(message.Text)).ToString();

    /// <summary>The host has worked on a message to its end.</summary>
    public void Remove(Taken taken) => storage.Queues.Remove(taken.Queue, taken.Id, taken.Receipt);

    /// <summary>The worker of a message is gone: others see it at once.</summary>
    public void Release(Taken taken) => storage.Queues.Release(taken.Queue, taken.Id, taken.Receipt, TimeSpan.Zero);

    /// <summary>Works on a message to its end.</summary>
    public async Task DoAsync(TestPipeline worker, Taken taken)
    {
        await worker.DoAsync(taken.Message);
        Remove(taken);
    }

    /// <summary>Plans the source.</summary>
    public static Task PlanAsync(TestPipeline worker) =>
        worker.Get<Plan>().RunAsync(FakeSource.One.Source, CancellationToken.None);

    /// <summary>Works on messages until none is left, or until one of a kind comes next.</summary>
    public async Task DrainAsync(TestPipeline worker, Func<StepMessage, bool>? until = null)
    {
        for (var count = 0; Messages is [var first, ..]; count++)
        {
            Assert.True(count < MaxMessages, $"more than {MaxMessages} messages; the next: {Text(first.Message)}");
            if (until?.Invoke(Read(first.Queue, first.Message)) == true)
                return;
            await DoAsync(worker, Take(first.Queue, first.Message));
        }
    }

    /// <summary>Lets the source say a body, and works until it is in the tables.</summary>
    public async Task LoadAsync(TestPipeline worker, string body)
    {
        source.Body = body;
        await PlanAsync(worker);
        await DrainAsync(worker);
        clock.Advance(TimeSpan.FromDays(1));
    }

    /// <summary>
    /// Asserts that everything is at rest, that the account is one of some, that no lease is held, and that another
    /// plan changes nothing.
    /// </summary>
    public async Task CheckAsync(IReadOnlyCollection<string> wanted)
    {
        await using var last = NewWorker();
        await SameAsync("at rest", last, wanted);
        clock.Advance(TimeSpan.FromHours(2));
        await PlanAsync(last);
        await DrainAsync(last);
        await SameAsync("after another plan", last, wanted);
        foreach (var name in (string[])[FakeSource.One.Id, FakeSource.One.Source])
        {
            var (lease, _) = await last.Get<SliceLeases>().TakeAsync(name, TimeSpan.Zero, CancellationToken.None);
            Assert.True(lease is not null, $"the lease of {name} is held at the end");
            await lease.DisposeAsync();
        }
        Assert.Empty(storage.Queues.All);
    }

    private static async Task SameAsync(string when, TestPipeline last, IReadOnlyCollection<string> wanted)
    {
        var seen = await Snapshot.TakeAsync(last);
        Truth.Chains(await last.RowsAsync("fakefacts"), await last.RowsAsync(Names.History));
        Snapshot.AssertOneOf(when, wanted, seen);
    }
}
