using System.Collections.Frozen;

namespace Pipeline.Sources.Codes;

/// <summary>A region of the world.</summary>
/// <param name="Name">The continental region of UN M49, <c>Europe</c> for example; Antarctica has its own.</param>
/// <param name="SubRegion">The sub-region, or the intermediate region where M49 has one: <c>Eastern Africa</c>.</param>
public sealed record Region(string Name, string SubRegion);

/// <summary>
/// The regions of the UN standard M49 by ISO 3166-1 alpha-3 code in use. M49 does not list Taiwan and Kosovo; they are
/// with their neighbours, as UNCTAD has them: Eastern Asia and Southern Europe.
/// </summary>
public static class Regions
{
    private static readonly FrozenDictionary<string, Region> ByIso3 = Read();

    /// <summary>The region of a country; null of a code that is not in use.</summary>
    /// <param name="iso3">The alpha-3 code.</param>
    public static Region? Find(string iso3) => ByIso3.GetValueOrDefault(iso3);

    /// <summary>The list is part of the program: a header, then <c>region|sub-region|codes</c> a line.</summary>
    private static FrozenDictionary<string, Region> Read()
    {
        using var reader = new StreamReader(
            typeof(Regions).Assembly.GetManifestResourceStream("Pipeline.Sources.Codes.regions.txt")!
        );
        return reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(line => line.Split('|'))
            .SelectMany(cells => cells[2].Split(' ').Select(iso3 => (iso3, Region: new Region(cells[0], cells[1]))))
            .ToFrozenDictionary(entry => entry.iso3, entry => entry.Region, StringComparer.Ordinal);
    }
}
