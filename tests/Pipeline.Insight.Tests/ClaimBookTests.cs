using Pipeline.Insight.Claims;
using Pipeline.Issues;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>An operator adds a claim by adding JSON: what is wrong is said with claim, property and position.</summary>
public sealed class ClaimBookTests
{
    private const string Fix = "; correct the file of claims";
    private const string Article = """ "articles":[{"id":"x","title":"X","date":"2019-12-31"}] """;
    private const string Good =
        """ "id":"c","article":"x","statement":"S","comparison":"equals","subject":"it","expression":"us-ru-imports-annual[2018]","stated":{"value":1.5,"unit":"billion US dollars","decimals":1} """;

    private static IReadOnlyList<Finding> Wrong(string claim, string article = Article)
    {
        var book = ClaimBook.Parse([("f.json", $"{{{article},\"claims\":[{{{claim}}}]}}")], out var findings);
        Assert.Equal(book is null, findings.Count > 0);
        return findings;
    }

    [Fact]
    public void A_good_claim_is_read() => Assert.Empty(Wrong(Good));

    [Theory]
    [InlineData("[]", "f.json: seen Array, expected a JSON object with articles and claims" + Fix)]
    [InlineData("{}", "f.json, property articles: seen nothing, expected a list of articles" + Fix)]
    [InlineData(
        """{"articles":[],"claims":[1],"more":0}""",
        "f.json, property articles: seen \"[]\", expected a list of articles" + Fix
    )]
    [InlineData(
        "{\n\"articles\":,",
        "f.json, line 2: seen \"',' is an invalid start of a value. LineNumber: 1 | BytePositionInLine: 11.\", "
            + "expected a JSON document without repeated properties"
            + Fix
    )]
    public void A_file_of_another_shape_is_refused(string json, string first)
    {
        Assert.Null(ClaimBook.Parse([("f.json", json)], out var findings));
        Assert.Equal(first, findings[0].ToString());
    }

