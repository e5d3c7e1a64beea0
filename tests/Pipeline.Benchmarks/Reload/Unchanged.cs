using Azure.Data.Tables;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Load;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Reload;

/// <summary>Goal 3: what has not changed costs nothing, and what has changed costs what has changed.</summary>
internal sealed class Unchanged : IGoal
{
    private const int Rows = 50_000,
        ManyRows = 200_000,
        SampleRows = 10_000,
        WarmRows = 2000,
        Parallelism = 4;
    private const double AgainstFirst = 50,
        AgainstPeer = 20;

    public string Name => "reload";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench) =>
        [.. await SameAsync(bench), .. await RevisedAsync(bench)];

    /// <summary>The same slice pulled again, and its body is the one that is loaded.</summary>
    private static async Task<List<Outcome>> SameAsync(Bench bench)
    {
        await using var publisher = await ServiceProcess.StartAsync();
        var body = bench.Body(TradeShape.OfRows(bench.Size(Rows)));
        await publisher.AnswerAsync(body);
        var warm = bench.Body(TradeShape.OfRows(WarmRows, TradeShape.WarmYear));
        await publisher.AnswerAsync(warm);
        var (first, again) = (new List<Measured>(), new List<Measured>());
        for (var round = 0; round < bench.Rounds; round++)
        {
            await using var azurite = await AzuriteProcess.StartAsync();
            foreach (var (runs, which) in new[] { (first, "first"), (again, "again") })
            {
                runs.Add(
                    await Child.RunAsync(
                        Bench.Deadline,
                        PullRun.Name,
                        azurite.ConnectionString("bench"),
                        azurite.ConnectionString("warm"),
                        publisher.CensusUrl,
                        body.Shape.SliceKey,
                        which,
                        warm.Shape.SliceKey
                    )
                );
                Bench.Say($"pull {which}", runs[^1]);
            }
            LoadCheck.First(first[^1], body.Shape);
        }
        var (load, repeat) = (Measured.Median(first), Measured.Median(again));
        var touched = again.Max(run => run["facts"] + run["transactions"]);
        return
        [
            new Outcome(
                3,
                $"Azurite, the same slice of {body.Shape.Rows:N0} rows again, unchanged: calls to the tables of "
                    + "facts and history",
                $"{touched:N0} (of {repeat["calls"]:N0} calls, for the ledger)",
                "no read, no write",
                touched == 0
            ),
            new Outcome(
                3,
                "Azurite, the same slice again, unchanged: time",
                $"{Bench.Number(load.Seconds / repeat.Seconds)} × faster ({Bench.Number(repeat.Seconds * 1000)} ms, "
                    + $"{Bench.Number(load.Seconds)} s)",
                $"≥ {AgainstFirst} × faster than the first load",
                load.Seconds >= AgainstFirst * repeat.Seconds
            ),
        ];
    }

    /// <summary>One row in a hundred has another value.</summary>
    private static async Task<List<Outcome>> RevisedAsync(Bench bench)
    {
        var rows = bench.Size(ManyRows);
        var sample = Math.Min(rows, bench.Size(SampleRows));
        var (before, after) = (bench.Body(TradeShape.OfRows(rows)), bench.Body(TradeShape.OfRows(rows, revision: 1)));
        var changed = after.Shape.RevisedRows();
        var revised = new List<Measured>();
        var peers = (
            from verb in (string[])["replace", "merge"]
            from peer in (string[])["Cosmos.Table", "data-tables"]
            select (Verb: verb, Peer: peer, Runs: new List<Measured>())
        ).ToList();
        for (var round = 0; round < bench.Rounds; round++)
        {
            await using var azurite = await AzuriteProcess.StartAsync();
            var (connection, warm) = (azurite.ConnectionString("bench"), azurite.ConnectionString("warm"));
            Task<Measured> LoadAsync(Payload body, int number) =>
                Child.RunAsync(
                    Bench.Deadline,
                    LoadRun.Name,
                    connection,
                    warm,
                    body.Shape.SliceKey,
                    body.File,
                    body.Sha256,
                    $"{number}",
                    "store",
                    $"{WarmRows}"
                );
            var first = await LoadAsync(before, 0);
            Bench.Say("first load", first);
            LoadCheck.Counts(first, before.Shape, rows, 0);
            revised.Add(await LoadAsync(after, 1));
            Bench.Say("1 % changed", revised[^1]);
            LoadCheck.Counts(revised[^1], after.Shape, 0, changed);
            await CheckWrittenAsync(
                connection,
                PipelineUnderTest.BodyOf(after.Shape.SliceKey, after.Sha256, 1).RunId,
                changed,
                after.Shape
            );
            foreach (var (verb, peer, runs) in peers)
            {
                runs.Add(
                    await (
                        peer == "data-tables"
                            ? DataTables.RunAsync(connection, "trademonthly", rows, Parallelism, verb, 0, sample)
                            : Child.CosmosAsync(
                                Bench.Deadline,
                                connection,
                                "trademonthly",
                                $"{rows}",
                                $"{Parallelism}",
                                verb,
                                "0",
                                $"{sample}"
                            )
                    )
                );
                Bench.Say($"{peer} re-sends, {verb}", runs[^1]);
            }
        }
        var some = Measured.Median(revised).Seconds;
        return
        [
            Against(
                "replace",
                $"Azurite, {changed:N0} of {rows:N0} rows changed: only those are written (counted)",
                "a peer re-sending all, to replace what is there"
            ),
            // It leaves columns that a row has no more, and asks no less of Azure; of Azurite it asks less than half.
            Against(
                "merge",
                "the same, against peers that merge",
                "a peer re-sending all, to merge it into what is there"
            ),
        ];

        Outcome Against(string verb, string what, string whom)
        {
            var rates = peers
                .Where(peer => peer.Verb == verb)
                .Select(peer => (peer.Peer, Measured.Median(peer.Runs).RowsPerSecond))
                .OrderByDescending(peer => peer.RowsPerSecond)
                .ToList();
            var all = rows / rates[0].RowsPerSecond;
            return new Outcome(
                3,
                what,
                $"{Bench.Number(all / some)} × faster ({Bench.Number(some)} s; {rates[0].Peer} {Bench.Number(all)} "
                    + $"s, by the rate of {sample:N0} rows: "
                    + $"{string.Join(", ", rates.Select(peer => $"{peer.Peer} {Bench.Number(peer.RowsPerSecond)} rows/s"))})",
                $"≥ {AgainstPeer} × faster than {whom}",
                all >= AgainstPeer * some
            );
        }
    }

    /// <summary>
    /// Only the changed rows are of the second run, each with its old value in history; all rows and their sum
    /// are those of the second body.
    /// </summary>
    private static async Task CheckWrittenAsync(string connection, string run, int changed, TradeShape shape)
    {
        var (written, old) = (0, 0);
        await foreach (
            var _ in new TableClient(connection, "trademonthly").QueryAsync<TableEntity>(
                $"RunId eq '{run}'",
                select: ["PartitionKey", "RowKey"]
            )
        )
        {
            written++;
        }

        await foreach (
            var _ in new TableClient(connection, "history").QueryAsync<TableEntity>(
                $"RunId eq '{run}'",
                select: ["PartitionKey", "RowKey"]
            )
        )
        {
            old++;
        }

        Bench.Check("rows written", written, changed);
        Bench.Check("old values in history", old, changed);
        await OnAzurite.CheckTableAsync(connection, shape);
    }
}
