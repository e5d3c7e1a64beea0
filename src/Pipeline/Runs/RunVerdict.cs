using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Slices;

namespace Pipeline.Runs;

/// <summary>How a run ended, for its last lines and its exit code.</summary>
/// <param name="Failed">Slices that failed or must exist and do not, and first bodies that are quarantined; exit code
/// 1.</param>
/// <param name="Open">Rejects, dead letters and quarantined bodies over good data; exit code 2.</param>
/// <param name="Late">Slices whose newest period is older than the calendar says; no exit code.</param>
/// <param name="Notes">Slices without rows that have not failed; no exit code.</param>
public sealed record RunVerdict(
    IReadOnlyList<string> Failed,
    IReadOnlyList<string> Open,
    IReadOnlyList<string> Late,
    IReadOnlyList<string> Notes
)
{
    /// <summary>
    /// 1 if anything failed or is lacking, 2 if anything is open, otherwise 0: the lowest number but 0 wins.
    /// </summary>
    public int ExitCode =>
        (Failed.Count, Open.Count) switch
        {
            (> 0, _) => 1,
            (_, > 0) => 2,
            _ => 0,
        };

    /// <summary>All lines, the gravest first.</summary>
    public IReadOnlyList<string> Lines => [.. Failed, .. Open, .. Late, .. Notes];
}

