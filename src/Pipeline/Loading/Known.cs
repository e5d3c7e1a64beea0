using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>
/// What the table holds of a slice, as little of it as tells changed rows from unchanged ones. Read once, before a
/// slice is loaded again; a slice that was never loaded is inserted without reading.
/// </summary>
internal sealed class Known
{
    private static string[] Columns(FactTable table) =>
        [
            nameof(FactRow.PartitionKey),
            nameof(FactRow.RowKey),
            nameof(FactRow.RowHash),
            nameof(FactRow.RunId),
            nameof(FactRow.Revision),
            .. table.CreateRow().FigureColumns,
        ];

    /// <summary>Partitions read at the same time.</summary>
    private const int Parallelism = 4;

    /// <summary>The rows of each partition, in the order of their keys.</summary>
    private readonly Dictionary<string, List<Slot>> partitions = new(StringComparer.Ordinal);

    /// <summary>Texts that many rows share, during the reading: runs, and row keys of many partitions.</summary>
    private readonly ConcurrentDictionary<string, string> texts = new(StringComparer.Ordinal);

    /// <summary>A row of the table.</summary>
    /// <param name="Hash">The digest of its hash, see <see cref="RowHash.Digest"/>.</param>
    /// <param name="RunId">The run that wrote it.</param>
    /// <param name="Revision">Its revision.</param>
    /// <param name="Place">How many rows of its partition come before it.</param>
    /// <param name="Figure">Its figure; NaN when it has none.</param>
    internal readonly record struct Entry(UInt128 Hash, string RunId, int Revision, int Place, double Figure);

    /// <summary>What is kept of a row: 48 bytes.</summary>
    private struct Slot
    {
        public string Key,
            RunId;
        public ulong Upper,
            Lower;
        public double Figure;
        public int Revision;

        /// <summary>Whether the body has the row, too.</summary>
        public bool Seen;
    }

    private sealed class ByKey : IComparer<Slot>
    {
        public static ByKey Order { get; } = new();

        public int Compare(Slot one, Slot other) => string.CompareOrdinal(one.Key, other.Key);
    }

    /// <summary>
    /// Reads the table: the partitions alone, where it is known how many rows that has to give, and all of the
    /// part otherwise, or when it gives another number.
    /// </summary>
    /// <param name="facts">Opens the table.</param>
    /// <param name="table">The table.</param>
    /// <param name="scope">The slice's part of it.</param>
    /// <param name="expected">Partitions to look into, and how many rows of the slice the whole table has; null when
    /// one of them is not known.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<Known> ReadAsync(
        FactStore facts,
        FactTable table,
        SliceScope scope,
        (IReadOnlyCollection<string> Partitions, long Rows)? expected,
        CancellationToken cancellationToken
    )
    {
        var client = await facts.OpenAsync(table);
        if (
            expected is var (partitions, rows)
            && await ReadAsync(client, table, scope, partitions, cancellationToken) is var listed
            && listed.Count == rows
        )
        {
            return listed;
        }

        var all = new Known();
        await all.AddAsync(table.QueryAsync(client, scope.Filter, Columns(table), cancellationToken), scope);
        all.Complete();
        return all;
    }

    private static async Task<Known> ReadAsync(
        TableClient client,
        FactTable table,
        SliceScope scope,
        IReadOnlyCollection<string> partitions,
        CancellationToken cancellationToken
    )
    {
        var known = new Known();
        foreach (var partition in partitions)
            known.partitions.TryAdd(partition, []);
        var waiting = new ConcurrentQueue<string>(known.partitions.Keys);
        await Task.WhenAll(Enumerable.Range(0, Parallelism).Select(_ => ReadNextAsync()));
        known.Complete();
        return known;

        async Task ReadNextAsync()
        {
            while (waiting.TryDequeue(out var partition))
            {
                await known.AddAsync(
                    table.QueryAsync(
                        client,
                        TableClient.CreateQueryFilter(
                            $"PartitionKey eq {partition} and RowKey ge {scope.RowRange.From} and RowKey lt {scope.RowRange.To}"
                        ),
                        Columns(table),
                        cancellationToken
                    ),
                    scope
                );
            }
        }
    }

    private async Task AddAsync(IAsyncEnumerable<FactRow> found, SliceScope scope)
    {
        await foreach (var row in found)
        {
            if (scope.Owns(row.PartitionKey, row.RowKey))
                Add(row);
        }
    }

    /// <summary>Adds a row. Rows of two partitions that are known may be added at the same time.</summary>
    internal void Add(FactRow row)
    {
        if (!partitions.TryGetValue(row.PartitionKey, out var rows))
            partitions.Add(row.PartitionKey, rows = []);
        var digest = RowHash.Digest(row.RowHash);
        rows.Add(
            new Slot
            {
                Key = texts.GetOrAdd(row.RowKey, row.RowKey),
                RunId = texts.GetOrAdd(row.RunId, row.RunId),
                Upper = (ulong)(digest >> 64),
                Lower = (ulong)digest,
                Revision = row.Revision,
                Figure = row.Figure ?? double.NaN,
            }
        );
    }

    /// <summary>Ends the reading.</summary>
    internal void Complete()
    {
        texts.Clear();
        foreach (var rows in partitions.Values)
        {
            rows.Sort(ByKey.Order);
            rows.TrimExcess();
        }
    }

    /// <summary>The row with this key; null when the table has none.</summary>
    public Entry? Find(string partition, string row) =>
        TryFind(partition, row, out var rows, out var place) ? EntryOf(rows[place], place) : null;

    /// <summary>The row with this key, marked as seen; null when the table has none.</summary>
    public Entry? Meet(string partition, string row)
    {
        if (!TryFind(partition, row, out var rows, out var place))
            return null;
        CollectionsMarshal.AsSpan(rows)[place].Seen = true;
        return EntryOf(rows[place], place);
    }

    private bool TryFind(string partition, string row, out List<Slot> rows, out int place)
    {
        place = partitions.TryGetValue(partition, out rows!)
            ? rows.BinarySearch(new Slot { Key = row }, ByKey.Order)
            : -1;
        return place >= 0;
    }

    private static Entry EntryOf(Slot row, int place) =>
        new(new UInt128(row.Upper, row.Lower), row.RunId, row.Revision, place, row.Figure);

    /// <summary>Forgets which rows were met, before the body is parsed again.</summary>
    public void Forget()
    {
        foreach (var rows in partitions.Values)
        {
            foreach (ref var row in CollectionsMarshal.AsSpan(rows))
                row.Seen = false;
        }
    }

    /// <summary>How many rows the table has.</summary>
    public int Count => partitions.Values.Sum(rows => rows.Count);

    /// <summary>The newest period that any row speaks of; empty without rows.</summary>
    public string NewestPeriod => RowKeys.Select(PeriodOf).Max(StringComparer.Ordinal) ?? "";

    /// <summary>How many rows speak of a period.</summary>
    public int RowsOf(string period) => RowKeys.Count(row => PeriodOf(row) == period);

    /// <summary>The period that a row key begins with.</summary>
    public static string PeriodOf(string rowKey) => rowKey.Split('|')[0];

    /// <summary>Keys of the rows that the body did not have.</summary>
    public IEnumerable<(string Partition, string Row)> Unseen =>
        partitions.SelectMany(rows => rows.Value.Where(row => !row.Seen).Select(row => (rows.Key, row.Key)));

    private IEnumerable<string> RowKeys => partitions.Values.SelectMany(rows => rows.Select(row => row.Key));
}
