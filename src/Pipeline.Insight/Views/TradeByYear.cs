using Pipeline.Datasets;
using Pipeline.Sources.Census;

namespace Pipeline.Insight.Views;

/// <summary>A year of goods trade with one partner, all commodities; view <c>trade_by_year</c>.</summary>
public sealed record TradeByYear
{
    [Meaning("The partner, Schedule C code of four digits, text")]
    public required string PartnerCode { get; init; }

    [Meaning("The partner, ISO 3166-1 alpha-2; empty where none exists")]
    public required string PartnerIso2 { get; init; }

    [Meaning("The partner's name in the publisher's list")]
    public required string PartnerName { get; init; }

    [Meaning("The calendar year")]
    public required int Year { get; init; }

    [Meaning("Exports of the months on file; not there without such a month", Unit = "US dollars")]
    public required long? ExportsUsd { get; init; }

    [Meaning("Imports of the months on file; not there without such a month", Unit = "US dollars")]
    public required long? ImportsUsd { get; init; }

    [Meaning("Exports less imports; not there unless both are", Unit = "US dollars")]
    public required long? BalanceUsd { get; init; }

    [Meaning("Months of the year with exports on file, 0 to 12; a month without trade has no figure", Unit = "months")]
    public required int ExportMonths { get; init; }

    [Meaning("Months of the year with imports on file, 0 to 12; a month without trade has no figure", Unit = "months")]
    public required int ImportMonths { get; init; }

    [Meaning("The newest vintage of the facts, UTC")]
    public required DateTimeOffset Vintage { get; init; }

    /// <summary>Computes the rows, by partner and year, from facts of the level total.</summary>
    internal static IEnumerable<TradeByYear> Compute(IEnumerable<TradeMonthly> facts) =>
        facts
            .GroupBy(fact => (fact.PartnerCode, fact.Year))
            .OrderBy(year => year.Key.PartnerCode, StringComparer.Ordinal)
            .ThenBy(year => year.Key.Year)
            .Select(year =>
            {
                var newest = year.MaxBy(fact => fact.Month)!;
                var exports = year.Where(fact => fact.Flow == CensusSlice.Exports)
                    .Select(fact => fact.ValueUsd)
                    .ToList();
                var imports = year.Where(fact => fact.Flow == CensusSlice.Imports)
                    .Select(fact => fact.ValueUsd)
                    .ToList();
                return new TradeByYear
                {
                    PartnerCode = year.Key.PartnerCode,
                    PartnerIso2 = newest.PartnerIso2,
                    PartnerName = newest.PartnerName,
                    Year = year.Key.Year,
                    ExportsUsd = Sum(exports),
                    ImportsUsd = Sum(imports),
                    BalanceUsd = Sum(exports) - Sum(imports),
                    ExportMonths = exports.Count,
                    ImportMonths = imports.Count,
                    Vintage = year.Max(fact => fact.Vintage),
                };
            });

    private static long? Sum(List<long> values) => values.Count == 0 ? null : values.Sum();
}
