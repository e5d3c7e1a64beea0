using System.Globalization;
using System.Text.RegularExpressions;
using ExcelDataReader;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Moex.Ofz;

/// <summary>
/// The Bank of Russia's table of OFZ held by non-residents as rows: the sheet and the header row are found by their
/// text, the columns by parts of their names (moex.md, section 2).
/// </summary>
internal static partial class OfzFile
{
    public const string Advice =
        "the body is kept and the table keeps the old rows; if the publisher has changed the file, adapt the "
        + "reader, then replay";

    /// <summary>The most rows read; a month a row, the real file has some 170.</summary>
    public const int MaxRows = 5_000;

    /// <summary>How far down the header is looked for: a title and a few remarks may stand above it.</summary>
    private const int HeaderRows = 20;

    private const int MaxSheets = 20;
    private const int MaxColumns = 100;
    private const string Date = "Дата";

    /// <summary>
    /// A row of the sheet. Cells are as the workbook has them; a share in a cell that is shown as per cent is
    /// as shown.
    /// </summary>
    /// <param name="Number">The row's number in the sheet.</param>
    /// <param name="Day">The cell below <c>Дата</c>.</param>
    /// <param name="Volume">Held by non-residents, billions of roubles.</param>
    /// <param name="Share">The share of the market, per cent.</param>
    /// <param name="Total">The whole market, billions of roubles; null where the file has no such column.</param>
    internal sealed record Row(int Number, object? Day, object? Volume, object? Share, object? Total);

    /// <summary>Where the columns stand, and their names as they are written.</summary>
    /// <param name="Sheet">The sheet.</param>
    /// <param name="Index">The number of the sheet, from 0.</param>
    /// <param name="Row">The number of the header row in the sheet.</param>
    /// <param name="Day">The date.</param>
    /// <param name="Volume">The volume held.</param>
    /// <param name="Share">The share.</param>
    /// <param name="Total">The market total; negative where there is none.</param>
    private sealed record Header(string Sheet, int Index, int Row, int Day, int Volume, int Share, int Total);

    /// <summary>
    /// Reads the rows. What keeps the workbook from being read is the last thing given, as a finding.
    /// </summary>
    public static IEnumerable<(Row? Row, Finding? Finding)> Read(Stream body)
    {
        var (excel, finding) = Workbook.Open(body, Advice);
        excel?.Dispose();
        if (excel is not null)
            finding = SheetFormulas.Find(body, Advice);
        if (finding is null)
            (excel, finding) = Workbook.Open(body, Advice);
        if (finding is not null)
        {
            yield return (null, finding);
            yield break;
        }
        using (excel)
        {
            (var header, finding) = Find(excel!);
            for (var number = 1; header is not null; number++)
            {
                Row? row = null;
                try
                {
                    if (!excel!.Read())
                        yield break;
                    if (number > MaxRows)
                    {
                        finding = new Finding(
                            $"sheet {header.Sheet}",
                            $"more than {MaxRows} rows",
                            "a row for each month since 2012",
                            Advice
                        );
                    }
                    else if (number > header.Row)
                    {
                        row = RowOf(excel, header, number);
                    }
                }
                catch (Exception e) when (Workbook.IsBroken(e))
                {
                    finding = Workbook.Broken($"sheet {header.Sheet}, row {number}", e, Advice);
                }
                if (finding is not null)
                    break;
                if (row is not null)
                    yield return (row, null);
            }
            if (finding is not null)
                yield return (null, finding);
        }
    }

    /// <summary>
    /// A header as it is compared: without footnote marks and runs of blanks, in lower case, with <c>е</c> for
    /// <c>ё</c>.
    /// </summary>
    public static string Normal(string? text) =>
        Blanks().Replace(Footnotes().Replace(text ?? "", " "), " ").Trim().ToLowerInvariant().Replace('ё', 'е');

    private static Row? RowOf(IExcelDataReader excel, Header header, int number)
    {
        // Rows without any cell are not rows: the declared dimension may reach far down.
        if (Enumerable.Range(0, Math.Min(excel.FieldCount, MaxColumns)).All(column => IsBlank(excel.GetValue(column))))
            return null;
        object? Cell(int column) =>
            column >= 0 && column < excel.FieldCount && excel.GetValue(column) is var value && !IsBlank(value)
                ? value
                : null;
        var share = Cell(header.Share);
        // 0.174 in a cell that is shown as per cent is 17.4.
        if (
            share is double fraction
            && Math.Abs(fraction) < 1e6
            && excel.GetNumberFormatString(header.Share)?.Contains('%', StringComparison.Ordinal) == true
        )
        {
            share = (double)((decimal)fraction * 100);
        }

        return new Row(number, Cell(header.Day), Cell(header.Volume), share, Cell(header.Total));
    }

    private static bool IsBlank(object? cell) =>
        cell is null || (cell is string text && string.IsNullOrWhiteSpace(text));

