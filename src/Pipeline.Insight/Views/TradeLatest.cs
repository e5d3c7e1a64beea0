using Pipeline.Datasets;
using Pipeline.Sources.Census;

namespace Pipeline.Insight.Views;

/// <summary>
/// The newest month of goods trade with one partner in one direction, all commodities; view <c>trade_latest</c>.
/// </summary>
public sealed record TradeLatest
{
    [Meaning("The partner, Schedule C code of four digits, text")]
    public required string PartnerCode { get; init; }

    [Meaning("The partner, ISO 3166-1 alpha-2; empty where none exists")]
    public required string PartnerIso2 { get; init; }

    [Meaning("The partner's name in the publisher's list")]
    public required string PartnerName { get; init; }

    [Meaning("exports or imports, seen from the reporter")]
    public required string Flow { get; init; }

    [Meaning("The newest month with a figure, yyyy-MM")]
    public required string Period { get; init; }

    [Meaning("The value of that month", Unit = "US dollars")]
    public required long ValueUsd { get; init; }

    [Meaning("The value of the same month of the year before; not there without a figure", Unit = "US dollars")]
    public required long? YearBeforeUsd { get; init; }

    [Meaning(
        "The change from the same month of the year before; not there unless that has a figure above zero",
        Unit = "percent"
    )]
    public required double? ChangePercent { get; init; }

    [Meaning("The newest vintage of the two facts, UTC")]
    public required DateTimeOffset Vintage { get; init; }

    /// <summary>Computes the rows, by partner and flow, from facts of the level total.</summary>
    internal static IEnumerable<TradeLatest> Compute(IEnumerable<TradeMonthly> facts) =>
        facts
            .GroupBy(fact => (fact.PartnerCode, fact.Flow))
            .OrderBy(series => series.Key.PartnerCode, StringComparer.Ordinal)
            .ThenBy(series => series.Key.Flow, StringComparer.Ordinal)
            .Select(series =>
            {
                var newest = series.MaxBy(fact => (fact.Year, fact.Month))!;
                var before = series.SingleOrDefault(fact => fact.Year == newest.Year - 1 && fact.Month == newest.Month);
                return new TradeLatest
                {
                    PartnerCode = newest.PartnerCode,
                    PartnerIso2 = newest.PartnerIso2,
                    PartnerName = newest.PartnerName,
                    Flow = newest.Flow,
                    Period = newest.Period,
                    ValueUsd = newest.ValueUsd,
                    YearBeforeUsd = before?.ValueUsd,
                    ChangePercent =
                        before?.ValueUsd > 0 ? 100.0 * (newest.ValueUsd - before.ValueUsd) / before.ValueUsd : null,
                    Vintage = before?.Vintage > newest.Vintage ? before.Vintage : newest.Vintage,
                };
            });
}
