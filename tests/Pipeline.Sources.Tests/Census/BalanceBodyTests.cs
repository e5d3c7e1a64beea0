using System.IO.Compression;
using System.Text;
using Pipeline.Sources.Census;
using Pipeline.Sources.Formats;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

public sealed class BalanceBodyTests
{
    private const string Readable =
        ", expected a readable xlsx workbook; the body is kept and the table keeps the old rows; if the publisher "
        + "has changed the file, adapt the reader, then replay";

    /// <summary>
    /// Changed cells of the row of Russia in 2005 (see <see cref="TestWorkbook.Row"/>), and all that comes of
    /// it.
    /// </summary>
    public static TheoryData<string, string> Rows =>
        new()
        {
            { "", "24 of 24 kept, 0 excluded" },
            { "year=2005", "24 of 24 kept, 0 excluded" },
            { "year='2005 ", "24 of 24 kept, 0 excluded" },
            {
                "year=",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column year: seen nothing, expected a year of four "
                    + "digits; kept in rejects, fix the reader or replay"
            },
            {
                "year='2O05",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column year: seen \"2O05\", expected a year of four "
                    + "digits; kept in rejects, fix the reader or replay"
            },
            {
                "year=2005.5",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column year: seen \"2005.5\", expected a year of four "
                    + "digits; kept in rejects, fix the reader or replay"
            },
            {
                "year='1899",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column year: seen \"1899\", expected a year of four "
                    + "digits; kept in rejects, fix the reader or replay"
            },
            { "CTY_CODE=4621", "24 of 24 kept, 0 excluded" },
            {
                "CTY_CODE='3",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column CTY_CODE: seen \"3\", expected a code of four "
                    + "digits, 0 to 8 first, as text; kept in rejects, fix the reader or replay"
            },
            {
                "CTY_CODE=",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column CTY_CODE: seen nothing, expected a code of four "
                    + "digits, 0 to 8 first, as text; kept in rejects, fix the reader or replay"
            },
            { "CTY_CODE='0003", "0 of 24 kept, 24 excluded" },
            { "CTY_CODE='0015", "0 of 24 kept, 24 excluded" },
            {
                "CTY_CODE='9030",
                "0 of 24 kept, 0 excluded\nrejected: row 2, column CTY_CODE: seen \"9030\", expected a code of four "
                    + "digits, 0 to 8 first, as text; kept in rejects, fix the reader or replay"
            },
            { "CTYNAME=", "24 of 24 kept, 0 excluded" },
            { "IJAN='1", "24 of 24 kept, 0 excluded" },
            { "IJAN=1.0000000000000002", "24 of 24 kept, 0 excluded" },
            { "IJAN=9.6e-05|IYR=77.000096", "24 of 24 kept, 0 excluded" },
            { "IJAN=-1E-12|IYR=77", "24 of 24 kept, 0 excluded" },
            {
                "IJAN=-1",
                "23 of 24 kept, 0 excluded\nrejected: row 2, column IJAN: seen \"-1\", expected millions of US "
                    + "dollars, 0 or more; kept in rejects, fix the reader or replay"
            },
            {
                "IJAN='1,5",
                "23 of 24 kept, 0 excluded\nrejected: row 2, column IJAN: seen \"1,5\", expected millions of US "
                    + "dollars, 0 or more; kept in rejects, fix the reader or replay"
            },
            {
                "IJAN='(S)",
                "23 of 24 kept, 0 excluded\nrejected: row 2, column IJAN: seen \"(S)\", expected millions of US "
                    + "dollars, 0 or more; kept in rejects, fix the reader or replay"
            },
            {
                "IJAN='",
                "23 of 24 kept, 0 excluded\nmissing: 4621|imports|total 2005-01|TOTAL: the file has an empty cell "
                    + "in IJAN"
            },
            {
                "IJAN=",
                "23 of 24 kept, 0 excluded\nmissing: 4621|imports|total 2005-01|TOTAL: the file has an empty cell "
                    + "in IJAN"
            },
            {
                "IJAN=|EDEC=",
                "22 of 24 kept, 0 excluded\nmissing: 4621|imports|total 2005-01|TOTAL: the file has an empty cell "
                    + "in IJAN\nmissing: 4621|exports|total 2005-12|TOTAL: the file has an empty cell in EDEC"
            },
            {
                "IJAN=1E+300",
                "23 of 24 kept, 0 excluded\nrejected: row 2, column IJAN: seen \"1E+300\", expected millions of US "
                    + "dollars, 0 or more; kept in rejects, fix the reader or replay"
            },
            {
                "IJAN=1000000000",
                "23 of 24 kept, 0 excluded\nrejected: row 2, column IJAN: seen \"1000000000\", expected millions of "
                    + "US dollars, 0 or more; kept in rejects, fix the reader or replay"
            },
            { "IJAN==0.5+0.5→1", "24 of 24 kept, 0 excluded" },
            {
                "IJAN=<c r=\"{at}\" t=\"b\"><v>1</v></c>",
                "23 of 24 kept, 0 excluded\nrejected: row 2, column IJAN: seen \"True\", expected millions of US "
                    + "dollars, 0 or more; kept in rejects, fix the reader or replay"
            },
            {
                "IJAN=<c r=\"{at}\" t=\"e\"><v>#REF!</v></c>",
                "23 of 24 kept, 0 excluded\nmissing: 4621|imports|total 2005-01|TOTAL: the file has an empty cell "
                    + "in IJAN"
            },
            { "IJAN=<c r=\"{at}\" t=\"inlineStr\"><is><t>1</t></is></c>", "24 of 24 kept, 0 excluded" },
            {
                "IJAN=<c r=\"{at}\" t=\"s\"><v>999</v></c>",
                "24 of 24 kept, 0 excluded\nrefused: row 2, column IYR: seen 78000000 US dollars for 4621 2005, "
                    + "expected 1076000000, the sum of its months; the table keeps the old rows; compare with the "
                    + "publisher's page, then replay the slice with accept if the figures are right"
            },
            { "IYR=78.000005", "24 of 24 kept, 0 excluded" },
            {
                "IYR=78.000006",
                "24 of 24 kept, 0 excluded\nrefused: row 2, column IYR: seen 78000006 US dollars for 4621 2005, "
                    + "expected 78000000, the sum of its months; the table keeps the old rows; compare with the "
                    + "publisher's page, then replay the slice with accept if the figures are right"
            },
            {
                "IYR=77",
                "24 of 24 kept, 0 excluded\nrefused: row 2, column IYR: seen 77000000 US dollars for 4621 2005, "
                    + "expected 78000000, the sum of its months; the table keeps the old rows; compare with the "
                    + "publisher's page, then replay the slice with accept if the figures are right"
            },
            {
                "EYR=223",
                "24 of 24 kept, 0 excluded\nrefused: row 2, column EYR: seen 223000000 US dollars for 4621 2005, "
                    + "expected 222000000, the sum of its months; the table keeps the old rows; compare with the "
                    + "publisher's page, then replay the slice with accept if the figures are right"
            },
            { "IYR=", "24 of 24 kept, 0 excluded" },
            {
                "IYR='n/a",
                "24 of 24 kept, 0 excluded\nrefused: row 2, column IYR: seen \"n/a\", expected millions of US "
                    + "dollars, 0 or more; the layout has changed: the table keeps the old rows; adapt the reader, "
                    + "then replay"
            },
        };

