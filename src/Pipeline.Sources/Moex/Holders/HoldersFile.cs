using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Moex.Holders;

/// <summary>The columns of the curated file of statements, and the rules of its rows (moex.md, section 4).</summary>
internal sealed class HoldersFile
{
    private const string Share = "share_percent";
    private const string Value = "value";
    private const string CorrectRow = "mend the row in the file";
    private const int MaxText = 200;

    private static readonly string[] Columns =
    [
        "as_of",
        "asset_class",
        "basis",
        "holder",
        "holder_iso2",
        Share,
        Value,
        "currency",
        "qualifier",
        "citation",
    ];
    private static readonly string[] AssetClasses =
    [
        HoldingRow.Equity,
        HoldingRow.Ofz,
        "sovereign_eurobond",
        "derivatives",
        "fx_spot",
        "broker_client_assets",
    ];
    private static readonly string[] Qualifiers = [HoldingRow.Exact, "lower_bound", "approximate", "midpoint"];

    private readonly int[] places;
    private readonly bool hasDecimalComma;

    private HoldersFile(int[] places, bool hasDecimalComma)
    {
        this.places = places;
        this.hasDecimalComma = hasDecimalComma;
    }

    /// <summary>
    /// Finds the columns; null when there are others than those of the file, which <paramref name="finding"/>
    /// then names.
    /// </summary>
    /// <param name="header">The header row.</param>
    /// <param name="fileName">The name of the file.</param>
    /// <param name="copy">The form in which the file was saved.</param>
    /// <param name="finding">Why the file is refused.</param>
    public static HoldersFile? Read(CsvRows header, string fileName, HandCopy copy, out Finding? finding)
    {
        var columns = CsvColumns.Read(header);
        var missing = columns.Missing(Columns);
        if ((header.OtherForm ?? (missing.Count > 0 ? header.MixedForm : null)) is { } form)
        {
            finding = new Finding(
                $"{fileName}, line {header.Line}",
                form,
                copy.ExpectedForm,
                "the table keeps the old rows; save the file as CSV with commas and decimal points, and put it into "
                    + "the container again"
            );
            return null;
        }
        finding = null;
        var unknown = columns.Unknown(Columns);
        if (header.Foreign is not null || missing.Count > 0 || unknown.Count > 0 || columns.Repeated.Count > 0)
        {
            var expected = (header.Foreign, missing, unknown) switch
            {
                (not null, _, _) => "a header in UTF-8",
                (_, { Count: > 0 }, _) =>
                    $"the {(missing.Count == 1 ? "column" : "columns")} {string.Join(", ", missing)} "
                        + $"too{(unknown.Count > 0 ? ", and no others" : "")}, with commas between them",
                (_, _, { Count: > 0 }) => $"no column {Finding.Quote(string.Join(", ", unknown))}",
                _ => "each column once",
            };
            finding = new Finding(
                $"line {header.Line}",
                header.Foreign ?? Finding.Quote(string.Join(',', columns.Names)),
                expected,
                "the table keeps the old rows; mend the file and put it into the container again"
            );
            return null;
        }
        return new HoldersFile([.. Columns.Select(name => columns[name])], copy.HasDecimalComma);
    }

    /// <summary>Reads a row: the statement, or what is wrong with it.</summary>
    public (Holding? Row, Finding? Finding) Row(CsvRows row)
    {
        if (row.Foreign is not null)
            return (null, new Finding($"line {row.Line}", row.Foreign, "text in UTF-8", CorrectRow));
        if (row.Count != Columns.Length)
            return (null, new Finding($"line {row.Line}", $"{row.Count} cells", $"{Columns.Length} cells", CorrectRow));
        var cells = Columns
            .Select((name, index) => (name, text: row.Text(places[index])))
            .ToDictionary(cell => cell.name, cell => cell.text, StringComparer.Ordinal);
        var wrong = Wrong(cells, out var asOf, out var share, out var value);
        if (wrong is { } found)
        {
            return (
                null,
                new Finding(
                    $"line {row.Line}, column {found.Column}",
                    cells[found.Column].Length == 0 ? "nothing" : Finding.Quote(cells[found.Column]),
                    found.Expected,
                    CorrectRow
                )
            );
        }

        var holding = HoldingRow.Of(
            asOf,
            cells["asset_class"],
            cells["basis"],
            cells["holder"],
            cells["citation"],
            share,
            value,
            cells["currency"]
        );
        holding.HolderIso2 = cells["holder_iso2"];
        holding.Qualifier = cells["qualifier"];
        return (holding, null);
    }

    /// <summary>The first rule that a row breaks; null when it keeps them all.</summary>
    private (string Column, string Expected)? Wrong(
        Dictionary<string, string> cells,
        out DateOnly asOf,
        out decimal? share,
        out decimal? value
    )
    {
        (share, value) = (null, null);
        if (
            !DateOnly.TryParseExact(
                cells["as_of"],
                "yyyy-MM-dd",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out asOf
            ) || asOf.Year is < 1990 or >= 2100
        )
        {
            return ("as_of", "the day the figure refers to, yyyy-MM-dd");
        }

        foreach (
            var (column, known) in (IEnumerable<(string, IReadOnlyList<string>)>)
                [("asset_class", AssetClasses), ("basis", HolderBasis.Curated), ("qualifier", Qualifiers)]
        )
        {
            if (!known.Contains(cells[column]))
                return (column, $"one of {string.Join(", ", known)}");
        }

        foreach (var column in (string[])["holder", "citation"])
        {
            if (
                cells[column].Length is 0 or > MaxText
                || Keys.Clean(cells[column]).Length > 2 * MaxText
                || cells[column].Trim() != cells[column]
                || cells[column].Any(char.IsControl)
            )
            {
                return (
                    column,
                    $"{(column == "holder" ? "the holder as published" : "publisher and date")}, at most {MaxText} "
                        + "characters in one line, no blanks around"
                );
            }
        }

        if (cells["holder_iso2"] == "UK")
            return ("holder_iso2", "GB, the code of the United Kingdom");
        if (cells["holder_iso2"].Length > 0 && !CountryCodes.IsCountry(cells["holder_iso2"]))
            return ("holder_iso2", "an ISO 3166-1 code of two upper-case letters, or nothing for regions and totals");
        if (!TryNumber(cells[Share], out share) || share > 100)
            return (Share, $"per cent, 0 to 100, with a {Mark}, or nothing");
        if (!TryNumber(cells[Value], out value))
        {
            return (
                Value,
                $"an amount of 0 or more in whole units, not millions, with a {Mark} and nothing between thousands, "
                    + "or nothing"
            );
        }

        if (share is null && value is null)
            return (Share, $"a figure here or in the column {Value}");
        if (value is null && cells["currency"].Length > 0)
            return ("currency", "nothing, because there is no value");
        return value is not null && !CountryCodes.IsCurrency(cells["currency"])
            ? ("currency", "an ISO 4217 code, because there is a value")
            : null;
    }

    private string Mark => hasDecimalComma ? "comma" : "point";

    /// <summary>
    /// Digits with at most one point, or comma where semicolons stand between the columns; null for an empty cell.
    /// Signs, exponents and other separators are not guessed at.
    /// </summary>
    private bool TryNumber(string text, out decimal? number)
    {
        number = null;
        if (hasDecimalComma)
        {
            if (text.Contains('.', StringComparison.Ordinal))
                return false;
            text = text.Replace(',', '.');
        }

        if (text.Length == 0)
            return true;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var parsed))
            return false;
        number = parsed;
        return true;
    }
}
