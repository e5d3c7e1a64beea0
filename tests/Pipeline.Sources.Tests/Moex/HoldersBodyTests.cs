using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

public sealed class HoldersBodyTests
{
    private const string Slice = "holders-by-country/all";
    private const string Columns =
        "as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation";
    private const string CorrectRow = "; mend the row in the file";
    private const string CorrectFile =
        "; the table keeps the old rows; mend the file and put it into the container " + "again";
    private const string Twice = "; both are kept in rejects; remove the wrong one, or cite them apart";
    private const string Check = "; check basis, day and qualifier of these rows";
    private const string Bases =
        "expected one of foreign_held_free_float, free_float, market_outstanding, turnover, client_assets";
    private const string Iso =
        "expected an ISO 3166-1 code of two upper-case letters, or nothing for regions and totals";
    private const string Percent = "expected per cent, 0 to 100, with a point, or nothing";
    private const string Amount =
        "expected an amount of 0 or more in whole units, not millions, with a point and nothing between thousands, "
        + "or nothing";

    private static string Rejected(string place, string seen, string expected) =>
        $"0 of 1 kept, 0 excluded\nrejected: line 2, column {place}: seen {seen}, {expected}{CorrectRow}";

    /// <summary>Rows below the header, and all that comes of them.</summary>
    public static TheoryData<string, string> Rows =>
        new()
        {
            { "2018-07-05,equity,free_float,United States,US,56,,,approximate,Reuters", "1 of 1 kept, 0 excluded" },
            { "2018-07-05,equity,free_float,Namibia,NA,0.5,,,exact,Reuters", "1 of 1 kept, 0 excluded" },
            { "2018-07-05,equity,free_float,Continental Europe,,33.3,,,midpoint,Reuters", "1 of 1 kept, 0 excluded" },
            {
                "2018-07-05,ofz,client_assets,\"Kazakhstan, "
                    + "\"\"retail\"\"\",KZ,,185800000000.5,RUB,lower_bound,\"Bank of Russia, 2024\"",
                "1 of 1 kept, 0 excluded"
            },
            { "2018-07-05,fx_spot,turnover,All non-residents,,100,0,USD,exact,Reuters", "1 of 1 kept, 0 excluded" },
            {
                "\n,,,,,,,,,\n2018-07-05,equity,free_float,United States,US,56,,,exact,Reuters\n\n",
                "1 of 1 kept, 0 excluded"
            },
            {
                "05.07.2018,equity,free_float,United States,US,56,,,exact,Reuters",
                Rejected("as_of", "\"05.07.2018\"", "expected the day the figure refers to, yyyy-MM-dd")
            },
            {
                ",equity,free_float,United States,US,56,,,exact,Reuters",
                Rejected("as_of", "nothing", "expected the day the figure refers to, yyyy-MM-dd")
            },
            {
                "2018-02-30,equity,free_float,United States,US,56,,,exact,Reuters",
                Rejected("as_of", "\"2018-02-30\"", "expected the day the figure refers to, yyyy-MM-dd")
            },
            {
                "2018-07-05,shares,free_float,United States,US,56,,,exact,Reuters",
                Rejected(
                    "asset_class",
                    "\"shares\"",
                    "expected one of equity, ofz, sovereign_eurobond, derivatives, fx_spot, broker_client_assets"
                )
            },
            { "2018-07-05,equity,,United States,US,56,,,exact,Reuters", Rejected("basis", "nothing", Bases) },
            {
                "2018-07-05,equity,capitalisation,United States,US,56,,,exact,Reuters",
                Rejected("basis", "\"capitalisation\"", Bases)
            },
            {
                "2018-07-05,ofz,market_outstanding_cbr_monthly,United States,US,56,,,exact,Reuters",
                Rejected("basis", "\"market_outstanding_cbr_monthly\"", Bases)
            },
            {
                "2018-07-05,equity,free_float,,US,56,,,exact,Reuters",
                Rejected(
                    "holder",
                    "nothing",
                    "expected the holder as published, at most 200 characters in one line, no blanks around"
                )
            },
            {
                "2018-07-05,equity,free_float,United States ,US,56,,,exact,Reuters",
                Rejected(
                    "holder",
                    "\"United States \"",
                    "expected the holder as published, at most 200 characters in one line, no blanks around"
                )
            },
            {
                "2018-07-05,equity,free_float,\"United\nStates\",US,56,,,exact,Reuters",
                Rejected(
                    "holder",
                    "\"United States\"",
                    "expected the holder as published, at most 200 characters in one line, no blanks around"
                )
            },
            {
                "2018-07-05,equity,free_float,United Kingdom,UK,56,,,exact,Reuters",
                Rejected("holder_iso2", "\"UK\"", "expected GB, the code of the United Kingdom")
            },
            {
                "2018-07-05,equity,free_float,United States,us,56,,,exact,Reuters",
                Rejected("holder_iso2", "\"us\"", Iso)
            },
            {
                "2018-07-05,equity,free_float,United States,USA,56,,,exact,Reuters",
                Rejected("holder_iso2", "\"USA\"", Iso)
            },
            { "2018-07-05,equity,free_float,Nobody,ZZ,56,,,exact,Reuters", Rejected("holder_iso2", "\"ZZ\"", Iso) },
            {
                "2018-07-05,equity,free_float,United States,US,101,,,exact,Reuters",
                Rejected("share_percent", "\"101\"", Percent)
            },
            {
                "2018-07-05,equity,free_float,United States,US,-1,,,exact,Reuters",
                Rejected("share_percent", "\"-1\"", Percent)
            },
            {
                "2018-07-05,equity,free_float,United States,US,\"12,5\",,,exact,Reuters",
                Rejected("share_percent", "\"12,5\"", Percent)
            },
            {
                "2018-07-05,equity,free_float,United States,US,56%,,,exact,Reuters",
                Rejected("share_percent", "\"56%\"", Percent)
            },
            {
                "2018-07-05,equity,free_float,United States,US,5e1,,,exact,Reuters",
                Rejected("share_percent", "\"5e1\"", Percent)
            },
            {
                "2018-07-05,equity,free_float,United States,US,NaN,,,exact,Reuters",
                Rejected("share_percent", "\"NaN\"", Percent)
            },
            {
                "2018-07-05,equity,free_float,United States,US,,,,exact,Reuters",
                Rejected("share_percent", "nothing", "expected a figure here or in the column value")
            },
            {
                "2018-07-05,equity,free_float,United States,US,,\"1,000\",USD,exact,Reuters",
                Rejected("value", "\"1,000\"", Amount)
            },
            {
                "2018-07-05,equity,free_float,United States,US,,1 000,USD,exact,Reuters",
                Rejected("value", "\"1 000\"", Amount)
            },
            {
                "2018-07-05,equity,free_float,United States,US,,1000,,exact,Reuters",
                Rejected("currency", "nothing", "expected an ISO 4217 code, because there is a value")
            },
            {
                "2018-07-05,equity,free_float,United States,US,,1000,RUR,exact,Reuters",
                Rejected("currency", "\"RUR\"", "expected an ISO 4217 code, because there is a value")
            },
            {
                "2018-07-05,equity,free_float,United States,US,56,,USD,exact,Reuters",
                Rejected("currency", "\"USD\"", "expected nothing, because there is no value")
            },
            {
                "2018-07-05,equity,free_float,United States,US,56,,,about,Reuters",
                Rejected("qualifier", "\"about\"", "expected one of exact, lower_bound, approximate, midpoint")
            },
            {
                "2018-07-05,equity,free_float,United States,US,56,,,exact,",
                Rejected(
                    "citation",
                    "nothing",
                    "expected publisher and date, at most 200 characters in one line, no blanks around"
                )
            },
            {
                "2018-07-05,equity,free_float,United States,US,56,,,exact",
                "0 of 1 kept, 0 excluded\nrejected: line 2: seen 9 cells, expected 10 cells" + CorrectRow
            },
            {
                "2018-07-05,equity,free_float,United States,US,12,5,,,exact,Reuters",
                "0 of 1 kept, 0 excluded\nrejected: line 2: seen 11 cells, expected 10 cells" + CorrectRow
            },
            {
                "2018-07-05,equity,free_float,United States,US,1,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "Kingdom,UK,2,,,exact,A\n2018-07-05,equity,free_float,Singapore,SG,3,,,exact,A",
                "2 of 3 kept, 0 excluded\nrejected: line 3, column holder_iso2: seen \"UK\", expected GB, the code "
                    + "of the United Kingdom"
                    + CorrectRow
            },
            {
                "2018-07-05,equity,free_float,United States,US,38,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "States,US,40,,,exact,B",
                "2 of 2 kept, 0 excluded"
            },
            {
                "2018-07-05,equity,free_float,United States,US,38,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "States,US,38.0,,,exact,A",
                "1 of 2 kept, 1 excluded"
            },
            {
                "2018-07-05,equity,free_float,United States,US,38,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "States,US,40,,,exact,A\n2018-07-05,equity,free_float,Singapore,SG,3,,,exact,A",
                "1 of 3 kept, 0 excluded"
                    + "\nrejected: line 2: seen share 38, US, exact, expected one figure of \"United States\" on "
                    + "2018-07-05, but line 3 has share 40, US, exact"
                    + Twice
                    + "\nrejected: line 3: seen share 40, US, exact, expected one figure of \"United States\" on "
                    + "2018-07-05, but line 2 has share 38, US, exact"
                    + Twice
            },
            {
                "2018-07-05,equity,free_float,United States,US,38,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "States,US,38,,,lower_bound,A",
                "0 of 2 kept, 0 excluded"
                    + "\nrejected: line 2: seen share 38, US, exact, expected one figure of \"United States\" on "
                    + "2018-07-05, but line 3 has share 38, US, lower_bound"
                    + Twice
                    + "\nrejected: line 3: seen share 38, US, lower_bound, expected one figure of \"United States\" "
                    + "on 2018-07-05, but line 2 has share 38, US, exact"
                    + Twice
            },
            {
                "2018-07-05,equity,free_float,United States,US,60,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "Kingdom,GB,40.6,,,exact,B\n2018-07-05,equity,free_float,Singapore,SG,9,,,approximate,B",
                "1 of 3 kept, 0 excluded"
                    + "\nrejected: line 2, column share_percent: seen 60 of 100.6 per cent together (US 60, GB "
                    + "40.6), expected exact shares of equity by free_float on 2018-07-05 that add up to at most 100.5"
                    + Check
                    + "\nrejected: line 3, column share_percent: seen 40.6 of 100.6 per cent together (US 60, GB "
                    + "40.6), expected exact shares of equity by free_float on 2018-07-05 that add up to at most 100.5"
                    + Check
            },
            {
                "2018-07-05,equity,free_float,United States,US,60,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "Kingdom,GB,40.5,,,exact,A",
                "2 of 2 kept, 0 excluded"
            },
            {
                "2018-07-05,equity,free_float,United States,US,60,,,exact,A\n2018-07-05,equity,turnover,United "
                    + "Kingdom,GB,60,,,exact,A\n2018-07-06,equity,free_float,United Kingdom,GB,60,,,exact,A",
                "3 of 3 kept, 0 excluded"
            },
            {
                "2018-07-05,equity,free_float,United States,US,60,,,exact,A\n2018-07-05,equity,free_float,United "
                    + "States,US,61,,,exact,B\n2018-07-05,equity,free_float,All "
                    + "non-residents,,90,,,exact,A\n2018-07-05,equity,free_float,Continental Europe,,40,,,exact,A",
                "4 of 4 kept, 0 excluded"
            },
            {
                "2018-07-05,equity,free_float,United "
                    + "States,US,60,,,exact,A\n2018-07-05,equity,free_float,Continental Europe,,41,,,exact,A",
                "0 of 2 kept, 0 excluded"
                    + "\nrejected: line 2, column share_percent: seen 60 of 101 per cent together (US 60, "
                    + "Continental Europe 41), expected exact shares of equity by free_float on 2018-07-05 that add "
                    + "up to at most 100.5"
                    + Check
                    + "\nrejected: line 3, column share_percent: seen 41 of 101 per cent together (US 60, "
                    + "Continental Europe 41), expected exact shares of equity by free_float on 2018-07-05 that add "
                    + "up to at most 100.5"
                    + Check
            },
            {
                "2018-07-05,equity,free_float,United "
                    + "States,US,60,,,lower_bound,A\n2018-07-05,equity,free_float,United Kingdom,GB,60,,,exact,A",
                "2 of 2 kept, 0 excluded"
            },
        };

