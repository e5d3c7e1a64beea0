using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Pipeline.Issues;

namespace Pipeline.Exports;

/// <summary>A file as a listing of the container has it.</summary>
/// <param name="Version">Its version: a writer that replaces it says which one.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="Sha256">What its writer said of its bytes; empty when another program wrote it.</param>
internal sealed record StoredFile(ETag Version, long Bytes, string Sha256)
{
    /// <summary>Whether it is the file that the manifest, or a reading of the table, says.</summary>
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
    /// The manifest and its version; an empty one without a version when there is none. It says nothing that cannot be
    /// found out again, so that one that cannot be read stops no process: it counts as empty, and is replaced.
    /// </summary>
    public async Task<(ExportManifest Manifest, ETag? Version)> ManifestAsync(CancellationToken cancellationToken)
    {
        BlobDownloadResult found;
        try
        {
            found = (await container.GetBlobClient(ExportManifest.Name).DownloadContentAsync(cancellationToken)).Value;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return (ExportManifest.Empty, null);
        }
        try
        {
            return (ExportManifest.Read(found.Content), found.Details.ETag);
        }
        catch (JsonException e)
        {
            logger.LogError(
                e,
                "{Finding}",
                new Finding(
                    $"container {container.Name}, blob {ExportManifest.Name}",
                    Finding.Quote(found.Content.ToString()),
                    "the manifest of the export files",
                    "it counts as empty; the next plan of each source makes its indicators, claims, files and this "
                        + "blob anew, nothing is to be done"
                )
            );
            return (ExportManifest.Empty, found.Details.ETag);
        }
    }

    /// <summary>Everything in the container but the manifest, by name; nothing when there is no container.</summary>
    public async Task<IReadOnlyDictionary<string, StoredFile>> ListAsync(CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, StoredFile>(StringComparer.Ordinal);
        try
        {
            await foreach (
                var blob in container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, null, cancellationToken)
            )
            {
                if (blob.Name != ExportManifest.Name)
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
    public Task PutAsync(ExportFile file, Stream body, StoredFile? listed, CancellationToken cancellationToken)
    {
        body.Position = 0;
        return UploadAsync(
            file.File,
            body,
            "text/csv; charset=utf-8",
            listed?.Version,
            new Dictionary<string, string> { [Sha256] = file.Sha256 },
            cancellationToken
        );
    }

    /// <summary>Writes the manifest.</summary>
    /// <exception cref="RequestFailedException">Status 409 or 412: it is not the one that was read any
    /// more.</exception>
    public async Task PutAsync(ExportManifest manifest, ETag? read, CancellationToken cancellationToken)
    {
        using var body = manifest.Write().ToStream();
        await UploadAsync(ExportManifest.Name, body, "application/json", read, null, cancellationToken);
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
