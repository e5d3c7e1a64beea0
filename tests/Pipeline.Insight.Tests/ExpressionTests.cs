using Pipeline.Insight.Claims;
using Pipeline.Insight.Indicators;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

public sealed class ExpressionTests
{
    private const string Known =
        "an indicator: us-{partner}-{exports|imports|trade-balance|trade-total}-annual, "
        + "us-{partner}-{exports|imports|trade-balance|trade-total}-{monthly|ytd|12m}, "
        + "us-{exports|imports|trade-total}-rank-annual, us-{exports|imports|trade-total}-share-annual, "
        + "fdi-{economy}-{inward|outward}-{flow|stock}, "
        + "fdi-source-rank-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}, "
        + "fdi-top-sources-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}, "
        + "holders-{class}-{basis}, holder-rank-{class}-{basis}, ofz-nonresident-share";

    private const string Reduce = "one figure, or a function of them: min, max, sum, average, count";

    private static readonly IndicatorRows Rows = new([
        .. Annual("imports", (2014, 10), (2015, 8), (2016, 6), (2018, 12)),
        .. Annual("exports", (2014, 5), (2015, 4)),
        Row("fdi-source-rank-rus-stock-host-immediate-investor", "2011", "2011|usa", 18, "place"),
        Row("fdi-source-rank-rus-stock-host-immediate-investor", "2012", "2012|usa", 17, "place"),
        Row("fdi-source-rank-rus-stock-host-immediate-investor", "2012", "2012|cyp", 1, "place"),
        Row("holders-equity-foreign-held-free-float", "2013-12-31", "2013-12-31|us|aaaaaaaa", 38, "percent"),
        Row("holders-equity-foreign-held-free-float", "2013-12-31", "2013-12-31|us|bbbbbbbb", 40, "percent"),
        Row("holders-equity-foreign-held-free-float", "2018-07-05", "2018-07-05|us|aaaaaaaa", 56, "percent"),
        Row("holders-broker-client-assets-client-assets", "2024-06-30", "2024-06-30|kz|cccccccc", 185.8e9, "RUB"),
        Row("holders-broker-client-assets-client-assets", "2024-06-30", "2024-06-30|by|cccccccc", 10, "percent"),
        Row("fdi-top-sources-rus-stock-host-immediate-investor", "2012", "2012|01|cyp", 150, "US dollars"),
    ]);

    private static IEnumerable<IndicatorRow> Annual(string flow, params (int Year, double Value)[] values) =>
        values.Select(one => Row($"us-ru-{flow}-annual", $"{one.Year}", $"{one.Year}", one.Value, "US dollars"));

    private static IndicatorRow Row(string id, string period, string key, double value, string unit) =>
        new()
        {
            PartitionKey = id,
            RowKey = key,
            Period = period,
            Value = value,
            Unit = unit,
            Vintage = Facts.Fetched,
        };

