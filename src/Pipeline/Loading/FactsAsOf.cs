using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>
/// Facts as a table had them at a moment: the present rows, taken back change by change with what <c>history</c> holds
/// of them. A row that did not exist then is not among them. Of a row that was removed since, the dataset is not known
/// any more.
/// </summary>
public static class FactsAsOf
{
    /// <param name="facts">The tables.</param>
    /// <param name="table">The fact table.</param>
    /// <param name="filter">Which partitions, as the table service is asked for them.</param>
    /// <param name="holds">The same for a partition's key.</param>
    /// <param name="moment">The moment, UTC.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidDataException">A row of <c>history</c> cannot be understood.</exception>
    public static async Task<List<FactRow>> ReadAsync(
        FactStore facts,
        FactTable table,
        string filter,
        Func<string, bool> holds,
        DateTimeOffset moment,
        CancellationToken cancellationToken
    )
    {
        // The table before its history: what changes in between is taken back like any later change.
        var present = new Dictionary<(string Partition, string Row), FactRow>();
        await foreach (var row in facts.QueryAsync(table, filter, cancellationToken))
            present.Add((row.PartitionKey, row.RowKey), row);
        var ended = new Dictionary<(string Partition, string Row), List<HistoryRow>>();
        await foreach (var version in facts.HistoryAsync(table, moment, cancellationToken))
        {
            var key = (
                Partition: version.PartitionKey[(table.Name.Length + 1)..],
                version.RowKey[..version.RowKey.LastIndexOf('|')]
            );
            if (!holds(key.Partition))
                continue;
            if (!ended.TryGetValue(key, out var versions))
                ended.Add(key, versions = []);
            versions.Add(version);
        }
        var then = present
            .Where(row => !ended.ContainsKey(row.Key) && row.Value.LastChanged <= moment)
            .Select(row => row.Value)
            .ToList();
        foreach (var (key, versions) in ended)
        {
            var row = present.GetValueOrDefault(key) ?? table.CreateRow();
            (row.PartitionKey, row.RowKey) = key;
            if (TakeBack(row, versions, moment) is { } before)
                then.Add(before);
        }
        return then;
    }

    /// <summary>The version of a row that was valid at a moment; null when there was none.</summary>
    private static FactRow? TakeBack(FactRow row, List<HistoryRow> versions, DateTimeOffset moment)
    {
        foreach (var version in versions.OrderByDescending(version => version.ValidTo))
        {
            ColumnTexts.Restore(row, version.Column, version.OldValue);
            if (version.ValidFrom > moment)
                continue;
            row.Vintage = row.LastChanged = version.ValidFrom;
            return row;
        }
        return null;
    }
}
