using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.Partners;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>The file by partner, which people maintain.</summary>
public sealed class PartnersBodyTests
{
    private const string Plain = "year,direction,measure,partner,iso3,value_musd";
    private const string Full = "host,reporter,basis,year,direction,measure,partner,iso3,value_musd";
    private const string Kept = "kept in rejects; put the row right and drop the file again";
    private const string Old = "the table keeps the old rows; put the file right and drop it again";
    private const string OldOr = Old + ", or replay the slice with accept if the figures are right";

    private static Task<BodyOutcome> ReadAsync(string text) =>
        BodyOutcome.ReadAsync(
            new PartnersBody(fileName: UnctadOptions.DefaultPartnersFile),
            Fdi.Bytes(text.Replace('\'', '"')),
            step: 11
        );

    private static string Line(FactRow row) =>
        row is FdiPartner fdi ? $"{fdi.PartitionKey} {fdi.RowKey} {fdi.ValueUsd} #{fdi.Rank} {fdi.PartnerName}" : "";

    /// <summary>Partners of one host in another unit; a host with few partners may have little.</summary>
    [Theory]
    [InlineData(
        60,
        "0.3",
        "60 partners that have 18000000 US dollars together, without signs, expected at least 1000000000 for 50 "
            + "partners or more"
    )]
    [InlineData(
        60,
        "900000",
        "60 partners that have 54000000000000 US dollars together, without signs, expected at most 50000000000000 "
            + "for one host"
    )]
    [InlineData(60, "-300", null)]
    [InlineData(40, "0.3", null)]
    public async Task Partners_in_another_unit_are_refused_without_a_total_too(int count, string value, string? seen)
    {
        var codes = Pipeline
            .Sources.Unctad.Economies.All.Where(economy => economy.Iso3 is { Length: 3 } and not "RUS")
            .Take(count)
            .Select(economy => $"2012,inward,stock,P,{economy.Iso3},{value}\n");
        var outcome = await ReadAsync($"{Plain}\n{string.Concat(codes)}");
        Assert.Empty(outcome.Rejected);
        if (seen is null)
        {
            Assert.Null(outcome.Check.Refusal);
        }
        else
        {
            Assert.StartsWith("line 2, ", outcome.Check.Refusal?.Where, StringComparison.Ordinal);
            Assert.EndsWith(
                $"seen {seen}; the table keeps the old rows; check the unit, million US dollars, put the file right "
                    + $"and "
                    + "drop it again, or replay the slice with accept if the figures are right",
                outcome.Check.Refusal?.ToString(),
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task Without_host_and_reporter_the_figures_are_those_of_Russias_own_report()
    {
        var outcome = await ReadAsync(
            $"{Plain}\n2012,inward,stock,Cyprus,CYP,150409.4209\n2012,inward,stock,'Virgin Islands, "
                + "British',VGB,48989.00151\n2012,outward,flow,Cyprus,CYP,-1.5\n"
        );
        Assert.Equal("3 of 3 kept, 0 excluded", outcome.ToString());
        Assert.Equal(
            [
                "643|inward|stock|host 2012|CYP 150409420900 #1 Cyprus",
                "643|inward|stock|host 2012|VGB 48989001510 #2 Virgin Islands, British",
                "643|outward|flow|host 2012|CYP -1500000 # Cyprus",
            ],
            outcome.Rows.Select(Line)
        );
        Assert.All(outcome.Rows.Cast<FdiPartner>(), row =>
            Assert.Equal(
                ("RUS", 2012, "host", "foreign direct investment by immediate investor, current prices"),
                (row.HostIso3, row.Year, row.ReportedBy, row.Basis)
            )
        );
        Assert.Equal("2012-12", outcome.Check.Newest);
    }

    [Fact]
    public async Task Reports_of_host_and_partner_have_partitions_of_their_own()
    {
        var outcome = await ReadAsync(
            $"{Full}\nRUS,RUS,immediate_investor,2012,inward,stock,United "
                + "States,USA,2877.8\nRUS,USA,,2012,inward,stock,United "
                + "States,USA,14000\nUSA,USA,ultimate_investor,2012,outward,stock,Russia,RUS,14000\n"
        );
        Assert.Equal(
            [
                "643|inward|stock|host 2012|USA 2877800000 # United States",
                "643|inward|stock|partner 2012|USA 14000000000 # United States",
                "840|outward|stock|host 2012|RUS 14000000000 # Russia",
            ],
            outcome.Rows.Select(Line)
        );
        Assert.Equal("foreign direct investment by ultimate investor, current prices", outcome.Rows[2].Basis);
    }

    [Fact]
    public async Task Places_are_computed_equal_values_share_one_and_nothing_has_none()
    {
        var outcome = await ReadAsync(
            $"{Plain},rank,note\n2012,inward,stock,A,AUT,5,2,\n2012,inward,stock,B,BEL,7.5,1,x\n2012,inward,stock,C,"
                + "CHE,5,2,\n2012,inward,stock,D,DNK,-,4,\n2012,inward,stock,E,ESP,..,,\n2012,inward,stock,F,FRA,,,"
                + "\n2012,inward,stock,G,GRC,-3,,\n2011,inward,stock,A,AUT,1,1,\n"
        );
        Assert.Equal(
            "6 of 8 kept, 0 excluded\nmissing: 643|inward|stock|host 2012|ESP: the file has no value for it: empty "
                + "or ..\nmissing: 643|inward|stock|host 2012|FRA: the file has no value for it: empty or ..",
            outcome.ToString()
        );
        Assert.Equal(
            ["2011|AUT #", "2012|AUT #2", "2012|BEL #1", "2012|CHE #2", "2012|DNK #4", "2012|GRC #5"],
            outcome.Rows.Cast<FdiPartner>().Select(row => $"{row.RowKey} #{row.Rank}").Order(StringComparer.Ordinal)
        );
    }

    public static TheoryData<string, string> Rejected =>
        new()
        {
            {
                "RUS,RUS,,12,inward,stock,Cyprus,CYP,1",
                "line 3, column year: seen \"12\", expected a year, 1900 to 2200"
            },
            {
                "RUS,RUS,,2012,in,stock,Cyprus,CYP,1",
                "line 3, column direction: seen \"in\", expected inward or outward"
            },
            {
                "RUS,RUS,,2012,inward,stocks,Cyprus,CYP,1",
                "line 3, column measure: seen \"stocks\", expected flow or stock"
            },
            {
                "XYZ,XYZ,,2012,inward,stock,Cyprus,CYP,1",
                "line 3, column host: seen \"XYZ\", expected the ISO 3166-1 alpha-3 code of an economy that the "
                    + "program's list has"
            },
            {
                "643,643,,2012,inward,stock,Cyprus,CYP,1",
                "line 3, column host: seen \"643\", expected the ISO 3166-1 alpha-3 code of an economy that the "
                    + "program's list has"
            },
            {
                ",,,2012,inward,stock,Cyprus,CYP,1",
                "line 3, column host: seen nothing, expected the ISO 3166-1 alpha-3 code of an economy that the "
                    + "program's list has"
            },
            {
                "RUS,DEU,,2012,inward,stock,Cyprus,CYP,1",
                "line 3, column reporter: seen \"DEU\", expected RUS, the host, or CYP, the partner"
            },
            {
                "RUS,,,2012,inward,stock,Cyprus,CYP,1",
                "line 3, column reporter: seen nothing, expected RUS, the host, or CYP, the partner"
            },
            {
                "RUS,DEU,,2012,inward,stock,World,,1",
                "line 3, column reporter: seen \"DEU\", expected RUS, the host, or nobody else for a total"
            },
            {
                "RUS,RUS,direct,2012,inward,stock,Cyprus,CYP,1",
                "line 3, column basis: seen \"direct\", expected immediate_investor or ultimate_investor"
            },
            {
                "RUS,RUS,,2012,inward,stock,,CYP,1",
                "line 3, column partner: seen nothing, expected the partner's name"
            },
            {
                "RUS,RUS,,2012,inward,stock,Cyprus,,1",
                "line 3, column iso3: seen nothing, expected the partner's ISO 3166-1 alpha-3 code, three capital "
                    + "letters"
            },
            {
                "RUS,RUS,,2012,inward,stock,Cyprus,Cyp,1",
                "line 3, column iso3: seen \"Cyp\", expected the partner's ISO 3166-1 alpha-3 code, three capital "
                    + "letters"
            },
            {
                "RUS,RUS,,2012,inward,stock,Cyprus,WLD,1",
                "line 3, column iso3: seen \"WLD\", expected the partner's ISO 3166-1 alpha-3 code, three capital "
                    + "letters"
            },
            {
                "RUS,RUS,,2012,inward,stock,Russia,RUS,1",
                "line 3, column iso3: seen \"RUS\", expected a partner other than the host"
            },
            {
                "RUS,RUS,,2012,inward,stock,Cyprus,CYP,'1,5'",
                "line 3, column value_musd: seen \"1,5\", expected a decimal number, such as -15205.1 or 4E-05, of "
                    + "less than 9,223,372,036,854 million US dollars, - for nil or .. for not available"
            },
            { "RUS,RUS,,2012,inward,stock,Cyprus,CYP", "line 3: seen 8 cells, expected 9 cells, as the header has" },
            {
                "RUS,RUS,,2012,inward,stock,Germany,DEU,1",
                "line 3: seen 643|inward|stock|host 2012|DEU a second time, expected one row per host, direction, "
                    + "measure, reporter, year and partner"
            },
            {
                "RUS,RUS,ultimate_investor,2012,inward,stock,Germany,DEU,1",
                "line 3, column basis: seen \"ultimate_investor\", expected immediate_investor, because the file "
                    + "has that basis for 643|inward|stock|host 2012, and figures of two bases must not stand in "
                    + "one partition and year"
            },
        };

    [Theory, MemberData(nameof(Rejected))]
    public async Task A_row_that_cannot_be_used_is_explained_and_the_others_are_kept(string row, string expected) =>
        Assert.Equal(
            $"1 of 2 kept, 0 excluded\nrejected: {expected}; {Kept}",
            (await ReadAsync($"{Full}\nRUS,RUS,,2012,inward,stock,Germany,DEU,2\n{row}\n")).ToString()
        );

    [Fact]
    public async Task A_place_that_is_not_the_values_is_doubted() =>
        Assert.Equal(
            "2 of 2 kept, 0 excluded\ndoubted: fdipartners 643|inward|stock|host 2012|DEU: seen rank 1, expected 2, "
                + "the place of the value in RUS inward stock 2012 by the host, immediate investor (line 3); the row "
                + "is not loaded; correct it at its origin, or replay the slice with accept if the figure is right",
            (
                await ReadAsync($"{Plain},rank\n2012,inward,stock,Cyprus,CYP,2,1\n2012,inward,stock,Germany,DEU,1,1\n")
            ).ToString()
        );

    [Theory]
    [InlineData("World,,12.346", "2 of 3 kept, 1 excluded")]
    [InlineData("Total,WLD,12", "2 of 3 kept, 1 excluded")]
    [InlineData(
        "WORLD,WLD,..",
        "2 of 3 kept, 1 excluded\ndoubted: RUS inward stock 2012 by the host, immediate investor: seen no value in the "
            + "row WORLD beside 2 partners that add up to 12346000 US dollars, expected the total that they "
            + "add up to, or no such row (line 4); the partners are loaded; put the row right or take it out and drop "
            + "the file again, or replay the slice with accept if the figures are right"
    )]
    [InlineData(
        "World,,13",
        "0 of 3 kept, 1 excluded\nrefused: RUS inward stock 2012 by the host, immediate investor: seen "
            + "partners that add up to 12346000 US dollars, expected 13000000, the row World (line 4); "
            + OldOr
    )]
    [InlineData("World,,12.3", "2 of 3 kept, 1 excluded")]
    [InlineData(
        "World,,12.2",
        "0 of 3 kept, 1 excluded\nrefused: RUS inward stock 2012 by the host, immediate investor: seen "
            + "partners that add up to 12346000 US dollars, expected 12200000, the row World (line 4); "
            + OldOr
    )]
    public async Task Partners_must_add_up_to_a_total_which_is_no_partner(string total, string expected)
    {
        var outcome = await ReadAsync(
            $"{Plain}\n2012,inward,stock,Cyprus,CYP,12\n2012,inward,stock,Germany,DEU,0.346\n2012,inward,stock,"
                + $"{total}\n"
        );
        Assert.Equal(
            expected,
            outcome.Check.Refusal is null
                ? outcome.ToString()
                : outcome.ToString().Replace("2 of 3", "0 of 3", StringComparison.Ordinal)
        );
    }

    /// <summary>
    /// Partners without a value explain, all together, no more than the second largest figure: the largest may be the
    /// one that has slipped. No stock is negative.
    /// </summary>
    [Theory]
    [InlineData("stock", "1200", "..", "2000", null)]
    [InlineData("stock", "1200", "..", "2200", null)]
    [InlineData("stock", "1200", "..", "2300", " without 1 partner that has no value")]
    [InlineData("stock", "1200", "..,..", "2300", " without 2 partners that have no value")]
    [InlineData("stock", "1200", "..", "1400", " without 1 partner that has no value")]
    [InlineData("stock", "300000", "..", "800", " without 1 partner that has no value")]
    [InlineData("flow", "1200", "..", "1200", null)]
    [InlineData("flow", "1200", "..", "1100", " without 1 partner that has no value")]
    public async Task Partners_without_a_value_explain_no_more_than_the_second_largest_figure(
        string measure,
        string largest,
        string without,
        string total,
        string? words
    )
    {
        var empty = string.Concat(
            without.Split(',').Zip(["DEU", "FRA"], (value, code) => $"2012,inward,{measure},X,{code},{value}\n")
        );
        var outcome = await ReadAsync(
            $"{Plain}\n2012,inward,{measure},Cyprus,CYP,{largest}\n2012,inward,{measure},Spain,ESP,500\n{empty}"
                + $"2012,inward,{measure},World,,{total}\n"
        );
        Assert.Equal(
            words is null
                ? ""
                : $"RUS inward {measure} 2012 by the host, immediate investor: seen partners that add up to "
                    + $"{int.Parse(largest, CultureInfo.InvariantCulture) + 500}000000 US dollars{words}, expected "
                    + $"{total}000000, the row World (line {4 + without.Split(',').Length}); {OldOr}",
            $"{outcome.Check.Refusal}"
        );
    }

    [Fact]
    public async Task A_row_that_was_not_understood_explains_no_stock_that_is_negative()
    {
        static string Rows(string measure) =>
            $"{Plain}\n2012,inward,{measure},Cyprus,CYP,12\n2012,inward,{measure},Europe,,-2\n"
            + $"2012,inward,{measure},World,,10\n";
        Assert.Empty((await ReadAsync(Rows("flow"))).Doubts);
        Assert.Equal(
            "RUS inward stock 2012 by the host, immediate investor: seen partners that add up to 12000000 US dollars "
                + $"without 1 row that was not understood, expected 10000000, the row World (line 4); {OldOr}",
            $"{Assert.Single((await ReadAsync(Rows("stock"))).Doubts).Finding}"
        );
    }

    /// <summary>One finding that an operator accepts must not hide the others.</summary>
    [Fact]
    public async Task Every_total_that_does_not_add_up_is_a_finding()
    {
        var years = ((int[])[2010, 2011, 2012]).Select(year =>
            $"{year},inward,stock,Cyprus,CYP,12\n{year},inward,stock,World,,{(year == 2011 ? 12 : 15)}\n"
        );
        var found = (await ReadAsync($"{Plain}\n{string.Concat(years)}")).Check.Judgements;
        Assert.Equal(
            [
                "RUS inward stock 2010 by the host, immediate investor: 15000000, the row World (line 3)",
                "RUS inward stock 2012 by the host, immediate investor: 15000000, the row World (line 7)",
            ],
            found.Select(finding => $"{finding.Where}: {finding.Expected}")
        );
        found = (await ReadAsync($"{Plain}\n2012,inward,stock,X,CYP,1\n2012,inward,stock,World,,60000000\n"))
            .Check
            .Judgements;
        Assert.Equal(
            [
                "60000000000000 US dollars in the row World: at most 50000000000000 for one host (line 3)",
                "partners that add up to 1000000 US dollars: 60000000000000, the row World (line 3)",
            ],
            found.Select(finding => $"{finding.Seen}: {finding.Expected}")
        );
    }

    public static TheoryData<string, string> Refused =>
        new()
        {
            { "", $"body: seen no row, expected a header row; {Old}" },
            { $"{Plain}\n", $"body: seen no row, expected a row per year and partner; {Old}" },
            {
                "year,direction,measure,partner,value_musd",
                "header: seen \"year,direction,measure,partner,value_musd\", expected the columns iso3 too; the "
                    + "table keeps the old rows; put the columns right and drop the file again"
            },
            {
                $"{Plain},share,source",
                "header: seen the columns \"share\", \"source\", expected only year, direction, measure, partner, "
                    + "iso3, value_musd, host, reporter, basis, rank, note; the table keeps the old rows; put the "
                    + "columns right and drop the file again"
            },
            {
                $"{Plain},Year",
                "header: seen the columns year twice, expected each once; the table keeps the old rows; put the "
                    + "columns right and drop the file again"
            },
            {
                $"{Plain}\n2012,inward,stock,Cyprus,CYP,x\n2012,inward,stock,Germany,DEU,y\n",
                "body: seen 2 of 2 rows that cannot be understood, the first: line 2, column value_musd: seen "
                    + "\"x\", expected a decimal number, such as -15205.1 or 4E-05, of less than 9,223,372,036,854 "
                    + "million US dollars, - for nil or .. for not available, expected at most 50 %; "
                    + Old
            },
            {
                $"{Plain}\n2012,inward,stock,'Cyprus,CYP,1\n",
                $"fdi-partners.csv, line 2: seen a quote that is not closed, expected CSV in UTF-8; {Old}"
            },
        };

    [Theory, MemberData(nameof(Refused))]
    public async Task A_file_that_is_not_understood_is_refused(string body, string expected) =>
        Assert.Equal(expected, (await ReadAsync(body)).Check.Refusal?.ToString());

    /// <summary>A row without a code may be why the total of its own year and series does not add up.</summary>
    [Theory]
    [InlineData("2005,inward,stock,Europe,,7", true)]
    [InlineData("2012,outward,stock,Europe,,7", true)]
    [InlineData("2012,inward,flow,Europe,,7", true)]
    [InlineData("2012,inward,stock,Europe,,7", false)]
    [InlineData("20x2,inward,stock,Europe,,7", false)]
    public async Task A_row_without_a_code_excuses_the_total_of_its_own_year_and_series_alone(
        string row,
        bool isRefused
    )
    {
        var years = ((string[])["2011,500", "2012,5000"])
            .Select(year => year.Split(','))
            .Select(year =>
                $"{year[0]},inward,stock,Cyprus,CYP,{year[1]}\n{year[0]},inward,stock,Netherlands,NLD,300\n"
                + $"{year[0]},inward,stock,Germany,DEU,200\n{year[0]},inward,stock,Total,,1000\n"
            );
        var outcome = await ReadAsync($"{Plain}\n{string.Concat(years)}{row}\n");
        const string Sum =
            "RUS inward stock 2012 by the host, immediate investor: seen partners that add up to 5500000000 US dollars";
        if (isRefused)
        {
            Assert.Equal(
                $"{Sum}, expected 1000000000, the row Total (line 9); {OldOr}",
                outcome.Check.Refusal?.ToString()
            );
            Assert.Null(outcome.Check.Unreadable);
        }
        else
        {
            Assert.Null(outcome.Check.Refusal);
            var doubt = Assert.Single(outcome.Doubts);
            Assert.True(doubt.IsExcluded);
            Assert.Equal(
                $"{Sum} without 1 row that was not understood, expected 1000000000, the row Total (line 9); {OldOr}",
                $"{doubt.Finding}"
            );
        }
    }

    /// <summary>Publishers carry economies back to the years before their codes.</summary>
    [Theory]
    [InlineData("TLS", 1999)]
    [InlineData("SRB", 2003)]
    [InlineData("XKX", 2005)]
    [InlineData("HRV", 1990)]
    [InlineData("ROM", 2012)]
    public async Task A_code_is_not_rejected_for_an_early_start(string iso3, int year) =>
        Assert.Equal("1 of 1 kept, 0 excluded", $"{await ReadAsync($"{Plain}\n{year},inward,stock,X,{iso3},5\n")}");
}