    [Theory, MemberData(nameof(Rows))]
    public async Task Rows_of_the_file_are_told_what_is_wrong_with_them(string rows, string expected) =>
        Assert.Equal(expected, await Holders.OutcomeAsync(Slice, Encoding.UTF8.GetBytes($"{Columns}\n{rows}\n")));

    private const string Row = "2018-07-05,equity,free_float,United States,US,56,,,exact,Reuters";

    /// <summary>Whole files, and all that comes of them.</summary>
    public static TheoryData<string, string> Files =>
        new()
        {
            { $"\uFEFF{Columns}\r\n{Row}\r\n", "1 of 1 kept, 0 excluded" },
            { $"{Columns}\n{Row}", "1 of 1 kept, 0 excluded" },
            {
                "citation,qualifier,currency,value,share_percent,holder_iso2,holder,basis,asset_class,as_of\n"
                    + "Reuters,exact,,,56,US,United States,free_float,equity,2018-07-05",
                "1 of 1 kept, 0 excluded"
            },
            {
                $"{Columns.Replace("basis,", "")}\n{Row}",
                "0 of 0 kept, 0 excluded\nrefused: line 1: seen "
                    + "\"as_of,asset_class,holder,holder_iso2,share_percent,value,currency,qualifier,citation\", "
                    + "expected the column basis too, with commas between them"
                    + CorrectFile
            },
            {
                $"{Columns},note\n{Row},x",
                "0 of 0 kept, 0 excluded\nrefused: line 1: seen "
                    + "\"as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation,"
                    + "note\", expected no column \"note\""
                    + CorrectFile
            },
            {
                $"{Columns.Replace("basis", "Basis")}\n{Row}",
                "0 of 0 kept, 0 excluded\nrefused: line 1: seen "
                    + "\"as_of,asset_class,Basis,holder,holder_iso2,share_percent,value,currency,qualifier,"
                    + "citation\", expected the column basis too, and no others, with commas between them"
                    + CorrectFile
            },
            {
                $"{Columns},basis\n{Row},free_float",
                "0 of 0 kept, 0 excluded\nrefused: line 1: seen "
                    + "\"as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation,"
                    + "basis\", expected each column once"
                    + CorrectFile
            },
            {
                $"{Columns.Replace(',', ';')}\n{Row.Replace(',', ';')}",
                "0 of 0 kept, 0 excluded\nrefused: holders.csv, line 1: seen semicolons between the columns, "
                    + "expected commas "
                    + "between the columns; "
                    + "the table keeps the old rows; save the file as CSV with commas and decimal points, and put "
                    + "it into the container again"
            },
            {
                Columns,
                "0 of 0 kept, 0 excluded\nrefused: body: seen no row, expected a row for each statement; an empty "
                    + "Moex__HoldersFile switches the dataset off"
                    + CorrectFile
            },
            {
                "\n\n",
                "0 of 0 kept, 0 excluded\nrefused: body: seen no line, expected a header and a row for each statement"
                    + CorrectFile
            },
            {
                $"{Columns}\n{Row}\n2018-07-05,equity,\"free_float",
                "1 of 1 kept, 0 excluded\nrefused: holders.csv, line 3: seen a quote that is not closed, expected "
                    + "CSV in UTF-8, "
                    + "with commas, as RFC 4180 has it"
                    + CorrectFile
            },
            {
                $"{Columns}\n2018-07-05,eq\"uity,",
                "0 of 0 kept, 0 excluded\nrefused: holders.csv, line 2: seen a quote inside a cell that does not "
                    + "begin with one, "
                    + "expected CSV in UTF-8, with commas, as RFC 4180 has it"
                    + CorrectFile
            },
            {
                "<html>Access denied</html>",
                "0 of 0 kept, 0 excluded\nrefused: line 1: seen \"<html>Access denied</html>\", expected the "
                    + "columns as_of, asset_class, basis, holder, holder_iso2, share_percent, value, currency, "
                    + "qualifier, citation too, and no others, with commas between them"
                    + CorrectFile
            },
        };

