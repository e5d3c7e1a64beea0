using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;

namespace Pipeline.Report.Monitoring;

/// <summary>How old the figures of each dataset are, and how late they are against its source's own calendar.</summary>
/// <remarks>
/// Age alone says little: a yearly figure is old on its first day. Late is what no plan has asked for although it was
/// due (<see cref="Lateness"/>), and what has been asked for and has failed since.
/// </remarks>
public sealed class DataReadings(StandingReader standing, TimeProvider time)
{
    /// <param name="source">The source.</param>
    /// <param name="rows">Its slices.</param>
    /// <param name="runs">Its runs of the last weeks: they say since when a slice has been failing.</param>
    public IReadOnlyList<Gauge> Read(Source source, IReadOnlyList<SliceRow> rows, IReadOnlyList<RunRow> runs)
    {
        var now = time.GetUtcNow();
        var current = standing.Planned(source, rows);
        var failing = Failing(runs);
        var gauges = new List<Gauge>();
        foreach (var status in standing.Datasets(source, current))
        {
            var name = $"{source.Name}/{status.Name}";
            if (status.LastChanged is { } changed)
                gauges.Add(new Gauge(Gauges.DataAgeHours, Gauges.OfDataset, name, Hours(changed, now)));
            var failed = current
                .Where(row => row.Slice.Dataset == status.Name && row.State.HasFailed())
                .Select(row =>
                    Hours(failing.TryGetValue(row.Slice, out var since) ? since : row.LastPulled ?? now, now)
                )
                .DefaultIfEmpty()
                .Max();
            gauges.Add(
                new Gauge(Gauges.DataOverdueHours, Gauges.OfDataset, name, Math.Max(status.OverdueHours, failed))
            );
            gauges.Add(
                new Gauge(
                    Gauges.SlicesQuarantined,
                    Gauges.OfDataset,
                    name,
                    current.Count(row => row.Slice.Dataset == status.Name && row.State == SliceState.Quarantined)
                )
            );
        }
        if (runs.Max(run => run.EndedAt) is { } ended)
            gauges.Add(new Gauge(Gauges.RunAgeHours, Gauges.OfSource, source.Name, Hours(ended, now)));
        return gauges;
    }

    /// <summary>When the slices that are failing failed for the first time since they last did not.</summary>
    private static Dictionary<Slice, DateTimeOffset> Failing(IEnumerable<RunRow> runs)
    {
        var since = new Dictionary<Slice, DateTimeOffset>();
        foreach (var slice in runs.GroupBy(run => run.Slice))
        {
            foreach (var run in slice.OrderByDescending(run => run.Vintage).TakeWhile(IsBad))
                since[slice.Key] = run.Vintage;
        }

        return since;
    }

    /// <summary>A quarantined body that comes again is unchanged, and its run repeats why it was quarantined.</summary>
    private static bool IsBad(RunRow run) =>
        run.State.HasFailed() || (run.State == RunState.Unchanged && run.Error.Length > 0);

    private static double Hours(DateTimeOffset since, DateTimeOffset now) =>
        Math.Max(0, Math.Round((now - since).TotalHours, 2));
}
