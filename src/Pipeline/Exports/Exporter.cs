using Azure;
using Microsoft.Extensions.Logging;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>
/// Writes tables as CSV and Parquet files for programs that cannot sign in to tables: one file for a table, or one for
/// each year of a large one, without a limit of rows. Only files whose content differs are written; each is replaced as
/// a whole.
/// </summary>
/// <remarks>
/// Any number of processes may do so at the same time, any of them slow or dead at any point. A worker reads the
/// catalog, then lists the files, then reads the rows, and replaces only the version of a file that was listed: so its
/// rows are at least as new as those of the file that it replaces. The catalog comes last, and only if no other
/// process has written it meanwhile: so none of the files that it calls up to date was looked at before another
/// process's were complete. What a process that died has left is found by <see cref="IsCurrentAsync"/>, as are files
/// that were overwritten or removed.
/// </remarks>
public sealed class Exporter(StorageAccount account, TableSet tables, ILogger<Exporter> logger)
{
    /// <summary>How often the work is begun again because another process has written a file or the catalog.</summary>
    private const int MaxConflicts = 10;

    private readonly ExportContainer container = new(
        account.Blobs.GetBlobContainerClient(Names.ExportsContainer),
        logger
    );

    /// <summary>
    /// For each source that the catalog knows a mark of what its indicators, claims and files were made
    /// from.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string>> MarksAsync(CancellationToken cancellationToken) =>
        (await container.CatalogAsync(cancellationToken)).Catalog.Marks;

    /// <summary>
    /// Whether the catalog has this mark for a source, and the container has exactly the files of the tables
    /// that the catalog says.
    /// </summary>
    /// <param name="exported">The tables that are exported for the source.</param>
    /// <param name="source">The source.</param>
    /// <param name="mark">The mark.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<bool> IsCurrentAsync(
        IReadOnlyCollection<ExportTable> exported,
        string source,
        string mark,
        CancellationToken cancellationToken
    )
    {
        var (catalog, _) = await container.CatalogAsync(cancellationToken);
        if (catalog.Marks.GetValueOrDefault(source) != mark)
            return false;
        var listed = await container.ListAsync(cancellationToken);
        var files = catalog.Files.Where(file => IsOf(exported, file.Path)).ToList();
        return files.Count == listed.Keys.Count(name => IsOf(exported, name))
            && files.All(file => listed.GetValueOrDefault(file.Path)?.Is(file) == true);
    }

    /// <summary>Brings the files of tables up to date.</summary>
    /// <param name="exported">The tables.</param>
    /// <param name="source">The source whose change is the reason.</param>
    /// <param name="mark">What the catalog is to say of it, once the files are there.</param>
    /// <param name="cancellationToken">Stops the work; the next run completes it.</param>
    public async Task RunAsync(
        IReadOnlyCollection<ExportTable> exported,
        string source,
        string mark,
        CancellationToken cancellationToken
    )
    {
        await container.EnsureAsync(cancellationToken);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await OnceAsync(exported, source, mark, cancellationToken);
                return;
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412 && conflicts < MaxConflicts)
            {
                // Another process has written the catalog or a file since it was looked at: what is left to do is
                // looked at again.
            }
        }
    }

    private async Task OnceAsync(
        IReadOnlyCollection<ExportTable> exported,
        string source,
        string mark,
        CancellationToken cancellationToken
    )
    {
        // In this order: see the remarks above.
        var (before, version) = await container.CatalogAsync(cancellationToken);
        var listed = await container.ListAsync(cancellationToken);
        var after = before.Resources.Where(resource => exported.All(table => table.Name != resource.Table)).ToList();
        var written = 0;
        foreach (var table in exported)
        {
            await using var work = new TableFiles(container, table, listed, cancellationToken);
            after.AddRange(await work.RunAsync(tables));
            written += work.Written;
        }
        var gone = listed
            .Where(file => IsOf(exported, file.Key))
            .ExceptBy(
                after.SelectMany(resource => resource.Files).Select(file => file.Path),
                file => file.Key,
                StringComparer.Ordinal
            )
            .ToList();
        foreach (var (name, file) in gone)
            await container.RemoveAsync(name, file, cancellationToken);
        var marks = new SortedDictionary<string, string>(before.Marks.ToDictionary(), StringComparer.Ordinal)
        {
            [source] = mark,
        };
        var catalog = new ExportCatalog(marks, [.. after.OrderBy(resource => resource.Name, StringComparer.Ordinal)]);
        await container.PutAsync(catalog, version, cancellationToken);
        if (written + gone.Count > 0)
        {
            logger.LogInformation(
                "exports: {Written} files written, {Gone} removed, {Files} in all",
                written,
                gone.Count,
                catalog.Files.Count()
            );
        }
    }

    private static bool IsOf(IEnumerable<ExportTable> exported, string blob) =>
        exported.Any(table => table.Holds(blob));
}
