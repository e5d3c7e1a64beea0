using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Moex.Ofz;
using Pipeline.Sources.Unctad;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Checks;

/// <summary>The guards on small series that are made for them.</summary>
public sealed class FigureReviewTests
{
    private const string Compare =
        "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if the new one "
        + "is right";
    private const string Accept =
        "the row is not loaded; correct it at its origin, or replay the slice with accept if the figure is right";

    /// <summary>Economies with years from 2001 on, inward and outward; figures scatter.</summary>
    private static List<FdiAnnual> Investment(int economies, int years, Func<string, int, double> factor) =>
        [
            .. from economy in Enumerable.Range(100, economies)
            from series in (string[])["inward|flow", "outward|stock"]
            from year in Enumerable.Range(2001, years)
            select new FdiAnnual
            {
                PartitionKey = $"{economy}|{series}",
                RowKey = $"{year}",
                ValueUsd = (long)((economy * 7_919 + year * 104_729L % 1_000) * 10_000L * factor(series, year)),
            },
        ];

    private static Task<FigureFindings> OverAsync(List<FdiAnnual> body, List<FdiAnnual> before) =>
        new RowsParser(FdiAnnual.Table, null, body).ReviewAsync(before);

    [Fact]
    public async Task A_group_of_figures_that_all_moved_by_one_factor_is_refused()
    {
        var before = Investment(12, 3, (_, _) => 1);
        var body = Investment(12, 3, (series, _) => series == "outward|stock" ? 0.9 : 1);
        Assert.Equal(
            new Finding(
                "body",
                "36 of 36 figures of outward|stock that are 0.9 times those of the table",
                "figures in the unit, currency and prices of the table",
                Compare
            ),
            (await OverAsync(body, before)).Refusal
        );
    }

    /// <summary>Exchange rates and price indices: each year has a factor of its own.</summary>
    [Theory]
    [InlineData(20, "20 of 20 figures of inward|flow in 2001 that are 0.7 times those of the table")]
    [InlineData(4, "8 of 8 figures of 2001 that are 0.7 times those of the table")]
    public async Task Periods_that_each_moved_by_a_factor_of_their_own_are_refused(int economies, string seen)
    {
        var before = Investment(economies, 5, (_, _) => 1);
        var body = Investment(economies, 5, (series, year) =>
            economies == 4 || series == "inward|flow" ? 0.7 + (year - 2001) * 0.05 : 1
        );
        Assert.Equal(
            $"{seen}, and 4 more periods that moved by a factor of their own",
            (await OverAsync(body, before)).Refusal?.Seen
        );
    }

    [Fact]
    public async Task Revisions_that_scatter_and_one_small_period_that_moved_are_not_refused()
    {
        var before = Investment(12, 6, (_, _) => 1);
        var revised = Investment(12, 6, (_, _) => 1);
        for (var at = 0; at < revised.Count; at++)
            revised[at].ValueUsd = revised[at].ValueUsd * (100 + at * 37 % 23) / 100;
        Assert.Null((await OverAsync(revised, before)).Refusal);
        Assert.Null(
            (
                await OverAsync(Investment(4, 6, (_, year) => year == 2006 ? 0.9 : 1), Investment(4, 6, (_, _) => 1))
            ).Refusal
        );
    }

    private static Holding Bond(int month, double volume, double share = double.NaN) =>
        new()
        {
            PartitionKey = "ofz|market_outstanding",
            RowKey = $"2025-{month:00}-01|All non-residents|0",
            Value = volume * 1e9,
            SharePercent = share,
        };

    private static Task<FigureFindings> BondsAsync(Func<int, Holding> of, Func<int, Holding>? before = null) =>
        new RowsParser(Holding.Table, new OfzBody().Figures, Enumerable.Range(1, 12).Select(of)).ReviewAsync(
            before is null ? null : Enumerable.Range(1, 12).Select(before)
        );

    [Theory]
    [InlineData(-1, "before")]
    [InlineData(1, "after")]
    public async Task A_single_series_that_slipped_by_a_period_is_refused(int by, string side) =>
        Assert.Equal(
            new Finding(
                "body",
                $"11 of 12 changed figures of ofz|market_outstanding that are those of the period {side} it in the "
                    + "table",
                "figures of their own periods",
                Compare
            ),
            (
                await BondsAsync(month => Bond(month, 800 + (month + by) * 13), month => Bond(month, 800 + month * 13))
            ).Refusal
        );

