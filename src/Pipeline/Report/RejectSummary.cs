using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Ledger;
using Pipeline.Sources;

namespace Pipeline.Report;

/// <summary>Open rejects of one slice with one cause.</summary>
/// <param name="Slice">The slice, source/dataset/key.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Example">The first of them; its place begins with the slice.</param>
/// <param name="KeptAt">When the newest was written, UTC.</param>
public sealed record RejectGroup(string Slice, int Count, Finding Example, DateTimeOffset KeptAt)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Count == 1
            ? $"{Example}"
            : $"{Slice}: {Count.ToString("N0", CultureInfo.InvariantCulture)} rejects of one cause, the first: {Example}";
}

/// <summary>All that is open: rejects by slice and cause, and every dead letter.</summary>
/// <param name="Rejects">How many rejects there are, dead letters aside.</param>
/// <param name="Groups">They, newest first.</param>
/// <param name="DeadLetters">Every dead letter, newest first.</param>
public sealed record RejectSummary(
    int Rejects,
    IReadOnlyList<RejectGroup> Groups,
    IReadOnlyList<OpenLetter> DeadLetters
)
{
    /// <summary>How many there are in all.</summary>
    public int Open => Rejects + DeadLetters.Count;

    /// <summary>What is open of one source.</summary>
    public RejectSummary Of(string source)
    {
        var groups = Groups.Where(group => group.Slice.StartsWith(source + "/", StringComparison.Ordinal)).ToList();
        return new RejectSummary(
            groups.Sum(group => group.Count),
            groups,
            [.. DeadLetters.Where(letter => letter.Letter.Slice?.Source == source)]
        );
    }
}

/// <summary>
/// Groups the open rejects, so that one bad slice does not hide the others. Status, report and <c>--once</c> read
/// them here.
/// </summary>
public sealed partial class RejectSummaryReader(SourceCatalog sources, RejectBook rejects, DeadLetterBook letters)
{
    /// <summary>Reads all that is open.</summary>
    public async Task<RejectSummary> ReadAsync(CancellationToken cancellationToken)
    {
        var groups =
            new Dictionary<(string Slice, string Cause), (int Count, Finding Example, DateTimeOffset KeptAt)>();
        var total = 0;
        foreach (var source in sources.All)
        await foreach (var reject in rejects.ReadOpenAsync(source.Name, cancellationToken))
        {
            total++;
            var key = (reject.Slice, CauseOf(reject.Finding));
            groups[key] = groups.TryGetValue(key, out var group)
                ? (group.Count + 1, group.Example, reject.KeptAt > group.KeptAt ? reject.KeptAt : group.KeptAt)
                : (1, reject.Finding with { Where = $"{reject.Slice} {reject.Finding.Where}" }, reject.KeptAt);
        }
        var open = await letters.OpenAsync(null, cancellationToken);
        return new RejectSummary(
            total,
            [
                .. groups
                    .OrderByDescending(group => group.Value.KeptAt)
                    .ThenBy(group => group.Key.Slice, StringComparer.Ordinal)
                    .ThenBy(group => group.Value.Example.Where, StringComparer.Ordinal)
                    .Select(group => new RejectGroup(
                        group.Key.Slice,
                        group.Value.Count,
                        group.Value.Example,
                        group.Value.KeptAt
                    )),
            ],
            [.. open.OrderByDescending(letter => letter.KeptAt)]
        );
    }

    /// <summary>What rejects have in common that differ by their row and value only.</summary>
    private static string CauseOf(Finding finding) =>
        $"{Varying().Replace(finding.Where, "#")}: {Varying().Replace(finding.Expected, "#")}";

    /// <summary>Numbers, quoted texts, and the keys of rows.</summary>
    [GeneratedRegex(@"""[^""]*""|[^ ]*\|[^ ]*|-?[0-9][0-9.,:-]*(\|[^ ]*)?")]
    private static partial Regex Varying();
}
