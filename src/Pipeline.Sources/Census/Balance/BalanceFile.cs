using System.Globalization;
using ExcelDataReader;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Balance;

/// <summary>
/// The country balance workbook as rows: one sheet <c>country</c>, one row per year and country, twelve months of
/// imports, then twelve of exports, millions of US dollars.
/// </summary>
internal static class BalanceFile
{
    /// <summary>The most rows read; the real one has about 9,000.</summary>
    public const int MaxRows = 100_000;

    private const string SheetName = "country";
    private const string Advice =
        "the body is kept and the table keeps the old rows; if the publisher has changed the file, adapt the "
        + "reader, then replay";
    private static readonly string[] Months =
    [
        "JAN",
        "FEB",
        "MAR",
        "APR",
        "MAY",
        "JUN",
        "JUL",
        "AUG",
        "SEP",
        "OCT",
        "NOV",
        "DEC",
    ];

    /// <summary>A row of the sheet. Cells are as the workbook has them: text, number or null.</summary>
    /// <param name="Number">The row's number in the sheet; the header is 1.</param>
    /// <param name="Year">The cell <c>year</c>.</param>
    /// <param name="Code">The cell <c>CTY_CODE</c>.</param>
    /// <param name="Name">The cell <c>CTYNAME</c>.</param>
    /// <param name="Imports">Twelve months, then the year.</param>
    /// <param name="Exports">Twelve months, then the year.</param>
    internal sealed record Row(
        int Number,
        object? Year,
        object? Code,
        object? Name,
        object?[] Imports,
        object?[] Exports
    );

    /// <summary>The name of a value column, for example <c>IJAN</c>.</summary>
    public static string Column(bool imports, int month) => (imports ? "I" : "E") + (month < 12 ? Months[month] : "YR");

    /// <summary>
    /// Reads the rows. What keeps the workbook from being read is the last thing given, as a finding.
    /// </summary>
    public static IEnumerable<(Row? Row, Finding? Finding)> Read(Stream body)
    {
        var (excel, finding) = Workbook.Open(body, Advice);
        if (excel is null)
        {
            yield return (null, finding);
            yield break;
        }
        using (excel)
        {
            var (columns, problem) = Header(excel);
            if (columns is null)
            {
                yield return (null, problem);
                yield break;
            }
            for (var number = 2; ; number++)
            {
                Row? row = null;
                try
                {
                    if (!excel.Read())
                        yield break;
                    if (number > MaxRows)
                    {
                        finding = new Finding(
                            $"sheet {SheetName}",
                            $"more than {MaxRows} rows",
                            "about 9,000 rows",
                            Advice
                        );
                    }
                    else
                    {
                        row = RowOf(excel, columns, number);
                    }
                }
                catch (Exception e) when (Workbook.IsBroken(e))
                {
                    finding = Workbook.Broken($"sheet {SheetName}, row {number}", e, Advice);
                }
                if (finding is not null)
                {
                    yield return (null, finding);
                    yield break;
                }
                if (row is not null)
                    yield return (row, null);
            }
        }
    }

    private static Row? RowOf(IExcelDataReader excel, int[] columns, int number)
    {
        // The declared dimension reaches to the last row a sheet can have: rows without any cell are not rows.
        object? Cell(int index) => columns[index] < excel.FieldCount ? excel.GetValue(columns[index]) : null;
        var cells = Enumerable.Range(0, columns.Length).Select(Cell).ToArray();
        return cells.All(cell => cell is null or "")
            ? null
            : new Row(number, cells[0], cells[1], cells[2], cells[3..16], cells[16..29]);
    }

    private static (int[]? Columns, Finding? Finding) Header(IExcelDataReader excel)
    {
        try
        {
            while (!string.Equals(excel.Name, SheetName, StringComparison.Ordinal))
            {
                if (!excel.NextResult())
                    return (null, new Finding("workbook", "no such sheet", $"a sheet named {SheetName}", Advice));
            }

            if (!excel.Read())
                return (null, new Finding($"sheet {SheetName}", "no row", "a header row", Advice));
            var names = Enumerable
                .Range(0, excel.FieldCount)
                .Select(column => excel.GetValue(column)?.ToString()?.Trim() ?? "")
                .ToList();
            string[] wanted =
            [
                "year",
                "CTY_CODE",
                "CTYNAME",
                .. Enumerable.Range(0, 13).Select(month => Column(true, month)),
                .. Enumerable.Range(0, 13).Select(month => Column(false, month)),
            ];
            var columns = wanted
                .Select(name =>
                    names.FindIndex(candidate => string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase))
                )
                .ToArray();
            var missing = wanted.Where((_, index) => columns[index] < 0).ToList();
            return missing.Count == 0
                ? (columns, null)
                : (
                    null,
                    new Finding(
                        $"sheet {SheetName}, row 1",
                        Finding.Quote(string.Join(',', names.Where(name => name.Length > 0))),
                        $"the columns {string.Join(", ", missing)} too",
                        Advice
                    )
                );
        }
        catch (Exception e) when (Workbook.IsBroken(e))
        {
            return (null, Workbook.Broken("workbook", e, Advice));
        }
    }

    /// <summary>A value cell in whole US dollars. Binary noise is rounded away at six decimals of a million.</summary>
    public static bool TryDollars(object? cell, out long dollars)
    {
        dollars = 0;
        var millions = cell switch
        {
            double number when double.IsFinite(number) && Math.Abs(number) < 1e9 => (decimal)number,
            int number => number,
            string text
                when decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed)
                    && Math.Abs(parsed) < 1e9m => parsed,
            _ => decimal.MinusOne,
        };
        millions = decimal.Round(millions, 6);
        if (millions < 0)
            return false;
        dollars = (long)(millions * 1_000_000m);
        return true;
    }
}
