using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Sources.Formats;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Formats;

public sealed class JsonRowsTests
{
    /// <summary>How long a row may be to be read at once, whatever is before it.</summary>
    private const int Buffer = 64 * 1024;

    public static TheoryData<string, string> Texts =>
        new()
        {
            { "[]", "" },
            { " [ ] ", "" },
            { "[[]]", "[]" },
            { "[[],[]]", "[] []" },
            { """[["a"]]""", "[a]" },
            { """[["a","b"],["c","d"]]""", "[a|b] [c|d]" },
            { "\uFEFF[[\"a\"],[\"b\"]]", "[a] [b]" },
            { " [ [ \"a\" , null ] ,\r\n\t[ \"\" , \"b\" ] ] \n", "[a|null] [|b]" },
            { """[["a"],["b","\u0041\"\\x"],["c"]]""", "[a] [b|A\"\\x] [c]" },
            { """[["a"],[1,-2.5e3,"c",0],["d"]]""", "[a] [1|-2.5e3|c|0] [d]" },
            { """[["a"],["b",true],["c"]]""", "[a] [b|null true or false in a cell] [c]" },
            { """[["a"],["b",[1,{"x":[]}],"z"],["c"]]""", "[a] [b|null|z a list or an object in a cell] [c]" },
            { """[["a"],["\ud800"],["c"]]""", "[a] [ an escape that stands for no character] [c]" },
            { """[["a"],["Côte d'Ivoire","…","😀"]]""", "[a] [Côte d'Ivoire|…|😀]" },
        };

    public static TheoryData<string, string> Faults =>
        new()
        {
            {
                "",
                "byte 0: The input does not contain any JSON tokens. Expected the input to start with a valid JSON "
                    + "token, when isFinalBlock is true."
            },
            {
                "   ",
                "byte 3: The input does not contain any JSON tokens. Expected the input to start with a valid JSON "
                    + "token, when isFinalBlock is true."
            },
            { "{}", "a StartObject where a row, an array, should begin" },
            { "[1]", "a Number where a row, an array, should begin" },
            { """[["a"],null]""", "a Null where a row, an array, should begin" },
            {
                "[[\"a\"],\n[\"b\"] [\"c\"]]",
                "byte 14: '[' is invalid after a value. Expected either ',', '}', or ']'."
            },
            {
                """[["a"],["b",]]""",
                "byte 12: The JSON array contains a trailing comma at the end which is not supported in this mode. "
                    + "Change the reader options."
            },
            {
                """[["a"],["b"],]""",
                "byte 13: The JSON array contains a trailing comma at the end which is not supported in this mode. "
                    + "Change the reader options."
            },
            {
                "[[\"a\"],[\"b\nc\"]]",
                "byte 10: '0x0A' is invalid within a JSON string. The string should be correctly escaped."
            },
            {
                """[["a"],["b\x"]]""",
                "byte 11: 'x' is an invalid escapable character within a JSON string. The string should be "
                    + "correctly escaped."
            },
            {
                """[["a"],["b"],["c","d" "e"]]""",
                "byte 22: '\"' is invalid after a value. Expected either ',', '}', or ']'."
            },
            { """[["a"],[x]]""", "byte 8: 'x' is an invalid start of a value." },
            { """[["a"],["b"]]]""", "something after the end of the array" },
            {
                "["
                    + string.Join(
                        ',',
                        Enumerable.Repeat(
                            "[" + string.Join(',', Enumerable.Repeat("\"x\"", JsonRows.MaxCells + 1)) + "]",
                            2
                        )
                    )
                    + "]",
                $"a row of more than {JsonRows.MaxCells} cells"
            },
            {
                "[[\"a\"],[\"" + new string('x', JsonRows.MaxRow + 1) + "\"]]",
                $"a row of more than {JsonRows.MaxRow} bytes"
            },
        };

