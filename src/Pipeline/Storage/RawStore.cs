using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Pipeline.Slices;

namespace Pipeline.Storage;

/// <summary>The bodies as they came, kept before anything reads them.</summary>
public sealed class RawStore(StorageAccount account)
{
    /// <summary>Bodies up to this size, in bytes, are kept in memory; larger ones in a temporary file.</summary>
    private const int InMemory = 8 << 20;

    private readonly BlobContainerClient container = account.Blobs.GetBlobContainerClient(Names.RawContainer);
    private Task? created;

    /// <summary>The bodies of a slice, oldest first.</summary>
    public Task<IReadOnlyList<RawName>> ListAsync(Slice slice, CancellationToken cancellationToken) =>
        ReadAsync(slice.Id + "/", cancellationToken);

    /// <summary>The bodies of all slices of a source, oldest first.</summary>
    public Task<IReadOnlyList<RawName>> ListAsync(string source, CancellationToken cancellationToken) =>
        ReadAsync(source + "/", cancellationToken);

    private async Task<IReadOnlyList<RawName>> ReadAsync(string prefix, CancellationToken cancellationToken)
    {
        await EnsureAsync();
        var names = new List<RawName>();
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, cancellationToken))
        {
            if (RawName.TryParse(blob.Name, out var name))
                names.Add(name);
        }

        return [.. names.OrderBy(name => name.Vintage).ThenBy(name => name.Sha12, StringComparer.Ordinal)];
    }

    /// <summary>Stores a body. Storing the same body under the same name again changes nothing.</summary>
    public async Task PutAsync(
        RawName name,
        Stream body,
        IDictionary<string, string> metadata,
        string? contentType,
        CancellationToken cancellationToken
    )
    {
        await EnsureAsync();
        var options = new BlobUploadOptions
        {
            Metadata = metadata,
            HttpHeaders = new BlobHttpHeaders { ContentType = contentType ?? "application/octet-stream" },
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
        };
        try
        {
            await container.GetBlobClient(name.Blob).UploadAsync(body, options, cancellationToken);
        }
        catch (RequestFailedException e)
            when (e.Status is 409 or 412 && e.ErrorCode == BlobErrorCode.BlobAlreadyExists.ToString())
        {
            // The name holds the hash of the body: what is there is what was to be stored.
        }
    }

    /// <summary>Downloads a body, to be read as often as the caller likes.</summary>
    public async Task<RawBody> OpenAsync(RawName name, CancellationToken cancellationToken)
    {
        var blob = container.GetBlobClient(name.Blob);
        using var response = (await blob.DownloadStreamingAsync(cancellationToken: cancellationToken)).Value;
        var (length, metadata) = (response.Details.ContentLength, response.Details.Metadata);
        Stream content = length > InMemory ? TemporaryFile.Open() : new MemoryStream((int)length);
        try
        {
            await response.Content.CopyToAsync(content, cancellationToken);
            return new RawBody(metadata["sha256"], metadata.TryGetValue("url", out var url) ? url : "", content);
        }
        catch
        {
            await content.DisposeAsync();
            throw;
        }
    }

    private Task EnsureAsync()
    {
        var task = created;
        return task is null || task.IsFaulted || task.IsCanceled ? created = container.CreateIfNotExistsAsync() : task;
    }
}
