using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Loads a checked body: rows, history, gaps and rejects, and at last the ledger. A load that was interrupted is begun
/// again and writes the same.
/// </summary>
public sealed class BodyLoad(
    SourceCatalog sources,
    SliceRecords records,
    FactStore facts,
    BodyJudge judge,
    NextSteps next,
    TimeProvider time,
    ILogger<BodyLoad> logger
)
{
    /// <summary>Loads a body under the lease of its slice.</summary>
    /// <param name="body">The body.</param>
    /// <param name="before">The slice before.</param>
    /// <param name="reading">Why it is read.</param>
    /// <param name="lease">The lease of the slice.</param>
    internal async Task RunAsync(CheckedBody body, SliceRow before, Reading reading, SliceLease lease)
    {
        var (name, parser, cancellationToken) = (body.Name, body.Parser, lease.Token);
        var slice = name.Slice;
        var (rows, history) = (await facts.OpenAsync(parser.Table), await facts.OpenHistoryAsync());
        // What an interrupted load left in history comes out before another one, or the same, begins.
        if (before.Loading is { } unfinished)
        {
            await new UnfinishedHistory(parser.Table, rows, history).RemoveAsync(
                parser.Scope,
                unfinished.RunId,
                cancellationToken
            );
        }
        await SettleOlderAsync(name, before, reading.IsReplay, cancellationToken);
        var begun = await records.Slices.ApplyAsync(slice, new LoadStarted(name, body.JudgedBy), cancellationToken);
        if (begun.Loading != name)
        {
            await lease.ConfirmAsync();
            throw new InvalidOperationException(
                $"{slice}: seen a load of the body of {begun.Vintage:O}, expected none newer than {name.Vintage:O}; "
                    + "the message comes back"
            );
        }
        // The run of a body whose rows are restored as they were judged has ended, and stays as it ended.
        var isAsBefore = reading.WasLoaded && before.Loaded?.Body == name && body.Known.LoadingSince is null;
        var run = isAsBefore
            ? body.Known
            : await AdvanceAsync(
                body.Known,
                body.Run with
                {
                    State = RunState.Loading,
                    LoadingSince = time.GetUtcNow(),
                    EndedAt = time.GetUtcNow(),
                }
            );
        var known = await KnownAsync(body, before, reading.IsReplay, lease);
        var into = new MergeRun(slice.Source, slice.Dataset, name.Vintage, name.Blob, name.RunId, reading.IsReplay);
        var (merged, rejected, check) = await MergeAsync(body, (rows, history), into, known, lease);
        var counts = new RowCounts(
            check.Read,
            merged.Added,
            merged.Changed,
            merged.Unchanged,
            check.Excluded,
            check.Missing,
            check.Rejected
        );
        var now = time.GetUtcNow();
        var loaded = run with
        {
            State = RunState.Loaded,
            Counts = counts,
            LoadedAt = now,
            LoadingSince = null,
            EndedAt = now,
        };
        if (!counts.AddUp)
        {
            // A fault of the program. The counts are kept, so that the operator sees it in the ledger.
            var words = $"{slice}: the ledger does not add up: {counts}";
            await AdvanceAsync(run, loaded with { State = RunState.StepFailed, Error = words });
            throw new InvalidOperationException(words);
        }
        if (isAsBefore)
        {
            // Another worker may have loaded a newer body since: what this one has written over it is put right.
            await lease.ConfirmAsync();
        }
        else
        {
            await AdvanceAsync(run, loaded);
        }
        await next.SendAsync(new CompleteRunMessage(slice.Id, name.Blob, reading.AcceptId), cancellationToken);
        await records.Slices.ApplyAsync(
            slice,
            new LoadFinished(
                Loaded(body, check, before, merged, knew: known is not null) with
                {
                    // A row may have several reasons against it.
                    Error =
                        rejected.Count == 0
                            ? ""
                            : $"{check.Rejected} {(check.Rejected == 1 ? "row" : "rows")} rejected, "
                                + $"the first: {rejected[0]}",
                    JudgedBy = body.JudgedBy,
                },
                // A body with rejects is asked for again by the next plan: the publisher may have corrected it.
                check.Rejected > 0
                    ? null
                    : sources.NextDue(slice, check.Newest, time.GetUtcNow())
            ),
            cancellationToken
        );
        Report(slice, counts, merged);

        Task<RunRow> AdvanceAsync(RunRow from, RunRow to) =>
            records.Runs.AdvanceAsync(from, to, lease.ConfirmAsync, cancellationToken);
    }

    /// <summary>
    /// What the table holds as the load begins: what was read for the checks, unless another load was interrupted, or
    /// the table may differ from what the ledger says. Null before the first load.
    /// </summary>
    private async Task<Known?> KnownAsync(CheckedBody body, SliceRow before, bool isReplay, SliceLease lease)
    {
        if (before.Vintage is null)
            return null;
        if (isReplay || before.Loading is not null || body.Existing is not { } existing)
        {
            var read = await judge.ReadKnownAsync(body.Parser, before, isReplay, lease.Token);
            // Rows that another worker has removed for a newer body since must not be missed and inserted again.
            await lease.ConfirmAsync();
            return read;
        }
        existing.Forget();
        return existing;
    }

    private async Task<(MergeResult Merged, List<Finding> Rejected, BodyCheck Check)> MergeAsync(
        CheckedBody body,
        (Azure.Data.Tables.TableClient Rows, Azure.Data.Tables.TableClient History) tables,
        MergeRun into,
        Known? known,
        SliceLease lease
    )
    {
        var (name, parser, cancellationToken) = (body.Name, body.Parser, lease.Token);
        var removes = parser.Scope.Coverage != Coverage.Adds;
        var missing = new List<MissingRow>();
        // What a body that adds rows does not cover is as open as before.
        var covered = removes ? null : new HashSet<string>(StringComparer.Ordinal);
        var filter = new LeftOutFilter(body);
        var rejected = new List<Finding>();
        await using var merge = new Merge(
            parser.Table,
            tables.Rows,
            tables.History,
            into,
            known,
            row => parser.InPolicy(row, name.Vintage),
            new MergeOthers(lease.ConfirmAsync, runId => HasEndedAsync(name.Slice, runId, cancellationToken))
        );
        await parser.ParseAsync(body.Stored.Rewind(), TakeAsync, cancellationToken);
        var check = filter.Counted();
        var merged = await merge.CompleteAsync(mayRemove: check.Rejected == 0 && removes, cancellationToken);
        await records.Gaps.ReplaceAsync(
            parser.Table,
            covered is null ? parser.Scope : parser.Scope with { Owns = IsGapCovered },
            missing,
            known is not null,
            name.RunId,
            cancellationToken
        );
        await records.Rejects.PutAsync(body.Run, name.Blob, rows: rejected, body: [], cancellationToken);
        await records.Rejects.CloseAsync(
            name.Slice,
            name,
            rejected,
            // What is compared with other slices is asked and closed by that comparison.
            place =>
                !SliceComparison.IsFromComparison(place)
                && (covered?.Contains(place) != false || !RejectBook.IsFigure(parser.Table, place)),
            cancellationToken
        );
        return (merged, rejected, check);

        async ValueTask TakeAsync(RowBatch batch)
        {
            rejected.AddRange(filter.Totals(batch));
            foreach (var row in batch.Rows)
            {
                covered?.Add(Place(row.PartitionKey, row.RowKey));
                if (filter.Reasons(row) is { } reasons)
                {
                    // The row of the table stays, and counts as one that is left: with rejects no row is removed.
                    rejected.AddRange(reasons);
                }
                else
                {
                    await merge.AddAsync(row, cancellationToken);
                }
            }
            foreach (var row in batch.Missing)
                covered?.Add(Place(row.PartitionKey, row.RowKey));
            missing.AddRange(batch.Missing);
            missing.AddRange(batch.Gaps);
            rejected.AddRange(batch.Rejected);
        }

        // A gap has the key of its row, or that and the name of the column.
        bool IsGapCovered(string partition, string row) =>
            covered!.Contains(Place(partition, row))
            || covered.Contains(Place(partition, row[..Math.Max(0, row.LastIndexOf('|'))]));

        string Place(string partition, string row) => FigureFinding.Where(parser.Table, partition, row);
    }

    /// <summary>Whether the last load of a run came to its end.</summary>
    private async Task<bool> HasEndedAsync(Slice slice, string runId, CancellationToken cancellationToken)
    {
        var bodies = await records.Bodies.ListAsync(slice, cancellationToken);
        return bodies.FirstOrDefault(body => body.RunId == runId) is { } body
            && await records.Runs.GetAsync(RunRow.Of(body), cancellationToken)
                is { LoadedAt: not null, LoadingSince: null };
    }

    private static LoadedBody Loaded(CheckedBody body, BodyCheck check, SliceRow before, MergeResult merged, bool knew)
    {
        var changedAt = before.Loaded?.LastChanged;
        // Of rows that an interrupted load removed nothing is known.
        var hasChanged = before.Loading is not null || merged.Written > 0;
        if (hasChanged && !(changedAt >= body.Name.Vintage))
            changedAt = body.Name.Vintage;
        // A replay has corrected rows, perhaps before it was interrupted. What depends on them is derived again.
        else if (hasChanged)
            changedAt = changedAt?.AddTicks(1);
        return new LoadedBody(body.Name, body.Stored.Sha256, check.Kept)
        {
            // A first load that found rows it did not expect may not have found all.
            InTable = !knew && merged.Added < check.Kept ? null : check.Kept + merged.Left,
            Newest = check.Newest ?? "",
            LastChanged = changedAt,
        };
    }

    /// <summary>Runs of bodies before this one that were not brought to their end never will be.</summary>
    private async Task SettleOlderAsync(
        RawName name,
        SliceRow before,
        bool isReplay,
        CancellationToken cancellationToken
    )
    {
        foreach (var older in await records.Bodies.ListAsync(name.Slice, cancellationToken))
        {
            // Runs before the loaded body were settled by its load. Before a replay a worker that had lost its lease
            // may have begun one since.
            if ((older.Vintage < before.Vintage && !isReplay) || older.Vintage >= name.Vintage)
                continue;
            await records.Runs.UpdateAsync(
                RunRow.Of(older),
                run =>
                    run?.State.IsUnderWay() == true
                        ? run with
                        {
                            State = RunState.Superseded,
                            EndedAt = time.GetUtcNow(),
                        }
                        : null,
                cancellationToken
            );
        }
    }

    private void Report(Slice slice, RowCounts counts, MergeResult merged)
    {
        logger.LogInformation(
            "{Slice}: {Read} rows read: {Added} added, {Changed} changed, {Unchanged} unchanged, {Excluded} "
                + "excluded, {Missing} missing, {Rejected} rejected; {Removed} removed",
            slice,
            counts.Read,
            counts.Added,
            counts.Changed,
            counts.Unchanged,
            counts.Excluded,
            counts.Missing,
            counts.Rejected,
            merged.Removed
        );
        if (merged.OutOfPolicy > 0)
        {
            logger.LogWarning(
                "{Slice}: {Count} changes outside the publisher's revision window; see InPolicy in history",
                slice,
                merged.OutOfPolicy
            );
        }

        if (merged.Conflicts > 0)
        {
            logger.LogInformation(
                "{Slice}: {Conflicts} batches met rows that an interrupted load or a worker without its lease had "
                    + "written, and were decided again",
                slice,
                merged.Conflicts
            );
        }
    }
}
