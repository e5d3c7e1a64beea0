using System.Globalization;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Direction and measure of rows whose columns do not say them: those of one export of the data centre.
/// </summary>
/// <param name="Direction"><c>inward</c> or <c>outward</c>.</param>
/// <param name="Measure"><c>flow</c> or <c>stock</c>.</param>
/// <param name="Separator">What stands between its columns; null where the body as a whole has one separator.</param>
/// <param name="FirstLine">The line of the export with which the part begins.</param>
internal sealed record FdiPart(string Direction, string Measure, byte? Separator = null, long FirstLine = 1)
{
    /// <summary>What stands before an export inside a body that is put together.</summary>
    public const string Mark = "#part ";

    /// <summary>The line before the export.</summary>
    public string Line =>
        Separator is { } separator
            ? $"{Mark}{Direction} {Measure} {HandCopy.InWords(separator)} {FirstLine}"
            : $"{Mark}{Direction} {Measure}";

    /// <summary>The name under which the export is dropped.</summary>
    public string FileName => $"{UnctadRequests.FileName}.{Direction}-{Measure}.csv";

    /// <summary>Reads <see cref="Line"/>; null when it is none.</summary>
    public static FdiPart? Parse(string line)
    {
        if (
            !line.StartsWith(Mark, StringComparison.Ordinal)
            || line[Mark.Length..].TrimEnd().Split(' ')
                is not [UnctadSlice.Inward or UnctadSlice.Outward, UnctadSlice.Flow or UnctadSlice.Stock, ..] words
        )
        {
            return null;
        }

        if (words.Length == 2)
            return new FdiPart(words[0], words[1]);
        return
            words.Length == 4
            && HandCopy.Separators.Where(separator => HandCopy.InWords(separator) == words[2]).ToList() is [var named]
            && long.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var firstLine)
            ? new FdiPart(words[0], words[1], named, firstLine)
            : null;
    }
}
