using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Ledger;

/// <summary>Changes of one fact table outside the publisher's declared revision window.</summary>
/// <param name="Table">The fact table.</param>
/// <param name="Count">How many versions ended in such a change.</param>
/// <param name="Newest">When the newest of them ended, UTC.</param>
/// <param name="Example">Partition and row key of that one, as in the fact table.</param>
public sealed record OutOfPolicy(string Table, int Count, DateTimeOffset Newest, string Example);

/// <summary>Reads the table <c>history</c>.</summary>
public sealed class HistoryBook(TableSet tables)
{
    private static readonly string[] Columns = ["PartitionKey", "RowKey", "ValidTo"];

    /// <summary>
    /// Counts the changes outside the publisher's revision window. They are applied like all others: a publisher may do what it did not announce,
    /// and somebody should know.
    /// </summary>
    /// <param name="since">Only changes from this moment on, UTC; by the vintage of the body that made them.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>A count for each fact table that has any, by name.</returns>
    public async Task<IReadOnlyList<OutOfPolicy>> OutOfPolicyAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.History).ConfigureAwait(false);
        var counts = new SortedDictionary<string, OutOfPolicy>(StringComparer.Ordinal);
        var filter = TableClient.CreateQueryFilter($"InPolicy eq {false} and ValidTo ge {since}");
        await foreach (var row in table.QueryAsync<TableEntity>(filter, maxPerPage: 1000, Columns, cancellationToken).ConfigureAwait(false))
        {
            var cut = row.PartitionKey.IndexOf('|', StringComparison.Ordinal);
            var name = row.PartitionKey[..cut];
            var ended = row.GetDateTimeOffset("ValidTo") ?? SliceRow.Never;
            var known = counts.GetValueOrDefault(name) ?? new OutOfPolicy(name, 0, SliceRow.Never, "");
            counts[name] = ended < known.Newest ? known with { Count = known.Count + 1 }
                : new OutOfPolicy(name, known.Count + 1, ended, $"{row.PartitionKey[(cut + 1)..]} {row.RowKey[..row.RowKey.LastIndexOf('|')]}");
        }
        return [.. counts.Values];
    }
}
