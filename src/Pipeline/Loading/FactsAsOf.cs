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
    ) =>
        (
            await ReadAsync(
                table,
                facts.QueryAsync(table, filter, cancellationToken),
                facts.HistoryAsync(table, moment, cancellationToken),
                holds,
                moment,
                int.MaxValue
            )
        )!;

    /// <summary>The same for a part of one partition, which is read by its keys.</summary>
    /// <param name="facts">The tables.</param>
    /// <param name="table">The fact table.</param>
    /// <param name="range">The rows.</param>
    /// <param name="moment">The moment, UTC.</param>
    /// <param name="most">The most rows that are read of the table and of its history.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The rows; null if there are more to read than <paramref name="most"/>.</returns>
    /// <exception cref="InvalidDataException">A row of <c>history</c> cannot be understood.</exception>
    public static Task<List<FactRow>?> ReadAsync(
        FactStore facts,
        FactTable table,
        FactRange range,
        DateTimeOffset moment,
        int most,
        CancellationToken cancellationToken
    ) =>
        ReadAsync(
            table,
            facts.QueryAsync(table, range, cancellationToken),
            facts.HistoryAsync(table, range, moment, cancellationToken),
            _ => true,
            moment,
            most
        );

    private static async Task<List<FactRow>?> ReadAsync(
        FactTable table,
        IAsyncEnumerable<FactRow> rows,
        IAsyncEnumerable<HistoryRow> history,
        Func<string, bool> holds,
        DateTimeOffset moment,
        int most
    )
    {
        var read = 0;
        // The table before its history: what changes in between is taken back like any later change.
        var present = new Dictionary<(string Partition, string Row), FactRow>();
        await foreach (var row in rows)
        {
            if (read++ == most)
                return null;
            present.Add((row.PartitionKey, row.RowKey), row);
        }
        var ended = new Dictionary<(string Partition, string Row), List<HistoryRow>>();
        await foreach (var version in history)
        {
            if (read++ == most)
                return null;
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
