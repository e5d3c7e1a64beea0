using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Says what an answer without a body to load means for its slice: not published yet, missing, empty, too large for one
/// request, or a fault.
/// </summary>
public sealed class PullWithoutBody(
    SourceCatalog sources,
    SliceRecords records,
    FactStore facts,
    NextSteps next,
    PullEnding ending,
    ILogger<PullWithoutBody> logger
)
{
    /// <summary>The position of a reject that is a whole answer.</summary>
    internal const string FaultPosition = "answer";

    /// <summary>The source has no rows for the slice.</summary>
    internal async Task EmptyAsync(PullOutcome outcome, CancellationToken cancellationToken)
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
        PullOutcome outcome,
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
        await ending.ContinueAsync(slice, cancellationToken);
        var missing = new NoData(outcome.Now, outcome.PlannedAt, SliceState.Missing, null, $"{finding}");
        await ending.EndAsync(outcome, RunState.Missing, missing, $"{finding}", "", cancellationToken);
    }

    /// <summary>
    /// Taking a file away is no order to remove what was loaded from it; what was wrong with later files is
    /// over.
    /// </summary>
    private async Task TakenAwayAsync(PullOutcome outcome, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        var words = Words(outcome.Result.Verdict, "the table keeps the rows it has");
        logger.LogWarning("{Slice}: {Words}", slice, words);
        await ending.ContinueAsync(slice, cancellationToken);
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        await records.Rejects.CloseAsync(slice, (runId, _) => runId != row.Loaded?.Body.RunId, cancellationToken);
        var isDone = await ending.IsDoneAsync(row.Loaded, cancellationToken);
        if (!isDone)
            await next.SendAsync(new CompleteRunMessage(slice.Id, row.Loaded!.Body.Blob), cancellationToken);
        var same = new SameBody(outcome.Now, outcome.PlannedAt, sources.NextDue(slice, null, outcome.Now), isDone);
        await ending.EndAsync(outcome, RunState.Unchanged, same, "", words, cancellationToken);
    }

    /// <summary>What an empty answer says of itself, if anything, and what follows.</summary>
    private static string Words(Verdict verdict, string meanwhile) =>
        verdict.Seen.Length == 0 ? "" : $"{verdict.Seen}; until there is one {meanwhile}; {verdict.Advice}";

    /// <summary>
    /// Whether the table has any row of the slice: then it was published, whatever the server says now.
    /// </summary>
    private async Task<bool> HoldsRowsAsync(PullOutcome outcome, CancellationToken cancellationToken)
    {
        var parser = outcome.Parser;
        // Where bodies add rows, those of others say nothing of this one.
        if (parser.Scope.Coverage == Coverage.Adds)
            return false;
        await foreach (var row in facts.QueryAsync(parser.Table, parser.Scope.Filter, cancellationToken))
        {
            if (parser.Scope.Owns(row.PartitionKey, row.RowKey))
                return true;
        }

        return false;
    }

    private async Task EndEmptyAsync(
        PullOutcome outcome,
        SliceState state,
        string words,
        CancellationToken cancellationToken
    )
    {
        await ending.ContinueAsync(outcome.Slice, cancellationToken);
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
        await ending.EndAsync(outcome, runState, none, "", words, cancellationToken);
    }

    /// <summary>The source could not be asked, or its answer is no body; what came is kept with the reason.</summary>
    internal async Task FaultAsync(PullOutcome outcome, CancellationToken cancellationToken)
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
            var kept = outcome.Bodies.LastOrDefault(name => name.Sha12 == outcome.Sha12) ?? outcome.NewName(extension);
            await ending.StoreAsync(outcome, kept, cancellationToken);
            await records.Rejects.PutAsync(
                outcome.Run(kept.RunId, kept.Vintage),
                kept.Blob,
                rows: [],
                body: [finding with { Where = FaultPosition }],
                cancellationToken
            );
        }
        await EndFaultAsync(outcome, finding, cancellationToken);
    }

    private async Task EndFaultAsync(PullOutcome outcome, Finding finding, CancellationToken cancellationToken)
    {
        logger.LogError("{Finding}", finding);
        await ending.ContinueAsync(outcome.Slice, cancellationToken);
        DateTimeOffset? retryAt = outcome.Result.RetryAfter is { } wait ? outcome.Now + wait : null;
        var failed = new PullFailed(outcome.Now, outcome.PlannedAt, $"{finding}", retryAt);
        await ending.EndAsync(outcome, RunState.PullFailed, failed, $"{finding}", "", cancellationToken);
    }
}
