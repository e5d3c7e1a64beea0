using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// The process ends at every storage call in turn, before the call is sent and after it took effect. What the dead
/// process had taken from the queues stays away at first and comes back when everything is over. Of the calls, those of
/// the <see cref="Share"/> are tried.
/// </summary>
public sealed class CrashTests(Azurite azurite, ITestOutputHelper output)
{
    private const string First = "a=1 b=2 c=3 d=4 e= f=? #";
    private const string Revised = "a=1 b=5/x c=3000 e=7 f=6 g= h=9";

    [Fact]
    public Task A_crash_at_any_call_of_a_first_load_leaves_the_tables_of_a_quiet_run() =>
        EveryPointAsync("a first load", null, First);

    [Fact]
    public Task A_crash_at_any_call_of_a_revision_leaves_the_tables_of_a_quiet_run() =>
        EveryPointAsync("a revision", First, Revised);

    [Fact]
    public Task A_crash_at_any_call_that_only_removes_rows_leaves_the_tables_of_a_quiet_run() =>
        EveryPointAsync(
            "a removal",
            "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=10 k=11 l=12 m=13 n=14 o=15 p=16 q=17 r=18 s=19 t=20 u=21",
            "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9 j=10 k=11 l=12 m=13 n=14 o=15 p=16 q=17 r=18 s=19 t=20"
        );

    [Fact]
    public Task A_crash_at_any_call_of_a_refused_body_leaves_the_tables_of_a_quiet_run() =>
        EveryPointAsync("a refused body", First, "a=2 !");

    [Fact]
    public async Task A_crash_on_the_real_source_leaves_the_tables_of_a_quiet_run()
    {
        // The address is of this machine, so that no pause is kept between two samples.
        var settings = new Dictionary<string, string?>
        {
            ["Census__From"] = "2023-01",
            ["Census__Levels"] = "total,HS2",
            ["Census__CountryFileUrl"] = "",
            ["Census__BaseUrl"] = "http://127.0.0.1/data/timeseries/intltrade",
        };
        var quietCount = new CrashPolicy(int.MaxValue, false);
        await using var quiet = new TestPipeline(azurite.NewAccount(), settings, null, quietCount);
        await quiet.RunAsync();
        var calls = quietCount.Calls;
        var wanted = await SnapshotAsync(quiet, TradeMonthly.Table);
        var points = 0;
        // Not the last few: how often a cross-check waits differs from run to run.
        for (var at = 5; at <= calls - 20; at += calls / 8)
        {
            var account = azurite.NewAccount();
            await using (var dying = new TestPipeline(account, settings, null, new CrashPolicy(at, (at & 1) == 0)))
                await Assert.ThrowsAsync<CrashException>(dying.RunAsync);
            await using var next = new TestPipeline(account, settings);
            await next.RunAsync();
            Assert.Equal(wanted, await SnapshotAsync(next, TradeMonthly.Table));
            points++;
        }
        output.WriteLine($"{points} crash points of {calls} calls");
    }

    private async Task EveryPointAsync(string way, string? before, string body)
    {
        string[] keys = ["one"];
        using var source = new FakeSource(keys);
        var count = new CrashPolicy(int.MaxValue, false);
        var wanted = await QuietAsync(source, keys, before, body, count);
        var points = 0;
        for (var at = 1; at <= count.Calls; at++)
        {
            // The end after a call and the one before the next leave the same storage: every call is tried after, some
            // also before.
            foreach (var after in at % 12 == 1 ? (bool[])[false, true] : [true])
            {
                if (!Share.Current.HasCrash(way, at, after))
                    continue;
                var where = $"crash {(after ? "after" : "before")} call {at} of {count.Calls}";
                var account = azurite.NewAccount();
                await PrepareAsync(source, keys, account, before, body);
                List<(string Queue, BinaryData Body)> lost;
                await using (var dying = new TestPipeline(account, source, new CrashPolicy(at, after)))
                {
                    await Assert.ThrowsAsync<CrashException>(dying.RunAsync);
                    lost = dying.Unfinished;
                }
                await using var next = new TestPipeline(account, source);
                await next.RunAsync();
                Assert.Equal($"{where}\n{wanted}", $"{where}\n{await SnapshotAsync(next, FakeFact.Table)}");
                foreach (var message in lost)
                    await next.HandleAsync(message.Queue, message.Body);
                await next.DrainAsync();
                Assert.Equal(
                    $"{where}, messages back\n{wanted}",
                    $"{where}, messages back\n{await SnapshotAsync(next, FakeFact.Table)}"
                );
                points++;
            }
        }

        output.WriteLine($"{points} crash points of {count.Calls} calls");
    }

