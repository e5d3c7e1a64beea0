using System.Globalization;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>What all ends of a pull share: the body that is kept, the run, the slice, and what goes on.</summary>
public sealed class PullEnding(SourceCatalog sources, SliceRecords records, NextSteps next, ILogger<PullEnding> logger)
{
    /// <summary>Nothing is to be loaded. A run that was interrupted before its last step is completed.</summary>
    internal async Task SameAsync(PullOutcome outcome, SliceRow before, CancellationToken cancellationToken)
    {
        var slice = outcome.Slice;
        var isDone = await IsDoneAsync(before.Loaded, cancellationToken);
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

    /// <summary>Whether the run of the loaded body has been completed.</summary>
    internal async Task<bool> IsDoneAsync(LoadedBody? loaded, CancellationToken cancellationToken) =>
        loaded is null
        || await records.Runs.GetAsync(RunRow.Of(loaded.Body), cancellationToken) is { State: RunState.Done };

    /// <summary>A slice that was left half way does not wait for its server: the body is here.</summary>
    internal async Task ContinueAsync(Slice slice, CancellationToken cancellationToken)
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
    internal async Task EndAsync(
        PullOutcome outcome,
        RunState state,
        PullEvent what,
        string error,
        string notes,
        CancellationToken cancellationToken
    )
    {
        var run = outcome.Run(RawName.RunIdOf(outcome.Slice, outcome.Now), outcome.Now);
        await records.Runs.PutAsync(run with { State = state, Error = error, Notes = notes }, cancellationToken);
        await records.Slices.ApplyAsync(
            outcome.Slice,
            what with
            {
                RecordedOn = outcome.RecordedOn,
            },
            cancellationToken
        );
        logger.LogInformation("{Slice}: {State}", outcome.Slice, state);
        await next.RequestRefreshAsync(outcome.Slice.Source, cancellationToken);
    }

    /// <summary>Stores the body untouched, with what is known of its request.</summary>
    internal Task StoreAsync(PullOutcome outcome, RawName name, CancellationToken cancellationToken) =>
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
}
