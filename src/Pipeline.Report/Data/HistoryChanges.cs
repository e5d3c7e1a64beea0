using System.Text.Json;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Report.Data;

/// <summary>Tells a row of <c>history</c> by its columns.</summary>
internal static class HistoryChanges
{
    /// <summary>What changed when a version ended, a column each; all columns of a row that was removed.</summary>
    /// <exception cref="InvalidDataException">The texts of several columns are no JSON object.</exception>
    public static List<FigureChange> Of(HistoryRow version)
    {
        if (version.Column != HistoryRow.Removed && !version.Column.Contains(',', StringComparison.Ordinal))
            return [new FigureChange(version.Column, version.OldValue, version.NewValue)];
        var (old, next) = (Texts(version, version.OldValue), Texts(version, version.NewValue));
        return [.. old.Select(pair => new FigureChange(pair.Key, pair.Value, next.GetValueOrDefault(pair.Key, "")))];
    }

    /// <summary>The texts of columns, as a row of <c>history</c> has them; none if the row was removed.</summary>
    private static Dictionary<string, string> Texts(HistoryRow version, string json)
    {
        if (json.Length == 0)
            return [];
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                new Finding(
                    $"history {version.PartitionKey} {version.RowKey}, columns {version.Column}",
                    Finding.Quote(json),
                    "a JSON object of texts by column",
                    "correct or remove the row of history"
                ).ToString(),
                e
            );
        }
    }
}
