using Pipeline.Insight.Claims;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>Stated figures in words, held against indicators of a storage in memory.</summary>
public sealed class FigureChecksTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Fetched = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private readonly TestPipeline pipeline = new(new MemoryStorage(TimeProvider.System));

    public async ValueTask InitializeAsync()
    {
        await PutAsync(
            "us-ru-imports-annual",
            "2018",
            20_878_230_000,
            "US dollars",
            "US imports from Russia, calendar year"
        );
        await PutAsync(
            "us-ru-trade-balance-ytd",
            "2019-10",
            -13_222_149_000,
            "US dollars",
            "US trade balance with Russia"
        );
        await PutAsync("us-imports-share-annual", "2018|ru", 0.82, "percent", "Share of Russia in US imports");
        await PutAsync("us-imports-share-annual", "2018|de", 4.95, "percent", "Share of Germany in US imports");
        await PutAsync(
            "us-imports-rank-annual",
            "2018|ru",
            17,
            "place",
            "Place of Russia among the partners in US imports"
        );
        await PutAsync("ofz-nonresident-share", "2019-10-01", 29.3, "percent", "Share of OFZ held by non-residents");
    }

    public ValueTask DisposeAsync() => pipeline.DisposeAsync();

    private async Task PutAsync(string id, string key, double value, string unit, string title) =>
        await (await pipeline.TableAsync(Names.Indicators)).AddEntityAsync(
            new IndicatorRow
            {
                PartitionKey = id,
                RowKey = key,
                Period = key.Split('|')[0],
                Value = value,
                Unit = unit,
                Title = title,
                Inputs = $"trademonthly 4621|imports|total {key}|TOTAL",
                Vintage = Fetched,
            }
        );

    private async Task<(FigureCheck? Answer, string? Refusal)> AskAsync(string question)
    {
        var parameters = question
            .Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => part.Split('=', 2))
            .Select(part => new KeyValuePair<string, string>(part[0], part[1]))
            .ToList();
        var (answer, refusal) = await pipeline.Get<FigureChecks>().AskAsync(parameters, CancellationToken.None);
        return (answer, refusal?.ToString());
    }

    [Theory]
    [InlineData("20.9 billion dollars", "confirmed")]
    [InlineData("$20.9bn", "confirmed")]
    [InlineData("US$ 20.9 bn", "confirmed")]
    [InlineData("about 21 billion", "confirmed")]
    [InlineData("20,878,230,000 US dollars", "confirmed")]
    [InlineData("20878.23 million USD", "confirmed")]
    [InlineData("20.9 million dollars", "unit-error")]
    [InlineData("20.8 billion dollars", "refuted")]
    [InlineData("-20.9 billion dollars", "refuted")]
    [InlineData("a deficit of 20.9 billion dollars", "refuted")]
    [InlineData("20.9 Bn.", "confirmed")]
    [InlineData("20.9 billion dollars.", "confirmed")]
    [InlineData("$20.9 bn. dollars", "confirmed")]
    [InlineData("20,900 million dollars", "confirmed")]
    [InlineData("21,000 million", "confirmed")]
    [InlineData("20,000 million", "refuted")]
    [InlineData("20,900 thousand dollars", "unit-error")]
    public async Task A_figure_in_words_is_held_against_the_one_on_file(string stated, string verdict)
    {
        var (answer, refusal) = await AskAsync($"indicator=us-ru-imports-annual&period=2018&stated={stated}");
        Assert.Null(refusal);
        Assert.Equal(verdict, answer!.Verdict);
        Assert.Equal(["indicators us-ru-imports-annual 2018"], answer.Evidence);
        Assert.Equal(["trademonthly 4621|imports|total 2018|TOTAL"], answer.Inputs);
        Assert.Equal(Fetched, answer.Vintage);
    }

    [Theory]
    [InlineData("us-ru-trade-balance-ytd", "a deficit of 13.2 million dollars", "unit-error")]
    [InlineData("us-ru-trade-balance-ytd", "13.2 billion dollars deficit", "confirmed")]
    [InlineData("us-ru-trade-balance-ytd", "minus 13.2 billion", "confirmed")]
    [InlineData("us-ru-trade-balance-ytd", "13.2 billion dollars", "refuted")]
    [InlineData("us-ru-trade-balance-ytd", "a surplus of 13.2 billion dollars", "refuted")]
    [InlineData("-us-ru-trade-balance-ytd", "13.2 million", "unit-error")]
    public async Task A_deficit_is_a_negative_balance(string indicator, string stated, string verdict)
    {
        var (answer, _) = await AskAsync($"indicator={indicator}&period=2019-10&stated={stated}");
        Assert.Equal(verdict, answer!.Verdict);
    }

    [Fact]
    public async Task The_sentence_names_the_figure_its_period_and_what_is_wrong()
    {
        var (answer, _) = await AskAsync("indicator=us-ru-imports-annual&period=latest&stated=20.9 million dollars");
        Assert.Equal(
            "US imports from Russia, calendar year (2018) came to 20.9 billion US dollars, so that the stated 20.9 "
                + "million US dollars has the right digits and the wrong unit: billion US dollars is right.",
            answer!.Explanation
        );
        Assert.Equal(new CheckedFigure(20.9, "million US dollars"), answer.Stated);
        Assert.Equal("billion US dollars", answer.Computed!.Unit);
        Assert.Equal(20.87823, answer.Computed.Value, 5);
        Assert.Equal("2018", answer.Period);
    }

    [Theory]
    [InlineData(
        "20.9 billion dollars",
        "came to 20,878,230,000 US dollars, which rounds to the stated 20.9 billion US dollars."
    )]
    [InlineData("20,878,230,000", "came to 20,878,230,000 US dollars, which is the stated figure.")]
    [InlineData(
        "20,878.2 million",
        "came to 20,878,230,000 US dollars, which rounds to the stated 20,878.2 million US dollars."
    )]
    [InlineData(
        "20,900 million",
        "came to 20,878,230,000 US dollars, which rounds to the stated 20,900 million US dollars, if its zeros stand "
            + "for a rounding to the nearest 100 million US dollars."
    )]
    [InlineData(
        "20,800 million",
        "came to 20,878,230,000 US dollars, not 20,800 million US dollars, also to the nearest 100 million US dollars."
    )]
    [InlineData("20,878,230,001", "came to 20,878,230,000 US dollars, not 20,878,230,001 US dollars.")]
    [InlineData("20.8 billion", "came to 20.9 billion US dollars, not 20.8 billion US dollars.")]
    [InlineData(
        "20,900 thousand",
        "came to 20,878,230,000 US dollars, so that the stated 20,900 thousand US dollars has the right digits and "
            + "the wrong unit: million US dollars is right, if its zeros stand for a rounding to the nearest 100 "
            + "million US dollars."
    )]
    public async Task The_sentence_is_true_in_every_unit_and_says_the_rounding(string stated, string end)
    {
        var (answer, _) = await AskAsync($"indicator=us-ru-imports-annual&period=2018&stated={stated}");
        Assert.Equal($"US imports from Russia, calendar year (2018) {end}", answer!.Explanation);
    }

    [Theory]
    [InlineData("above", "20,878,229,999", "20,878,230,000 US dollars, more than 20,878,229,999 US dollars.")]
    [InlineData("below", "20.88 billion", "20,878,230,000 US dollars, less than 20.88 billion US dollars.")]
    [InlineData("below", "20.9 billion", "20,878,230,000 US dollars, less than 20.9 billion US dollars.")]
    public async Task A_comparison_shows_on_which_side_the_figure_is(string comparison, string stated, string end)
    {
        var (answer, _) = await AskAsync(
            $"indicator=us-ru-imports-annual&period=2018&comparison={comparison}&stated={stated}"
        );
        Assert.Equal($"US imports from Russia, calendar year (2018) came to {end}", answer!.Explanation);
    }

    [Theory]
    [InlineData(
        "us-imports-share-annual",
        "ru",
        "0.8 %",
        "came to 0.82 percent, which rounds to the stated 0.8 percent."
    )]
    [InlineData("us-imports-share-annual", "de", "4 %", "came to 5.0 percent, not 4 percent.")]
    [InlineData("us-imports-rank-annual", "ru", "place 17", "was no. 17 of 1, which is the stated figure.")]
    public async Task The_sentence_of_a_share_or_a_place_is_true(
        string indicator,
        string member,
        string stated,
        string end
    )
    {
        var (answer, _) = await AskAsync($"indicator={indicator}&period=2018&member={member}&stated={stated}");
        Assert.EndsWith($"(2018) {end}", answer!.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("place 17")]
    [InlineData("17th")]
    [InlineData("the 17th place")]
    [InlineData("No. 17")]
    [InlineData("rank 17.")]
    [InlineData("#17")]
    [InlineData("17 places")]
    public async Task A_place_is_said_in_many_ways(string stated)
    {
        var (answer, refusal) = await AskAsync(
            $"indicator=us-imports-rank-annual&period=2018&member=ru&stated={stated}"
        );
        Assert.Equal(("confirmed", null), (answer?.Verdict, refusal));
    }

    [Theory]
    [InlineData(
        "us-ru-trade-balance-ytd",
        "13.2 billion",
        "-13.2 billion US dollars, not 13.2 billion US dollars: the digits are right and the sign is wrong."
    )]
    [InlineData(
        "-us-ru-trade-balance-ytd",
        "minus 13.2 billion",
        "13.2 billion US dollars, not -13.2 billion US dollars: the digits are right and the sign is wrong."
    )]
    [InlineData(
        "us-ru-trade-balance-ytd",
        "a surplus of 13.2 million",
        "-13,222,149,000 US dollars, not 13.2 million US dollars: the digits are right, the sign and the unit are "
            + "wrong, billion US dollars is right."
    )]
    [InlineData("us-ru-trade-balance-ytd", "13.1 billion", "-13.2 billion US dollars, not 13.1 billion US dollars.")]
    public async Task A_wrong_sign_is_named(string indicator, string stated, string end)
    {
        var (answer, _) = await AskAsync($"indicator={indicator}&period=2019-10&stated={stated}");
        Assert.Equal("refuted", answer!.Verdict);
        Assert.EndsWith($"(2019-10) came to {end}", answer.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("us-imports-share-annual", "2018", "ru", "0.8 %", "confirmed")]
    [InlineData("us-imports-share-annual", "2018", "de", "5 percent", "confirmed")]
    [InlineData("us-imports-share-annual", "latest", "de", "4 per cent", "refuted")]
    [InlineData("us-imports-rank-annual", "2018", "ru", "17", "confirmed")]
    [InlineData("ofz-nonresident-share", "2019-10-01", "", "29.3", "confirmed")]
    public async Task Shares_and_places_have_no_thousands(
        string indicator,
        string period,
        string member,
        string stated,
        string verdict
    )
    {
        var (answer, refusal) = await AskAsync(
            $"indicator={indicator}&period={period}&member={member}&stated={stated}"
        );
        Assert.Equal((verdict, null), (answer?.Verdict, refusal));
    }

    [Theory]
    [InlineData("above", "20 billion", "confirmed")]
    [InlineData("above", "21 billion", "refuted")]
    [InlineData("below", "21 billion", "confirmed")]
    [InlineData("equals", "21 billion", "confirmed")]
    public async Task More_or_less_than_a_figure_is_a_comparison(string comparison, string stated, string verdict)
    {
        var (answer, _) = await AskAsync(
            $"indicator=us-ru-imports-annual&period=2018&comparison={comparison}&stated={stated}"
        );
        Assert.Equal(verdict, answer!.Verdict);
    }

    [Fact]
    public async Task A_figure_that_is_not_on_file_is_not_checkable_and_what_is_on_file_is_said()
    {
        var (answer, _) = await AskAsync("indicator=us-ru-imports-annual&period=1985&stated=1 billion");
        Assert.Equal("not-checkable", answer!.Verdict);
        Assert.Equal(
            "The indicator us-ru-imports-annual (1985): us-ru-imports-annual[1985] is not on file.",
            answer.Explanation
        );
        Assert.Equal(new PeriodsOnFile("2018", "2018"), answer.OnFile);
        Assert.Null(answer.Computed);
        var (none, _) = await AskAsync("indicator=us-de-imports-annual&period=2018&stated=1 billion");
        Assert.Equal(("not-checkable", null), (none!.Verdict, none.OnFile));
    }

    public static TheoryData<string, string> Malformed { get; } =
        new()
        {
            {
                "",
                "parameter indicator: seen nothing, expected an indicator, for example us-ru-imports-annual; the "
                    + "table indicators has all: GET /api/data/indicators"
            },
            {
                "indicator=us-ru-imports-annual[2018] - us-ru-exports-annual&period=2018&stated=1",
                "parameter indicator: seen \"us-ru-imports-annual[2018] - us-ru-exports-annual\", expected the id of one "
                    + "indicator, not an expression; the table indicators has all: GET /api/data/indicators"
            },
            {
                "indicator=us-ru-imports-annual&stated=1",
                "parameter period: seen nothing, expected a period, for example 2018; the table indicators has "
                    + "all: GET /api/data/indicators"
            },
            {
                "indicator=us-ru-imports-annual&period=2018",
                "parameter stated: seen nothing, expected a number with a unit, for example 13.2 million "
                    + "dollars; say one figure in a few words"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=   ",
                "parameter stated: seen nothing, expected a number with a unit, for example 13.2 million "
                    + "dollars; say one figure in a few words"
            },
            {
                "indicator=us-ru-imports&period=2018&stated=1",
                "parameter indicator: seen \"us-ru-imports\", expected an indicator: "
                    + "us-{partner}-{exports|imports|trade-balance|trade-total}-annual, "
                    + "us-{partner}-{exports|imports|trade-balance|trade-total}-{monthly|ytd|12m}, "
                    + "us-{exports|imports|trade-total}-rank-annual, us-{exports|imports|trade-total}-share-annual, "
                    + "fdi-{economy}-{inward|outward}-{flow|stock}, "
                    + "fdi-source-rank-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}, "
                    + "fdi-top-sources-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}, "
                    + "holders-{class}-{basis}, holder-rank-{class}-{basis}, ofz-nonresident-share; the table "
                    + "indicators has all: GET /api/data/indicators"
            },
            {
                "indicator=us-ru-imports-annual&period=2018-10&stated=1",
                "parameter period: seen \"2018-10\", expected a year, yyyy, or latest; name one period"
            },
            {
                "indicator=us-ru-imports-annual&period=each&stated=1",
                "parameter period: seen \"each\", expected a year, yyyy, or latest; name one period"
            },
            {
                "indicator=us-ru-imports-annual&period=2010..2018&stated=1",
                "parameter period: seen \"2010..2018\", expected a year, yyyy, or latest; name one period"
            },
            {
                "indicator=us-imports-share-annual&period=2018&stated=1 %",
                "parameter member: seen nothing, expected whom the figure is about, in lower-case letters and "
                    + "digits, for example ru or deu; name one"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&member=ru&stated=1",
                "parameter member: seen \"ru\", expected no member: the indicator has one figure a period; leave "
                    + "it out"
            },
            {
                "indicator=us-imports-share-annual&period=2018&member=R U&stated=1",
                "parameter member: seen \"R U\", expected whom the figure is about, in lower-case letters and "
                    + "digits, for example ru or deu; name one"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=many dollars",
                "parameter stated: seen \"many dollars\", expected a number with a unit, for example 13.2 million "
                    + "dollars; say one figure; whether more or less is meant is the parameter comparison"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=13,2 million dollars",
                "parameter stated: seen \"13,2\", expected a point before the decimals, and commas between groups "
                    + "of three digits only; write 13.2 or 13,200"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=1.2.3 million",
                "parameter stated: seen \"1.2.3\", expected a point before the decimals, and commas between groups "
                    + "of three digits only; write 13.2 or 13,200"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=13 to 14 billion",
                "parameter stated: seen \"13 to 14 billion\", expected a number with a unit, for example 13.2 "
                    + "million dollars; say one figure; whether more or less is meant is the parameter comparison"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=13 zillion dollars",
                "parameter stated: seen \"zillion dollars\", expected thousand, million, billion or trillion, then "
                    + "dollars, percent or a currency; for example 13.2 million dollars"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=13 billion bananas",
                "parameter stated: seen \"bananas\", expected thousand, million, billion or trillion, then "
                    + "dollars, percent or a currency; for example 13.2 million dollars"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=13.2 million euros",
                "parameter stated: seen EUR, expected US dollars, the unit of the indicator; figures are not "
                    + "converted: choose an indicator in that unit, or say the figure in the unit on file"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=€13.2bn",
                "parameter stated: seen EUR, expected US dollars, the unit of the indicator; figures are not "
                    + "converted: choose an indicator in that unit, or say the figure in the unit on file"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=13.2 billion RUB",
                "parameter stated: seen RUB, expected US dollars, the unit of the indicator; figures are not "
                    + "converted: choose an indicator in that unit, or say the figure in the unit on file"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=$13 billion euros",
                "parameter stated: seen \"$13 billion euros\", expected one unit; say one figure in one unit"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=20 percent",
                "parameter stated: seen percent, expected US dollars, the unit of the indicator; figures are not "
                    + "converted: choose an indicator in that unit, or say the figure in the unit on file"
            },
            {
                "indicator=us-imports-share-annual&period=2018&member=ru&stated=3 million percent",
                "parameter stated: seen \"million percent\", expected percent without million; leave it out"
            },
            {
                "indicator=us-imports-share-annual&period=2018&member=ru&stated=3 dollars",
                "parameter stated: seen US dollars, expected percent, the unit of the indicator; figures are not "
                    + "converted: choose an indicator in that unit, or say the figure in the unit on file"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=1.1234567890 billion",
                "parameter stated: seen \"1.1234567890\", expected at most 15 digits, 9 of them behind the point; "
                    + "say it as it was printed"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=1234567890123456",
                "parameter stated: seen \"1234567890123456\", expected at most 15 digits, 9 of them behind the "
                    + "point; say it as it was printed"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=more than 13 billion",
                "parameter stated: seen \"more than\", expected a figure that can be a rounding; leave the word out, "
                    + "or ask with comparison=above whether the figure on file is above it"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=Nearly 21 billion",
                "parameter stated: seen \"nearly\", expected a figure that can be a rounding; leave the word out, "
                    + "or ask with comparison=below whether the figure on file is below it"
            },
            {
                "indicator=us-imports-share-annual&period=2018&member=ru&stated=3 bananas",
                "parameter stated: seen \"bananas\", expected percent, or no unit; for example 13.2 percent"
            },
            {
                "indicator=us-imports-rank-annual&period=2018&member=ru&stated=first",
                "parameter stated: seen \"first\", expected a number with a unit, for example 17, 17th or place 17; "
                    + "say one figure; whether more or less is meant is the parameter comparison"
            },
            {
                "indicator=--us-ru-imports-annual&period=2018&stated=1",
                "parameter indicator: seen \"--us-ru-imports-annual\", expected an indicator with at most one - "
                    + "before it; the table indicators has all: GET /api/data/indicators"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=11111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
                "parameter stated: seen 101 characters, expected a number with a unit, for example 13.2 million "
                    + "dollars; say one figure in a few words"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=1&comparison=over",
                "parameter comparison: seen \"over\", expected equals, above, below; leave it out for the figure "
                    + "as printed"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=1&when=now",
                "parameter \"when\": seen \"now\", expected indicator, period, stated, member, comparison; leave it "
                    + "out"
            },
            {
                "indicator=us-ru-imports-annual&period=2018&stated=1&stated=2",
                "parameter stated: seen 2 values, expected one value; ask one question at a time"
            },
        };

    [Theory, MemberData(nameof(Malformed))]
    public async Task A_malformed_question_is_refused_in_words(string question, string message)
    {
        var (answer, refusal) = await AskAsync(question);
        Assert.Null(answer);
        Assert.Equal(message, refusal);
    }

    [Fact]
    public async Task An_unknown_partner_is_refused_with_those_there_are()
    {
        var (_, refusal) = await AskAsync("indicator=us-xx-imports-annual&period=2018&stated=1");
        Assert.StartsWith(
            "parameter indicator: seen \"us-xx-imports-annual\", expected a partner: ad, ae, af, ",
            refusal,
            StringComparison.Ordinal
        );
    }
}