    [Theory]
    [InlineData("us-ru-imports-annual[2014]", 10, "US dollars")]
    [InlineData("us-ru-exports-annual[2014] - us-ru-imports-annual[2014]", -5, "US dollars")]
    [InlineData("-(us-ru-exports-annual[2014] + 1) * 2", -12, "US dollars")]
    [InlineData("2 + 3 * 4 - 6 / 3", 12, "")]
    [InlineData("us-ru-imports-annual[2014] / us-ru-exports-annual[2014]", 2, "")]
    [InlineData("min(us-ru-imports-annual[2014..2016])", 6, "US dollars")]
    [InlineData("max(us-ru-imports-annual[2014..2016], us-ru-imports-annual[2018])", 12, "US dollars")]
    [InlineData("sum(us-ru-imports-annual[2014..2016])", 24, "US dollars")]
    [InlineData("average(us-ru-imports-annual[2014..2016])", 8, "US dollars")]
    [InlineData("count(us-ru-imports-annual[2014..2016])", 3, "")]
    [InlineData("abs(-3)", 3, "")]
    [InlineData("growth(us-ru-imports-annual[2014], us-ru-imports-annual[2015])", -20, "percent")]
    [InlineData("share(us-ru-exports-annual[2014], us-ru-imports-annual[2014])", 50, "percent")]
    [InlineData("rank(us-ru-imports-annual[2014..2016], 2016)", 3, "place")]
    [InlineData("rank(fdi-source-rank-rus-stock-host-immediate-investor[2012], usa)", 1, "place")]
    [InlineData("us-ru-imports-annual[latest]", 12, "US dollars")]
    [InlineData("fdi-source-rank-rus-stock-host-immediate-investor[latest|usa]", 17, "place")]
    [InlineData("fdi-source-rank-rus-stock-host-immediate-investor[each|usa]", 18, "place")]
    [InlineData("fdi-top-sources-rus-stock-host-immediate-investor[2012|cyp]", 150, "US dollars")]
    [InlineData("max(holders-equity-foreign-held-free-float[2013|us])", 40, null)]
    [InlineData("max(holders-equity-foreign-held-free-float[2013..2018|us])", 56, null)]
    [InlineData("holders-equity-foreign-held-free-float[latest|us]", 56, null)]
    public void Expressions_are_computed(string text, double value, string? unit)
    {
        var expression = Expression.Parse(text, out var error);
        Assert.True(expression is not null, $"{error}");
        var evaluation = new Evaluation(Rows, null, "2011");
        Assert.Equal(value, evaluation.Value(expression.Root), 12);
        Assert.Null(evaluation.Missing);
        Assert.Equal(unit, expression.Root.Unit);
    }

    [Theory]
    [InlineData("us-ru-imports-annual[2017]", "us-ru-imports-annual[2017] is not on file")]
    // 2017 is a gap.
    [InlineData("min(us-ru-imports-annual[2014..2018])", "us-ru-imports-annual[2014..2018] is not on file")]
    [InlineData("us-ru-imports-annual[2014] + us-cn-imports-annual[2014]", "us-cn-imports-annual[2014] is not on file")]
    [InlineData(
        "fdi-source-rank-rus-stock-host-immediate-investor[2012|nld]",
        "fdi-source-rank-rus-stock-host-immediate-investor[2012|nld] is not on file"
    )]
    [InlineData(
        "holders-equity-foreign-held-free-float[2013-12-31|us]",
        "holders-equity-foreign-held-free-float[2013-12-31|us] has statements that contradict each other: 38.00 percent "
            + "and 40.00 percent"
    )]
    [InlineData("rank(us-ru-imports-annual[2014..2016], 2018)", "2018 is not among us-ru-imports-annual[2014..2016]")]
    [InlineData(
        "us-ru-imports-annual[2014] / (us-ru-exports-annual[2014] - 5)",
        "position 28 of the expression divides by zero"
    )]
    [InlineData(
        "growth(us-ru-imports-annual[2014] - 10, us-ru-imports-annual[2015])",
        "position 1 of the expression divides by zero"
    )]
    [InlineData(
        "share(us-ru-imports-annual[2014], 0 * us-ru-imports-annual[2014])",
        "position 1 of the expression divides by zero"
    )]
    [InlineData(
        "us-ru-imports-annual[2014] + holders-broker-client-assets-client-assets[2024-06-30|kz]",
        "position 28 of the expression mixes US dollars and RUB"
    )]
    [InlineData(
        "us-ru-imports-annual[2014] / holders-broker-client-assets-client-assets[2024-06-30|kz]",
        "position 28 of the expression mixes US dollars and RUB"
    )]
    [InlineData(
        "max(holders-broker-client-assets-client-assets[2024-06-30])",
        "position 1 of the expression mixes percent and RUB"
    )]
    public void What_is_not_on_file_gives_no_figure(string text, string missing)
    {
        var evaluation = new Evaluation(Rows, null, "");
        Assert.False(double.IsFinite(evaluation.Value(Expression.Parse(text, out _)!.Root)));
        Assert.Equal(missing, evaluation.Missing);
    }

    [Fact]
    public void A_date_hides_what_ended_later()
    {
        var latest = Expression.Parse("us-ru-imports-annual[latest]", out _)!;
        Assert.Equal(6, new Evaluation(Rows, new DateOnly(2018, 12, 30), "").Value(latest.Root));
        Assert.Equal(12, new Evaluation(Rows, new DateOnly(2018, 12, 31), "").Value(latest.Root));
        var none = new Evaluation(Rows, new DateOnly(2013, 1, 1), "");
        Assert.Equal(double.NaN, none.Value(latest.Root));
        Assert.Equal("us-ru-imports-annual[latest] until 2013-01-01 is not on file", none.Missing);
    }

