using System.Globalization;
using System.Text;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Where the columns of a body stand. Names count, not positions: they have changed from vintage to vintage, and so
/// have the order of their words, their letter case and the columns around them (unctad.md, section 2.3).
/// </summary>
internal sealed class FdiHeader
{
    private const string Advice =
        "the table keeps the old vintage; if the publisher has changed the layout, adapt the reader, then replay";

    private static readonly string[] EconomyNames = ["economy code", "economy"];
    private static readonly string[] LabelNames = ["economy label"];
    private static readonly string[] FlowNames = ["flow code", "flow", "mode code", "mode"];
    private static readonly string[] DirectionNames = ["direction code", "direction"];

    private readonly string[] names;
    private readonly byte[][] bytes;
    private readonly List<FdiHeader> present = [];
    private FdiHeader[] figures;

    private FdiHeader(string[] names)
    {
        this.names = names;
        bytes = Array.ConvertAll(names, Encoding.UTF8.GetBytes);
        figures = [this];
    }

    /// <summary>What a column of the measure <c>US$ at current prices</c> holds.</summary>
    private enum Content
    {
        /// <summary>It is of another measure, or none.</summary>
        Other,
        Millions,
        Dollars,
        Footnote,
        Missing,
    }

    public int Count => names.Length;

    /// <summary>The year; -1 when the names of the columns say it.</summary>
    public int Year { get; private set; }

    /// <summary>The year that the names of the columns say; null where it is a column.</summary>
    public int? YearOfName { get; private set; }

    /// <summary>
    /// The columns of each figure that a row can have: one figure, or one for each year of a pivot.
    /// </summary>
    public IReadOnlyList<FdiHeader> Figures => figures;

    /// <summary>The economy's code.</summary>
    public int Economy { get; private set; }

    /// <summary>The economy's name; -1 where there is none.</summary>
    public int Label { get; private set; }

    /// <summary>08 flow or 09 stock; -1 when the part says it.</summary>
    public int Flow { get; private set; }

    /// <summary>1 inward or 2 outward; -1 when the part says it.</summary>
    public int Direction { get; private set; }

    public int Value { get; private set; }

    /// <summary>What 1 in the value column stands for, in dollars.</summary>
    public int Unit { get; private set; }

    /// <summary>
    /// What the values are rounded to, in dollars: releases have three decimals, exports of the data centre
    /// whole millions, the user API dollars (unctad.md, section 2.3).
    /// </summary>
    public long RoundedTo =>
        (Unit, IsSelection) switch
        {
            (1, _) => 1,
            (_, true) => Amounts.Million,
            _ => Amounts.Million / 1000,
        };

    /// <summary>The footnote to the value; -1 where there is none.</summary>
    public int Footnote { get; private set; }

    /// <summary>Why there is no value; -1 where there is no such column.</summary>
    public int Missing { get; private set; }

    /// <summary>
    /// Whether a person chose what the body holds: an export of the data centre or answers of the user API,
    /// not a release.
    /// </summary>
    public bool IsSelection { get; private set; }

    /// <summary>A column's name, short enough for a message and a key.</summary>
    public string this[int column] => names[column].Length <= 60 ? names[column] : names[column][..60] + "…";

    /// <summary>
    /// Finds the columns; null when that is not possible, which <paramref name="finding"/> then explains.
    /// </summary>
    /// <param name="rows">The header row.</param>
    /// <param name="part">What says direction and measure where the columns do not.</param>
    /// <param name="place">The place of the row.</param>
    /// <param name="formPlace">The same with the name of the file.</param>
    /// <param name="copy">The form in which the file was saved.</param>
    /// <param name="finding">Why the body is refused.</param>
    public static FdiHeader? Read(
        CsvRows rows,
        FdiPart? part,
        string place,
        string formPlace,
        HandCopy copy,
        out Finding? finding
    )
    {
        const string saveAgain = "the table keeps the old vintage; save the file as CSV in UTF-8 and drop it again";
        var where = $"{place}, the header";
        var isNamed = part?.Separator is null ? copy.IsNamed : part.FirstLine > 1;
        var expectedForm = isNamed
            ? HandCopy.ExpectedOf(rows.Separator)
            : "commas between the columns, or semicolons and decimal commas";
        if (rows.Foreign is { } foreign)
        {
            finding = new Finding(
                where,
                foreign,
                "text in UTF-8",
                "the table keeps the old vintage; save the file as UTF-8 and drop it again"
            );
            return null;
        }
        rows.Unwrap();
        if (rows.OtherForm is { } form)
        {
            finding = new Finding($"{formPlace}, the header", form, expectedForm, saveAgain);
            return null;
        }
        var columns = Enumerable.Range(0, rows.Count).Select(rows.Text).ToArray();
        var plain = Array.ConvertAll(columns, Plain);
        var header = new FdiHeader(columns)
        {
            Year = Find(plain, ["year"]),
            Economy = Find(plain, EconomyNames),
            Label = Find(plain, LabelNames),
            Flow = Find(plain, FlowNames),
            Direction = Find(plain, DirectionNames),
        };
        finding = header.Pivot(plain, where)
            ?? header.YearPivot(plain, where)
            ?? header.Complete(plain, part, where)
            ?? header.Values(plain, where);
        if (finding is not null && rows.MixedForm is { } mixed)
            finding = new Finding($"{formPlace}, the header", mixed, expectedForm, saveAgain);
        return finding is null ? header : null;
    }

