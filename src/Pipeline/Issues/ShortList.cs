using System.Globalization;

namespace Pipeline.Issues;

/// <summary>Cuts long lists of lines and says how many lines are not shown.</summary>
public static class ShortList
{
    /// <summary>The first lines, and a last line with the count of those that are not shown.</summary>
    /// <param name="lines">All lines.</param>
    /// <param name="most">The most lines that are shown.</param>
    /// <param name="where">Where all of them are.</param>
    public static IReadOnlyList<string> Of(IEnumerable<string> lines, int most, string where)
    {
        var all = lines.ToList();
        if (all.Count <= most)
            return all;
        var cut = all.Count - most;
        return
        [
            .. all.Take(most),
            $"… and {cut.ToString("N0", CultureInfo.InvariantCulture)} more {(cut == 1 ? "line" : "lines")} like "
                + $"{(cut == 1 ? "this" : "these")}; see {where}",
        ];
    }
}
