using System.Security.Cryptography;
using Azure.Data.Tables;
using Pipeline.Exports.Formats;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>
/// The files of one table, from one reading of it: the service gives rows in the order of their keys, so that a
/// partition is complete when the next one begins. At most <see cref="Parallelism"/> of them wait in memory; the file
/// of all rows is a file of this machine meanwhile.
/// </summary>
internal sealed class TableFiles(
    ExportContainer container,
    ExportTable table,
    IReadOnlyDictionary<string, StoredFile> listed,
    CancellationToken cancellationToken
) : IAsyncDisposable
{
    /// <summary>Uploads under way at the same time.</summary>
    private const int Parallelism = 8;

    private readonly CsvRecord record = new();
    private readonly BodyFile all = new();
    private readonly SemaphoreSlim slots = new(Parallelism);
    private readonly List<Task> uploads = [];
    private readonly List<ExportFile> files = [];
    private MemoryStream part = new();
    private string? partition;
    private long rows,
        partRows;
    private DateTimeOffset newest,
        partNewest;

    /// <summary>How many files differed and were written.</summary>
    public int Written { get; private set; }

    /// <summary>Reads the table and writes the files that differ from the listed ones.</summary>
    /// <returns>All files of the table.</returns>
    public async Task<IReadOnlyList<ExportFile>> RunAsync(TableClient client)
    {
        var header = Header();
        await all.WriteAsync(header, cancellationToken);
        await foreach (
            var row in client.QueryAsync<TableEntity>(maxPerPage: 1000, cancellationToken: cancellationToken)
        )
        {
            if (row.PartitionKey != partition)
                await NextAsync(row.PartitionKey, header);
            record.Clear();
            foreach (var column in table.Columns)
            {
                record.Add(
                    column switch
                    {
                        "PartitionKey" => row.PartitionKey,
                        "RowKey" => row.RowKey,
                        _ => row.TryGetValue(column, out var value) ? value : null,
                    }
                );
            }

            record.End();
            part.Write(record.Written.Span);
            if (rows++ < Exporter.MostRowsOfAll)
                await all.WriteAsync(record.Written, cancellationToken);
            partRows++;
            var vintage = row.GetDateTimeOffset(table.VintageColumn) ?? default;
            if (vintage > partNewest)
                partNewest = vintage;
            if (vintage > newest)
                newest = vintage;
        }
        await NextAsync(null, header);
        await Task.WhenAll(uploads);
        if (rows is > 0 and <= Exporter.MostRowsOfAll)
            await AllAsync();
        return files;
    }

    private byte[] Header()
    {
        foreach (var column in table.Columns)
            record.Add(column);
        record.End();
        return record.Written.ToArray();
    }

    private async Task NextAsync(string? next, byte[] header)
    {
        if (partition is not null)
        {
            var file = new ExportFile(
                table.FileOf(partition),
                partRows,
                part.Length,
                Convert.ToHexStringLower(SHA256.HashData(part.GetBuffer().AsSpan(0, (int)part.Length))),
                partNewest
            );
            if (Take(file))
            {
                await slots.WaitAsync(cancellationToken);
                // One that was refused ends the reading here: it is begun again anyway.
                foreach (var done in uploads.Where(upload => upload.IsCompleted).ToList())
                {
                    uploads.Remove(done);
                    await done;
                }
                uploads.Add(UploadAsync(file, part));
                part = new MemoryStream();
            }
        }
        part.SetLength(0);
        part.Write(header);
        (partition, partRows, partNewest) = (next, 0, default);
    }

    private async Task UploadAsync(ExportFile file, MemoryStream body)
    {
        try
        {
            await container.PutAsync(file, body, listed.GetValueOrDefault(file.File), cancellationToken);
        }
        finally
        {
            slots.Release();
        }
    }

    private async Task AllAsync()
    {
        var bytes = all.Length;
        var (body, sha256) = all.Complete();
        var file = new ExportFile(table.FileOf("_all"), rows, bytes, sha256, newest);
        if (Take(file))
            await container.PutAsync(file, body, listed.GetValueOrDefault(file.File), cancellationToken);
    }

    /// <summary>
    /// Whether the file is to be written: none is listed, or another one, whatever the manifest says of it.
    /// </summary>
    private bool Take(ExportFile file)
    {
        files.Add(file);
        if (listed.GetValueOrDefault(file.File)?.Is(file) == true)
            return false;
        Written++;
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAny(Task.WhenAll(uploads));
        await all.DisposeAsync();
        slots.Dispose();
    }
}
