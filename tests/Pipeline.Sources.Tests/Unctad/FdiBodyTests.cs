using System.Text;
using Pipeline.Datasets;
using Pipeline.Sources.Unctad;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>
/// Small bodies: what the reader makes of headers and rows. Guards on completeness have tests of their own.
/// </summary>
public sealed class FdiBodyTests
{
    private const string Old =
        "the table keeps the old vintage; if the publisher has changed the layout, adapt the reader, then replay";
    private const string Kept = "kept in rejects, fix the reader or replay";
    private const string Number =
        "a decimal number, such as -15205.1 or 4E-05, of less than 9,223,372,036,854 million US dollars";
    private const string Value = "US$ at current prices in millions";

    private static Task<BodyOutcome> ReadAsync(string text, int step = int.MaxValue) =>
        BodyOutcome.ReadAsync(Fdi.Reader(), Fdi.Bytes(text), step);

    private static string Line(FactRow row) =>
        row is FdiAnnual fdi
            ? $"{fdi.PartitionKey} {fdi.RowKey} {fdi.ValueUsd} {fdi.EconomyIso3} "
                + $"{fdi.EconomyName}{(fdi.Footnote.Length > 0 ? $" ({fdi.Footnote})" : "")}"
            : "";

    public static TheoryData<string, string> Rows =>
        new()
        {
            {
                "1990,643,'Russian Federation',08,'Flow',1,'Inward',3346.32,,",
                "643|inward|flow 1990 3346320000 RUS Russian Federation"
            },
            {
                "1990,643,'Russian Federation',09,'Stock',2,'Outward',-12.5,,",
                "643|outward|stock 1990 -12500000 RUS Russian Federation"
            },
            { "1990,044,'Bahamas',08,'Flow',1,'Inward',4E-05,,", "044|inward|flow 1990 40 BHS Bahamas" },
            {
                "1990,344,'China, Hong Kong SAR',08,'Flow',1,'Inward',1,'Asset/liability basis.',",
                "344|inward|flow 1990 1000000 HKG China, Hong Kong SAR (Asset/liability basis.)"
            },
            { "1990,384,'Côte d''Ivoire',08,'Flow',1,'Inward',1,,", "384|inward|flow 1990 1000000 CIV Côte d\"Ivoire" },
            { "1990,412,'Kosovo',08,'Flow',1,'Inward',1,,", "412|inward|flow 1990 1000000  Kosovo" },
            { "1990,999,'Atlantis',08,'Flow',1,'Inward',1,,", "999|inward|flow 1990 1000000  Atlantis" },
            { "1990,999,,08,'Flow',1,'Inward',1,,", "999|inward|flow 1990 1000000  Unknown economy 999" },
            { "1990,643,,08,'Flow',1,'Inward',1,,", "643|inward|flow 1990 1000000 RUS Russian Federation" },
            {
                "1990,643,'Russian Federation','08','Flow','1','Inward','1',,",
                "643|inward|flow 1990 1000000 RUS Russian Federation"
            },
            {
                "1990,643,'Russian Federation',08,'Flow',1,'Inward',0,,\r\n",
                "643|inward|flow 1990 0 RUS Russian Federation"
            },
        };

    [Theory, MemberData(nameof(Rows))]
    public async Task A_row_becomes_a_row_of_the_table(string row, string expected)
    {
        var outcome = await ReadAsync(Fdi.Csv(row), step: 7);
        Assert.Null(outcome.Check.Refusal);
        Assert.Equal(expected, Line(Assert.Single(outcome.Rows)));
        Assert.Equal("1 of 5 kept, 4 excluded", outcome.ToString());
        Assert.Equal("1990-12", outcome.Check.Newest);
    }

    [Theory]
    [InlineData("", "foreign direct investment, directional principle, current prices")]
    [InlineData("'Asset/liability basis.'", "foreign direct investment, asset/liability principle, current prices")]
    [InlineData("'Estimates.'", "foreign direct investment, directional principle, current prices")]
    public async Task The_footnote_says_on_which_principle_a_figure_rests(string footnote, string basis) =>
        Assert.Equal(basis, Assert.Single((await ReadAsync(Fdi.Csv($"1990,643,,08,,1,,1,{footnote},"))).Rows).Basis);

