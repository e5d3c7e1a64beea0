using FsCheck;
using FsCheck.Fluent;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Xunit;

namespace Pipeline.Tests.Loading;

public sealed class KeysTests
{
    private static readonly Gen<string> Text = Gen.Frequency(
            (6, Gen.Choose(0x20, 0x7E)),
            (3, Gen.Elements<int>('/', '\\', '#', '?', '%', '|', '~', '0', 'F')),
            (1, Gen.Choose(0, 0x9F)),
            (1, Gen.Choose(0xD800, 0xDFFF)),
            (1, Gen.Choose(0xA0, 0xFFFF))
        )
        .Select(code => (char)code)
        .ArrayOf()
        .Select(letters => new string(letters));

    [Theory]
    [InlineData("", "")]
    [InlineData("0042", "0042")]
    [InlineData("Côte d'Ivoire 😀", "Côte d'Ivoire 😀")]
    [InlineData("a/b\\c#d?e%f|g~h", "a~002Fb~005Cc~0023d~003Fe~0025f~007Cg~007Eh")]
    [InlineData("a\n\u0085", "a~000A~0085")]
    public void What_a_key_must_not_hold_is_written_as_its_code(string text, string key) =>
        Assert.Equal(key, Keys.Clean(text));

    [Fact]
    public void Half_a_character_is_written_as_its_code() =>
        Assert.Equal("~D83Dx😀~DE00", Keys.Clean("\uD83Dx😀\uDE00"));

    [Fact]
    public void Every_text_becomes_a_legal_key_and_can_be_told_from_every_other() =>
        Prop.ForAll(Text.ToArbitrary(), text =>
            {
                var key = Keys.Clean(text);
                Assert.DoesNotContain(key, c => "/\\#?%".Contains(c) || char.IsControl(c));
                Assert.DoesNotContain('|', key);
                // It can be read back, so no two texts have the same key.
                var back = System.Text.RegularExpressions.Regex.Replace(key, "~([0-9A-F]{4})", match =>
                    ((char)Convert.ToInt32(match.Groups[1].Value, 16)).ToString()
                );
                Assert.Equal(text, back);
                Assert.Equal(key, Uri.UnescapeDataString(Uri.EscapeDataString(key)));
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Hashes_differ_exactly_when_own_columns_do()
    {
        var row = new TradeMonthly
        {
            Period = "2024-01",
            ValueUsd = 1,
            Basis = "a",
        };
        Assert.Equal(
            RowHash.Of(row),
            RowHash.Of(
                new TradeMonthly
                {
                    Period = "2024-01",
                    ValueUsd = 1,
                    Basis = "a",
                    RunId = "x",
                    Revision = 3,
                    RowHash = "y",
                }
            )
        );
        Assert.NotEqual(
            RowHash.Of(row),
            RowHash.Of(
                new TradeMonthly
                {
                    Period = "2024-01",
                    ValueUsd = 1,
                    Basis = "b",
                }
            )
        );
        Assert.NotEqual(
            RowHash.Of(new TradeMonthly { Flow = "ab", Level = "c" }),
            RowHash.Of(new TradeMonthly { Flow = "a", Level = "bc" })
        );
        Assert.NotEqual(
            RowHash.Of(new TradeMonthly { Flow = "\0\0\0\0" }),
            RowHash.Of(new TradeMonthly { Level = "\0\0\0\0" })
        );
    }

    [Fact]
    public void A_value_of_a_column_is_written_as_keys_have_it()
    {
        Assert.Equal("a~007Cb", Keys.Part("a|b"));
        Assert.Equal("0987", Keys.Part(987));
        Assert.Equal("2021-01-31", Keys.Part(new DateTimeOffset(2021, 1, 31, 23, 0, 0, TimeSpan.Zero)));
        Assert.Equal(
            "a part of a key of type Double (Parameter 'value')",
            Assert.Throws<ArgumentException>(() => Keys.Part(1.5)).Message
        );
    }
}
