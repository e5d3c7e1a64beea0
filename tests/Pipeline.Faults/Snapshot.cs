using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Azure.Data.Tables;
using Pipeline.Exports;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults;

/// <summary>
/// What any two runs of the same data must agree in: everything in the account but run ids and times.
/// </summary>
internal static class Snapshot
{
    private static readonly string[] OfTheRun =
    [
        "odata.etag",
        "Timestamp",
        "Vintage",
        "FirstSeen",
        "LastChanged",
        "LastVintage",
        "RawBlob",
        "RunId",
        "ValidFrom",
        "ValidTo",
        "KeptAt",
        "AcceptId",
        "LastPulled",
        "PlannedAt",
        "LoadedBlob",
        "QuarantinedBlob",
        "LoadingBlob",
        "PendingBlob",
        "NextDue",
        "StartedAt",
        "EndedAt",
        "LoadedAt",
        "LoadingSince",
        "PartitionKey",
        "RowKey",
        "Attempts",
    ];

    /// <summary>Files that were read before, by name and hash: thousands of runs write the same ones.</summary>
    private static readonly ConcurrentDictionary<(string File, string Sha256), List<string>> Read = new();

    /// <param name="pipeline">The pipeline on the account.</param>
    /// <param name="sums">Whether the sums over runs must agree: of two runs that load one body at the same time, each
    /// counts what it wrote.</param>
    /// <summary>
    /// The account as lines, and the ledger's sums; asserts on the way what must hold in any account.
    /// </summary>
    public static async Task<string> TakeAsync(TestPipeline pipeline, bool sums = true)
    {
        var lines = new List<string>();
        long facts = 0,
            added = 0,
            changed = 0,
            removed = 0;
        await foreach (var table in pipeline.Get<StorageAccount>().Tables.QueryAsync())
        {
            if (table.Name == Names.Runs)
                continue;
            foreach (var row in await pipeline.RowsAsync(table.Name))
            {
                if (row.ContainsKey("RowHash"))
                    facts++;
                if (table.Name == Names.History)
                {
                    Assert.True(
                        row.GetDateTimeOffset("ValidFrom") < row.GetDateTimeOffset("ValidTo"),
                        $"history {row.PartitionKey} {row.RowKey} ends before it begins"
                    );
                    if (row.GetString("Column") == Pipeline.Loading.HistoryRow.Removed)
                        removed++;
                }
                lines.Add(
                    $"{table.Name} "
                        + $"{row.PartitionKey[..(table.Name is Names.Rejects ? row.PartitionKey.IndexOf('|', StringComparison.Ordinal) : row.PartitionKey.Length)]} {Key(table.Name, row.RowKey)}: {Columns(row)}"
                );
            }
        }

        foreach (var run in await pipeline.RunsAsync())
        {
            Assert.True(run.Counts.AddUp, $"the ledger does not add up: {run}");
            Assert.True(!run.State.IsUnderWay(), $"not at rest: {run}");
            (added, changed) = (added + run.Counts.Added, changed + run.Counts.Changed);
            if (run.Notes.Contains("accepted by an operator", StringComparison.Ordinal))
                lines.Add($"runs {run.Slice} accepted {run.State}");
        }
        lines.AddRange(await ExportsAsync(pipeline));
        if (sums)
            Assert.Equal(facts, added - removed);
        lines.Sort(StringComparer.Ordinal);
        return string.Join('\n', lines) + (sums ? $"\nadded {added} changed {changed}" : "");
    }

