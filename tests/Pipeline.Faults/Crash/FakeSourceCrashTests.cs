using Pipeline.Ingestion;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Crash;

/// <summary>Every way a slice can go, ended at every storage call.</summary>
public sealed class FakeSourceCrashTests(ITestOutputHelper output) : IDisposable
{
    private const string First = "a=1 b=2 c=3 d=4 e= f=? #";
    private const string Revised = "a=1 b=5/x c=3000 e=7 f=6 g= h=9";
    private const string Long =
        "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=10 k=11 l=12 m=13 n=14 o=15 p=16 q=17 r=18 s=19 t=20";

    private readonly FakeSource source = new();

    public void Dispose() => source.Dispose();

    public static TheoryData<string, string[], string> Ways { get; } =
        new()
        {
            { "a first load", [], First },
            { "a revision", [First], Revised },
            { "a removal", [Long + " u=21"], Long },
            { "nothing new", [First], First },
            { "a refused body", [First], "a=2 !" },
            { "a shrunk body", [Long], "a=1" },
            { "back from a refused body", [First, "a=2 !"], First },
            { "a good body after a refused one", [First, "a=2 !"], Revised },
            { "one refused body after another", [First, "a=2 !"], "a=3 !" },
            { "an empty answer", [First], "" },
            { "rejects that are mended", ["a=1 b=?"], "a=1 b=2" },
        };

    [Theory, MemberData(nameof(Ways))]
    public async Task A_crash_at_any_call_leaves_the_tables_of_a_quiet_run(string way, string[] before, string body)
    {
        var scenario = new CrashScenario(
            (clock, policies) => new TestPipeline(MemoryStorage.ConnectionString, source, clock, policies),
            [.. before.Select(Set)],
            Set(body)
        );
        output.WriteLine($"{way}: {await scenario.RunAsync("a small source", way)} points");
    }

    [Fact]
    public async Task A_crash_at_any_call_of_a_replay_leaves_the_tables_of_a_quiet_one()
    {
        source.Reading = text => text;
        var scenario = new CrashScenario(
            (clock, policies) => new TestPipeline(MemoryStorage.ConnectionString, source, clock, policies),
            [Set(First), Set("a=1 b=3 c=3 d=4 e= f=? #")],
            _ =>
            {
                source.Reading = text =>
                    text.Replace("b=3 c=3", "b=30 #", StringComparison.Ordinal)
                        .Replace("f=?", "f=6", StringComparison.Ordinal);
                return Task.CompletedTask;
            },
            pipeline => pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, Replay.Raw, false, CancellationToken.None)
        );
        output.WriteLine($"{await scenario.RunAsync("replays", "replays")} points");
    }

    public static TheoryData<string, string, string> Accepted { get; } =
        new()
        {
            { "a shrunk body", Long, "a=1 b=2" },
            { "figures ten times as high", "a=1 x:b=2 y:c=3 z:d=4 e=5", "a=10 x:b=20 y:c=30 z:d=40 e=50" },
        };

    /// <summary>Beside the operator's message a plan sends another of the same body, which accepts nothing.</summary>
    [Theory, MemberData(nameof(Accepted))]
    public async Task A_crash_at_any_call_of_a_body_that_is_accepted_leaves_the_tables_of_a_quiet_run(
        string way,
        string before,
        string body
    )
    {
        var scenario = new CrashScenario(
            (clock, policies) => new TestPipeline(MemoryStorage.ConnectionString, source, clock, policies),
            [Set(before), Set(body)],
            Set(body),
            async pipeline =>
            {
                var replaying = await pipeline
                    .Get<Replay>()
                    .RunAsync(FakeSource.One.Id, Replay.Raw, accept: true, CancellationToken.None);
                Assert.Null(replaying.Refusal);
                await pipeline.Get<Plan>().RunAsync(FakeSource.One.Source, CancellationToken.None);
            }
        );
        output.WriteLine($"{way}: {await scenario.RunAsync("accepted bodies", way)} points");
    }

    private Func<TestPipeline, Task> Set(string body) =>
        _ =>
        {
            source.Replies["one"] = new(body, body.Length > 0 ? 200 : 204);
            return Task.CompletedTask;
        };
}
