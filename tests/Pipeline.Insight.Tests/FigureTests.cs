using FsCheck;
using FsCheck.Fluent;
using Pipeline.Insight.Claims;
using Xunit;

namespace Pipeline.Insight.Tests;

public sealed class FigureTests
{
    private static readonly Gen<(long Units, int Thousands, int Decimals)> Printed =
        from digits in Gen.Choose(1, int.MaxValue)
        from factor in Gen.Elements(1L, 13L, 997L, 1_003L)
        from thousands in Gen.Choose(0, 4)
        from decimals in Gen.Choose(0, 4)
        select (digits * factor, thousands, decimals);

    private static decimal Round((long Units, int Thousands, int Decimals) one) =>
        decimal.Round(one.Units / Magnitude.Factor(one.Thousands), one.Decimals, MidpointRounding.AwayFromZero);

    [Fact]
    public void Every_correct_rounding_is_accepted_with_either_sign() =>
        Prop.ForAll(Printed.ToArbitrary(), one =>
            {
                var unit = Magnitude.Unit(one.Thousands, "US dollars");
                Assert.True(new Stated(Round(one), unit, one.Decimals).Matches(one.Units));
                Assert.True(new Stated(-Round(one), unit, one.Decimals).Matches(-one.Units));
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_figure_one_off_in_its_last_place_is_not_a_rounding_unless_exactly_half() =>
        Prop.ForAll(Printed.ToArbitrary(), one =>
            {
                var last = 1m;
                for (var place = 0; place < one.Decimals; place++)
                    last /= 10;
                var exact = one.Units / Magnitude.Factor(one.Thousands);
                foreach (var off in new[] { Round(one) + last, Round(one) - last })
                {
                    Assert.Equal(
                        Math.Abs(exact - off) == last / 2,
                        new Stated(off, Magnitude.Unit(one.Thousands, "US dollars"), one.Decimals).Matches(one.Units)
                    );
                }
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_figure_printed_with_another_magnitude_is_found_in_the_right_one() =>
        Prop.ForAll(Printed.ToArbitrary(), one =>
            {
                foreach (var wrong in Enumerable.Range(0, Magnitude.Count).Where(wrong => wrong != one.Thousands))
                {
                    var stated = new Stated(Round(one), Magnitude.Unit(wrong, "US dollars"), one.Decimals);
                    if (stated.Value == 0 || stated.Matches(one.Units))
                        continue;
                    var right = stated.MatchingThousands(one.Units);
                    Assert.NotNull(right);
                    Assert.True(
                        new Stated(stated.Value, Magnitude.Unit(right.Value, "US dollars"), one.Decimals).Matches(
                            one.Units
                        )
                    );
                }
            })
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(13.2, 1, 13_249_999_999, true)]
    [InlineData(13.2, 1, 13_250_000_000, true)] // Exactly half may go either way.
    [InlineData(13.3, 1, 13_250_000_000, true)]
    [InlineData(13.2, 1, 13_250_000_001, false)]
    [InlineData(13.2, 1, -13_200_000_000, false)]
    [InlineData(0, 0, 499_999_999, true)]
    [InlineData(0, 0, 500_000_001, false)]
    public void Rounding_is_held_to_the_printed_place(double value, int decimals, double units, bool matches) =>
        Assert.Equal(matches, new Stated((decimal)value, "billion US dollars", decimals).Matches(units));

    /// <summary>Zeros behind the first two digits of a whole number may stand for a rounding.</summary>
    [Theory]
    [InlineData(20_800, "million US dollars", 2, "100 million US dollars", 20_844_962_518, true)]
    [InlineData(20_800, "million US dollars", 2, "100 million US dollars", 20_850_000_000, true)] // Half goes either way.
    [InlineData(20_800, "million US dollars", 2, "100 million US dollars", 20_850_000_001, false)]
    [InlineData(20_800, "million US dollars", 2, "100 million US dollars", 20_750_000_000, true)]
    [InlineData(20_800, "million US dollars", 2, "100 million US dollars", 20_749_999_999, false)]
    [InlineData(21_000, "million US dollars", 3, "1,000 million US dollars", 20_844_962_518, true)]
    [InlineData(-21_000, "million US dollars", 3, "1,000 million US dollars", -20_844_962_518, true)]
    [InlineData(-21_000, "million US dollars", 3, "1,000 million US dollars", 20_844_962_518, false)]
    [InlineData(20_000, "million US dollars", 3, "1,000 million US dollars", 20_844_962_518, false)]
    [InlineData(20, "billion US dollars", 0, "1 billion US dollars", 20_844_962_518, false)]
    [InlineData(20_000_000_000, "US dollars", 9, "1,000,000,000 US dollars", 20_844_962_518, false)]
    [InlineData(100, "million US dollars", 1, "10 million US dollars", 105_000_000, true)]
    [InlineData(100, "million US dollars", 1, "10 million US dollars", 105_000_001, false)]
    [InlineData(100, "million US dollars", 1, "10 million US dollars", 140_000_000, false)]
    [InlineData(10, "million US dollars", 0, "1 million US dollars", 10_500_001, false)]
    [InlineData(100, "percent", 0, "1 percent", 96, false)]
    [InlineData(100, "place", 0, "1 place", 101, false)]
    [InlineData(0, "million US dollars", 0, "1 million US dollars", 900_000, false)]
    public void Zeros_behind_two_digits_may_be_a_rounding(
        double value,
        string unit,
        int zeros,
        string roundedTo,
        double units,
        bool matches
    )
    {
        var stated = new Stated((decimal)value, unit, 0);
        Assert.Equal((zeros, roundedTo), (stated.RoundingZeros, stated.RoundedTo));
        Assert.Equal(matches, stated.MatchesRounded(units));
    }

    [Theory]
    [InlineData(20_800.0, 1)]
    [InlineData(20.80, 2)]
    public void Printed_decimals_are_the_rounding(double value, int decimals)
    {
        var stated = new Stated((decimal)value, "million US dollars", decimals);
        Assert.Equal(0, stated.RoundingZeros);
        Assert.Equal(stated.Matches(20_844_962_518), stated.MatchesRounded(20_844_962_518));
    }

    [Fact]
    public void A_rounding_that_the_zeros_allow_is_within_one_twentieth_of_the_figure() =>
        Prop.ForAll(Printed.ToArbitrary(), one =>
            {
                var stated = new Stated(Round(one), Magnitude.Unit(one.Thousands, "US dollars"), 0);
                var widest = stated.Units + (stated.Units * 0.0501m);
                Assert.True(stated.RoundingZeros == 0 || !stated.MatchesRounded((double)widest));
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void What_cannot_be_scaled_has_no_other_unit()
    {
        Assert.Null(new Stated(90, "percent", 0).MatchingThousands(0.09));
        Assert.Null(new Stated(90, "percent", 0).MatchingThousands(90_000));
        Assert.Null(new Stated(0, "million US dollars", 0).MatchingThousands(3_000_000));
        Assert.Null(new Stated(13.2m, "billion US dollars", 1).MatchingThousands(13_200_000_000));
        Assert.Equal(3, new Stated(13.2m, "million US dollars", 1).MatchingThousands(13_238_154_061));
        Assert.Null(new Stated(1, "US dollars", 0).MatchingThousands(double.NaN));
        Assert.False(new Stated(1, "US dollars", 0).Matches(double.PositiveInfinity));
    }

    [Theory]
    [InlineData(13_238_154_061d, "US dollars", "13.2 billion US dollars")]
    [InlineData(-999d, "US dollars", "-999.0 US dollars")]
    [InlineData(2_500_000_000_000_000d, "US dollars", "2,500.0 trillion US dollars")]
    [InlineData(22.222, "percent", "22.2 percent")]
    [InlineData(17, "place", "no. 17")]
    [InlineData(12, "", "12.0")]
    public void Figures_are_written_as_people_say_them(double value, string unit, string words) =>
        Assert.Equal(words, Words.Of(value, unit));
}