    /// <summary>Finds the one sheet with a header and goes to its beginning.</summary>
    private static (Header? Header, Finding? Finding) Find(IExcelDataReader excel)
    {
        try
        {
            Header? header = null;
            var sheets = new List<string>();
            do
            {
                if (sheets.Count == MaxSheets)
                    return (null, new Finding("workbook", $"more than {MaxSheets} sheets", "one table", Advice));
                sheets.Add(excel.Name);
                var (found, finding) = HeaderOf(excel, sheets.Count - 1);
                if (finding is not null)
                    return (null, finding);
                if (found is null)
                    continue;
                if (header is not null)
                {
                    return (
                        null,
                        new Finding(
                            "workbook",
                            $"a table in sheet {header.Sheet} and one in sheet {found.Sheet}",
                            "one table",
                            Advice
                        )
                    );
                }

                header = found;
            } while (excel.NextResult());
            if (header is null)
            {
                return (
                    null,
                    new Finding(
                        "workbook",
                        $"the sheets {Finding.Quote(string.Join(", ", sheets))}",
                        $"a sheet with a cell {Date} in its first {HeaderRows} rows",
                        Advice
                    )
                );
            }

            excel.Reset();
            for (var sheet = 0; sheet < header.Index; sheet++)
                excel.NextResult();
            return (header, null);
        }
        catch (Exception e) when (Workbook.IsBroken(e))
        {
            return (null, Workbook.Broken("workbook", e, Advice));
        }
    }

    private static (Header? Header, Finding? Finding) HeaderOf(IExcelDataReader excel, int sheet)
    {
        for (var number = 1; number <= HeaderRows && excel.Read(); number++)
        {
            var written = Enumerable
                .Range(0, Math.Min(excel.FieldCount, MaxColumns))
                .Select(column => Convert.ToString(excel.GetValue(column), CultureInfo.InvariantCulture) ?? "")
                .ToList();
            var names = written.Select(Normal).ToList();
            if (!names.Contains(Normal(Date)))
                continue;
            var where = $"sheet {excel.Name}, row {number}";
            var columns = new int[4];
            foreach (
                var (at, words, isIt, needed) in (IEnumerable<(int, string, Func<string, bool>, bool)>)
                    [
                        (0, Date, name => name == Normal(Date), true),
                        (1, "нерезидент and объем (the volume held)", name => IsHeld(name) && IsVolume(name), true),
                        (2, "нерезидент and дол (the share held)", name => IsHeld(name) && IsShare(name), true),
                        (
                            3,
                            "объем without нерезидент (the market total)",
                            name => !IsHeld(name) && IsVolume(name),
                            false
                        ),
                    ]
            )
            {
                var found = Enumerable.Range(0, names.Count).Where(column => isIt(names[column])).ToList();
                if (found.Count > 1)
                {
                    return (
                        null,
                        new Finding(
                            where,
                            string.Join(" and ", found.Select(column => Finding.Quote(written[column]))),
                            $"one column with {words}",
                            Advice
                        )
                    );
                }

                if (found.Count == 0 && needed)
                {
                    return (
                        null,
                        new Finding(
                            where,
                            Finding.Quote(string.Join(", ", written.Where(name => name.Length > 0))),
                            $"a column with {words}",
                            Advice
                        )
                    );
                }

                columns[at] = found.Count == 1 ? found[0] : -1;
            }
            foreach (
                var column in columns[1] is var volume && columns[3] is var total && total >= 0
                    ? (int[])[volume, total]
                    : [volume]
            )
            {
                if (OtherUnit().IsMatch(names[column]))
                {
                    return (
                        null,
                        new Finding(where, Finding.Quote(written[column]), "billions of roubles (млрд руб)", Advice)
                    );
                }
            }

            return (new Header(excel.Name, sheet, number, columns[0], columns[1], columns[2], columns[3]), null);
        }
        return (null, null);
    }

    private static bool IsHeld(string name) => name.Contains("нерезидент", StringComparison.Ordinal);

    private static bool IsShare(string name) => Share().IsMatch(name);

    /// <summary>A share of the volume is a share.</summary>
    private static bool IsVolume(string name) => name.Contains("объем", StringComparison.Ordinal) && !IsShare(name);

    /// <summary><c>доля</c> in its cases, and not <c>доллар</c>.</summary>
    [GeneratedRegex(@"(?<!\p{L})дол(?!л)")]
    private static partial Regex Share();

    /// <summary>
    /// Units that are not billions of roubles. A header without a unit is what the file has always held.
    /// </summary>
    [GeneratedRegex(@"млн|тыс|трлн|долл|евро|usd|\$")]
    private static partial Regex OtherUnit();

    /// <summary>Marks such as <c>1)</c> and raised digits or stars.</summary>
    [GeneratedRegex(@"(?<![\d(])\d{1,2}\)|[¹²³⁴⁵⁶⁷⁸⁹⁰*]")]
    private static partial Regex Footnotes();

    [GeneratedRegex(@"[\s\u00A0\u200B\uFEFF]+")]
    private static partial Regex Blanks();
}
