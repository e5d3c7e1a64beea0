using System.Globalization;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>Reads the cells of a vintage.</summary>
internal static class FdiCells
{
    /// <summary>Why a cell has no value.</summary>
    public static string Reason(CsvRows rows, FdiHeader columns)
    {
        if (columns.Missing >= 0)
            return rows.Text(columns.Missing).Trim();
        return columns.Footnote >= 0 && !IsEmpty(rows, columns.Footnote)
            ? rows.Text(columns.Footnote).Trim()
            : "the body has an empty cell and no column for the reason";
    }

    /// <summary>
    /// True if what cannot be text stands in a cell that a figure needs. A footnote, a name beside a code and
    /// columns of other measures are not needed.
    /// </summary>
    public static bool IsUnreadable(CsvRows rows, FdiHeader columns)
    {
        if (rows.Foreign is null)
            return false;
        var economy = columns.Economy < 0 ? columns.Label : columns.Economy;
        int[] needed =
        [
            columns.Year,
            columns.Flow,
            columns.Direction,
            economy,
            .. columns.Figures.Select(figure => figure.Value),
            .. columns.Figures.Select(figure => figure.Missing),
        ];
        return needed.Any(column => FdiRowKeys.IsForeign(rows, column));
    }

    /// <summary>A cell as a message shows it.</summary>
    public static string Quote(CsvRows rows, int column) =>
        rows.Bytes(column).IsEmpty ? "nothing" : Finding.Quote(rows.Text(column));

    public static bool IsEmpty(CsvRows rows, int column) => rows.Bytes(column).TrimEnd((byte)' ').IsEmpty;

    public static bool TryYear(ReadOnlySpan<byte> digits, out int year) =>
        TryCode(digits, out year) && digits.Length == 4 && year is >= FdiRowKeys.FirstYear and <= FdiRowKeys.LastYear;

    /// <summary>One to four digits.</summary>
    public static bool TryCode(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        return digits.Length is >= 1 and <= 4
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
