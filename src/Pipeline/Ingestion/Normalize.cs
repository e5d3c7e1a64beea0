using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 3: parses a stored body, checks it as a whole and beside what the tables hold, and has it loaded, which parses
/// it again. A body that fails a check changes nothing.
/// </summary>
public sealed class Normalize(
    SourceCatalog sources,
    SliceRecords records,
    BodyJudge judge,
    BodyLoad load,
    NextSteps next,
    Judgement judgement,
    TimeProvider time,
    ILogger<Normalize> logger
)
{
    /// <summary>Normalises the body of a message.</summary>
    public async Task RunAsync(NormalizeMessage message, SliceLease lease)
    {
        var body = message.Subject.Body!;
        var isAsked = message.Replay || message.AcceptId is not null;
        var row = await records.Slices.GetAsync(body.Slice, lease.Token);
        // A load that was begun is finished before anything else of its slice is loaded. One that cannot be finished
        // has become StepFailed, and is tried again only for its own message.
        // So is a loaded body whose rows could not be restored to their end: a replay may be about a newer one.
        if (
            row.Loading is { } begun
            && (begun == body || row.State == SliceState.Loading || (isAsked && begun == row.Loaded?.Body))
        )
        {
            await LoadAgainAsync(new Reading(begun) { WasLoaded = true }, lease);
            if (begun == body && !isAsked)
                return;
        }
        await ReadAsync(new Reading(body) { IsReplay = isAsked, AcceptId = message.AcceptId }, lease);
    }

    /// <summary>Loads the newest body of a slice once more over the table.</summary>
    public async Task ReloadAsync(ReloadNewestMessage message, SliceLease lease)
    {
        var slice = message.Subject.Slice!;
        var row = await records.Slices.GetAsync(slice, lease.Token);
        if ((row.Loading ?? row.Loaded?.Body) is { } newest)
            await LoadAgainAsync(new Reading(newest) { IsReplay = true, WasLoaded = true }, lease);
        else
            logger.LogInformation("{Slice}: no body was loaded; there is nothing to load once more", slice);
    }

    /// <summary>Loads a body again into tables that were lost.</summary>
    /// <param name="body">The body.</param>
    /// <param name="wasLoaded">Whether the tables held it once.</param>
    /// <param name="lease">The lease of its slice.</param>
    internal Task RestoreAsync(RawName body, bool wasLoaded, SliceLease lease) =>
        ReadAsync(new Reading(body) { WasLoaded = wasLoaded }, lease);

    /// <summary>Judges a body, and loads it if it may be.</summary>
    private async Task ReadAsync(Reading reading, SliceLease lease)
    {
        var (name, slice, cancellationToken) = (reading.Body, reading.Body.Slice, lease.Token);
        var known = await RunAsync(name, cancellationToken);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        if (before.Vintage > name.Vintage)
        {
            await SupersedeAsync(before, known, cancellationToken);
            return;
        }
        var context = judgement.Context(slice, name.Vintage);
        var judgedBy = await judgement.HashAsync(slice, context, cancellationToken);
        if (!reading.IsReplay && await IsOverAsync(name, known, before, judgedBy, cancellationToken))
            return;
        if (reading.IsReplay)
            before = await records.Slices.ApplyAsync(slice, new Requested(name), cancellationToken);
        await using var stored = await records.Bodies.OpenAsync(name, cancellationToken);
        var parser = await sources.Of(slice).CreateParserAsync(slice, context, cancellationToken);
        var survey = await judge.SurveyAsync(name, parser, stored, before, cancellationToken);
        var body = new CheckedBody(name, known, parser, stored, survey.Check)
        {
            Run = Begun(known),
            JudgedBy = judgedBy,
            Existing = survey.Existing,
        };
        var word = new OperatorWord(
            name.Blob,
            await records.Rejects.AcceptedAsync(slice, cancellationToken),
            reading.AcceptId is { } id
                ? new ShownFindings(await records.Rejects.OfRunAsync(known, cancellationToken), id)
                : null
        );
        var verdict = body.Check.Unreadable is { } unfit
            ? BodyVerdict.Refused(unfit)
            : await judge.JudgeAsync(body, survey, before, word, reading.WasLoaded, cancellationToken);
        // What an operator has said is right is remembered by place and value: the next body does not ask again, and
        // the next word about this one is about the rest.
        await records.Rejects.AcceptAsync(body.Run, name.Blob, word.Spoken, cancellationToken);
        if (verdict.Refusals.Count > 0)
        {
            await RejectAsync(body, before, verdict, judgedBy, lease);
            return;
        }
        // What stays out is shown before the load begins: one that goes on after a crash must leave it out, too.
        await ShowAsync(
            body,
            refusals: [],
            rows: [.. verdict.LeftOut.Values.SelectMany(reasons => reasons)],
            place => RejectBook.IsFigure(body.Parser.Table, place),
            cancellationToken
        );
        body = body with
        {
            Run = body.Run with { Notes = Joined(body.Run.Notes, word.Note) },
            LeftOut = verdict.LeftOut,
        };
        await load.RunAsync(body, before, reading, lease);
    }

    /// <summary>
    /// Loads a body again as it was judged: what <c>rejects</c> shows of it stays out. The checks are not made again,
    /// because the table holds a part of it by now. It is judged again if it was refused since, or if the program or
    /// the lists are others. What cannot be read is refused.
    /// </summary>
    private async Task LoadAgainAsync(Reading reading, SliceLease lease)
    {
        var (name, cancellationToken) = (reading.Body, lease.Token);
        var known = await RunAsync(name, cancellationToken);
        var before = await records.Slices.GetAsync(name.Slice, cancellationToken);
        var context = judgement.Context(name.Slice, name.Vintage);
        var judgedBy = await judgement.HashAsync(name.Slice, context, cancellationToken);
        var readBy = before.Loading == name ? before.LoadingJudgedBy : before.Loaded?.JudgedBy;
        // It was refused since, or may be read otherwise now: it is not loaded without being judged.
        if (known.State == RunState.Quarantined || readBy != judgedBy)
        {
            await ReadAsync(reading with { IsReplay = true, WasLoaded = false }, lease);
            return;
        }
        // Other workers may have written over rows that were loaded to their end.
        reading = reading with { IsReplay = reading.IsReplay || before.Loaded?.Body == name };
        await using var stored = await records.Bodies.OpenAsync(name, cancellationToken);
        var parser = await sources.Of(name.Slice).CreateParserAsync(name.Slice, context, cancellationToken);
        var survey = await BodySurvey.RunAsync(parser, stored, cancellationToken);
        var body = new CheckedBody(name, known, parser, stored, survey.Check)
        {
            Run = Begun(known),
            JudgedBy = judgedBy,
        };
        if (body.Check.Unreadable is { } unfit)
        {
            await RejectAsync(body, before, BodyVerdict.Refused(unfit), judgedBy, lease);
            return;
        }
        var shown = await records.Rejects.OfRunAsync(known, cancellationToken);
        var leftOut = shown
            .Where(reject => reject.State == RejectBook.Open)
            .GroupBy(reject => reject.Finding.Where, reject => reject.Finding)
            .ToDictionary(place => place.Key, place => place.ToList());
        await load.RunAsync(body with { LeftOut = leftOut }, before, reading, lease);
    }

    /// <summary>The run of a body; a new one when it has none.</summary>
    private async Task<RunRow> RunAsync(RawName name, CancellationToken cancellationToken) =>
        await records.Runs.GetAsync(RunRow.Of(name), cancellationToken) ?? RunRow.Of(name);

    /// <summary>The run of a body as this step goes on with it.</summary>
    private RunRow Begun(RunRow known) =>
        known with
        {
            Step = nameof(Normalize),
            StartedAt = known.StartedAt ?? time.GetUtcNow(),
            // Read once more, it may be fine.
            Error = known.State == RunState.Quarantined ? "" : known.Error,
        };

    /// <summary>Has <c>rejects</c> show these findings of a body, and no others where its judgement is over.</summary>
    private async Task ShowAsync(
        CheckedBody body,
        IReadOnlyList<Finding> refusals,
        IReadOnlyList<Finding> rows,
        Func<string, bool> isOver,
        CancellationToken cancellationToken
    )
    {
        var name = body.Name;
        await records.Rejects.PutAsync(body.Run, name.Blob, rows, refusals, cancellationToken);
        var keys = refusals.Concat(rows).Select(RejectBook.Key).ToHashSet();
        await records.Rejects.CloseAsync(
            name.Slice,
            (runId, finding) => runId == name.RunId && !keys.Contains(RejectBook.Key(finding)) && isOver(finding.Where),
            cancellationToken
        );
    }

    /// <summary>Whether there is nothing left to do for a body; what follows is asked for again.</summary>
    private async Task<bool> IsOverAsync(
        RawName name,
        RunRow run,
        SliceRow before,
        string judgedBy,
        CancellationToken cancellationToken
    )
    {
        if (run.State == RunState.Quarantined && before.Quarantined?.JudgedBy == judgedBy && before.State.IsAtRest())
        {
            logger.LogInformation("{Slice}: {Blob} is quarantined already", name.Slice, name.Blob);
            await next.RequestRefreshAsync(name.Slice.Source, cancellationToken);
            return true;
        }
        if (before.Loading is not null || before.Loaded?.Body != name)
            return false;
        if (before.State == SliceState.Loaded || run.State != RunState.Done)
            await next.SendAsync(new CompleteRunMessage(name.Slice.Id, name.Blob), cancellationToken);
        logger.LogInformation("{Slice}: {Blob} is loaded already", name.Slice, name.Blob);
        return true;
    }

    /// <summary>
    /// A newer body was loaded: this one is not. If its load had begun, a worker that had lost its lease may have
    /// written rows of it after the newer one was loaded.
    /// </summary>
    private async Task SupersedeAsync(SliceRow newer, RunRow run, CancellationToken cancellationToken)
    {
        // What it has left out is not asked about any more: the newer body is. Where bodies add rows, each has its own.
        var context = judgement.Context(run.Slice, run.Vintage);
        var parser = await sources.Of(run.Slice).CreateParserAsync(run.Slice, context, cancellationToken);
        if (parser.Scope.Coverage != Coverage.Adds)
            await records.Rejects.CloseAsync(run.Slice, (runId, _) => runId == run.RunId, cancellationToken);
        if (run.State == RunState.Quarantined)
        {
            logger.LogInformation(
                "{Slice}: the body of {Vintage:O} was quarantined before {Newer:O} was loaded; nothing to do",
                run.Slice,
                run.Vintage,
                newer.Vintage
            );
            return;
        }
        if (run.Step.Length > 0 && run.Step != nameof(Pull))
            await next.SendAsync(new ReloadNewestMessage(run.Slice.Id), cancellationToken);
        await records.Runs.UpdateAsync(
            run,
            now =>
                now is { State: RunState.Done or RunState.Loaded }
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

    private async Task RejectAsync(
        CheckedBody body,
        SliceRow before,
        BodyVerdict verdict,
        string judgedBy,
        SliceLease lease
    )
    {
        var (name, check, cancellationToken) = (body.Name, body.Check, lease.Token);
        var words =
            $"{name.Slice} {CheckFindings.InWords(verdict.Refusals)}"
            + $"{(verdict.Rows.Count == 0 ? "" : $"; the first row rejected: {verdict.Rows[0]}")}"
            + $"{(body.Stored.From.Length == 0 ? "" : $"; asked: {body.Stored.From}")}";
        // Refused again, it has what is found now. A loaded body also keeps open what its load left out.
        var places = verdict.Refusals.Concat(verdict.Rows).Select(finding => finding.Where).ToHashSet();
        await ShowAsync(
            body,
            verdict.Refusals,
            verdict.Rows,
            place => before.Vintage != name.Vintage || places.Contains(place),
            cancellationToken
        );
        // Quarantined as a whole: every row that would have been kept counts as rejected.
        var counts = new RowCounts(
            check.Read,
            0,
            0,
            0,
            check.Excluded,
            check.Missing,
            check.Read - check.Excluded - check.Missing
        );
        await records.Runs.AdvanceAsync(
            body.Known,
            body.Run with
            {
                State = RunState.Quarantined,
                Counts = counts,
                EndedAt = time.GetUtcNow(),
                Error = words,
            },
            lease.ConfirmAsync,
            cancellationToken
        );
        await records.Slices.ApplyAsync(name.Slice, new BodyRejected(name, words, judgedBy), cancellationToken);
        logger.LogError("{Refusal}", words);
        await next.RequestRefreshAsync(name.Slice.Source, cancellationToken);
    }

    private static string Joined(string notes, string note) =>
        string.Join('\n', notes.Split('\n').Append(note).Where(line => line.Length > 0).Distinct());
}
