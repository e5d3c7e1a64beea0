using System.Globalization;

namespace Pipeline.Sources.Unctad;

/// <summary>Amounts of money as they are written, turned into whole US dollars without binary fractions.</summary>
internal static class Amounts
{
    /// <summary>What one unit of a column of millions is, in dollars.</summary>
    public const int Million = 1_000_000;

    /// <summary>The words for what an amount must be, for messages.</summary>
    public const string Expected =
        "a decimal number, such as -15205.1 or 4E-05, of less than 9,223,372,036,854 million US dollars";

    /// <summary>The same for files with semicolons between the columns.</summary>
    public const string ExpectedWithComma =
        "a decimal number with a comma, because semicolons stand between the columns";

    /// <summary>
    /// Amounts that are written longer than this are no amounts; up to here every step of the arithmetic is
    /// exact.
    /// </summary>
    public const int MaxLength = 24;

    /// <summary>
    /// Reads an amount: invariant culture, float style. What is below a dollar is rounded half away from
    /// zero.
    /// </summary>
    /// <param name="text">The amount as it is written, UTF-8.</param>
    /// <param name="unit">What 1 stands for, in dollars: 1 or <see cref="Million"/>.</param>
    /// <param name="dollars">The amount in whole US dollars.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, int unit, out long dollars) =>
        TryRead(text, unit, out dollars, out _);

    /// <summary>The same with a decimal comma. A point is none then: it may stand between thousands.</summary>
    public static bool TryReadWithComma(ReadOnlySpan<byte> text, int unit, out long dollars) =>
        TryReadWithComma(text, unit, out dollars, out _);

    /// <inheritdoc cref="TryReadWithComma(ReadOnlySpan{byte}, int, out long)"/>
    public static bool TryReadWithComma(ReadOnlySpan<byte> text, int unit, out long dollars, out decimal half)
    {
        (dollars, half) = (0, 0);
        if (text.Length > MaxLength || text.Contains((byte)'.') || text.Count((byte)',') > 1)
            return false;
        Span<byte> point = stackalloc byte[text.Length];
        text.Replace(point, (byte)',', (byte)'.');
        return TryRead(point, unit, out dollars, out half);
    }

    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, int, out long)"/>
    /// <param name="half">Half a unit of the last digit written, in dollars: what the amount may be off by.</param>
    public static bool TryRead(ReadOnlySpan<byte> text, int unit, out long dollars, out decimal half)
    {
        dollars = 0;
        half = 0;
        if (
            text.Length > MaxLength
            || !decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var written)
        )
        {
            return false;
        }

        if (Math.Abs(written) >= long.MaxValue / unit)
            return false;
        dollars = (long)decimal.Round(written * unit, 0, MidpointRounding.AwayFromZero);
        half = new decimal(5, 0, 0, false, (byte)Math.Min(written.Scale + 1, 28)) * unit;
        return true;
    }
}
