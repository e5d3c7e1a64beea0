using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Sends a slice to the steps that follow, and its source to <see cref="RefreshSource"/> once it is at rest.
/// </summary>
public sealed class NextSteps(StepQueues queues, PullRequests pulls, RefreshRequests refresh)
{
    /// <inheritdoc cref="PullRequests.SendAsync"/>
    public Task PullAsync(
        string source,
        IReadOnlyCollection<Slice> wanted,
        DateTimeOffset plannedAt,
        CancellationToken cancellationToken
    ) => pulls.SendAsync(source, wanted, plannedAt, cancellationToken);

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
