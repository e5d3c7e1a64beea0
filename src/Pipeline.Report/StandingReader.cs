using Azure;
using Microsoft.Extensions.Options;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Settings;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Report;

/// <summary>Reads how sources, queues and rejects stand at this moment.</summary>
public sealed class StandingReader(
    IOptions<PipelineOptions> options,
    SourceCatalog sources,
    SliceBook slices,
    RecentRuns runs,
    RejectSummaryReader rejects,
    StorageAccount account,
    TimeProvider time
)
{
    /// <summary>The most notes, failures and rejects that are listed; there may be thousands.</summary>
    public const int MostListed = 20;

    private const string SlicesTable = $"the table {Names.Slices}";

    /// <summary>More open rejects than this are not counted: an operator has to look at them all the same.</summary>
    public const int MostCounted = 1000;

    /// <summary>
    /// Runs further apart than this belong to different plans: within one, a slice waits no longer than for a
    /// message that failed once.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(2);

    /// <summary>No plan takes longer.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The slices of every source.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<SliceRow>>> SlicesAsync(
        CancellationToken cancellationToken
    )
    {
        var all = new Dictionary<string, IReadOnlyList<SliceRow>>(StringComparer.Ordinal);
        foreach (var source in sources.All)
            all.Add(source.Name, await slices.ListAsync(source.Name, cancellationToken));
        return all;
    }

    /// <summary>
    /// The slices that plans still ask for. What is not planned any more, such as a day long past, stays in
    /// the ledger as it was and needs no attention.
    /// </summary>
    public IReadOnlyList<SliceRow> Planned(Source source, IReadOnlyList<SliceRow> rows)
    {
        var known = rows.ToDictionary(row => row.Slice);
        var planned = sources.GetSlices(source.Name, known, time.GetUtcNow()).ToHashSet();
        return [.. rows.Where(row => planned.Contains(row.Slice))];
    }

    /// <summary>A source as its slices say.</summary>
    public SourceStatus Source(Source source, IReadOnlyList<SliceRow> rows, LastRun? lastRun)
    {
        var planned = Planned(source, rows);
        // The newest first, as the last lines of --once have them.
        var failed = planned.Where(row => row.State.HasFailed()).OrderByDescending(row => row.LastPulled);
        var failures = ShortList.Of(SliceFailures.Lines(failed), MostListed, SlicesTable);
        var late = ShortList.Of(LateSlices.Lines(sources, planned, time.GetUtcNow()), MostListed, SlicesTable);
        return new SourceStatus(source.Name, Datasets(source, planned), lastRun, failures, late);
    }

    /// <summary>How fresh the datasets of a source are.</summary>
    public IReadOnlyList<DatasetStatus> Datasets(Source source, IReadOnlyList<SliceRow> rows)
    {
        var now = time.GetUtcNow();
        var schedule = options.Value.Schedules.GetValueOrDefault(source.Name);
        return
        [
            .. source
                .Datasets.Select(dataset => dataset.Info)
                .Select(dataset =>
                {
                    var own = rows.Where(row => row.Slice.Dataset == dataset.Name).ToList();
                    return new DatasetStatus(
                        dataset.Name,
                        dataset.Title,
                        dataset.Publisher,
                        dataset.Url,
                        dataset.Terms,
                        dataset.Table.Name,
                        own.Count,
                        own.Sum(row => row.Loaded?.Rows ?? 0),
                        own.Count(row => row.State.HasFailed()),
                        own.Max(row => row.LastPulled),
                        own.Max(row => row.Loaded?.LastChanged),
                        own.Exists(row => row.NextDue is null) ? null : own.Min(row => row.NextDue),
                        Lateness.Hours(own, schedule, now)
                    );
                }),
        ];
    }

    /// <summary>The step queues and their poison queues.</summary>
    public async Task<IReadOnlyList<QueueStatus>> QueuesAsync(CancellationToken cancellationToken)
    {
        var all = new List<QueueStatus>();
        foreach (var queue in Names.Queues)
        {
            all.Add(
                new QueueStatus(
                    queue,
                    await DepthAsync(queue, cancellationToken),
                    await DepthAsync(Names.PoisonOf(queue), cancellationToken)
                )
            );
        }

        return all;
    }

    /// <summary>The open rejects of all sources.</summary>
    /// <param name="slices">The slices, which tell whether rejects may have come or gone.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<RejectStatus> RejectsAsync(
        IReadOnlyDictionary<string, IReadOnlyList<SliceRow>> slices,
        CancellationToken cancellationToken
    )
    {
        var key = string.Join('\n', slices.Values.SelectMany(rows => rows).Select(row => row.Version));
        var open = await rejects.ReadRecentAsync(key, cancellationToken);
        return new RejectStatus(
            open.Open,
            [.. open.Groups.Take(MostListed)],
            open.Groups.Count,
            [.. open.DeadLetters.Select(letter => letter.Finding)]
        );
    }

    /// <summary>
    /// What the newest plan of a source brought: the runs that followed one another without a pause, of each slice the
    /// newest, so that a fault that was repaired in the meantime is not shown any more. Rows and bytes are also those
    /// of the older vintages of a recorded request, which one plan loads one after the other.
    /// </summary>
    public async Task<LastRun?> LastRunAsync(
        string source,
        IReadOnlyList<SliceRow> rows,
        CancellationToken cancellationToken
    )
    {
        if (rows.Max(row => row.LastPulled) is not { } last)
            return null;
        var ended = await runs.ReadAsync(source, last - Longest, cancellationToken);
        var plan = new Dictionary<Slice, RunRow>();
        var brought = new List<RunRow>();
        DateTimeOffset? began = null;
        foreach (var run in ended.Where(run => run.State != RunState.Loading).OrderByDescending(run => run.EndedAt))
        {
            if (plan.Count > 0 && began - run.EndedAt > Pause)
                break;
            var isNewest = plan.TryAdd(run.Slice, run);
            if (isNewest || IsOlderVintage(run, plan[run.Slice]))
                brought.Add(run);
            if (isNewest && !(run.StartedAt >= began))
                began = run.StartedAt;
        }
        if (plan.Count == 0)
            return null;
        var newest = plan.Values.OrderBy(run => run.Slice.Id, StringComparer.Ordinal).ToList();
        return new LastRun(
            began ?? last,
            newest.Max(run => run.EndedAt) ?? last,
            newest.Count,
            new SortedDictionary<string, int>(
                newest.GroupBy(run => $"{run.State}").ToDictionary(group => group.Key, group => group.Count()),
                StringComparer.Ordinal
            ),
            brought.Sum(run => run.Bytes),
            brought.Aggregate(default(RowCounts), (sum, run) => sum + run.Counts),
            brought.All(run => run.Counts.AddUp),
            ShortList.Of(
                newest
                    .Where(run => run.State == RunState.Done)
                    .SelectMany(run => run.AllNotes, (run, note) => $"{run.Slice}: {note}"),
                MostListed,
                "the table runs"
            )
        );
    }

    private bool IsOlderVintage(RunRow run, RunRow newest) =>
        run.State == RunState.Done
        && newest.State == RunState.Done
        && sources.HasNewerRecording(run.Slice, run.Vintage);

    private async Task<long> DepthAsync(string queue, CancellationToken cancellationToken)
    {
        try
        {
            return (await account.Queues.GetQueueClient(queue).GetPropertiesAsync(cancellationToken))
                .Value
                .ApproximateMessagesCount;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return 0; // Created with its first message.
        }
    }
}
