using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Sources.Census;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// Rank and share of every partner in a year's US exports, imports and total trade:
/// <c>us-{exports|imports|trade-total}-{rank|share}-annual</c>, row <c>{yyyy}|{partner}</c>.
/// </summary>
/// <remarks>
/// A year is ranked only when all partners are on file. That is so when at least <see cref="MinPartners"/> have a
/// December, and every partner with a row in the year has a complete one: the load has then compared the sum of
/// partners with the world row to the dollar (from 2010 on), and no row of the year has been refused since. An extract
/// with a few partners has no such year. A partner without a row in a complete year has not traded.
/// </remarks>
internal sealed class PartnerRankFamily : IndicatorFamily
{
    /// <summary>The United States trades with some 230 partners (233 in 2018); an extract has a handful.</summary>
    public const int MinPartners = 150;

    /// <inheritdoc/>
    public override string Source => TradeTotals.Source;

    /// <inheritdoc/>
    public override string Prefix => TradeTotals.Prefix;

    /// <inheritdoc/>
    public override FactRead Read => TradeTotals.Read;

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        var partners = TradeTotals.Partners(facts);
        foreach (var year in facts.Cast<TradeMonthly>().Select(row => row.Year).Distinct().Order())
        {
            var exports = Complete(partners, partner => partner.Exports, CensusSlice.Exports, year, notes);
            var imports = Complete(partners, partner => partner.Imports, CensusSlice.Imports, year, notes);
            foreach (var row in Ranked(CensusSlice.Exports, "US exports of goods", year, exports))
                yield return row;
            foreach (var row in Ranked(CensusSlice.Imports, "US imports of goods", year, imports))
                yield return row;
            if (exports is null || imports is null)
                continue;
            foreach (var row in Ranked("trade-total", "US trade in goods", year, Together(exports, imports)))
                yield return row;
        }
    }

    /// <summary>The year's sums of all partners that traded; null when not all are known.</summary>
    private static Dictionary<TradeTotals.Partner, TradeSeries.Sum>? Complete(
        List<TradeTotals.Partner> partners,
        Func<TradeTotals.Partner, TradeSeries> flow,
        string name,
        int year,
        ICollection<string> notes
    )
    {
        if (partners.Count(partner => flow(partner).Month(year, 12) is not null) < MinPartners)
            return null;
        var sums = new Dictionary<TradeTotals.Partner, TradeSeries.Sum>();
        foreach (var partner in partners.Where(partner => flow(partner).Years.Contains(year)))
        {
            if (flow(partner).Year(year) is { } sum)
            {
                sums.Add(partner, sum);
            }
            else
            {
                notes.Add(
                    $"us-{name}-rank-annual: {year} is left out: {partner.Name} ({partner.Code}) has no complete year"
                );
                return null;
            }
        }
        return sums;
    }

    private static Dictionary<TradeTotals.Partner, TradeSeries.Sum> Together(
        Dictionary<TradeTotals.Partner, TradeSeries.Sum> exports,
        Dictionary<TradeTotals.Partner, TradeSeries.Sum> imports
    )
    {
        var total = new Dictionary<TradeTotals.Partner, TradeSeries.Sum>(exports);
        foreach (var (partner, bought) in imports)
        {
            total[partner] = total.TryGetValue(partner, out var sold)
                ? new(sold.Value + bought.Value, sold.Vintage > bought.Vintage ? sold.Vintage : bought.Vintage)
                : bought;
        }

        return total;
    }

    private IEnumerable<IndicatorRow> Ranked(
        string measure,
        string title,
        int year,
        Dictionary<TradeTotals.Partner, TradeSeries.Sum>? sums
    )
    {
        if (sums is null || sums.Values.Sum(sum => sum.Value) is not (> 0 and var world))
            yield break;
        var period = year.ToString("0000", CultureInfo.InvariantCulture);
        var vintage = sums.Values.Max(sum => sum.Vintage);
        string[] flows = measure == "trade-total" ? [CensusSlice.Exports, CensusSlice.Imports] : [measure];
        var inputs = string.Join(
            "; ",
            flows.Select(flow => TradeTotals.Inputs("*", flow, $"{period}-01", $"{period}-12"))
        );
        var (place, seen, last) = (0, 0, long.MinValue);
        foreach (
            var (partner, sum) in sums.OrderByDescending(pair => pair.Value.Value)
                .ThenBy(pair => pair.Key.Code, StringComparer.Ordinal)
        )
        {
            seen++;
            if (sum.Value != last)
                (place, last) = (seen, sum.Value);
            var rowKey = $"{period}|{partner.Id}";
            yield return Row(
                $"{Prefix}{measure}-rank-annual",
                rowKey,
                period,
                $"Place of {partner.Name} among the partners in {title}, calendar year",
                place,
                "place",
                inputs,
                vintage
            );
            yield return Row(
                $"{Prefix}{measure}-share-annual",
                rowKey,
                period,
                $"Share of {partner.Name} in {title}, calendar year",
                (double)sum.Value / world * 100,
                "percent",
                inputs,
                vintage
            );
        }
    }
}
