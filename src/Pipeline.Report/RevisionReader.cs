using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Storage;

namespace Pipeline.Report;

/// <summary>Reads which figures were changed lately.</summary>
public sealed class RevisionReader(SourceCatalog sources, TableSet tables, TimeProvider time)
{
    /// <summary>The most revisions that are listed; a release of the investment data changes thousands.</summary>
    public const int MostListed = 20;

    /// <summary>
    /// The most that are read. The service cannot be asked for the latest, so that of a longer list no one
    /// knows which they are.
    /// </summary>
    public const int MostRead = 200_000;

    /// <summary>How far back "lately" goes.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromDays(90);

    /// <summary>
    /// The beginning of the window: a midnight, so that the answer is the same all day. With samples, the day of the
    /// oldest recording: their vintages are their days, which do not get any later.
    /// </summary>
    public DateTimeOffset Since
    {
        get
        {
            var since = new DateTimeOffset(time.GetUtcNow().UtcDateTime.Date - Window, TimeSpan.Zero);
            return sources.FirstRecording is { } first && first < since ? first : since;
        }
    }

    /// <summary>The revisions of the window; the latest are listed.</summary>
    public async Task<RevisionStatus> ReadAsync(CancellationToken cancellationToken)
    {
        var since = Since;
        var (total, outside, odd, isPart) = (0, 0, 0, false);
        var latest = new PriorityQueue<Revision, (DateTimeOffset, string, string)>();
        await foreach (
            var row in tables.QueryIfExistsAsync<HistoryRow>(
                Names.History,
                TableClient.CreateQueryFilter($"ValidTo ge {since}"),
                cancellationToken
            )
        )
        {
            if (isPart = total + odd == MostRead)
                break;
            if (Read(row) is not { } revision)
            {
                odd++;
                continue;
            }
            total++;
            if (!revision.InPolicy)
                outside++;
            latest.Enqueue(revision, (revision.ValidTo, row.PartitionKey, row.RowKey));
            if (latest.Count > MostListed)
                latest.Dequeue();
        }
        var items = new List<Revision>();
        while (latest.TryDequeue(out var revision, out _))
            items.Add(revision);
        items.Reverse();
        return new RevisionStatus(since, total, isPart, outside, odd, items);
    }

    /// <summary>A row of the table; null when this program has not written it.</summary>
    private static Revision? Read(HistoryRow row)
    {
        if (FigureOf(row) is not var (table, partition, key))
            return null;
        return new Revision(
            table,
            partition,
            key,
            row.Column,
            Short(row.OldValue),
            Short(row.NewValue),
            row.ValidTo,
            row.InPolicy
        );
    }

    /// <summary>
    /// Table, partition key and row key of the figure that a row of <c>history</c> is about; null when this program has
    /// not written it.
    /// </summary>
    internal static (string Table, string Partition, string Row)? FigureOf(HistoryRow row)
    {
        // {table}|{partition key} and {row key}|{ticks}
        var (table, key) = (row.PartitionKey.IndexOf('|', StringComparison.Ordinal), row.RowKey.LastIndexOf('|'));
        return table < 0 || key < 0 || row.RunId.Length == 0
            ? null
            : (row.PartitionKey[..table], row.PartitionKey[(table + 1)..], row.RowKey[..key]);
    }

    private static string Short(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
