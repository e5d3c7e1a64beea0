using System.Globalization;
using System.IO.Compression;
using System.Text;
using Pipeline.Sources.Formats;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Moex.Ofz;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

public sealed class OfzBodyTests
{
    private const string Slice = "ofz-nonresidents/all";
    private const string Kept = "; kept in rejects, fix the reader or replay";
    private const string Doubted =
        "; the row is not loaded; correct it at its origin, or replay the slice with accept if the figure is right";

    /// <summary>The key of the month by which an operator's word about it is remembered.</summary>
    private static readonly string Place =
        $"holders {HoldingRow.PartitionKey(HoldingRow.Ofz, HolderBasis.CbrMonthly)} "
        + HoldingRow.RowKey(new DateOnly(2021, 1, 1), HoldingRow.AllNonResidents, OfzBody.Citation);
    private const string Advice =
        "; the body is kept and the table keeps the old rows; if the publisher has changed the file, adapt the "
        + "reader, then replay";
    private const string Title = "'Номинальный объем ОФЗ, принадлежащих нерезидентам, и доля нерезидентов на рынке ОФЗ";
    private const string Volume = "'Номинальный объем ОФЗ,   принадлежащих \n нерезидентам, млрд руб.1)";
    private const string Total = "'Объём рынка ОФЗ,\u00a0млрд руб.";
    private const string Share = "'Доля нерезидентов2), %";
    private const string Month = "\ngap: ofz|market_outstanding_cbr_monthly 2021-01-01|All non-residents|b14d8894|";
    private const string NoVolume = Month + "Value: the file has no volume",
        NoShare = Month + "SharePercent: the file has no share";
    private static readonly string[] Header = ["'Дата", Volume, Total, "'Примечание", Share];

    private static TestWorkbook Table(params string[] header) =>
        new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:F100" }
            .Add([Title])
            .Add(header.Length > 0 ? header : Header);

