using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Slices;

namespace Pipeline.Issues;

/// <summary>
/// Failed slices as lines: a server that is down is one line with its host, and slices of a dataset that brought
/// nothing are one.
/// </summary>
public static partial class SliceFailures
{
    /// <summary>The most keys that one line names.</summary>
    private const int MostNamed = 12;

    /// <summary>A line for each cause, in the order of the slices.</summary>
    public static IReadOnlyList<string> Lines(IEnumerable<SliceRow> failed)
    {
        var groups = new List<(string Key, List<SliceRow> Rows)>();
        foreach (var row in failed)
        {
            var key = KeyOf(row);
            var group = groups.FirstOrDefault(group => group.Key == key);
            if (group.Rows is null)
                groups.Add((key, [row]));
            else
                group.Rows.Add(row);
        }
        return [.. groups.Select(group => Line(group.Rows))];
    }

    /// <summary>What slices have in common that failed for one cause.</summary>
    private static string KeyOf(SliceRow row)
    {
        if (row.State == SliceState.Missing)
            return $"missing {row.Slice.Dataset}";
        var match = Request().Match(row.LastError);
        if (!match.Success)
            return row.Slice.Id;
        // No response at all, whatever the network says of it, is the host's.
        return match.Groups["rest"].Value.Contains(NoResponse, StringComparison.Ordinal)
            ? $"down {match.Groups["host"].Value}"
            : $"{match.Groups["host"].Value} {Numbers().Replace(match.Groups["rest"].Value, "#")}";
    }

    private static string Line(List<SliceRow> rows)
    {
        var first = rows[0];
        if (first.State == SliceState.Missing)
            return $"{first.Slice.Source}/{first.Slice.Dataset}: {Keys(rows)} brought no rows: {Short(first)}";
        if (rows.Count == 1)
            return first.LastError;
        var host = Request().Match(first.LastError).Groups["host"].Value;
        var count = rows.Count.ToString("N0", CultureInfo.InvariantCulture);
        return first.LastError.Contains(NoResponse, StringComparison.Ordinal)
            ? $"{first.Slice.Source}: {host} does not answer, for {count} slices, for example {first.LastError}"
            : $"{first.Slice.Source}: {host} fails for {count} slices, for example {first.LastError}";
    }

    private static string Keys(List<SliceRow> rows)
    {
        var keys = rows.Select(row => row.Slice.Key).Order(StringComparer.Ordinal).ToList();
        return keys.Count <= MostNamed
            ? string.Join(", ", keys)
            : $"{string.Join(", ", keys.Take(MostNamed))} and {keys.Count - MostNamed} more";
    }

    /// <summary>The error without the slice, which the line names.</summary>
    private static string Short(SliceRow row) =>
        row.LastError.StartsWith($"{row.Slice}: ", StringComparison.Ordinal)
            ? row.LastError[(row.Slice.Id.Length + 2)..]
            : row.LastError;

    private const string NoResponse = "expected an answer";

    [GeneratedRegex(@"^\S+: request (?<host>[a-z]+://[^/ ]*)\S*: (?<rest>.*)$", RegexOptions.Singleline)]
    private static partial Regex Request();

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Numbers();
}
