using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Tables;

/// <summary>Reads fact tables back.</summary>
public sealed class FactStore(TableSet tables)
{
    /// <summary>The rows that match an OData filter.</summary>
    public IAsyncEnumerable<FactRow> QueryAsync(FactTable table, string filter, CancellationToken cancellationToken) => QueryAsync(table, filter, null, cancellationToken);

    /// <summary>The rows that match an OData filter; with <paramref name="select"/> only those columns are filled in.</summary>
    public async IAsyncEnumerable<FactRow> QueryAsync(FactTable table, string filter, IEnumerable<string>? select, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var client = await tables.OpenAsync(table.Name).ConfigureAwait(false);
        await foreach (var row in table.QueryAsync(client, filter, select, cancellationToken).ConfigureAwait(false)) yield return row;
    }

    internal Task<TableClient> OpenAsync(FactTable table) => tables.OpenAsync(table.Name);

    internal Task<TableClient> OpenHistoryAsync() => tables.OpenAsync(Names.History);
}