    /// <summary>
    /// Cells of a row below the header, with bars between them, and all that comes of it. Rows begin with
    /// 3.
    /// </summary>
    public static TheoryData<string, string> Rows =>
        new()
        {
            { "44197|3191|13695|'x|23.3", "1 of 1 kept, 0 excluded" },
            { "'2021-01-01|3191|13695||23.3", "1 of 1 kept, 0 excluded" },
            { "'01.01.2021|3191|13695||23.3", "1 of 1 kept, 0 excluded" },
            { "44197.0|'3191|'13695||'23.3", "1 of 1 kept, 0 excluded" },
            { "44197||||23.3", "1 of 1 kept, 0 excluded" + NoVolume },
            { "44197|3191|||", "1 of 1 kept, 0 excluded" + NoShare },
            {
                "44197|3191|13695||'x",
                "1 of 1 kept, 0 excluded" + Month + "SharePercent: the file has \"x\" in the column share"
            },
            {
                "44197|3191|13695||101",
                "1 of 1 kept, 0 excluded" + Month + "SharePercent: the file has \"101\" in the column share"
            },
            {
                "44197|'x|'y||'z",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column volume: seen \"x\", expected billions of roubles, "
                    + "0 or more"
                    + Kept
            },
            {
                "44197|'x|||",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column volume: seen \"x\", expected billions of roubles, "
                    + "0 or more"
                    + Kept
            },
            {
                "44197||13695||",
                "0 of 1 kept, 0 excluded\nmissing: ofz|market_outstanding_cbr_monthly 2021-01-01|All "
                    + "non-residents|b14d8894: the file has neither a volume nor a share"
            },
            { "44197|3191|13695||23.21", "1 of 1 kept, 0 excluded" },
            { "44197|3191|13695||23.4", "1 of 1 kept, 0 excluded" },
            { "44197|0|13695||0", "1 of 1 kept, 0 excluded" },
            { "44197|13695|13695||100", "1 of 1 kept, 0 excluded" },
            { "44197|0|0||0", "1 of 1 kept, 0 excluded" },
            {
                "44197|3191|13695||23.41",
                $"1 of 1 kept, 0 excluded\ndoubted: {Place}: seen 23.41, but 3191 of 13695 is 23.3, "
                    + $"expected a share within 0.1 points of it (row 3, column share){Doubted}"
            },
            {
                "44197|3191|13695||0.233",
                $"1 of 1 kept, 0 excluded\ndoubted: {Place}: seen 0.233, but 3191 of 13695 is 23.3, "
                    + $"expected a share within 0.1 points of it (row 3, column share){Doubted}\ndoubted: {Place}: "
                    + "seen 3191 with a share of 0.233, which makes a market of 1369528, expected a market of 500 to "
                    + $"500000 billions of roubles: one of the two is in another unit (row 3, column volume){Doubted}"
            },
            {
                "44197|13696|13695||",
                $"1 of 1 kept, 0 excluded{Month}SharePercent: the file has no share\ndoubted: {Place}: seen 13696 of "
                    + $"13695, expected no more than the total (row 3){Doubted}"
            },
            {
                "44198||||23.3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column date: seen 2021-01-02, expected the first day of "
                    + "a month"
                    + Kept
            },
            {
                "'31.12.2020||||23.3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column date: seen 2020-12-31, expected the first day of "
                    + "a month"
                    + Kept
            },
            {
                "44197.5||||23.3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column date: seen \"44197.5\", expected a day: a date "
                    + "cell, yyyy-MM-dd or dd.MM.yyyy"
                    + Kept
            },
            {
                "'01/01/2021||||23.3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column date: seen \"01/01/2021\", expected a day: a date "
                    + "cell, yyyy-MM-dd or dd.MM.yyyy"
                    + Kept
            },
            {
                "'январь 2021||||23.3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column date: seen \"январь 2021\", expected a day: a "
                    + "date cell, yyyy-MM-dd or dd.MM.yyyy"
                    + Kept
            },
            {
                "2021||||23.3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column date: seen \"2021\", expected a day: a date cell, "
                    + "yyyy-MM-dd or dd.MM.yyyy"
                    + Kept
            },
            {
                "44197||||101",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column share: seen \"101\", expected per cent, 0 to 100"
                    + Kept
            },
            {
                "44197||||-1",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column share: seen \"-1\", expected per cent, 0 to 100"
                    + Kept
            },
            {
                "44197||||'23,3",
                "0 of 1 kept, 0 excluded\nrejected: row 3, column share: seen \"23,3\", expected per cent, 0 to 100"
                    + Kept
            },
            {
                "44197|'н/д|||23.3",
                "1 of 1 kept, 0 excluded" + Month + "Value: the file has \"н/д\" in the column volume"
            },
            {
                "44197|1E+300|||23.3",
                "1 of 1 kept, 0 excluded" + Month + "Value: the file has \"1E+300\" in the column volume"
            },
            {
                "44197|3191|'x||23.3",
                "1 of 1 kept, 0 excluded"
                    + Month
                    + $"Total: the file has \"x\" in the column total\ndoubted: {Place}: seen \"x\" as the total, "
                    + $"expected billions of roubles, 0 or more (row 3, column total){Doubted}"
            },
            {
                "44197|<c r=\"{at}\" t=\"b\"><v>1</v></c>|||23.3",
                "1 of 1 kept, 0 excluded" + Month + "Value: the file has \"True\" in the column volume"
            },
            { "|3191|13695||23.3\n44197||||23.3", "1 of 2 kept, 1 excluded" + NoVolume },
            { "44197||||23.3\n\n'1) По номинальной стоимости.\n'  ", "1 of 2 kept, 1 excluded" + NoVolume },
            { "44197||||23.3\n44197||||23.3", "1 of 2 kept, 1 excluded" + NoVolume },
            {
                "44197||||23.3\n44197|3191|13695||\n44228||||22.7",
                "1 of 3 kept, 0 excluded"
                    + NoVolume.Replace("2021-01", "2021-02")
                    + "\nrejected: row 3: seen share 23.3, exact, expected one figure of \"All non-residents\" on "
                    + "2021-01-01, but row 4 has value 3191000000000 RUB, exact; both are kept in rejects; remove "
                    + "the wrong one, or cite them apart"
                    + "\nrejected: row 4: seen value 3191000000000 RUB, exact, expected one figure of \"All "
                    + "non-residents\" on 2021-01-01, but row 3 has share 23.3, exact; both are kept in rejects; "
                    + "remove the wrong one, or cite them apart"
            },
        };

    [Theory, MemberData(nameof(Rows))]
    public async Task Rows_of_the_table_are_told_what_is_wrong_with_them(string rows, string expected)
    {
        var table = Table();
        foreach (var row in rows.Split('\n'))
            table.Add(row.Split('|'));
        Assert.Equal(expected, await Holders.OutcomeAsync(Slice, table.Write()));
    }

