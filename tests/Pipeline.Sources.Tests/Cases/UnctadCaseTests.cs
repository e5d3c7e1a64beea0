using System.Globalization;
using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>Files on investment that people drop, as they really are.</summary>
public sealed class UnctadCaseTests
{
    private const string Partners = "fdi-partners.csv";

    private static readonly string[] Codes =
    [
        "CYP",
        "NLD",
        "DEU",
        "FRA",
        "AUT",
        "SWE",
        "JPN",
        "ITA",
        "ESP",
        "FIN",
        "NOR",
        "POL",
        "TUR",
        "IND",
        "BRA",
        "CAN",
        "IRL",
        "GRC",
        "MLT",
        "LVA",
    ];

    internal static string File(params string[] more) =>
        "year,direction,measure,partner,iso3,value_musd\n"
        + string.Concat(Codes.Select((code, at) => $"2012,inward,stock,P{at},{code},{500 - at}\n"))
        + string.Concat(more.Select(line => $"2012,inward,stock,{line}\n"));

    internal static async Task<Case> PartnersAsync(CaseServer server, string text)
    {
        var run = new Case("unctad-fdi", server, ("Unctad__PartnersFile", Partners));
        await run.DropAsync(Partners, Encoding.UTF8.GetBytes(text));
        return run;
    }

