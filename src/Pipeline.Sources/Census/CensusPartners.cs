using System.Collections.Frozen;
using System.Text;

namespace Pipeline.Sources.Census;

/// <summary>A trading partner.</summary>
/// <param name="Code">Schedule C code.</param>
/// <param name="Iso2">ISO 3166-1 alpha-2; empty where none exists. Not unique: successor states share a code.</param>
/// <param name="Name">The name in the tables.</param>
/// <param name="LastYear">The last year with figures of a code that is retired; null for one in use.</param>
public sealed record Partner(string Code, string Iso2, string Name, int? LastYear = null);

/// <summary>The partners by code: names and ISO codes do not depend on which answer a row came from.</summary>
public static class CensusPartners
{
    private static readonly FrozenDictionary<string, Partner> Known = Read();

    /// <summary>What a code stands for in the API.</summary>
    public enum Kind
    {
        /// <summary>A country: the only rows to add up.</summary>
        Country,

        /// <summary>The world total, <c>-</c> or empty.</summary>
        Total,

        /// <summary>A group of countries or a continent.</summary>
        Group,

        /// <summary>Something else.</summary>
        Unknown,
    }

    /// <summary>The partners that the list knows.</summary>
    public static IEnumerable<Partner> All => Known.Values;

    /// <summary>A partner by code; one that the list does not know yet is called what the source calls it.</summary>
    public static Partner Of(string code, string? sourceName) =>
        Known.TryGetValue(code, out var partner)
            ? partner
            : new Partner(code, "", string.IsNullOrWhiteSpace(sourceName) ? $"UNKNOWN {code}" : sourceName);

    /// <summary>
    /// Why a partner has no trade in a year: it is retired, or not on the list; empty when neither is so.
    /// </summary>
    public static string Absence(string code, int year)
    {
        if (!Known.TryGetValue(code, out var partner))
            return $"partner {code} is not on the program's list of partners";
        return partner.LastYear is { } last && year > last
            ? $"partner {code}, {partner.Name}, is no partner any more: its last figures are of {last}"
            : "";
    }

    /// <summary>
    /// Groups start with 0 (<c>0003</c>) or are continents (<c>4XXX</c>); countries have four digits, the
    /// first 1 to 8.
    /// </summary>
    public static Kind KindOf(ReadOnlySpan<byte> code)
    {
        if (code.Length == 0 || code.SequenceEqual("-"u8))
            return Kind.Total;
        if (code.Length != 4)
            return Kind.Unknown;
        if (code[1..].SequenceEqual("XXX"u8))
            return code[0] is >= (byte)'0' and <= (byte)'9' ? Kind.Group : Kind.Unknown;
        foreach (var c in code)
        {
            if (c is < (byte)'0' or > (byte)'9')
                return Kind.Unknown;
        }

        return code[0] switch
        {
            (byte)'0' => Kind.Group,
            (byte)'9' => Kind.Unknown,
            _ => Kind.Country,
        };
    }

    public static Kind KindOf(string code) => KindOf(Encoding.UTF8.GetBytes(code));

    /// <summary>The list is part of the program: a header, then <c>code|iso2|name|last</c> a line.</summary>
    private static FrozenDictionary<string, Partner> Read()
    {
        using var reader = new StreamReader(
            typeof(CensusPartners).Assembly.GetManifestResourceStream("Pipeline.Sources.Census.partners.txt")!
        );
        return reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(line => line.Split('|'))
            .Select(cells => new Partner(
                cells[0],
                cells[1],
                cells[2],
                cells[3].Length == 0 ? null : int.Parse(cells[3], System.Globalization.CultureInfo.InvariantCulture)
            ))
            .ToFrozenDictionary(partner => partner.Code, StringComparer.Ordinal);
    }
}