    /// <summary>
    /// Where a total is lacking, volume and share make a market like those of the months beside it: a slip in one of
    /// the two shows, also within the range that markets have had.
    /// </summary>
    [Theory]
    [InlineData("3191||23.3", "3191||23.3", null)]
    [InlineData("3191||23.3", "1000||7.4", null)]
    [InlineData("3191||23.3", "3191||2.33", "3191 with a share of 2.33 and no total, which makes a market of 136953")]
    [InlineData("3191|13695|23.3", "319||23.3", "319 with a share of 23.3 and no total, which makes a market of 1369")]
    [InlineData("||23.3", "319||23.3", null)]
    public async Task Without_a_total_a_market_is_like_those_beside_it(string usual, string own, string? seen)
    {
        var table = Table();
        foreach (var day in (string[])["44105", "44136", "44166", "44228", "44256"])
            table.Add(Cells(day, usual));
        var outcome = await BodyOutcome.ReadAsync(Holders.Reader(Slice), table.Add(Cells("44197", own)).Write());
        Assert.Equal(
            seen is null
                ? []
                :
                [
                    $"{Place}: seen {seen}, expected a market within 2 times of those of the months beside it: "
                        + "2020-11-01 13695, 2020-12-01 13695, 2021-02-01 13695, 2021-03-01 13695 (row 8, column "
                        + $"total){Doubted}",
                ],
            outcome.Doubts.Select(doubt => $"{doubt.Finding}")
        );

        static string[] Cells(string day, string figures) =>
            figures.Split('|') is [var volume, var total, var share] ? [day, volume, total, "", share] : [];
    }

    /// <summary>
    /// Headers, with bars between them, above the row <c>44197|3191|13695||23.3</c>, and all that comes of
    /// it.
    /// </summary>
    public static TheoryData<string, string> Headers =>
        new()
        {
            { "'ДАТА 1)|'ОБЪЕМ  У НЕРЕЗИДЕНТОВ*|'объем рынка|'|'доля нерезидентов²", "1 of 1 kept, 0 excluded" },
            { "'дата|'объём нерезидентов|'|'|'Доля нерезидентов в объеме рынка", "1 of 1 kept, 0 excluded" },
            {
                "'Период|'объем нерезидентов|'|'|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen the sheets \"ОФЗ\", expected a sheet with a cell "
                    + "Дата in its first 20 rows"
                    + Advice
            },
            {
                "'Дата|'объем|'|'|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"Дата, объем, доля нерезидентов\", "
                    + "expected a column with нерезидент and объем (the volume held)"
                    + Advice
            },
            {
                "'Дата|'объем нерезидентов|'|'|'доля",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"Дата, объем нерезидентов, доля\", "
                    + "expected a column with нерезидент and дол (the share held)"
                    + Advice
            },
            {
                "'Дата|'объем нерезидентов, млрд руб.|'объем нерезидентов, изменение|'|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"объем нерезидентов, млрд руб.\" and "
                    + "\"объем нерезидентов, изменение\", expected one column with нерезидент and объем (the volume "
                    + "held)"
                    + Advice
            },
            {
                "'Дата|'объем нерезидентов|'объем рынка|'общий объем|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"объем рынка\" and \"общий объем\", "
                    + "expected one column with объем without нерезидент (the market total)"
                    + Advice
            },
            {
                "'Дата|'объем нерезидентов|'Дата|'|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"Дата\" and \"Дата\", expected one "
                    + "column with Дата"
                    + Advice
            },
            {
                "'Дата|'объем нерезидентов, млн руб.|'|'|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"объем нерезидентов, млн руб.\", "
                    + "expected billions of roubles (млрд руб)"
                    + Advice
            },
            {
                "'Дата|'объем нерезидентов, млрд долл. США|'|'|'доля нерезидентов",
                "0 of 0 kept, 0 excluded\nrefused: sheet ОФЗ, row 2: seen \"объем нерезидентов, млрд долл. США\", "
                    + "expected billions of roubles (млрд руб)"
                    + Advice
            },
        };

    [Theory, MemberData(nameof(Headers))]
    public async Task Headers_are_known_by_parts_of_their_text(string header, string expected) =>
        Assert.Equal(
            expected,
            await Holders.OutcomeAsync(
                Slice,
                Table(header.Split('|')).Add(["44197", "3191", "13695", "", "23.3"]).Write()
            )
        );