    [Theory, MemberData(nameof(Files))]
    public async Task Files_are_told_what_is_wrong_with_them(string file, string expected) =>
        Assert.Equal(expected, await Holders.OutcomeAsync(Slice, Encoding.UTF8.GetBytes(file)));

    [Fact]
    public async Task Text_of_another_encoding_is_told_as_such()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var text = $"{Columns}\n{Row}\n{Row.Replace("Reuters", "Интерфакс", StringComparison.Ordinal)}\n";
        Assert.Equal(
            "1 of 2 kept, 0 excluded\nrejected: line 3: seen bytes that are not UTF-8, expected text in UTF-8"
                + CorrectRow,
            await Holders.OutcomeAsync(Slice, Encoding.GetEncoding(1251).GetBytes(text))
        );
        Assert.Equal(
            "2 of 2 kept, 0 excluded",
            await Holders.OutcomeAsync(Slice, [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)])
        );
        Assert.Equal("2 of 2 kept, 0 excluded", await Holders.OutcomeAsync(Slice, Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public async Task A_file_of_nothing_but_repeated_and_contradicting_rows_is_read_in_no_time()
    {
        var rows = string.Concat(
            Enumerable.Range(0, 60_000).Select(number => $"2018-07-05,equity,free_float,US,US,{number % 2},,,exact,A\n")
        );
        var outcome = await BodyOutcome
            .ReadAsync(Holders.Reader(Slice), Encoding.UTF8.GetBytes($"{Columns}\n{rows}"))
            .WaitAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(
            (60_000, 0, 60_000),
            ((int)outcome.Check.Read, (int)outcome.Check.Kept, (int)outcome.Check.Rejected)
        );
    }

    [Theory]
    [InlineData("0.55", "0.2", "0.05", true)]
    [InlineData("55", "0.2", "0.05", false)]
    [InlineData("", "0.2", "0.05", false)]
    public async Task Shares_as_fractions_of_one_day_and_basis_are_refused_until_they_are_accepted(
        string first,
        string second,
        string third,
        bool isRefused
    )
    {
        string[] shares = [first, second, third];
        var rows = shares.Select(
            (share, at) =>
                $"2018-06-30,equity,foreign_held_free_float,Holder {at},,{share},{(share == "" ? "5" : "")},"
                + $"{(share == "" ? "USD" : "")},exact,a\n"
        );
        var outcome = await BodyOutcome.ReadAsync(
            Holders.Reader(Slice),
            Encoding.UTF8.GetBytes($"{Columns}\n{string.Concat(rows)}")
        );
        Assert.Equal(
            isRefused
                ? "line 2, column share_percent: seen 3 shares of equity by foreign_held_free_float on 2018-06-30, "
                    + "none "
                    + "above 1, expected per cent, not fractions of 1; the table keeps the old rows; write the "
                    + "shares in "
                    + "per cent and put the file into the container again, or replay the slice with accept if the "
                    + "shares "
                    + "are right"
                : null,
            outcome.Check.Refusal?.ToString()
        );
        Assert.Equal(isRefused, outcome.Check.Judgements.Count > 0);
    }

    [Theory]
    [InlineData("79228162514264337593543950335")]
    [InlineData("0.0000000000000000000000000001")]
    public async Task Numbers_of_any_size_a_decimal_has_do_no_harm(string value) =>
        Assert.Equal(
            "1 of 2 kept, 1 excluded",
            await Holders.OutcomeAsync(
                Slice,
                Encoding.UTF8.GetBytes(
                    $"{Columns}\n"
                        + $"{string.Concat(Enumerable.Repeat($"2018-07-05,equity,free_float,US,US,,{value},USD,exact,A\n", 2))}"
                )
            )
        );

    [Fact]
    public async Task What_is_stated_is_kept_as_it_was_stated() =>
        Assert.Equal(
            [
                "ofz|market_outstanding 2021-01-01 United Kingdom GB 6.9 947000000000 RUB exact [Bank of Russia "
                    + "risk review, 2021-02; TASS, 2021-03-09]",
                "equity|foreign_held_free_float 2018-07-05 United Kingdom GB 20 -1  lower_bound [Reuters]",
                "equity|free_float 2013-12-31 All non-residents  NaN 85500000000.25 USD midpoint [Reuters / #1?]",
            ],
            await Holders.RowsAsync(
                Slice,
                Encoding.UTF8.GetBytes(
                    $"{Columns}\n"
                        + "2021-01-01,ofz,market_outstanding,United Kingdom,GB,6.9,947000000000,RUB,exact,\"Bank of "
                        + "Russia risk review, 2021-02; TASS, 2021-03-09\"\n"
                        + "2018-07-05,equity,foreign_held_free_float,United Kingdom,GB,20,,,lower_bound,Reuters\n"
                        + "2013-12-31,equity,free_float,All non-residents,,,85500000000.25,USD,midpoint,Reuters / #1?\n"
                )
            )
        );
}
