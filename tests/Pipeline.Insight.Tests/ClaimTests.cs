using Pipeline.Datasets;
using Pipeline.Insight.Claims;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>The shipped claims against the published figures.</summary>
public sealed class ClaimTests
{
    private static List<FactRow> AllFacts =>
        [.. Facts.Russia(), .. Facts.Investment(Facts.Partners), .. Ultimate, .. Facts.Holdings(Facts.Holders)];

    /// <summary>
    /// UNCTAD's estimate for the end of 2017: the United States with 39.1 of 441.1 billion; the others are
    /// made up and smaller.
    /// </summary>
    private static List<FactRow> Ultimate =>
        Facts.Investment(
            "stock 2017: USA 39100 DEU 35000 GBR 30000",
            "foreign direct investment by ultimate investor, current prices"
        );

    [Fact]
    public void The_shipped_claims_are_well_formed()
    {
        var book = ClaimBook.Load(out var findings);
        Assert.Empty(findings);
        Assert.Equal(11, book!.Claims.Count);
        Assert.Equal("abcdefghijk", string.Concat(book.Claims.Select(claim => claim.Id[0])));
        Assert.Equal(2, book.Claims.Select(claim => claim.Article).Distinct().Count());
    }

    [Theory]
    [InlineData(
        "a-deficit-2019-10",
        "unit-error",
        13.238154061,
        "billion US dollars",
        "The US deficit in trade in goods with Russia from January to October 2019 came to 13.2 billion US dollars, "
            + "so that the stated 13.2 million US dollars has the right digits and the wrong unit: billion US "
            + "dollars is right."
    )]
    [InlineData(
        "b-deficit-2018",
        "unit-error",
        14.186882104,
        "billion US dollars",
        "The US deficit in trade in goods with Russia in 2018 came to 14.2 billion US dollars, so that the stated "
            + "14.2 million US dollars has the right digits and the wrong unit: billion US dollars is right."
    )]
    [InlineData(
        "c-imports-lowest-since-2004",
        "partly",
        double.NaN,
        "",
        "US imports from Russia in 2015 came to 16.4 billion US dollars, not the lowest since 2004, because 2005 "
            + "had only 15.3 billion US dollars; US imports from Russia in 2016 came to 14.5 billion US dollars, "
            + "the lowest since 2004."
    )]
    [InlineData(
        "d-imports-upswing-flat",
        "partly",
        double.NaN,
        "",
        "US imports from Russia in 2016, 2017 and 2018 came to 14.5 billion US dollars, 17.1 billion US dollars and "
            + "then 20.8 billion US dollars, which is a rise each time; "
            + "the change of US imports from Russia from 2017 to 2018 came to 22.2 percent, which is not within 5.0 "
            + "percent; "
            + "the change of US imports from Russia from January to October 2018 to the same months of 2019 came to "
            + "2.8 percent, which is within 5.0 percent."
    )]
    [InlineData(
        "e-trade-first-half-2019",
        "refuted",
        13.641044321,
        "billion US dollars",
        "Trade in goods between the US and Russia from January to June 2019 came to 13.6 billion US dollars, not "
            + "61.1 billion US dollars."
    )]
    [InlineData(
        "f-us-largest-source-of-fdi",
        "depends-on-basis",
        double.NaN,
        "",
        "It depends on the basis: the place of the United States among the sources of direct investment in Russia "
            + "was no. 17 of 17 in 2012 (stock by immediate investor, reported by Russia: refuted), "
            + "no. 19 of 20 in 2012 (flow by immediate investor, reported by Russia: refuted) and no. 1 of 3 in "
            + "2017 (stock by ultimate investor: confirmed)."
    )]
    [InlineData(
        "g-us-not-among-top-10-sources",
        "depends-on-basis",
        double.NaN,
        "",
        "It depends on the basis: the place of the United States among the sources of direct investment in Russia "
            + "was no. 17 of 17 in 2012 (stock by immediate investor, reported by Russia: confirmed), "
            + "no. 19 of 20 in 2012 (flow by immediate investor, reported by Russia: confirmed) and no. 1 of 3 in "
            + "2017 (stock by ultimate investor: refuted)."
    )]
    [InlineData(
        "h-netherlands-first",
        "refuted",
        double.NaN,
        "",
        "Refuted for each of the 10 bases and periods on file: in 2012 (stock by immediate investor, reported by "
            + "Russia) the sources of direct investment in Russia were led by Cyprus, Netherlands, British Virgin "
            + "Islands and Bermuda, "
            + "with Netherlands no. 2, Bahamas no. 6, Bermuda no. 4 and Luxembourg no. 5; in 2012 (flow by "
            + "immediate investor, reported by Russia) the sources of direct investment in Russia were led by "
            + "Luxembourg, Netherlands, Ireland and British Virgin Islands, "
            + "with Netherlands no. 2, Bahamas no. 6, Bermuda no. 20 and Luxembourg no. 1."
    )]
    [InlineData(
        "i-us-biggest-holder-of-shares",
        "confirmed",
        1,
        "place",
        "The lowest place of the United States in the exchange's statements of 2018 on foreign holders of the free "
            + "float was no. 1, as stated."
    )]
    [InlineData(
        "j-trade-not-affected-by-sanctions",
        "not-checkable",
        double.NaN,
        "",
        "No source on file says which trade is affected by sanctions."
    )]
    [InlineData("k-trade-several-times", "not-checkable", double.NaN, "", "It is a wish without a figure or a date.")]
    public void The_claims_come_out_as_the_figures_say(
        string id,
        string verdict,
        double value,
        string unit,
        string explanation
    )
    {
        var row = Facts.Claims(AllFacts)[id];
        Assert.Equal((verdict, unit), (row.Verdict, row.ComputedUnit));
        Assert.Equal(value, row.ComputedValue, 9);
        Assert.Equal(explanation, row.Explanation);
        Assert.Equal(verdict != "not-checkable", row.Evidence.Length > 0);
        Assert.Equal(verdict == "not-checkable" ? null : Facts.Fetched, row.Vintage);
    }