    private const string Prohibited =
        "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"For security reasons DTD is prohibited in this XML "
        + "document. To enable DTD processing set the DtdProcessing property on …\", expected a readable xlsx workbook"
        + Advice;
    private const string NoZip =
        "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"End of Central Directory record could not be found.\", "
        + "expected a readable xlsx workbook"
        + Advice;

    /// <summary>What a person did to the workbook, and all that comes of it.</summary>
    public static TheoryData<string, string> Files =>
        new()
        {
            { "nothing wrong", "1 of 1 kept, 0 excluded" },
            { "html", NoZip },
            {
                "nothing",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"Central Directory corrupt.\", expected a "
                    + "readable xlsx workbook"
                    + Advice
            },
            {
                "no rows",
                "0 of 0 kept, 0 excluded\nrefused: body: seen no row, expected a row for each month" + Advice
            },
            {
                "an empty sheet",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen the sheets \"ОФЗ\", expected a sheet with a cell "
                    + "Дата in its first 20 rows"
                    + Advice
            },
            {
                "a header far down",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen the sheets \"ОФЗ\", expected a sheet with a cell "
                    + "Дата in its first 20 rows"
                    + Advice
            },
            {
                "a row far down",
                "1 of 1 kept, 0 excluded\nrefused: sheet ОФЗ: seen more than 5000 rows, expected a row for each "
                    + "month since 2012"
                    + Advice
            },
            {
                "a formula in a sheet that stands elsewhere",
                "0 of 0 kept, 0 excluded\nrefused: sheet1.xml, cell E3: seen a formula, expected a value" + Advice
            },
            {
                "fractions",
                "3 of 3 kept, 0 excluded\nrefused: column share: seen no share above 1, expected per cent, not "
                    + "fractions of 1"
                    + Advice
            },
            {
                "a formula",
                "0 of 0 kept, 0 excluded\nrefused: sheet1.xml, cell E3: seen a formula, expected a value" + Advice
            },
            { "a document type", Prohibited },
            { "an external entity", Prohibited },
            {
                "a zip bomb",
                $"0 of 0 kept, 0 excluded\nrefused: workbook: seen 100000000 bytes when unpacked, expected at most "
                    + $"{Workbook.MaxUnpacked}"
                    + Advice
            },
            {
                "201 parts",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen 201 parts, expected at most 200" + Advice
            },
            {
                "broken xml",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"The 'v' start tag on line 1 position 292 does "
                    + "not match the end tag of 'w'. Line 1, position 297.\", expected a readable xlsx workbook"
                    + Advice
            },
        };

    [Theory, MemberData(nameof(Files))]
    public async Task Workbooks_are_told_what_is_wrong_with_them(string what, string expected)
    {
        var actual = await Holders.OutcomeAsync(Slice, Spoilt(what));
        Assert.Equal(
            expected,
            what == "a zip bomb"
                ? System.Text.RegularExpressions.Regex.Replace(actual, @"seen 1000\d{5} bytes", "seen 100000000 bytes")
                : actual
        );
    }

    private static byte[] Spoilt(string what)
    {
        string[] row = ["44197", "3191", "13695", "", "23.3"];
        var table = Table().Add(row);
        switch (what)
        {
            case "html":
                return Encoding.UTF8.GetBytes("<html>Страница не найдена</html>");
            case "nothing":
                return [];
            case "no rows":
                return Table().Write();
            case "an empty sheet":
                return new TestWorkbook { Sheet = "ОФЗ" }.Write();
            case "a header far down":
                return new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:F100" }
                    .Add(Header, 21)
                    .Add(row, 22)
                    .Write();
            case "a row far down":
                return table.Add(row, 1_048_576).Write();
            case "a formula":
                return Table().Add([.. row[..4], "=B3/C3*100→23.3"]).Write();
            case "a formula in a sheet that stands elsewhere":
                return new TestWorkbook
                {
                    Sheet = "ОФЗ",
                    Place = "other",
                    Dimension = "A1:F100",
                }
                    .Add(["'x"])
                    .Add(Header)
                    .Add([.. row[..4], "=B3/C3*100→23.3"])
                    .Write();
            case "fractions":
                return Table()
                    .Add(["44197", "3191", "", "", "0.233"])
                    .Add(["44228", "3100", "", "", "0.227"])
                    .Add(["44256", "3000", "", "", "0.22"])
                    .Write();
            case "a document type":
                return new TestWorkbook { Sheet = "ОФЗ", Prologue = "<!DOCTYPE worksheet [<!ENTITY a \"1\">]>" }
                    .Add(Header)
                    .Add(["<c r=\"{at}\"><v>&a;</v></c>"])
                    .Write();
            case "an external entity":
                return new TestWorkbook
                {
                    Sheet = "ОФЗ",
                    Prologue = "<!DOCTYPE worksheet [<!ENTITY a SYSTEM \"file:///etc/hostname\">]>",
                }
                    .Add(Header)
                    .Add(["<c r=\"{at}\"><v>&a;</v></c>"])
                    .Write();
            case "a zip bomb":
                table.Parts["xl/media/zeros"] = new byte[100_000_000];
                return table.Write();
            case "201 parts":
                for (var part = 7; part <= Workbook.MaxParts + 1; part++)
                    table.Parts[$"xl/media/{part}"] = [];
                return table.Write();
            case "broken xml":
                return new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:E9" }
                    .Add(Header)
                    .Add(["<c r=\"{at}\"><v>1</w></c>"])
                    .Write();
            default:
                return table.Write();
        }
    }

