using System.Collections.Frozen;
using System.Globalization;

namespace Pipeline.Sources.Codes;

/// <summary>A country or a territory with a code, today or once.</summary>
/// <param name="Iso3">ISO 3166-1 alpha-3, or the publishers' addition.</param>
/// <param name="Iso2">Alpha-2; empty where none exists.</param>
/// <param name="Numeric">Three digits; empty where none exist.</param>
/// <param name="Name">The name in English.</param>
/// <param name="From">The first year of the code where that is after the data begin; null otherwise. Figures of earlier
/// years are the publisher's, who carries economies back.</param>
/// <param name="To">The last year of a code that is retired; null for one in use.</param>
/// <param name="Successor">The code that stands for the same country now; empty where that is not certain.</param>
public sealed record Country(
    string Iso3,
    string Iso2,
    string Numeric,
    string Name,
    int? From,
    int? To,
    string Successor
);

/// <summary>
/// ISO 3166-1, current and former codes, and what publishers add (Kosovo). One list for all sources. A retired code
/// stands for its successor only where that is the same country under another name.
/// </summary>
public static class Countries
{
    private static readonly FrozenDictionary<string, Country> ByIso3 = Read()
        .ToFrozenDictionary(country => country.Iso3, StringComparer.Ordinal);

    private static readonly FrozenSet<string> CurrentIso2 = All.Where(country =>
            country.To is null && country.Iso2.Length > 0
        )
        .Select(country => country.Iso2)
        .ToFrozenSet(StringComparer.Ordinal);

    /// <summary>All codes of the list.</summary>
    public static IEnumerable<Country> All => ByIso3.Values;

    /// <summary>Whether a text is an alpha-2 code in use. <c>UK</c> is none: the United Kingdom is <c>GB</c>.</summary>
    public static bool IsCurrentIso2(string code) => CurrentIso2.Contains(code);

    /// <summary>The country that an alpha-3 code stands for in a year.</summary>
    /// <param name="iso3">The code.</param>
    /// <param name="year">The year of the figure.</param>
    /// <param name="expected">What should stand there instead; empty when the code is right.</param>
    public static Country? Find(string iso3, int year, out string expected)
    {
        expected = "";
        if (!ByIso3.TryGetValue(iso3, out var country))
        {
            expected = "an ISO 3166-1 alpha-3 code, current or former, or XKX for Kosovo";
            return null;
        }
        if (country.To is { } last && year > last)
        {
            if (country.Successor.Length > 0)
                return ByIso3[country.Successor];
            expected = $"a code that was in use in {year}: {iso3}, {country.Name}, ended in {last}";
            return null;
        }
        // Publishers carry economies back to the years before their codes: an early start is no fault.
        return country;
    }

    private static IEnumerable<Country> Read()
    {
        using var reader = new StreamReader(
            typeof(Countries).Assembly.GetManifestResourceStream("Pipeline.Sources.Codes.countries.txt")!
        );
        return
        [
            .. reader
                .ReadToEnd()
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Skip(1)
                .Select(line => line.Split('|'))
                .Select(cells => new Country(
                    cells[0],
                    cells[1],
                    cells[2],
                    cells[3],
                    Year(cells[4]),
                    Year(cells[5]),
                    cells[6]
                )),
        ];
    }

    private static int? Year(string text) => text.Length == 0 ? null : int.Parse(text, CultureInfo.InvariantCulture);
}
