using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>
/// Name, types, meaning and unit of every column of a table, from its row type: for the column <c>Columns</c> of
/// <c>datasets</c>, for export files and for the guide.
/// </summary>
public static class ColumnMeanings
{
    /// <summary>A column of a table.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Type">Its type in the table, <c>Edm.String</c> for example.</param>
    /// <param name="Meaning">What it means, in the words that readers of the table see.</param>
    /// <param name="Unit">The unit of its numbers, <c>US dollars</c> for example; empty if it has none, or if another
    /// column of the row names it.</param>
    /// <param name="LogicalType">Its type in files, which unlike the table know dates.</param>
    public sealed record Column(string Name, string Type, string Meaning, string Unit, LogicalType LogicalType);

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
            Key("PartitionKey", keys?.PartitionKey ?? "First part of the key"),
            Key("RowKey", keys?.RowKey ?? "Second part of the key"),
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
                .Select(property => Of(rowType, property)),
        ];
    }

    /// <summary>The columns of rows that no table holds: all properties of a type, in their order.</summary>
    /// <exception cref="InvalidOperationException">A column has no meaning.</exception>
    public static IReadOnlyList<Column> OfView(Type rowType) =>
        [
            .. rowType
                .GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(property => Of(rowType, property)),
        ];

    private static Column Key(string name, string meaning) => new(name, "Edm.String", meaning, "", LogicalType.String);

    private static Column Of(Type rowType, PropertyInfo property)
    {
        var about = property.GetCustomAttribute<MeaningAttribute>()
            ?? throw new InvalidOperationException($"{rowType.Name}.{property.Name} has no [Meaning]");
        var (edm, logical) = Types(property.PropertyType);
        if (about.IsDate && logical != LogicalType.Timestamp)
        {
            throw new InvalidOperationException(
                $"{rowType.Name}.{property.Name} is a date by its [Meaning] and {edm} by its type; "
                    + "make it a DateTimeOffset or take IsDate away"
            );
        }
        return new Column(property.Name, edm, about.Text, about.Unit, about.IsDate ? LogicalType.Date : logical);
    }

    private static (string Edm, LogicalType Logical) Types(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var known when known == typeof(string) => ("Edm.String", LogicalType.String),
            var known when known == typeof(int) => ("Edm.Int32", LogicalType.Int32),
            var known when known == typeof(long) => ("Edm.Int64", LogicalType.Int64),
            var known when known == typeof(double) => ("Edm.Double", LogicalType.Double),
            var known when known == typeof(bool) => ("Edm.Boolean", LogicalType.Boolean),
            var known when known == typeof(DateTimeOffset) => ("Edm.DateTime", LogicalType.Timestamp),
            _ => throw new InvalidOperationException($"no Edm type for {type.Name}"),
        };
}

/// <summary>The type of a column in a file.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LogicalType>))]
[SuppressMessage("Naming", "CA1720", Justification = "The members are types, and have their names.")]
public enum LogicalType
{
    /// <summary>A text; empty where it is unknown.</summary>
    [JsonStringEnumMemberName("string")]
    String,

    /// <summary>A whole number of 32 bits.</summary>
    [JsonStringEnumMemberName("int32")]
    Int32,

    /// <summary>A whole number of 64 bits, as all money is.</summary>
    [JsonStringEnumMemberName("int64")]
    Int64,

    /// <summary>A number of double precision.</summary>
    [JsonStringEnumMemberName("double")]
    Double,

    /// <summary>True or false.</summary>
    [JsonStringEnumMemberName("boolean")]
    Boolean,

    /// <summary>A day without a time; its table holds the first moment of the day, UTC.</summary>
    [JsonStringEnumMemberName("date")]
    Date,

    /// <summary>A moment, UTC.</summary>
    [JsonStringEnumMemberName("timestamp")]
    Timestamp,
}

/// <summary>What a column means, in the words that readers of the table see.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MeaningAttribute(string text) : Attribute
{
    /// <summary>What it means.</summary>
    public string Text => text;

    /// <summary>
    /// The unit of its numbers, <c>US dollars</c> for example; empty if it has none, or if another column names it.
    /// </summary>
    public string Unit { get; init; } = "";

    /// <summary>True if the moments of the column are days: files then hold dates without a time.</summary>
    public bool IsDate { get; init; }
}
