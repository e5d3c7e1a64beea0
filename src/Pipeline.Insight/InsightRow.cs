using Azure;
using Azure.Data.Tables;

namespace Pipeline.Insight;

/// <summary>A row that is computed from other rows. Every column is written on every row.</summary>
public abstract class InsightRow : ITableEntity
{
    public string PartitionKey { get; set; } = "";
    public string RowKey { get; set; } = "";
    public DateTimeOffset? Timestamp { get; set; }
    public ETag ETag { get; set; }

    /// <summary>All columns as one text, without the keys: rows with equal texts are equal.</summary>
    internal abstract string Content { get; }

    /// <summary>
    /// Columns as one text. A length stands before each, so that no two rows have the same one by chance.
    /// </summary>
    private protected static string Join(params ReadOnlySpan<string> columns)
    {
        var text = new System.Text.StringBuilder();
        foreach (var column in columns)
            text.Append(column.Length).Append(':').Append(column);
        return text.ToString();
    }

    private protected static string Text(double value) =>
        value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);

    private protected static string Number(int? number) =>
        number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "";

    private protected static string Text(DateTimeOffset moment) =>
        moment.UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
