using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pipeline.Datasets;

/// <summary>Keys of table rows: parts joined by <c>|</c>; codes keep their leading zeros.</summary>
/// <remarks>
/// The table service refuses <c>/ \ # ?</c> and control characters in keys, and keys over 1 KiB; <c>%</c> is
/// read in two ways in addresses. See <see cref="Storage.AzureLimitsPolicy"/>.
/// </remarks>
public static class Keys
{
    private const char Escape = '~';

    // U+FFFD is what clients write for half a character.
    private static readonly SearchValues<char> Forbidden = SearchValues.Create("/\\#?%|\uFFFD~");

    /// <summary>
    /// A value of a column as one part of a key: a text by <see cref="Clean"/>, a year with four digits, a day as
    /// <c>yyyy-MM-dd</c>.
    /// </summary>
    /// <exception cref="ArgumentException">No part of a key has this type.</exception>
    public static string Part(object value) =>
        value switch
        {
            string text => Clean(text),
            int year => year.ToString("0000", CultureInfo.InvariantCulture),
            DateTimeOffset day => day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            _ => throw new ArgumentException($"a part of a key of type {value.GetType().Name}", nameof(value)),
        };

    /// <summary>
    /// Text from outside as one part of a key: what a key must not hold, and the separator, is written
    /// <c>~XXXX</c>, so that different texts stay different.
    /// </summary>
    public static string Clean(string part)
    {
        if (!part.AsSpan().ContainsAny(Forbidden) && !part.Any(c => char.IsControl(c) || char.IsSurrogate(c)))
            return part;
        var clean = new StringBuilder(part.Length + 16);
        for (var i = 0; i < part.Length; i++)
        {
            var c = part[i];
            if (char.IsHighSurrogate(c) && i + 1 < part.Length && char.IsLowSurrogate(part[i + 1]))
                clean.Append(c).Append(part[++i]);
            else if (Forbidden.Contains(c) || char.IsControl(c) || char.IsSurrogate(c))
                clean.Append(Escape).Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            else
                clean.Append(c);
        }
        return clean.ToString();
    }
}
