using Azure;
using Microsoft.Extensions.Logging;
using Pipeline.Storage;

namespace Pipeline.Exports;

/// <summary>
/// Writes tables as files for programs that cannot sign in to tables: one file a partition, and one for all of a table
/// of moderate size. Only files whose content differs are written; each is replaced as a whole.
/// </summary>
/// <remarks>
/// Any number of processes may do so at the same time, any of them slow or dead at any point. A worker reads the
/// manifest, then lists the files, then reads the rows, and replaces only the version of a file that was listed: so its
/// rows are at least as new as those of the file that it replaces. The manifest comes last, and only if no other
/// process has written it meanwhile: so none of the files that it calls up to date was looked at before another
/// process's were complete. What a process that died has left is found by <see cref="IsCurrentAsync"/>, as are files
/// that were overwritten or removed.
/// </remarks>
public sealed class Exporter(StorageAccount account, TableSet tables, ILogger<Exporter> logger)
{
    /// <summary>A table with more rows has no <c>_all.csv</c>.</summary>
    public const int MostRowsOfAll = 200_000;

    /// <summary>How often the work is begun again because another process has written a file or the manifest.</summary>
    private const int MaxConflicts = 10;

    private readonly ExportContainer container = new(
        account.Blobs.GetBlobContainerClient(Names.ExportsContainer),
        logger
    );

    /// <summary>
    /// For each source that the manifest knows a mark of what its indicators, claims and files were made
    /// from.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string>> MarksAsync(CancellationToken cancellationToken) =>
        (await container.ManifestAsync(cancellationToken)).Manifest.Sources;

    /// <summary>
    /// Whether the manifest has this mark for a source, and the container has exactly the files of the tables
    /// that the manifest says.
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
        var (manifest, _) = await container.ManifestAsync(cancellationToken);
        if (manifest.Sources.GetValueOrDefault(source) != mark)
            return false;
        var listed = await container.ListAsync(cancellationToken);
        var files = manifest.Files.Where(file => IsOf(exported, file.File)).ToList();
        return files.Count == listed.Keys.Count(name => IsOf(exported, name))
            && files.All(file => listed.GetValueOrDefault(file.File)?.Is(file) == true);
    }

    /// <summary>Brings the files of tables up to date.</summary>
    /// <param name="exported">The tables.</param>
    /// <param name="source">The source whose change is the reason.</param>
    /// <param name="mark">What the manifest is to say of it, once the files are there.</param>
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
                // Another process has written the manifest or a file since it was looked at: what is left to do is
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
        var (before, version) = await container.ManifestAsync(cancellationToken);
        var listed = await container.ListAsync(cancellationToken);
        var after = before.Files.Where(file => !IsOf(exported, file.File)).ToList();
        var written = 0;
        foreach (var table in exported)
        {
            await using var work = new TableFiles(container, table, listed, cancellationToken);
            after.AddRange(await work.RunAsync(await tables.OpenAsync(table.Name)));
            written += work.Written;
        }
        var gone = listed
            .Where(file => IsOf(exported, file.Key))
            .ExceptBy(after.Select(file => file.File), file => file.Key, StringComparer.Ordinal)
            .ToList();
        foreach (var (name, file) in gone)
            await container.RemoveAsync(name, file, cancellationToken);
        var sources = new SortedDictionary<string, string>(before.Sources.ToDictionary(), StringComparer.Ordinal)
        {
            [source] = mark,
        };
        var manifest = new ExportManifest(sources, [.. after.OrderBy(file => file.File, StringComparer.Ordinal)]);
        await container.PutAsync(manifest, version, cancellationToken);
        if (written + gone.Count > 0)
        {
            logger.LogInformation(
                "exports: {Written} files written, {Gone} removed, {Files} in all",
                written,
                gone.Count,
                manifest.Files.Count
            );
        }
    }

    private static bool IsOf(IEnumerable<ExportTable> exported, string blob) =>
        exported.Any(table => table.Holds(blob));
}
