using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 2: gets the body of a slice from its source, stores the body untouched, and sends it on. A body that the tables
/// hold already ends here.
/// </summary>
public sealed class Pull(
    SourceCatalog sources,
    SliceRecords records,
    FactStore facts,
    NextSteps next,
    Judgement judgement,
    TimeProvider time,
    ILogger<Pull> logger
)
{
    /// <summary>The position of a reject that is a whole answer.</summary>
    internal const string FaultPosition = "answer";

    /// <summary>Pulls the slice of a message.</summary>
    public async Task RunAsync(PullMessage message, SliceLease lease)
    {
        var (slice, cancellationToken) = (message.Subject.Slice!, lease.Token);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        if (message.PlannedAt is not null && before.PlannedAt != message.PlannedAt)
        {
            // A copy of a message that was worked on: the queue delivers at least once.
            logger.LogInformation("{Slice}: the plan of {PlannedAt:O} was worked on already", slice, message.PlannedAt);
            await next.RequestRefreshAsync(slice.Source, cancellationToken);
            return;
        }
        var dataset = sources.Of(slice);
        if (!dataset.IsOn)
        {
            logger.LogInformation("{Slice}: the settings have switched off the dataset; nothing is asked for", slice);
            await records.Slices.ApplyAsync(slice, new PlanDropped(message.PlannedAt), cancellationToken);
            return;
        }
        var startedAt = time.GetUtcNow();
        var context = judgement.Context(slice, startedAt);
        var fetching = new FetchContext(slice, before, sources.Client(slice.Source), context);
        using var fetched = await dataset.FetchAsync(fetching, cancellationToken);
        foreach (var note in fetched.Notes)
            logger.LogWarning("{Slice}: {Note}", slice, note);
        var judgedBy = await judgement.HashAsync(slice, context, cancellationToken);
        var parser = await dataset.CreateParserAsync(slice, context, cancellationToken);
        // Listed before the lease is confirmed: a newer body that another worker stores after this one has lost its lease
        // gets a later vintage than this one.
        var bodies = fetched.Body is null ? [] : await records.Bodies.ListAsync(slice, cancellationToken);
        // The storage's time orders bodies, not this worker's clock.
        await lease.ConfirmAsync();
        var outcome = new Outcome(message, dataset, parser, fetched)
        {
            JudgedBy = judgedBy,
            StartedAt = startedAt,
            Now = time.GetUtcNow(),
            Bodies = bodies,
            StorageTime = lease.StorageTime,
        };
        switch (fetched.Verdict.Meaning)
        {
            case Meaning.Body:
                await BodyAsync(outcome, cancellationToken);
                break;
            case Meaning.NotModified:
                await SameAsync(
                    outcome,
                    before,
                    await IsDoneAsync(before.Loaded, cancellationToken),
                    cancellationToken
                );
                break;
            case Meaning.Empty:
                await EmptyAsync(outcome, cancellationToken);
                break;
            default:
                await FaultAsync(outcome, cancellationToken);
                break;
        }
    }

    /// <summary>What came of the request.</summary>
    private sealed record Outcome(PullMessage Message, IDataset Dataset, IRowParser Parser, FetchResult Result)
    {
        public required string JudgedBy { get; init; }
        public required DateTimeOffset StartedAt { get; init; }
        public required DateTimeOffset Now { get; init; }
        public required IReadOnlyList<RawName> Bodies { get; init; }
        public required DateTimeOffset StorageTime { get; init; }
        public Slice Slice { get; } = Message.Subject.Slice!;
        public DateTimeOffset? PlannedAt => Message.PlannedAt;
        public string Sha12 => Result.Sha256[..12];
    }

    private async Task BodyAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var (slice, fetched) = (outcome.Slice, outcome.Result);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        var newest = outcome.Bodies.Count > 0 ? outcome.Bodies[^1] : null;
        // While another body is on its way, the source has gone back to the loaded one: an answer of its own.
        if (
            before is { Loading: null, Loaded: { } loaded }
            && (before.Pending is null || before.Pending == loaded.Body)
            && loaded.Sha256 == fetched.Sha256
        )
        {
            await SameBodyAsync(outcome, before, loaded, cancellationToken);
            return;
        }
        if (
            before.State == SliceState.Quarantined
            && before.JudgedBy == outcome.JudgedBy
            && newest?.Sha12 == outcome.Sha12
            && await IsQuarantinedAsync(newest, cancellationToken)
        )
        {
            var again = new SameQuarantined(outcome.Now, outcome.PlannedAt);
            await EndAsync(outcome, RunState.Unchanged, again, before.LastError, "", cancellationToken);
            return;
        }
        // The newest stored body is this one: its run was interrupted and is continued. Otherwise a name of its own,
        // later than all others.
        var name =
            newest?.Sha12 == outcome.Sha12 && !(newest.Vintage < before.Vintage)
                ? newest
                : new RawName(slice, After(newest, outcome.StorageTime), outcome.Sha12, fetched.Request.Extension);
        await StoreAsync(outcome, name, cancellationToken);
        // A run that is continued keeps its row: it may have been begun.
        var run = Run(outcome, name.RunId, name.Vintage) with
        {
            State = RunState.Pulled,
            Notes = string.Join('\n', fetched.Notes),
        };
        await records.Runs.UpdateAsync(run, existing => existing ?? run, cancellationToken);
        await next.SendAsync(new NormalizeMessage(slice.Id, name.Blob), cancellationToken);
        // After the message, so that a crash in between leaves the pull message to be worked on again.
        await records.Slices.ApplyAsync(
            slice,
            new BodyStored(outcome.Now, outcome.PlannedAt, name, fetched.ETag, fetched.LastModified),
            cancellationToken
        );
        logger.LogInformation("{Slice}: {Bytes} bytes stored as {Blob}", slice, fetched.Answer!.Length, name.Blob);
    }

    /// <summary>The body is the one that the tables hold.</summary>
    private async Task SameBodyAsync(
        Outcome outcome,
        SliceRow before,
        LoadedBody loaded,
        CancellationToken cancellationToken
    )
    {
        var slice = outcome.Slice;
        // The source is back at this body: what was wrong with later answers is over.
        if (before.State != SliceState.Published)
        {
            // A body that adds rows says nothing of the figures of others.
            var reader = outcome.Parser;
            var adds = reader.Scope.Coverage == Coverage.Adds;
            await records.Rejects.CloseAsync(
                slice,
                (runId, finding) =>
                    runId != loaded.Body.RunId && !(adds && RejectBook.IsFigure(reader.Table, finding.Where)),
                cancellationToken
            );
        }
        // A replay has quarantined the body that the tables hold: it is read again until it is believed or replaced.
        if (await IsQuarantinedAsync(loaded.Body, cancellationToken))
        {
            await next.SendAsync(new NormalizeMessage(slice.Id, loaded.Body.Blob, Replay: true), cancellationToken);
            var again = new SameQuarantined(outcome.Now, outcome.PlannedAt);
            await records.Slices.ApplyAsync(slice, again, cancellationToken);
            return;
        }
        var isDone = await IsDoneAsync(loaded, cancellationToken);
        // Figures that stood out may be confirmed by what was loaded since.
        if (
            before is { State: SliceState.Published, LastError.Length: > 0 }
            && outcome.Parser is { Figures.Neighbours: not null } flagging
            && await records.Rejects.HasFlaggedAsync(slice, flagging.Table.Name, cancellationToken)
        )
        {
            await next.SendAsync(new NormalizeMessage(slice.Id, loaded.Body.Blob, Replay: true), cancellationToken);
        }
        await SameAsync(outcome, before, isDone, cancellationToken);
    }

    /// <summary>Nothing is to be loaded. A run that was interrupted before its last step is completed.</summary>
    private async Task SameAsync(Outcome outcome, SliceRow before, bool isDone, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        if (!isDone && before.Loaded is { } loaded)
            await next.SendAsync(new CompleteRunMessage(slice.Id, loaded.Body.Blob), cancellationToken);
        var isBody = outcome.Result.Verdict.Meaning == Meaning.Body;
        var same = new SameBody(
            outcome.Now,
            outcome.PlannedAt,
            sources.NextDue(slice, null, outcome.Now),
            isDone,
            isBody ? outcome.Result.ETag : null,
            isBody ? outcome.Result.LastModified : null
        );
        await EndAsync(outcome, RunState.Unchanged, same, "", "", cancellationToken);
    }

    private async Task<bool> IsDoneAsync(LoadedBody? loaded, CancellationToken cancellationToken) =>
        loaded is null
        || await records.Runs.GetAsync(RunRow.Of(loaded.Body), cancellationToken) is { State: RunState.Done };

    /// <summary>
    /// Whether a stored body has been quarantined. The slice does not tell: a process may have ended after it had stored
    /// a newer body and before it sent its message.
    /// </summary>
    private async Task<bool> IsQuarantinedAsync(RawName body, CancellationToken cancellationToken) =>
        await records.Runs.GetAsync(RunRow.Of(body), cancellationToken) is { State: RunState.Quarantined };

    private async Task EmptyAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        var known = await records.Slices.ListAsync(slice.Source, cancellationToken);
        var holdsRows = await HoldsRowsAsync(outcome, cancellationToken);
        var release = outcome.Dataset.GetReleaseDate(slice);
        var splittable = outcome.Dataset as ISplittable;
        var mustExist = release <= sources.Now(slice, outcome.Now) || splittable?.IsPublished(slice, known) == true;
        if (!holdsRows && !mustExist)
        {
            await EndEmptyAsync(
                outcome,
                SliceState.NotPublished,
                Words(outcome.Result.Verdict, "the dataset stays empty"),
                cancellationToken
            );
            return;
        }
        if (holdsRows && outcome.Parser.Scope.Coverage == Coverage.ByHand)
        {
            await TakenAwayAsync(outcome, cancellationToken);
            return;
        }
        var narrower = splittable?.Split(slice) ?? [];
        if (narrower.Count == 0 && (holdsRows || !outcome.Dataset.MayBeEmpty(slice)))
        {
            await LackingAsync(outcome, holdsRows, release, cancellationToken);
            return;
        }
        await next.PullAsync(slice.Source, narrower, outcome.Now, cancellationToken);
        if (narrower.Count > 0)
        {
            var parts = $"no rows for the whole, asked for in {narrower.Count} parts";
            await EndEmptyAsync(outcome, SliceState.Split, parts, cancellationToken);
            return;
        }
        var words = splittable?.GetAbsence(slice) is { Length: > 0 } absence
            ? $"no trade: {absence}"
            : "no rows, also for the smallest part";
        await EndEmptyAsync(outcome, SliceState.Empty, words, cancellationToken);
    }

    /// <summary>
    /// A body that shrinks a little is quarantined; one that shrinks to nothing is not taken for the truth either.
    /// </summary>
    private async Task LackingAsync(
        Outcome outcome,
        bool holdsRows,
        DateTimeOffset? release,
        CancellationToken cancellationToken
    )
    {
        var slice = outcome.Slice;
        var seen = outcome.Result.Verdict.Seen is { Length: > 0 } said ? said : outcome.Result.Answer!.InWords;
        var expected = (holdsRows, release) switch
        {
            (true, _) => "rows, because the table has some of this slice",
            (_, { } day) => $"rows of {slice.Key}, released by {day:yyyy-MM-dd}",
            _ => "rows: other slices as new have some",
        };
        var finding = new Finding(
            $"{slice}: request {outcome.Result.Request.Where}",
            seen,
            expected,
            "the table keeps what it has; the next plan asks again"
        );
        if (holdsRows)
        {
            await EndFaultAsync(outcome, finding, cancellationToken);
            return;
        }
        // The server understands the request, so that its earlier faults are over.
        await records.Rejects.CloseAsync(slice, (_, finding) => finding.Where == FaultPosition, cancellationToken);
        logger.LogError("{Finding}", finding);
        await ContinueAsync(slice, cancellationToken);
        var missing = new NoData(outcome.Now, outcome.PlannedAt, SliceState.Missing, null, $"{finding}");
        await EndAsync(outcome, RunState.Missing, missing, $"{finding}", "", cancellationToken);
    }

    /// <summary>
    /// Taking a file away is no order to remove what was loaded from it; what was wrong with later files is
    /// over.
    /// </summary>
    private async Task TakenAwayAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        var words = Words(outcome.Result.Verdict, "the table keeps the rows it has");
        logger.LogWarning("{Slice}: {Words}", slice, words);
        await ContinueAsync(slice, cancellationToken);
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        await records.Rejects.CloseAsync(slice, (runId, _) => runId != row.Loaded?.Body.RunId, cancellationToken);
        var isDone = await IsDoneAsync(row.Loaded, cancellationToken);
        if (!isDone)
            await next.SendAsync(new CompleteRunMessage(slice.Id, row.Loaded!.Body.Blob), cancellationToken);
        var same = new SameBody(outcome.Now, outcome.PlannedAt, sources.NextDue(slice, null, outcome.Now), isDone);
        await EndAsync(outcome, RunState.Unchanged, same, "", words, cancellationToken);
    }

    /// <summary>What an empty answer says of itself, if anything, and what follows.</summary>
    private static string Words(Verdict verdict, string meanwhile) =>
        verdict.Seen.Length == 0 ? "" : $"{verdict.Seen}; until there is one {meanwhile}; {verdict.Advice}";

    /// <summary>
    /// Whether the table has any row of the slice: then it was published, whatever the server says now.
    /// </summary>
    private async Task<bool> HoldsRowsAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var reader = outcome.Parser;
        // Where bodies add rows, those of others say nothing of this one.
        if (reader.Scope.Coverage == Coverage.Adds)
            return false;
        await foreach (var row in facts.QueryAsync(reader.Table, reader.Scope.Filter, cancellationToken))
        {
            if (reader.Scope.Owns(row.PartitionKey, row.RowKey))
                return true;
        }

        return false;
    }

    private async Task EndEmptyAsync(
        Outcome outcome,
        SliceState state,
        string words,
        CancellationToken cancellationToken
    )
    {
        await ContinueAsync(outcome.Slice, cancellationToken);
        // The server understands the request again, so that its earlier faults are over. A quarantined body is not.
        await records.Rejects.CloseAsync(
            outcome.Slice,
            (_, finding) => finding.Where == FaultPosition,
            cancellationToken
        );
        var runState = state switch
        {
            SliceState.NotPublished => RunState.NotPublished,
            SliceState.Split => RunState.Split,
            _ => RunState.Empty,
        };
        // What was not published is due at every plan: it costs one request.
        DateTimeOffset? nextDue =
            state == SliceState.NotPublished ? null : sources.NextDue(outcome.Slice, null, outcome.Now);
        var none = new NoData(outcome.Now, outcome.PlannedAt, state, nextDue);
        await EndAsync(outcome, runState, none, "", words, cancellationToken);
    }

    private async Task FaultAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var (slice, verdict) = (outcome.Slice, outcome.Result.Verdict);
        var finding = new Finding(
            $"{slice}: request {outcome.Result.Request.Where}",
            verdict.Seen,
            verdict.Expected,
            verdict.Advice
        );
        if (verdict.Meaning == Meaning.Permanent && outcome.Result.Body is not null)
        {
            // Kept with the reason, so that an operator can look at what came.
            var extension = outcome.Result.Answer!.ContentType.Contains("html", StringComparison.Ordinal)
                ? "html"
                : "bin";
            var bodies = outcome.Bodies;
            var kept = bodies.LastOrDefault(name => name.Sha12 == outcome.Sha12)
                ?? new RawName(
                    slice,
                    After(bodies.Count > 0 ? bodies[^1] : null, outcome.StorageTime),
                    outcome.Sha12,
                    extension
                );
            await StoreAsync(outcome, kept, cancellationToken);
            await records.Rejects.PutAsync(
                Run(outcome, kept.RunId, kept.Vintage),
                kept.Blob,
                rows: [],
                body: [finding with { Where = FaultPosition }],
                cancellationToken
            );
        }
        await EndFaultAsync(outcome, finding, cancellationToken);
    }

    private async Task EndFaultAsync(Outcome outcome, Finding finding, CancellationToken cancellationToken)
    {
        logger.LogError("{Finding}", finding);
        await ContinueAsync(outcome.Slice, cancellationToken);
        DateTimeOffset? retryAt = outcome.Result.RetryAfter is { } wait ? outcome.Now + wait : null;
        var failed = new PullFailed(outcome.Now, outcome.PlannedAt, $"{finding}", retryAt);
        await EndAsync(outcome, RunState.PullFailed, failed, $"{finding}", "", cancellationToken);
    }

    /// <summary>A slice that was left half way does not wait for its server: the body is here.</summary>
    private async Task ContinueAsync(Slice slice, CancellationToken cancellationToken)
    {
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        if (!row.State.IsUnderWay())
            return;
        if ((row.Pending ?? row.Loading) is { } body)
            await next.SendAsync(new NormalizeMessage(slice.Id, body.Blob), cancellationToken);
        else if (row.Loaded is { } loaded)
            await next.SendAsync(new CompleteRunMessage(slice.Id, loaded.Body.Blob), cancellationToken);
    }

    /// <summary>Ends the run of a pull that brought no body to load.</summary>
    private async Task EndAsync(
        Outcome outcome,
        RunState state,
        PullEvent what,
        string error,
        string notes,
        CancellationToken cancellationToken
    )
    {
        var run = Run(outcome, RawName.RunIdOf(outcome.Slice, outcome.Now), outcome.Now);
        await records.Runs.PutAsync(run with { State = state, Error = error, Notes = notes }, cancellationToken);
        await records.Slices.ApplyAsync(outcome.Slice, what, cancellationToken);
        logger.LogInformation("{Slice}: {State}", outcome.Slice, state);
        await next.RequestRefreshAsync(outcome.Slice.Source, cancellationToken);
    }

    private Task StoreAsync(Outcome outcome, RawName name, CancellationToken cancellationToken) =>
        records.Bodies.PutAsync(
            name,
            outcome.Result.Body!,
            new Dictionary<string, string>
            {
                ["url"] = outcome.Result.Request.Url.AbsoluteUri,
                ["status"] = outcome.Result.Answer!.Status.ToString(CultureInfo.InvariantCulture),
                ["sha256"] = outcome.Result.Sha256,
                ["fetched"] = outcome.Now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                ["runid"] = name.RunId,
            },
            outcome.Result.ContentType,
            cancellationToken
        );

    private static RunRow Run(Outcome outcome, string runId, DateTimeOffset vintage) =>
        new(runId, outcome.Slice, vintage)
        {
            Step = nameof(Pull),
            StartedAt = outcome.StartedAt,
            EndedAt = outcome.Now,
            Bytes = outcome.Result.Answer?.Length ?? 0,
        };

    /// <summary>
    /// A vintage by the storage's time, in whole seconds, and later than every body stored before, so that their order
    /// is never in doubt.
    /// </summary>
    private static DateTimeOffset After(RawName? newest, DateTimeOffset now)
    {
        var second = new DateTimeOffset(now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero);
        return newest is not null && newest.Vintage >= second ? newest.Vintage.AddSeconds(1) : second;
    }
}
