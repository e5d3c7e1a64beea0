using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults.Leases;

/// <summary>
/// Two workers share the messages of four bodies, a minute apart. The clock of one is an hour fast or slow, so that by
/// it every body would be later or earlier than its neighbours.
/// </summary>
public sealed class WrongClockTests : IDisposable
{
    private static readonly string[] Bodies =
    [
        "a=1 b=2 c=3 d=4 e= f=6 #",
        "a=1 b=5 c=3 d=4 e=7 f=6 #",
        "a=9 !",
        "a=1 b=6 c=3 d=40 e=8 f= g=7 #",
    ];

    /// <summary>Who does each of the messages, at random, so often in each direction.</summary>
    private const int Mixtures = 200;

    private readonly FakeSource source = SimulatedSource.Offline(new FakeSource());

    public void Dispose() => source.Dispose();

    [Fact]
    public async Task A_worker_whose_clock_is_an_hour_off_changes_nothing()
    {
        var wanted = await RunAsync(TimeSpan.Zero, _ => false, null);
        using var proof = Proof.Try(
            Proof.Clock,
            "each mixture of steps, and random ones of messages, an hour each way"
        );
        var number = 0;
        foreach (var hours in (int[])[-1, 1])
        {
            // A bit for each kind of message, and one for the plan.
            for (var kinds = 1; kinds < 32; kinds++)
            {
                if (!Share.Current.Has("wrong clocks", number++))
                    continue;
                var mine = kinds;
                await proof.RunAsync($"{hours} h, steps {kinds:b5}", () =>
                    RunAsync(TimeSpan.FromHours(hours), message => (mine >> Bit(message) & 1) == 1, wanted)
                );
            }
            for (var seed = 0; seed < Mixtures; seed++)
            {
                if (!Share.Current.Has("wrong clocks", number++))
                    continue;
                var random = new Random(seed);
                await proof.RunAsync($"{hours} h, mixture {seed}", () =>
                    RunAsync(TimeSpan.FromHours(hours), _ => random.Next(2) == 0, wanted)
                );
            }
        }
        proof.End();
    }

    private static int Bit(StepMessage? message) =>
        message switch
        {
            null => 0,
            PullMessage => 1,
            NormalizeMessage or ReloadNewestMessage => 2,
            CompleteRunMessage => 3,
            _ => 4,
        };

    private async Task<(string Tables, string Names)> RunAsync(
        TimeSpan skew,
        Func<StepMessage?, bool> isWrong,
        (string Tables, string Names)? wanted
    )
    {
        var host = TestHost.Create(source, SourceCase.Start);
        await using var honest = host.NewWorker();
        await using var wrong = host.NewWorker(new SkewedClock(host.Clock) { Skew = skew });
        foreach (var body in Bodies)
        {
            source.Body = body;
            await TestHost.PlanAsync(isWrong(null) ? wrong : honest);
            // By a clock that is fast the slice is due in an hour: an operator asks, too.
            await honest.Get<StepQueues>().SendAsync(new PullMessage(FakeSource.One.Id), CancellationToken.None);
            while (host.Messages is [var first, ..])
            {
                var message = TestHost.Read(first.Queue, first.Message);
                await host.DoAsync(isWrong(message) ? wrong : honest, host.Take(first.Queue, first.Message));
            }
            host.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        // By their names the bodies are as old as the storage says.
        var bodies = await honest.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None);
        var names = string.Join('\n', bodies.Select(body => body.Blob));
        if (wanted is null)
            return (await Snapshot.TakeAsync(honest), names);
        Assert.Equal(wanted.Value.Names, names);
        await host.CheckAsync([wanted.Value.Tables]);
        await Truth.CheckAsync(honest, newest: true);
        return wanted.Value;
    }
}
