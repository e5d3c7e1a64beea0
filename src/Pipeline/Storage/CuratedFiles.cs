using System.Net;
using Azure;
using Azure.Storage.Blobs;
using Pipeline.Datasets;

namespace Pipeline.Storage;

/// <summary>Reads small files that operators maintain.</summary>
public sealed class CuratedReader(StorageAccount account)
{
    /// <summary>The text of a file; null when there is none.</summary>
    public async Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var blob = account.Blobs.GetBlobContainerClient(Names.CuratedContainer).GetBlobClient(name);
            return (await blob.DownloadContentAsync(cancellationToken)).Value.Content.ToString();
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null; // The program's own list holds.
        }
    }
}

/// <summary>
/// Answers requests for files that people put into the container <c>curated</c> as a server would: 200 with the file,
/// 404 without one. All other requests go to the network. The storage client retries by itself.
/// </summary>
public sealed class CuratedFiles(StorageAccount account, HttpMessageHandler network) : DelegatingHandler(network)
{
    private readonly BlobContainerClient container = account.Blobs.GetBlobContainerClient(Names.CuratedContainer);

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        if (request.RequestUri!.Scheme != SourceRequest.CuratedScheme)
            return await base.SendAsync(request, cancellationToken);
        var response = new HttpResponseMessage { RequestMessage = request };
        try
        {
            var name = Uri.UnescapeDataString(request.RequestUri.AbsolutePath[1..]);
            var file = (
                await container.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: cancellationToken)
            ).Value;
            response.Content = new StreamContent(file.Content);
            response.Content.Headers.TryAddWithoutValidation("Content-Type", file.Details.ContentType);
            response.Content.Headers.LastModified = file.Details.LastModified;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // An operator who wants to put the file there should find the container.
            await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            response.StatusCode = HttpStatusCode.NotFound;
        }
        return response;
    }
}