    [Theory, MemberData(nameof(Texts))]
    public async Task Rows_become_cells_however_they_are_cut(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var step in (int[])[1, 2, 3, 7, int.MaxValue])
            Assert.Equal(expected, await ReadAsync(new Trickle(bytes, step)));
    }

    [Theory, MemberData(nameof(Faults))]
    public async Task What_is_no_array_of_arrays_is_told_with_its_byte(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var step in text.Length > Buffer ? (int[])[int.MaxValue] : [3, int.MaxValue])
        {
            Assert.Equal(
                expected,
                (await Assert.ThrowsAsync<JsonException>(() => ReadAsync(new Trickle(bytes, step)))).Message
            );
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public async Task A_byte_is_counted_from_the_beginning_of_the_body_however_far_it_is(string between)
    {
        var rows = string.Concat(Enumerable.Repeat($",{between}[\"0123456789\",\"abcdef\"]", Buffer / 10));
        var text = $"[[\"a\",\"b\"]{rows},[\"\\x\"]]";
        var fault = await Assert.ThrowsAsync<JsonException>(() =>
            ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)))
        );
        Assert.Equal(
            $"byte {text.Length - 4}: 'x' is an invalid escapable character within a JSON string. The string should "
                + "be correctly escaped.",
            fault.Message
        );
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF8_are_told_in_plain_rows_too()
    {
        byte[] bytes = [.. "[[\"a\"],[\""u8, 0xC3, 0x28, .. "\"],[\"c\"]]"u8];
        Assert.Contains(
            " bytes that are not UTF-8] [c]",
            await ReadAsync(new MemoryStream(bytes)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Any_rows_are_what_JsonDocument_reads()
    {
        var text = Gen.OneOf(
            Gen.Elements("", "a", "4621", "-", "Côte", "\"", "\\", "\n", "\u0000", "😀", "[", "]", ","),
            ArbMap.Default.GeneratorFor<string>().Where(value => value is not null && IsWellFormed(value))
        );
        var cell = Gen.Frequency(
            (8, text.Select(value => JsonSerializer.Serialize(value))),
            (1, Gen.Constant("null")),
            (1, Gen.Elements("0", "-1", "12.50", "1e9"))
        );
        var space = Gen.Frequency((6, Gen.Constant("")), (1, Gen.Elements(" ", "\n", "\r\n", "\t")));
        var row = cell.Zip(space)
            .ArrayOf()
            .Select(cells => $"[{string.Join(',', cells.Select(pair => $"{pair.Item2}{pair.Item1}{pair.Item2}"))}]");
        var body = row.Zip(space)
            .ArrayOf()
            .Select(rows => $"[{string.Join(',', rows.Select(pair => $"{pair.Item2}{pair.Item1}{pair.Item2}"))}]");
        var check = Prop.ForAll(body.ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), (json, step) =>
        {
            using var document = JsonDocument.Parse(json);
            var expected = string.Join(
                ' ',
                document
                    .RootElement.EnumerateArray()
                    .Select(cells =>
                        $"[{string.Join('|', cells.EnumerateArray().Select(value => value.ValueKind switch
            {
                JsonValueKind.Null => "null",
                JsonValueKind.Number => value.GetRawText(),
                _ => value.GetString()
            }))}]"
                    )
            );
            var seen = ReadAsync(new Trickle(Encoding.UTF8.GetBytes(json), step)).GetAwaiter().GetResult();
            if (seen != expected)
                throw new InvalidOperationException($"{json}: seen {seen}, expected {expected}");
        });
        await Task.Run(() => check.Check(Config.QuickThrowOnFailure.WithMaxTest(500)));
    }

    private static bool IsWellFormed(string text)
    {
        try
        {
            return new UTF8Encoding(false, true).GetByteCount(text) >= 0;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>The rows as texts, and what is foreign in them.</summary>
    private static async Task<string> ReadAsync(Stream stream)
    {
        var read = new List<string>();
        using var rows = new JsonRows(stream);
        do
        {
            while (rows.TryNext())
            {
                var cells = Enumerable.Range(0, rows.Count).Select(index => rows.Text(index) ?? "null").ToList();
                for (var index = 0; index < rows.Count; index++)
                    Assert.Equal(rows.IsNull(index) ? "" : cells[index], Encoding.UTF8.GetString(rows.Bytes(index)));
                read.Add($"[{string.Join('|', cells)}{(rows.Foreign is { } foreign ? " " + foreign : "")}]");
            }
        } while (await rows.FillAsync(CancellationToken.None));
        return string.Join(' ', read);
    }
}
