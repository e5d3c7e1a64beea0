using System.Globalization;

namespace Pipeline.Loading;

/// <summary>What the checks of figures compute and how they write figures.</summary>
internal static class FigureMath
{
    /// <summary>What to do about a body whose figures are not believed.</summary>
    public const string NothingLoaded =
        "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if the new one "
        + "is right";

    /// <summary>
    /// The middle of some numbers, which are sorted by it; of an even number of them the mean of two.
    /// </summary>
    public static double Median(double[] values)
    {
        Array.Sort(values);
        var half = values.Length / 2;
        return values.Length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }

    /// <summary>A number with three digits.</summary>
    public static double Rounded(double number) =>
        double.Parse(number.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>A figure without exponent, as the table has it.</summary>
    public static string Text(double figure) => figure.ToString("0.######", CultureInfo.InvariantCulture);
}
