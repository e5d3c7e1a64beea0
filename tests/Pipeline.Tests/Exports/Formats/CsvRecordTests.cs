using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Exports.Formats;
using Pipeline.Sources.Formats;
using Xunit;

namespace Pipeline.Tests.Exports.Formats;

public sealed class CsvRecordTests
{
    public static TheoryData<object?, string> Cells =>
        new()
        {
            { null, "" },
            { "", "" },
            { "Cote d'Ivoire", "Cote d'Ivoire" },
            { "China, Hong Kong SAR", "\"China, Hong Kong SAR\"" },
            { "say \"no\"", "\"say \"\"no\"\"\"" },
            { "two\nlines", "\"two\nlines\"" },
            { " padded ", "\" padded \"" },
            { "=1+1", "'=1+1" },
            { "+7", "'+7" },
            { "-12", "-12" },
            { "-0.5", "-0.5" },
            { "-1E-05", "-1E-05" },
            { "-1.5E+300", "-1.5E+300" },
            { "-", "'-" },
            { "--1", "'--1" },
            { "-1-1", "'-1-1" },
            { "-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0" },
            { "-1.", "'-1." },
            { "-.5", "'-.5" },
            { "-1 ", "\"'-1 \"" },
            { "-1\n", "\"'-1\n\"" },
            { "-١", "'-١" },
            { "-Infinity", "'-Infinity" },
            { "\n=1", "\"'\n=1\"" },
            { "\r=1", "\"'\r=1\"" },
            { "＝1+1", "'＝1+1" },
            { "＋7", "'＋7" },
            { "－12", "'－12" },
            { "＠SUM(A1)", "'＠SUM(A1)" },
            { "@SUM(A1)", "'@SUM(A1)" },
            { "\t=1", "'\t=1" },
            { "=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"" },
            { -15204600000L, "-15204600000" },
            { 9007199254740993L, "9007199254740993" },
            { -1, "-1" },
            { 6.9, "6.9" },
            { -0.5, "-0.5" },
            { double.NaN, "" },
            { true, "true" },
            { new DateOnly(2021, 1, 31), "2021-01-31" },
            { new DateTimeOffset(2021, 1, 1, 0, 0, 0, TimeSpan.Zero), "2021-01-01T00:00:00Z" },
            { new DateTimeOffset(2021, 1, 1, 3, 0, 0, 120, TimeSpan.FromHours(3)), "2021-01-01T00:00:00.12Z" },
        };

    [Theory, MemberData(nameof(Cells))]
    public void A_cell_is_written_so_that_every_program_reads_it_and_none_runs_it(object? value, string expected)
    {
        var record = new CsvRecord();
        record.Add("first");
        record.Add(value);
        record.End();
        Assert.Equal($"first,{expected}\r\n", Encoding.UTF8.GetString(record.Written.Span));
    }

    [Fact]
    public void A_cell_of_another_type_is_a_fault_of_the_program() =>
        Assert.Throws<ArgumentException>(() => new CsvRecord().Add(1m));

    [Fact]
    public void What_was_written_is_read_again_but_for_the_apostrophe()
    {
        var texts = Gen.Elements('a', ',', '"', '\n', '\r', ' ', '=', '-', 'é', '…')
            .ArrayOf()
            .Select(characters => new string(characters))
            .ArrayOf(4);
        Prop.ForAll(texts.ToArbitrary(), cells =>
            {
                var record = new CsvRecord();
                foreach (var cell in cells)
                    record.Add(cell);
                record.End();
                using var rows = new CsvRows(new MemoryStream(record.Written.ToArray()));
                rows.FillAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                while (!rows.TryNext())
                    rows.FillAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                return rows.Count == cells.Length
                    && Enumerable
                        .Range(0, cells.Length)
                        .All(index =>
                            rows.Text(index)
                            == (cells[index] is ['=' or '-' or '\r' or '\n', ..] ? "'" + cells[index] : cells[index])
                        );
            })
            .QuickCheckThrowOnFailure();
    }
}
