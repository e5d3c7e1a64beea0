using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Storage;
using Column = Pipeline.Datasets.ColumnMeanings.Column;

namespace Pipeline.Report.Data;

/// <summary>Rows of a table.</summary>
/// <param name="Query">What was asked for.</param>
/// <param name="Columns">The columns of the rows, in their order.</param>
/// <param name="Rows">The rows, by key: a cell for each column, null where the row has none.</param>
/// <param name="Next">Where the next response begins; null if there is nothing more.</param>
public sealed record DataPage(
    DataQuery Query,
    IReadOnlyList<Column> Columns,
    IReadOnlyList<object?[]> Rows,
    DataCursor? Next
);

/// <summary>Reads rows, as many as one response may have.</summary>
public sealed class DataReader(StorageAccount account, FactStore facts, TimeProvider time)
{
    /// <summary>
    /// The most calls of the service for one response. A call gives at most 1,000 rows, and without a key it may find
    /// none in the part of the table that it goes through.
    /// </summary>
    public const int MostCalls = 200;

    /// <summary>A response ends after this time with the rows that were found.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromSeconds(30);

    /// <summary>The most rows of a table and its history that are read for one day in the past.</summary>
    public const int MostRowsAsOf = 50_000;

    /// <summary>The columns that are known of a version of a row, beside its own and its keys.</summary>
    private static readonly string[] KnownThen =
    [
        nameof(FactRow.Basis),
        nameof(FactRow.Vintage),
        nameof(FactRow.LastChanged),
    ];

    /// <summary>Reads the rows of a query.</summary>
    /// <exception cref="DataRefusedException">The query needs more filters.</exception>
    /// <exception cref="InvalidDataException">A row of <c>history</c> cannot be understood.</exception>
    public Task<DataPage> ReadAsync(DataQuery query, CancellationToken cancellationToken) =>
        query.AsOf is { } day ? ReadAsOfAsync(query, day, cancellationToken) : ReadNowAsync(query, cancellationToken);

    private async Task<DataPage> ReadNowAsync(DataQuery query, CancellationToken cancellationToken)
    {
        var columns = query.Table.Columns;
        var client = account.Tables.GetTableClient(query.Table.Name);
        var reads = query.Reads();
        var rows = new List<object?[]>();
        var start = time.GetTimestamp();
        var calls = 0;
        var at = query.Cursor ?? new DataCursor(0, "");
        while (at.Read < reads.Count)
        {
            if (rows.Count == query.Limit || calls++ == MostCalls || time.GetElapsedTime(start) > MostTime)
                return new DataPage(query, columns, rows, at);
            var page = await PageAsync(client, reads[at.Read], at.Token, query.Limit - rows.Count, cancellationToken);
            rows.AddRange(page.Values.Select(row => Cells(columns, row)));
            at = page.ContinuationToken is { Length: > 0 } token
                ? at with
                {
                    Token = token,
                }
                : new DataCursor(at.Read + 1, "");
        }
        return new DataPage(query, columns, rows, null);
    }

    /// <summary>One call of the service; no rows if there is no such table yet.</summary>
    private static async Task<Page<TableEntity>> PageAsync(
        TableClient client,
        string filter,
        string token,
        int most,
        CancellationToken cancellationToken
    )
    {
        var pages = client
            .QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken)
            .AsPages(token.Length == 0 ? null : token, Math.Min(most, 1000));
        try
        {
            await foreach (var page in pages)
                return page;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // The table is made when its first row is written.
        }
        catch (RequestFailedException e) when (e.Status == 400 && token.Length > 0)
        {
            throw new DataRefusedException(
                new Finding(
                    $"parameter {DataQueryReader.Continuation}",
                    Finding.Quote(token),
                    "a mark that the table service has made",
                    "begin again without it"
                )
            );
        }
        return Page<TableEntity>.FromValues([], null, null!);
    }

    private async Task<DataPage> ReadAsOfAsync(DataQuery query, DateOnly day, CancellationToken cancellationToken)
    {
        var table = query.Table.Facts!;
        if (query.Partitions is not { } partitions)
        {
            var needed =
                query.Table.PartitionColumns.Count == 0
                    ? DataTable.PartitionKey
                    : string.Join(", ", query.Table.PartitionColumns.Select(column => column.Name));
            throw new DataRefusedException(
                new Finding(
                    $"parameter {DataQueryReader.AsOf}",
                    "filters that leave more than single partitions",
                    $"a value for each of {needed}",
                    $"add them, or {DataTable.PartitionKey}: the versions of rows are found by partition"
                )
            );
        }
        // Which columns a row was sorted in by may have changed since: the filters go by what they were.
        var columns = query
            .Table.Columns.Where(column =>
                typeof(FactRow).GetProperty(column.Name) is null
                || KnownThen.Contains(column.Name)
                || column.Name is DataTable.PartitionKey or DataTable.RowKey
            )
            .ToList();
        if (query.Filters.FirstOrDefault(filter => !columns.Contains(filter.Column)) is { } unknown)
        {
            throw new DataRefusedException(
                new Finding(
                    $"parameter {unknown.Column.Name}",
                    $"a filter beside {DataQueryReader.AsOf}",
                    $"a column that is known of an earlier day: {string.Join(", ", columns.Select(one => one.Name))}",
                    $"leave it out, or ask without {DataQueryReader.AsOf}"
                )
            );
        }
        var moment = new DateTimeOffset(day.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero).AddTicks(-1);
        var found = new List<FactRow>();
        foreach (var partition in partitions)
        {
            found.AddRange(
                await FactsAsOf.ReadAsync(
                    facts,
                    table,
                    query.RangeOf(partition),
                    moment,
                    MostRowsAsOf - found.Count,
                    cancellationToken
                ) ?? throw TooManyRows(query)
            );
        }
        var cells = RowCells.Of(table.RowType);
        var fitting = found
            .Where(row => query.Fits(name => cells.Read(row, name)))
            .OrderBy(row => row.PartitionKey, StringComparer.Ordinal)
            .ThenBy(row => row.RowKey, StringComparer.Ordinal)
            .ToList();
        var first = query.Cursor?.Read ?? 0;
        var rows = fitting
            .Skip(first)
            .Take(query.Limit)
            .Select(row => columns.Select(column => cells.Read(row, column.Name)).ToArray())
            .ToList();
        var next = first + rows.Count;
        return new DataPage(query, columns, rows, next < fitting.Count ? new DataCursor(next, "") : null);
    }

    private static DataRefusedException TooManyRows(DataQuery query) =>
        new(
            new Finding(
                $"parameter {DataQueryReader.AsOf}",
                $"more than {MostRowsAsOf} rows of {query.Table.Name} and history to read",
                $"at most {MostRowsAsOf}",
                query.Period is null || query.Table.IsKeyedByPeriod
                    ? $"add or narrow {DataQueryReader.From} and {DataQueryReader.To}"
                    : "ask for fewer partitions at a time"
            )
        );

    private static object?[] Cells(IReadOnlyList<Column> columns, TableEntity row)
    {
        var cells = new object?[columns.Count];
        for (var at = 0; at < cells.Length; at++)
            cells[at] = row.TryGetValue(columns[at].Name, out var value) ? value : null;
        return cells;
    }
}
