using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Decides when what depends on a source as a whole is to be brought up to date: once the source is at rest, not for
/// each of its slices. What has been done is marked in the catalog of the export files.
/// </summary>
/// <remarks>
/// No process has to remember that it is due: the slices say so, compared with the mark, and so do the program, its
/// claims and its settings, and files that are not those of the catalog. Whatever ends a slice asks, and so does every
/// plan.
/// </remarks>
public sealed class RefreshRequests(
    SliceBook slices,
    EmptySlices empty,
    DeadLetterBook letters,
    DerivedOutputs outputs,
    PullRequests pulls,
    StepQueues queues
)
{
    /// <summary>Sends the message for it, if the source is at rest and something has changed.</summary>
    /// <param name="source">The source.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task RequestAsync(string source, CancellationToken cancellationToken)
    {
        var rows = await slices.ListAsync(source, cancellationToken);
        if (rows.Count == 0 || rows.Any(row => row.PlannedAt is not null || row.State.IsUnderWay()))
            return;
        // What depends on the source is derived once, from the newest recordings.
        if (await pulls.SendNewerRecordingsAsync(rows, cancellationToken))
            return;
        await empty.ReviewAsync(rows, cancellationToken);
        var done = await outputs.IsCurrentAsync(source, rows, cancellationToken);
        await letters.SettleAsync(source, done, cancellationToken);
        if (!done)
            await queues.SendAsync(new RefreshSourceMessage(source), cancellationToken);
    }

    /// <summary>Whether indicators, claims and files are those of the slices as they are.</summary>
    public async Task<bool> IsDoneAsync(string source, CancellationToken cancellationToken) =>
        await outputs.IsCurrentAsync(source, await slices.ListAsync(source, cancellationToken), cancellationToken);
}
