using System.Security.Cryptography;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Pipeline.Sources.Http;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>
/// Writes tables as files for programs that cannot sign in to tables: one file a partition, and one for all of a table of moderate
/// size. Only files whose content differs from the manifest's are written; each is replaced as a whole.
/// </summary>
public sealed class Exporter(StorageAccount account, TableSet tables, ILogger<Exporter> logger)
{
    /// <summary>A table with more rows has no <c>_all.csv</c>.</summary>
    public const int MostRowsOfAll = 200_000;

    /// <summary>How often the work is begun anew because another process has changed the manifest.</summary>
    private const int MaxConflicts = 10;

    /// <summary>Uploads under way at the same time.</summary>
    private const int Parallelism = 8;

    private readonly BlobContainerClient container = account.Blobs.GetBlobContainerClient(Names.ExportsContainer);

    /// <summary>What the manifest says of a source; null when it says nothing.</summary>
    public async Task<string?> MarkAsync(string source, CancellationToken cancellationToken) =>
        (await ManifestAsync(cancellationToken).ConfigureAwait(false)).Manifest.Sources.GetValueOrDefault(source);

    /// <summary>What the manifest says of all sources.</summary>
    public async Task<IReadOnlyDictionary<string, string>> MarksAsync(CancellationToken cancellationToken) => (await ManifestAsync(cancellationToken).ConfigureAwait(false)).Manifest.Sources;