    public static TheoryData<string, string> Odd =>
        new()
        {
            { "1990,1400,'Developing economies',08,'Flow',1,'Inward',5,,", "0 of 5 kept, 5 excluded" },
            {
                "1990,2711,'BRICS',08,'Flow',1,'Inward',what,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column {Value}: seen \"what\", expected {Number}; {Kept}"
            },
            {
                "1990,643,'Russian Federation',08,'Flow',1,'Inward',,,'Not applicable'",
                "0 of 5 kept, 4 excluded\nmissing: 643|inward|flow 1990: Not applicable"
            },
            {
                "1990,196,'Cyprus',09,'Stock',1,'Inward',,,'Negative accumulation of flows; Value included in "
                    + "regional and global totals'",
                "0 of 5 kept, 4 excluded\nmissing: 196|inward|stock 1990: Negative accumulation of flows; Value "
                    + "included in regional and global totals"
            },
            {
                "1990,643,,08,,1,,,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column {Value}: seen nothing, and no reason, expected "
                    + $"a value, or a reason why there is none; {Kept}"
            },
            {
                "1990,643,,08,,1,,12,,'Not applicable'",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column {Value} Missing value: seen \"Not applicable\" "
                    + $"beside the value \"12\", expected a value, or a reason why there is none; {Kept}"
            },
            {
                "1990,643,,08,,1,,'12,5',,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column {Value}: seen \"12,5\", expected {Number}; {Kept}"
            },
            {
                "1990,643,,08,,1,,..,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column {Value}: seen \"..\", expected {Number}; {Kept}"
            },
            {
                "1990,643,,08,,1,,9223372036855,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column {Value}: seen \"9223372036855\", expected "
                    + $"{Number}; {Kept}"
            },
            {
                "1990,44,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Economy: seen \"44\", expected three digits, or "
                    + $"four of a group: the code has lost its leading zeros; {Kept}"
            },
            {
                "1990,0,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Economy: seen \"0\", expected three digits, or "
                    + $"four of a group: the code has lost its leading zeros; {Kept}"
            },
            {
                "1990,,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Economy: seen nothing, expected three digits, "
                    + $"or four of a group; {Kept}"
            },
            {
                "1990,RUS,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Economy: seen \"RUS\", expected three digits, "
                    + $"or four of a group; {Kept}"
            },
            {
                "1990,64300,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Economy: seen \"64300\", expected three digits, "
                    + $"or four of a group; {Kept}"
            },
            {
                "1990,643,,8,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Flow: seen \"8\", expected 08 (flow) or 09 "
                    + $"(stock): the code has lost its leading zero; {Kept}"
            },
            {
                "1990,643,,10,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Flow: seen \"10\", expected 08 (flow) or 09 "
                    + $"(stock); {Kept}"
            },
            {
                "1990,643,,08,,3,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Direction: seen \"3\", expected 1 (inward) or 2 "
                    + $"(outward); {Kept}"
            },
            {
                "90,643,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Year: seen \"90\", expected a year, 1900 to "
                    + $"2200; {Kept}"
            },
            {
                "1990.0,643,,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6, column Year: seen \"1990.0\", expected a year, 1900 to "
                    + $"2200; {Kept}"
            },
            {
                "1990,643,,08,,1,,1,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6: seen 9 cells, expected 10 cells, as the header has; {Kept}"
            },
            {
                "1990,643,,08,,1,,1,,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6: seen 11 cells, expected 10 cells, as the header has; "
                    + $"{Kept}"
            },
            {
                "1990,643,Russia, Federation,08,,1,,1,,",
                $"0 of 5 kept, 4 excluded\nrejected: line 6: seen 11 cells, expected 10 cells, as the header has; "
                    + $"{Kept}"
            },
            { "\n\n1990,2711,,08,,1,,1,,\n\n", "0 of 5 kept, 5 excluded" },
            { Fdi.Header, "0 of 4 kept, 4 excluded" },
        };

    [Theory, MemberData(nameof(Odd))]
    public async Task A_row_that_is_no_figure_is_counted_and_explained(string row, string expected) =>
        Assert.Equal(expected, (await ReadAsync(Fdi.Csv(row))).ToString());

