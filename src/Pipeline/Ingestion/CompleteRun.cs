using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 4: brings up to date what depends on a loaded body (cross-checks, the description of the dataset) and completes
/// its run. The run row with state <see cref="RunState.Done"/> is the commit point.
/// </summary>
public sealed class CompleteRun(
    SourceCatalog sources,
    SliceRecords records,
    DatasetBook datasets,
    SliceComparison comparison,
    NextSteps next,
    TimeProvider time,
    ILogger<CompleteRun> logger
)
{
    /// <summary>How long a cross-check waits for the slices it compares with; then it takes what is there.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan WaitStep = TimeSpan.FromSeconds(2);

    /// <summary>Completes the run of a message, or sends the message again while other slices are under way.</summary>
    public async Task RunAsync(CompleteRunMessage message, SliceLease lease)
    {
        var (body, cancellationToken) = (message.Subject.Body!, lease.Token);
        var since = message.ComparisonWaitingSince ?? lease.StorageTime;
        if (
            lease.StorageTime - since < MaxWait
            && await IsLoadedAsync(body, cancellationToken)
            && await AreUnderWayAsync(body.Slice, cancellationToken)
        )
        {
            await next.SendAsync(
                message with
                {
                    ComparisonWaitingSince = since,
                    WaitingSince = null,
                },
                WaitStep,
                cancellationToken
            );
            return;
        }
        await CompleteAsync(body, message.AcceptId, cancellationToken);
    }

    /// <summary>Completes the run of a body, with what other slices have brought so far.</summary>
    internal async Task CompleteAsync(RawName body, int? acceptId, CancellationToken cancellationToken)
    {
        var slice = body.Slice;
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        var run = await records.Runs.GetAsync(RunRow.Of(body), cancellationToken);
        if (row.Loaded?.Body != body || row.Loading == body)
        {
            await PassOverAsync(body, row, cancellationToken);
            return;
        }
        // Also of a run that is done: other slices may have brought what it is compared with.
        var differences = await comparison.RunAsync(
            body,
            (run ?? RunRow.Of(body)) with
            {
                Step = nameof(CompleteRun),
            },
            acceptId,
            cancellationToken
        );
        if (row.State != SliceState.Loaded && run?.State == RunState.Done)
        {
            // A message of the run that was given up is settled by an end after it.
            await records.Runs.UpdateAsync(
                run,
                now =>
                    now is { State: RunState.Done } done
                        ? done with
                        {
                            EndedAt = time.GetUtcNow(),
                            Differences = string.Join('\n', differences),
                        }
                        : null,
                cancellationToken
            );
            logger.LogInformation("{Slice}: {Blob} is published already", slice, body.Blob);
            await next.RequestRefreshAsync(slice.Source, cancellationToken);
            return;
        }
        foreach (var difference in differences)
            logger.LogInformation("{Slice}: {Difference}", slice, difference);
        // Before the run is done: after that no message would ask again.
        if (row.Loaded.LastChanged >= body.Vintage)
            await comparison.RequestAsync(slice, isRevision: run?.Counts.Changed > 0, cancellationToken);
        if (sources.Of(slice) is { IsOn: true } dataset)
            await datasets.PutAsync(dataset.Info, body.Vintage, cancellationToken);
        var ended = await records.Runs.UpdateAsync(
            RunRow.Of(body),
            now =>
                // A replay has quarantined the body since: that stands until it is read again.
                now?.State == RunState.Quarantined
                    ? null
                    : (now ?? RunRow.Of(body)) with
                    {
                        Step = nameof(CompleteRun),
                        State = RunState.Done,
                        EndedAt = time.GetUtcNow(),
                        Differences = string.Join('\n', differences),
                    },
            cancellationToken
        );
        if (ended is { State: RunState.Done })
            await records.Slices.ApplyAsync(slice, new RunCompleted(body), cancellationToken);
        await next.RequestRefreshAsync(slice.Source, cancellationToken);
    }

    /// <summary>
    /// The tables do not hold the body as a whole: its load goes on, or a newer body was loaded since and its run ends
    /// here.
    /// </summary>
    private async Task PassOverAsync(RawName body, SliceRow row, CancellationToken cancellationToken)
    {
        if (row.Vintage > body.Vintage)
        {
            await records.Runs.UpdateAsync(
                RunRow.Of(body),
                now =>
                    now is { State: RunState.Loaded }
                        ? now with
                        {
                            State = RunState.Superseded,
                            EndedAt = time.GetUtcNow(),
                        }
                        : null,
                cancellationToken
            );
        }
        logger.LogInformation("{Slice}: {Blob} is not what the tables hold; nothing to complete", row.Slice, body.Blob);
        await next.RequestRefreshAsync(row.Slice.Source, cancellationToken);
    }

    private async Task<bool> IsLoadedAsync(RawName body, CancellationToken cancellationToken) =>
        (await records.Slices.GetAsync(body.Slice, cancellationToken)).Loaded?.Body == body;

    /// <summary>
    /// Whether slices that this one is compared with are still to be pulled for the first time, or on their way.
    /// </summary>
    private async Task<bool> AreUnderWayAsync(Slice slice, CancellationToken cancellationToken)
    {
        if (sources.Of(slice) is not ICrossChecked dataset)
            return false;
        var others = sources[slice.Source]
            .GetSlices(time.GetUtcNow())
            .Where(other => dataset.IsComparedWith(slice, other) && sources.CanAnswer(other))
            .ToList();
        if (others.Count == 0)
            return false;
        var known = (await records.Slices.ListAsync(slice.Source, cancellationToken)).ToDictionary(row => row.Slice);
        return others.Any(other =>
            !known.TryGetValue(other, out var row) || !(row.State.IsAtRest() || row.State == SliceState.Loaded)
        );
    }
}