    /// <summary>Also where the history is too restless for limits, as that of commodities.</summary>
    [Fact]
    public async Task Series_without_limits_that_slipped_by_a_period_are_refused_too()
    {
        static IEnumerable<FactRow> Rows(int by) =>
            Enumerable
                .Range(1, 12)
                .Select(month => new TradeMonthly
                {
                    PartitionKey = "4621|imports|HS2",
                    RowKey = $"2025-{month:00}|27",
                    ValueUsd = 1_000_000 + (month + by) * 13_000,
                });
        var found = await new RowsParser(TradeMonthly.Table, new FigurePolicy(), Rows(1)).ReviewAsync(Rows(0));
        Assert.Equal(
            "11 of 12 changed figures of 4621|imports|HS2 that are those of the period after it in the table",
            found.Refusal?.Seen
        );
    }

    /// <summary>An operator may accept one reason against a row and not another.</summary>
    [Fact]
    public async Task A_row_has_all_reasons_against_it()
    {
        var found = await BondsAsync(month => Bond(month, month == 6 ? 200_000_000 : 800));
        Assert.Equal(
            [
                "20000000000 to 100000000000000, which holds the whole history",
                "at most 10 times 800000000000, the median of its neighbours (2025-04-01 800000000000, 2025-05-01 "
                    + "800000000000, 2025-07-01 800000000000, 2025-08-01 800000000000)",
            ],
            Assert.Single(found.Reasons).Value.Select(reason => reason.Expected)
        );
    }

    [Fact]
    public async Task A_single_series_that_was_revised_is_not_refused() =>
        Assert.Null(
            (await BondsAsync(month => Bond(month, 805 + month * 13), month => Bond(month, 800 + month * 13))).Refusal
        );

    [Theory]
    [InlineData(25, 0.25)]
    [InlineData(25, 2.5)]
    [InlineData(3.4, 0.034)]
    [InlineData(0.9, 9)]
    public async Task A_share_far_from_its_neighbours_is_flagged_also_without_a_volume(double share, double slip)
    {
        var found = await BondsAsync(month => Bond(month, double.NaN, month == 6 ? slip : share));
        var (key, flag) = Assert.Single(found.Flagged);
        Assert.Equal("2025-06-01|All non-residents|0", key.Row);
        var each = share.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(
            new Finding(
                "holders ofz|market_outstanding 2025-06-01|All non-residents|0",
                $"a share of {slip.ToString(CultureInfo.InvariantCulture)}",
                "a share within 5 points and 3 times of two of its neighbours "
                    + $"(2025-04-01 {each}, 2025-05-01 {each}, 2025-07-01 {each}, 2025-08-01 {each})",
                Accept
            ),
            flag
        );
    }

    [Fact]
    public async Task A_lasting_shift_of_the_share_is_believed_once_two_later_months_confirm_it()
    {
        Assert.Empty((await BondsAsync(month => Bond(month, double.NaN, month < 10 ? 18 : 9))).Flagged);
        Assert.Equal(
            ["2025-11-01|All non-residents|0", "2025-12-01|All non-residents|0"],
            (await BondsAsync(month => Bond(month, double.NaN, month < 11 ? 18 : 9))).Flagged.Keys.Select(key =>
                key.Row
            )
        );
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(800_000)]
    public async Task Volumes_in_another_unit_leave_the_plausible_range(double volume)
    {
        var found = await BondsAsync(month => Bond(month, volume));
        Assert.Equal(12, found.Flagged.Count);
        Assert.Equal(
            "20000000000 to 100000000000000, which holds the whole history",
            found.Flagged.Values.First().Expected
        );
    }

    private static IEnumerable<TradeMonthly> Months(string first, params long[] millions)
    {
        var start = DateOnly.ParseExact(first, "yyyy-MM", CultureInfo.InvariantCulture);
        return millions.Select(
            (value, at) =>
                new TradeMonthly
                {
                    PartitionKey = "4621|exports|total",
                    RowKey = $"{start.AddMonths(at):yyyy-MM}|TOTAL",
                    ValueUsd = value * 1_000_000,
                }
        );
    }

    private static RowsParser Totals(int year, params long[] millions) =>
        new(TradeMonthly.Table, Trade.Reader($"exports-total/{year}").Figures, Months($"{year}-01", millions));

    [Fact]
    public async Task The_first_month_of_a_year_is_held_against_stored_months_of_the_year_before()
    {
        var stored = new StoredRows(Months("2025-01", 300, 300, 300, 300, 300, 300, 300, 300, 300, 310, 320, 330));
        var flag = Assert.Single((await Totals(2026, 300_000).ReviewAsync(stored: stored)).Flagged).Value;
        Assert.Equal(
            new Finding(
                "trademonthly 4621|exports|total 2026-01|TOTAL",
                "300000000000",
                "at most 50 times 315000000, the median of its neighbours (2025-09 300000000, 2025-10 310000000, "
                    + "2025-11 320000000, 2025-12 330000000)",
                Accept
            ),
            flag
        );
        // Without them nothing can be said, and a small figure does not ask for them.
        Assert.Empty((await Totals(2026, 300_000).ReviewAsync()).Flagged);
        stored.Asked.Clear();
        Assert.Empty((await Totals(2026, 900).ReviewAsync(stored: stored)).Flagged);
        Assert.Empty(stored.Asked);
    }

