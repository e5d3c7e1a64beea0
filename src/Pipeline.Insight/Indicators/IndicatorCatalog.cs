using System.Text.RegularExpressions;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;

namespace Pipeline.Insight.Indicators;

/// <summary>How precise the periods of an indicator are.</summary>
internal enum PeriodKind
{
    /// <summary>yyyy</summary>
    Year,

    /// <summary>yyyy-MM</summary>
    Month,

    /// <summary>yyyy-MM-dd; there is no saying which days have a figure.</summary>
    Day,
}

/// <summary>What the ids of a family look like and what stands under them.</summary>
/// <param name="Pattern">The ids, for people.</param>
/// <param name="Matches">The ids, exactly.</param>
/// <param name="Periods">The kind of period its rows have.</param>
/// <param name="MemberAt">Which part of a row's key says whom the figure is about; 0 when there is one figure a
/// period.</param>
/// <param name="Unit">The unit of the figures; null when rows differ.</param>
internal sealed record IndicatorShape(string Pattern, Regex Matches, PeriodKind Periods, int MemberAt, string? Unit)
{
    /// <summary>Whether a period has one figure for each of several members.</summary>
    public bool HasMembers => MemberAt > 0;
}

/// <summary>All indicators that there can be: claims are checked against it before there is any figure.</summary>
internal static partial class IndicatorCatalog
{
    /// <summary>The kinds of indicators.</summary>
    public static IReadOnlyList<IndicatorShape> Shapes { get; } =
    [
        new(
            "us-{partner}-{exports|imports|trade-balance|trade-total}-annual",
            TradeAnnual(),
            PeriodKind.Year,
            0,
            TradeTotals.Dollars
        ),
        new(
            "us-{partner}-{exports|imports|trade-balance|trade-total}-{monthly|ytd|12m}",
            TradeMonths(),
            PeriodKind.Month,
            0,
            TradeTotals.Dollars
        ),
        new("us-{exports|imports|trade-total}-rank-annual", PartnerRank(), PeriodKind.Year, 1, "place"),
        new("us-{exports|imports|trade-total}-share-annual", PartnerShare(), PeriodKind.Year, 1, "percent"),
        new("fdi-{economy}-{inward|outward}-{flow|stock}", Fdi(), PeriodKind.Year, 0, TradeTotals.Dollars),
        new(
            "fdi-source-rank-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}",
            FdiRank(),
            PeriodKind.Year,
            1,
            "place"
        ),
        new(
            "fdi-top-sources-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}",
            FdiTop(),
            PeriodKind.Year,
            2,
            TradeTotals.Dollars
        ),
        new("holders-{class}-{basis}", Holders(), PeriodKind.Day, 1, null),
        new("holder-rank-{class}-{basis}", HolderRank(), PeriodKind.Day, 1, "place"),
        new(OfzFamily.Id, Ofz(), PeriodKind.Day, 0, "percent"),
    ];

    /// <summary>What an id stands for; null when there is no such indicator.</summary>
    public static IndicatorShape? Find(string id) => Shapes.FirstOrDefault(shape => shape.Matches.IsMatch(id));

    /// <summary>
    /// The part of an id that names no possible partner, holder or measure, such as a partner that is on no list; null
    /// when all parts are known. Groups of economies come and go with releases: any four digits are one.
    /// </summary>
    public static (int At, string Seen, string Expected)? Unknown(string id, IndicatorShape shape)
    {
        foreach (var (name, known, expected) in Parts)
        {
            if (
                shape.Matches.Match(id).Groups[name] is { Success: true } part
                && !known.Contains(part.Value)
                && !(name == "economy" && part.Length == 4)
            )
            {
                return (part.Index, part.Value, expected);
            }
        }

        return null;
    }

    private static readonly IReadOnlyList<(string Name, IReadOnlySet<string> Known, string Expected)> Parts =
    [
        Part("partner", CensusPartners.All.Select(partner => Ids.Partner(partner.Code, partner.Iso2)), "a partner"),
        Part(
            "economy",
            Economies.All.Select(economy => Ids.Economy(economy.Code, economy.Iso3)),
            "four digits of a group, or an economy"
        ),
        Part("basis", HolderBasis.All.Select(Ids.Slug), "a basis"),
    ];

    private static (string, IReadOnlySet<string>, string) Part(string name, IEnumerable<string> known, string what)
    {
        var set = new SortedSet<string>(known, StringComparer.Ordinal);
        return (name, set, $"{what}: {string.Join(", ", set)}");
    }

    private const string PartnerPart = "(?<partner>[a-z]{2}|c[1-8][0-9]{3})";
    private const string EconomyPart = "(?<economy>[a-z]{3}|[0-9]{3,4})";
    private const string SourcesPart =
        EconomyPart + "-(flow|stock)-(host|partner)-(immediate-investor|ultimate-investor)$";
    private const string HoldingPart =
        "-(equity|ofz|sovereign-eurobond|derivatives|fx-spot|"
        + "broker-client-assets)-(?<basis>[a-z][a-z0-9]*(-[a-z0-9]+)*)$";

    [GeneratedRegex("^us-" + PartnerPart + "-(exports|imports|trade-balance|trade-total)-annual$")]
    private static partial Regex TradeAnnual();

    [GeneratedRegex("^us-" + PartnerPart + "-(exports|imports|trade-balance|trade-total)-(monthly|ytd|12m)$")]
    private static partial Regex TradeMonths();

    [GeneratedRegex("^us-(exports|imports|trade-total)-rank-annual$")]
    private static partial Regex PartnerRank();

    [GeneratedRegex("^us-(exports|imports|trade-total)-share-annual$")]
    private static partial Regex PartnerShare();

    [GeneratedRegex("^fdi-" + EconomyPart + "-(inward|outward)-(flow|stock)$")]
    private static partial Regex Fdi();

    [GeneratedRegex("^fdi-source-rank-" + SourcesPart)]
    private static partial Regex FdiRank();

    [GeneratedRegex("^fdi-top-sources-" + SourcesPart)]
    private static partial Regex FdiTop();

    [GeneratedRegex("^holders" + HoldingPart)]
    private static partial Regex Holders();

    [GeneratedRegex("^holder-rank" + HoldingPart)]
    private static partial Regex HolderRank();

    [GeneratedRegex("^ofz-nonresident-share$")]
    private static partial Regex Ofz();
}
