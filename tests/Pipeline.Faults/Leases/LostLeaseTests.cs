using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults.Leases;

/// <summary>
/// Every step of a slice and of its source loses its lease at every storage call: another worker takes over, and then
/// the first goes on.
/// </summary>
public sealed class LostLeaseTests(ITestOutputHelper output) : IDisposable
{
    private const string Same = "d=4 e=5 f=6 g=7 h=8 i=9 j=10 l=12 m=13 n=14 o=15 p=16 q=17 r=18 s=19 t=20";
    private const string First = $"a=1 b=2 c=3 {Same} k=11 u=21 v= x:y=3 x:z=4 y:p=1 #";

    /// <summary>Rows changed, one outside the policy; removed; added; a gap filled and another made.</summary>
    private const string Revised = $"a=1 b=5 c=3000 {Same} k= v=7 w=1 x:y=30 x:z=4 y:p=1 z:q=1 #";

    /// <summary>Two partitions are gone: an older body that is inserted late meets no row there.</summary>
    private const string Newer = $"a=2 b=6 c=3 {Same} k=11 u=22 v=7 x:y=30 x:z=5 z=9 #";

    private readonly FakeSource source = SimulatedSource.Offline(new FakeSource());

    public void Dispose() => source.Dispose();

    public static TheoryData<string, Loss> Ways { get; } =
    [
        .. from way in (string[])
            [
                "pull of a first body",
                "pull",
                "first load",
                "changes and removals",
                "a quarantined body",
                "a shrunk body",
                "reload newest",
                "complete run",
                "refresh source",
            ]
        from loss in Enum.GetValues<Loss>()
        select new TheoryDataRow<string, Loss>(way, loss),
    ];

    [Theory, MemberData(nameof(Ways))]
    public async Task A_lease_that_is_lost_at_any_call_leaves_the_tables_of_a_quiet_run(string way, Loss loss)
    {
        var scenario = way switch
        {
            "pull of a first body" => await BeforeAsync<PullMessage>(First, loaded: []),
            "pull" => await BeforeAsync<PullMessage>(Revised, First),
            "first load" => await BeforeAsync<NormalizeMessage>(First, loaded: []),
            "changes and removals" => await BeforeAsync<NormalizeMessage>(Revised, First),
            "a quarantined body" => await BeforeAsync<NormalizeMessage>("a=2 !", First),
            "a shrunk body" => await BeforeAsync<NormalizeMessage>("a=2", First),
            "reload newest" => await BeforeReloadAsync(),
            "complete run" => await BeforeAsync<CompleteRunMessage>(Revised, First),
            _ => await BeforeAsync<RefreshSourceMessage>(Revised, First),
        };
        var (promise, note) =
            loss == Loss.Slept
                ? (Proof.Sleep, "every storage call of every step, at which the worker stands still for 17 s")
                : (Proof.LostLease, "every storage call of every step, found out at once and late");
        output.WriteLine($"{way}, {loss}: {await scenario.RunAsync(promise, note, way, loss)} points");
    }

    /// <summary>Works until the message of a step comes next.</summary>
    private async Task<LostLeaseScenario> BeforeAsync<T>(string body, params string[] loaded)
        where T : StepMessage
    {
        var host = TestHost.Create(source, SourceCase.Start);
        await using var worker = host.NewWorker();
        foreach (var before in loaded)
            await host.LoadAsync(worker, before);
        source.Body = body;
        await TestHost.PlanAsync(worker);
        await host.DrainAsync(worker, message => message is T);
        return new LostLeaseScenario(source, host, at => at.Take<T>(), body, Newer);
    }

    private async Task<LostLeaseScenario> BeforeReloadAsync()
    {
        var host = TestHost.Create(source, SourceCase.Start);
        await using var worker = host.NewWorker();
        await host.LoadAsync(worker, First);
        await host.LoadAsync(worker, Revised);
        await worker.Get<StepQueues>().SendAsync(new ReloadNewestMessage(FakeSource.One.Id), CancellationToken.None);
        return new LostLeaseScenario(source, host, at => at.Take<ReloadNewestMessage>(), Revised, Newer);
    }
}