    [Fact]
    public void Evidence_names_rows_that_are_there()
    {
        var keys = Facts.Indicators(AllFacts).Select(row => $"indicators {row.PartitionKey} {row.RowKey}").ToHashSet();
        foreach (var row in Facts.Claims(AllFacts).Values)
        {
            foreach (var key in row.Evidence.Split("; ", StringSplitOptions.RemoveEmptyEntries))
            {
                var (partition, rows) = (key[..(key.LastIndexOf(' ') + 1)], key[(key.LastIndexOf(' ') + 1)..]);
                // Many rows of one partition are named by the first and the last.
                Assert.All(rows.Split(".."), one => Assert.Contains(partition + one, keys));
            }
        }
    }

    [Fact]
    public void Without_the_ultimate_investor_one_basis_answers_and_the_sentence_says_what_lacks()
    {
        var row = Facts.Claims(Facts.Investment(Facts.Partners))["f-us-largest-source-of-fdi"];
        Assert.Equal("refuted", row.Verdict);
        Assert.EndsWith(
            "; no such figure is on file for stock by ultimate investor.",
            row.Explanation,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_figure_in_another_currency_is_not_compared_with_the_stated_one()
    {
        const string json = """
            {"articles":[{"id":"x","title":"X","date":"2024-08-01"}],"claims":[
            {"id":"c","article":"x","statement":"S","stated":{"value":185.8,"unit":"billion US dollars","decimals":1},"comparison":"equals","subject":"assets","expression":"holders-broker-client-assets-client-assets[2024-06-30|kz]"}]}
            """;
        var row = new ClaimChecker(
            new IndicatorRows([
                new IndicatorRow
                {
                    PartitionKey = "holders-broker-client-assets-client-assets",
                    RowKey = "2024-06-30|kz|aaaaaaaa",
                    Period = "2024-06-30",
                    Value = 185.8e9,
                    Unit = "RUB",
                    Vintage = Facts.Fetched,
                },
            ])
        ).Check(ClaimBook.Parse([("f", json)], out _)!.Claims[0]);
        Assert.Equal(
            ("not-checkable", "Assets: the figures on file are in RUB, the stated one in US dollars."),
            (row.Verdict, row.Explanation)
        );
        // What was looked at can be looked up all the same.
        Assert.Equal("indicators holders-broker-client-assets-client-assets 2024-06-30|kz|aaaaaaaa", row.Evidence);
    }

    [Fact]
    public void Without_facts_nothing_can_be_checked_and_each_claim_says_what_is_not_on_file()
    {
        var rows = Facts.Claims([]);
        Assert.All(rows.Values, row => Assert.Equal("not-checkable", row.Verdict));
        Assert.Equal(
            "The US deficit in trade in goods with Russia in 2018: us-ru-trade-balance-annual[2018] is not on file.",
            rows["b-deficit-2018"].Explanation
        );
        Assert.Equal(
            "The sources of direct investment in Russia: no such figure is on file for stock by immediate investor, "
                + "reported by Russia and flow by immediate investor, reported by Russia.",
            rows["h-netherlands-first"].Explanation
        );
    }

    [Fact]
    public void A_correct_figure_is_confirmed_and_parts_that_all_fail_are_refuted()
    {
        const string json = """
            {"articles":[{"id":"x","title":"X","date":"2020-01-01"}],"claims":[
            {"id":"right","article":"x","statement":"S","stated":{"value":14.19,"unit":"billion US dollars","decimals":2},"comparison":"equals","subject":"it","expression":"-us-ru-trade-balance-annual[2018]"},
            {"id":"above","article":"x","statement":"S","stated":{"value":14,"unit":"billion US dollars","decimals":0},"comparison":"above","subject":"it","expression":"-us-ru-trade-balance-annual[2018]"},
            {"id":"below","article":"x","statement":"S","stated":{"value":14,"unit":"billion US dollars","decimals":0},"comparison":"below","subject":"it","expression":"-us-ru-trade-balance-annual[2018]"},
            {"id":"both","article":"x","statement":"S","parts":[
              {"comparison":"rank","place":"2..","subject":"it","expression":"rank(us-ru-imports-annual[2004..2018], 2011)"},
              {"comparison":"ordering","subject":"they","expression":"us-ru-imports-annual[2017] > us-ru-imports-annual[2018]"}]}]}
            """;
        var checker = new ClaimChecker(new IndicatorRows(Facts.Indicators(Facts.Russia())));
        var rows = ClaimBook.Parse([("f", json)], out _)!.Claims.Select(checker.Check).ToList();
        Assert.Equal(["confirmed", "confirmed", "refuted", "refuted"], rows.Select(row => row.Verdict));
        Assert.Equal(
            "It came to 14,186,882,104 US dollars, which rounds to the stated 14.19 billion US dollars.",
            rows[0].Explanation
        );
        Assert.Equal("It came to 14.2 billion US dollars, more than 14 billion US dollars.", rows[1].Explanation);
        Assert.Equal("It came to 14.2 billion US dollars, not less than 14 billion US dollars.", rows[2].Explanation);
        Assert.Equal(
            "It was no. 1 of 15, not no. 2 or later; they came to 17.1 billion US dollars and then 20.8 billion US "
                + "dollars, which is not a fall each time.",
            rows[3].Explanation
        );
    }
}
