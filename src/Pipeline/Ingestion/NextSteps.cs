using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Sends a slice to the steps that follow, and its source to <see cref="RefreshSource"/> once it is at rest.
/// </summary>
public sealed class NextSteps(StepQueues queues, SliceBook slices, RefreshRequests refresh)
{
    /// <summary>Requests slices of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="wanted">The slices; may be empty.</param>
    /// <param name="plannedAt">When they were planned, UTC.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task PullAsync(
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

    private const int Parallelism = 8;

    /// <summary>Sends a slice to another step.</summary>
    public Task SendAsync(StepMessage message, CancellationToken cancellationToken) =>
        queues.SendAsync(message, cancellationToken);

    /// <summary>Sends a slice to another step after a delay.</summary>
    public Task SendAsync(StepMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queues.SendAsync(message, delay, cancellationToken);

    /// <summary>Requests an update of what depends on the source as a whole, if all its slices are at rest.</summary>
    public Task RequestRefreshAsync(string source, CancellationToken cancellationToken) =>
        refresh.RequestAsync(source, cancellationToken);
}
