using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Loading;

/// <summary>Reads fact tables back.</summary>
public sealed class FactStore(TableSet tables)
{
    /// <summary>The rows that match an OData filter.</summary>
    public IAsyncEnumerable<FactRow> QueryAsync(FactTable table, string filter, CancellationToken cancellationToken) =>
        QueryAsync(table, filter, null, cancellationToken);

    /// <summary>
    /// The rows that match an OData filter; with <paramref name="select"/> only those columns are filled
    /// in.
    /// </summary>
    public async IAsyncEnumerable<FactRow> QueryAsync(
        FactTable table,
        string filter,
        IEnumerable<string>? select,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var client = await tables.OpenAsync(table.Name);
        await foreach (var row in table.QueryAsync(client, filter, select, cancellationToken))
            yield return row;
    }

    /// <summary>Versions of a table's rows that ended after a moment, by key and in the order of time.</summary>
    public IAsyncEnumerable<HistoryRow> HistoryAsync(
        FactTable table,
        DateTimeOffset moment,
        CancellationToken cancellationToken
    ) =>
        tables.QueryIfExistsAsync<HistoryRow>(
            Names.History,
            TableClient.CreateQueryFilter(
                $"PartitionKey ge {table.Name + "|"} and PartitionKey lt {table.Name + "}"} and ValidTo gt {moment}"
            ),
            cancellationToken
        );

    /// <summary>The rows of a range, by key.</summary>
    public IAsyncEnumerable<FactRow> QueryAsync(
        FactTable table,
        FactRange range,
        CancellationToken cancellationToken
    ) => QueryAsync(table, range.Filter(range.PartitionKey), cancellationToken);

    /// <summary>Versions of the rows of a range, by key and in the order of time.</summary>
    /// <param name="table">The fact table.</param>
    /// <param name="range">The rows.</param>
    /// <param name="moment">Only versions that ended after this moment; null for all.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public IAsyncEnumerable<HistoryRow> HistoryAsync(
        FactTable table,
        FactRange range,
        DateTimeOffset? moment,
        CancellationToken cancellationToken
    )
    {
        var filter = range.Filter($"{table.Name}|{range.PartitionKey}");
        if (moment is { } then)
            filter = $"{filter} and {TableClient.CreateQueryFilter($"ValidTo gt {then}")}";
        return tables.QueryIfExistsAsync<HistoryRow>(Names.History, filter, cancellationToken);
    }

    internal Task<TableClient> OpenAsync(FactTable table) => tables.OpenAsync(table.Name);

    internal Task<TableClient> OpenHistoryAsync() => tables.OpenAsync(Names.History);
}