    [Fact]
    public async Task A_lasting_shift_is_believed_once_later_months_confirm_it_also_across_the_year()
    {
        var low = Months("2025-01", 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20).ToList();
        var december = ("trademonthly 4621|exports|total 2025-12|TOTAL", "2000000000");
        var shifted = Months("2026-01", 2_000, 2_000, 2_000);
        long[] year = [20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 2_000];
        // December alone, December and January, then February too: the rejected December counts.
        Assert.Single((await Totals(2025, year).ReviewAsync()).Flagged);
        Assert.Single((await Totals(2026, 2_000).ReviewAsync(stored: new StoredRows(low, december))).Flagged);
        Assert.Empty((await Totals(2026, 2_000, 2_000).ReviewAsync(stored: new StoredRows(low, december))).Flagged);
        // The year that is closed, once the months after it are stored.
        Assert.Empty((await Totals(2025, year).ReviewAsync(stored: new StoredRows(shifted))).Flagged);
        Assert.Single(
            (await Totals(2025, year).ReviewAsync(stored: new StoredRows(Months("2026-01", 25, 25)))).Flagged
        );
    }

    [Theory]
    [InlineData(9, null)]
    [InlineData(
        3_000,
        "body, beside the totals, trademonthly 4621|exports|total 2025-01|TOTAL: seen 2 figures that add up to "
            + "600000000000, expected at most 10 times 300000000, the total that the table has, and at least a 10th "
            + "of it; "
    )]
    [InlineData(
        0.05,
        "body, beside the totals, trademonthly 4621|exports|total 2025-01|TOTAL: seen 2 figures that add up to "
            + "10000000, expected at most 10 times 300000000, the total that the table has, and at least a 10th of "
            + "it; "
    )]
    public async Task Commodities_are_held_against_the_stored_total_of_their_partner(double factor, string? expected)
    {
        var chapters = ((string[])["27", "84"]).Select(chapter => new TradeMonthly
        {
            PartitionKey = "4621|exports|HS2",
            RowKey = $"2025-01|{chapter}",
            ValueUsd = (long)(100_000_000 * factor),
        });
        var reader = new RowsParser(
            TradeMonthly.Table,
            Trade.Reader("exports-hs2/4621-2025").Figures,
            factor == 9 ? chapters.Skip(1) : chapters
        );
        var found = await reader.ReviewAsync(stored: new StoredRows(Months("2025-01", 300, 300)));
        Assert.Equal(expected is null ? null : expected + Compare, found.Refusal?.ToString());
        Assert.Empty(found.Flagged);
    }

    [Theory]
    [InlineData(1, "1 figure that adds up to 9000000000")]
    [InlineData(2, "2 figures that add up to 18000000000")]
    public void Parts_without_a_stored_total_are_counted_in_words(int parts, string words)
    {
        var whole = new WholeLimit(TradeMonthly.Table, _ => ("p", "r"), 1, 10, 1, MustExist: true);
        var totals = new StoredTotals(whole);
        for (var i = 0; i < parts; i++)
        {
            totals.Add(new TradeMonthly { PartitionKey = "p", RowKey = $"{i}" }, 9_000_000_000);
        }
        Assert.Equal(
            $"body, totals that are not stored, trademonthly p r: seen {words}, expected their total, so that a slip "
                + "of a unit shows; the rows are loaded; they are compared as soon as the total is loaded: see why it "
                + "is not there, or replay the slice with accept if the figures are right",
            Assert.Single(totals.Lacking()).ToString()
        );
    }

    [Fact]
    public async Task A_commodity_worth_more_than_all_trade_of_a_month_is_flagged()
    {
        var reader = new RowsParser(
            TradeMonthly.Table,
            Trade.Reader("exports-hs2/4621-2025").Figures,
            [
                new TradeMonthly
                {
                    PartitionKey = "4621|exports|HS2",
                    RowKey = "2025-01|27",
                    ValueUsd = 9_000_000_000_000_000,
                },
            ]
        );
        var flag = Assert.Single((await reader.ReviewAsync()).Flagged).Value;
        Assert.Equal("0 to 5000000000000, which holds the whole history", flag.Expected);
    }
}
