using System.Text;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.Partners;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>Copies of files that spreadsheets and editors have saved in a form of their own.</summary>
public sealed class HandCopyTests
{
    private const string Partners =
        "year,direction,measure,partner,iso3,value_musd\n2012,inward,stock,Cyprus,CYP,1.5\n";
    private const string Holders =
        "as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation\n"
        + "2018-07-05,equity,free_float,US,US,1.5,,,exact,A\n";
    private const string Centres = "code,name\n660,Anguilla\n";
    private const string Export = "Economy_Label,Year,US_at_current_prices_in_millions_Value\nAtlantis,1990,1.5\n";
    private const string Old = "the table keeps the old rows; ";
    private const string OldVintage = "the table keeps the old vintage; ";
    private const string Again = "save the file as CSV with commas and decimal points, and ";
    private const string Utf8 = "save the file as UTF-8 and drop it again";
    private const string Csv = "save the file as CSV in UTF-8 and drop it again";

    /// <summary>The form, the file, the line that a form is told with; "read" where the form is certain.</summary>
    public static TheoryData<string, string, string> Forms
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var file in (string[])["partners", "holders", "centres", "export"])
            {
                foreach (
                    var form in (string[])
                        [
                            "plain",
                            "sep=;",
                            "sep=,",
                            "sep=tab",
                            "\"sep=;\"",
                            "CR",
                            "sep=; and CR",
                            "UTF-8 with mark and sep=;",
                        ]
                )
                {
                    all.Add(form, file, form == "\"sep=;\"" && file == "centres" ? "" : "read");
                }
                if (file == "centres")
                    continue;
                foreach (
                    var form in (string[])["LE with mark", "BE with mark", "LE", "BE", "LE and CR", "BE and sep=;"]
                )
                {
                    all.Add(form, file, "read");
                }
            }
            all.Add("semicolons", "export", "read");

            const string commas = "expected commas between the columns";
            const string named = "expected semicolons between the columns, as the line sep=; says";
            Told("semicolons", $"seen semicolons between the columns, {commas}", "partners holders", Again);
            Told("tabs", $"seen tabs between the columns, {commas}", "partners holders", Again);
            Told("bars", $"seen bars between the columns, {commas}", "partners holders", Again);
            Told(
                "one semicolon",
                $"seen commas and semicolons between the columns, {commas}",
                "partners holders",
                Again
            );
            Told("sep=; over commas", $"seen commas between the columns, {named}", "partners holders", Again);
            const string both = $"{commas}, or semicolons and decimal commas";
            Told("tabs", $"seen tabs between the columns, {both}", "export", Csv);
            Told("one semicolon", $"seen commas and semicolons between the columns, {both}", "export", Csv);
            Told("sep=; over commas", $"seen commas between the columns, {named}", "export", Csv);
            const string files = "partners holders export";
            Told(
                "sep=#",
                "seen \"sep=#\", expected sep= and the separator, one of , ; | or a tab, or no such line",
                files,
                "correct the line or remove it, and drop the file again"
            );
            Told(
                "CR and LF",
                "seen a line that ends with LF after lines that end with CR alone, expected line ends of one kind, LF "
                    + "or CRLF",
                files,
                Csv
            );
            Told(
                "half of LE",
                "seen UTF-16 LE text with bytes that are not UTF-16 LE, expected text in UTF-8",
                files,
                Utf8
            );
            Told(
                "half of BE",
                "seen UTF-16 BE text with bytes that are not UTF-16 BE, expected text in UTF-8",
                files,
                Utf8
            );

            const string list = "correct the file, or remove it so that the program's own list holds";
            all.Add(
                "semicolons",
                "centres",
                Centre($"seen semicolons between the columns in line 1, {commas}; {list}")
            );
            all.Add(
                "sep=; over commas",
                "centres",
                Centre($"seen commas between the columns in line 2, {named}; {list}")
            );
            all.Add(
                "LE",
                "centres",
                Centre("seen UTF-16 LE text, expected text in UTF-8; save the file as UTF-8 and upload it again")
            );
            all.Add(
                "BE with mark",
                "centres",
                Centre("seen UTF-16 BE text, expected text in UTF-8; save the file as UTF-8 and upload it again")
            );
            return all;

            string Centre(string words) =>
                $"file fdi-financial-centres.csv in the container curated: {words}; the next plan reads it again";

            void Told(string form, string words, string files, string remedy)
            {
                foreach (var file in files.Split(' '))
                {
                    // The line as the file has it: a line sep= is the first.
                    var line = form switch
                    {
                        "sep=; over commas" or "CR and LF" or "half of LE" or "half of BE" => 2,
                        _ => 1,
                    };
                    var end =
                        remedy != Again ? remedy
                        : file == "holders" ? $"{remedy}put it into the container again"
                        : $"{remedy}drop it again";
                    var (name, kept, header) = file switch
                    {
                        "partners" => ("fdi-partners.csv", Old, ""),
                        "holders" => ("holders.csv", Old, ""),
                        _ => ("US_FdiFlowsStock.csv", OldVintage, ", the header"),
                    };
                    if (form.StartsWith("half", StringComparison.Ordinal) || form is "CR and LF" or "sep=#")
                        header = "";
                    all.Add(form, file, $"{name}, line {line}{header}: {words}; {kept}{end}");
                }
            }
        }
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task A_form_is_read_where_it_is_certain_and_named_where_it_is_not(
        string form,
        string file,
        string expected
    )
    {
        var text = file switch
        {
            "partners" => Partners,
            "holders" => Holders,
            "centres" => Centres,
            _ => Export,
        };
        var body = Saved(text, form);
        if (file == "centres")
        {
            var (codes, finding) = await FinancialCentres.ReadAsync(
                new Loading.BodyContext(default, (_, _) =>
                    Task.FromResult<string?>(BinaryData.FromBytes(body).ToString())
                ),
                CancellationToken.None
            );
            if (expected == "read")
                Assert.Equal("660", Assert.Single(codes));
            else if (expected.Length > 0)
                Assert.Equal(expected, finding?.ToString());
            else
                Assert.NotNull(finding);
            return;
        }
        var reader = file switch
        {
            "partners" => new PartnersBody(),
            "holders" => new Sources.Moex.Holders.HoldersBody(),
            _ => Fdi.Reader(extract: false),
        };
        var outcome = await BodyOutcome.ReadAsync(reader, body, step: 7);
        if (expected != "read")
        {
            Assert.Equal(expected, outcome.Check.Refusal?.ToString());
        }
        else if (file == "export")
        {
            // An export that stands alone does not say its direction: its columns were understood.
            Assert.Contains(
                "expected the columns Economy, Flow, Direction too",
                outcome.Check.Refusal?.ToString(),
                StringComparison.Ordinal
            );
        }
        else
        {
            Assert.Equal("1 of 1 kept, 0 excluded", outcome.ToString());
            Assert.Equal(
                file == "partners" ? 1_500_000 : 1.5,
                outcome.Rows[0] is FdiPartner partner
                    ? partner.ValueUsd
                    : ((Sources.Moex.Holding)outcome.Rows[0]).SharePercent
            );
        }
    }

    /// <summary>A table with commas and LF in the form.</summary>
    private static byte[] Saved(string text, string form)
    {
        var semicolons = text.Replace(',', ';').Replace('.', ',');
        var header = text.IndexOf('\n', StringComparison.Ordinal);
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        return form switch
        {
            "plain" => Utf(text),
            "sep=;" => Utf($"sep=;\r\n{semicolons.ReplaceLineEndings("\r\n")}"),
            "\"sep=;\"" => Utf($"\"sep=;\"\n{semicolons}"),
            "sep=," => Utf($"sep=,\n{text}"),
            "sep=tab" => Utf($"sep=\t\n{text.Replace(',', '\t')}"),
            "CR" => Utf(text.Replace('\n', '\r')),
            "sep=; and CR" => Utf($"sep=;\r{semicolons.Replace('\n', '\r')}"),
            "UTF-8 with mark and sep=;" => Utf($"\uFEFFsep=;\n{semicolons}"),
            "LE with mark" => Encoding.Unicode.GetBytes($"\uFEFF{text}"),
            "BE with mark" => Encoding.BigEndianUnicode.GetBytes($"\uFEFF{text}"),
            "LE" => Encoding.Unicode.GetBytes(text),
            "BE" => Encoding.BigEndianUnicode.GetBytes(text),
            "LE and CR" => Encoding.Unicode.GetBytes(text.Replace('\n', '\r')),
            "BE and sep=;" => Encoding.BigEndianUnicode.GetBytes($"sep=;\n{semicolons}"),
            "semicolons" => Utf(semicolons),
            "tabs" => Utf(text.Replace(',', '\t')),
            "bars" => Utf(text.Replace(',', '|')),
            "one semicolon" => Utf($"{text[..comma]};{text[(comma + 1)..]}"),
            "sep=; over commas" => Utf($"sep=;\n{text}"),
            "sep=#" => Utf($"sep=#\n{text}"),
            "CR and LF" => Utf($"{text[..header]}\r{text[(header + 1)..]}"),
            "half of LE" => Encoding.Unicode.GetBytes(text)[..^1],
            "half of BE" => Encoding.BigEndianUnicode.GetBytes(text)[..^1],
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, null),
        };

        static byte[] Utf(string text) => Encoding.UTF8.GetBytes(text);
    }
}
