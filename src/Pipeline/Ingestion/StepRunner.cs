using Microsoft.Extensions.Logging;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Works on the messages of the step queues, each under the lease of its slice or source, so that of all workers one at
/// most works on it.
/// </summary>
public sealed class StepRunner(
    SliceLeases leases,
    StepQueues queues,
    Pull pull,
    Normalize normalize,
    CompleteRun complete,
    RefreshSource refresh,
    ILogger<StepRunner> logger
)
{
    /// <summary>How long a message waits for its lease, from when it first found the lease taken.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(1);

    private static readonly TimeSpan WaitStep = TimeSpan.FromSeconds(5);

    /// <summary>Maximum times that the lease may be lost while workers are at a message.</summary>
    private const int MaxLosses = 20;

    /// <summary>Works on a message.</summary>
    /// <exception cref="TimeoutException">Another worker has held the lease for an hour.</exception>
    /// <exception cref="InvalidOperationException">The lease was lost too often while workers were at the
    /// message.</exception>
    public async Task RunAsync(StepMessage message, CancellationToken cancellationToken)
    {
        var subject = message.Subject;
        var (lease, refusedAt) = await leases.TakeAsync(subject.LeaseName, cancellationToken);
        if (lease is null)
        {
            await WaitAsync(message, subject, refusedAt, cancellationToken);
            return;
        }
        await using (lease)
        {
            try
            {
                await WorkAsync(message, lease);
                return;
            }
            catch (Exception e) when (lease.IsLost && e is LeaseLostException or OperationCanceledException)
            {
                logger.LogWarning("{Lost}; {Step} is worked on again", e.Message, message.StepName);
            }
        }
        await GiveWayAsync(message, subject, cancellationToken);
    }

    private async Task WorkAsync(StepMessage message, SliceLease lease)
    {
        // Ends with this method.
        lease.Guard();
        switch (message)
        {
            case PullMessage asked:
                await pull.RunAsync(asked, lease);
                break;
            case NormalizeMessage asked:
                await normalize.RunAsync(asked, lease);
                break;
            case ReloadNewestMessage asked:
                await normalize.ReloadAsync(asked, lease);
                break;
            case CompleteRunMessage asked:
                await complete.RunAsync(asked, lease);
                break;
            case RefreshSourceMessage asked:
                await refresh.RunAsync(asked, lease.Token);
                break;
            default:
                throw new ArgumentException($"seen {message.GetType().Name}, expected a message", nameof(message));
        }
    }

    /// <summary>Another worker has the lease: a copy of the message comes later in its place.</summary>
    private async Task WaitAsync(
        StepMessage message,
        MessageSubject subject,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var since = message.WaitingSince ?? now;
        if (now - since > MaxWait)
        {
            throw new TimeoutException(
                $"lease of {subject.LeaseName}: held by another worker since {since:O}, expected for at most "
                    + $"{MaxWait.TotalHours:0} hour; look for a worker that hangs"
            );
        }
        await queues.SendAsync(message with { WaitingSince = since }, WaitStep, cancellationToken);
        logger.LogInformation("{Name}: another worker is at work; {Step} waits", subject.LeaseName, message.StepName);
    }

    /// <summary>
    /// The lease was lost: the message comes once more, and what this worker may have written after that is put right
    /// by loading the newest body over it.
    /// </summary>
    private async Task GiveWayAsync(StepMessage message, MessageSubject subject, CancellationToken cancellationToken)
    {
        if (message is PullMessage or NormalizeMessage && subject.Slice is { } slice)
            await queues.SendAsync(new ReloadNewestMessage(slice.Id), cancellationToken);
        if (message.LeaseLosses >= MaxLosses)
        {
            throw new InvalidOperationException(
                $"lease of {subject.LeaseName}: lost {message.LeaseLosses + 1} times during {message.StepName}, "
                    + $"expected at most {MaxLosses}; look at the load of the workers and the latency of the storage"
            );
        }
        var again = message with { LeaseLosses = message.LeaseLosses + 1, WaitingSince = null };
        await queues.SendAsync(again, WaitStep, cancellationToken);
    }
}
