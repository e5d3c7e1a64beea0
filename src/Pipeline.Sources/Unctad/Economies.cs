using System.Collections.Frozen;

namespace Pipeline.Sources.Unctad;

/// <summary>An economy.</summary>
/// <param name="Code">Three digits of UN M49, with a few of the publisher's own for states that are no more.</param>
/// <param name="Iso3">ISO 3166-1 alpha-3; empty where none exists.</param>
/// <param name="Name">The name in the tables where a body has none.</param>
public sealed record Economy(string Code, string Iso3, string Name);

/// <summary>
/// The economies by code and by ISO code. A release may bring others (unctad.md, section 4): those have no ISO
/// code here.
/// </summary>
public static class Economies
{
    private static readonly FrozenDictionary<string, Economy> ByCode = Read();
    private static readonly FrozenDictionary<string, Economy> ByIso3 = ByCode
        .Values.Where(economy => economy.Iso3.Length > 0)
        .ToFrozenDictionary(economy => economy.Iso3, StringComparer.Ordinal);

    /// <summary>The financial centres of the program's own list.</summary>
    public static FrozenSet<string> FinancialCentres => Unctad.FinancialCentres.Default;

    /// <summary>The economies that the list has.</summary>
    public static IEnumerable<Economy> All => ByCode.Values;

    /// <summary>The economy with a code; null when the list does not have it.</summary>
    public static Economy? Find(string code) => ByCode.GetValueOrDefault(code);

    /// <summary>The economy with an ISO code; null when the list does not have it.</summary>
    public static Economy? FindIso3(string iso3) => ByIso3.GetValueOrDefault(iso3);

    /// <summary>An economy by code; one that the list does not have is called what the source calls it.</summary>
    public static Economy Of(string code, string sourceName)
    {
        var known = Find(code);
        var name = !string.IsNullOrWhiteSpace(sourceName) ? sourceName : known?.Name ?? $"Unknown economy {code}";
        return new Economy(code, known?.Iso3 ?? "", name);
    }

    /// <summary>The list is part of the program: a header, then <c>code|iso3|name</c> a line.</summary>
    private static FrozenDictionary<string, Economy> Read()
    {
        using var reader = new StreamReader(
            typeof(Economies).Assembly.GetManifestResourceStream("Pipeline.Sources.Unctad.economies.txt")!
        );
        return reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(line => line.Split('|'))
            .Select(cells => new Economy(cells[0], cells[1], cells[2]))
            .ToFrozenDictionary(economy => economy.Code, StringComparer.Ordinal);
    }
}
