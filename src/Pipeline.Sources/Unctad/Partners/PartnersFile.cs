using System.Globalization;
using Pipeline.Issues;
using Pipeline.Sources.Codes;
using Pipeline.Sources.Formats;
using Pipeline.Sources.Unctad.FlowsStock;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>A row of the file by partner, understood as far as one row can be.</summary>
/// <param name="Line">The line of the file.</param>
/// <param name="Group">What the row is ranked in.</param>
/// <param name="Partner">The partner's name.</param>
/// <param name="Iso3">The partner, ISO 3166-1 alpha-3; empty for the total.</param>
/// <param name="Dollars">The value in whole US dollars; null when the file says that there is none.</param>
/// <param name="Half">What the value may be off by as it was written, in dollars.</param>
/// <param name="StatedRank">The place that the file gives; 0 when it gives none.</param>
internal sealed record PartnersRow(
    long Line,
    PartnersGroup Group,
    string Partner,
    string Iso3,
    long? Dollars,
    decimal Half,
    int StatedRank
)
{
    /// <summary>Whether the row is the total of all partners.</summary>
    public bool IsTotal => Iso3.Length == 0;
}

/// <summary>Year and series of a row, of any reporter and basis.</summary>
internal sealed record PartnersPlace(int Year, string HostIso3, string Direction, string Measure);

/// <summary>
/// Figures that can be added up and ranked: of one year, host, direction, measure, reporter and basis.
/// </summary>
internal sealed record PartnersGroup(
    int Year,
    Economy Host,
    string Direction,
    string Measure,
    string ReportedBy,
    string Basis
)
{
    public PartnersPlace Place => new(Year, Host.Iso3, Direction, Measure);

    public string Partition => $"{Host.Code}|{Direction}|{Measure}|{ReportedBy}";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Host.Iso3} {Direction} {Measure} {Year} by the {ReportedBy}, {PartnersFile.InWords(Basis)}";
}

/// <summary>Understands the rows of the file by partner.</summary>
internal static class PartnersFile
{
    public const string ByHost = "host";
    public const string ByPartner = "partner";

    public const string Immediate = "immediate_investor";
    private const string Ultimate = "ultimate_investor";

    /// <summary>Without a column <c>host</c> the figures are about Russia.</summary>
    private const string DefaultHost = "RUS";

    /// <summary>The basis as the tables and messages write it.</summary>
    public static string InWords(string basis) => basis == Ultimate ? "ultimate investor" : "immediate investor";

    /// <summary>What a row that cannot be used would add to a sum; null when that cannot be read.</summary>
    public static long? OwnDollars(CsvRows rows, PartnersHeader columns) =>
        rows.Count == columns.Count && TryAmount(rows, columns, out var dollars, out _) ? dollars : null;

    /// <summary>Reads the value; semicolons between the columns go with decimal commas.</summary>
    private static bool TryAmount(CsvRows rows, PartnersHeader columns, out long dollars, out decimal half) =>
        rows.Separator == (byte)';'
            ? Amounts.TryReadWithComma(rows.Bytes(columns.Value), Amounts.Million, out dollars, out half)
            : Amounts.TryRead(rows.Bytes(columns.Value), Amounts.Million, out dollars, out half);

    /// <summary>
    /// Year and series of a row that cannot be used, so far as they can be read; null when it may be any.
    /// </summary>
    public static PartnersPlace? PlaceOf(CsvRows rows, PartnersHeader columns)
    {
        if (rows.Count != columns.Count)
            return null;
        var (direction, measure) = (rows.Text(columns.Direction).Trim(), rows.Text(columns.Measure).Trim());
        var host = columns.Host < 0 ? DefaultHost : rows.Text(columns.Host).Trim();
        return
            int.TryParse(rows.Text(columns.Year), NumberStyles.None, CultureInfo.InvariantCulture, out var year)
            && direction is UnctadSlice.Inward or UnctadSlice.Outward
            && measure is UnctadSlice.Flow or UnctadSlice.Stock
            && Economies.FindIso3(host) is not null
            ? new PartnersPlace(year, host, direction, measure)
            : null;
    }

