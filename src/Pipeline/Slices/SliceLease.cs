using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;

namespace Pipeline.Slices;

/// <summary>
/// The right to work on a slice or source, renewed every 5 s until it is disposed of. When it is lost, the work under
/// it is cancelled.
/// </summary>
public sealed class SliceLease : IAsyncDisposable
{
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(5);

    /// <summary>A lease that was not renewed for so long is confirmed before the next storage call.</summary>
    private static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(10);

    private static readonly AsyncLocal<SliceLease?> Current = new();

    private readonly Lock gate = new();
    private readonly string name;
    private readonly BlobLeaseClient client;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource work;
    private readonly ITimer timer;
    private long renewedAt;
    private Task? renewing;
    private volatile bool isLost;

    internal SliceLease(
        string name,
        BlobLeaseClient client,
        long takenAt,
        DateTimeOffset storageTime,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        (this.name, this.client, this.time, this.logger) = (name, client, time, logger);
        (renewedAt, StorageTime) = (takenAt, storageTime);
        work = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer = time.CreateTimer(_ => _ = RenewInTimeAsync(), null, RenewEvery, RenewEvery);
    }

    /// <summary>Cancelled when the lease is lost, or the step is stopped.</summary>
    public CancellationToken Token => work.Token;

    /// <summary>
    /// The storage's time when it answered last, UTC, in whole seconds: the order of bodies is by it.
    /// </summary>
    public DateTimeOffset StorageTime { get; private set; }

    /// <summary>Whether another worker may have taken the lease.</summary>
    public bool IsLost => isLost;

    /// <summary>Renews the lease now.</summary>
    /// <exception cref="LeaseLostException">Another worker has taken it.</exception>
    public Task ConfirmAsync()
    {
        lock (gate)
        {
            if (renewing is null or { IsCompleted: true })
                renewing = RenewAsync();
            return renewing;
        }
    }

    /// <summary>
    /// From here to the end of the calling method, every storage call confirms the lease first if it was not renewed in
    /// time.
    /// </summary>
    public void Guard() => Current.Value = this;

    /// <summary>Gives the lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync();
        if (!isLost)
        {
            try
            {
                await client.ReleaseAsync(cancellationToken: CancellationToken.None);
            }
            catch (RequestFailedException e)
            {
                logger.LogInformation(
                    "lease of {Name}: not given back (status {Status}, {Code}); it ends by itself within {Seconds} s",
                    name,
                    e.Status,
                    e.ErrorCode,
                    SliceLeases.Duration.TotalSeconds
                );
            }
        }
        work.Dispose();
    }

    private async Task RenewAsync()
    {
        Current.Value = null;
        var began = time.GetTimestamp();
        try
        {
            var answer = await client.RenewAsync(cancellationToken: CancellationToken.None);
            StorageTime = SliceLeases.TimeOf(answer.GetRawResponse());
            Interlocked.Exchange(ref renewedAt, began);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
        {
            isLost = true;
            await work.CancelAsync();
            throw new LeaseLostException(
                $"lease of {name}: seen {e.ErrorCode}, expected the lease of this worker; another worker goes on"
            );
        }
    }

    private async Task RenewInTimeAsync()
    {
        try
        {
            await ConfirmAsync();
        }
        catch (LeaseLostException e)
        {
            logger.LogWarning("{Lost}", e.Message);
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException or ObjectDisposedException)
        {
            // No warning: the next renewal, or the next storage call, finds out whether the lease is lost.
            logger.LogInformation(
                "lease of {Name}: not renewed ({Reason}); tried again in {Seconds} s",
                name,
                e.Message.Split('\n')[0],
                RenewEvery.TotalSeconds
            );
        }
    }

    private bool IsStale => time.GetElapsedTime(Interlocked.Read(ref renewedAt)) >= StaleAfter;

    /// <summary>
    /// Part of every storage client: a worker that slept through its lease finds out before its next call.
    /// </summary>
    internal sealed class GuardPolicy : HttpPipelinePolicy
    {
        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException("the pipeline makes no storage call that blocks");

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (Current.Value is { } lease)
            {
                if (lease.isLost)
                    throw new LeaseLostException($"lease of {lease.name}: lost; another worker goes on");
                // A renewal that was under way when the worker slept may be as old as the sleep.
                while (lease.IsStale)
                    await lease.ConfirmAsync();
            }
            await ProcessNextAsync(message, pipeline);
        }
    }
}

/// <summary>Another worker has taken the lease of a step that was at work.</summary>
public sealed class LeaseLostException(string message) : Exception(message);
