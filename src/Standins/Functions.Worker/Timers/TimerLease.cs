using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Timers;

/// <summary>Lets one of several processes run a timer: a blob lease, renewed at half time; the others ask again every period.</summary>
internal sealed class TimerLease(BlobServiceClient blobs, string hostId, string function, TimeSpan period, TimeProvider time, ILogger logger)
{
    /// <summary>Runs <paramref name="hold"/> while this process holds the lease, again and again, until stopped.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> hold, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await TryAcquireAsync(stop) is not { } lease)
            {
                await Task.Delay(period, time, stop);
                continue;
            }
            using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var renewal = RenewAsync(lease, lost);
            try
            {
                await hold(lost.Token);
            }
            catch (OperationCanceledException) when (lost.IsCancellationRequested)
            {
                // stopping, or the lease is lost and asked for again
            }
            finally
            {
                await lost.CancelAsync();
                await renewal;
                await ReleaseAsync(lease);
            }
        }
    }

    private async Task<BlobLeaseClient?> TryAcquireAsync(CancellationToken stop)
    {
        var container = blobs.GetBlobContainerClient(HostRules.HostContainer);
        var blob = container.GetBlobClient($"locks/{hostId}/Host.Functions.{function}.Listener");
        try
        {
            var lease = blob.GetBlobLeaseClient();
            try
            {
                await lease.AcquireAsync(period, cancellationToken: stop);
            }
            catch (RequestFailedException error) when (error.Status == 404)
            {
                await container.CreateIfNotExistsAsync(cancellationToken: stop);
                await blob.UploadAsync(BinaryData.Empty, new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, stop);
                await lease.AcquireAsync(period, cancellationToken: stop);
            }
            return lease;
        }
        catch (RequestFailedException error) when (error.Status is 409 or 412)
        {
            return null; // another process holds it, or has just created it
        }
        catch (Exception error) when (error is RequestFailedException or AggregateException)
        {
            logger.LogWarning(error, "the lease of timer '{Function}' could not be asked for and is tried again in {Period}:", function, period);
            return null;
        }
    }

    private async Task RenewAsync(BlobLeaseClient lease, CancellationTokenSource lost)
    {
        try
        {
            while (true)
            {
                await Task.Delay(period / 2, time, lost.Token);
                await lease.RenewAsync(cancellationToken: lost.Token);
            }
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            // the holder has ended
        }
        catch (Exception error) when (error is RequestFailedException or AggregateException)
        {
            logger.LogWarning(error, "the lease of timer '{Function}' is lost and asked for again:", function);
            await lost.CancelAsync();
        }
    }

    private async Task ReleaseAsync(BlobLeaseClient lease)
    {
        try
        {
            await lease.ReleaseAsync(cancellationToken: CancellationToken.None);
        }
        catch (Exception error) when (error is RequestFailedException or AggregateException)
        {
            logger.LogDebug(error, "the lease of timer '{Function}' was gone already", function);
        }
    }
}
