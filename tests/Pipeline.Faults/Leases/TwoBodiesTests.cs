using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults.Leases;

/// <summary>
/// A newer body is pulled while an older one waits to be loaded, is being loaded, or was loaded by a process that
/// ended: every order of their messages, ended at every storage call.
/// </summary>
public sealed class TwoBodiesTests(ITestOutputHelper output) : IDisposable
{
    private const string Same = "d=4 e=5 f=6 g=7 h=8 i=9 j=10 l=12 m=13 n=14 o=15 p=16 q=17 r=18 s=19 t=20";
    private const string First = $"a=1 b=2 c=3 {Same} k=11 u=21 v= x:y=3 #";
    private const string Older = $"a=1 b=5 c=3000 {Same} k= v=7 w=1 x:y=30 #";
    private const string Newer = $"a=2 b=6 c=3 {Same} k=11 u=22 v=7 x:y=31 z=9 #";

    /// <summary>More orders than there are.</summary>
    private const int MaxOrders = 1000;

    private const int MaxMessages = 100;

    private readonly FakeSource source = SimulatedSource.Offline(new FakeSource());

    public void Dispose() => source.Dispose();

    [Fact]
    public async Task Two_bodies_under_way_at_once_end_at_the_newer_one()
    {
        var prepared = await PrepareAsync();
        IReadOnlyCollection<string> wanted =
        [
            await QuietAsync(prepared, both: true),
            await QuietAsync(prepared, false),
        ];
        using var proof = Proof.Try(Proof.TwoBodies, "every order of their messages, ended at every storage call");
        var orders = 0;
        for (List<int>? order = []; order is not null; orders++)
        {
            Assert.True(orders < MaxOrders, $"more than {MaxOrders} orders");
            var calls = int.MaxValue;
            var quiet = new Order(order);
            for (var at = 0; at <= calls; at++)
            {
                foreach (var after in (bool[])[false, true])
                {
                    if (at == 0 ? after : !Share.Current.HasCrash($"two bodies {orders}", at, after))
                        continue;
                    // After a crash the messages come in the order of their texts, or the other way round.
                    var mine = at == 0 ? quiet : new Order(order) { Reversed = (at + orders) % 2 == 0 };
                    var where =
                        $"order {string.Join(' ', quiet.Choices)}, "
                        + $"{(at == 0 ? "undisturbed" : $"ended {(after ? "after" : "before")} call {at}")}";
                    await proof.RunAsync(where, async () =>
                    {
                        var made = await RunAsync(prepared.Copy(), mine, at, after, wanted);
                        if (at == 0)
                            calls = made;
                    });
                }
            }
            order = quiet.Next();
        }
        proof.End();
        output.WriteLine($"{orders} orders, {proof.Count} points");
        Assert.True(orders > 10, $"only {orders} orders");
    }

    /// <summary>One body is loaded, the next is stored and waits, and the source has a third one.</summary>
    private async Task<TestHost> PrepareAsync()
    {
        var host = TestHost.Create(source, SourceCase.Start);
        await using var worker = host.NewWorker();
        await host.LoadAsync(worker, First);
        source.Body = Older;
        await TestHost.PlanAsync(worker);
        await host.DrainAsync(worker, message => message is NormalizeMessage);
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        source.Body = Newer;
        await TestHost.PlanAsync(worker);
        return host;
    }

    /// <summary>One body after the other, or the newer one alone.</summary>
    private static async Task<string> QuietAsync(TestHost prepared, bool both)
    {
        var host = prepared.Copy();
        await using var worker = host.NewWorker();
        if (both)
        {
            await host.DoAsync(worker, host.Take<NormalizeMessage>());
            await host.DrainAsync(worker);
            return await Snapshot.TakeAsync(worker);
        }
        var older = host.Take<NormalizeMessage>();
        await host.DoAsync(worker, host.Take<PullMessage>());
        await host.DoAsync(worker, host.Take<NormalizeMessage>());
        host.Release(older);
        await host.DrainAsync(worker);
        return await Snapshot.TakeAsync(worker);
    }

    /// <returns>How many storage calls there were.</returns>
    private static async Task<int> RunAsync(
        TestHost host,
        Order order,
        int at,
        bool after,
        IReadOnlyCollection<string> wanted
    )
    {
        var crash = new CrashPolicy(at == 0 ? int.MaxValue : at, after);
        var dying = host.NewWorker(null, crash);
        await using var second = host.NewWorker();
        await using (dying)
        {
            var worker = dying;
            for (var count = 0; host.Messages.Count > 0; count++)
            {
                Assert.True(count < MaxMessages, $"more than {MaxMessages} messages");
                var (queue, message) = order.Choose(host, hasCrashed: worker != dying);
                var taken = host.Take(queue, message);
                try
                {
                    await worker.DoAsync(taken.Message);
                    host.Remove(taken);
                }
                catch (Exception e) when (worker == dying && crash.Calls >= at && IsCrash(e))
                {
                    host.Release(taken);
                    worker = second;
                }
                await CheckNotedAsync(host, second);
            }
        }
        await host.CheckAsync(wanted);
        return crash.Calls;
    }

    /// <summary>A slice of which a newer body waits to be loaded is not at rest, or its plan is still noted.</summary>
    private static async Task CheckNotedAsync(TestHost host, TestPipeline pipeline)
    {
        var row = await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
        if (!row.State.IsAtRest() || row.PlannedAt is not null)
            return;
        Assert.All(
            host.Messages.Select(entry => TestHost.Read(entry.Queue, entry.Message)).OfType<NormalizeMessage>(),
            waiting => Assert.True(!(waiting.Subject.Body!.Vintage > row.Vintage), $"{waiting} waits; {row}")
        );
    }

    private static bool IsCrash(Exception e) =>
        e is CrashException
        || (e is AggregateException several && several.InnerExceptions.All(IsCrash))
        || (e.InnerException is { } inner && IsCrash(inner));

    /// <summary>Which of the visible messages comes next, each time there is a choice.</summary>
    private sealed class Order(IReadOnlyList<int> begun)
    {
        private readonly List<(int Chosen, int Of)> made = [];

        /// <summary>Whether the last of them comes first after a crash.</summary>
        public bool Reversed { get; init; }

        public IEnumerable<int> Choices => made.Select(choice => choice.Chosen);

        public (string Queue, Pipeline.Testing.Storage.MemoryQueues.QueuedMessage Message) Choose(
            TestHost host,
            bool hasCrashed
        )
        {
            var visible = host
                .Messages.Where(entry => entry.Message.VisibleAt <= host.Clock.GetUtcNow())
                // Copies of one message are one choice.
                .DistinctBy(entry => entry.Message.Text)
                .OrderBy(entry => TestHost.Text(entry.Message), StringComparer.Ordinal)
                .ToList();
            if (visible.Count == 0)
                return host.Messages[0];
            if (hasCrashed)
                return visible[Reversed ? ^1 : 0];
            if (visible.Count == 1)
                return visible[0];
            var chosen = made.Count < begun.Count ? begun[made.Count] : 0;
            made.Add((chosen, visible.Count));
            return visible[chosen];
        }

        /// <summary>The order after this one; null after the last.</summary>
        public List<int>? Next()
        {
            var last = made.FindLastIndex(choice => choice.Chosen + 1 < choice.Of);
            return last < 0 ? null : [.. Choices.Take(last), made[last].Chosen + 1];
        }
    }
}
