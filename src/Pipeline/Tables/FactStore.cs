using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Tables;

/// <summary>Reads fact tables back.</summary>
public sealed class FactStore(TableSet tables)
{
    /// <summary>The rows that match an OData filter.</summary>
    public async IAsyncEnumerable<FactRow> QueryAsync(FactTable table, string filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var client = await tables.OpenAsync(table.Name).ConfigureAwait(false);
        await foreach (var row in table.QueryAsync(client, filter, null, cancellationToken).ConfigureAwait(false)) yield return row;
    }

    internal Task<TableClient> OpenAsync(FactTable table) => tables.OpenAsync(table.Name);

    internal Task<TableClient> OpenHistoryAsync() => tables.OpenAsync(Names.History);
}
