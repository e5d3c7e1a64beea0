using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;
using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>
/// Leases on blobs of the container <c>locks</c>, one blob a slice or source: of all workers at most one holds a lease,
/// and a worker that dies loses it by itself.
/// </summary>
public sealed class SliceLeases(StorageAccount account, TimeProvider time, ILogger<SliceLeases> logger)
{
    /// <summary>How long a lease holds after it was taken or renewed.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    /// <summary>A step sends the next message just before it ends: its worker waits for that long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Maximum attempts to create the blob of a lease.</summary>
    private const int MaxCreations = 3;

    private readonly BlobContainerClient container = account.Blobs.GetBlobContainerClient(Names.LocksContainer);

    /// <summary>Takes the lease of a slice or of a source.</summary>
    /// <param name="name">The slice as <see cref="Slice.Id"/> writes it, or the source.</param>
    /// <param name="cancellationToken">Stops the call, and the work under the lease.</param>
    /// <returns>The lease, or the storage's time if another worker holds it.</returns>
    public Task<(SliceLease? Lease, DateTimeOffset RefusedAt)> TakeAsync(
        string name,
        CancellationToken cancellationToken
    ) => TakeAsync(name, Patience, cancellationToken);

    /// <summary>Takes the lease of a slice or of a source.</summary>
    /// <param name="name">The slice as <see cref="Slice.Id"/> writes it, or the source.</param>
    /// <param name="patience">How long to wait for another worker.</param>
    /// <param name="cancellationToken">Stops the call, and the work under the lease.</param>
    /// <returns>The lease, or the storage's time if another worker holds it.</returns>
    public async Task<(SliceLease? Lease, DateTimeOffset RefusedAt)> TakeAsync(
        string name,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        var blob = container.GetBlobClient(name);
        var (began, creations) = (time.GetTimestamp(), 0);
        while (true)
        {
            var client = blob.GetBlobLeaseClient();
            var takenAt = time.GetTimestamp();
            try
            {
                var answer = await client.AcquireAsync(Duration, cancellationToken: cancellationToken);
                return (
                    new SliceLease(
                        name,
                        client,
                        takenAt,
                        TimeOf(answer.GetRawResponse()),
                        time,
                        logger,
                        cancellationToken
                    ),
                    default
                );
            }
            catch (RequestFailedException e) when (e.Status == 404 && creations < MaxCreations)
            {
                // Not limited by time: a worker may have been suspended between its call and this line.
                creations++;
                await CreateAsync(blob, cancellationToken);
            }
            catch (RequestFailedException e) when (e.Status == 409)
            {
                if (time.GetElapsedTime(began) >= patience)
                    return (null, TimeOf(e.GetRawResponse()));
                await Task.Delay(AskEvery, time, cancellationToken);
            }
        }
    }

    /// <summary>The storage's time, which all workers share.</summary>
    internal static DateTimeOffset TimeOf(Response? response) =>
        response?.Headers.Date
        ?? throw new InvalidOperationException("storage: seen an answer without the header Date, expected one");

    private async Task CreateAsync(BlobClient blob, CancellationToken cancellationToken)
    {
        await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        try
        {
            await blob.UploadAsync(BinaryData.Empty, overwrite: false, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // Another worker was faster: the blob is there, and may be leased.
        }
    }
}
