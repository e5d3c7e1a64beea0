using System.Globalization;
using System.Text.Json;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Datasets;

/// <summary>The own columns of a row as text, for <c>history</c> and for export.</summary>
public static class ColumnTexts
{
    /// <summary>Name and invariant text of every own column, <c>Basis</c> included.</summary>
    public static List<KeyValuePair<string, string>> Of(FactRow row)
    {
        var sink = new Sink([]);
        row.Describe(ref sink);
        sink.Add(nameof(FactRow.Basis), row.Basis);
        return sink.Columns;
    }

    /// <summary>
    /// What differs between two versions of a row: one column as its plain texts; several as their names joined by
    /// commas and JSON objects of their texts.
    /// </summary>
    public static (string Column, string Old, string New) Difference(FactRow before, FactRow after)
    {
        var old = Of(before);
        var changed = Of(after).Zip(old).Where(pair => pair.First.Value != pair.Second.Value).ToList();
        return changed.Count switch
        {
            0 => ("", "", ""),
            1 => (changed[0].First.Key, changed[0].Second.Value, changed[0].First.Value),
            _ => (
                string.Join(',', changed.Select(pair => pair.First.Key)),
                Json(changed.Select(pair => pair.Second)),
                Json(changed.Select(pair => pair.First))
            ),
        };
    }

    /// <summary>All own columns of a row that is removed, as JSON.</summary>
    public static string All(FactRow row) => Json(Of(row));

    /// <summary>
    /// Gives a row back the values that a row of <c>history</c> holds: what <see cref="Difference"/> or
    /// <see cref="All"/> wrote.
    /// </summary>
    /// <exception cref="InvalidDataException">The row type has no such column, or the column another type.</exception>
    public static void Restore(FactRow row, string column, string old)
    {
        if (column != HistoryRow.Removed && !column.Contains(',', StringComparison.Ordinal))
        {
            Set(row, column, old);
        }
        else
        {
            foreach (var (name, text) in JsonSerializer.Deserialize<Dictionary<string, string>>(old)!)
                Set(row, name, text);
        }
    }

    private static void Set(FactRow row, string column, string text)
    {
        try
        {
            var property = row.GetType().GetProperty(column) ?? throw new FormatException("there is no such column");
            property.SetValue(
                row,
                property.PropertyType switch
                {
                    var type when type == typeof(string) => text,
                    var type when type == typeof(long) => long.Parse(text, CultureInfo.InvariantCulture),
                    var type when type == typeof(long?) => text.Length == 0
                        ? null
                        : long.Parse(text, CultureInfo.InvariantCulture),
                    var type when type == typeof(int?) => text.Length == 0
                        ? null
                        : int.Parse(text, CultureInfo.InvariantCulture),
                    var type when type == typeof(int) => int.Parse(text, CultureInfo.InvariantCulture),
                    var type when type == typeof(double) => double.Parse(text, CultureInfo.InvariantCulture),
                    _ => DateTimeOffset.ParseExact(text, "O", CultureInfo.InvariantCulture),
                }
            );
        }
        catch (FormatException e)
        {
            throw new InvalidDataException(
                new Finding(
                    $"history of {row.GetType().Name} {row.PartitionKey} {row.RowKey}, column {column}",
                    Finding.Quote(text),
                    "a value that the column can have",
                    $"correct or remove the row of history: {e.Message}"
                ).ToString(),
                e
            );
        }
    }

    private static string Json(IEnumerable<KeyValuePair<string, string>> columns) =>
        JsonSerializer.Serialize(columns.ToDictionary(c => c.Key, c => c.Value));

    private readonly struct Sink(List<KeyValuePair<string, string>> columns) : IColumnSink
    {
        public List<KeyValuePair<string, string>> Columns => columns;

        public void Add(string name, string value) => columns.Add(new(name, value));

        public void Add(string name, long value) => Add(name, value.ToString(CultureInfo.InvariantCulture));

        public void Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture) ?? "");

        public void Add(string name, double value) => Add(name, value.ToString("R", CultureInfo.InvariantCulture));

        public void Add(string name, DateTimeOffset value) =>
            Add(name, value.ToString("O", CultureInfo.InvariantCulture));
    }
}
