using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Sends a slice to the steps that follow, and its source to <see cref="Digest"/> once the slice ends.
/// </summary>
public sealed class NextSteps(StepQueues queues, PlannedSlices planned, Digest digest)
{
    /// <summary>Requests the parts of a slice that has no rows as a whole.</summary>
    /// <param name="source">The source of the slice.</param>
    /// <param name="parts">The parts; may be empty.</param>
    /// <param name="at">When the slice was pulled, UTC.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task PullAsync(
        string source,
        IReadOnlyList<Slice> parts,
        DateTimeOffset at,
        CancellationToken cancellationToken
    )
    {
        foreach (var part in parts)
            await queues.SendAsync(new PullMessage(part.Id, at), cancellationToken);
        planned.Add(source, parts, at);
    }

    /// <summary>Sends a stored body to <see cref="Ingestion.Normalize"/>.</summary>
    public Task NormalizeAsync(NormalizeMessage message, CancellationToken cancellationToken) =>
        queues.SendAsync(message, cancellationToken);

    /// <summary>Sends a loaded body to <see cref="Ingestion.Publish"/>.</summary>
    public Task PublishAsync(PublishMessage message, CancellationToken cancellationToken) =>
        PublishAsync(message, TimeSpan.Zero, cancellationToken);

    /// <summary>Sends a loaded body to <see cref="Ingestion.Publish"/> after a delay.</summary>
    public Task PublishAsync(PublishMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        queues.SendAsync(message, delay, cancellationToken);

    /// <summary>Requests an update of what depends on the source as a whole, if all its slices have ended.</summary>
    public Task RequestDigestAsync(string source, CancellationToken cancellationToken) =>
        digest.RequestAsync(source, cancellationToken);

    /// <summary>Updates what depends on the source as a whole.</summary>
    public Task DigestAsync(string source, CancellationToken cancellationToken) =>
        digest.RunAsync(source, cancellationToken);
}
