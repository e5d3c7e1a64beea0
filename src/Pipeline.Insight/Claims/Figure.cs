using System.Globalization;
using Pipeline.Sources.Unctad;

namespace Pipeline.Insight.Claims;

/// <summary>Powers of a thousand, as people write them.</summary>
internal static class Magnitude
{
    private static readonly string[] Names = ["", "thousand", "million", "billion", "trillion"];

    /// <summary>How many there are; 0 is one by one.</summary>
    public static int Count => Names.Length;

    /// <summary>
    /// What a unit counts in, and what it counts: <c>million US dollars</c> is 2 and <c>US dollars</c>.
    /// </summary>
    public static (int Thousands, string Base) Of(string unit)
    {
        var blank = unit.IndexOf(' ', StringComparison.Ordinal);
        var thousands = blank < 0 ? -1 : Array.IndexOf(Names, unit[..blank]);
        return thousands > 0 ? (thousands, unit[(blank + 1)..]) : (0, unit);
    }

    /// <summary>A unit counted in thousands of thousands.</summary>
    public static string Unit(int thousands, string of) => thousands == 0 ? of : $"{Names[thousands]} {of}";

    /// <summary>
    /// Whether a figure of a unit may be written in thousands: money and counts may, percentages and places
    /// not.
    /// </summary>
    public static bool Scales(string unit) => unit is not ("percent" or "place" or "");

    /// <summary>A thousand to a power.</summary>
    public static decimal Factor(int thousands) =>
        thousands switch
        {
            0 => 1m,
            1 => 1_000m,
            2 => 1_000_000m,
            3 => 1_000_000_000m,
            _ => 1_000_000_000_000m,
        };

    /// <summary>The magnitude in which a figure has one to three digits before the point.</summary>
    public static int Fitting(double value)
    {
        var thousands = 0;
        while (thousands < Count - 1 && Math.Abs(value) >= (double)Factor(thousands + 1))
            thousands++;
        return thousands;
    }
}

/// <summary>A figure as it was printed.</summary>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit, for example <c>million US dollars</c>.</param>
/// <param name="Decimals">The places it was printed with: a correct rounding differs by half of the last one at
/// most.</param>
internal sealed record Stated(decimal Value, string Unit, int Decimals)
{
    /// <summary>What no figure reaches, and what a decimal can hold.</summary>
    private const double Limit = 1e27;

    /// <summary>The magnitude of the unit, and the unit without it.</summary>
    public (int Thousands, string Base) Scale => Magnitude.Of(Unit);

    /// <summary>The figure in units.</summary>
    public decimal Units => Value * Magnitude.Factor(Scale.Thousands);

    /// <summary>The last printed place in units: 100 million for <c>20.8 billion</c>.</summary>
    public decimal LastPlace => Power(-Decimals) * Magnitude.Factor(Scale.Thousands);

    /// <summary>
    /// The number of zeros at the end of a whole number that may stand for a rounding: all behind the first two digits
    /// of money and counts, so that 20,800 million may be a figure to the nearest 100 million, and 100 million one to
    /// the nearest 10 million. Printed decimals say the rounding themselves; percentages and places are not rounded so.
    /// </summary>
    public int RoundingZeros
    {
        get
        {
            if (Decimals > 0 || Value == 0 || Value != decimal.Truncate(Value) || !Magnitude.Scales(Scale.Base))
                return 0;
            var zeros = 0;
            for (var rest = Math.Abs(Value); rest % 10 == 0 && rest >= 100; rest /= 10)
                zeros++;
            return zeros;
        }
    }

    /// <summary>The rounding that <see cref="RoundingZeros"/> allow, for example <c>100 million US dollars</c>.</summary>
    public string RoundedTo => $"{Power(RoundingZeros).ToString("#,0", CultureInfo.InvariantCulture)} {Unit}";

    /// <summary>
    /// Whether the printed figure is a correct rounding of a computed one at its last printed place. Exactly half may
    /// be rounded either way.
    /// </summary>
    public bool Matches(double units) => Matches(units, Scale.Thousands, zeros: 0);

    /// <summary>
    /// Whether it is one if the zeros at its end stand for a rounding, see <see cref="RoundingZeros"/>. True also if
    /// it is one as printed.
    /// </summary>
    public bool MatchesRounded(double units) => Matches(units, Scale.Thousands, RoundingZeros);

    /// <summary>The same figure with the other sign.</summary>
    public Stated Opposite => this with { Value = -Value };

    /// <summary>
    /// The magnitude in which the printed figure would have been a correct rounding; null when there is none,
    /// or when it is one as it is.
    /// </summary>
    public int? MatchingThousands(double units)
    {
        if (Value == 0 || !Magnitude.Scales(Scale.Base) || MatchesRounded(units))
            return null;
        for (var thousands = 0; thousands < Magnitude.Count; thousands++)
        {
            if (Matches(units, thousands, RoundingZeros))
                return thousands;
        }

        return null;
    }