    /// <summary>
    /// Whether a row is this header once more: bodies are put together from answers that each have one.
    /// </summary>
    public bool IsAgain(CsvRows rows)
    {
        if (rows.Count != names.Length)
            return false;
        for (var column = 0; column < names.Length; column++)
        {
            if (!rows.Bytes(column).SequenceEqual(bytes[column]))
                return false;
        }

        return true;
    }

    /// <summary>Whether a row is a header at all: one of its cells is the name of the year's column.</summary>
    public static bool IsAny(CsvRows rows) =>
        Enumerable.Range(0, rows.Count).Any(column => Plain(rows.Text(column)) == "year");

    /// <summary>An export with the directions side by side: <c>Inward_…_Value</c>.</summary>
    private Finding? Pivot(string[] plain, string where) =>
        Direction < 0
        && Array.FindIndex(plain, name => name.Split(' ') is ["inward" or "outward", _, ..]) is >= 0 and var column
            ? new Finding(
                where,
                $"the direction in the name of the column {Finding.Quote(names[column])}",
                "a column Direction, or one export per direction and measure",
                "the table keeps the old vintage; export again without the pivot, one file per direction and measure"
            )
            : null;

    /// <summary>
    /// The figures that a row has. In a pivot, a year without a value and without a reason is one that is not
    /// reported: other exports have no row of it. Valid until the next call.
    /// </summary>
    public IReadOnlyList<FdiHeader> FiguresOf(CsvRows rows)
    {
        if (figures[0] == this)
            return figures;
        present.Clear();
        foreach (var figure in figures)
        {
            if (!IsBlank(figure.Value) || (figure.Missing >= 0 && !IsBlank(figure.Missing)))
                present.Add(figure);
        }
        return present;

        bool IsBlank(int column) => rows.Bytes(column).TrimEnd((byte)' ').IsEmpty;
    }

    /// <summary>
    /// An export with the years side by side: <c>2024_…_Value</c>, with or without footnotes and reasons.
    /// </summary>
    private Finding? YearPivot(string[] plain, string where)
    {
        if (Year >= 0)
            return null;
        var years = new SortedDictionary<int, FdiHeader>();
        var contents = new Dictionary<(int Year, Content Content), int>();
        for (var column = 0; column < plain.Length; column++)
        {
            var words = plain[column].Split(' ', 2);
            if (words[0] is not { Length: 4 } digits || !digits.All(char.IsAsciiDigit))
                continue;
            var year = int.Parse(digits, CultureInfo.InvariantCulture);
            if (words.Length == 1)
            {
                return new Finding(
                    where,
                    $"the year alone as the name of the column {Finding.Quote(names[column])}",
                    $"the measure and the unit too, such as {year}_US_at_current_prices_in_millions_Value",
                    Advice
                );
            }

            if (year is < FdiRowKeys.FirstYear or > FdiRowKeys.LastYear)
            {
                return new Finding(
                    where,
                    $"the column {Finding.Quote(names[column])}",
                    $"a year, {FdiRowKeys.FirstYear} to {FdiRowKeys.LastYear}",
                    Advice
                );
            }

            var content = ContentOf(words[1]);
            var isDollars = content == Content.Dollars;
            if (isDollars)
                content = Content.Millions;
            if (content == Content.Other)
                continue;
            if (!contents.TryAdd((year, content), column))
            {
                var both = $"{Finding.Quote(names[contents[(year, content)]])} and {Finding.Quote(names[column])}";
                return new Finding(where, $"the columns {both}", $"one column of each kind for {year}", Advice);
            }
            if (content == Content.Millions)
            {
                years.Add(
                    year,
                    new FdiHeader(names)
                    {
                        YearOfName = year,
                        Year = -1,
                        Economy = Economy,
                        Label = Label,
                        Flow = Flow,
                        Direction = Direction,
                        Value = column,
                        Unit = isDollars ? 1 : Amounts.Million,
                        IsSelection = words[1].EndsWith(" value", StringComparison.Ordinal),
                    }
                );
            }
        }
        foreach (var ((year, _), column) in contents)
        {
            if (!years.ContainsKey(year))
            {
                return new Finding(
                    where,
                    $"the column {Finding.Quote(names[column])} alone",
                    $"a column with the values of {year} too",
                    Advice
                );
            }
        }

        if (years.Count == 0)
            return null;
        var first = years.Values.First();
        foreach (var (year, figure) in years)
        {
            if (figure.Unit != first.Unit || figure.IsSelection != first.IsSelection)
            {
                var both = $"{Finding.Quote(names[first.Value])} and {Finding.Quote(names[figure.Value])}";
                return new Finding(where, $"the columns {both}", "values of one unit", Advice);
            }
            figure.Footnote = contents.GetValueOrDefault((year, Content.Footnote), -1);
            figure.Missing = contents.GetValueOrDefault((year, Content.Missing), -1);
        }
        (figures, Value, Unit, IsSelection) = ([.. years.Values], first.Value, first.Unit, first.IsSelection);
        return null;
    }

