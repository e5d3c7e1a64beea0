using System.Text;
using Pipeline.Datasets;
using Pipeline.Loading;

namespace Pipeline.Report.Data;

/// <summary>The forms in which rows are handed out.</summary>
public enum DataFormat
{
    /// <summary>Rows with the meaning of their columns.</summary>
    Json,

    /// <summary>A header and a record for each row, as the export files have them.</summary>
    Csv,

    /// <summary>Apache Parquet with typed columns, as the export files have them.</summary>
    Parquet,
}

/// <summary>What is asked of a table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Filters">The filters by column, all of which must fit.</param>
/// <param name="Period">The filter by period; null for all periods.</param>
public sealed record DataQuery(DataTable Table, IReadOnlyList<ColumnFilter> Filters, PeriodFilter? Period)
{
    /// <summary>The most values that the filters of a request may have: the service takes 15 comparisons.</summary>
    public const int MostValues = 10;

    /// <summary>Rows of a response where the request does not say.</summary>
    public const int DefaultLimit = 1_000;

    /// <summary>The most rows of a response in a format.</summary>
    public static int MostRows(DataFormat format) => format == DataFormat.Json ? 10_000 : 100_000;

    /// <summary>The day at whose end, UTC, the rows were as they are shown; null for now.</summary>
    public DateOnly? AsOf { get; init; }

    /// <summary>The form of the rows.</summary>
    public DataFormat Format { get; init; }

    /// <summary>The most rows of the response.</summary>
    public int Limit { get; init; } = DefaultLimit;

    /// <summary>Where a response before this one ended; null at the beginning.</summary>
    public DataCursor? Cursor { get; init; }

    /// <summary>The parameters by name and value, without the continuation.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; } = [];

    /// <summary>
    /// Stands for the rows that are asked for, whatever the number and the form of them: a continuation of one list
    /// does not fit another.
    /// </summary>
    public string Fingerprint =>
        string.Join(
            '&',
            Parameters
                .Where(parameter => parameter.Key is not (DataQueryReader.Format or DataQueryReader.Limit))
                .Select(parameter => $"{parameter.Key}={Uri.EscapeDataString(parameter.Value)}")
                .Order(StringComparer.Ordinal)
                .Prepend(Table.Name)
        );

    /// <summary>The query of the address of the next response.</summary>
    public string AddressOf(DataCursor next)
    {
        var address = new StringBuilder();
        foreach (var (name, value) in Parameters.Append(new(DataQueryReader.Continuation, next.Write(Fingerprint))))
        {
            address
                .Append(address.Length == 0 ? '?' : '&')
                .Append(Uri.EscapeDataString(name))
                .Append('=')
                .Append(Uri.EscapeDataString(value));
        }
        return address.ToString();
    }

    /// <summary>True if a row fits all filters.</summary>
    /// <param name="cell">Gives the row's cell of a column.</param>
    public bool Fits(Func<string, object?> cell) =>
        Filters.All(filter => filter.Fits(cell(filter.Column.Name)))
        && (Period is null || Period.Fits(cell(Period.Column.Name)));

    /// <summary>
    /// The partitions that can hold the rows, by key; null if the filters do not tell them, so that more than a
    /// partition is read.
    /// </summary>
    public IReadOnlyList<string>? Partitions
    {
        get
        {
            if (FilterOf(DataTable.PartitionKey) is { } keys)
                return [.. keys.AnyOf.Cast<string>().Order(StringComparer.Ordinal)];
            var parts = LeadingParts();
            return parts.Count > 0 && parts.Count == Table.PartitionColumns.Count ? Combine(parts) : null;
        }
    }

    /// <summary>The reads that together bring the rows, in the order of the keys.</summary>
    public IReadOnlyList<string> Reads()
    {
        var rest = new List<string>();
        var keyed = new HashSet<string>(StringComparer.Ordinal);
        IEnumerable<string> reads;
        if (Partitions is { } partitions)
        {
            keyed.UnionWith(
                FilterOf(DataTable.PartitionKey) is null
                    ? Table.PartitionColumns.Select(column => column.Name)
                    : [DataTable.PartitionKey]
            );
            reads = partitions.Select(key => ColumnFilter.Compare(DataTable.PartitionKey, "eq", key));
        }
        else if (LeadingParts() is { Count: > 0 } parts)
        {
            keyed.UnionWith(Table.PartitionColumns.Take(parts.Count).Select(column => column.Name));
            reads = Combine(parts).Select(PrefixOf);
        }
        else
        {
            reads = [""];
        }
        if (Period is { } period)
        {
            if (Table.IsKeyedByPeriod)
                rest.AddRange(RowRange(period));
            else
                rest.Add(period.OData);
        }
        rest.AddRange(Filters.Where(filter => !keyed.Contains(filter.Column.Name)).Select(filter => filter.OData));
        return [.. reads.Select(read => string.Join(" and ", rest.Prepend(read).Where(part => part.Length > 0)))];
    }

    /// <summary>The part of a partition that the filter by period leaves.</summary>
    public FactRange RangeOf(string partition) =>
        Period is { } period && Table.IsKeyedByPeriod
            ? new FactRange(partition, period.From, period.To)
            : new FactRange(partition);

    private static string PrefixOf(string beginning) =>
        ColumnFilter.Compare(DataTable.PartitionKey, "ge", beginning + "|")
        + " and "
        + ColumnFilter.Compare(DataTable.PartitionKey, "lt", beginning + FactRange.AfterPart);

    private static IEnumerable<string> RowRange(PeriodFilter period)
    {
        if (period.From.Length > 0)
            yield return ColumnFilter.Compare(DataTable.RowKey, "ge", period.From);
        if (period.To.Length > 0)
            yield return ColumnFilter.Compare(DataTable.RowKey, "lt", period.To + FactRange.AfterPart);
    }

    private ColumnFilter? FilterOf(string column) => Filters.FirstOrDefault(filter => filter.Column.Name == column);

    /// <summary>The values of the leading parts of the partition key, as far as the filters tell them.</summary>
    private List<IReadOnlyList<object>> LeadingParts()
    {
        var parts = new List<IReadOnlyList<object>>();
        foreach (var column in Table.PartitionColumns)
        {
            if (FilterOf(column.Name) is not { } filter)
                break;
            parts.Add(filter.AnyOf);
        }
        return parts;
    }

    private static List<string> Combine(List<IReadOnlyList<object>> parts)
    {
        IEnumerable<string> keys = parts[0].Select(Keys.Part);
        foreach (var part in parts.Skip(1))
            keys = keys.SelectMany(_ => part, (key, value) => $"{key}|{Keys.Part(value)}");
        return [.. keys.Order(StringComparer.Ordinal)];
    }
}