    [Fact]
    public async Task Billions_become_whole_roubles_without_binary_noise() =>
        Assert.Equal(
            [
                "ofz|market_outstanding_cbr_monthly 2021-01-01 All non-residents  23.3 3190900000001 RUB exact "
                    + "[Bank of Russia, table_ofz]",
                "ofz|market_outstanding_cbr_monthly 2021-02-01 All non-residents  22.7 -1  exact [Bank of Russia, "
                    + "table_ofz]",
                "ofz|market_outstanding_cbr_monthly 2021-03-01 All non-residents  NaN 96000 RUB exact [Bank of "
                    + "Russia, table_ofz]",
            ],
            await Holders.RowsAsync(
                Slice,
                Table()
                    .Add(["44197", "3190.900000001", "", "", "23.299999999999997"])
                    .Add(["44228", "", "", "", "22.7"])
                    .Add(["44256", "9.6e-05"])
                    .Write()
            )
        );

    [Fact]
    public async Task A_share_in_a_cell_that_is_shown_as_per_cent_is_taken_as_shown()
    {
        // Format 10 is 0.00%, 14 a date; the sample's own parts, with other cells.
        using var file = new MemoryStream();
        file.Write(
            await File.ReadAllBytesAsync(
                Path.Combine(AppContext.BaseDirectory, "samples", "moex-holders", "table_ofz.xlsx")
            )
        );
        using (var zip = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
        {
            Edit(zip, "xl/styles.xml", xml =>
                xml.Replace(
                    "<cellXfs count=\"2\"><xf numFmtId=\"0\"/>",
                    "<cellXfs count=\"2\"><xf numFmtId=\"10\" applyNumberFormat=\"1\"/>",
                    StringComparison.Ordinal
                )
            );
            Edit(zip, "xl/worksheets/sheet1.xml", xml =>
                xml.Replace(
                    "<c r=\"E3\"><v>17.4</v></c>",
                    "<c r=\"E3\" s=\"0\"><v>0.174</v></c>",
                    StringComparison.Ordinal
                )
            );
        }
        Assert.Contains(
            "ofz|market_outstanding_cbr_monthly 2012-12-01 All non-residents  17.4 557000000000 RUB exact [Bank of "
                + "Russia, table_ofz]",
            (await BodyOutcome.ReadAsync(Holders.Reader(Slice), file.ToArray()))
                .Rows.Cast<Pipeline.Sources.Moex.Holding>()
                .Select(row =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{row.PartitionKey} {row.RowKey[..10]} {row.Holder}  {row.SharePercent} "
                            + $"{(double.IsNaN(row.Value) ? 0 : (decimal)row.Value)} {row.Currency} {row.Qualifier} "
                            + $"[{row.Citation}]"
                    )
                )
        );
    }

    private static void Edit(ZipArchive zip, string part, Func<string, string> edit)
    {
        string text;
        using (var reader = new StreamReader(zip.GetEntry(part)!.Open()))
            text = reader.ReadToEnd();
        zip.GetEntry(part)!.Delete();
        using var writer = new StreamWriter(zip.CreateEntry(part).Open());
        Assert.NotEqual(text, edit(text));
        writer.Write(edit(text));
    }
}