    private Finding? Complete(string[] plain, FdiPart? part, string where)
    {
        var lacking = new List<string>();
        if (Year < 0 && figures[0] == this)
            lacking.Add("Year");
        // The exports of the data centre have labels alone: the program's lists know their codes.
        if (Economy < 0 && (part is null || Label < 0))
            lacking.Add("Economy");
        if (part is null && Flow < 0)
            lacking.Add("Flow");
        if (part is null && Direction < 0)
            lacking.Add("Direction");
        if (lacking.Count > 0)
            return new Finding(where, Shown(), $"the columns {string.Join(", ", lacking)} too", Advice);
        foreach (var column in (int[])[Year, Economy, Label, Flow, Direction])
        {
            if (column >= 0 && Array.LastIndexOf(plain, plain[column]) != column)
                return new Finding(where, $"the column {Finding.Quote(names[column])} twice", "one of it", Advice);
        }

        return null;
    }

    private Finding? Values(string[] plain, string where)
    {
        if (figures[0] != this)
            return null;
        var contents = Array.ConvertAll(plain, ContentOf);
        int[] Of(params Content[] wanted) =>
            [.. Enumerable.Range(0, contents.Length).Where(column => wanted.Contains(contents[column]))];
        var values = Of(Content.Millions, Content.Dollars);
        if (values.Length == 0)
        {
            return new Finding(
                where,
                Shown(),
                "a column of US$ at current prices in millions too, in any order of these words",
                Advice
            );
        }

        foreach (
            var (columns, what) in ((int[], string)[])
                [
                    (values, "US$ at current prices in millions"),
                    (Of(Content.Footnote), "footnotes to US$ at current prices"),
                    (Of(Content.Missing), "missing values of US$ at current prices"),
                ]
        )
        {
            if (columns.Length > 1)
            {
                return new Finding(
                    where,
                    $"the columns {string.Join(" and ", columns.Select(column => Finding.Quote(names[column])))}",
                    $"one column of {what}",
                    Advice
                );
            }
        }

        Value = values[0];
        Unit = contents[Value] == Content.Dollars ? 1 : Amounts.Million;
        IsSelection = plain[Value].EndsWith(" value", StringComparison.Ordinal);
        Footnote = Array.IndexOf(contents, Content.Footnote);
        Missing = Array.IndexOf(contents, Content.Missing);
        return null;
    }

    private static Content ContentOf(string plain)
    {
        var words = plain.Split(' ');
        bool Has(params ReadOnlySpan<string> any)
        {
            foreach (var word in any)
            {
                if (words.Contains(word))
                    return true;
            }

            return false;
        }
        if (Has("percentage", "percent", "%", "share", "capita"))
            return Content.Other;
        var dollars = Has("m0100");
        if (!dollars && !(Has("us$", "us", "usd", "dollars") && Has("current") && Has("prices")))
            return Content.Other;
        if (Has("footnote", "footnotes"))
            return Content.Footnote;
        if (Has("missing", "missingvalue"))
            return Content.Missing;
        if (dollars)
            return Has("value") ? Content.Dollars : Content.Other;
        return Has("millions", "million") ? Content.Millions : Content.Other;
    }

    /// <summary>
    /// A name in lower case, its words separated by one blank; underscores and other signs stand for
    /// blanks.
    /// </summary>
    private static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            if (c == '.')
                continue; // U.S. is US.
            var kept = char.IsLetterOrDigit(c) || c is '$' or '%';
            if (kept)
                plain.Append(char.ToLowerInvariant(c));
            else if (plain.Length > 0 && plain[^1] != ' ')
                plain.Append(' ');
        }
        return plain.ToString().TrimEnd();
    }

    private static int Find(string[] plain, string[] wanted)
    {
        foreach (var name in wanted)
        {
            if (Array.IndexOf(plain, name) is >= 0 and var column)
                return column;
        }

        return -1;
    }

    private string Shown() => Finding.Quote(string.Join(',', names));
}