    /// <summary>
    /// The files that the catalog names; each must be there, whole, and hold the rows it says. Of their cells
    /// those count that are no run's and no time.
    /// </summary>
    private static async Task<List<string>> ExportsAsync(TestPipeline pipeline)
    {
        var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
        if (!await container.ExistsAsync() || !await container.GetBlobClient(ExportCatalog.BlobName).ExistsAsync())
            return [];
        var catalog = ExportCatalog.Read(
            (await container.GetBlobClient(ExportCatalog.BlobName).DownloadContentAsync()).Value.Content
        );
        var lines = new List<string>();
        foreach (var file in catalog.Files)
        {
            var body = (await container.GetBlobClient(file.Path).DownloadContentAsync()).Value.Content;
            Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(body.ToMemory().Span)));
            if (file.Path.EndsWith(".csv", StringComparison.Ordinal))
            {
                lines.AddRange(
                    Read.GetOrAdd((file.Path, file.Sha256), _ => Records(file, body.ToString().TrimStart('\uFEFF')))
                );
            }
        }
        // The rows of the other format are written by the same loop; their cells hold times as numbers.
        Assert.All(catalog.Resources.GroupBy(resource => resource.Table), table =>
            Assert.Single(table.Select(resource => resource.Rows).Distinct())
        );
        return lines;
    }

    private static List<string> Records(ExportFile file, string text)
    {
        var records = CsvText.Read(text);
        Assert.Equal(file.Rows, records.Count - 1);
        var columns = Enumerable.Range(0, records[0].Count).Where(at => !OfTheRun.Contains(records[0][at])).ToList();
        // In the order of their keys, some of which are times.
        return
        [
            .. records
                .Select(record => $"export {file.Path} {string.Join(',', columns.Select(at => record[at]))}")
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The part of a key that is not a time or a run.</summary>
    private static string Key(string table, string key) =>
        table switch
        {
            Names.History => key[..key.LastIndexOf('|')],
            Names.Rejects => key[(key.IndexOf('|', StringComparison.Ordinal) + 1)..],
            _ => key,
        };

    private static string Columns(TableEntity row) =>
        string.Join(
            "; ",
            row.Where(pair => !OfTheRun.Contains(pair.Key))
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{pair.Key}"
                            + $"={(pair.Value is DateTimeOffset date ? date.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) : pair.Value)}"
                    )
                )
        )
        + Attempted(row)
        + (
            row.ContainsKey("FirstSeen")
                ? $"; first {row.GetDateTimeOffset("FirstSeen") == row.GetDateTimeOffset("LastChanged")}"
                : ""
        );

    /// <summary>
    /// A pull that is worked on again, because the process ended before its message did, counts once more:
    /// only whether there were attempts is the same in any two runs.
    /// </summary>
    private static string Attempted(TableEntity row) =>
        row.TryGetValue("Attempts", out var attempts) ? $"; attempts {attempts is not 0}" : "";

    /// <summary>The slices of a source that are not at rest, as texts.</summary>
    public static async Task<List<string>> RestlessAsync(TestPipeline pipeline, string source) =>
        [
            .. (await pipeline.Get<SliceBook>().ListAsync(source, CancellationToken.None))
                .Where(row => !row.State.IsAtRest())
                .Select(row => $"{row.Slice} {row.State}"),
        ];

    /// <summary>Asserts that an account is one of some; the difference from the nearest is told line by line.</summary>
    public static void AssertOneOf(string where, IReadOnlyCollection<string> wanted, string seen)
    {
        if (wanted.Contains(seen))
            return;
        var lines = seen.Split('\n');
        var nearest = wanted.Select(text => text.Split('\n')).MinBy(text => Less(text, lines).Count())!;
        Assert.Fail(
            $"{where}\nlacking:\n{string.Join('\n', Less(nearest, lines))}\ntoo much:\n"
                + $"{string.Join('\n', Less(lines, nearest))}\n{nearest.Length} lines, seen {lines.Length}"
        );
    }

    /// <summary>Lines that stand more often in one text than in the other.</summary>
    private static IEnumerable<string> Less(IEnumerable<string> lines, IEnumerable<string> others)
    {
        var left = others.CountBy(line => line).ToDictionary(StringComparer.Ordinal);
        foreach (var (line, count) in lines.CountBy(line => line))
        {
            foreach (var again in Enumerable.Repeat(line, Math.Max(0, count - left.GetValueOrDefault(line))))
                yield return again;
        }
    }
}
