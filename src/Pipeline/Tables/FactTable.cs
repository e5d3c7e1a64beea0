using System.Runtime.CompilerServices;
using Azure.Data.Tables;

namespace Pipeline.Tables;

/// <summary>A fact table: its name and how its rows are read back with their own type.</summary>
public abstract class FactTable(string name)
{
    /// <summary>The table's name, lower case.</summary>
    public string Name => name;

    /// <summary>The row type.</summary>
    public abstract Type RowType { get; }

    /// <summary>A row without values.</summary>
    public abstract FactRow New();

    /// <summary>One row, or null.</summary>
    public abstract Task<FactRow?> GetAsync(TableClient client, string partitionKey, string rowKey, CancellationToken cancellationToken);

    /// <summary>Rows by filter; with <paramref name="select"/> only those columns are filled in.</summary>
    public abstract IAsyncEnumerable<FactRow> QueryAsync(TableClient client, string filter, IEnumerable<string>? select, CancellationToken cancellationToken);
}

/// <inheritdoc/>
public sealed class FactTable<T>(string name) : FactTable(name) where T : FactRow, new()
{
    /// <inheritdoc/>
    public override Type RowType => typeof(T);

    /// <inheritdoc/>
    public override FactRow New() => new T();

    /// <inheritdoc/>
    public override async Task<FactRow?> GetAsync(TableClient client, string partitionKey, string rowKey, CancellationToken cancellationToken)
    {
        var found = await client.GetEntityIfExistsAsync<T>(partitionKey, rowKey, select: null, cancellationToken).ConfigureAwait(false);
        return found.HasValue ? found.Value : null;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<FactRow> QueryAsync(
        TableClient client, string filter, IEnumerable<string>? select, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in client.QueryAsync<T>(filter, maxPerPage: 1000, select, cancellationToken).ConfigureAwait(false)) yield return row;
    }
}