    /// <summary>Brings the files of tables up to date.</summary>
    /// <param name="exported">The tables.</param>
    /// <param name="source">The source whose change is the reason.</param>
    /// <param name="mark">What the manifest is to say of it, once the files are there.</param>
    /// <param name="cancellationToken">Stops the work; the next run completes it.</param>
    public async Task RunAsync(IReadOnlyCollection<ExportTable> exported, string source, string mark, CancellationToken cancellationToken)
    {
        await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await OnceAsync(exported, source, mark, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412 && conflicts < MaxConflicts)
            {
                // Another process has written the manifest since it was read: what is left to do is looked at anew.
            }
        }
    }

    private async Task OnceAsync(IReadOnlyCollection<ExportTable> exported, string source, string mark, CancellationToken cancellationToken)
    {
        var (before, tag) = await ManifestAsync(cancellationToken).ConfigureAwait(false);
        var known = before.Files.ToDictionary(file => file.File, StringComparer.Ordinal);
        var after = known.Values.Where(file => !exported.Any(table => IsOf(table, file))).ToList();
        var written = 0;
        foreach (var table in exported)
        {
            await using var work = new TableFiles(this, table, known, cancellationToken);
            after.AddRange(await work.RunAsync().ConfigureAwait(false));
            written += work.Written;
        }
        var gone = known.Keys.Except(after.Select(file => file.File), StringComparer.Ordinal).ToList();
        var sources = new SortedDictionary<string, string>(before.Sources.ToDictionary(), StringComparer.Ordinal) { [source] = mark };
        var manifest = new ExportManifest(sources, [.. after.OrderBy(file => file.File, StringComparer.Ordinal)]);
        await container.GetBlobClient(ExportManifest.Name).UploadAsync(manifest.Write(), new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders { ContentType = "application/json", CacheControl = "no-cache" },
            Conditions = tag is { } match ? new BlobRequestConditions { IfMatch = match } : new BlobRequestConditions { IfNoneMatch = ETag.All }
        }, cancellationToken).ConfigureAwait(false);
        // Files that no manifest names any more.
        foreach (var file in gone) await container.GetBlobClient(file).DeleteIfExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        if (written + gone.Count > 0) logger.LogInformation("exports: {Written} files written, {Gone} removed, {Files} in all", written, gone.Count, manifest.Files.Count);
    }

    private static bool IsOf(ExportTable table, ExportFile file) => file.File.StartsWith(table.Name + "/", StringComparison.Ordinal);

    private async Task<(ExportManifest Manifest, ETag? Tag)> ManifestAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = (await container.GetBlobClient(ExportManifest.Name).DownloadContentAsync(cancellationToken).ConfigureAwait(false)).Value;
            return (ExportManifest.Read(found.Content), found.Details.ETag);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return (ExportManifest.Empty, null);
        }
    }

    /// <summary>The files of one table, from one reading of it: the service gives rows in the order of their keys.</summary>
    private sealed class TableFiles(Exporter exporter, ExportTable table, Dictionary<string, ExportFile> known, CancellationToken cancellationToken) : IAsyncDisposable
    {
        private readonly CsvRecord record = new();
        private readonly BodyFile all = new();
        private readonly SemaphoreSlim slots = new(Parallelism);
        private readonly List<Task> uploads = [];
        private readonly List<ExportFile> files = [];
        private MemoryStream part = new();
        private string? partition;
        private long rows, partRows;
        private DateTimeOffset newest, partNewest;

        public int Written { get; private set; }

        public async Task<IReadOnlyList<ExportFile>> RunAsync()
        {
            var header = Header();
            await all.WriteAsync(header, cancellationToken).ConfigureAwait(false);
            var client = await exporter.OpenAsync(table.Name).ConfigureAwait(false);
            await foreach (var row in client.QueryAsync<TableEntity>(maxPerPage: 1000, cancellationToken: cancellationToken).ConfigureAwait(false))
            {
                if (row.PartitionKey != partition) await NextAsync(row.PartitionKey, header).ConfigureAwait(false);
                record.Clear();
                foreach (var column in table.Columns) record.Add(column switch { "PartitionKey" => row.PartitionKey, "RowKey" => row.RowKey, _ => row.TryGetValue(column, out var value) ? value : null });
                record.End();
                part.Write(record.Written.Span);
                if (rows++ < MostRowsOfAll) await all.WriteAsync(record.Written, cancellationToken).ConfigureAwait(false);
                partRows++;
                var vintage = row.GetDateTimeOffset(table.VintageColumn) ?? default;
                if (vintage > partNewest) partNewest = vintage;
                if (vintage > newest) newest = vintage;
            }
            await NextAsync(null, header).ConfigureAwait(false);
            await Task.WhenAll(uploads).ConfigureAwait(false);
            if (rows is > 0 and <= MostRowsOfAll) await AllAsync().ConfigureAwait(false);
            return files;
        }

        private byte[] Header()
        {
            foreach (var column in table.Columns) record.Add(column);
            record.End();
            return record.Written.ToArray();
        }

        private async Task NextAsync(string? next, byte[] header)
        {
            if (partition is not null)
            {
                var file = new ExportFile($"{table.Name}/{partition}.csv", partRows, Convert.ToHexStringLower(SHA256.HashData(part.GetBuffer().AsSpan(0, (int)part.Length))), partNewest);
                files.Add(file);
                if (IsNew(file))
                {
                    await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
                    uploads.Add(UploadPartAsync(file.File, part));
                    part = new MemoryStream();
                }
            }
            part.SetLength(0);
            part.Write(header);
            (partition, partRows, partNewest) = (next, 0, default);
        }

        private async Task UploadPartAsync(string name, MemoryStream body)
        {
            try
            {
                body.Position = 0;
                await exporter.UploadAsync(name, body, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                slots.Release();
            }
        }

        private async Task AllAsync()
        {
            var (body, sha256) = all.Complete();
            var file = new ExportFile($"{table.Name}/_all.csv", rows, sha256, newest);
            files.Add(file);
            if (!IsNew(file)) return;
            body.Position = 0;
            await exporter.UploadAsync(file.File, body, cancellationToken).ConfigureAwait(false);
        }

        private bool IsNew(ExportFile file)
        {
            if (known.TryGetValue(file.File, out var before) && before == file) return false;
            Written++;
            return true;
        }

        public async ValueTask DisposeAsync()
        {
            await Task.WhenAll(uploads).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await all.DisposeAsync().ConfigureAwait(false);
            slots.Dispose();
        }
    }

    private Task<TableClient> OpenAsync(string table) => tables.OpenAsync(table);

    private async Task UploadAsync(string name, Stream body, CancellationToken cancellationToken) => await container.GetBlobClient(name)
        .UploadAsync(body, new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = "text/csv; charset=utf-8", CacheControl = "no-cache" } }, cancellationToken).ConfigureAwait(false);
}
