using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Datasets;

namespace Pipeline.Issues;

/// <summary>Open rejects of one slice with one cause.</summary>
/// <param name="Slice">The slice, source/dataset/key.</param>
/// <param name="Count">How many there are; a row of a table with several reasons against it is one.</param>
/// <param name="Example">The first of them, with all reasons; its place begins with the slice.</param>
/// <param name="KeptAt">When the newest was written, UTC.</param>
public sealed record RejectGroup(string Slice, int Count, Finding Example, DateTimeOffset KeptAt)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Count == 1
            ? $"{Example}"
            : $"{Slice}: {Count.ToString("N0", CultureInfo.InvariantCulture)} rejects of one cause, the first: "
                + $"{Example}";
}

/// <summary>All that is open: rejects by slice and cause, and every dead letter.</summary>
/// <param name="Rejects">How many rejects there are, as the groups count them.</param>
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
public sealed partial class RejectSummaryReader(
    SourceCatalog sources,
    RejectBook rejects,
    DeadLetterBook letters,
    TimeProvider time
)
{
    /// <summary>How long a reading of the rejects holds while no slice has changed.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);

    private (string Key, DateTimeOffset ReadAt, RejectSummary Summary)? recent;

    /// <summary>
    /// Reads what is open for a page that is asked for often. Thousands of rejects are read again when a slice has
    /// changed, and after <see cref="MaxAge"/>, because people close them by hand. Dead letters are read each time.
    /// </summary>
    /// <param name="key">Changes with the slices.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<RejectSummary> ReadRecentAsync(string key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (recent is { } known && known.Key == key && now - known.ReadAt < MaxAge)
            return known.Summary with { DeadLetters = await LettersAsync(cancellationToken) };
        var summary = await ReadAsync(cancellationToken);
        recent = (key, now, summary);
        return summary;
    }

    /// <summary>
    /// Reads all that is open. Only groups are kept of the rows, so that thousands take little memory.
    /// </summary>
    public async Task<RejectSummary> ReadAsync(CancellationToken cancellationToken)
    {
        var groups =
            new Dictionary<(string Slice, string Cause), (int Count, Finding Example, DateTimeOffset KeptAt)>();
        var total = 0;
        foreach (var source in sources.All)
        {
            var last = (Key: ("", ""), Where: "");
            await foreach (var reject in rejects.ReadOpenAsync(source.Name, cancellationToken))
            {
                var found = reject.FindingOfSlice;
                if (found.Where == last.Where && reject.Kind == RejectKind.Row)
                {
                    // The reasons against a row of a body stand together: their keys begin with its run and place.
                    var (count, example, keptAt) = groups[last.Key];
                    groups[last.Key] = (
                        count,
                        example.Where == found.Where ? With(example, found) : example,
                        Later(keptAt, reject.KeptAt)
                    );
                    continue;
                }
                total++;
                var key = (reject.Slice, CauseOf(reject.Finding));
                last = (key, found.Where);
                groups[key] = groups.TryGetValue(key, out var group)
                    ? (group.Count + 1, group.Example, Later(group.KeptAt, reject.KeptAt))
                    : (1, found, reject.KeptAt);
            }
        }

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
            await LettersAsync(cancellationToken)
        );
    }

    private async Task<IReadOnlyList<OpenLetter>> LettersAsync(CancellationToken cancellationToken) =>
        [.. (await letters.OpenAsync(null, cancellationToken)).OrderByDescending(letter => letter.KeptAt)];

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static Finding With(Finding finding, Finding other) =>
        finding with
        {
            Expected = $"{finding.Expected}; also seen {other.Seen}, expected {other.Expected}",
        };

    /// <summary>What rejects have in common that differ by their row and value only.</summary>
    private static string CauseOf(Finding finding) =>
        $"{Varying().Replace(finding.Where, "#")}: {Varying().Replace(finding.Expected, "#")}";

    /// <summary>Numbers, quoted texts, and the keys of rows.</summary>
    [GeneratedRegex(@"""[^""]*""|[^ ]*\|[^ ]*|-?[0-9][0-9.,:-]*(\|[^ ]*)?")]
    private static partial Regex Varying();
}
