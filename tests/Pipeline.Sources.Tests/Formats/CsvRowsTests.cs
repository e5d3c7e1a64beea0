using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Sources.Formats;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Formats;

public sealed class CsvRowsTests
{
    public static TheoryData<string, string> Texts =>
        new()
        {
            { "", "" },
            { "a", "1[a]" },
            { "a\n", "1[a]" },
            { "a,b\nc,d", "1[a|b] 2[c|d]" },
            { "a,b\r\nc,d\r\n", "1[a|b] 2[c|d]" },
            { "a,\n,b\n,\n", "1[a|] 2[|b] 3[|]" },
            { "a,", "1[a|]" },
            { "a,\r\n", "1[a|]" },
            { "\n\na\n", "1[] 2[] 3[a]" },
            { "\r\na", "1[] 2[a]" },
            { "\uFEFFa,b\n", "1[a|b]" },
            { "\uFEFF\"a\",b\n", "1[a|b]" },
            { "\"a\",\"\",\"b,c\"\n", "1[a||b,c]" },
            { "\"a\"\"b\"\"\",\"\"\"\"\n", "1[a\"b\"|\"]" },
            { "\"a\nb\",c\nd\n", "1[a\nb|c] 3[d]" },
            { "\"a\r\nb\"\r\nd\r\n", "1[a\r\nb] 3[d]" },
            { "\"a\"", "1[a]" },
            { "\"\"", "1[]" },
            { "\"a\",\"b\"\r\n", "1[a|b]" },
            { "Côte d'Ivoire,…,😀\n", "1[Côte d'Ivoire|…|😀]" },
            { " a , b \n", "1[ a | b ]" },
            { "a\rb,c\n", "1[a\rb|c]" },
        };

    public static TheoryData<string, string> Faults =>
        new()
        {
            { "a\nb\"c\n", "line 2: a quote inside a cell that does not begin with one" },
            { "a\n\"b\"c\n", "line 2: text after a closing quote" },
            { "a\n\"b\" \n", "line 2: text after a closing quote" },
            { "a\n\"b\n\nc", "line 2: a quote that is not closed" },
            { "\"a\"\"", "line 1: a quote that is not closed" },
            { "\"a\"\rb", "line 1: a carriage return without a line feed" },
            { new string(',', 256), "line 1: a row of more than 256 cells" },
            {
                "a\n" + new string('x', CsvRows.MaxRow + 1),
                $"line 2: a row of more than {CsvRows.MaxRow} bytes, or a quote that is not closed"
            },
            {
                "a\n\"" + new string('\n', CsvRows.MaxRow + 1),
                $"line 2: a row of more than {CsvRows.MaxRow} bytes, or a quote that is not closed"
            },
        };

    [Theory, MemberData(nameof(Texts))]
    public async Task Text_becomes_cells_however_it_is_cut(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var step in (int[])[1, 2, 3, 7, int.MaxValue])
            Assert.Equal(expected, await ReadAsync(new Trickle(bytes, step)));
    }

    [Theory, MemberData(nameof(Faults))]
    public async Task What_is_not_CSV_is_told_with_its_line(string text, string expected)
    {
        var fault = await Assert.ThrowsAsync<CsvException>(() =>
            ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)))
        );
        Assert.Equal(expected, fault.Message);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task UTF_16_is_not_taken_for_CSV(bool bigEndian)
    {
        var encoding = bigEndian ? Encoding.BigEndianUnicode : Encoding.Unicode;
        var fault = await Assert.ThrowsAsync<CsvException>(() =>
            ReadAsync(new MemoryStream([.. encoding.Preamble, .. encoding.GetBytes("a,b\n")]))
        );
        Assert.Equal("line 1: UTF-16 text", fault.Message);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_told_with_their_row_and_the_next_row_is_read()
    {
        // Windows-1251, a lone continuation byte, a zero byte.
        byte[] bytes =
        [
            0xC4,
            0xE0,
            (byte)',',
            (byte)'1',
            (byte)'\n',
            0x80,
            (byte)'\n',
            0,
            (byte)'\n',
            (byte)'a',
            (byte)'\n',
        ];
        var seen = new List<string?>();
        await foreach (var row in CsvRows.ReadAsync(new MemoryStream(bytes), CancellationToken.None))
            seen.Add(row.Foreign);
        Assert.Equal(["bytes that are not UTF-8", "bytes that are not UTF-8", "a zero byte", null], seen);
    }

    [Fact]
    public void What_was_written_is_read_again()
    {
        var cell = Gen.Elements('a', ',', '"', '\n', '\r', ' ', 'é', '…')
            .ArrayOf()
            .Select(characters => new string(characters));
        var rows = cell.ArrayOf(3).ArrayOf();
        Prop.ForAll(rows.ToArbitrary(), written =>
            {
                var text = string.Concat(
                    written.Select(row =>
                        string.Join(
                            ',',
                            row.Select(value => $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")
                        ) + "\n"
                    )
                );
                var read = CellsAsync(new Trickle(Encoding.UTF8.GetBytes(text), 5)).GetAwaiter().GetResult();
                return read.Count == written.Length
                    && read.Zip(written).All(pair => pair.First.SequenceEqual(pair.Second));
            })
            .QuickCheckThrowOnFailure();
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        var text = new List<string>();
        await foreach (var row in CsvRows.ReadAsync(stream, CancellationToken.None))
            text.Add($"{row.Line}[{string.Join('|', Enumerable.Range(0, row.Count).Select(row.Text))}]");
        return string.Join(' ', text);
    }

    private static async Task<List<string[]>> CellsAsync(Stream stream)
    {
        var rows = new List<string[]>();
        await foreach (var row in CsvRows.ReadAsync(stream, CancellationToken.None))
            rows.Add([.. Enumerable.Range(0, row.Count).Select(row.Text)]);
        return rows;
    }
}
