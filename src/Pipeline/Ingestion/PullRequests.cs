using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>Sends slices to <see cref="Pull"/>.</summary>
public sealed class PullRequests(SourceCatalog sources, StepQueues queues, SliceBook slices)
{
    private const int Parallelism = 8;

    /// <summary>Requests slices of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="wanted">The slices; may be empty.</param>
    /// <param name="plannedAt">When they were planned, UTC.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task SendAsync(
        string source,
        IReadOnlyCollection<Slice> wanted,
        DateTimeOffset plannedAt,
        CancellationToken cancellationToken
    )
    {
        // Before the messages: a pull takes its plan off the row.
        await slices.PlanAsync(source, wanted, plannedAt, cancellationToken);
        // In order, so many at a time, and on no thread of their own.
        foreach (var some in wanted.Chunk(Parallelism))
        {
            await Task.WhenAll(
                some.Select(slice => queues.SendAsync(new PullMessage(slice.Id, plannedAt), cancellationToken))
            );
        }
    }

    /// <summary>Requests the next recording of each slice of a source that has another one.</summary>
    /// <param name="rows">Its slices, all at rest.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>True if there was one.</returns>
    public async Task<bool> SendNewerRecordingsAsync(IEnumerable<SliceRow> rows, CancellationToken cancellationToken)
    {
        var any = false;
        // A pull that was given up would be given up again, and one of a dataset that is off brings nothing.
        foreach (var row in rows.Where(row => row.State != SliceState.StepFailed && sources.HasNewerRecording(row)))
        {
            if (sources.Find(row.Slice) is not { IsOn: true })
                continue;
            any = true;
            // No plan is noted: if a process ends here, whatever brought it here comes again and asks again.
            await queues.SendAsync(new PullMessage(row.Slice.Id), cancellationToken);
        }
        return any;
    }
}
