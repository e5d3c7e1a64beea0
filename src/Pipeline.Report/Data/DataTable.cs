using Pipeline.Datasets;
using Column = Pipeline.Datasets.ColumnMeanings.Column;

namespace Pipeline.Report.Data;

/// <summary>How finely the period of a table is written.</summary>
public enum PeriodForm
{
    /// <summary><c>yyyy</c>.</summary>
    Year,

    /// <summary><c>yyyy</c> or <c>yyyy-MM</c>.</summary>
    Month,

    /// <summary><c>yyyy</c>, <c>yyyy-MM</c> or <c>yyyy-MM-dd</c>.</summary>
    Day,
}

/// <summary>A table that can be read over HTTP.</summary>
/// <param name="Name">Its name, lower case.</param>
/// <param name="Columns">Its columns, keys first.</param>
public sealed record DataTable(string Name, IReadOnlyList<Column> Columns)
{
    /// <summary>The partition key, which is a column like others.</summary>
    public const string PartitionKey = "PartitionKey";

    /// <summary>The row key, which is a column like others.</summary>
    public const string RowKey = "RowKey";

    private readonly Dictionary<string, Column> byName = Columns.ToDictionary(
        column => column.Name,
        StringComparer.Ordinal
    );

    /// <summary>The fact table; null if it is another one, which has no history.</summary>
    public FactTable? Facts { get; init; }

    /// <summary>The columns that the partition key is made of; empty where no column tells it.</summary>
    public IReadOnlyList<Column> PartitionColumns { get; init; } = [];

    /// <summary>The column by which <c>from</c> and <c>to</c> filter; null where there is none.</summary>
    public Column? Period { get; init; }

    /// <summary>How finely <c>from</c> and <c>to</c> are written.</summary>
    public PeriodForm PeriodForm { get; init; }

    /// <summary>True if row keys begin with the period: <c>from</c> and <c>to</c> read a range of keys.</summary>
    public bool IsKeyedByPeriod { get; init; }

    /// <summary>A column by its name; null if there is none.</summary>
    public Column? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>A table of facts.</summary>
    public static DataTable Of(FactTable facts)
    {
        var table = new DataTable(facts.Name, ColumnMeanings.Of(facts)) { Facts = facts };
        var period = table.Find(facts.PeriodColumn);
        return table with
        {
            PartitionColumns = [.. facts.PartitionColumns.Select(name => table.byName[name])],
            Period = period,
            PeriodForm = FormOf(period?.Type),
            IsKeyedByPeriod = period is not null && facts.RowColumns is [var first, ..] && first == period.Name,
        };
    }

    /// <summary>A table of rows that have a type.</summary>
    /// <param name="name">The table's name.</param>
    /// <param name="rowType">The type.</param>
    /// <param name="period">The column by which <c>from</c> and <c>to</c> filter; null where there is none.</param>
    public static DataTable Of(string name, Type rowType, string? period)
    {
        var table = new DataTable(name, ColumnMeanings.Of(rowType));
        return table with { Period = period is null ? null : table.byName[period], PeriodForm = PeriodForm.Day };
    }

    private static PeriodForm FormOf(string? type) =>
        type switch
        {
            "Edm.Int32" => PeriodForm.Year,
            "Edm.String" => PeriodForm.Month,
            _ => PeriodForm.Day,
        };
}
