using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Pipeline.Exports.Formats;
using Pipeline.Issues;

namespace Pipeline.Exports;

/// <summary>A file as a listing of the container has it.</summary>
/// <param name="Version">Its version: a writer that replaces it says which one.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="Sha256">What its writer said of its bytes; empty when another program wrote it.</param>
internal sealed record StoredFile(ETag Version, long Bytes, string Sha256)
{
    /// <summary>True if it is the file that the catalog, or a reading of the table, says.</summary>
    public bool Is(ExportFile file) => Bytes == file.Bytes && Sha256 == file.Sha256;
}

/// <summary>
/// The container <c>exports</c>. Everything is written under a condition: the version that was listed, or
/// none.
/// </summary>
internal sealed class ExportContainer(BlobContainerClient container, ILogger logger)
{
    private const string Sha256 = "sha256";

    public Task EnsureAsync(CancellationToken cancellationToken) =>
        container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);

    /// <summary>
    /// The catalog and its version; an empty one without a version if there is none. It says nothing that cannot be
    /// found out again, so that one that cannot be read stops no process: it counts as empty, and is replaced.
    /// </summary>
    public async Task<(ExportCatalog Catalog, ETag? Version)> CatalogAsync(CancellationToken cancellationToken)
    {
        BlobDownloadResult found;
        try
        {
            found = (
                await container.GetBlobClient(ExportCatalog.BlobName).DownloadContentAsync(cancellationToken)
            ).Value;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return (ExportCatalog.Empty, null);
        }
        try
        {
            return (ExportCatalog.Read(found.Content), found.Details.ETag);
        }
        catch (JsonException e)
        {
            logger.LogError(
                e,
                "{Finding}",
                new Finding(
                    $"container {container.Name}, blob {ExportCatalog.BlobName}",
                    Finding.Quote(found.Content.ToString()),
                    "the catalog of the export files",
                    "Do nothing: it counts as empty, and the next plan of each source computes its indicators, claims "
                        + "and files and writes this blob again."
                )
            );
            return (ExportCatalog.Empty, found.Details.ETag);
        }
    }

    /// <summary>Everything in the container but the catalog, by name; nothing if there is no container.</summary>
    public async Task<IReadOnlyDictionary<string, StoredFile>> ListAsync(CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, StoredFile>(StringComparer.Ordinal);
        try
        {
            await foreach (
                var blob in container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, null, cancellationToken)
            )
            {
                if (blob.Name != ExportCatalog.BlobName)
                {
                    files.Add(
                        blob.Name,
                        new StoredFile(
                            blob.Properties.ETag!.Value,
                            blob.Properties.ContentLength ?? -1,
                            blob.Metadata?.TryGetValue(Sha256, out var sha256) == true ? sha256 : ""
                        )
                    );
                }
            }
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            files.Clear();
        }
        return files;
    }

    /// <summary>Writes a file as a whole.</summary>
    /// <exception cref="RequestFailedException">Status 409 or 412: it is not the one that was listed any
    /// more.</exception>
    public Task PutAsync(
        ExportFile file,
        RowFormat format,
        Stream body,
        StoredFile? listed,
        CancellationToken cancellationToken
    )
    {
        body.Position = 0;
        return UploadAsync(
            file.Path,
            body,
            format.ContentType,
            listed?.Version,
            new Dictionary<string, string> { [Sha256] = file.Sha256 },
            cancellationToken
        );
    }

    /// <summary>Writes the catalog.</summary>
    /// <exception cref="RequestFailedException">Status 409 or 412: it is not the one that was read any
    /// more.</exception>
    public async Task PutAsync(ExportCatalog catalog, ETag? read, CancellationToken cancellationToken)
    {
        using var body = catalog.Write().ToStream();
        await UploadAsync(ExportCatalog.BlobName, body, "application/json", read, null, cancellationToken);
    }

    /// <summary>Removes a file; one that is gone already is no fault.</summary>
    /// <exception cref="RequestFailedException">Status 412: it is not the one that was listed any more.</exception>
    public Task RemoveAsync(string name, StoredFile listed, CancellationToken cancellationToken) =>
        container
            .GetBlobClient(name)
            .DeleteIfExistsAsync(
                DeleteSnapshotsOption.IncludeSnapshots,
                new BlobRequestConditions { IfMatch = listed.Version },
                cancellationToken
            );

    private Task<Response<BlobContentInfo>> UploadAsync(
        string name,
        Stream body,
        string type,
        ETag? version,
        IDictionary<string, string>? metadata,
        CancellationToken cancellationToken
    ) =>
        container
            .GetBlobClient(name)
            .UploadAsync(
                body,
                new BlobUploadOptions
                {
                    HttpHeaders = new BlobHttpHeaders { ContentType = type, CacheControl = "no-cache" },
                    Metadata = metadata,
                    Conditions = version is { } match
                        ? new BlobRequestConditions { IfMatch = match }
                        : new BlobRequestConditions { IfNoneMatch = ETag.All },
                },
                cancellationToken
            );
}