    /// <summary>The years to date that are gaps after a month without a figure have a test below.</summary>
    [Theory, MemberData(nameof(Rows))]
    public async Task Rows_of_the_workbook_are_told_what_is_wrong_with_them(string changes, string expected)
    {
        var outcome = await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), Changed(changes));
        outcome.Gaps.Clear();
        Assert.Equal(expected, outcome.ToString());
    }

    private static byte[] Changed(string changes) =>
        new TestWorkbook()
            .Add(TestWorkbook.Header)
            .Add(TestWorkbook.Row(changes.Split('|', StringSplitOptions.RemoveEmptyEntries)))
            .Write();

    /// <summary>After a month without a figure the sum of the months is not the year to date.</summary>
    [Theory]
    [InlineData("IMAR=", "IMAR", 2)]
    [InlineData("IMAR='x", "IMAR", 2)]
    [InlineData("IJAN='x|IMAR=", "IJAN", 0)]
    [InlineData("IDEC=", "", 11)]
    public async Task A_year_to_date_after_a_month_without_a_figure_is_a_gap(string changes, string column, int first)
    {
        var outcome = await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), Changed(changes));
        var imports = outcome.Rows.Cast<TradeMonthly>().Where(row => row.Flow == "imports").ToList();
        Assert.All(imports, row => Assert.Equal(row.Month > first, row.YearToDateUsd is null));
        Assert.Equal(
            imports
                .Where(row => row.YearToDateUsd is null)
                .Select(row => $"{row.PartitionKey} {row.RowKey}|YearToDateUsd: the file has no figure in {column}"),
            outcome.Gaps.Select(gap => $"{gap.PartitionKey} {gap.RowKey}: {gap.Reason}")
        );
        Assert.All(outcome.Rows.Cast<TradeMonthly>().Where(row => row.Flow == "exports"), row =>
            Assert.NotNull(row.YearToDateUsd)
        );
    }

    [Fact]
    public async Task Months_cannot_add_up_to_more_than_their_year_though_one_has_no_figure()
    {
        var body = Changed("IMAR=|IYR=70");
        Assert.Equal(
            "row 2, column IYR: seen 70000000 US dollars for 4621 2005, expected at least 75000000, the sum of its "
                + "other months: IMAR has no figure; the table keeps the old rows; compare with the publisher's page, "
                + "then replay the slice with accept if the figures are right",
            $"{(await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), body)).Check.Refusal}"
        );
    }

    /// <summary>What a person did to the workbook, and all that comes of it.</summary>
    public static TheoryData<string, string> Files =>
        new()
        {
            {
                "another sheet",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen no such sheet, expected a sheet named country; "
                    + "the body is kept and the table keeps the old rows; if the publisher has changed the file, "
                    + "adapt the reader, then replay"
            },
            {
                "no sheet row",
                "0 of 0 kept, 0 excluded\nrefused: sheet country: seen no row, expected a header row; the body is "
                    + "kept and the table keeps the old rows; if the publisher has changed the file, adapt the "
                    + "reader, then replay"
            },
            {
                "a missing column",
                "0 of 0 kept, 0 excluded\nrefused: sheet country, row 1: seen "
                    + "\"year,CTY_CODE,CTYNAME,IJAN,IFEB,IMAR,IAPR,IMAY,IJUN,IJUL,IAUG,ISEP,IOCT,INOV,IDEC,IYR,EJAN,"
                    + "EFEB,EMAR,EAPR,EMAY,EJUL,EAUG…\", expected the columns EJUN too; the body is kept and the "
                    + "table keeps the old rows; if the publisher has changed the file, adapt the reader, then replay"
            },
            {
                "three missing columns",
                "0 of 0 kept, 0 excluded\nrefused: sheet country, row 1: seen "
                    + "\"CTYNAME,IJAN,IFEB,IMAR,IAPR,IMAY,IJUN,IJUL,IAUG,ISEP,IOCT,INOV,IDEC,IYR,EJAN,EFEB,EMAR,"
                    + "EAPR,EMAY,EJUN,EJUL,EAUG,ESEP,EOC…\", expected the columns year, CTY_CODE, EYR too; the body "
                    + "is kept and the table keeps the old rows; if the publisher has changed the file, adapt the "
                    + "reader, then replay"
            },
            { "columns in another order", "24 of 24 kept, 0 excluded" },
            {
                "header only",
                "0 of 0 kept, 0 excluded\nrefused: body: seen no row, expected one row per year and country; the "
                    + "body is kept; pull the slice again"
            },
            {
                "a year and country twice",
                "24 of 48 kept, 0 excluded\nrejected: row 3, column CTY_CODE: seen 4621 of 2005 a second time, "
                    + "expected one row per year and country; kept in rejects, fix the reader or replay"
            },
            { "a wrong dimension", "24 of 24 kept, 0 excluded" },
            { "an empty row between", "48 of 48 kept, 0 excluded" },
            {
                "a row far down",
                "24 of 24 kept, 0 excluded\nrefused: sheet country: seen more than 100000 rows, expected about "
                    + "9,000 rows; the body is kept and the table keeps the old rows; if the publisher has changed "
                    + "the file, adapt the reader, then replay"
            },
            {
                "half of the rows not understood",
                "24 of 72 kept, 0 excluded\nrefused: body: seen 48 of 72 cells that cannot be understood, expected "
                    + "at most 5 %; the layout has changed: the table keeps the old rows; adapt the reader, then replay"
            },
            {
                "nothing",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"Central Directory corrupt.\", expected a "
                    + "readable xlsx workbook; the body is kept and the table keeps the old rows; if the publisher "
                    + "has changed the file, adapt the reader, then replay"
            },
            {
                "no zip",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"End of Central Directory record could not be "
                    + "found.\", expected a readable xlsx workbook; the body is kept and the table keeps the old "
                    + "rows; if the publisher has changed the file, adapt the reader, then replay"
            },
            {
                "html",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"End of Central Directory record could not be "
                    + "found.\", expected a readable xlsx workbook; the body is kept and the table keeps the old "
                    + "rows; if the publisher has changed the file, adapt the reader, then replay"
            },
            {
                "an empty zip",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"Detected ZIP file, but not a valid OpenXml "
                    + "file.\", expected a readable xlsx workbook; the body is kept and the table keeps the old "
                    + "rows; if the publisher has changed the file, adapt the reader, then replay"
            },
            {
                "201 parts",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen 201 parts, expected at most 200; the body is kept "
                    + "and the table keeps the old rows; if the publisher has changed the file, adapt the reader, "
                    + "then replay"
            },
            {
                "a part said to be large",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen 67112044 bytes when unpacked, expected at most "
                    + "67108864; the body is kept and the table keeps the old rows; if the publisher has changed "
                    + "the file, adapt the reader, then replay"
            },
            {
                "parts said to be huge",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"Arithmetic operation resulted in an "
                    + "overflow.\", expected a readable xlsx workbook; the body is kept and the table keeps the old "
                    + "rows; if the publisher has changed the file, adapt the reader, then replay"
            },
            {
                "a part larger than said",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"Unexpected end of file has occurred. The "
                    + "following elements are not closed: row, sheetData, worksheet. Line 1, position …\", expected "
                    + "a readable xlsx workbook; the body is kept and the table keeps the old rows; if the "
                    + "publisher has changed the file, adapt the reader, then replay"
            },
            {
                "a document type",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"For security reasons DTD is prohibited in this "
                    + "XML document. To enable DTD processing set the DtdProcessing property on …\", expected a "
                    + "readable xlsx workbook; the body is kept and the table keeps the old rows; if the publisher "
                    + "has changed the file, adapt the reader, then replay"
            },
            {
                "an external entity",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"For security reasons DTD is prohibited in this "
                    + "XML document. To enable DTD processing set the DtdProcessing property on …\", expected a "
                    + "readable xlsx workbook; the body is kept and the table keeps the old rows; if the publisher "
                    + "has changed the file, adapt the reader, then replay"
            },
            {
                "broken xml",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"The 'v' start tag on line 1 position 1690 does "
                    + "not match the end tag of 'w'. Line 1, position 1695.\", expected a readable xlsx workbook; "
                    + "the body is kept and the table keeps the old rows; if the publisher has changed the file, "
                    + "adapt the reader, then replay"
            },
            {
                "a missing part",
                "0 of 0 kept, 0 excluded\nrefused: workbook: seen \"Detected ZIP file, but not a valid OpenXml "
                    + "file.\", expected a readable xlsx workbook; the body is kept and the table keeps the old "
                    + "rows; if the publisher has changed the file, adapt the reader, then replay"
            },
        };

    [Theory, MemberData(nameof(Files))]
    public async Task Workbooks_are_told_what_is_wrong_with_them(string what, string expected) =>
        await ExpectAsync(Spoilt(what), expected);

    private static byte[] Spoilt(string what)
    {
        var russia = TestWorkbook.Russia();
        switch (what)
        {
            case "another sheet":
                return new TestWorkbook { Sheet = "Sheet1" }
                    .Add(TestWorkbook.Header)
                    .Add(TestWorkbook.Row())
                    .Write();
            case "no sheet row":
                return new TestWorkbook().Write();
            case "a missing column":
                return new TestWorkbook()
                    .Add([.. TestWorkbook.Header.Where(name => name != "'EJUN")])
                    .Add(TestWorkbook.Row())
                    .Write();
            case "three missing columns":
                return new TestWorkbook()
                    .Add([.. TestWorkbook.Header.Skip(2).Select(name => name == "'EYR" ? "'Total" : name)])
                    .Write();
            case "columns in another order":
                return new TestWorkbook()
                    .Add([.. TestWorkbook.Header.Reverse(), "'more"])
                    .Add([.. TestWorkbook.Row().Reverse(), "'x"])
                    .Write();
            case "header only":
                return new TestWorkbook().Add(TestWorkbook.Header).Write();
            case "a year and country twice":
                return russia.Add(TestWorkbook.Row("IJAN=2")).Write();
            case "a wrong dimension":
                return new TestWorkbook { Dimension = "A1:B1" }
                    .Add(TestWorkbook.Header)
                    .Add(TestWorkbook.Row())
                    .Write();
            case "an empty row between":
                return russia.Add([]).Add(TestWorkbook.Row("year='2006"), 9).Write();
            case "a row far down":
                return russia.Add(TestWorkbook.Row("year='2006"), 1_048_576).Write();
            case "half of the rows not understood":
                return russia.Add(TestWorkbook.Row("CTY_CODE='X")).Add(TestWorkbook.Row("CTY_CODE='Y")).Write();
            case "nothing":
                return [];
            case "no zip":
                return [.. "PK\u0003\u0004"u8, .. new byte[100]];
            case "html":
                return Encoding.UTF8.GetBytes("<html>Access denied</html>");
            case "an empty zip":
                using (var empty = new MemoryStream())
                {
                    new ZipArchive(empty, ZipArchiveMode.Create).Dispose();
                    return empty.ToArray();
                }
            case "201 parts":
                for (var part = 7; part <= Workbook.MaxParts + 1; part++)
                    russia.Parts[$"xl/media/{part}"] = [];
                return russia.Write();
            case "a part said to be large":
                return TestWorkbook.Declare(russia.Write(), "xl/sharedStrings.xml", (uint)Workbook.MaxUnpacked);
            case "parts said to be huge":
                // Two sizes whose sum does not fit 64 bits, in the long form of the archive format.
                return Huge(russia.Write());
            case "a part larger than said":
                return TestWorkbook.Declare(russia.Write(), "xl/worksheets/sheet1.xml", 500);
            case "a document type":
                return new TestWorkbook
                {
                    Prologue = "<!DOCTYPE worksheet [<!ENTITY a \"1\"><!ENTITY b \"&a;&a;&a;&a;\">]>",
                }
                    .Add(TestWorkbook.Header)
                    .Add(TestWorkbook.Row("IJAN=<c r=\"{at}\"><v>&b;</v></c>"))
                    .Write();
            case "an external entity":
                return new TestWorkbook
                {
                    Prologue = "<!DOCTYPE worksheet [<!ENTITY a SYSTEM \"file:///etc/hostname\">]>",
                }
                    .Add(TestWorkbook.Header)
                    .Add(TestWorkbook.Row("IJAN=<c r=\"{at}\"><v>&a;</v></c>"))
                    .Write();
            case "broken xml":
                return russia.Add(["<c r=\"{at}\"><v>1</w></c>"]).Write();
            default:
                return Remove(russia.Write(), "xl/workbook.xml");
        }
    }

    private static byte[] Remove(byte[] workbook, string part)
    {
        using var file = new MemoryStream();
        file.Write(workbook);
        using (var zip = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
            zip.GetEntry(part)!.Delete();
        return file.ToArray();
    }

    /// <summary>
    /// Appends two entries to the archive's directory with sizes of nearly 2^63 bytes in their long-form
    /// fields.
    /// </summary>
    private static byte[] Huge(byte[] workbook)
    {
        var end = workbook.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        var directory = BitConverter.ToInt32(workbook, end + 16);
        var count = BitConverter.ToUInt16(workbook, end + 10);
        using var file = new MemoryStream();
        file.Write(workbook.AsSpan(0, end));
        foreach (var name in (byte[])[(byte)'a', (byte)'b'])
        {
            Span<byte> entry = new byte[46 + 1 + 12];
            "PK\u0001\u0002"u8.CopyTo(entry);
            BitConverter.TryWriteBytes(entry[24..], uint.MaxValue);
            BitConverter.TryWriteBytes(entry[28..], (ushort)1);
            BitConverter.TryWriteBytes(entry[30..], (ushort)12);
            entry[46] = name;
            BitConverter.TryWriteBytes(entry[47..], (ushort)1);
            BitConverter.TryWriteBytes(entry[49..], (ushort)8);
            BitConverter.TryWriteBytes(entry[51..], long.MaxValue - 10);
            file.Write(entry);
        }
        var last = workbook[end..];
        BitConverter.TryWriteBytes(last.AsSpan(8), (ushort)(count + 2));
        BitConverter.TryWriteBytes(last.AsSpan(10), (ushort)(count + 2));
        BitConverter.TryWriteBytes(last.AsSpan(12), (int)(file.Length - directory));
        file.Write(last);
        return file.ToArray();
    }

    private static async Task ExpectAsync(byte[] workbook, string expected)
    {
        var outcome = await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), workbook);
        Assert.Equal(expected, outcome.ToString());
    }

    [Fact]
    public async Task A_workbook_cut_off_anywhere_is_refused_as_unreadable()
    {
        var whole = TestWorkbook.Russia().Write();
        for (var length = 0; length < whole.Length; length += 7)
        {
            var outcome = await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), whole[..length]);
            Assert.True(outcome.Check.Refusal is not null, $"{length} of {whole.Length} bytes are not refused");
            Assert.EndsWith(Readable, outcome.Check.Refusal.ToString());
        }
    }

    [Fact]
    public async Task A_workbook_with_any_byte_changed_ends_in_an_outcome_and_never_in_an_exception()
    {
        var whole = TestWorkbook.Russia().Write();
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var spoilt = (byte[])whole.Clone();
            spoilt[random.Next(spoilt.Length)] ^= (byte)(1 << random.Next(8));
            Assert.NotNull(await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), spoilt));
        }
    }

    [Fact]
    public async Task Memory_stays_small_when_a_part_inflates_to_more_than_it_says()
    {
        var bomb = TestWorkbook.Russia();
        bomb.Parts["xl/styles.xml"] = Encoding.UTF8.GetBytes($"<a>{new string(' ', 100 << 20)}</a>");
        var workbook = TestWorkbook.Declare(bomb.Write(), "xl/styles.xml", 1000);
        bomb.Parts.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), workbook);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20 << 20, "more than 20 MB");
    }

    [Fact]
    public async Task Millions_become_whole_dollars_and_months_run_up_through_the_year()
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("country-balance/1992-01"),
            new TestWorkbook()
                .Add(TestWorkbook.Header)
                .Add(
                    TestWorkbook.Row("EJAN=180549.80000000002", "EFEB=9.6e-05", "EMAR='12.345678", "EYR=180742.145774")
                )
                .Write()
        );
        Assert.Null(outcome.Check.Refusal);
        var exports = outcome.Rows.Cast<TradeMonthly>().Where(row => row.Flow == "exports").Take(3).ToList();
        Assert.Equal(
            [
                ("2005-01|TOTAL", 180_549_800_000, 180_549_800_000),
                ("2005-02|TOTAL", 96, 180_549_800_096),
                ("2005-03|TOTAL", 12_345_678, 180_562_145_774),
            ],
            exports.Select(row => (row.RowKey, row.ValueUsd, row.YearToDateUsd))
        );
        Assert.All(exports, row => Assert.Equal("4621|exports|total", row.PartitionKey));
    }

    [Theory]
    [InlineData("2009", 24, 0)]
    [InlineData("2010", 0, 24)]
    [InlineData("1991", 0, 24)]
    [InlineData("1992", 24, 0)]
    public async Task Months_are_taken_from_the_first_one_wanted_up_to_the_first_of_the_api(
        string year,
        int kept,
        int excluded
    )
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("country-balance/1992-01"),
            new TestWorkbook().Add(TestWorkbook.Header).Add(TestWorkbook.Row($"year='{year}")).Write()
        );
        Assert.Equal((kept, excluded), (outcome.Check.Kept, outcome.Check.Excluded));
        Assert.Equal(kept > 0 ? $"{year}-12" : null, outcome.Check.Newest);
    }

    /// <summary>200 countries of 2005 with 500 million a month, and the world.</summary>
    /// <param name="world">The world's figure of each month, in millions; null for no row.</param>
    /// <param name="december">The world's figure of December.</param>
    /// <param name="divide">What all figures are divided by.</param>
    private static byte[] Countries(decimal? world, decimal december, decimal divide)
    {
        var book = new TestWorkbook().Add(TestWorkbook.Header);
        for (var at = 0; at < 200; at++)
            book.Add(Row($"{1000 + at * 10}", 500, 500));
        if (world is { } each)
            book.Add(Row("0015", each, december));
        return book.Write();

        string[] Row(string code, decimal each, decimal last)
        {
            string[] months = [.. Enumerable.Repeat(Text(each), 11), Text(last), Text(each * 11 + last)];
            return ["'2005", "'" + code, "'X", .. months, .. months];
        }

        string Text(decimal value) => (value / divide).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(100_000, 100_000, 1, "")]
    [InlineData(
        null,
        0,
        1,
        "EJAN of 2005: seen 200 countries that add up to 100000000000 US dollars, and no figure of the world"
    )]
    [InlineData(
        null,
        0,
        1000,
        "EJAN of 2005: seen 200 countries that add up to 100000000 US dollars, and no figure of the world"
    )]
    [InlineData(
        100_000,
        0,
        1,
        "EDEC of 2005: seen 200 countries that add up to 100000000000 US dollars, and a world row of 0"
    )]
    public async Task A_month_of_nearly_all_countries_without_a_figure_of_the_world_is_not_believed(
        int? world,
        int december,
        int divide,
        string words
    )
    {
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader("country-balance/1992-01"),
            Countries(world, december, divide)
        );
        Assert.Equal(
            words.Length == 0
                ? ""
                : $"{words}, expected the world row, 0015, with what the countries add up to; the table keeps the old "
                    + "rows; compare with the publisher's page, then replay the slice with accept if the figures "
                    + "are right",
            $"{outcome.Check.Refusal}"
        );
    }

    [Fact]
    public async Task A_month_that_is_not_published_has_0_for_all()
    {
        var book = new TestWorkbook().Add(TestWorkbook.Header);
        string[] months = [.. Enumerable.Repeat("0", 13)];
        foreach (var code in Enumerable.Range(0, 200).Select(at => $"{1000 + at * 10}").Append("0015"))
            book.Add(["'2005", "'" + code, "'X", .. months, .. months]);
        Assert.Null((await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), book.Write())).Check.Refusal);
    }
}