    /// <summary>Reads a row.</summary>
    /// <param name="rows">The row.</param>
    /// <param name="columns">Where the columns stand.</param>
    /// <param name="column">The column that is not right; empty when it is the row as a whole.</param>
    /// <param name="seen">What stands there.</param>
    /// <param name="expected">What should.</param>
    /// <returns>The row, or null when it could not be understood.</returns>
    public static PartnersRow? Read(
        CsvRows rows,
        PartnersHeader columns,
        out string column,
        out string seen,
        out string expected
    )
    {
        (column, seen, expected) = ("", "", "");
        if (rows.Foreign is { } foreign)
            (seen, expected) = (foreign, "text in UTF-8");
        else if (rows.Count != columns.Count)
            (seen, expected) = ($"{rows.Count} cells", $"{columns.Count} cells, as the header has");
        if (seen.Length > 0)
            return null;
        string? Cell(int at) => at < 0 ? null : rows.Text(at).Trim();
        var wrong = -1;
        var wanted = "";
        void Wrong(int at, string what)
        {
            if (wrong < 0)
                (wrong, wanted) = (at, what);
        }
        if (
            !int.TryParse(Cell(columns.Year), NumberStyles.None, CultureInfo.InvariantCulture, out var year)
            || year is < FdiRowKeys.FirstYear or > FdiRowKeys.LastYear
        )
        {
            Wrong(columns.Year, $"a year, {FdiRowKeys.FirstYear} to {FdiRowKeys.LastYear}");
        }

        var direction = Cell(columns.Direction)!;
        if (direction is not (UnctadSlice.Inward or UnctadSlice.Outward))
            Wrong(columns.Direction, "inward or outward");
        var measure = Cell(columns.Measure)!;
        if (measure is not (UnctadSlice.Flow or UnctadSlice.Stock))
            Wrong(columns.Measure, "flow or stock");
        var host = Cell(columns.Host) ?? DefaultHost;
        if (Economies.FindIso3(host) is not { } economy)
        {
            Wrong(columns.Host, "the ISO 3166-1 alpha-3 code of an economy that the program's list has");
            economy = new Economy("", host, "");
        }
        var partner = Cell(columns.Partner)!;
        if (partner.Length == 0)
            Wrong(columns.Partner, "the partner's name");
        var iso3 = Cell(columns.Iso3)!;
        var isTotal =
            iso3 is "" or "WLD"
            && (
                partner.Equals("World", StringComparison.OrdinalIgnoreCase)
                || partner.Equals("Total", StringComparison.OrdinalIgnoreCase)
            );
        if (!isTotal && !(iso3.Length == 3 && iso3.All(char.IsAsciiLetterUpper) && iso3 != "WLD"))
        {
            Wrong(columns.Iso3, "the partner's ISO 3166-1 alpha-3 code, three capital letters");
        }
        else if (!isTotal)
        {
            var country = Countries.Find(iso3, year, out var used);
            if (country is null)
                Wrong(columns.Iso3, used);
            iso3 = country?.Iso3 ?? iso3;
        }
        if (iso3 == host)
            Wrong(columns.Iso3, "a partner other than the host");
        var reporter = Cell(columns.Reporter) ?? host;
        if (reporter != host && (reporter != iso3 || isTotal))
        {
            Wrong(
                columns.Reporter,
                $"{host}, the host, or {(isTotal ? "nobody else for a total" : $"{iso3}, the partner")}"
            );
        }

        var basis = Cell(columns.Basis) is { Length: > 0 } stated ? stated : Immediate;
        if (basis is not (Immediate or Ultimate))
            Wrong(columns.Basis, $"{Immediate} or {Ultimate}");
        var (value, half) = (default(long?), 0m);
        switch (Cell(columns.Value))
        {
            case "" or "..":
                break;
            case "-": // Nil (unctad.md, section 6).
                value = 0;
                break;
            default:
                if (!TryAmount(rows, columns, out var dollars, out half))
                {
                    var amount = rows.Separator == (byte)';' ? Amounts.ExpectedWithComma : Amounts.Expected;
                    Wrong(columns.Value, $"{amount}, - for nil or .. for not available");
                }

                value = dollars;
                break;
        }
        var rank = 0;
        if (
            Cell(columns.Rank) is { Length: > 0 } place
            && (!int.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out rank) || rank < 1)
        )
        {
            Wrong(columns.Rank, "a place, 1 or more");
        }

        if (wrong < 0)
        {
            return new PartnersRow(
                rows.Line,
                new PartnersGroup(year, economy, direction, measure, reporter == host ? ByHost : ByPartner, basis),
                partner,
                isTotal ? "" : iso3,
                value,
                half,
                rank
            );
        }

        (column, seen, expected) = (
            columns[wrong],
            rows.Bytes(wrong).IsEmpty ? "nothing" : Finding.Quote(rows.Text(wrong)),
            wanted
        );
        return null;
    }
}
