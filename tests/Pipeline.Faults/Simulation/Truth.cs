using Azure.Data.Tables;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// What holds of an account of the small source when nothing is under way, whatever process has worked on it, at the
/// same time and however often they were interrupted.
/// </summary>
internal static class Truth
{
    /// <summary>Asserts it.</summary>
    /// <param name="pipeline">The pipeline on the account.</param>
    /// <param name="newest">Whether every slice must hold its newest body: nothing was refused, failed or
    /// killed.</param>
    public static async Task CheckAsync(TestPipeline pipeline, bool newest)
    {
        var facts = await pipeline.RowsAsync("fakefacts");
        var gaps = await pipeline.RowsAsync(Names.Gaps);
        var history = await pipeline.RowsAsync(Names.History);
        var runs = await pipeline.RunsAsync();
        foreach (var row in await pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None))
        {
            var bodies = await pipeline.Get<RawStore>().ListAsync(row.Slice, CancellationToken.None);
            var own = bodies.Select(body => body.RunId).ToHashSet(StringComparer.Ordinal);
            if (runs.Where(run => own.Contains(run.RunId)).MaxBy(run => run.Vintage) is not { } last)
                continue;
            // Something older took the place of the newest: a claim was lost.
            Assert.True(last.State != RunState.Superseded, $"{last} has nothing newer after it; {row}");
            if (newest)
            {
                Assert.True(
                    row.Vintage == last.Vintage && row is { State: SliceState.Published, Loading: null },
                    $"{row} is not at {last}"
                );
            }

            if (row is { Loading: null, Loaded: { } loaded })
                await HoldsAsync(pipeline, row, loaded, facts, gaps);
        }
        foreach (var run in runs)
            Assert.True(run.Counts.AddUp, $"{run}");
        Chains(facts, history);
        // A version that was overwritten unseen was counted by the run that brought it, and is nowhere.
        var (changed, versions) = (
            runs.Sum(run => run.Counts.Changed),
            history.Count(row => row.GetString("Column") != HistoryRow.Removed)
        );
        Assert.True(changed <= versions, $"the runs changed {changed} rows, history has {versions} versions");
        if (!newest)
            return;
        Assert.Equal(facts.Count, runs.Sum(run => run.Counts.Added) - (history.Count - versions));
        foreach (var run in runs)
        {
            Assert.True(!run.State.IsUnderWay(), $"not at rest: {run}");
        }
    }

    /// <summary>The table holds the body that the slice says it holds, as a whole.</summary>
    private static async Task HoldsAsync(
        TestPipeline pipeline,
        SliceRow row,
        LoadedBody loaded,
        List<TableEntity> facts,
        List<TableEntity> gaps
    )
    {
        await using var raw = await pipeline.Get<RawStore>().OpenAsync(loaded.Body, CancellationToken.None);
        var text = await new StreamReader(raw.Rewind()).ReadToEndAsync();
        // A word that cannot be understood says nothing of its row, and leaves the others that are not there as they
        // are.
        var whole = !text.Contains('?', StringComparison.Ordinal);
        var wanted = SimulatedSource
            .Meaning(row.Slice.Key, text)
            .Where(line => !line.EndsWith('?'))
            .Order(StringComparer.Ordinal)
            .ToList();
        var seen = Lines(facts, gaps, row.Slice.Key).Where(line => whole || wanted.Contains(line)).ToList();
        Assert.Equal($"{row}\n{string.Join('\n', wanted)}", $"{row}\n{string.Join('\n', seen)}");
    }

    /// <summary>Facts and gaps of a slice in the words of <see cref="SimulatedSource.Meaning"/>, in order.</summary>
    public static IEnumerable<string> Lines(
        IEnumerable<TableEntity> facts,
        IEnumerable<TableEntity> gaps,
        string key
    ) =>
        facts
            .Where(row => FakeSource.Owns(key, row.PartitionKey))
            .Select(row => $"fact {row.PartitionKey} {row.RowKey} {row["Value"]}")
            .Concat(
                gaps.Select(row => (Partition: row.PartitionKey["fakefacts|".Length..], row.RowKey))
                    .Where(row => FakeSource.Owns(key, row.Partition))
                    .Select(row => $"gap {row.Partition} {row.RowKey}")
            )
            .Order(StringComparer.Ordinal);

    /// <summary>
    /// Every version that was changed leads to the one that followed, at the moment that one began, up to the
    /// present one; behind a removal there may be a time without.
    /// </summary>
    public static void Chains(IEnumerable<TableEntity> facts, IEnumerable<TableEntity> history)
    {
        var present = facts.ToDictionary(fact => ($"fakefacts|{fact.PartitionKey}", fact.RowKey));
        var past = history.ToLookup(row => (row.PartitionKey, row.RowKey[..row.RowKey.LastIndexOf('|')]));
        foreach (var versions in past)
        {
            Chain(
                present.GetValueOrDefault(versions.Key),
                [.. versions.OrderBy(row => row.GetDateTimeOffset("ValidFrom"))]
            );
        }

        foreach (var (key, fact) in present.Where(pair => pair.Value.GetInt32("Revision") > 0))
        {
            Assert.True(
                past[key].Any(row => row.GetDateTimeOffset("ValidTo") == fact.GetDateTimeOffset("LastChanged")),
                $"{key}: nothing in history leads to {fact["Value"]} r{fact["Revision"]} {fact["LastChanged"]:O}"
            );
        }
    }

    private static void Chain(TableEntity? fact, List<TableEntity> versions)
    {
        string Words() =>
            $"history of {versions[0].PartitionKey} {versions[0].RowKey}: "
            + $"{string.Join(", ", versions.Select(row => $"{row["OldValue"]}→{row["NewValue"]} {row["ValidFrom"]:O}…{row["ValidTo"]:O}"))}; now {fact?["Value"]} r{fact?["Revision"]} {fact?["LastChanged"]:O}";
        foreach (var (row, next) in versions.Zip([.. versions.Skip(1), null]))
        {
            var (end, follower) = (
                row.GetDateTimeOffset("ValidTo"),
                next is null ? fact?.GetDateTimeOffset("LastChanged") : next.GetDateTimeOffset("ValidFrom")
            );
            Assert.True(row.GetDateTimeOffset("ValidFrom") < end, Words());
            if (row.GetString("Column") == HistoryRow.Removed)
            {
                Assert.True(follower is null || follower >= end, Words());
                continue;
            }
            Assert.True(follower == end, Words());
            var follows = next?.GetString("Column") switch
            {
                _ when next is null => $"{fact!["Value"]}",
                HistoryRow.Removed => null,
                _ => next.GetString("OldValue"),
            };
            Assert.True(follows is null || follows == row.GetString("NewValue"), Words());
        }
    }
}
