using Pipeline.Exports.Formats;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>
/// The files of one table, from one reading of it. All of them are open at the same time, as files of this machine; of
/// their rows at most <see cref="MaxBufferedRows"/> wait in memory.
/// </summary>
internal sealed class TableFiles(
    ExportContainer container,
    ExportTable table,
    IReadOnlyDictionary<string, StoredFile> listed,
    CancellationToken cancellationToken
) : IAsyncDisposable
{
    /// <summary>Rows of all files together that wait in memory, at most: some 50 MB of the widest table.</summary>
    internal const int MaxBufferedRows = 100_000;

    private readonly SortedDictionary<int, IReadOnlyList<SpooledFile>> years = [];
    private long buffered;

    /// <summary>How many files differed and were written.</summary>
    public int Written { get; private set; }

    /// <summary>Reads the table and writes the files that differ from the listed ones.</summary>
    /// <returns>The resources of the catalog, one a format; none of a table by year without rows.</returns>
    public async Task<IReadOnlyList<ExportResource>> RunAsync(TableSet tables)
    {
        var (yearOf, vintageOf) = (table.YearReader(), table.VintageReader());
        if (table.YearColumn is null)
            FilesOf(null);
        await foreach (var row in table.ReadAsync(tables, cancellationToken))
        {
            var vintage = vintageOf(row);
            foreach (var file in FilesOf(yearOf(row)))
            {
                buffered -= file.BufferedRows;
                await file.AddAsync(row, vintage, cancellationToken);
                buffered += file.BufferedRows;
            }
            if (buffered > MaxBufferedRows)
                await FlushAsync();
        }

        var complete = new List<(RowFormat Format, ExportFile File)>();
        foreach (var file in years.Values.SelectMany(files => files))
        {
            var entry = await file.CompleteAsync(cancellationToken);
            complete.Add((file.Format, entry));
            if (listed.GetValueOrDefault(file.Path) is var stored && stored?.Is(entry) == true)
                continue;
            await container.PutAsync(entry, file.Format, file.Body, stored, cancellationToken);
            Written++;
        }
        return
        [
            .. complete
                .GroupBy(entry => entry.Format, entry => entry.File)
                .Select(files => ExportResource.Of(table, files.Key, [.. files])),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var file in years.Values.SelectMany(files => files))
            await file.DisposeAsync();
    }

    private IReadOnlyList<SpooledFile> FilesOf(int? year)
    {
        if (!years.TryGetValue(year ?? 0, out var files))
        {
            files = [.. RowFormat.All.Select(format => new SpooledFile(table.FileOf(format, year), format, table))];
            years.Add(year ?? 0, files);
        }
        return files;
    }

    /// <summary>The file with the most rows gives them up, so that the groups of a Parquet file are large.</summary>
    private async ValueTask FlushAsync()
    {
        var fullest = years.Values.SelectMany(files => files).MaxBy(file => file.BufferedRows)!;
        buffered -= fullest.BufferedRows;
        await fullest.FlushAsync(cancellationToken);
    }
}
