using System.Collections.Frozen;
using System.Text;

namespace Pipeline.Sources.Unctad;

/// <summary>Labels of economies and groups, for exports that have no codes.</summary>
internal static class EconomyLabels
{
    /// <summary>
    /// Letters with an accent, and what the publisher writes without one. The machine's own tables may not be there.
    /// </summary>
    private static readonly FrozenDictionary<char, char> Accents = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿşıİ\u2019"
        .Zip("aaaaaaceeeeiiiinooooouuuuyysii'")
        .ToFrozenDictionary(pair => pair.First, pair => pair.Second);

    private static readonly FrozenDictionary<string, string> Codes = Read();

    /// <summary>
    /// The code of a label, three digits of an economy or four of a group; null when the program does not know it.
    /// </summary>
    public static string? Find(string label) => Codes.GetValueOrDefault(Plain(label));

    /// <summary>A label without case, accents and runs of blanks: they drift from release to release.</summary>
    private static string Plain(string label)
    {
        var plain = new StringBuilder(label.Length);
        foreach (var c in label.Replace("…", "...", StringComparison.Ordinal))
        {
            if (!char.IsWhiteSpace(c))
                plain.Append(Accents.GetValueOrDefault(char.ToLowerInvariant(c), char.ToLowerInvariant(c)));
            else if (plain.Length > 0 && plain[^1] != ' ')
                plain.Append(' ');
        }
        return plain.ToString().TrimEnd();
    }

    private static FrozenDictionary<string, string> Read()
    {
        var codes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var economy in Economies.All)
            codes[Plain(economy.Name)] = economy.Code;
        using var reader = new StreamReader(
            typeof(EconomyLabels).Assembly.GetManifestResourceStream("Pipeline.Sources.Unctad.groups.txt")!
        );
        foreach (var line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
            codes.TryAdd(Plain(line[(line.IndexOf('|', StringComparison.Ordinal) + 1)..]), line[..4]);
        return codes.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
