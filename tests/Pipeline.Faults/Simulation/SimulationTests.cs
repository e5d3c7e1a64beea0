using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Exports;
using Pipeline.Ledger;
using Pipeline.Steps;
using Pipeline.Storage;
using Pipeline.Tables;
using Pipeline.Tests;
using Xunit;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// Random interleavings by seed. <c>FAULTS_SEEDS</c> says how many (1,000 without it), <c>FAULTS_SEED</c> runs a single one and prints what happened.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>Real time; a seed takes a small part of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static int Number(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    [Fact]
    public async Task Any_interleaving_ends_at_what_the_source_says()
    {
        var only = Number("FAULTS_SEED", -1);
        var seeds = only >= 0 ? 1 : Number("FAULTS_SEEDS", 1000);
        var happened = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var gate = new Lock();
        await Parallel.ForEachAsync(Enumerable.Range(Math.Max(0, only), seeds), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (seed, _) =>
        {
            await using var world = new SimulatedWorld(seed);
            try
            {
                await using var pipeline = await world.RunAsync().WaitAsync(Patience, CancellationToken.None);
                await CheckAsync(world, pipeline);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed} (FAULTS_SEED={seed} runs it alone): {e.Message}\n{(only >= 0 ? world.Story() : "")}", e);
            }
            lock (gate)
                foreach (var (what, count) in world.Happened) happened[what] = happened.GetValueOrDefault(what) + count;
        });
        foreach (var (what, count) in happened) output.WriteLine($"{what}: {count}");
        Proof.Add(Proof.Simulation, seeds, seeds, $"{Number("FAULTS_SEEDS", 1000)} seeds");
    }

    [Fact]
    public async Task A_seed_replays_exactly()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var stories = new string[2];
            foreach (var time in (int[])[0, 1])
            {
                await using var world = new SimulatedWorld(seed);
                await using var pipeline = await world.RunAsync();
                stories[time] = world.Story();
            }
            Assert.Equal(stories[0], stories[1]);
        }
    }

    private static async Task CheckAsync(SimulatedWorld world, TestPipeline pipeline)
    {
        Assert.Equal(0, world.Left);
        var facts = await pipeline.RowsAsync("fakefacts");
        var history = await pipeline.RowsAsync(Names.History);
        var seen = facts.Select(row => $"fact {row.PartitionKey} {row.RowKey} {row["Value"]}").Concat((await pipeline.RowsAsync(Names.Gaps)).Select(row => $"gap {row.PartitionKey["fakefacts|".Length..]} {row.RowKey}"));
        Assert.Equal(string.Join('\n', world.Wanted.Order(StringComparer.Ordinal)), string.Join('\n', seen.Order(StringComparer.Ordinal)));
        foreach (var row in (await pipeline.RowsAsync(Names.Runs)).Select(RunRow.From))
        {
            Assert.True(row.Counts.AddUp, $"{row}");
            Assert.True(row.State is RunState.Unchanged or RunState.Superseded || SliceState.AtRest(row.State), $"not at rest: {row}");
        }
        foreach (var row in await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None))
            Assert.True(row is { State: SliceState.Done, LastError: "", Attempts: 0 } && row.Rows == facts.Count(fact => fact.PartitionKey == $"fake|{row.Slice.Key}"), $"{row}");
        Assert.Equal([], (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'")).Select(row => $"{row["Slice"]} {row["Position"]} {row["Seen"]}"));
        Assert.True(await pipeline.Get<Digest>().IsDoneAsync("fake", CancellationToken.None), "indicators and files are not up to date");
        var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
        var manifest = ExportManifest.Read((await container.GetBlobClient(ExportManifest.Name).DownloadContentAsync()).Value.Content);
        Assert.Equal(facts.Count, manifest.Files.Single(file => file.File == "fakefacts/_all.csv").Rows);
        foreach (var versions in history.GroupBy(row => (row.PartitionKey, row.RowKey[..row.RowKey.LastIndexOf('|')])))
            Chain(facts.FirstOrDefault(fact => $"fakefacts|{fact.PartitionKey}" == versions.Key.PartitionKey && fact.RowKey == versions.Key.Item2), [.. versions.OrderBy(row => row.GetDateTimeOffset("ValidFrom"))]);
    }

    /// <summary>The versions of a row follow one another without a hole, up to the present one.</summary>
    private static void Chain(TableEntity? fact, List<TableEntity> versions)
    {
        string Words() => $"history of {versions[0].PartitionKey} {versions[0].RowKey}: {string.Join(", ", versions.Select(row => $"{row["OldValue"]}→{row["NewValue"]} {row["ValidFrom"]:O}…{row["ValidTo"]:O}"))}; now {fact?["Value"]} r{fact?["Revision"]} {fact?["LastChanged"]:O}";
        for (var at = 0; at < versions.Count; at++)
        {
            var (row, next) = (versions[at], at + 1 < versions.Count ? versions[at + 1] : null);
            Assert.True(row.GetDateTimeOffset("ValidFrom") < row.GetDateTimeOffset("ValidTo"), Words());
            var begins = next is null ? fact?.GetDateTimeOffset("LastChanged") : next.GetDateTimeOffset("ValidFrom");
            if (row.GetString("Column") == HistoryRow.Removed)
            {
                Assert.True(begins is null || begins >= row.GetDateTimeOffset("ValidTo"), Words());
                continue;
            }
            Assert.True(begins == row.GetDateTimeOffset("ValidTo"), Words());
            var follows = next is null ? $"{fact?["Value"]}" : next.GetString("Column") == HistoryRow.Removed ? null : next.GetString("OldValue");
            Assert.True(follows is null || follows == row.GetString("NewValue"), Words());
        }
    }
}