    private async Task<string> QuietAsync(
        FakeSource source,
        string[] keys,
        string? before,
        string body,
        CrashPolicy count
    )
    {
        var account = azurite.NewAccount();
        await PrepareAsync(source, keys, account, before, body);
        await using var pipeline = new TestPipeline(account, source, count);
        await pipeline.RunAsync();
        // The snapshot's own calls are none of the run's.
        await using var reader = new TestPipeline(account, source);
        return await SnapshotAsync(reader, FakeFact.Table);
    }

    private static async Task PrepareAsync(
        FakeSource source,
        string[] keys,
        string account,
        string? before,
        string body
    )
    {
        if (before is not null)
        {
            foreach (var key in keys)
                source.Replies[key] = new(before);
            await using var first = new TestPipeline(account, source);
            await first.RunAsync();
        }
        foreach (var key in keys)
            source.Replies[key] = new(body);
    }

    /// <summary>Everything that must be the same: all but run ids, times and blob names.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="table">Its fact table.</param>
    /// <param name="rivals">Whether several workers may have stored the same body in different seconds: then the older
    /// run is superseded, and both have its rejects.</param>
    internal static async Task<string> SnapshotAsync(TestPipeline pipeline, FactTable table, bool rivals = false)
    {
        var lines = new List<string>();
        var facts = 0;
        await foreach (
            var row in table.QueryAsync(await pipeline.TableAsync(table.Name), "", null, CancellationToken.None)
        )
        {
            facts++;
            lines.Add(
                $"fact {row.PartitionKey} {row.RowKey} {string.Join(',', ColumnTexts.Of(row))} r{row.Revision} "
                    + $"{row.FirstSeen == row.LastChanged} {row.RunId.Length > 0}"
            );
        }
        foreach (var row in await pipeline.RowsAsync("history"))
        {
            Assert.True(row.GetDateTimeOffset("ValidFrom") < row.GetDateTimeOffset("ValidTo"));
            lines.Add(
                $"history {row.PartitionKey} {row.RowKey[..row.RowKey.LastIndexOf('|')]} {row["Column"]} "
                    + $"{row["OldValue"]} {row["NewValue"]} {row["InPolicy"]}"
            );
        }
        foreach (var row in await pipeline.RowsAsync("gaps"))
            lines.Add($"gap {row.PartitionKey} {row.RowKey} {row["Reason"]}");
        foreach (var row in await pipeline.RowsAsync("rejects"))
            lines.Add($"reject {row["Slice"]} {row["Position"]} {row["Seen"]} {row["State"]}");
        foreach (var row in (await pipeline.RowsAsync("slices")).Select(SliceRow.From))
        {
            lines.Add(
                $"slice {row.Slice} {row.State} {row.Rows} {row.Sha256} {row.LastError} changed "
                    + $"{row.LastChanged == row.Vintage}"
            );
        }

        long added = 0,
            changed = 0,
            removed = lines.Count(line =>
                line.StartsWith("history ", StringComparison.Ordinal)
                && line.Contains(HistoryRow.Removed, StringComparison.Ordinal)
            );
        foreach (var run in (await pipeline.RowsAsync("runs")).Select(RunRow.From))
        {
            Assert.True(run.Counts.AddUp, $"{run}");
            Assert.True(
                run.State
                    is SliceState.Done
                        or SliceState.Refused
                        or SliceState.NotPublished
                        or SliceState.Narrowed
                        or SliceState.Empty
                        or RunState.Unchanged
                    || (rivals && run.State == RunState.Superseded),
                $"{run}"
            );
            added += run.Counts.Added;
            changed += run.Counts.Changed;
        }
        Assert.Equal(facts, added - removed);
        if (rivals)
            lines = [.. lines.Distinct()];
        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines) + $"\nadded {added} changed {changed}";
    }
}