/// <summary>Reads how a run ended.</summary>
public sealed class RunVerdictReader(
    SourceCatalog sources,
    SliceBook slices,
    RunBook runs,
    DeadLetterBook letters,
    RefreshRequests refresh,
    RejectSummaryReader rejects,
    TimeProvider time
)
{
    /// <summary>The most lines about rejects, and about slices, of one source. Dead letters are all listed.</summary>
    public const int MostListed = 20;

    /// <summary>Reads how some sources stand.</summary>
    /// <param name="names">The sources that were planned or replayed.</param>
    /// <param name="startedAt">When the run started, UTC.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<RunVerdict> ReadAsync(
        IEnumerable<string> names,
        DateTimeOffset startedAt,
        CancellationToken cancellationToken
    )
    {
        var (failed, open, late, notes) = (
            new List<string>(),
            new List<string>(),
            new List<string>(),
            new List<string>()
        );
        var now = time.GetUtcNow();
        var wanted = names.ToList();
        foreach (var name in wanted)
            await letters.SettleAsync(name, await refresh.IsDoneAsync(name, cancellationToken), cancellationToken);
        var summary = await rejects.ReadAsync(cancellationToken);
        foreach (var name in wanted)
        {
            var all = await slices.ListAsync(name, cancellationToken);
            var planned = sources.GetSlices(name, all.ToDictionary(row => row.Slice), now).ToHashSet();
            // Slices of this run that no plan asks for any more, such as a replayed one, count too.
            var rows = all.Where(row => planned.Contains(row.Slice) || row.LastPulled >= startedAt).ToList();
            // What this run met comes before what earlier ones left, and of that the newest first.
            rows = [.. rows.OrderByDescending(row => row.LastPulled >= startedAt ? startedAt : row.LastPulled)];
            failed.AddRange(
                Short(
                    SliceFailures
                        .Lines(rows.Where(row => row.State.HasFailed() && !IsOverGoodData(row)))
                        .Select(line => $"failed: {line}")
                )
            );
            // Rows that must not be a mixture of two bodies are one.
            failed.AddRange(Short(rows.Where(IsHalf).OrderByDescending(row => row.LastPulled).Select(Half)));
            failed.AddRange(Short(Lacking(name, planned, all, now)));
            open.AddRange(
                Short(
                    rows.Where(IsOverGoodData)
                        .Select(row => $"quarantined: {row.LastError}; the table keeps what it has")
                )
            );
            // What keeps a body out is said once, with its slice. Rows of a body that was loaded before a pull failed
            // are as open as they were.
            var failedRows = rows.Where(row => row.State.HasFailed()).ToDictionary(row => row.Slice.Id);
            var own = summary.Of(name);
            var groups = own.Groups.Where(group => !IsSaid(group, failedRows)).ToList();
            open.AddRange(Short(groups.Select(group => $"rejected: {group}")));
            late.AddRange(Short(LateSlices.Lines(sources, rows, now).Select(line => $"late: {line}")));
            notes.AddRange(await NotesAsync(name, rows, startedAt, cancellationToken));
        }
        open.AddRange(summary.DeadLetters.Select(letter => $"dead letter: {letter.Finding}"));
        return new RunVerdict(failed, open, late, notes);
    }

    /// <summary>A body was quarantined, and the table has what was loaded before.</summary>
    private static bool IsOverGoodData(SliceRow row) => row is { State: SliceState.Quarantined, Loaded.Rows: > 0 };

    /// <summary>A load was begun and has not ended, although nothing is at work any more.</summary>
    private static bool IsHalf(SliceRow row) => row.Loading is not null;

    private static string Half(SliceRow row) =>
        $"failed: {row.Slice}: seen a load that was begun and not ended, expected all rows of the body of "
        + $"{row.Vintage:yyyy-MM-dd HH:mm:ss}; "
        + (row.LastError.Length > 0 ? $"what keeps it from its end: {row.LastError}" : "run again");

    /// <summary>Whether rejects are what the line of a failed slice says already.</summary>
    private static bool IsSaid(RejectGroup group, Dictionary<string, SliceRow> failed) =>
        failed.TryGetValue(group.Slice, out var row)
        && (
            row.State == SliceState.Quarantined
            || group.Example.Where == $"{group.Slice} {PullWithoutBody.FaultPosition}"
        );

    /// <summary>Slices that must exist by now and were never asked for to an end, or are still not published.</summary>
    private IEnumerable<string> Lacking(
        string source,
        HashSet<Slice> planned,
        IReadOnlyList<SliceRow> all,
        DateTimeOffset now
    )
    {
        var known = all.ToDictionary(row => row.Slice);
        foreach (var dataset in planned.Where(IsLacking).GroupBy(slice => slice.Dataset))
        {
            var since = dataset.Max(slice => sources.Of(slice).GetReleaseDate(slice));
            yield return $"lacking: {source}/{dataset.Key}: "
                + $"{string.Join(", ", dataset.Select(slice => slice.Key).Order(StringComparer.Ordinal))} "
                + $"should be there since {since:yyyy-MM-dd} and "
                + $"{(dataset.Count() == 1 ? "is" : "are")} not; run again";
        }

        bool IsLacking(Slice slice) =>
            sources.Of(slice).GetReleaseDate(slice) <= sources.Now(slice, now)
            && !sources.Of(slice).MayBeEmpty(slice)
            && (!known.TryGetValue(slice, out var row) || row.State is null or SliceState.NotPublished);
    }

    /// <summary>What slices without rows say of themselves, one line for each reason.</summary>
    private async Task<IEnumerable<string>> NotesAsync(
        string source,
        List<SliceRow> rows,
        DateTimeOffset startedAt,
        CancellationToken cancellationToken
    )
    {
        var without = rows.Where(row => row.State is SliceState.NotPublished or SliceState.Empty)
            .ToDictionary(row => row.Slice);
        if (without.Count == 0)
            return [];
        var said = (await runs.EndedSinceAsync(source, startedAt, cancellationToken))
            .Where(run => without.ContainsKey(run.Slice) && $"{run.State}" == $"{without[run.Slice].State}")
            .GroupBy(run => (run.State, run.Notes, run.Slice.Dataset));
        return Short(
            said.Select(group =>
            {
                var keys = group.Select(run => run.Slice.Key).Distinct().Order(StringComparer.Ordinal).ToList();
                var what = group.Key.State == RunState.Empty ? "no rows" : "not published yet";
                return $"note: {source}/{group.Key.Dataset}: {what} for "
                    + $"{(keys.Count == 1 ? keys[0] : $"{keys.Count} slices, for example {keys[^1]}")}"
                    + (group.Key.Notes.Length > 0 ? $": {group.Key.Notes}" : "");
            })
        );
    }

    private static IReadOnlyList<string> Short(IEnumerable<string> lines) =>
        ShortList.Of(lines, MostListed, "the tables slices and rejects");
}
