using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Pipeline.Issues;

namespace Pipeline.Datasets;

/// <summary>
/// Collects all that the checks of a parser do not believe of a body. An operator may accept each finding by its place
/// and value, so that one that was accepted does not hide another.
/// </summary>
/// <remarks>
/// The first <see cref="Most"/> are kept. The others are one finding at a place of its own, whose value holds a hash of
/// all of them: a word about them does not hold for others.
/// </remarks>
/// <param name="rest">The place of the finding that stands for all beyond <see cref="Most"/>.</param>
public sealed class CheckFindings(string rest = CheckFindings.Rest)
{
    /// <summary>The most findings that are kept one by one.</summary>
    public const int Most = 1000;

    /// <summary>The place of the rest where no other was given.</summary>
    public const string Rest = "body, further findings";

    private readonly List<Finding> found = [];
    private readonly HashSet<(string Where, string Seen, string Expected)> known = [];
    private readonly XxHash128 hash = new();
    private Finding? firstOfRest;
    private long beyond;

    /// <summary>Adds a finding, unless the same was added.</summary>
    public void Add(Finding finding)
    {
        var key = (finding.Where, finding.Seen, finding.Expected);
        if (found.Count < Most)
        {
            if (known.Add(key))
                found.Add(finding);
            return;
        }
        if (known.Contains(key))
            return;
        beyond++;
        firstOfRest ??= finding;
        Append(hash, finding);
    }

    /// <summary>Adds findings, in their order.</summary>
    public void AddRange(IEnumerable<Finding> findings)
    {
        foreach (var finding in findings)
            Add(finding);
    }

    /// <summary>The findings in the order in which they were added, the rest as one.</summary>
    public IReadOnlyList<Finding> ToList() =>
        firstOfRest is not { } first
            ? [.. found]
            :
            [
                .. found,
                new Finding(
                    rest,
                    $"{beyond.ToString(CultureInfo.InvariantCulture)} more "
                        + $"{(beyond == 1 ? "finding" : "findings")} "
                        + $"({Text(hash)}), "
                        + $"the first at {first.Where}: {first.Seen}",
                    $"none; there: {first.Expected}",
                    first.Advice
                ),
            ];

    /// <summary>What stands for findings that are not named, so that a word about them holds for no others.</summary>
    internal static string HashOf(IEnumerable<Finding> findings)
    {
        var all = new XxHash128();
        foreach (var finding in findings)
            Append(all, finding);
        return Text(all);
    }

    private static void Append(XxHash128 hash, Finding finding) =>
        hash.Append(Encoding.UTF8.GetBytes($"{finding.Where}\n{finding.Seen}\n{finding.Expected}\n"));

    private static string Text(XxHash128 hash) => Convert.ToHexStringLower(hash.GetCurrentHash())[..12];

    /// <summary>Words for several findings: the first in full, the places of a few others.</summary>
    /// <param name="findings">The findings; at least one.</param>
    /// <param name="named">How many other places are named.</param>
    public static string InWords(IReadOnlyList<Finding> findings, int named = 5)
    {
        var more = findings.Count - 1;
        if (more == 0)
            return $"{findings[0]}";
        var places = string.Join("; ", findings.Skip(1).Take(named).Select(Place));
        return $"{findings[0]}; and {more.ToString(CultureInfo.InvariantCulture)} more at {places}"
            + (more > named ? "; …" : "");

        string Place(Finding finding) =>
            finding.Where == findings[0].Where ? $"{finding.Where} (seen {finding.Seen})" : finding.Where;
    }
}
