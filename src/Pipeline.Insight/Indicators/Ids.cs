using System.Globalization;
using System.Text;

namespace Pipeline.Insight.Indicators;

/// <summary>Codes and names of facts as indicator ids and titles write them.</summary>
public static class Ids
{
    /// <summary>
    /// Codes that give way to a successor with the same ISO code (4802, 5080, 7320, 7740), or that share one with a
    /// neighbour (5082, 5083): an id must mean one partner.
    /// </summary>
    private static readonly string[] WithoutIso2 = ["4802", "5080", "5082", "5083", "7320", "7740"];

    /// <summary>
    /// A trading partner: its ISO 3166-1 alpha-2 code, or <c>c</c> and its Schedule C code where it has none
    /// of its own.
    /// </summary>
    public static string Partner(string code, string iso2) =>
        iso2.Length == 2 && !WithoutIso2.Contains(code) ? iso2.ToLowerInvariant() : $"c{code}";

    /// <summary>An economy: its ISO 3166-1 alpha-3 code, or its number; groups have four digits.</summary>
    public static string Economy(string code, string iso3) => iso3.Length == 3 ? iso3.ToLowerInvariant() : code;

    /// <summary>Any text as a part of an id: lower-case letters and digits, with single hyphens between.</summary>
    public static string Slug(string text)
    {
        var slug = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c))
                slug.Append(char.ToLowerInvariant(c));
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }

        return slug.ToString().TrimEnd('-');
    }

    /// <summary>A name in capitals as a title has it: <c>TRINIDAD AND TOBAGO</c> is Trinidad and Tobago.</summary>
    public static string Name(string capitals) =>
        CultureInfo
            .InvariantCulture.TextInfo.ToTitleCase(capitals.ToLowerInvariant())
            .Replace(" And ", " and ", StringComparison.Ordinal)
            .Replace(" Of ", " of ", StringComparison.Ordinal)
            .Replace(" The ", " the ", StringComparison.Ordinal);
}
