using Microsoft.Extensions.Logging;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// The part of Publish that concerns a source as a whole: indicators, claims and export files. It is done once when the
/// source has come to rest, not for each of its slices. What has been done is marked in the manifest of the export
/// files.
/// </summary>
/// <remarks>
/// No process has to remember that it is due: the slices say so, compared with the mark, and so do the program, its
/// claims and its settings, and files that are not those of the manifest. Whatever ends a slice asks, and so does every
/// plan.
/// </remarks>
public sealed class Digest(
    SliceBook slices,
    PlannedSlices planned,
    EmptySlices empty,
    DeadLetterBook letters,
    DerivedOutputs outputs,
    StepQueues queues,
    ILogger<Digest> logger
)
{
    /// <summary>Sends the message for it, if the source is at rest and something has changed.</summary>
    /// <param name="source">The source.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task RequestAsync(string source, CancellationToken cancellationToken)
    {
        var rows = await slices.ListAsync(source, cancellationToken);
        if (!await IsAtRestAsync(source, rows, cancellationToken))
            return;
        await empty.ReviewAsync(source, rows, cancellationToken);
        var done = await outputs.IsCurrentAsync(source, rows, cancellationToken);
        await letters.SettleAsync(source, done, cancellationToken);
        if (done)
            return;
        await queues.SendAsync(new PublishMessage(rows[0].Slice.Id, ""), TimeSpan.Zero, cancellationToken);
    }

    /// <summary>Whether indicators, claims and files are those of the slices as they are.</summary>
    public async Task<bool> IsDoneAsync(string source, CancellationToken cancellationToken) =>
        await outputs.IsCurrentAsync(source, await slices.ListAsync(source, cancellationToken), cancellationToken);

    /// <summary>Brings indicators, claims and files up to date.</summary>
    public async Task RunAsync(string source, CancellationToken cancellationToken)
    {
        // Read first: what changes from here on makes the mark an old one.
        var rows = await slices.ListAsync(source, cancellationToken);
        if (await outputs.IsCurrentAsync(source, rows, cancellationToken))
        {
            logger.LogInformation("{Source}: indicators, claims and files are up to date", source);
            return;
        }
        await outputs.UpdateAsync(source, rows, cancellationToken);
        // A newer one may have ended while this one was at work: then its mark is gone, and no other process would ask.
        await RequestAsync(source, cancellationToken);
    }

    private async Task<bool> IsAtRestAsync(
        string source,
        IReadOnlyList<SliceRow> rows,
        CancellationToken cancellationToken
    )
    {
        if (rows.Count == 0 || planned.HasPending(source, rows))
            return false;
        var underWay = rows.Where(row => !SliceState.AtRest(row.State)).Select(row => row.Slice).ToHashSet();
        if (underWay.Count == 0)
            return true;
        // A slice whose message was given up waits for an operator; nothing waits for it.
        return underWay.IsSubsetOf(
            (await letters.OpenAsync(source, cancellationToken)).Select(open => open.Letter.Slice).OfType<Slice>()
        );
    }
}