    [Theory]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"same\"",
        "f.json, claim c, property comparison: seen \"same\", expected one of equals, above, below, ordering, "
            + "minimum-since, rank, ranking, within, none"
            + Fix
    )]
    [InlineData(
        "\"statement\":\"S\",",
        "",
        "f.json, claim c, property statement: seen nothing, expected what was published, in short words" + Fix
    )]
    [InlineData(
        "\"statement\":\"S\"",
        "\"statement\":\" S\"",
        "f.json, claim c, property statement: seen \"\" S\"\", expected what was published, in short words" + Fix
    )]
    [InlineData(
        "\"subject\"",
        "\"topic\"",
        "f.json, claim c, property subject: seen nothing, expected what the expression computes, in words" + Fix
    )]
    [InlineData(
        "\"article\":\"x\"",
        "\"article\":\"y\"",
        "f.json, claim c, property article: seen \"y\", expected the id of an article of the file: x" + Fix
    )]
    [InlineData(
        "\"id\":\"c\"",
        "\"id\":\"C/1\"",
        "f.json, claim C/1, property id: seen \"C/1\", expected lower-case letters, digits and single hyphens" + Fix
    )]
    [InlineData(
        "\"unit\":\"billion US dollars\",",
        "",
        "f.json, claim c, stated, property unit: seen nothing, expected the unit as printed, for example million US "
            + "dollars"
            + Fix
    )]
    [InlineData(
        "\"decimals\":1",
        "\"decimals\":0",
        "f.json, claim c, stated, property value: seen 1.5, expected a number of 0 decimal places, as decimals says"
            + Fix
    )]
    [InlineData(
        "\"decimals\":1",
        "\"decimals\":12",
        "f.json, claim c, stated, property decimals: seen 12, expected the decimal places it was printed with, 0 to 9"
            + Fix
    )]
    [InlineData(
        "\"value\":1.5",
        "\"value\":\"1.5\"",
        "f.json, claim c, stated, property value: seen \"\"1.5\"\", expected the number as printed" + Fix
    )]
    [InlineData(
        "us-ru-imports-annual[2018]",
        "1 + us-ru-import-annual[2018]",
        "f.json, claim c, expression, position 5: seen \"us-ru-import-annual\", expected an indicator: "
            + "us-{partner}-{exports|imports|trade-balance|trade-total}-annual, "
            + "us-{partner}-{exports|imports|trade-balance|trade-total}-{monthly|ytd|12m}, "
            + "us-{exports|imports|trade-total}-rank-annual, us-{exports|imports|trade-total}-share-annual, "
            + "fdi-{economy}-{inward|outward}-{flow|stock}, "
            + "fdi-source-rank-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}, "
            + "fdi-top-sources-{host}-{flow|stock}-{host|partner}-{immediate-investor|ultimate-investor}, "
            + "holders-{class}-{basis}, holder-rank-{class}-{basis}, ofz-nonresident-share; correct the expression "
            + "\"1 + us-ru-import-annual[2018]\""
    )]
    [InlineData(
        "us-ru-imports-annual[2018]",
        "us-ru-imports-annual[2016..2018]",
        "f.json, claim c, expression, position 1: seen several figures, expected one figure, because the comparison "
            + "is equals; correct the expression \"us-ru-imports-annual[2016..2018]\", or the comparison"
    )]
    [InlineData(
        "us-ru-imports-annual[2018]",
        "ofz-nonresident-share[2020-03-01]",
        "f.json, claim c, expression, position 1: seen percent, expected US dollars, the unit of the stated figure; "
            + "correct the expression \"ofz-nonresident-share[2020-03-01]\", or the comparison"
    )]
    [InlineData(
        "us-ru-imports-annual[2018]",
        "1 < 2",
        "f.json, claim c, expression, position 3: seen \"1 < 2\", expected one figure, because the comparison is "
            + "equals; correct the expression \"1 < 2\", or the comparison"
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"ordering\"",
        "f.json, claim c, expression, position 1: seen \"us-ru-imports-annual[2018]\", expected figures with < or > "
            + "between them, because the comparison is ordering; correct the expression "
            + "\"us-ru-imports-annual[2018]\", or the comparison"
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"minimum-since\",\"since\":\"2019\"",
        "f.json, claim c, expression, position 1: seen \"us-ru-imports-annual[2018]\", expected one figure with a "
            + "period after since, because the comparison is minimum-since; correct the expression "
            + "\"us-ru-imports-annual[2018]\", or the comparison"
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"rank\",\"place\":\"1\"",
        "f.json, claim c, expression, position 1: seen \"us-ru-imports-annual[2018]\", expected a place: rank(…) or "
            + "an indicator of places, because the comparison is rank; correct the expression "
            + "\"us-ru-imports-annual[2018]\", or the comparison"
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"rank\",\"place\":\"10..1\"",
        "f.json, claim c, property place: seen \"10..1\", expected places: 1, 1..10 or 11.." + Fix
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"within\"",
        "f.json, claim c, property tolerance: seen nothing, expected a number in the unit of the expression" + Fix
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"ranking\"",
        "f.json, claim c, property order: seen nothing, expected members, the first place first" + Fix
    )]
    [InlineData(
        "\"comparison\":\"equals\"",
        "\"comparison\":\"none\"",
        "f.json, claim c, property reason: seen nothing, expected why it cannot be checked, one sentence" + Fix
    )]
    [InlineData(
        "\"statement\"",
        "\"date\":\"2019\",\"statement\"",
        "f.json, claim c, property date: seen \"2019\", expected a day, yyyy-MM-dd" + Fix
    )]
    [InlineData(
        "\"statement\"",
        "\"vintage\":\"yesterday\",\"statement\"",
        "f.json, claim c, property vintage: seen \"yesterday\", expected a day, yyyy-MM-dd" + Fix
    )]
    [InlineData(
        "\"statement\"",
        "\"note\":\"n\",\"statement\"",
        "f.json, claim c, property note: seen an unknown property, expected only article, bases, comparison, date, "
            + "expression, id, parts, stated, statement, subject, vintage here"
            + Fix
    )]
    [InlineData(
        "\"unit\":\"billion US dollars\"",
        "\"unit\":\"billions of dollars\"",
        "f.json, claim c, stated, property unit: seen \"billions of dollars\", expected US dollars with thousand, "
            + "million, billion or trillion before it, percent, or a currency, ISO 4217, for example million US dollars"
            + Fix
    )]
    [InlineData(
        "\"unit\":\"billion US dollars\"",
        "\"unit\":\"%\"",
        "f.json, claim c, stated, property unit: seen \"%\", expected US dollars with thousand, million, billion or "
            + "trillion before it, percent, or a currency, ISO 4217, for example million US dollars"
            + Fix
    )]
    [InlineData(
        "us-ru-imports-annual[2018]",
        "1 + 2",
        "f.json, claim c, expression, position 3: seen a bare number, expected US dollars, the unit of the stated "
            + "figure; correct the expression \"1 + 2\", or the comparison"
    )]
    public void What_is_wrong_with_a_claim_is_said(string part, string instead, string message)
    {
        Assert.Contains(part, Good, StringComparison.Ordinal);
        Assert.Equal(message, Wrong(Good.Replace(part, instead, StringComparison.Ordinal))[0].ToString());
    }

    [Fact]
    public void A_ratio_is_no_percentage() =>
        Assert.Equal(
            "f.json, claim c, expression, position 28: seen a bare number, expected percent, the unit of the stated "
                + "figure: share(part, whole) or growth(before, after); "
                + "correct the expression \"us-ru-exports-annual[2018] / us-ru-imports-annual[2018]\", or the "
                + "comparison",
            Wrong(
                Good.Replace("billion US dollars", "percent", StringComparison.Ordinal)
                    .Replace(
                        "us-ru-imports-annual[2018]",
                        "us-ru-exports-annual[2018] / us-ru-imports-annual[2018]",
                        StringComparison.Ordinal
                    )
            )[0]
                .ToString()
        );

    [Fact]
    public void A_claim_without_a_figure_on_file_is_no_claim() =>
        Assert.Equal(
            "f.json, claim c, expression, position 1: seen \"2 - 1\", expected at least one indicator: a claim is "
                + "checked against figures; correct the expression \"2 - 1\", or the comparison",
            Wrong(
                Good.Replace("billion US dollars", "pieces", StringComparison.Ordinal)
                    .Replace("us-ru-imports-annual[2018]", "2 - 1", StringComparison.Ordinal)
            )[0]
                .ToString()
        );

    [Fact]
    public void A_figure_is_needed_to_compare_with_one() =>
        Assert.Equal(
            "f.json, claim c, property stated: seen nothing, expected the figure as printed: value, unit and "
                + "decimals, because the comparison is equals"
                + Fix,
            Assert.Single(Wrong(Good[..Good.IndexOf(",\"stated\"", StringComparison.Ordinal)])).ToString()
        );

    [Fact]
    public void Parts_and_bases_are_named_by_their_position()
    {
        Assert.Equal(
            "f.json, claim c, part 2, expression, position 4: seen the end, expected a number, an indicator, a "
                + "function, - or (; correct the expression \"1 <\"",
            Assert
                .Single(
                    Wrong(
                        """ "id":"c","article":"x","statement":"S","parts":[{"comparison":"ordering","subject":"it","expression":"us-ru-imports-annual[2017] < us-ru-imports-annual[2018]"},{"comparison":"ordering","subject":"it","expression":"1 <"}] """
                    )
                )
                .ToString()
        );
        Assert.Equal(
            "f.json, claim c, basis 1, property name: seen nothing, expected what the figures of the basis measure"
                + Fix,
            Assert
                .Single(
                    Wrong(
                        """ "id":"c","article":"x","statement":"S","comparison":"ordering","subject":"it","bases":[{"expression":"us-ru-imports-annual[2017] < us-ru-imports-annual[2018]"}] """
                    )
                )
                .ToString()
        );
    }

    [Fact]
    public void Two_claims_of_an_article_need_two_ids_and_an_article_one_file()
    {
        Assert.Equal(
            "f.json, claim c, property id: seen \"c\", expected an id that no other claim of the article has" + Fix,
            Assert.Single(Wrong($"{Good}}},{{{Good}")).ToString()
        );
        var file = $"{{{Article},\"claims\":[{{{Good}}}]}}";
        Assert.Null(ClaimBook.Parse([("a.json", file), ("b.json", file)], out var findings));
        Assert.Equal(
            "b.json, article x: seen an article that a.json has too, expected one file for all claims of an article"
                + Fix,
            Assert.Single(findings).ToString()
        );
    }
}
