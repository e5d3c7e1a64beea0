using System.Collections.Concurrent;
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

    private readonly Dictionary<string, Dictionary<string, Entry>> partitions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> runIds = new(StringComparer.Ordinal); // Many rows, few runs.

    /// <summary>
    /// A row of the table; <c>Place</c> counts the rows of its partition in the order of their keys,
    /// <c>Seen</c> says that the body has it, too.
    /// </summary>
    internal sealed class Entry(string hash, string runId, int revision, int place, double figure)
    {
        public string Hash => hash;
        public string RunId => runId;
        public int Revision => revision;
        public int Place => place;

        /// <summary>The row's figure; NaN when it has none.</summary>
        public double Figure => figure;
        public bool Seen { get; set; }
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
            known.partitions.TryAdd(partition, new Dictionary<string, Entry>(StringComparer.Ordinal));
        var waiting = new ConcurrentQueue<string>(known.partitions.Keys);
        await Task.WhenAll(Enumerable.Range(0, Parallelism).Select(_ => ReadNextAsync()));
        return known;

        async Task ReadNextAsync()
        {
            while (waiting.TryDequeue(out var partition))
            {
                await known.AddAsync(
                    table.QueryAsync(
                        client,
                        TableClient.CreateQueryFilter(
                            $"PartitionKey eq {partition} and RowKey ge {scope.GapRows.From} and RowKey lt {scope.GapRows.To}"
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
            if (!scope.Owns(row.PartitionKey, row.RowKey))
                continue;
            if (!partitions.TryGetValue(row.PartitionKey, out var rows))
                partitions.Add(row.PartitionKey, rows = new Dictionary<string, Entry>(StringComparer.Ordinal));
            rows[row.RowKey] = new Entry(
                row.RowHash,
                runIds.GetOrAdd(row.RunId, row.RunId),
                row.Revision,
                rows.Count,
                row.Figure ?? double.NaN
            );
        }
    }

    /// <summary>The row with this key; null when the table has none.</summary>
    public Entry? Find(string partition, string row) =>
        partitions.TryGetValue(partition, out var rows) ? rows.GetValueOrDefault(row) : null;

    /// <summary>The row with this key, marked as seen; null when the table has none.</summary>
    public Entry? Meet(string partition, string row)
    {
        var entry = Find(partition, row);
        if (entry is not null)
            entry.Seen = true;
        return entry;
    }

    /// <summary>Forgets which rows were met, before the body is parsed again.</summary>
    public void Forget()
    {
        foreach (var rows in partitions.Values)
        {
            foreach (var entry in rows.Values)
                entry.Seen = false;
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
        partitions.SelectMany(rows => rows.Value.Where(row => !row.Value.Seen).Select(row => (rows.Key, row.Key)));

    private IEnumerable<string> RowKeys => partitions.Values.SelectMany(rows => rows.Keys);
}
