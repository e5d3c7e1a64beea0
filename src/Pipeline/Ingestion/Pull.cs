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

    /// <summary>
    /// So often another body may have been stored under the very second that this one was. More is a fault of
    /// the store.
    /// </summary>
    private const int MaxTwins = 20;

    /// <summary>Pulls the slice of a message.</summary>
    public async Task RunAsync(PullMessage message, CancellationToken cancellationToken)
    {
        var slice = Messages.SliceOf(message.Slice, Names.PullQueue);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        if (
            message.PlannedAt != default
            && before.LastPulled >= message.PlannedAt
            && !IsAhead(before.LastPulled, time.GetUtcNow())
        )
        {
            // A copy of a message that was worked on: the queue delivers at least once.
            logger.LogInformation(
                "{Slice}: pulled at {LastPulled:O}, after this message was planned; nothing to do",
                slice,
                before.LastPulled
            );
            return;
        }
        var source = sources[slice.Source];
        source.Request(slice); // Refuses a slice that does not exist.
        if (source.Datasets.All(dataset => dataset.Name != slice.Dataset))
        {
            logger.LogInformation("{Slice}: the settings have switched off the dataset; nothing is asked for", slice);
            return;
        }
        var startedAt = time.GetUtcNow();
        var context = judgement.Context(slice, startedAt);
        var fetching = new Fetching(slice, before, sources.Client(slice.Source), context);
        using var fetched = await source.FetchAsync(fetching, cancellationToken);
        foreach (var note in fetched.Notes)
            logger.LogWarning("{Slice}: {Note}", slice, note);
        var judgedBy = await judgement.HashAsync(slice, context, cancellationToken);
        var outcome = new Outcome(slice, source, fetched, judgedBy, startedAt, time.GetUtcNow());
        switch (fetched.Verdict.Meaning)
        {
            case Meaning.Body:
                await BodyAsync(outcome, cancellationToken);
                break;
            case Meaning.NotModified:
                // What there is to say of the body that the tables hold stays said.
                await EndAsync(outcome, RunState.Unchanged, row => row with { Attempts = 0 }, "", cancellationToken);
                break;
            case Meaning.Empty:
                await EmptyAsync(outcome, cancellationToken);
                break;
            default:
                await FaultAsync(outcome, SliceState.Failed, cancellationToken);
                break;
        }
    }

    /// <summary>What came of the request.</summary>
    private sealed record Outcome(
        Slice Slice,
        ISource Source,
        Fetched Fetched,
        string JudgedBy,
        DateTimeOffset StartedAt,
        DateTimeOffset Now
    )
    {
        public string Sha12 => Fetched.Sha256[..12];
    }

    private async Task BodyAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var (slice, fetched) = (outcome.Slice, outcome.Fetched);
        var bodies = await records.Bodies.ListAsync(slice, cancellationToken);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        var newest = bodies.Count > 0 ? bodies[^1] : null;
        if (before.Sha256 == fetched.Sha256 && !await IsAboutToChangeAsync(before, bodies, cancellationToken))
        {
            // The tables hold this body as a whole. If its process ended before the last step, that step is still to
            // come.
            var loaded = bodies.LastOrDefault(name => name.Sha12 == outcome.Sha12 && name.Vintage == before.Vintage);
            if (before.State == SliceState.Merged && loaded is not null)
            {
                await next.PublishAsync(new PublishMessage(slice.Id, loaded.Blob), cancellationToken);
                await NoteAsync(outcome, cancellationToken);
                return;
            }
            // The source is back at this body: what was wrong with later answers is over.
            if (before.State != SliceState.Done)
            {
                // A body that adds rows says nothing of the figures of others.
                var reader = outcome.Source.Reader(slice);
                var adds = reader.Scope.Coverage == Coverage.Adds;
                await records.Rejects.CloseAsync(
                    slice,
                    (runId, finding) =>
                        runId != loaded?.RunId && !(adds && RejectBook.IsFigure(reader.Table, finding.Where)),
                    cancellationToken
                );
            }

            // A replay has refused the body that the tables hold: it is read again until it is believed or replaced.
            if (loaded is not null && await IsRefusedAsync(loaded, cancellationToken))
            {
                await next.NormalizeAsync(new NormalizeMessage(slice.Id, loaded.Blob, Replay: true), cancellationToken);
                await NoteAsync(outcome, cancellationToken);
                return;
            }
            // Figures that stood out may be confirmed by what was loaded since.
            if (
                loaded is not null
                && before.State == SliceState.Done
                && before.LastError.Length > 0
                && outcome.Source.Reader(slice) is { Figures.Neighbours: not null } flagging
                && await records.Rejects.HasFlaggedAsync(slice, flagging.Table.Name, cancellationToken)
            )
            {
                await next.NormalizeAsync(new NormalizeMessage(slice.Id, loaded.Blob, Replay: true), cancellationToken);
            }
            await EndAsync(
                outcome,
                RunState.Unchanged,
                row =>
                    row with
                    {
                        State = SliceState.Done,
                        Attempts = 0,
                        LastError = before.State == SliceState.Done ? row.LastError : "",
                        HttpETag = fetched.ETag,
                        LastModified = fetched.LastModified,
                    },
                "",
                cancellationToken
            );
            return;
        }
        if (
            before.State == SliceState.Refused
            && before.JudgedBy == outcome.JudgedBy
            && newest?.Sha12 == outcome.Sha12
            && await IsRefusedAsync(newest, cancellationToken)
        )
        {
            await EndAsync(outcome, RunState.Unchanged, row => row, before.LastError, cancellationToken);
            return;
        }
        // The newest stored body is this one: its run was interrupted and is continued. Otherwise a name of its own,
        // later than all others.
        var name =
            newest?.Sha12 == outcome.Sha12 && newest.Vintage >= before.Vintage
                ? newest
                : new RawName(slice, After(newest, outcome.Now), outcome.Sha12, outcome.Fetched.Request.Extension);
        name = await StoreApartAsync(outcome, name, cancellationToken);
        // A run that is continued keeps its row: it may have been begun, or even ended by another worker in the
        // meantime.
        var run = Run(outcome, name.RunId, name.Vintage) with
        {
            State = SliceState.Pulled,
            Error = string.Join('\n', fetched.Notes),
        };
        await records.Runs.UpdateAsync(run, existing => existing ?? run, cancellationToken);
        await next.NormalizeAsync(new NormalizeMessage(slice.Id, name.Blob), cancellationToken);
        // After the message, so that a crash in between leaves the pull message to be worked on again.
        await records.Slices.UpdateAsync(
            slice,
            row =>
            {
                var newest = outcome.Now >= row.LastPulled && name.Vintage >= row.Vintage;
                return row with
                {
                    State = row.Vintage < name.Vintage ? SliceState.Pulled : row.State,
                    LastPulled = Later(row.LastPulled, outcome.Now),
                    HttpETag = newest ? fetched.ETag : row.HttpETag,
                    LastModified = newest ? fetched.LastModified : row.LastModified,
                };
            },
            cancellationToken
        );
        logger.LogInformation("{Slice}: {Bytes} bytes stored as {Blob}", slice, fetched.Answer!.Length, name.Blob);
    }

    /// <summary>Notes that the source was asked. How that ends is said by the step that a message was sent to.</summary>
    private async Task NoteAsync(Outcome outcome, CancellationToken cancellationToken) =>
        await records.Slices.UpdateAsync(
            outcome.Slice,
            row => row with { LastPulled = Later(row.LastPulled, outcome.Now) },
            cancellationToken
        );

    /// <summary>
    /// Whether a stored body has been refused. The slice does not tell: a process may have ended after it had stored a
    /// newer body and before it sent its message.
    /// </summary>
    private async Task<bool> IsRefusedAsync(RawName body, CancellationToken cancellationToken) =>
        await records.Runs.GetAsync(new RunRow(body.RunId, body.Slice, body.Vintage), cancellationToken)
            is { State: SliceState.Refused };

    /// <summary>
    /// Whether a later body than the one in the tables is on its way into them. Then the source has gone back to the
    /// older one: that is an answer of its own, with a vintage of its own.
    /// </summary>
    private async Task<bool> IsAboutToChangeAsync(
        SliceRow before,
        IReadOnlyList<RawName> bodies,
        CancellationToken cancellationToken
    ) =>
        await records.Runs.NewestAsync(bodies.Where(body => body.Vintage > before.Vintage), cancellationToken)
            is { Run.State: SliceState.Pulled or RunState.Running };

    private async Task EmptyAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        var known = await records.Slices.ListAsync(slice.Source, cancellationToken);
        var holdsRows = await HoldsRowsAsync(outcome, cancellationToken);
        var release = outcome.Source.ReleaseDate(slice);
        var mustExist = release <= sources.Now(slice, outcome.Now) || outcome.Source.IsPublished(slice, known);
        if (!holdsRows && !mustExist)
        {
            await EndEmptyAsync(
                outcome,
                SliceState.NotPublished,
                Words(outcome.Fetched.Verdict, "the dataset stays empty"),
                cancellationToken
            );
            return;
        }
        if (holdsRows && outcome.Source.Reader(slice).Scope.Coverage == Coverage.ByHand)
        {
            await TakenAwayAsync(outcome, cancellationToken);
            return;
        }
        var narrower = outcome.Source.Narrow(slice);
        if (narrower.Count == 0 && (holdsRows || !outcome.Source.MayBeEmpty(slice)))
        {
            // A body that shrinks a little is refused; one that shrinks to nothing is not taken for the truth either.
            var seen = outcome.Fetched.Verdict.Seen is { Length: > 0 } said ? said : outcome.Fetched.Answer!.InWords;
            // The server understands the request, so that its earlier faults are over.
            if (!holdsRows)
            {
                await records.Rejects.CloseAsync(
                    slice,
                    (_, finding) => finding.Where == FaultPosition,
                    cancellationToken
                );
            }
            var expected = (holdsRows, release) switch
            {
                (true, _) => "rows, because the table has some of this slice",
                (_, { } day) => $"rows of {slice.Key}, released by {day:yyyy-MM-dd}",
                _ => "rows: other slices as new have some",
            };
            outcome.Fetched.Verdict = Verdict.Permanent(
                seen,
                expected,
                "the table keeps what it has; the next plan asks again"
            );
            await FaultAsync(outcome, holdsRows ? SliceState.Failed : SliceState.Missing, cancellationToken);
            return;
        }
        await next.PullAsync(slice.Source, narrower, outcome.Now, cancellationToken);
        if (narrower.Count > 0)
        {
            var parts = $"no rows for the whole, asked for in {narrower.Count} parts";
            await EndEmptyAsync(outcome, SliceState.Narrowed, parts, cancellationToken);
            return;
        }
        var words = outcome.Source.Absence(slice) is { Length: > 0 } absence
            ? $"no trade: {absence}"
            : "no rows, also for the smallest part";
        await EndEmptyAsync(outcome, SliceState.Empty, words, cancellationToken);
    }

    /// <summary>
    /// Taking a file away is no order to remove what was loaded from it; what was wrong with later files is
    /// over.
    /// </summary>
    private async Task TakenAwayAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        var words = Words(outcome.Fetched.Verdict, "the table keeps the rows it has");
        logger.LogWarning("{Slice}: {Words}", slice, words);
        await ContinueAsync(slice, cancellationToken);
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        var loaded = (await records.Bodies.ListAsync(slice, cancellationToken)).LastOrDefault(name =>
            name.Vintage == row.Vintage
        );
        await records.Rejects.CloseAsync(slice, (runId, _) => runId != loaded?.RunId, cancellationToken);
        await EndAsync(
            outcome,
            RunState.Unchanged,
            now =>
                now with
                {
                    State = SliceState.HasFailed(now.State) && now.Sha256.Length > 0 ? SliceState.Done : now.State,
                    Attempts = 0,
                    LastError = now.State == SliceState.Done ? now.LastError : "",
                },
            words,
            cancellationToken
        );
    }

    /// <summary>What an empty answer says of itself, if anything, and what follows.</summary>
    private static string Words(Verdict verdict, string meanwhile) =>
        verdict.Seen.Length == 0 ? "" : $"{verdict.Seen}; until there is one {meanwhile}; {verdict.Advice}";

    /// <summary>
    /// Whether the table has any row of the slice: then it was published, whatever the server says now.
    /// </summary>
    private async Task<bool> HoldsRowsAsync(Outcome outcome, CancellationToken cancellationToken)
    {
        var reader = outcome.Source.Reader(outcome.Slice);
        await foreach (var row in facts.QueryAsync(reader.Table, reader.Scope.Filter, cancellationToken))
        {
            if (reader.Scope.Owns(row.PartitionKey, row.RowKey))
                return true;
        }

        return false;
    }

    private async Task EndEmptyAsync(Outcome outcome, string state, string words, CancellationToken cancellationToken)
    {
        await ContinueAsync(outcome.Slice, cancellationToken);
        // The server understands the request again, so that its earlier faults are over. A refused body is not.
        await records.Rejects.CloseAsync(
            outcome.Slice,
            (_, finding) => finding.Where == FaultPosition,
            cancellationToken
        );
        await EndAsync(
            outcome,
            state,
            row => row with { State = IsUnderWay(row) ? row.State : state, Attempts = 0, LastError = "" },
            words,
            cancellationToken
        );
    }

    private async Task FaultAsync(Outcome outcome, string state, CancellationToken cancellationToken)
    {
        var (slice, verdict) = (outcome.Slice, outcome.Fetched.Verdict);
        var finding = new Finding(
            $"{slice}: request {outcome.Fetched.Request.Where}",
            verdict.Seen,
            verdict.Expected,
            verdict.Advice
        );
        if (verdict.Meaning == Meaning.Permanent && outcome.Fetched.Body is not null)
        {
            // Kept with the reason, so that an operator can look at what came.
            var extension = outcome.Fetched.Answer!.ContentType.Contains("html", StringComparison.Ordinal)
                ? "html"
                : "bin";
            var bodies = await records.Bodies.ListAsync(slice, cancellationToken);
            var kept = bodies.LastOrDefault(name => name.Sha12 == outcome.Sha12)
                ?? new RawName(
                    slice,
                    After(bodies.Count > 0 ? bodies[^1] : null, outcome.Now),
                    outcome.Sha12,
                    extension
                );
            await StoreAsync(outcome, kept, cancellationToken);
            await records.Rejects.PutAsync(
                Run(outcome, kept.RunId, kept.Vintage),
                kept.Blob,
                [finding with { Where = FaultPosition }],
                cancellationToken
            );
        }
        logger.LogError("{Finding}", finding);
        await ContinueAsync(slice, cancellationToken);
        await EndAsync(
            outcome,
            state,
            row =>
            {
                var due = outcome.Fetched.RetryAfter is { } wait
                    ? row with
                    {
                        NextDue = outcome.Now + wait,
                    }
                    : row.DueAtEveryPlan(outcome.Now);
                return due with
                {
                    State = IsUnderWay(row) ? row.State : state,
                    Attempts = row.Attempts + 1,
                    LastError = finding.ToString(),
                };
            },
            finding.ToString(),
            cancellationToken
        );
    }

    /// <summary>A slice that was left half loaded does not wait for its server: the body is here.</summary>
    private async Task ContinueAsync(Slice slice, CancellationToken cancellationToken)
    {
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        if (!IsUnderWay(row))
            return;
        var bodies = await records.Bodies.ListAsync(slice, cancellationToken);
        var wanted = bodies.Where(name =>
            row.State == SliceState.Pulled ? name.Vintage >= row.Vintage : name.Vintage == row.Vintage
        );
        if (await records.Runs.NewestAsync(wanted, cancellationToken) is { Body: var body })
            await next.NormalizeAsync(new NormalizeMessage(slice.Id, body.Blob), cancellationToken);
    }

    private static bool IsUnderWay(SliceRow row) => row.State.Length > 0 && !SliceState.AtRest(row.State);

    /// <summary>Ends the run of a pull that brought no body to load.</summary>
    private async Task EndAsync(
        Outcome outcome,
        string runState,
        Func<SliceRow, SliceRow> change,
        string words,
        CancellationToken cancellationToken
    )
    {
        var run = Run(outcome, RawName.RunIdOf(outcome.Slice, outcome.Now), outcome.Now);
        await records.Runs.PutAsync(run with { State = runState, Error = words }, cancellationToken);
        await records.Slices.UpdateAsync(
            outcome.Slice,
            row =>
            {
                var changed = change(row) with { LastPulled = Later(row.LastPulled, outcome.Now) };
                // What failed, was refused or has rejects is due at every plan, and so is what was not published: it
                // costs one request.
                if (changed.State == SliceState.NotPublished)
                    return changed with { NextDue = SliceRow.Never };
                return
                    SliceState.HasFailed(changed.State)
                    || !SliceState.AtRest(changed.State)
                    || changed.LastError.Length > 0
                    ? changed
                    : changed with
                    {
                        NextDue = sources.NextDue(outcome.Slice, null, outcome.Now),
                    };
            },
            cancellationToken
        );
        logger.LogInformation("{Slice}: {State}", outcome.Slice, runState);
        await next.RequestDigestAsync(outcome.Slice.Source, cancellationToken);
    }

    /// <summary>
    /// Stores the body under a name whose vintage no other body has. Two pulls at the same time may have taken the same
    /// second: the later of them to store sees the other, and both may move on, by different steps.
    /// </summary>
    private async Task<RawName> StoreApartAsync(Outcome outcome, RawName name, CancellationToken cancellationToken)
    {
        for (var stored = 0; stored < MaxTwins; stored++)
        {
            await StoreAsync(outcome, name, cancellationToken);
            var bodies = await records.Bodies.ListAsync(name.Slice, cancellationToken);
            var twins = bodies.Where(other => other.Vintage == name.Vintage && other != name).ToList();
            if (twins.Count == 0)
                return name;
            name = name with
            {
                Vintage = bodies[^1]
                    .Vintage.AddSeconds(1 + twins.Count(twin => string.CompareOrdinal(twin.Sha12, name.Sha12) < 0)),
            };
        }
        throw new InvalidOperationException(
            $"{name.Slice}: {MaxTwins} times another body came with the second under which this one was stored; the "
                + "message comes back, and the slice is pulled again"
        );
    }

    private Task StoreAsync(Outcome outcome, RawName name, CancellationToken cancellationToken) =>
        records.Bodies.PutAsync(
            name,
            outcome.Fetched.Body!,
            new Dictionary<string, string>
            {
                ["url"] = outcome.Fetched.Request.Url.AbsoluteUri,
                ["status"] = outcome.Fetched.Answer!.Status.ToString(CultureInfo.InvariantCulture),
                ["sha256"] = outcome.Fetched.Sha256,
                ["fetched"] = outcome.Now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                ["runid"] = name.RunId,
            },
            outcome.Fetched.ContentType,
            cancellationToken
        );

    private static RunRow Run(Outcome outcome, string runId, DateTimeOffset vintage) =>
        new(runId, outcome.Slice, vintage)
        {
            Step = nameof(Pull),
            StartedAt = outcome.StartedAt,
            EndedAt = outcome.Now,
            Bytes = outcome.Fetched.Answer?.Length ?? 0,
        };

    /// <summary>
    /// A vintage in whole seconds that is later than every body stored before, so that their order is never in
    /// doubt.
    /// </summary>
    private static DateTimeOffset After(RawName? newest, DateTimeOffset now)
    {
        var second = new DateTimeOffset(now.UtcTicks - now.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero);
        return newest is not null && newest.Vintage >= second ? newest.Vintage.AddSeconds(1) : second;
    }

    /// <summary>
    /// When the slice was pulled last; a time in the future was written by a machine with a wrong clock and is
    /// put right.
    /// </summary>
    private static DateTimeOffset Later(DateTimeOffset before, DateTimeOffset now) =>
        before > now && !IsAhead(before, now) ? before : now;

    /// <summary>More than the clocks of honest machines differ.</summary>
    private static bool IsAhead(DateTimeOffset then, DateTimeOffset now) => then > now + TimeSpan.FromMinutes(5);
}
