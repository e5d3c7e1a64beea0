using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>
/// Loads the rows of one slice by difference: new rows are inserted, changed ones replaced under their ETag with the
/// old value put into <c>history</c> first, unchanged ones not touched, vanished ones moved to <c>history</c>. Doing it
/// again does nothing.
/// </summary>
/// <remarks>
/// A row that this very run wrote before it was interrupted counts as added or changed by it, so that the ledger of a
/// continued run is that of a quiet one.
/// </remarks>
/// <param name="table">The fact table.</param>
/// <param name="facts">Its client.</param>
/// <param name="history">The client of <c>history</c>.</param>
/// <param name="run">What goes into every row.</param>
/// <param name="known">What the table holds of the slice; null when it was never loaded.</param>
/// <param name="inPolicy">Whether a change of a row lies inside the publisher's declared revision window.</param>
/// <param name="others">What it asks when another worker turns out to be at the same rows.</param>
internal sealed class Merge(
    FactTable table,
    TableClient facts,
    TableClient history,
    MergeRun run,
    Known? known,
    Func<FactRow, bool> inPolicy,
    MergeOthers others
) : IAsyncDisposable
{
    /// <summary>What the table service takes in one transaction.</summary>
    private const int BatchSize = 100;

    /// <summary>Transactions under way at the same time.</summary>
    private const int Parallelism = 4;

    /// <summary>Rows waiting for their batch to fill; beyond it the fullest batches go as they are.</summary>
    private const int MaxBuffered = 20_000;

    /// <summary>How often a batch is decided again before an error is one.</summary>
    private const int MaxConflicts = 20;

    /// <summary>
    /// Up to so many changed rows of a batch are read one by one. More are read in one query, if they lie close
    /// together.
    /// </summary>
    private const int PointReads = 10;

    /// <summary>
    /// Above so many rows of the table for each changed row, the changed rows are read one by one: reading one row
    /// costs about as much as so many in a query.
    /// </summary>
    private const int FarApart = 20;

    private readonly Dictionary<string, List<Candidate>> buffers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim slots = new(Parallelism);
    private readonly List<Task> running = [];
    private int buffered;
    private long added,
        changed,
        unchanged,
        written,
        removed,
        outOfPolicy,
        conflicts;

    /// <summary>
    /// A row of the body and what the table held under its key when the slice was read; null when nothing.
    /// </summary>
    private readonly record struct Candidate(FactRow Row, Known.Entry? Before);

    /// <summary>Takes a row. It is written when its batch is full, unless the table has it already.</summary>
    public async ValueTask AddAsync(FactRow row, CancellationToken cancellationToken)
    {
        row.Source = run.Source;
        row.Dataset = run.Dataset;
        row.Vintage = row.FirstSeen = row.LastChanged = run.Vintage;
        row.RawBlob = run.RawBlob;
        row.RunId = run.RunId;
        row.RowHash = RowHash.Of(row);
        var before = known?.Meet(row.PartitionKey, row.RowKey);
        if (before is { } same && same.Hash == RowHash.Digest(row.RowHash))
        {
            Tally(same.RunId == run.RunId, same.Revision);
            return;
        }
        if (!buffers.TryGetValue(row.PartitionKey, out var buffer))
            buffers.Add(row.PartitionKey, buffer = new List<Candidate>(BatchSize));
        buffer.Add(new Candidate(row, before));
        buffered++;
        if (buffer.Count == BatchSize)
        {
            await FlushAsync(row.PartitionKey, buffer, cancellationToken);
        }
        else if (buffered > MaxBuffered)
        {
            foreach (
                var (partition, fullest) in buffers
                    .OrderByDescending(pair => pair.Value.Count)
                    .Take(Math.Max(1, buffers.Count / 2))
                    .ToList()
            )
            {
                await FlushAsync(partition, fullest, cancellationToken);
            }
        }
    }

    /// <summary>Writes what is left and moves the rows that the body no longer has to history.</summary>
    /// <param name="mayRemove">False when the body had rows that could not be understood: one of them may be the one
    /// that is not there.</param>
    /// <param name="cancellationToken">Stops the merge.</param>
    public async Task<MergeResult> CompleteAsync(bool mayRemove, CancellationToken cancellationToken)
    {
        foreach (var (partition, buffer) in buffers.ToList())
            await FlushAsync(partition, buffer, cancellationToken);
        var unseen = known?.Unseen.ToList() ?? [];
        if (mayRemove)
        {
            foreach (var partition in unseen.GroupBy(key => key.Partition, key => key.Row))
            {
                foreach (var rows in partition.Chunk(BatchSize))
                    await StartAsync(() => RemoveAsync(partition.Key, rows, cancellationToken), cancellationToken);
            }
        }

        await Task.WhenAll(running);
        return new MergeResult(
            added,
            changed,
            unchanged,
            written,
            removed,
            outOfPolicy,
            conflicts,
            unseen.Count - removed
        );
    }

    /// <summary>
    /// Waits for what is under way, so that a merge that failed writes nothing after its step has ended.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAny(Task.WhenAll(running));
        slots.Dispose();
    }

    private async Task FlushAsync(string partition, List<Candidate> buffer, CancellationToken cancellationToken)
    {
        buffers.Remove(partition);
        buffered -= buffer.Count;
        if (buffer.Count > 0)
            await StartAsync(() => WriteAsync(partition, buffer, cancellationToken), cancellationToken);
    }

    private async Task StartAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        foreach (var done in running.Where(task => task.IsCompleted).ToList())
        {
            running.Remove(done);
            // A batch that failed ends the merge here; nothing is lost, the step is run again.
            await done;
        }
        await slots.WaitAsync(cancellationToken);
        running.Add(RunAsync());

        async Task RunAsync()
        {
            try
            {
                await work();
            }
            finally
            {
                slots.Release();
            }
        }
    }

    private async Task WriteAsync(string partition, List<Candidate> candidates, CancellationToken cancellationToken)
    {
        var current = await ReadChangedAsync(partition, candidates, cancellationToken);
        var met = new MetHistory();
        for (var attempt = 0; ; attempt++)
        {
            var batch = new MergeBatch(table, run, inPolicy, met);
            foreach (var (row, _) in candidates)
                batch.Put(row, current.GetValueOrDefault(row.RowKey));
            if (await TryWriteAsync(batch, met, attempt, cancellationToken))
            {
                Interlocked.Add(ref added, batch.Added);
                foreach (var row in batch.Replaced)
                    Tally(true, row.Revision);
                Interlocked.Add(ref outOfPolicy, batch.OutOfPolicy);
                foreach (var (mine, revision) in batch.Untouched)
                    Tally(mine, revision);
                return;
            }
            // This run wrote at least one of these rows before it was interrupted, or a worker did that has lost its
            // lease: look at what is there and decide again.
            await MeetAsync();
            current = await ReadRangeAsync(
                partition,
                [.. candidates.Select(candidate => candidate.Row.RowKey)],
                cancellationToken
            );
        }
    }

    /// <summary>Another worker was at the same rows.</summary>
    private async Task MeetAsync()
    {
        Interlocked.Increment(ref conflicts);
        await others.ConfirmAsync();
    }

    /// <summary>Writes a batch: false when rows are not as they were read.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="met">What history was found to have already.</param>
    /// <param name="attempt">The number of the attempt, from 0.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    private async Task<bool> TryWriteAsync(
        MergeBatch batch,
        MetHistory met,
        int attempt,
        CancellationToken cancellationToken
    )
    {
        try
        {
            if (batch.Ends.Count > 0)
                await history.SubmitTransactionAsync(batch.Ends.Select(Write), cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && attempt < MaxConflicts)
        {
            await FenceAsync(batch.Ends, met, cancellationToken);
            return false;
        }
        if (batch.Facts.Count == 0)
            return true;
        try
        {
            await facts.SubmitTransactionAsync(batch.Facts, cancellationToken);
            Interlocked.Add(ref written, batch.Facts.Count);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && attempt < MaxConflicts)
        {
            return false;
        }

        TableTransactionAction Write(Ending end) =>
            met.Present.TryGetValue(end.Row.RowKey, out var version)
                ? new TableTransactionAction(TableTransactionActionType.UpdateReplace, end.Row, version)
                : new TableTransactionAction(TableTransactionActionType.Add, end.Row);
    }

    /// <summary>
    /// History says of some of these versions already that they ended: this run wrote that before it was interrupted,
    /// or a worker that has lost its lease. Such a worker must not change the facts any more before its words are
    /// replaced.
    /// </summary>
    private async Task FenceAsync(List<Ending> ends, MetHistory met, CancellationToken cancellationToken)
    {
        await others.ConfirmAsync();
        met.Present.Clear();
        foreach (var (_, row) in ends)
        {
            var found = await history.GetEntityIfExistsAsync<HistoryRow>(
                row.PartitionKey,
                row.RowKey,
                ["PartitionKey", "RowKey", "RunId"],
                cancellationToken
            );
            if (!found.HasValue)
                continue;
            var runId = found.Value!.RunId;
            if (runId != run.RunId && await others.HasEndedAsync(runId))
                met.Ended.Add(row.RowKey);
            else
                met.Present.Add(row.RowKey, found.Value.ETag);
        }
        try
        {
            await facts.SubmitTransactionAsync(
                ends.Select(end => UnfinishedHistory.Fence(end.Fact)),
                cancellationToken
            );
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // One of the rows was changed: all are read again either way.
        }
    }

    /// <summary>The old versions of the rows that the body changes; rows it adds are not looked for.</summary>
    private async Task<Dictionary<string, FactRow>> ReadChangedAsync(
        string partition,
        List<Candidate> candidates,
        CancellationToken cancellationToken
    )
    {
        var (keys, first, last) = (new List<string>(), int.MaxValue, int.MinValue);
        foreach (var (row, before) in candidates)
        {
            if (before is not { } present)
                continue;
            keys.Add(row.RowKey);
            (first, last) = (Math.Min(first, present.Place), Math.Max(last, present.Place));
        }
        if (keys.Count > PointReads && last - first < keys.Count * FarApart)
            return await ReadRangeAsync(partition, keys, cancellationToken);
        var rows = new Dictionary<string, FactRow>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            if (await table.GetAsync(facts, partition, key, cancellationToken) is { } row)
                rows.Add(key, row);
        }

        return rows;
    }

    private async Task<Dictionary<string, FactRow>> ReadRangeAsync(
        string partition,
        List<string> keys,
        CancellationToken cancellationToken
    )
    {
        keys.Sort(StringComparer.Ordinal);
        var wanted = keys.ToHashSet(StringComparer.Ordinal);
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey ge {keys[0]} and RowKey le {keys[^1]}"
        );
        var rows = new Dictionary<string, FactRow>(StringComparer.Ordinal);
        await foreach (var row in table.QueryAsync(facts, filter, null, cancellationToken))
        {
            if (wanted.Contains(row.RowKey))
                rows.Add(row.RowKey, row);
        }

        return rows;
    }

    private async Task RemoveAsync(string partition, string[] keys, CancellationToken cancellationToken)
    {
        var met = new MetHistory();
        for (var attempt = 0; ; attempt++)
        {
            var batch = new MergeBatch(table, run, inPolicy, met);
            foreach (var row in (await ReadRangeAsync(partition, [.. keys], cancellationToken)).Values)
                batch.Remove(row);
            if (await TryWriteAsync(batch, met, attempt, cancellationToken))
            {
                Interlocked.Add(ref removed, batch.Facts.Count);
                Interlocked.Add(ref outOfPolicy, batch.OutOfPolicy);
                return;
            }
            await MeetAsync();
        }
    }

    private void Tally(bool mine, int revision)
    {
        if (!mine)
            Interlocked.Increment(ref unchanged);
        else if (revision == 0)
            Interlocked.Increment(ref added);
        else
            Interlocked.Increment(ref changed);
    }
}
