using System.Globalization;
using System.Numerics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Sources.Unctad;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

public sealed class AmountsTests
{
    [Theory]
    [InlineData("204887.703", 204_887_703_000)]
    [InlineData("-15204.6", -15_204_600_000)]
    [InlineData("0", 0)]
    [InlineData("-0.0", 0)]
    [InlineData("100", 100_000_000)]
    [InlineData("4E-05", 40)]
    [InlineData("1.5e+3", 1_500_000_000)]
    [InlineData("0.0000005", 1)]
    [InlineData("-0.0000005", -1)]
    [InlineData("0.000000499999999999999", 0)]
    [InlineData("0.0000014", 1)]
    [InlineData("9223372036853", 9_223_372_036_853_000_000)]
    public void Millions_become_whole_dollars(string text, long dollars)
    {
        Assert.True(Amounts.TryRead(Encoding.UTF8.GetBytes(text), Amounts.Million, out var read));
        Assert.Equal(dollars, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12,5")]
    [InlineData("1 234")]
    [InlineData("..")]
    [InlineData("-")]
    [InlineData("_")]
    [InlineData("NaN")]
    [InlineData("1e30")]
    [InlineData("0x10")]
    [InlineData("9223372036854")]
    [InlineData("-9223372036855.1")]
    [InlineData("99999999999999999999999999999999")]
    [InlineData("0.0000000000000000000000001")]
    public void What_is_no_amount_is_not_read(string text) =>
        Assert.False(Amounts.TryRead(Encoding.UTF8.GetBytes(text), Amounts.Million, out _));

    [Fact]
    public void Every_amount_is_scaled_exactly_and_rounded_half_away_from_zero() =>
        Prop.ForAll(
                (
                    from digits in Gen.Choose(int.MinValue, int.MaxValue)
                    from more in Gen.Choose(0, 9999)
                    from places in Gen.Choose(0, 12)
                    from unit in Gen.Elements(1, Amounts.Million)
                    select (digits, more, places, unit)
                ).ToArbitrary(),
                sample =>
                {
                    // The same in whole numbers of any length.
                    var mantissa = new BigInteger(sample.digits) * 10_000 + sample.more;
                    var scale = BigInteger.Pow(10, sample.places);
                    var (quotient, rest) = (
                        BigInteger.DivRem(BigInteger.Abs(mantissa) * sample.unit, scale, out var remainder),
                        remainder
                    );
                    var expected = (quotient + (rest * 2 >= scale ? 1 : 0)) * mantissa.Sign;
                    var digits = BigInteger
                        .Abs(mantissa)
                        .ToString(CultureInfo.InvariantCulture)
                        .PadLeft(sample.places + 1, '0');
                    var plain =
                        $"{(mantissa.Sign < 0 ? "-" : "")}{digits[..^sample.places]}{(sample.places > 0 ? "." : "")}"
                        + $"{digits[^sample.places..]}";
                    var floating = $"{mantissa.ToString(CultureInfo.InvariantCulture)}E-{sample.places:00}";
                    foreach (var text in (string[])[plain, floating])
                    {
                        var read = Amounts.TryRead(Encoding.UTF8.GetBytes(text), sample.unit, out var dollars);
                        Assert.Equal(BigInteger.Abs(expected) < long.MaxValue / sample.unit * sample.unit, read);
                        if (read)
                            Assert.Equal(expected, dollars);
                    }
                }
            )
            .QuickCheckThrowOnFailure();
}