    [Fact]
    public void The_rows_that_were_read_are_the_evidence()
    {
        var evaluation = new Evaluation(Rows, null, "");
        evaluation.Value(
            Expression
                .Parse(
                    "growth(us-ru-imports-annual[2014], us-ru-imports-annual[2015]) + 0 * "
                        + "growth(us-ru-imports-annual[2014], us-ru-imports-annual[2015])",
                    out _
                )!
                .Root
        );
        Assert.Equal(
            ["indicators us-ru-imports-annual 2014", "indicators us-ru-imports-annual 2015"],
            evaluation.Evidence
        );
        Assert.Equal(Facts.Fetched, evaluation.Vintage);
    }

    [Theory]
    [InlineData("", 1, "the end", "a number, an indicator, a function, - or (")]
    [InlineData("1 +", 4, "the end", "a number, an indicator, a function, - or (")]
    [InlineData("1 2", 3, "\"2\"", "+, -, *, /, <, > or the end")]
    [InlineData("(1", 3, "the end", ")")]
    [InlineData("1.2.3", 1, "\"1.2.3\"", "a number such as 12.5")]
    [InlineData("2 % 3", 3, "\"%\"", "+, -, *, /, <, > or the end")]
    [InlineData("us-ru-import-annual[2018]", 1, "\"us-ru-import-annual\"", Known)]
    [InlineData("1 + US[2018]", 5, "\"U\"", "a number, an indicator, a function, - or (")]
    [InlineData("us-ru-imports-annual", 21, "the end", "[2018] after us-ru-imports-annual")]
    [InlineData("us-ru-imports-annual[2018", 21, "\"[2018\"", "[2018] after us-ru-imports-annual")]
    [InlineData(
        "us-ru-imports-annual[2018-10]",
        21,
        "\"[2018-10]\"",
        "a period yyyy, two with .. between them, latest or each, for example [2018]"
    )]
    [InlineData(
        "us-ru-imports-ytd[2018]",
        18,
        "\"[2018]\"",
        "a period yyyy-MM, two with .. between them, latest or each, for example [2019-10]"
    )]
    [InlineData(
        "us-ru-imports-ytd[2018-13]",
        18,
        "\"[2018-13]\"",
        "a period yyyy-MM, two with .. between them, latest or each, for example [2019-10]"
    )]
    [InlineData(
        "us-ru-imports-annual[2018|us]",
        21,
        "\"[2018|us]\"",
        "no member: us-ru-imports-annual has one figure a period"
    )]
    [InlineData(
        "us-imports-rank-annual[2018|RU]",
        23,
        "\"[2018|RU]\"",
        "one member after |, lower-case letters and digits, for example usa"
    )]
    [InlineData("min(us-ru-imports-annual[2018..2016])", 25, "\"[2018..2016]\"", "the earlier period first")]
    [InlineData("us-ru-imports-annual[2016..2018] + 1", 1, "several figures", Reduce)]
    [InlineData("1 + us-imports-rank-annual[2018]", 5, "several figures", Reduce)]
    [InlineData(
        "median(us-ru-imports-annual[2016..2018])",
        1,
        "\"median\"",
        "a function: min, max, sum, average, count, abs, growth, share, rank"
    )]
    [InlineData("growth(1)", 1, "\"growth\"", "growth(before, after)")]
    [InlineData("share(1)", 1, "\"share\"", "share(part, whole)")]
    [InlineData("1 / 0", 5, "0", "a divisor other than 0")]
    [InlineData("abs(1, 2)", 1, "\"abs\"", "abs(figure)")]
    [InlineData(
        "rank(us-ru-imports-annual[2016])",
        1,
        "\"rank\"",
        "rank(figures, period or member), for example rank(us-ru-imports-annual[2004..2016], 2016)"
    )]
    [InlineData(
        "rank(us-ru-imports-annual[2014..2016], 16)",
        40,
        "\"16\"",
        "the period or the member whose place is asked for"
    )]
    [InlineData("us-ru-imports-annual[2018] + ofz-nonresident-share[2020-03-01]", 30, "percent", "US dollars")]
    [InlineData(
        "us-ru-imports-annual[2018] * us-ru-imports-annual[2018]",
        30,
        "US dollars times US dollars",
        "a bare number on one side of *"
    )]
    [InlineData("1 < 2 > 3", 7, "\">\"", "< as before: an order has one direction")]
    [InlineData("us-ru-imports-annual[2018] < ofz-nonresident-share[2020-03-01]", 30, "percent", "US dollars")]
    public void A_wrong_expression_is_reported_with_its_position(
        string text,
        int position,
        string seen,
        string expected
    )
    {
        Assert.Null(Expression.Parse(text, out var error));
        Assert.Equal(new ExpressionError(position, seen, expected), error);
    }