    [Theory]
    [InlineData("windows-1251", "Россия", "bytes that are not UTF-8")]
    [InlineData("latin1", "Côte", "bytes that are not UTF-8")]
    [InlineData("latin1", "\0", "a zero byte")]
    public async Task A_part_of_a_row_in_another_encoding_is_a_gap_unless_the_figure_needs_it(
        string encoding,
        string text,
        string seen
    )
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        async Task<string> OutcomeAsync(string row)
        {
            var body = Encoding.GetEncoding(encoding).GetBytes(Fdi.Csv(row));
            return (await BodyOutcome.ReadAsync(Fdi.Reader(), body)).ToString();
        }
        var note =
            $"gap: 643|inward|flow 1990|Footnote: the source sent {seen} for "
            + "US$ at current prices in millions Footnote";
        // The program's list names Russia; it does not have 999.
        Assert.Equal("1 of 5 kept, 4 excluded", await OutcomeAsync($"1990,643,'{text}',08,,1,,1,,"));
        Assert.Equal("1 of 5 kept, 4 excluded", await OutcomeAsync($"1990,643,,08,'{text}',1,,1,,"));
        Assert.Equal($"1 of 5 kept, 4 excluded\n{note}", await OutcomeAsync($"1990,643,,08,,1,,1,'{text}',"));
        Assert.Equal(
            "1 of 5 kept, 4 excluded\n"
                + $"gap: 999|inward|flow 1990|EconomyName: the source sent {seen} for Economy Label",
            await OutcomeAsync($"1990,999,'{text}',08,,1,,1,,")
        );
        Assert.Equal(
            $"0 of 5 kept, 4 excluded\nrejected: line 6: seen {seen}, expected text in UTF-8; {Kept}",
            await OutcomeAsync($"1990,643,,08,,1,,,,'{text}'")
        );
        Assert.Equal(
            $"0 of 5 kept, 4 excluded\nrejected: line 6: seen {seen}, expected text in UTF-8; {Kept}",
            await OutcomeAsync($"1990,'6{text}',,08,,1,,1,,")
        );
    }

    [Fact]
    public async Task A_footnote_that_cannot_be_read_leaves_the_principle_open()
    {
        var outcome = await ReadAsync(Fdi.Csv("1990,643,,08,,1,,1,'\0',"));
        var row = Assert.IsType<FdiAnnual>(Assert.Single(outcome.Rows));
        Assert.Equal(("", 1_000_000), (row.Footnote, row.ValueUsd));
        Assert.Equal(
            "foreign direct investment, directional or asset/liability principle (the body does not say), "
                + "current prices",
            row.Basis
        );
    }

    /// <summary>
    /// Headers of the vintages and of exports, with a row of Russia's inflow of 1990 that means 12,500,000
    /// dollars.
    /// </summary>
    public static TheoryData<string, string, string, string> Layouts =>
        new()
        {
            {
                "2020-21",
                "Year,Economy,Economy Label,Mode,Mode Label,Direction,Direction Label,US dollars at current prices "
                    + "in millions,US dollars at current prices in millions Footnote,US dollars at current prices "
                    + "per capita,US dollars at current prices per capita Footnote,Percentage of total "
                    + "world,Percentage of total world Footnote,Percentage of Gross Domestic Product,Percentage of "
                    + "Gross Domestic Product Footnote,Percentage of Gross Fixed Capital Formation,Percentage of "
                    + "Gross Fixed Capital Formation Footnote",
                "1990,{0},'x',{1},'x',{2},'x',{3},,1,,2,,3,,4,",
                "directional principle"
            },
            {
                "2023",
                "Year,Economy,Economy Label,Flow,Flow Label,Direction,Direction Label,US$ at current prices in "
                    + "millions,US$ at current prices in millions Footnote,US$ at current prices in millions "
                    + "Missing value,US$ at current prices per capita,US$ at current prices per capita Footnote,US$ "
                    + "at current prices per capita Missing value,Percentage of Gross Domestic Product,Percentage "
                    + "of Gross Domestic Product Footnote,Percentage of Gross Domestic Product Missing value",
                "1990,{0},'x',{1},'x',{2},'x',{3},,,7,,,8,,",
                "directional principle"
            },
            {
                "2025",
                Fdi.Header
                    + ",Percentage of total world,Percentage of total world Footnote,Percentage of total world "
                    + "Missing value",
                "1990,{0},'x',{1},'x',{2},'x',{3},,,4E-05,,",
                "directional principle"
            },
            {
                "words in another order",
                "Direction,Flow,Economy,Millions of US$ (current prices),Year",
                "{2},{1},{0},{3},1990",
                "does not say"
            },
            {
                "capitals and blanks",
                " YEAR ,economy,FLOW,direction,us$  AT Current_Prices in millions,Us$ at current prices IN millions "
                    + "footnote",
                "1990,{0},{1},{2},{3},",
                "directional principle"
            },
            {
                "codes",
                "Economy_Code,Flow_Code,Direction_Code,Year,US_at_current_prices_in_millions_Value,"
                    + "US_at_current_prices_Footnote,US_at_current_prices_MissingValue",
                "{0},{1},{2},1990,{3},,",
                "directional principle"
            },
            {
                "U.S. dollars",
                "Year,Economy,Flow,Direction,Millions of U.S. dollars at current prices",
                "1990,{0},{1},{2},{3}",
                "does not say"
            },
            {
                "both",
                "Year,Economy,Economy Code,Flow,Flow Code,Direction,Direction Code,US$ at current prices in millions",
                "1990,x,{0},x,{1},x,{2},{3}",
                "does not say"
            },
        };

    [Theory, MemberData(nameof(Layouts))]
    public async Task Layouts_of_all_vintages_are_read_by_the_names_of_their_columns(
        string name,
        string header,
        string row,
        string basis
    )
    {
        Assert.NotEmpty(name);
        string Row(string economy, string flow, int direction, string value) =>
            string.Format(System.Globalization.CultureInfo.InvariantCulture, row, economy, flow, direction, value);
        var world = string.Join(
            '\n',
            Row("0000", "08", 1, "1"),
            Row("0000", "08", 2, "1"),
            Row("0000", "09", 1, "1"),
            Row("0000", "09", 2, "1")
        );
        var outcome = await ReadAsync($"{header}\n{world}\n{Row("643", "08", 1, "12.5")}\n".Replace('\'', '"'));
        Assert.Null(outcome.Check.Refusal);
        var russia = (FdiAnnual)Assert.Single(outcome.Rows);
        Assert.Equal(
            ("643|inward|flow", "1990", 12_500_000, "RUS"),
            (russia.PartitionKey, russia.RowKey, russia.ValueUsd, russia.EconomyIso3)
        );
        Assert.Contains(basis, russia.Basis, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_of_the_user_API_are_in_dollars_without_groups_and_names_and_each_has_its_header()
    {
        const string header = "Economy_Code,Direction_Code,Flow_Code,Year,M0100_Value\n";
        var outcome = await ReadAsync(
            $"{header}643,1,08,1990,3346320000.4\n{header}643,1,08,1991,-5E3\n{header}643,2,09,1991,\n"
        );
        Assert.Equal(
            "2 of 3 kept, 0 excluded\nmissing: 643|outward|stock 1991: the body has an empty cell and no column for "
                + "the reason",
            outcome.ToString()
        );
        Assert.Equal(
            [
                "643|inward|flow 1990 3346320000 RUS Russian Federation",
                "643|inward|flow 1991 -5000 RUS Russian Federation",
            ],
            outcome.Rows.Select(Line)
        );
    }

    [Fact]
    public async Task Four_exports_of_the_data_centre_are_one_body()
    {
        var parts = string.Concat(
            from direction in (string[])["inward", "outward"]
            from measure in (string[])["flow", "stock"]
            select $"#part {direction} "
                + $"{measure}\nEconomy_Code,Economy_Label,Year,US_at_current_prices_in_millions_Value\n643,"
                + $"\"Russian Federation\",1990,{direction.Length}{measure.Length}\n"
        );
        var outcome = await ReadAsync(parts);
        Assert.Equal(
            [
                "643|inward|flow 1990 64000000 RUS Russian Federation",
                "643|inward|stock 1990 65000000 RUS Russian Federation",
                "643|outward|flow 1990 74000000 RUS Russian Federation",
                "643|outward|stock 1990 75000000 RUS Russian Federation",
            ],
            outcome.Rows.Select(Line)
        );
        Assert.Equal("4 of 4 kept, 0 excluded", outcome.ToString());
    }

    public static TheoryData<string, string> Refused =>
        new()
        {
            {
                "",
                "body: seen no row, expected a header row; the body is kept; the table keeps the old vintage; pull "
                    + "the slice again"
            },
            {
                "\n\n",
                "body: seen no row, expected a header row; the body is kept; the table keeps the old vintage; pull "
                    + "the slice again"
            },
            {
                Fdi.Header + "\n",
                "body: seen no row, expected one row per economy, year, flow and direction; the table keeps the old "
                    + "vintage; if people have edited the file, take the publisher's; if the publisher's is like "
                    + "that, wait for the next release"
            },
            {
                "<!DOCTYPE html>\n<html><body>Access denied</body></html>",
                $"line 1, the header: seen \"<!DOCTYPE html>\", expected the columns Year, Economy, Flow, Direction "
                    + $"too; {Old}"
            },
            {
                "{'value':[{'Year':2024}]}",
                "US_FdiFlowsStock.csv, line 1: seen a quote inside a cell that does not begin with one, expected "
                    + "CSV in UTF-8; the body "
                    + "is kept; the table keeps the old vintage; pull the slice again"
            },
            {
                "Year;Economy;Flow;Direction",
                $"line 1, the header: seen \"Year,Economy,Flow,Direction\", expected a column of US$ at current "
                    + $"prices in millions too, in any order of these words; {Old}"
            },
            {
                "Year|Economy|Flow|Direction",
                "US_FdiFlowsStock.csv, line 1, the header: seen bars between the columns, expected commas between "
                    + "the columns, or "
                    + "semicolons and decimal commas; the table keeps the old vintage; save the file as CSV in "
                    + "UTF-8 and drop it again"
            },
            {
                "Year,Economy Label,Flow,Direction,US$ at current prices in millions",
                $"line 1, the header: seen \"Year,Economy Label,Flow,Direction,US$ at current prices in millions\", "
                    + $"expected the columns Economy too; {Old}"
            },
            {
                "Economy_Code,Year,US_at_current_prices_in_millions_Value",
                $"line 1, the header: seen \"Economy_Code,Year,US_at_current_prices_in_millions_Value\", expected "
                    + $"the columns Flow, Direction too; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,Amount",
                $"line 1, the header: seen \"Year,Economy,Flow,Direction,Amount\", expected a column of US$ at "
                    + $"current prices in millions too, in any order of these words; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,US$ at constant prices in millions",
                $"line 1, the header: seen \"Year,Economy,Flow,Direction,US$ at constant prices in millions\", "
                    + $"expected a column of US$ at current prices in millions too, in any order of these words; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,US$ at current prices in thousands",
                $"line 1, the header: seen \"Year,Economy,Flow,Direction,US$ at current prices in thousands\", "
                    + $"expected a column of US$ at current prices in millions too, in any order of these words; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,Percentage of world (US$ at current prices in millions)",
                $"line 1, the header: seen \"Year,Economy,Flow,Direction,Percentage of world (US$ at current prices "
                    + "in millions)\", expected a column of US$ at current prices in millions too, in any order of "
                    + $"these words; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,US$ at current prices in millions Footnote,US$ at current prices in "
                    + "millions Missing value,US$ at current prices per capita",
                $"line 1, the header: seen \"Year,Economy,Flow,Direction,US$ at current prices in millions "
                    + "Footnote,US$ at current prices in millions Missing value,U…\", expected a column of US$ at "
                    + $"current prices in millions too, in any order of these words; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,US$ at current prices in millions,Millions of US dollars at current "
                    + "prices",
                $"line 1, the header: seen the columns \"US$ at current prices in millions\" and \"Millions of US "
                    + $"dollars at current prices\", expected one column of US$ at current prices in millions; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,M0100_Value,US$ at current prices in millions",
                $"line 1, the header: seen the columns \"M0100_Value\" and \"US$ at current prices in millions\", "
                    + $"expected one column of US$ at current prices in millions; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,US$ at current prices in millions,US$ at current prices footnote,US$ "
                    + "at current prices in millions footnote",
                $"line 1, the header: seen the columns \"US$ at current prices footnote\" and \"US$ at current "
                    + $"prices in millions footnote\", expected one column of footnotes to US$ at current prices; {Old}"
            },
            {
                "Year,Economy,Flow,Direction,Year,US$ at current prices in millions",
                $"line 1, the header: seen the column \"Year\" twice, expected one of it; {Old}"
            },
            {
                "Economy_Code,Year,Inward_Percentage_of_Gross_Domestic_Product_Value,"
                    + "Outward_Percentage_of_Gross_Domestic_Product_Value",
                "line 1, the header: seen the direction in the name of the column "
                    + "\"Inward_Percentage_of_Gross_Domestic_Product_Value\", expected a column Direction, or one "
                    + "export per direction and measure; the table keeps the old vintage; export again without the "
                    + "pivot, one file per direction and measure"
            },
            {
                $"{Fdi.Header}\n{Fdi.World}Year,Economy,Flow,Direction,US$ at current prices in "
                    + "millions\n1990,643,08,1,1\n",
                "line 6: seen another header, \"Year\" and so on, between rows, expected rows, or the same header "
                    + "again; the body is kept; the table keeps the old vintage; pull the slice again"
            },
            {
                $"{Fdi.Header}\n{Fdi.World}1990,643,\"Russian Federation,08,,1,,1,,\n",
                "US_FdiFlowsStock.csv, line 6: seen a quote that is not closed, expected CSV in UTF-8; the body is "
                    + "kept; the table keeps "
                    + "the old vintage; pull the slice again"
            },
            {
                $"#part inward sideways\n{Fdi.Header}\n",
                $"line 1, the header: seen \"#part inward sideways\", expected the columns Year, Economy, Flow, "
                    + $"Direction too; {Old}"
            },
        };

    [Theory, MemberData(nameof(Refused))]
    public async Task A_body_that_is_no_vintage_is_refused(string body, string expected)
    {
        var outcome = await ReadAsync(body.Replace('\'', '"'));
        Assert.Equal(expected, outcome.Check.Refusal?.ToString());
        Assert.Empty(outcome.Rows);
    }

    [Fact]
    public async Task Text_in_UTF_16_is_read_and_so_is_a_mark_before_UTF_8()
    {
        var text = Fdi.Csv("1990,643,,08,,1,,1,,");
        var wide = await BodyOutcome.ReadAsync(
            Fdi.Reader(),
            [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)]
        );
        Assert.Equal("1 of 5 kept, 4 excluded", wide.ToString());
        var marked = await BodyOutcome.ReadAsync(
            Fdi.Reader(),
            [.. Encoding.UTF8.GetPreamble(), .. Fdi.Bytes(text.Replace("\n", "\r\n", StringComparison.Ordinal))]
        );
        Assert.Equal("1 of 5 kept, 4 excluded", marked.ToString());
    }

    public static TheoryData<string, string> Archives =>
        new()
        {
            { "good", "" },
            { "other case", "" },
            {
                "other member",
                "7z table of contents: seen a member named \"figures.csv\", expected US_FdiFlowsStock.csv; the body "
                    + "is kept and the table keeps the old vintage; if the publisher has renamed it, adapt the "
                    + "reader, then replay"
            },
            { "damaged", "7z member: seen CRC-32 " },
            { "10 GB", "7z table of contents, byte 35: seen 10737418240 bytes" },
            { "cut off", "7z start header: seen a table of contents at byte " },
            { "two members", "7z table of contents: seen 2 members, expected one member; " },
            { "start header damaged", "7z start header: seen CRC-32 " },
            {
                "wrong magic",
                "7z byte 0: seen 37 7A 00 AF 27 1C, expected 37 7A BC AF 27 1C, the signature of a 7z archive; "
            },
        };

    [Theory, MemberData(nameof(Archives))]
    public async Task An_archive_is_unpacked_or_refused(string kind, string expected)
    {
        var text = Fdi.Bytes(
            Fdi.Csv(string.Join('\n', Enumerable.Range(100, 800).Select(code => $"1990,{code},,08,,1,,1,,")))
        );
        var archive = kind switch
        {
            "other case" => Fdi.Archive(text, "us_fdiflowsstock.CSV"),
            "other member" => Fdi.Archive(text, "figures.csv"),
            "damaged" => Fdi.Archive(text, damaged: true),
            "10 GB" => Fdi.Archive(text, declared: 10L << 30),
            "cut off" => Fdi.Archive(text)[..^100],
            "two members" or "start header damaged" => SevenZipWriter.Write("x"u8.ToArray(), kind),
            _ => Fdi.Archive(text),
        };
        if (kind == "wrong magic")
            archive[2] = 0;
        var outcome = await BodyOutcome.ReadAsync(Fdi.Reader(), archive, step: 1000);
        if (expected.Length == 0)
            Assert.Equal("800 of 804 kept, 4 excluded", outcome.ToString());
        else
            Assert.StartsWith(expected, outcome.Check.Refusal?.ToString(), StringComparison.Ordinal);
    }
}
