using Pipeline.Tables;

namespace Pipeline.Exports;

/// <summary>A table that is exported.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="RowType">The type of its rows: its columns are those of the files.</param>
public sealed record ExportTable(string Name, Type RowType)
{
    /// <summary>The columns of its files, in their order; keys first.</summary>
    public IReadOnlyList<string> Columns { get; } = [.. ColumnMeanings.Of(RowType).Select(column => column.Name)];
}
