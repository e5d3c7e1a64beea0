using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Sources.Census;
using Sum = Pipeline.Insight.Indicators.TradeSeries.Sum;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// US exports to, imports from, balance and total trade with each configured partner:
/// <c>us-{partner}-{measure}-{span}</c>, where span is <c>monthly</c>, <c>annual</c> (complete calendar years only),
/// <c>ytd</c> (January to the month: the only name that an incomplete year has) or <c>12m</c> (twelve months to the
/// month).
/// </summary>
/// <param name="partners">Schedule C codes; null = all.</param>
internal sealed class TradeFamily(IReadOnlyCollection<string>? partners) : IndicatorFamily
{
    /// <inheritdoc/>
    public override string Source => TradeTotals.Source;

    /// <inheritdoc/>
    public override string Prefix => TradeTotals.Prefix;

    /// <inheritdoc/>
    public override FactRead Read => TradeTotals.Read;

    /// <summary>What is computed of the two flows. Where both are needed, both must be there.</summary>
    internal static IReadOnlyList<(string Name, int Exports, int Imports, string Title)> Measures { get; } =
    [
        ("exports", 1, 0, "US exports of goods to {0}"),
        ("imports", 0, 1, "US imports of goods from {0}"),
        ("trade-balance", 1, -1, "US balance of trade in goods with {0}"),
        ("trade-total", 1, 1, "US trade in goods, exports and imports, with {0}"),
    ];

    /// <summary>The periods: how the sum is made, and the months it goes back to.</summary>
    internal static IReadOnlyList<(
        string Name,
        string Title,
        Func<TradeSeries, int, int, Sum?> Of,
        Func<DateOnly, DateOnly> From
    )> Spans { get; } =
    [
        ("monthly", "month", (series, year, month) => series.Month(year, month), month => month),
        (
            "annual",
            "calendar year",
            (series, year, month) => month == 12 ? series.Year(year) : null,
            month => new DateOnly(month.Year, 1, 1)
        ),
        (
            "ytd",
            "January to the month",
            (series, year, month) => series.YearToDate(year, month),
            month => new DateOnly(month.Year, 1, 1)
        ),
        (
            "12m",
            "twelve months to the month",
            (series, year, month) => series.Rolling(year, month),
            month => month.AddMonths(-11)
        ),
    ];

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        foreach (
            var partner in TradeTotals
                .Partners(facts)
                .Where(partner => partners is null || partners.Contains(partner.Code))
        )
        {
            var months = partner
                .Exports.Months.Concat(partner.Imports.Months)
                .Select(row => new DateOnly(row.Year, row.Month, 1))
                .Distinct()
                .Order()
                .ToList();
            foreach (
                var (flow, series) in new[]
                {
                    (CensusSlice.Exports, partner.Exports),
                    (CensusSlice.Imports, partner.Imports),
                }
            )
            {
                foreach (
                    var year in series.Years.Where(year =>
                        series.Month(year, 12) is not null && series.Year(year) is null
                    )
                )
                {
                    notes.Add(
                        $"{Prefix}{partner.Id}-{flow}: {year} is left out: its months do not add up to the year to "
                            + "date of December, or one is missing"
                    );
                }
            }

            foreach (var measure in Measures)
            {
                foreach (var span in Spans)
                {
                    foreach (var month in months)
                    {
                        Sum? exports =
                            measure.Exports == 0 ? default(Sum) : span.Of(partner.Exports, month.Year, month.Month);
                        Sum? imports =
                            measure.Imports == 0 ? default(Sum) : span.Of(partner.Imports, month.Year, month.Month);
                        if (exports is not { } sold || imports is not { } bought)
                            continue;
                        var period =
                            span.Name == "annual" ? month.ToString("yyyy", CultureInfo.InvariantCulture) : Text(month);
                        yield return Row(
                            $"{Prefix}{partner.Id}-{measure.Name}-{span.Name}",
                            period,
                            period,
                            $"{string.Format(CultureInfo.InvariantCulture, measure.Title, partner.Name)}, {span.Title}",
                            measure.Exports * sold.Value + measure.Imports * bought.Value,
                            TradeTotals.Dollars,
                            Inputs(partner.Code, measure.Exports, measure.Imports, span.From(month), month),
                            sold.Vintage > bought.Vintage ? sold.Vintage : bought.Vintage
                        );
                    }
                }
            }
        }
    }

    private static string Inputs(string partner, int exports, int imports, DateOnly from, DateOnly to) =>
        string.Join(
            "; ",
            new[]
            {
                exports == 0 ? "" : TradeTotals.Inputs(partner, CensusSlice.Exports, Text(from), Text(to)),
                imports == 0 ? "" : TradeTotals.Inputs(partner, CensusSlice.Imports, Text(from), Text(to)),
            }.Where(text => text.Length > 0)
        );

    private static string Text(DateOnly month) => month.ToString("yyyy-MM", CultureInfo.InvariantCulture);
}
