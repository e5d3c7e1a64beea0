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
