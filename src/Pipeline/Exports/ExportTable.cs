using Pipeline.Datasets;

namespace Pipeline.Exports;

/// <summary>A table that is exported.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Columns">The columns of its files, in their order; keys first.</param>
/// <param name="VintageColumn">The column whose newest moment is the vintage of a file.</param>
public sealed record ExportTable(string Name, IReadOnlyList<string> Columns, string VintageColumn = "Vintage")
{
    /// <summary>A table whose rows have a type: its columns are those of the files.</summary>
    public static ExportTable Of(string name, Type rowType) =>
        new(name, [.. ColumnMeanings.Of(rowType).Select(column => column.Name)]);

    /// <summary>The file of a partition.</summary>
    public string FileOf(string partition) => $"{Name}/{partition}.csv";

    /// <summary>Whether a blob of the container lies in the table's folder, where nothing else is.</summary>
    public bool Holds(string blob) => blob.StartsWith(Name + "/", StringComparison.Ordinal);
}
