using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Storage;

namespace Pipeline.Report.Data;

/// <summary>Gathers what is known of one figure: the row, its versions, and its place in the stored body.</summary>
public sealed class FigureLookup(
    DataTables tables,
    FactStore facts,
    TableSet stored,
    SourceCatalog sources,
    BodyLookup bodies
)
{
    /// <summary>The most versions that are shown; the oldest first.</summary>
    public const int MostVersions = 1_000;

    /// <summary>The most keys of a partition that are read to name its last one.</summary>
    private const int MostKeys = 20_000;

    /// <summary>Finds a figure.</summary>
    /// <param name="table">The table.</param>
    /// <param name="partitionKey">The partition key.</param>
    /// <param name="rowKey">The row key.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataRefusedException">There is no such figure; the message names what is near.</exception>
    /// <exception cref="InvalidDataException">A row of <c>history</c> cannot be understood.</exception>
    public async Task<FigureDocument> FindAsync(
        string table,
        string partitionKey,
        string rowKey,
        CancellationToken cancellationToken
    )
    {
        var about = tables.Facts(table);
        var row = await GetAsync(about, partitionKey, rowKey, cancellationToken);
        var history = await HistoryAsync(about, row, cancellationToken);
        var info = InfoOf(about, row);
        var raw = await bodies.FindAsync(row, cancellationToken);
        var columns = ColumnMeanings.Of(about);
        var cells = RowCells.Of(about.RowType);
        var values = new List<FigureValue>();
        var others = new OrderedDictionary<string, object?>(StringComparer.Ordinal);
        foreach (var column in columns.Where(column => typeof(FactRow).GetProperty(column.Name) is null))
        {
            var cell = cells.Read(row, column.Name);
            // What was not published is NaN in the table.
            cell = cell is double number && double.IsNaN(number) ? null : cell;
            if (column.Unit.Length > 0 || about.FigureColumns.Contains(column.Name))
                values.Add(new FigureValue(column.Name, cell, UnitOf(about, row, column, info), column.Meaning));
            else
                others.Add(column.Name, cell);
        }
        return new FigureDocument(
            about.Name,
            row.PartitionKey,
            row.RowKey,
            values,
            others,
            row.Basis,
            row.Vintage,
            row.FirstSeen,
            row.LastChanged,
            row.Revision,
            history,
            new FigureDataset(
                row.Source,
                row.Dataset,
                info?.Title ?? "",
                info?.Publisher ?? "",
                info?.Url ?? "",
                info?.Terms ?? "",
                info?.RevisionPolicy ?? ""
            ),
            raw,
            FigureCitation.Write(about, row, values, info, raw)
        );
    }

    /// <summary>The unit of a column: its own, that of the row, or that of the dataset.</summary>
    private static string UnitOf(FactTable table, FactRow row, ColumnMeanings.Column column, DatasetInfo? info)
    {
        if (column.Unit.Length > 0)
            return column.Unit;
        return table.UnitColumn.Length > 0
            ? (string)RowCells.Of(table.RowType).Read(row, table.UnitColumn)!
            : info?.Unit ?? "";
    }

    private DatasetInfo? InfoOf(FactTable table, FactRow row) =>
        sources
            .All.SelectMany(source => source.AllDatasets)
            .Select(dataset => dataset.Info)
            .FirstOrDefault(info => (info.Source, info.Name, info.Table.Name) == (row.Source, row.Dataset, table.Name));

    private async Task<FactRow> GetAsync(
        FactTable table,
        string partitionKey,
        string rowKey,
        CancellationToken cancellationToken
    )
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey eq {rowKey}");
        // By a filter, which takes any text: in an address the service refuses some characters.
        await foreach (var row in facts.QueryAsync(table, filter, cancellationToken))
            return row;
        throw DataRefusedException.NotFound(
            new Finding(
                $"figure of {table.Name}",
                $"{Finding.Quote(partitionKey)} {Finding.Quote(rowKey)}",
                await NearAsync(table, partitionKey, cancellationToken),
                "correct the keys"
            )
        );
    }

    /// <summary>What there is in place of a figure that is not there.</summary>
    private async Task<string> NearAsync(FactTable table, string partitionKey, CancellationToken cancellationToken)
    {
        var (first, last, count) = ("", "", 0);
        await foreach (var key in KeysAsync($"PartitionKey eq {partitionKey}"))
        {
            first = count++ == 0 ? key.RowKey : first;
            last = key.RowKey;
            if (count == MostKeys)
                break;
        }
        if (count > 0)
        {
            return $"a row of this partition: {Finding.Quote(first)} to {Finding.Quote(last)}"
                + (count == MostKeys ? " and later ones" : "");
        }
        await foreach (var key in KeysAsync($"PartitionKey gt {partitionKey}"))
            return $"a partition that there is; the next one is {Finding.Quote(key.PartitionKey)}";
        await foreach (var key in KeysAsync($"PartitionKey ge {""}"))
            return $"a partition that there is; the first one is {Finding.Quote(key.PartitionKey)}";
        return $"a row, but {table.Name} has none yet";

        IAsyncEnumerable<TableEntity> KeysAsync(FormattableString filter) =>
            stored.QueryIfExistsAsync<TableEntity>(
                table.Name,
                TableClient.CreateQueryFilter(filter),
                cancellationToken,
                [DataTable.PartitionKey, DataTable.RowKey]
            );
    }

    private async Task<IReadOnlyList<FigureVersion>> HistoryAsync(
        FactTable table,
        FactRow row,
        CancellationToken cancellationToken
    )
    {
        var versions = new List<FigureVersion>();
        var range = new FactRange(row.PartitionKey, row.RowKey, row.RowKey);
        await foreach (var version in facts.HistoryAsync(table, range, moment: null, cancellationToken))
        {
            if (version.RowKey[..version.RowKey.LastIndexOf('|')] != row.RowKey)
                continue;
            versions.Add(
                new FigureVersion(
                    version.ValidFrom,
                    version.ValidTo,
                    HistoryChanges.Of(version),
                    version.InPolicy,
                    version.RunId
                )
            );
            if (versions.Count == MostVersions)
                break;
        }
        return versions;
    }
}
