using Pipeline.Datasets;
using Pipeline.Faults.Sources;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Crash;

/// <summary>
/// The three sources, ended at every storage call of a first load and of a revision, with indicators, claims
/// and export files.
/// </summary>
public sealed class RealSourceCrashTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("census-trade", 0)]
    [InlineData("census-trade", 1)]
    [InlineData("unctad-fdi", 0)]
    [InlineData("unctad-fdi", 1)]
    [InlineData("moex-holders", 0)]
    [InlineData("moex-holders", 1)]
    public async Task A_crash_at_any_call_leaves_the_tables_of_a_quiet_run(string source, int versions)
    {
        await using var server = await SourceSimulator.StartAsync();
        var scenario = new CrashScenario(
            (clock, policies) =>
                new TestPipeline(
                    MemoryStorage.ConnectionString,
                    Make(source, server.Address, versions),
                    clock,
                    policies
                ),
            [.. Enumerable.Range(1, versions).Select(Version)],
            Version(versions + 1),
            patience: SourceCase.Patience
        );
        output.WriteLine($"{source}: {await scenario.RunAsync("the three sources", $"{source} {versions}")} points");

        Func<TestPipeline, Task> Version(int version) =>
            pipeline =>
            {
                server.Data = new SourceData(3, version);
                return SourceCase.PutCuratedAsync(pipeline, server.Data);
            };
    }

    // The balance file waits for the others to be at rest: once is enough.
    private static Source Make(string source, Uri server, int versions) =>
        source switch
        {
            "census-trade" => SourceCase.Census(server, balance: versions > 0),
            "unctad-fdi" => SourceCase.Unctad(server),
            _ => SourceCase.Moex(server, nsd: false),
        };
}
