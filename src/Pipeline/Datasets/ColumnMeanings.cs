using System.Reflection;
using System.Runtime.Serialization;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>
/// Name, Edm type and meaning of every column of a table, from its row type: for the column <c>Columns</c> of
/// <c>datasets</c>, for export files and for the guide.
/// </summary>
public static class ColumnMeanings
{
    /// <summary>A column of a table.</summary>
    public sealed record Column(string Name, string Type, string Meaning);

    /// <summary>All columns of a table: keys, its own, and those of every fact table.</summary>
    /// <exception cref="InvalidOperationException">A column has no meaning: every public property of a row type carries
    /// a <see cref="MeaningAttribute"/>.</exception>
    public static IReadOnlyList<Column> Of(FactTable table) => Of(table.RowType);

    /// <summary>All columns of rows of a type: keys, its own, and those of every fact table if it is one.</summary>
    /// <exception cref="InvalidOperationException">A column has no meaning.</exception>
    public static IReadOnlyList<Column> Of(Type rowType)
    {
        var keys = rowType.GetCustomAttribute<LedgerAttribute>();
        return
        [
            new("PartitionKey", "Edm.String", keys?.PartitionKey ?? "First part of the key"),
            new("RowKey", "Edm.String", keys?.RowKey ?? "Second part of the key"),
            .. rowType
                .GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property =>
                    property.Name
                        is not (
                            nameof(ITableEntity.PartitionKey)
                            or nameof(ITableEntity.RowKey)
                            or nameof(ITableEntity.ETag)
                            or nameof(ITableEntity.Timestamp)
                        )
                    && !property.IsDefined(typeof(IgnoreDataMemberAttribute))
                )
                .OrderBy(property => property.DeclaringType == typeof(FactRow))
                .Select(property => new Column(
                    property.Name,
                    Edm(property.PropertyType),
                    property.GetCustomAttribute<MeaningAttribute>()?.Text
                        ?? throw new InvalidOperationException($"{rowType.Name}.{property.Name} has no [Meaning]")
                )),
        ];
    }

    private static string Edm(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var known when known == typeof(string) => "Edm.String",
            var known when known == typeof(int) => "Edm.Int32",
            var known when known == typeof(long) => "Edm.Int64",
            var known when known == typeof(double) => "Edm.Double",
            var known when known == typeof(bool) => "Edm.Boolean",
            var known when known == typeof(DateTimeOffset) => "Edm.DateTime",
            _ => throw new InvalidOperationException($"no Edm type for {type.Name}"),
        };
}

/// <summary>What a column means, in the words that readers of the table see.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MeaningAttribute(string text) : Attribute
{
    public string Text => text;
}
