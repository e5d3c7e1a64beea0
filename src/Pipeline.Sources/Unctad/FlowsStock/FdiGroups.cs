using System.Globalization;
using System.Reflection;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>What a group adds up from: other groups, or economies.</summary>
/// <param name="Group">The group's code.</param>
/// <param name="Parts">Groups of four digits, or economies of three.</param>
/// <param name="From">By series, the first year from which the parts add up; null where the group holds figures that
/// are not shown.</param>
internal sealed record FdiGroupSum(string Group, IReadOnlyList<string> Parts, IReadOnlyList<int?> From)
{
    /// <summary>Whether the parts are groups, at least one of them.</summary>
    public bool HasGroups => Parts.Any(FdiGroups.IsGroup);
}

/// <summary>
/// The sums that the publisher's groups make, and their names. Regions are those of UN M49; what counts as developed is
/// the publisher's.
/// </summary>
/// <remarks>
/// Each line holds in the release of 2025, to the rounding of 0.01 million, from its years on. Not in the list are
/// groups whose members other bodies decide, and change (least developed and landlocked countries by economy, BRICS,
/// EU, OECD, G20, G-77): a new member would be taken for a fault. None of their figures is loaded.
/// </remarks>
internal static class FdiGroups
{
    /// <summary>All sums, in the order of the list.</summary>
    public static IReadOnlyList<FdiGroupSum> Sums { get; } =
    [
        .. Lines("group-sums.txt")
            .Select(line => line.Split('|'))
            .Select(cells => new FdiGroupSum(cells[0], cells[1].Split(' '), [.. cells[2..].Select(Year)])),
    ];

    private static readonly Dictionary<string, string> Names = Lines("groups.txt")
        .ToDictionary(line => line[..4], line => line[5..], StringComparer.Ordinal);

    /// <summary>Whether a code is a group's.</summary>
    public static bool IsGroup(string code) => code.Length == 4;

    /// <summary>A group in words.</summary>
    public static string InWords(string code) => $"group {code} {Names.GetValueOrDefault(code, "")}".TrimEnd();

    private static int? Year(string text) => text.Length == 0 ? null : int.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Lines(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"Pipeline.Sources.Unctad.{name}")!
        );
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1);
    }
}
