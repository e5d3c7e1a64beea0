using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>
/// Where the columns of the file by partner stand. Required are <c>year, direction, measure, partner, iso3,
/// value_musd</c>; known too are <c>host, reporter, basis, rank, note</c>. A file without <c>host</c> and
/// <c>reporter</c> is Russia's own report, the form in which the bilateral statistics were supplied (unctad.md, section
/// 6).
/// </summary>
internal sealed class PartnersHeader
{
    private static readonly string[] Required = ["year", "direction", "measure", "partner", "iso3", "value_musd"];
    private static readonly string[] Optional = ["host", "reporter", "basis", "rank", "note"];

    /// <summary>The column of the partner's code.</summary>
    public const string Iso3Name = "iso3";

    private readonly CsvColumns places;

    private PartnersHeader(CsvColumns places) => this.places = places;

    public int Count => places.Names.Count;
    public int Year => Find("year");
    public int Direction => Find("direction");
    public int Measure => Find("measure");

    /// <summary>The partner's name.</summary>
    public int Partner => Find("partner");

    /// <summary>The partner, ISO 3166-1 alpha-3.</summary>
    public int Iso3 => Find("iso3");

    /// <summary>Millions of US dollars.</summary>
    public int Value => Find("value_musd");

    /// <summary>The economy the figures are about, ISO 3166-1 alpha-3; -1 where there is no such column.</summary>
    public int Host => Find("host");

    /// <summary>
    /// Whose statistics they are, the host's or the partner's, ISO 3166-1 alpha-3; -1 where there is no such
    /// column.
    /// </summary>
    public int Reporter => Find("reporter");

    /// <summary><c>immediate_investor</c> or <c>ultimate_investor</c>; -1 where there is no such column.</summary>
    public int Basis => Find("basis");

    /// <summary>The partner's place, to be checked; -1 where there is no such column.</summary>
    public int Rank => Find("rank");

    /// <summary>
    /// Finds the columns; null when one is missing, twice there or not known, which <paramref name="finding"/>
    /// then says.
    /// </summary>
    /// <param name="rows">The header row.</param>
    /// <param name="formPlace">The file and the line, for a wrong separator or encoding.</param>
    /// <param name="copy">The form in which the file was saved.</param>
    /// <param name="finding">Why the file is refused.</param>
    public static PartnersHeader? Read(CsvRows rows, string formPlace, HandCopy copy, out Finding? finding)
    {
        if (rows.Foreign is { } foreign)
        {
            finding = new Finding(
                formPlace,
                foreign,
                "text in UTF-8",
                "the table keeps the old rows; save the file as UTF-8 and drop it again"
            );
            return null;
        }
        var columns = CsvColumns.Read(rows, name => name.Trim().ToLowerInvariant());
        var lacking = columns.Missing(Required);
        if ((rows.OtherForm ?? (lacking.Count > 0 ? rows.MixedForm : null)) is { } form)
        {
            finding = new Finding(
                formPlace,
                form,
                copy.ExpectedForm,
                "the table keeps the old rows; save the file as CSV with commas and decimal points, and drop it again"
            );
            return null;
        }
        finding = Check(columns, lacking);
        return finding is null ? new PartnersHeader(columns) : null;
    }

    /// <summary>Requires every required column once, and no column that is unknown.</summary>
    private static Finding? Check(CsvColumns columns, IReadOnlyList<string> lacking)
    {
        const string advice = "the table keeps the old rows; put the columns right and drop the file again";
        if (lacking.Count > 0)
        {
            return new Finding(
                "header",
                Finding.Quote(string.Join(',', columns.Names)),
                $"the columns {string.Join(", ", lacking)} too",
                advice
            );
        }
        var foreigners = columns.Unknown([.. Required, .. Optional]);
        if (foreigners.Count > 0)
        {
            return new Finding(
                "header",
                $"the columns {string.Join(", ", foreigners.Select(name => Finding.Quote(name)))}",
                $"only {string.Join(", ", [.. Required, .. Optional])}",
                advice
            );
        }
        var twice = columns.Repeated;
        return twice.Count > 0
            ? new Finding("header", $"the columns {string.Join(", ", twice)} twice", "each once", advice)
            : null;
    }

    /// <summary>A column's name.</summary>
    public string this[int column] => places.Names[column];

    private int Find(string name) => places[name];
}
