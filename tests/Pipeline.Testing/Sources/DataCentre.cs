using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Testing;

/// <summary>Exports of the data centre in the forms that operators drop them in.</summary>
internal static partial class DataCentre
{
    /// <summary>An export of one row per economy and year with the years side by side.</summary>
    /// <param name="text">The export.</param>
    /// <param name="whole">Whether footnotes and reasons stand beside the values.</param>
    public static string Pivot(string text, bool whole)
    {
        var lines = text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var columns = lines[0].Split(',')[2..];
        var kept = whole ? columns.Length : 1;
        var years = new SortedSet<int>();
        var rows = new Dictionary<string, Dictionary<int, string[]>>(StringComparer.Ordinal);
        foreach (var line in lines.Skip(1))
        {
            var cells = CellsOf(line);
            var year = int.Parse(cells[1], CultureInfo.InvariantCulture);
            years.Add(year);
            if (!rows.TryGetValue(cells[0], out var row))
                rows.Add(cells[0], row = []);
            row.Add(year, cells[2..(2 + kept)]);
        }
        var nothing = Enumerable.Repeat("", kept).ToArray();
        var pivot = new StringBuilder("Economy_Label");
        foreach (var year in years)
        {
            foreach (var column in columns[..kept])
                pivot.Append(CultureInfo.InvariantCulture, $",{year}_{column}");
        }

        foreach (var (label, row) in rows)
        {
            var cells = years.SelectMany(year => row.GetValueOrDefault(year, nothing));
            pivot.Append("\r\n").Append(label).Append(',').AppendJoin(',', cells);
        }
        return pivot.Append("\r\n").ToString();
    }

    /// <summary>The export as a spreadsheet saves it that has read each row as one cell.</summary>
    public static string Quoted(string text) =>
        string.Join(
            "\r\n",
            text.Split("\r\n")
                .Select(line => line.Length == 0 ? line : $"\"{line.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")
        );

    /// <summary>The cells of a line as they are written, with their quotes.</summary>
    public static string[] CellsOf(string line) =>
        [.. Cells().Matches(line).Select(cell => cell.Value.StartsWith(',') ? cell.Value[1..] : cell.Value)];

    /// <summary>The cells of a line, each with the comma before it.</summary>
    [GeneratedRegex(@"(^|,)(""([^""]|"""")*""|[^,""]*)")]
    private static partial Regex Cells();
}
