using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 3: reads a stored body twice: first to check it as a whole, then to merge its rows into the table by
/// difference. A body that fails the check changes nothing.
/// </summary>
public sealed class Normalize(
    SourceCatalog sources,
    SliceRecords records,
    FactStore facts,
    NextSteps next,
    Judgement judgement,
    TimeProvider time,
    ILogger<Normalize> logger
)
{
    /// <summary>
    /// So many newer bodies may come while one is sought that is to be loaded once more. More is a fault of
    /// the service.
    /// </summary>
    private const int MaxOvertaken = 20;

    /// <summary>Normalises the body of a message.</summary>
    public async Task RunAsync(NormalizeMessage message, CancellationToken cancellationToken)
    {
        for (var asked = 0; asked < MaxOvertaken; asked++)
        {
            if (await TryAsync(message, cancellationToken))
                return;
            logger.LogInformation(
                "{Slice}: another body was loaded while this one was checked; it is checked again",
                message.Slice
            );
        }

        throw new InvalidOperationException(
            $"{message.Slice}: {MaxOvertaken} times another body was loaded while {message.RawBlob} was checked; the "
                + "message comes back, and the body is checked again"
        );
    }

    /// <summary>Checks a body and loads it.</summary>
    /// <returns>False, and nothing but an operator's word is written, if the table that the body was held against has
    /// changed meanwhile.</returns>
    private async Task<bool> TryAsync(NormalizeMessage message, CancellationToken cancellationToken)
    {
        var slice = Messages.SliceOf(message.Slice, Names.NormalizeQueue);
        var name = Messages.BodyOf(message.RawBlob, slice, Names.NormalizeQueue);
        var key = new RunRow(name.RunId, slice, name.Vintage);
        var run = (await records.Runs.GetAsync(key, cancellationToken) ?? key) with { Step = nameof(Normalize) };
        if (run.StartedAt == default)
            run = run with { StartedAt = time.GetUtcNow() };
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        if (before.Vintage > name.Vintage)
        {
            await SupersededAsync(before, run, cancellationToken);
            return true;
        }
        var context = judgement.Context(slice, name.Vintage);
        var judgedBy = await judgement.HashAsync(slice, context, cancellationToken);
        if (
            !message.Replay
            && run.State == SliceState.Refused
            && before.JudgedBy == judgedBy
            && SliceState.AtRest(before.State)
        )
        {
            logger.LogInformation("{Slice}: {Blob} was refused already", slice, name.Blob);
            return true;
        }
        // Read once more, it may be fine.
        if (run.State == SliceState.Refused)
            run = run with { Error = "" };
        if (
            !message.Replay
            && before.Vintage == name.Vintage
            && before.Sha256.StartsWith(name.Sha12, StringComparison.Ordinal)
        )
        {
            if (before.State == SliceState.Merged || run.State != SliceState.Done)
                await next.PublishAsync(new PublishMessage(slice.Id, name.Blob), cancellationToken);
            logger.LogInformation("{Slice}: {Blob} is loaded already", slice, name.Blob);
            return true;
        }
        var reader = await sources[slice.Source].ReaderAsync(slice, context, cancellationToken);
        var stored = await records.Bodies.OpenAsync(name, cancellationToken);
        var check = await BodyCheck.OfAsync(reader, stored.ReadAsync, cancellationToken);
        // A load that was begun is finished. The comparisons with the table let the body pass before its first row was
        // written; by now the table holds a part of it, so that they would judge differently. So did the checks of the
        // body by itself: the lists they rest on may have been changed since. What cannot be read is refused all the
        // same.
        var isBegun = before.Vintage == name.Vintage && before.IsHalfLoaded;
        // The run is set to running after what it leaves out was written to rejects. Of an earlier load it may be over:
        // then it tells something of a body only that is read once more as it was loaded.
        var isWriting = run.State == RunState.Running || (message.Reload && IsOver(run));
        var progress =
            !isBegun ? LoadProgress.None
            : isWriting ? LoadProgress.Writing
            : LoadProgress.Claimed;
        var word = new OperatorWord(
            message,
            await records.Rejects.AcceptedAsync(slice, cancellationToken),
            isBegun || message is { Accept: true, Reload: false }
                ? await records.Rejects.OfRunAsync(key, cancellationToken)
                : [],
            progress
        );
        if (check.Unreadable is { } unfit)
        {
            await RefuseAsync(name, run, (stored.From, judgedBy), check, [unfit], [], cancellationToken);
            return true;
        }
        if (BodyComparison.NothingWanted(check, reader) is { } foreign)
        {
            await RefuseAsync(name, run, (stored.From, judgedBy), check, [foreign], [], cancellationToken);
            return true;
        }
        var existing = await ExistingAsync(check, before, reader, cancellationToken);
        var review = await ReviewAsync(name, reader, existing, stored, cancellationToken);
        // All are asked together, so that a word about one holds for no other that is found only after it.
        var refusals = isBegun ? [] : check.Judgements.Where(finding => !word.AcceptsJudgement(finding)).ToList();
        var rejected = new List<Finding>();
        if (!isBegun)
        {
            var lacks = await BodyComparison.LackingAsync(check, before, reader, existing, stored, cancellationToken);
            var spoiled = BodyComparison.Spoiled(name, check, before, reader);
            if (lacks.Count > 0 || spoiled is not null)
            {
                // What could not be understood may be why rows are lacking: it is said too.
                rejected = await BodyComparison.RejectedAsync(check, reader, stored, cancellationToken);
            }
            refusals.AddRange(lacks.Where(finding => !word.AcceptsAgainstTable(finding)));
            if (spoiled is not null && word.AcceptsSpoiled(spoiled, rejected, check.Rejected))
                rejected = [];
            else if (spoiled is not null)
                refusals.Add(spoiled);
            refusals.AddRange(review.Refusals.Where(finding => !word.AcceptsAgainstTable(finding)));
        }
        var flagged = Flagged(review, word.Remembers);
        var many = isBegun ? null : BodyComparison.Unbelievable(name, check, flagged, before, reader);
        if (many is null || !word.AcceptsAll(many, review.Reasons.Values.SelectMany(reasons => reasons)))
        {
            flagged = Flagged(review, word.Accepts);
            many = isBegun ? null : BodyComparison.Unbelievable(name, check, flagged, before, reader);
            if (many is not null)
                refusals.Add(many);
        }
        else
        {
            flagged = [];
        }
        var excluded = review.Excluded.Where(finding => !word.Accepts(finding)).ToList();
        if (refusals.Count > 0)
        {
            // What was accepted now stays so: the next word is about the rest.
            await records.Rejects.AcceptAsync(run, name.Blob, word.Spoken, cancellationToken);
            rejected.AddRange(flagged.Values.Take(BodyComparison.MaxRejectedOfRefused).SelectMany(reasons => reasons));
            rejected.AddRange(excluded.Take(BodyComparison.MaxRejectedOfRefused));
            await RefuseAsync(name, run, (stored.From, judgedBy), check, refusals, rejected, cancellationToken);
            return true;
        }
        // What an operator has said is right is remembered by place and value: the next body does not ask again.
        await records.Rejects.AcceptAsync(run, name.Blob, word.Spoken, cancellationToken);
        if (word.Note is { Length: > 0 } note)
            run = run with { Error = note };
        check = check with
        {
            Kept = check.Kept - flagged.Count,
            Excluded = check.Excluded - excluded.Count,
            Rejected = check.Rejected + flagged.Count + excluded.Count,
            // A row that is not loaded does not make the table newer: it would hide that the source is late.
            Newest = flagged.Count == 0 ? check.Newest : review.NewestWithout(flagged.Keys),
        };
        return await MergeAsync(
            name,
            run,
            check,
            reader,
            (existing, before),
            (flagged, excluded),
            stored,
            message,
            cancellationToken
        );
    }

    private static bool IsOver(RunRow run) => run.State is SliceState.Merged or SliceState.Done;

    /// <summary>Rows with reasons against them that are not accepted, and all these reasons.</summary>
    private static Dictionary<(string, string), List<Finding>> Flagged(
        FigureFindings review,
        Func<Finding, bool> accepts
    ) =>
        review
            .Reasons.Select(row => (row.Key, Open: row.Value.Where(reason => !accepts(reason)).ToList()))
            .Where(row => row.Open.Count > 0)
            .ToDictionary(row => row.Key, row => row.Open);

    /// <summary>
    /// What the table has of the slice, where the body is to be compared with it; null where it is not.
    /// </summary>
    private async Task<Known?> ExistingAsync(
        BodyCheck check,
        SliceRow before,
        ISliceReader reader,
        CancellationToken cancellationToken
    ) =>
        before.WasLoaded
        && (reader.Scope.Coverage == Coverage.Vintage || reader.Table.CreateRow().FigureColumns.Count > 0)
            ? await KnownAsync(reader, check, before, mayDiffer: false, cancellationToken)
            : null;

    /// <summary>Holds the figures of the body against each other and against the table.</summary>
    private async Task<FigureFindings> ReviewAsync(
        RawName name,
        ISliceReader reader,
        Known? existing,
        RawBody stored,
        CancellationToken cancellationToken
    )
    {
        if (reader.Figures is null && existing is null)
            return FigureFindings.None;
        var review = new FigureReview(
            reader,
            existing is null ? null : new ExistingFigures(existing),
            new StoredFigures(facts, records.Rejects, name.Slice.Source, name.Vintage)
        );
        var found = await review.RunAsync(stored.ReadAsync, cancellationToken);
        if (reader.Figures?.Spikes is not null)
        {
            logger.LogInformation(
                "{Slice}: {Covered} of {Figures} figures have neighbours to be compared with; {Flagged} stand out",
                name.Slice,
                found.Covered,
                found.Figures,
                found.Flagged.Count
            );
        }

        return found;
    }

    /// <summary>What the table holds of the slice.</summary>
    /// <param name="reader">The slice's reader.</param>
    /// <param name="check">What the reader has said of the body.</param>
    /// <param name="before">The slice before the body was claimed for it.</param>
    /// <param name="mayDiffer">Whether the table may have other rows than it should.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    private async Task<Known> KnownAsync(
        ISliceReader reader,
        BodyCheck check,
        SliceRow before,
        bool mayDiffer,
        CancellationToken cancellationToken
    )
    {
        (IReadOnlyCollection<string>, long)? expected = null;
        // Partitions that this body does not speak of are missed by their rows; it must be known how many there are.
        if (
            check.Partitions is { } partitions
            && !mayDiffer
            && !before.IsHalfLoaded
            && before.InTable != SliceRow.NotKnown
            && (
                reader.Table.PaysByPartition(partitions.Count, before.InTable)
                || reader.Table.PaysByPartition(
                    partitions.Count,
                    await records.Slices.RowsAsync(before.Slice.Source, cancellationToken)
                )
            )
        )
        {
            expected = (partitions, before.InTable);
        }

        return await Known.ReadAsync(facts, reader.Table, reader.Scope, expected, cancellationToken);
    }

    /// <summary>
    /// What the table holds at the moment of the claim: what was read for the review, as long as no other load of the
    /// slice was under way or has begun since.
    /// </summary>
    private async Task<Known> KnownAsync(
        ISliceReader reader,
        BodyCheck check,
        SliceRow before,
        (Known? Rows, SliceRow Slice) existing,
        bool replay,
        CancellationToken cancellationToken
    )
    {
        if (replay || before.IsHalfLoaded || before.Version != existing.Slice.Version || existing.Rows is not { } rows)
            return await KnownAsync(reader, check, before, replay, cancellationToken);
        rows.Forget();
        return rows;
    }

    /// <summary>Loads a body that has passed its checks.</summary>
    /// <returns>False, and nothing is written, if another body was loaded since the checks.</returns>
    private async Task<bool> MergeAsync(
        RawName name,
        RunRow run,
        BodyCheck check,
        ISliceReader reader,
        (Known? Rows, SliceRow Slice) existing,
        (Dictionary<(string, string), List<Finding>> Rows, List<Finding> Excluded) flagged,
        RawBody stored,
        NormalizeMessage message,
        CancellationToken cancellationToken
    )
    {
        var slice = name.Slice;
        var replay = message.Replay;
        await SettleOlderAsync(name, cancellationToken);
        // The claim: from here on no older body may be loaded, and no body is known to be in the table as a whole.
        // The table must be the one that the body was held against.
        var isOther = false;
        var (before, claimed) = await records.Slices.UpdateAsync(
            slice,
            row =>
                row.Vintage > name.Vintage || (isOther = !HasSameRows(row, existing.Slice))
                    ? null
                    : row with
                    {
                        State = SliceState.Merging,
                        Vintage = name.Vintage,
                        Sha256 = "",
                    },
            cancellationToken
        );
        if (claimed.Vintage > name.Vintage)
        {
            await SupersededAsync(claimed, run, cancellationToken);
            return true;
        }
        if (isOther)
            return false;
        var known = before.WasLoaded
            ? await KnownAsync(reader, check, before, existing, replay, cancellationToken)
            : null;
        // Rows that a newer body has removed since would be put back: what is known of the table must be older than
        // such a body's claim.
        var now = await records.Slices.GetAsync(slice, cancellationToken);
        var removes = reader.Scope.Coverage != Coverage.Adds;
        if (removes && now.Vintage > name.Vintage)
        {
            await SupersededAsync(now, run, cancellationToken);
            return true;
        }
        if (!replay && now.Sha256.Length > 0)
        {
            if (now.State == SliceState.Merged)
                await next.PublishAsync(new PublishMessage(slice.Id, name.Blob), cancellationToken);
            logger.LogInformation("{Slice}: {Blob} has been loaded meanwhile", slice, name.Blob);
            return true;
        }
        // What stays out is shown before the first row is written: a load that goes on must leave it out, too.
        await records.Rejects.PutAsync(
            run,
            name.Blob,
            [.. flagged.Rows.Values.SelectMany(reasons => reasons), .. flagged.Excluded],
            cancellationToken
        );
        // Only the state: a copy of this message may have written its counts since the run was read.
        await records.Runs.UpdateAsync(
            run,
            present =>
                (present ?? run) with
                {
                    Step = run.Step,
                    StartedAt = run.StartedAt,
                    State = UnlessSettled(present, RunState.Running),
                    EndedAt = time.GetUtcNow(),
                },
            cancellationToken
        );
        var (rows, history) = (await facts.OpenAsync(reader.Table), await facts.OpenHistoryAsync());
        var into = new MergeRun(slice.Source, slice.Dataset, name.Vintage, name.Blob, name.RunId, replay);
        await using var merge = new Merge(
            reader.Table,
            rows,
            history,
            into,
            known,
            row => reader.InPolicy(row, name.Vintage),
            async token => !removes || (await records.Slices.GetAsync(slice, token)).Vintage <= name.Vintage
        );
        var missing = new List<MissingRow>();
        // What a body that adds rows does not cover is as open as before.
        var covered = removes ? null : new HashSet<string>(StringComparer.Ordinal);
        var rejected = new List<Finding>(flagged.Excluded);
        await using (var body = await stored.ReadAsync(cancellationToken))
        {
            await foreach (var batch in reader.ReadAsync(body, cancellationToken))
            {
                foreach (var row in batch.Rows)
                {
                    covered?.Add(FigureFinding.Where(reader.Table, row.PartitionKey, row.RowKey));
                    if (
                        flagged.Rows.Count > 0
                        && flagged.Rows.TryGetValue((row.PartitionKey, row.RowKey), out var reasons)
                    )
                    {
                        // The row of the table stays, and counts as one that is left: with rejects no row is removed.
                        rejected.AddRange(reasons);
                        batch.GiveBack(row);
                    }
                    else if (!await merge.AddAsync(row, cancellationToken))
                    {
                        batch.GiveBack(row);
                    }
                }
                missing.AddRange(batch.Missing);
                missing.AddRange(batch.Gaps);
                rejected.AddRange(batch.Rejected);
            }
        }

        var merged = await merge.CompleteAsync(mayRemove: check.Rejected == 0 && removes, cancellationToken);
        if (!merged.Superseded)
        {
            // Another merge may have ended half way, or an older one come too late.
            if (before.IsHalfLoaded || replay)
            {
                await new UnfinishedHistory(reader.Table, rows, history).RepairAsync(
                    reader.Scope,
                    into,
                    cancellationToken
                );
            }

            await records.Gaps.ReplaceAsync(
                reader.Table,
                reader.Scope,
                missing,
                before.WasLoaded,
                name.RunId,
                cancellationToken
            );
            await records.Rejects.PutAsync(run, name.Blob, rejected, cancellationToken);
            await records.Rejects.CloseAsync(
                slice,
                name,
                rejected,
                // What is compared with other slices is asked and closed by that comparison.
                place =>
                    !SliceComparison.IsFromComparison(place)
                    && (covered?.Contains(place) != false || !RejectBook.IsFigure(reader.Table, place)),
                cancellationToken
            );
        }
        var counts = new RowCounts(
            check.Read,
            merged.Added,
            merged.Changed,
            merged.Unchanged,
            check.Excluded,
            check.Missing,
            check.Rejected
        );
        if (!counts.AddUp)
        {
            // A fault of the program. The counts are kept, so that the operator sees it in the ledger.
            var words = $"{slice}: the ledger does not add up: {counts}";
            await records.Runs.PutAsync(
                run with
                {
                    State = SliceState.Failed,
                    Counts = counts,
                    EndedAt = time.GetUtcNow(),
                    Error = words,
                },
                cancellationToken
            );
            throw new InvalidOperationException(words);
        }
        // What a late copy of the message found others to have done is not what the run did.
        await records.Runs.UpdateAsync(
            run,
            present =>
                merged.Superseded && present is { Counts.Read: > 0 }
                    ? null
                    : run with
                    {
                        State = UnlessSettled(present, SliceState.Merged),
                        Counts = counts,
                        EndedAt = time.GetUtcNow(),
                    },
            cancellationToken
        );
        await FinishAsync(
            name,
            stored.Sha256,
            run with
            {
                Counts = counts,
            },
            check,
            merged,
            knew: known is not null,
            rejected,
            message,
            cancellationToken
        );
        Report(slice, counts, merged);
        return true;
    }

    /// <summary>Whether the table has the rows of the same body, as far as the ledger knows.</summary>
    private static bool HasSameRows(SliceRow row, SliceRow other) =>
        row.Vintage == other.Vintage && row.Sha256 == other.Sha256 && row.LastChanged == other.LastChanged;

    /// <summary>
    /// The state of a run that goes on. One that a newer body has settled stays so: this may be a late copy of
    /// a message that is not delivered again.
    /// </summary>
    private static string UnlessSettled(RunRow? present, string state) =>
        present?.State == RunState.Superseded ? RunState.Superseded : state;

    private async Task FinishAsync(
        RawName name,
        string sha256,
        RunRow run,
        BodyCheck check,
        MergeResult merged,
        bool knew,
        List<Finding> rejected,
        NormalizeMessage message,
        CancellationToken cancellationToken
    )
    {
        // A first load that found rows it did not expect may not have found all.
        var inTable = !knew && merged.Added < check.Kept ? SliceRow.NotKnown : check.Kept + merged.Left;
        var (_, after) = await records.Slices.UpdateAsync(
            name.Slice,
            row =>
                row.Vintage != name.Vintage
                    ? null
                    : row with
                    {
                        State = SliceState.Merged,
                        Sha256 = sha256,
                        Rows = check.Kept,
                        Newest = check.Newest ?? "",
                        InTable = inTable,
                        LastChanged = LastChanged(row),
                        // A body with rejects is asked for again by the next plan: the publisher may have corrected it.
                        NextDue =
                            check.Rejected > 0
                                ? SliceRow.Never
                                : sources.NextDue(name.Slice, check.Newest, time.GetUtcNow()),
                        Attempts = 0,
                        // A row may have several reasons against it.
                        LastError =
                            rejected.Count == 0
                                ? ""
                                : $"{check.Rejected} {(check.Rejected == 1 ? "row" : "rows")} rejected, the first: "
                                    + $"{rejected[0]}",
                    },
            cancellationToken
        );
        if (after.Vintage == name.Vintage)
        {
            await next.PublishAsync(
                new PublishMessage(
                    name.Slice.Id,
                    name.Blob,
                    Accept: message is { Accept: true, Reload: false },
                    SpokenAt: message.SpokenAt
                ),
                cancellationToken
            );
        }
        else
        {
            await SupersededAsync(after, run, cancellationToken);
        }

        DateTimeOffset LastChanged(SliceRow row)
        {
            // A replay may have corrected rows, before or after it was interrupted. What depends on them is
            // checked again.
            // Of rows that this run removed before it was interrupted, only the number is known.
            var hasChanged =
                merged.Added + merged.Changed + merged.Removed > 0
                || (check.Rejected == 0 && row.Rows + merged.Added > check.Kept);
            if (!message.Replay)
                return hasChanged ? name.Vintage : row.LastChanged;
            return (hasChanged && name.Vintage > row.LastChanged ? name.Vintage : row.LastChanged).AddTicks(1);
        }
    }

    /// <summary>Runs of bodies before this one that were not brought to their end never will be.</summary>
    private async Task SettleOlderAsync(RawName name, CancellationToken cancellationToken)
    {
        var before = await records.Slices.GetAsync(name.Slice, cancellationToken);
        foreach (var older in await records.Bodies.ListAsync(name.Slice, cancellationToken))
        {
            if (older.Vintage >= before.Vintage && older.Vintage < name.Vintage)
            {
                await records.Runs.UpdateAsync(
                    new RunRow(older.RunId, older.Slice, older.Vintage),
                    run =>
                        run?.State is SliceState.Pulled or RunState.Running or SliceState.Merged
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
    }

    /// <summary>
    /// An older body comes after a newer one: it is not loaded. If it had begun to be, the newer one is loaded
    /// once more over it.
    /// </summary>
    private async Task SupersededAsync(SliceRow newer, RunRow run, CancellationToken cancellationToken)
    {
        // What it has left out is not asked about any more: the newer body is. Where bodies add rows, each has its own.
        if (sources[run.Slice.Source].Reader(run.Slice).Scope.Coverage != Coverage.Adds)
        {
            await records.Rejects.CloseAsync(run.Slice, (runId, _) => runId == run.RunId, cancellationToken);
        }
        var present = await records.Runs.GetAsync(run, cancellationToken);
        if (present?.State == SliceState.Refused)
        {
            logger.LogInformation(
                "{Slice}: the body of {Vintage:O} was refused before {Newer:O} was loaded; nothing to do",
                run.Slice,
                run.Vintage,
                newer.Vintage
            );
            return;
        }
        // First the repair: were the run marked before, no process would repair after a crash in between. Also after a
        // run that ended well: this may be the message of a copy that put rows back, and died.
        if (present is not null && present.Step != nameof(Pull))
            await HealAsync(newer, cancellationToken);
        await records.Runs.UpdateAsync(
            run,
            now =>
                now?.State == SliceState.Done
                    ? null
                    : (now ?? run with { Step = nameof(Pull) }) with
                    {
                        State = RunState.Superseded,
                        EndedAt = time.GetUtcNow(),
                    },
            cancellationToken
        );
        logger.LogInformation(
            "{Slice}: the body of {Vintage:O} is older than what is loaded ({Newer:O}); not loaded",
            run.Slice,
            run.Vintage,
            newer.Vintage
        );
    }

    private async Task HealAsync(SliceRow newer, CancellationToken cancellationToken)
    {
        var newest = newer;
        for (var asked = 0; asked < MaxOvertaken; asked++)
        {
            var bodies = await records.Bodies.ListAsync(newest.Slice, cancellationToken);
            var body = (
                await records.Runs.NewestAsync(bodies.Where(name => name.Vintage == newest.Vintage), cancellationToken)
            )?.Body
                ?? throw new InvalidOperationException(
                    $"{newest.Slice}: no raw body of {newest.Vintage:O}, which the table slices names; restore the "
                        + "blob or pull the slice again"
                );
            var (_, after) = await records.Slices.UpdateAsync(
                newest.Slice,
                row => row.Vintage == newest.Vintage ? row with { State = SliceState.Merging, Sha256 = "" } : null,
                cancellationToken
            );
            if (after.Vintage == newest.Vintage)
            {
                // To be read although its run may end before the message comes, and be over: rows that it has looked at
                // and left may have been changed since. It was found to be fine when it was begun; the rows it lacks
                // now are those of the older body.
                await next.NormalizeAsync(
                    new NormalizeMessage(newest.Slice.Id, body.Blob, Replay: true, Accept: true, Reload: true),
                    cancellationToken
                );
                return;
            }
            // A newer one still came meanwhile. It may have looked at rows before they were changed here.
            newest = after;
        }
        throw new InvalidOperationException(
            $"{newest.Slice}: {MaxOvertaken} newer bodies came one after the other while the newest was sought, to "
                + "be loaded once more; the message comes back, and it is sought again"
        );
    }

    private async Task RefuseAsync(
        RawName name,
        RunRow run,
        (string Asked, string By) judged,
        BodyCheck check,
        List<Finding> refusals,
        List<Finding> rejected,
        CancellationToken cancellationToken
    )
    {
        var words =
            $"{name.Slice} {CheckFindings.InWords(refusals)}"
            + $"{(rejected.Count == 0 ? "" : $"; the first row rejected: {rejected[0]}")}"
            + $"{(judged.Asked.Length == 0 ? "" : $"; asked: {judged.Asked}")}";
        List<Finding> open = [.. refusals, .. rejected];
        await records.Rejects.PutAsync(run, name.Blob, open, cancellationToken);
        // Refused again, it has what is found now. A loaded body also keeps open what its load left out.
        var isLoaded = (await records.Slices.GetAsync(name.Slice, cancellationToken)).Vintage == name.Vintage;
        var places = open.Select(finding => finding.Where).ToHashSet(StringComparer.Ordinal);
        var keys = open.Select(RejectBook.Key).ToHashSet();
        await records.Rejects.CloseAsync(
            name.Slice,
            (runId, finding) =>
                runId == name.RunId
                && !keys.Contains(RejectBook.Key(finding))
                && (!isLoaded || places.Contains(finding.Where)),
            cancellationToken
        );
        // Refused as a whole: every row that would have been kept counts as rejected.
        var counts = new RowCounts(
            check.Read,
            0,
            0,
            0,
            check.Excluded,
            check.Missing,
            check.Read - check.Excluded - check.Missing
        );
        await records.Runs.PutAsync(
            run with
            {
                State = SliceState.Refused,
                Counts = counts,
                EndedAt = time.GetUtcNow(),
                Error = words,
            },
            cancellationToken
        );
        var (_, after) = await records.Slices.UpdateAsync(
            name.Slice,
            row =>
            {
                if (row.Vintage > name.Vintage)
                    return null;
                // Refused once more by a replay: the source was not asked again.
                var attempts = row.State == SliceState.Refused ? row.Attempts : row.Attempts + 1;
                return row.DueAtEveryPlan(time.GetUtcNow()) with
                {
                    State = row.IsHalfLoaded ? SliceState.Merging : SliceState.Refused,
                    Attempts = attempts,
                    LastError = words,
                    JudgedBy = judged.By,
                };
            },
            cancellationToken
        );
        // The tables must not stay half way to the body before: that one is still good, and is loaded to its end.
        if (after.IsHalfLoaded && after.Vintage < name.Vintage)
            await HealAsync(after, cancellationToken);
        logger.LogError("{Refusal}", words);
        await next.RequestDigestAsync(name.Slice.Source, cancellationToken);
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
                "{Slice}: {Conflicts} batches met rows that somebody else had written and were decided anew",
                slice,
                merged.Conflicts
            );
        }
    }
}
