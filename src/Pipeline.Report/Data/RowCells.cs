using System.Collections.Concurrent;
using System.Reflection;
using Pipeline.Datasets;

namespace Pipeline.Report.Data;

/// <summary>The cells of fact rows of a type, by the names of their columns.</summary>
public sealed class RowCells
{
    private static readonly ConcurrentDictionary<Type, RowCells> Known = new();
    private readonly Dictionary<string, PropertyInfo> properties;

    private RowCells(Type rowType) =>
        properties = rowType.GetProperties().ToDictionary(property => property.Name, StringComparer.Ordinal);

    /// <summary>The cells of a row type.</summary>
    public static RowCells Of(Type rowType) => Known.GetOrAdd(rowType, type => new RowCells(type));

    /// <summary>The cell of a column; null where the row has none.</summary>
    /// <exception cref="KeyNotFoundException">The type has no such column.</exception>
    public object? Read(FactRow row, string column) => properties[column].GetValue(row);
}
