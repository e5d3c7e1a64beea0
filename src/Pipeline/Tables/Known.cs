using Pipeline.Sources;

namespace Pipeline.Tables;

/// <summary>
/// What the table holds of a slice, as little of it as tells changed rows from unchanged ones. Read once, before a slice is
/// loaded again; a slice that was never loaded is inserted without reading.
/// </summary>
internal sealed class Known
{
    private static readonly string[] Columns = [nameof(FactRow.PartitionKey), nameof(FactRow.RowKey), nameof(FactRow.RowHash), nameof(FactRow.RunId), nameof(FactRow.Revision)];

    private readonly Dictionary<(string Partition, string Row), Entry> rows = [];

    /// <summary>A row of the table; <c>Seen</c> once the body has it too.</summary>
    internal sealed class Entry(string hash, string runId, int revision)
    {
        public string Hash => hash;
        public string RunId => runId;
        public int Revision => revision;
        public bool Seen { get; set; }
    }

    public static async Task<Known> ReadAsync(FactStore facts, FactTable table, SliceScope scope, CancellationToken cancellationToken)
    {
        var known = new Known();
        var runIds = new Dictionary<string, string>(StringComparer.Ordinal); // Many rows, few runs.
        var client = await facts.OpenAsync(table).ConfigureAwait(false);
        await foreach (var row in table.QueryAsync(client, scope.Filter, Columns, cancellationToken).ConfigureAwait(false))
        {
            if (!scope.Owns(row.PartitionKey, row.RowKey)) continue;
            if (!runIds.TryGetValue(row.RunId, out var runId)) runIds.Add(row.RunId, runId = row.RunId);
            known.rows[(row.PartitionKey, row.RowKey)] = new Entry(row.RowHash, runId, row.Revision);
        }
        return known;
    }

    /// <summary>The row with this key, marked as seen; null when the table has none.</summary>
    public Entry? Meet(string partition, string row)
    {
        if (!rows.TryGetValue((partition, row), out var entry)) return null;
        entry.Seen = true;
        return entry;
    }

    /// <summary>How many rows the table has.</summary>
    public int Count => rows.Count;

    /// <summary>The newest period that any row speaks of; empty without rows.</summary>
    public string NewestPeriod => rows.Keys.Select(key => PeriodOf(key.Row)).Max(StringComparer.Ordinal) ?? "";

    /// <summary>How many rows speak of a period.</summary>
    public int RowsOf(string period) => rows.Keys.Count(key => PeriodOf(key.Row) == period);

    /// <summary>The period that a row key begins with.</summary>
    public static string PeriodOf(string rowKey) => rowKey.Split('|')[0];

    /// <summary>Keys of the rows that the body did not have.</summary>
    public IEnumerable<(string Partition, string Row)> Unseen => rows.Where(pair => !pair.Value.Seen).Select(pair => pair.Key);
}