    [Fact]
    public async Task Codes_that_are_none_are_rejected_by_row_and_retired_ones_are_mapped_where_that_is_certain()
    {
        using var server = new CaseServer();
        await using var run = await PartnersAsync(
            server,
            File(
                "Romania,ROM,55",
                "Romania,ROU,55",
                "Germny,DUE,7",
                "Serbia and Montenegro,SCG,3",
                "Congo (Dem. Rep.),ZAR,2",
                "Kosovo,XKX,1",
                "Netherlands Antilles,ANT,4",
                "Belgium / Luxembourg,BLX,9"
            )
        );
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        var rows = await run.Pipeline.RowsAsync("fdipartners");
        Assert.Equal(
            ["2012|COD", "2012|ROU", "2012|XKX"],
            rows.Select(row => row.RowKey).Where(key => !Codes.Contains(key[5..])).Order(StringComparer.Ordinal)
        );
        Assert.Equal(23, rows.Select(row => row.GetInt32("Rank")).Distinct().Count());
        Assert.Equal(
            [
                "line 23: seen 643|inward|stock|host 2012|ROU a second time, expected one row per host, direction, "
                    + "measure, reporter, year and partner",
                "line 24, column iso3: seen \"DUE\", expected an ISO 3166-1 alpha-3 code, current or former, or XKX "
                    + "for Kosovo",
                "line 25, column iso3: seen \"SCG\", expected a code that was in use in 2012: SCG, Serbia and "
                    + "Montenegro, ended in 2006",
                "line 28, column iso3: seen \"ANT\", expected a code that was in use in 2012: ANT, Netherlands "
                    + "Antilles, ended in 2010",
                "line 29, column iso3: seen \"BLX\", expected an ISO 3166-1 alpha-3 code, current or former, or XKX "
                    + "for Kosovo",
            ],
            (await run.Pipeline.RowsAsync("rejects"))
                .Select(row => $"{row["Position"]}: seen {row["Seen"]}, expected {row["Expected"]}")
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Regions_without_a_code_are_rejected_by_row_and_do_not_sink_the_file()
    {
        using var server = new CaseServer();
        await using var run = await PartnersAsync(server, File("Unspecified,,12.5", "Europe,,9000", "Total,,99999"));
        var verdict = await run.RunAsync();
        Assert.Equal((2, 20), (verdict.ExitCode, (await run.Pipeline.RowsAsync("fdipartners")).Count));
        Assert.Contains(verdict.Open, line =>
            line.Contains(
                "2 rejects of one cause, the first: unctad-fdi/fdi-partners/all line 22, column iso3: "
                    + "seen nothing, expected the partner's ISO 3166-1 alpha-3 code, three capital letters",
                StringComparison.Ordinal
            )
        );
        Assert.Contains(verdict.Open, line =>
            line.Contains(
                "RUS inward stock 2012 by the host, immediate investor: seen partners that add up to "
                    + "9810000000 US dollars "
                    + "without 2 rows that were not understood, expected 99999000000, the row Total (line 24)",
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public async Task A_file_of_unknown_codes_says_their_share()
    {
        using var server = new CaseServer();
        await using var run = await PartnersAsync(
            server,
            "year,direction,measure,partner,iso3,value_musd\n2012,inward,stock,A,AAA,1\n2012,inward,stock,B,BBB,2\n"
                + "2012,inward,stock,Cyprus,CYP,3\n"
        );
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(
            "body: seen 2 of 3 rows that cannot be understood, the first: line 2, column iso3: seen \"AAA\", "
                + "expected an ISO 3166-1 alpha-3 code, "
                + "current or former, or XKX for Kosovo, expected at most 50 %",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// The four exports of the data centre of some economies: labels, no codes, whole millions, CRLF.
    /// </summary>
    internal static Dictionary<string, string> Exports(IReadOnlyList<string> labels, bool footnote)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var direction in (string[])["inward", "outward"])
        {
            foreach (var measure in (string[])["flow", "stock"])
            {
                var scale = measure == "flow" ? 1_000 : 20_000;
                var text = new StringBuilder(
                    $"Economy_Label,Year,"
                        + $"US_at_current_prices_in_millions_Value{(footnote ? ",US_at_current_prices_Footnote" : "")},US_at_current_prices_MissingValue\r\n"
                );
                for (var year = 1990; year <= 2024; year++)
                {
                    var world = 0L;
                    for (var at = 0; at < labels.Count; at++)
                    {
                        var value = (at % 7 + 1L) * scale;
                        world += Fdi.IsCentre(labels[at]) ? 0 : value;
                        text.Append(
                            CultureInfo.InvariantCulture,
                            $"\"{labels[at]}\",{year},{value}{(footnote ? "," : "")},\r\n"
                        );
                    }
                    text.Append(CultureInfo.InvariantCulture, $"\"World\",{year},{world}{(footnote ? "," : "")},\r\n");
                }
                files.Add($"US_FdiFlowsStock.{direction}-{measure}.csv", text.ToString());
            }
        }

        return files;
    }

    internal static async Task<Case> ExportsAsync(
        CaseServer server,
        Dictionary<string, string> files,
        Func<string, byte[]>? encode = null
    )
    {
        // The publisher's servers are away.
        server.On("/bulk", "", 503);
        var run = new Case("unctad-fdi", server, ("Unctad__BulkUrl", $"{server.Address}/bulk"));
        foreach (var (name, text) in files)
            await run.DropAsync(name, encode?.Invoke(text) ?? Encoding.UTF8.GetBytes(text));
        return run;
    }

    [Fact]
    public async Task Exports_of_few_economies_are_understood_and_refused_for_their_number()
    {
        using var server = new CaseServer();
        await using var run = await ExportsAsync(
            server,
            Exports(["Cyprus", "Cote d'Ivoire", "Kosovo", "Turkiye", "Russian Federation", "Serbia"], footnote: true)
        );
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(
            "body: seen 980 rows, expected 30000 to 60000; ",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string> Copies =>
        [
            "as it is",
            "without footnotes",
            "semicolons",
            "cp1252",
            "UTF-16",
            "year pivot",
            "year pivot of values alone",
            "year pivot with semicolons",
            "quoted rows",
            "quoted rows in cp1252",
        ];

    [Theory, MemberData(nameof(Copies))]
    public async Task A_whole_release_of_exports_is_read_however_a_spreadsheet_has_saved_it(string kind)
    {
        var files = Exports(Fdi.Labels, footnote: kind != "without footnotes");
        var text = string.Concat(
            files.Select(file => $"#part {file.Key.Split('.')[1].Replace('-', ' ')}\n{Form(file.Value, kind)}")
        );
        // An accent that the publisher may write some day: only then is the encoding more than its name.
        if (kind is "UTF-16" || kind.EndsWith("cp1252", StringComparison.Ordinal))
            text = text.Replace("Curacao", "Curaçao", StringComparison.Ordinal);
        if (kind.EndsWith("semicolons", StringComparison.Ordinal))
            text = WithSemicolons(text);
        byte[] body = kind switch
        {
            "cp1252" or "quoted rows in cp1252" => Encoding.Latin1.GetBytes(text),
            "UTF-16" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)],
            _ => Encoding.UTF8.GetBytes(text),
        };
        var outcome = await BodyOutcome.ReadAsync(Fdi.Reader(extract: false), body);
        Assert.Equal(
            $"{Fdi.Labels.Count * 140} of {(Fdi.Labels.Count + 1) * 140} kept, 140 excluded",
            outcome.ToString()
        );
    }

    private static string Form(string text, string kind)
    {
        if (kind.StartsWith("year pivot", StringComparison.Ordinal))
            return DataCentre.Pivot(text, whole: kind != "year pivot of values alone");
        return kind.StartsWith("quoted", StringComparison.Ordinal) ? DataCentre.Quoted(text) : text;
    }

    [Fact]
    public async Task Exports_with_semicolons_and_in_a_code_page_are_put_together_and_loaded()
    {
        using var server = new CaseServer();
        var files = Exports(Fdi.Labels, footnote: true)
            .ToDictionary(
                file => file.Key,
                file => WithSemicolons(file.Value.Replace("Curacao", "Curaçao", StringComparison.Ordinal))
            );
        await using var run = await ExportsAsync(server, files, Encoding.Latin1.GetBytes);
        var verdict = await run.RunAsync();
        Assert.DoesNotContain(verdict.Lines, line => !line.StartsWith("late", StringComparison.Ordinal));
        Assert.Equal(0, verdict.ExitCode);
        Assert.Equal(Fdi.Labels.Count * 140L, (await run.Pipeline.LedgerAsync()).Added);
    }

    /// <summary>Each of the four files has a form of its own; lines are those of the file.</summary>
    [Fact]
    public async Task Exports_of_four_forms_are_put_together_and_a_row_is_named_with_its_file_and_line()
    {
        using var server = new CaseServer();
        var files = Exports(Fdi.Labels, footnote: true);
        await using var run = await ExportsAsync(server, []);
        foreach (var (name, text) in files)
        {
            var body = name.Split('.')[1] switch
            {
                "inward-flow" => Encoding.Unicode.GetBytes(text),
                "inward-stock" => Encoding.UTF8.GetBytes(text.Replace("\r\n", "\r", StringComparison.Ordinal)),
                "outward-flow" => Encoding.UTF8.GetBytes($"sep=;\r\n{WithSemicolons(text)}"),
                _ => Encoding.UTF8.GetBytes(text + "Cyprus,199O,1,,\r\n"),
            };
            await run.DropAsync(name, body);
        }
        var last = files.Values.Last();
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Equal(
            $"US_FdiFlowsStock.outward-stock.csv, line {last.Count(sign => sign == '\n') + 1}, column Year",
            Assert.Single(await run.Pipeline.RowsAsync("rejects"))["Position"]
        );
        Assert.Equal(Fdi.Labels.Count * 140L, (await run.Pipeline.LedgerAsync()).Added);
    }

    [Fact]
    public async Task An_export_of_no_certain_form_is_named_before_the_four_are_put_together()
    {
        using var server = new CaseServer();
        var files = Exports(["Cyprus"], footnote: true);
        files["US_FdiFlowsStock.outward-flow.csv"] = $"sep=#\n{files["US_FdiFlowsStock.outward-flow.csv"]}";
        await using var run = await ExportsAsync(server, files);
        Assert.Contains(
            "US_FdiFlowsStock.outward-flow.csv, line 1: seen \"sep=#\", expected sep= and the separator, one of , ; | "
                + "or a tab, or no such line; correct the line or remove it, and drop the file again",
            Assert.Single((await run.RunAsync()).Failed),
            StringComparison.Ordinal
        );
    }

    /// <summary>Semicolons in the place of the commas between cells; those inside labels stay.</summary>
    private static string WithSemicolons(string text) =>
        string.Join(
            "\r\n",
            text.Split("\r\n")
                .Select(line =>
                    line.StartsWith('"')
                        ? line[..line.LastIndexOf('"')] + "\"" + line[(line.LastIndexOf('"') + 1)..].Replace(',', ';')
                        : line.Replace(',', ';')
                )
        );

    public static TheoryData<string, string, string> Forms =>
        new()
        {
            {
                "Economy_Label|Year|US_at_current_prices_in_millions_Value\r\n",
                "a bar",
                "US_FdiFlowsStock.inward-flow.csv, line 1, the header: seen bars between the columns, expected "
                    + "commas between the columns, or "
                    + "semicolons and decimal commas"
            },
            {
                "\"Economy_Label,Year,US_at_current_prices_in_millions_Value\";;;\r\n",
                "quoted rows with semicolons",
                "US_FdiFlowsStock.inward-flow.csv, line 1: seen a semicolon after a closing quote, expected CSV in "
                    + "UTF-8"
            },
            {
                "Economy_Label,2023,2024\r\n",
                "a pivot of years alone",
                "US_FdiFlowsStock.inward-flow.csv, line 1, the header: seen the year alone as the name of the "
                    + "column \"2023\", expected the measure "
                    + "and the unit too, such as 2023_US_at_current_prices_in_millions_Value"
            },
            {
                "Economy_Label;Year;US_at_current_prices_in_millions_Value\r\nCyprus;1990;1.5\r\nCyprus;1991;1.5\r\n",
                "points beside semicolons",
                "US_FdiFlowsStock.inward-flow.csv, line 2, column US_at_current_prices_in_millions_Value: seen "
                    + "\"1.5\", expected a decimal number "
                    + "with a comma, because semicolons stand between the columns"
            },
            {
                "Economy_Label,Year,US_at_current_prices_in_millions_Value\r\nAtlantis,1990,1\r\nAtlantis,1991,1\r\n",
                "an unknown label",
                "US_FdiFlowsStock.inward-flow.csv, line 2, column Economy_Label: seen \"Atlantis\", expected the "
                    + "label of an economy or a group that "
                    + "the program's lists have"
            },
        };

    [Theory, MemberData(nameof(Forms))]
    public async Task A_copy_that_is_not_certain_is_named(string text, string what, string words)
    {
        Assert.NotEmpty(what);
        using var server = new CaseServer();
        var files = Exports(["Cyprus"], footnote: true).Keys.ToDictionary(name => name, _ => text);
        await using var run = await ExportsAsync(server, files);
        var verdict = await run.RunAsync();
        Assert.Contains(words, Assert.Single(verdict.Failed), StringComparison.Ordinal);
        Assert.Equal(1, verdict.ExitCode);
    }

    [Fact]
    public async Task An_economy_that_the_world_leaves_out_is_named_and_the_list_can_be_corrected_or_the_body_accepted()
    {
        using var server = new CaseServer();
        var rows = Fdi.Release();
        // The world of this release leaves out 840, too.
        rows =
        [
            .. rows.GroupBy(row => (row.Year, row.Flow, row.Direction))
                .SelectMany(group =>
                {
                    var out840 = decimal.Parse(
                        group.Single(row => row.Code == "840").Value,
                        CultureInfo.InvariantCulture
                    );
                    return group.Select(row =>
                        row.Code == "0000"
                            ? row with
                            {
                                Value = (decimal.Parse(row.Value, CultureInfo.InvariantCulture) - out840).ToString(
                                    CultureInfo.InvariantCulture
                                ),
                            }
                            : row
                    );
                }),
        ];
        server.On("/bulk", Fdi.Archive(Fdi.Bytes(Fdi.Text(rows))), 200, "application/x-7z-compressed");
        await using var run = new Case("unctad-fdi", server, ("Unctad__BulkUrl", $"{server.Address}/bulk"));
        var verdict = await run.RunAsync();
        Assert.Contains(
            "it seems to leave out 840 United States; the table keeps the old vintage; pull the slice again; if it "
                + "stays so ask the publisher, and replay it with accept if the figures are right; "
                + "which economies the world leaves out is the file fdi-financial-centres.csv in the container curated",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        var centres = ListOf(Fdi.Codes17.Append("840"));
        await run.DropAsync("fdi-financial-centres.csv", Encoding.UTF8.GetBytes(centres));
        await run.ReplayAsync("unctad-fdi/fdi-flows-stock/all", "raw", accept: false);
        Assert.Equal(30_100, (await run.Pipeline.LedgerAsync()).Added);

        static string ListOf(IEnumerable<string> codes) =>
            $"code,name\n{string.Concat(codes.Select(code => $"{code},x\n"))}";
    }
}
