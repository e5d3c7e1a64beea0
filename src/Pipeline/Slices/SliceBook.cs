using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>The table <c>slices</c>.</summary>
public sealed class SliceBook(TableSet tables)
{
    /// <summary>The slices of a source that have ever been pulled.</summary>
    public async Task<IReadOnlyList<SliceRow>> ListAsync(string source, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Slices);
        var rows = new List<SliceRow>();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {source}");
        await foreach (var entity in table.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken))
            rows.Add(SliceRow.From(entity));
        return rows;
    }

    /// <summary>Rows that the slices of a source have brought to the tables.</summary>
    public async Task<long> RowsAsync(string source, CancellationToken cancellationToken) =>
        (await ListAsync(source, cancellationToken)).Sum(row => row.Rows);

    /// <summary>The slice's row; a new one when it was never pulled.</summary>
    public async Task<SliceRow> GetAsync(Slice slice, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Slices);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(
            slice.Source,
            slice.RowKey,
            cancellationToken: cancellationToken
        );
        return found.HasValue ? SliceRow.From(found.Value!) : new SliceRow(slice);
    }

    /// <summary>
    /// Changes the row by what it holds at that very moment: <paramref name="change"/> gets the present row and returns
    /// the new one, or null to leave it. It is called again when another process was faster.
    /// </summary>
    /// <returns>The row before and after; the same when nothing was written.</returns>
    public async Task<(SliceRow Before, SliceRow After)> UpdateAsync(
        Slice slice,
        Func<SliceRow, SliceRow?> change,
        CancellationToken cancellationToken
    )
    {
        var table = await tables.OpenAsync(Names.Slices);
        var (before, after) = (new SliceRow(slice), new SliceRow(slice));
        await RowUpdate.ApplyAsync(
            table,
            slice.Source,
            slice.RowKey,
            entity =>
            {
                before = entity is null ? new SliceRow(slice) : SliceRow.From(entity);
                after = change(before) ?? before;
                return after == before ? null : after.ToEntity();
            },
            cancellationToken
        );
        return (before, after);
    }
}
