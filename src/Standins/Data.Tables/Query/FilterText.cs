using System.Globalization;
using System.Text;

namespace Azure.Data.Tables.Query;

/// <summary>
/// Writes values into OData filters. https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities#constructing-filter-strings
/// </summary>
internal static class FilterText
{
    /// <exception cref="ArgumentException">A value has no literal.</exception>
    public static string Create(FormattableString filter)
    {
        var literals = new string[filter.ArgumentCount];
        for (var index = 0; index < literals.Length; index++) literals[index] = Literal(filter.GetArgument(index), index, filter.Format);
        return string.Format(CultureInfo.InvariantCulture, filter.Format, literals);
    }

    private static string Literal(object? value, int index, string format) => value switch
    {
        null => "null",
        bool truth => truth ? "true" : "false",
        sbyte or byte or short or ushort or int or uint or decimal => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        long number => number.ToString(CultureInfo.InvariantCulture) + "L",
        ulong number => number.ToString(CultureInfo.InvariantCulture) + "L",
        float number when float.IsFinite(number) => Fraction(number.ToString("R", CultureInfo.InvariantCulture)),
        double number when double.IsFinite(number) => Fraction(number.ToString("R", CultureInfo.InvariantCulture)),
        Guid guid => $"guid'{guid:D}'",
        byte[] bytes => $"X'{Convert.ToHexStringLower(bytes)}'",
        BinaryData bytes => $"X'{Convert.ToHexStringLower(bytes)}'",
        DateTimeOffset moment => DateTime(moment.UtcDateTime),
        DateTime moment => DateTime(moment.ToUniversalTime()),
        string text => Quote(text),
        char character => Quote(character.ToString()),
        StringBuilder text => Quote(text.ToString()),
        _ => throw new ArgumentException(
            $"filter \"{format}\", value {{{index}}}: seen {value.GetType().Name} '{value}', " +
                $"expected a text, a finite number, true, false, a time, a Guid or bytes; convert it.", nameof(value)),
    };

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    private static string DateTime(DateTime utc) => $"datetime'{utc.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture)}Z'";

    /// <summary>A whole number would be an Int32 literal, which a Double column does not always compare with.</summary>
    private static string Fraction(string number) => number.AsSpan().ContainsAny('.', 'E') ? number : number + ".0";
}
