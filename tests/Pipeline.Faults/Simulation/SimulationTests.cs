using System.Globalization;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// Random interleavings by seed, of which the <see cref="Share"/> is run. <c>FAULTS_SEEDS</c> says how many there are
/// (1,000 without it), <c>FAULTS_SEED</c> runs a single one and prints what happened.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>Real time; a seed takes a small part of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const int Replays = 200;

    /// <summary>Two cores.</summary>
    private static readonly ParallelOptions Two = new() { MaxDegreeOfParallelism = 2 };

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number)
            ? number
            : otherwise;

    [Fact]
    public async Task Any_interleaving_ends_at_what_the_source_says()
    {
        var only = Number("FAULTS_SEED", -1);
        var seeds = only >= 0 ? [only] : Share.Current.Of("seeds", 0, Number("FAULTS_SEEDS", 1000));
        var happened = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var gate = new Lock();
        using var proof = Proof.Try(Proof.Simulation, $"{seeds.Count} seeds");
        await Parallel.ForEachAsync(seeds, Two, (seed, _) =>
            new ValueTask(proof.RunAsync($"seed {seed} (FAULTS_SEED={seed} runs it alone)", async () =>
                {
                    await using var world = new SimulatedWorld(seed);
                    try
                    {
                        await using var pipeline = await world
                            .RunAsync(last => Truth.CheckAsync(last, newest: false))
                            .WaitAsync(Patience, CancellationToken.None);
                        await CheckAsync(world, pipeline);
                    }
                    finally
                    {
                        if (only >= 0)
                            output.WriteLine(world.Story());
                    }
                    lock (gate)
                    {
                        foreach (var (what, count) in world.Happened)
                            happened[what] = happened.GetValueOrDefault(what) + count;
                    }
                }))
        );
        foreach (var (what, count) in happened)
            output.WriteLine($"{what}: {count}");
        proof.End();
        if (only >= 0)
            return;
        foreach (var kind in (string[])[RowWrite.Facts, RowWrite.Ledger])
        {
            Assert.True(
                happened.GetValueOrDefault(kind) >= seeds.Count / 20,
                $"{happened.GetValueOrDefault(kind)} {kind} in {seeds.Count} seeds: the two workers hardly met, "
                    + "which proves nothing"
            );
        }
    }

    [Fact]
    public Task A_seed_replays_exactly() =>
        Parallel.ForEachAsync(Share.Current.Of("replays", 0, Replays), Two, async (seed, _) =>
        {
            var (first, second) = (await StoryAsync(seed), await StoryAsync(seed));
            Assert.Equal($"{seed}\n{first}", $"{seed}\n{second}");
        });

    /// <summary>What happens under a seed, as one text.</summary>
    private static async Task<string> StoryAsync(int seed)
    {
        await using var world = new SimulatedWorld(seed);
        await using var pipeline = await world.RunAsync().WaitAsync(Patience, CancellationToken.None);
        return world.Story();
    }

    private static async Task CheckAsync(SimulatedWorld world, TestPipeline pipeline)
    {
        Assert.Equal(0, world.Left);
        var facts = await pipeline.RowsAsync("fakefacts");
        var gaps = await pipeline.RowsAsync(Names.Gaps);
        foreach (var (key, wanted) in world.Wanted)
        {
            Assert.Equal(
                string.Join('\n', wanted.Order(StringComparer.Ordinal)),
                string.Join('\n', Truth.Lines(facts, gaps, key))
            );
        }

        foreach (var row in await pipeline.RunsAsync())
        {
            Assert.True(row.Counts.AddUp, $"{row}");
            Assert.True(!row.State.IsUnderWay(), $"not at rest: {row}");
        }
        foreach (var row in await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None))
        {
            Assert.True(
                row is { State: SliceState.Published, LastError: "", Attempts: 0 }
                    && row is { Loading: null, Pending: null, PlannedAt: null, Loaded: { } loaded }
                    && loaded.Rows == facts.Count(fact => FakeSource.Owns(row.Slice.Key, fact.PartitionKey))
                    && (loaded.InTable ?? loaded.Rows) == loaded.Rows,
                $"{row}"
            );
        }

        Assert.Equal(
            [],
            (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'")).Select(row =>
                $"{row["Slice"]} {row["Position"]} {row["Seen"]}"
            )
        );
        Assert.True(
            await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None),
            "indicators and files are not up to date"
        );
        var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
        var catalog = ExportCatalog.Read(
            (await container.GetBlobClient(ExportCatalog.BlobName).DownloadContentAsync()).Value.Content
        );
        Assert.Equal(
            [facts.Count, facts.Count],
            catalog.Resources.Where(resource => resource.Table == "fakefacts").Select(resource => resource.Rows)
        );
        Truth.Chains(facts, await pipeline.RowsAsync(Names.History));
    }
}
