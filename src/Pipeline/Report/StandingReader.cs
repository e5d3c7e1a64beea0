using Azure;
using Pipeline.Ledger;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Storage;

namespace Pipeline.Report;

/// <summary>Reads how sources, queues and rejects stand at this moment.</summary>
public sealed class StandingReader(PipelineSettings settings, SourceCatalog sources, SliceBook slices, RunBook runs, RejectBook rejects, StorageAccount account, TimeProvider time)
{
    /// <summary>The most notes, failures and rejects that are listed; there may be thousands.</summary>
    public const int MostListed = 20;

    /// <summary>Runs further apart than this belong to different plans.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(30);

    /// <summary>The slices of every source.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<SliceRow>>> SlicesAsync(CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, IReadOnlyList<SliceRow>>(StringComparer.Ordinal);
        foreach (var source in sources.All) all.Add(source.Name, await slices.ListAsync(source.Name, cancellationToken).ConfigureAwait(false));
        return all;
    }

    /// <summary>A source and its last run.</summary>
    public async Task<SourceStatus> SourceAsync(ISource source, IReadOnlyList<SliceRow> rows, CancellationToken cancellationToken)
    {
        var failures = rows.Where(row => row.State is SliceState.Failed or SliceState.Refused).Select(row => row.LastError).Take(MostListed);
        return new SourceStatus(source.Name, Datasets(source, rows), await LastRunAsync(source.Name, rows, cancellationToken).ConfigureAwait(false), [.. failures]);
    }

    /// <summary>How fresh the datasets of a source are.</summary>
    public IReadOnlyList<DatasetStatus> Datasets(ISource source, IReadOnlyList<SliceRow> rows)
    {
        var now = time.GetUtcNow();
        var schedule = settings.Schedules.GetValueOrDefault(source.Name);
        return [.. source.Datasets.Select(dataset =>
        {
            var own = rows.Where(row => row.Slice.Dataset == dataset.Name).ToList();
            return new DatasetStatus(dataset.Name, dataset.Title, dataset.Publisher, dataset.Url, dataset.Terms, dataset.Table.Name, own.Count, own.Sum(row => row.Rows),
                own.Count(row => row.State is SliceState.Failed or SliceState.Refused), Date(own.Select(row => row.LastPulled).DefaultIfEmpty(SliceRow.Never).Max()),
                Date(own.Select(row => row.LastChanged).DefaultIfEmpty(SliceRow.Never).Max()), Date(own.Select(row => row.NextDue).DefaultIfEmpty(SliceRow.Never).Min()), Lateness.Hours(own, schedule, now));
        })];
    }

    /// <summary>The step queues and their poison queues.</summary>
    public async Task<IReadOnlyList<QueueStatus>> QueuesAsync(CancellationToken cancellationToken)
    {
        var all = new List<QueueStatus>();
        foreach (var queue in Names.Queues)
            all.Add(new QueueStatus(queue, await DepthAsync(queue, cancellationToken).ConfigureAwait(false), await DepthAsync(Names.PoisonOf(queue), cancellationToken).ConfigureAwait(false)));
        return all;
    }

    /// <summary>The open rejects of all sources.</summary>
    public async Task<RejectStatus> RejectsAsync(CancellationToken cancellationToken)
    {
        var open = new List<Finding>();
        foreach (var source in sources.All) open.AddRange(await rejects.OpenAsync(source.Name, cancellationToken).ConfigureAwait(false));
        return new RejectStatus(open.Count, [.. open.Take(MostListed)]);
    }

    private async Task<LastRun?> LastRunAsync(string source, IReadOnlyList<SliceRow> rows, CancellationToken cancellationToken)
    {
        var last = rows.Select(row => row.LastPulled).DefaultIfEmpty(SliceRow.Never).Max();
        if (last == SliceRow.Never) return null;
        var ended = await runs.EndedSinceAsync(source, last - TimeSpan.FromDays(1), cancellationToken).ConfigureAwait(false);
        var plan = new List<RunRow>();
        foreach (var run in ended.Where(run => run.State != RunState.Running).OrderByDescending(run => run.EndedAt))
        {
            if (plan.Count > 0 && plan.Min(later => later.StartedAt) - run.EndedAt > Pause) break;
            plan.Add(run);
        }
        if (plan.Count == 0) return null;
        return new LastRun(plan.Min(run => run.StartedAt), plan.Max(run => run.EndedAt), plan.Select(run => run.Slice).Distinct().Count(),
            new SortedDictionary<string, int>(plan.GroupBy(run => run.State).ToDictionary(group => group.Key, group => group.Count()), StringComparer.Ordinal),
            plan.Sum(run => run.Bytes), plan.Aggregate(default(RowCounts), (sum, run) => sum + run.Counts), plan.All(run => run.Counts.AddUp),
            [.. plan.Where(run => run.State == SliceState.Done && run.Error.Length > 0).OrderBy(run => run.Slice.Id, StringComparer.Ordinal)
                .SelectMany(run => run.Error.Split('\n'), (run, note) => $"{run.Slice}: {note}").Take(MostListed)]);
    }

    private async Task<long> DepthAsync(string queue, CancellationToken cancellationToken)
    {
        try
        {
            return (await account.Queues.GetQueueClient(queue).GetPropertiesAsync(cancellationToken).ConfigureAwait(false)).Value.ApproximateMessagesCount;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return 0; // Created with its first message.
        }
    }

    private static DateTimeOffset? Date(DateTimeOffset day) => day > SliceRow.Never ? day : null;
}