    [Theory]
    [InlineData(
        "us-zz-imports-annual[2018]",
        4,
        "zz",
        "a partner: ad, ae, af, ag, ai, al, am, ao, ar, at, au, aw, az, ba, bb, bd, be, "
    )]
    [InlineData("1 + us-c9999-imports-annual[2018]", 5, "us-c9999-imports-annual", "an indicator: ")]
    [InlineData("us-c8999-imports-annual[2018]", 4, "c8999", "a partner: ad, ae, ")]
    [InlineData("fdi-xyz-inward-stock[2018]", 5, "xyz", "four digits of a group, or an economy: ")]
    [InlineData("fdi-999-inward-stock[2018]", 5, "999", "four digits of a group, or an economy: ")]
    [InlineData(
        "fdi-source-rank-xyz-stock-host-immediate-investor[2012|usa]",
        17,
        "xyz",
        "four digits of a group, or an economy: "
    )]
    [InlineData(
        "holders-equity-made-up[2018|us]",
        16,
        "made-up",
        "a basis: client-assets, foreign-held-free-float, free-float, "
    )]
    public void A_name_that_is_on_no_list_is_reported_with_the_list(
        string text,
        int position,
        string seen,
        string expected
    )
    {
        Assert.Null(Expression.Parse(text, out var error));
        Assert.Equal((position, $"\"{seen}\""), (error!.Position, error.Seen));
        Assert.StartsWith(expected, error.Expected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("us-ru-imports-annual[2018]")]
    [InlineData("us-c8220-exports-12m[2018-01]")]
    [InlineData("fdi-0000-inward-flow[2018]")]
    [InlineData("fdi-2711-inward-flow[2018]")]
    [InlineData("fdi-rus-inward-flow[2018]")]
    [InlineData("ofz-nonresident-share[2020-03-01]")]
    public void Names_that_are_on_the_lists_are_known(string text) => Assert.NotNull(Expression.Parse(text, out _));

    [Fact]
    public void Parentheses_have_an_end_before_the_stack_has_one()
    {
        Assert.NotNull(Expression.Parse($"{new string('(', 40)}1{new string(')', 40)}", out _));
        Assert.Null(Expression.Parse(new string('(', 100_000), out var error));
        Assert.Equal(new ExpressionError(51, "\"(\"", "at most 50 levels of parentheses, functions and signs"), error);
        Assert.Null(Expression.Parse(new string('-', 100_000), out error));
        Assert.Equal(51, error!.Position);
    }

    [Fact]
    public void Every_pattern_of_the_catalogue_is_a_kind_of_its_own()
    {
        string[] ids =
        [
            "us-ru-trade-balance-annual",
            "us-c8220-exports-12m",
            "us-trade-total-rank-annual",
            "us-imports-share-annual",
            "fdi-0000-inward-flow",
            "fdi-source-rank-rus-flow-partner-ultimate-investor",
            "fdi-top-sources-rus-stock-host-immediate-investor",
            "holders-fx-spot-turnover",
            "holder-rank-sovereign-eurobond-market-outstanding",
            "ofz-nonresident-share",
        ];
        Assert.Equal(
            IndicatorCatalog.Shapes,
            ids.Select(id => Assert.Single(IndicatorCatalog.Shapes, shape => shape.Matches.IsMatch(id)))
        );
    }
}