    private bool Matches(double units, int thousands, int zeros) =>
        Math.Abs(units) < Limit
        && Math.Abs(((decimal)units / Magnitude.Factor(thousands)) - Value) <= Power(zeros - Decimals) / 2;

    private static decimal Power(int places)
    {
        var power = 1m;
        for (var up = places; up > 0; up--)
            power *= 10;
        for (var down = places; down < 0; down++)
            power /= 10;
        return power;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Value.ToString($"#,0.{new string('0', Decimals)}", CultureInfo.InvariantCulture)} {Unit}";
}

/// <summary>Computed figures in words.</summary>
internal static class Words
{
    /// <summary>
    /// A figure with its unit, to a tenth: <c>13.2 billion US dollars</c>, <c>2.8 percent</c>, <c>no.
    /// 17</c>.
    /// </summary>
    public static string Of(double value, string unit, int decimals = 1)
    {
        if (unit == "place")
            return $"no. {value.ToString("0.##", CultureInfo.InvariantCulture)}";
        var thousands = Magnitude.Scales(unit) ? Magnitude.Fitting(value) : 0;
        return $"{In(value, thousands).ToString($"#,0.{new string('0', Math.Max(decimals, 1))}", CultureInfo.InvariantCulture)} {Magnitude.Unit(thousands, unit)}".TrimEnd();
    }

    /// <summary>
    /// A computed figure beside a printed one: as short as <see cref="Of"/> writes it if that is at least as exact as
    /// the printed one and, where the order of the two counts, is on the same side of it; otherwise written out.
    /// </summary>
    public static string Beside(Stated stated, double value, string unit, bool isOrder)
    {
        var thousands = Magnitude.Scales(unit) ? Magnitude.Fitting(value) : 0;
        var shown = new Stated(0, Magnitude.Unit(thousands, unit), Math.Max(stated.Decimals, 1));
        var rounded =
            Math.Round(In(value, thousands), shown.Decimals, MidpointRounding.AwayFromZero)
            * (double)Magnitude.Factor(thousands);
        return shown.LastPlace <= stated.LastPlace && (!isOrder || StandsAlike(stated, rounded, value))
            ? Of(value, unit, stated.Decimals)
            : InFull(stated, value, unit);
    }

    /// <summary>
    /// A computed figure written out, beside a printed one: <c>20,844,962,518 US dollars</c>; figures that are not
    /// whole have as many decimals as show how they stand to it.
    /// </summary>
    public static string InFull(Stated stated, double value, string unit)
    {
        if (unit == "place" || !double.IsFinite(value))
            return Of(value, unit);
        const int Most = 12;
        var decimals = Magnitude.Scales(unit) ? 0 : Math.Min(stated.Decimals + 2, Most);
        while (
            decimals < Most && !StandsAlike(stated, Math.Round(value, decimals, MidpointRounding.AwayFromZero), value)
        )
        {
            decimals++;
        }
        var rounded = Math.Round(value, decimals, MidpointRounding.AwayFromZero);
        return $"{rounded.ToString($"#,0.{new string('#', decimals)}", CultureInfo.InvariantCulture)} {unit}".TrimEnd();
    }

    /// <summary>Whether two figures are both above, below or equal to a printed one, and both match it or not.</summary>
    private static bool StandsAlike(Stated stated, double one, double other) =>
        one.CompareTo((double)stated.Units) == other.CompareTo((double)stated.Units)
        && stated.Matches(one) == stated.Matches(other)
        && stated.MatchesRounded(one) == stated.MatchesRounded(other);

    /// <summary>A figure in thousands of thousands.</summary>
    public static double In(double value, int thousands) => value / (double)Magnitude.Factor(thousands);

    /// <summary>Whom a figure is about: an economy's short name, or the id in capitals where it is none.</summary>
    public static string Member(string id) =>
        Economies.FindIso3(id.ToUpperInvariant())?.Name.Split(" (")[0] ?? id.ToUpperInvariant();

    /// <summary>The same text with a capital first letter.</summary>
    public static string Sentence(string text) =>
        text.Length == 0 ? text : $"{char.ToUpperInvariant(text[0])}{text[1..]}{(text.EndsWith('.') ? "" : ".")}";

    /// <summary>Texts with commas, and a word before the last.</summary>
    public static string List(IReadOnlyList<string> texts, string last = "and") =>
        texts.Count < 2 ? string.Join("", texts) : $"{string.Join(", ", texts.SkipLast(1))} {last} {texts[^1]}";
}
