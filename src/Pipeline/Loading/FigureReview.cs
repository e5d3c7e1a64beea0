using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>
/// Holds the figures of a body against each other and against what the table has. Each dataset declares what its real
/// history allows (<see cref="FigurePolicy"/>); the comparison with stored figures is the same for all.
/// </summary>
/// <param name="parser">The parser of the body.</param>
/// <param name="known">What the table has of the slice; null when it was never loaded.</param>
/// <param name="stored">Figures outside the body; null where there are none.</param>
internal sealed class FigureReview(IRowParser parser, ExistingFigures? known, IStoredFigures? stored)
{
    /// <summary>Neighbours of a figure, and the fewest that say something.</summary>
    private const int Neighbours = 4,
        FewNeighbours = 3;

    private readonly Dictionary<(string Partition, string Row), List<Finding>> flagged = [];
    private readonly Dictionary<(string Partition, string Row), Finding> slips = [];
    private readonly Dictionary<(string Partition, string Series), List<FigurePoint>> series = [];
    private readonly MovedFigures moved = new();
    private readonly StoredTotals? totals = parser.Figures?.Whole is { } whole ? new(whole) : null;
    private readonly Dictionary<(string Partition, string Series), List<Share>> shares = [];
    private readonly List<Finding> excluded = [];
    private long figures,
        covered;

    /// <summary>A share of a series.</summary>
    private readonly record struct Share(DateOnly Day, string RowKey, double Percent);

    /// <summary>Takes rows of the body.</summary>
    public void Take(RowBatch batch)
    {
        foreach (var doubt in batch.Doubts)
        {
            if (doubt.IsExcluded)
                excluded.Add(doubt.Finding);
            else
                Flag((doubt.PartitionKey, doubt.RowKey), doubt.Finding);
        }
        foreach (var row in batch.Rows)
            Take(row);
    }

    /// <summary>Says what was found, once all rows were taken.</summary>
    public async Task<FigureFindings> CompleteAsync(CancellationToken cancellationToken)
    {
        await AddStoredAsync(cancellationToken);
        foreach (var ((partition, _), points) in series)
            Spikes(partition, points);
        foreach (var ((partition, _), own) in shares)
            Shares(partition, own);
        // Where all figures have slipped together that is said once, of the body.
        var together = moved.AsOne();
        if (together is null)
        {
            foreach (var (key, slip) in slips)
                Flag(key, slip);
        }

        // Each is asked although another was found: an operator may accept them one by one.
        List<Finding> refusals =
        [
            .. new[] { together ?? moved.Series(), SlippedPeriods.Find(known, series) }.OfType<Finding>(),
            .. totals is null || stored is null ? [] : await totals.FindAsync(stored, cancellationToken),
        ];
        return new FigureFindings(refusals, flagged, figures, covered) { Excluded = excluded };
    }

    /// <summary>Notes a reason why a row must not be loaded. An operator may accept one and not another.</summary>
    private void Flag((string Partition, string Row) key, Finding finding)
    {
        if (!flagged.TryGetValue(key, out var own))
            flagged.Add(key, own = []);
        if (!own.Contains(finding))
            own.Add(finding);
    }

    private void Take(FactRow row)
    {
        var policy = parser.Figures;
        var (partition, key) = (row.PartitionKey, row.RowKey);
        var present = known?.Find(partition, key);
        var period = PeriodOf(key);
        if (Period(policy?.Periods, partition, key) is { } outside)
            Flag((partition, key), outside);
        if (row.Figure is not { } figure)
            return;
        figures++;
        if (policy?.Plausible?.Invoke(row) is { } range && (figure < range.Least || figure > range.Most))
        {
            Flag(
                (partition, key),
                new Finding(
                    Where(partition, key),
                    FigureMath.Text(figure),
                    $"{FigureMath.Text(range.Least)} to {FigureMath.Text(range.Most)}, which holds the whole history",
                    FigureFinding.NotLoaded
                )
            );
        }

        totals?.Add(row, figure);
        if (present is { } old && Math.Abs(old) > 0 && Math.Abs(figure) > 0)
        {
            moved.Add(partition, period, old, figure);
            if (MovedFigures.Slip(old, figure) is { } factor)
            {
                slips.TryAdd(
                    (partition, key),
                    new Finding(
                        Where(partition, key),
                        FigureMath.Text(figure),
                        $"about {FigureMath.Text(old)}, which the table has: the figure is {factor} of it",
                        FigureFinding.NotLoaded
                    )
                );
            }
        }
        var name = (partition, row.SeriesName);
        if (
            policy?.Shares?.Of(row) is { } percent
            && DateOnly.TryParseExact(period, "yyyy-MM-dd", CultureInfo.InvariantCulture, default, out var day)
        )
        {
            if (!shares.TryGetValue(name, out var own))
                shares.Add(name, own = []);
            own.Add(new Share(day, key, percent));
        }
        // Without limits a series still shows whether its periods have slipped beside what the table has.
        if (policy is null || (policy.Spikes is null && known is null))
            return;
        if (!series.TryGetValue(name, out var points))
            series.Add(name, points = []);
        points.Add(new FigurePoint(key, figure, policy.Spikes?.Invoke(row), false));
    }

    /// <summary>
    /// Adds stored figures to the series that need them, and rows that were flagged before where a figure still stands
    /// out.
    /// </summary>
    private async Task AddStoredAsync(CancellationToken cancellationToken)
    {
        if (stored is null || parser.Figures is not { Spikes: not null, Neighbours: { } filter })
            return;
        var wanted = series.Where(own => NeedsStored(own.Value)).Select(own => own.Key.Partition).ToHashSet();
        foreach (var partition in wanted)
        {
            await foreach (var row in stored.RowsAsync(parser.Table, filter(partition), cancellationToken))
            {
                if (row.PartitionKey == partition && row.Figure is { } figure)
                    Add(partition, row.SeriesName, row.RowKey, figure);
            }
        }

        var open = wanted.Where(HasSpike).ToDictionary(partition => Where(partition, ""), StringComparer.Ordinal);
        if (open.Count == 0)
            return;
        var candidates = new Dictionary<(string Partition, string Key), double>();
        await foreach (var (where, seen) in stored.FlaggedAsync(parser.Table, cancellationToken))
        {
            if (!double.TryParse(seen, NumberStyles.Float, CultureInfo.InvariantCulture, out var figure))
                continue;
            foreach (var (start, partition) in open)
            {
                if (where.StartsWith(start, StringComparison.Ordinal))
                    candidates[(partition, where[start.Length..])] = figure;
            }
        }
        foreach (var ((partition, key), figure) in candidates)
        {
            var row = parser.Table.CreateRow();
            row.RowKey = key;
            // What lies before or after all that is known is beside nothing.
            if (
                series.TryGetValue((partition, row.SeriesName), out var points)
                && points.Exists(point => string.CompareOrdinal(point.RowKey, key) < 0)
                && points.Exists(point => string.CompareOrdinal(point.RowKey, key) > 0)
            )
            {
                Add(partition, row.SeriesName, key, figure);
            }
        }
    }

    private void Add(string partition, string name, string key, double figure)
    {
        var period = PeriodOf(key);
        if (series.TryGetValue((partition, name), out var points) && !points.Exists(point => point.Period == period))
            points.Add(new FigurePoint(key, figure, null, true));
    }

    /// <summary>
    /// Whether stored figures may decide about a figure: it is large enough to be flagged at all, and not two of its
    /// neighbours in the body are of its level.
    /// </summary>
    private static bool NeedsStored(List<FigurePoint> points)
    {
        points.Sort(ByKey);
        for (var at = 0; at < points.Count; at++)
        {
            if (points[at].Limit is not { } limit || Math.Abs(points[at].Figure) <= limit.Factor * limit.Floor)
                continue;
            var level = Math.Abs(points[at].Figure) * 2 / limit.Factor;
            var alike = 0;
            for (var beside = at - Neighbours / 2; beside <= at + Neighbours / 2; beside++)
            {
                if (beside >= 0 && beside < points.Count && beside != at && Math.Abs(points[beside].Figure) >= level)
                    alike++;
            }
            if (alike < Neighbours / 2)
                return true;
        }
        return false;
    }

    private bool HasSpike(string partition) =>
        series.Any(own =>
        {
            if (own.Key.Partition != partition)
                return false;
            own.Value.Sort(ByKey);
            return Enumerable.Range(0, own.Value.Count).Any(at => Judge(own.Value, at) is { IsSpike: true });
        });

    private static int ByKey(FigurePoint one, FigurePoint other) => string.CompareOrdinal(one.RowKey, other.RowKey);

    private Finding? Period(PeriodLimits? limits, string partition, string key)
    {
        if (limits is null)
            return null;
        var period = PeriodOf(key);
        if (string.CompareOrdinal(period, limits.Last) > 0)
        {
            return new Finding(
                Where(partition, key),
                period,
                $"no later than {limits.Last}, {limits.Ends}",
                FigureFinding.NotLoaded
            );
        }

        return string.CompareOrdinal(period, limits.First) < 0
            ? new Finding(
                Where(partition, key),
                period,
                $"no earlier than {limits.First}, {limits.Begins}",
                FigureFinding.NotLoaded
            )
            : null;
    }

    /// <summary>
    /// Flags figures far above their neighbours. A lasting shift is believed once two later periods confirm it: then
    /// half of the neighbours are as high.
    /// </summary>
    private void Spikes(string partition, List<FigurePoint> points)
    {
        points.Sort(ByKey);
        for (var at = 0; at < points.Count; at++)
        {
            if (Judge(points, at) is not var (median, around, isSpike))
                continue;
            covered++;
            if (!isSpike)
                continue;
            var point = points[at];
            var neighbours = string.Join(
                ", ",
                around.Select(other => $"{other.Period} {FigureMath.Text(other.Figure)}")
            );
            Flag(
                (partition, point.RowKey),
                new Finding(
                    Where(partition, point.RowKey),
                    FigureMath.Text(point.Figure),
                    $"at most {FigureMath.Text(point.Limit!.Factor)} times {FigureMath.Text(median)}, the median "
                        + "of its neighbours "
                        + $"({neighbours})",
                    FigureFinding.NotLoaded
                )
            );
        }
    }

    /// <summary>Holds a figure against its neighbours; null when they say nothing.</summary>
    private static (double Median, List<FigurePoint> Around, bool IsSpike)? Judge(List<FigurePoint> points, int at)
    {
        var point = points[at];
        if (point.IsStored || point.Limit is not { } limit)
            return null;
        var around = Around(points, at);
        if (around.Count < FewNeighbours)
            return null;
        var median = FigureMath.Median([.. around.Select(other => Math.Abs(other.Figure))]);
        return median < limit.Floor ? null : (median, around, Math.Abs(point.Figure) > limit.Factor * median);
    }

    /// <summary>
    /// Flags shares far from their neighbours, up or down. A lasting shift is believed once two later shares confirm
    /// it.
    /// </summary>
    private void Shares(string partition, List<Share> own)
    {
        var limit = parser.Figures!.Shares!;
        own.Sort((one, other) => string.CompareOrdinal(one.RowKey, other.RowKey));
        for (var at = 0; at < own.Count; at++)
        {
            var (day, key, percent) = own[at];
            var around = own.Skip(Math.Max(0, at - Neighbours))
                .Take(2 * Neighbours + 1)
                .Where(other => other.RowKey != key && Math.Abs(other.Day.DayNumber - day.DayNumber) <= limit.Days)
                .OrderBy(other => Math.Abs(other.Day.DayNumber - day.DayNumber))
                .Take(Neighbours)
                .OrderBy(other => other.Day)
                .ToList();
            if (around.Count < FewNeighbours || around.Count(other => IsNear(other.Percent, percent)) >= 2)
                continue;
            var neighbours = string.Join(
                ", ",
                around.Select(other => $"{PeriodOf(other.RowKey)} {FigureMath.Text(other.Percent)}")
            );
            Flag(
                (partition, key),
                new Finding(
                    Where(partition, key),
                    $"a share of {FigureMath.Text(percent)}",
                    $"a share within {FigureMath.Text(limit.Points)} points and {FigureMath.Text(limit.Factor)} "
                        + "times of two of its "
                        + $"neighbours ({neighbours})",
                    FigureFinding.NotLoaded
                )
            );
        }

        bool IsNear(double one, double other) =>
            Math.Abs(one - other) <= limit.Points
            && Math.Max(one, other) <= Math.Max(limit.Factor * Math.Min(one, other), limit.Points / 10);
    }

    /// <summary>The nearest points: two on either side, more on one where the other has fewer.</summary>
    private static List<FigurePoint> Around(List<FigurePoint> points, int at)
    {
        var (from, to) = (Math.Max(0, at - Neighbours / 2), Math.Min(points.Count - 1, at + Neighbours / 2));
        while (to - from < Neighbours && (from > 0 || to < points.Count - 1))
        {
            if (from > 0)
                from--;
            else
                to++;
        }
        return [.. points.Skip(from).Take(to - from + 1).Where((_, index) => from + index != at)];
    }

    private string Where(string partition, string key) => FigureFinding.Where(parser.Table, partition, key);

    private static string PeriodOf(string rowKey) => Known.PeriodOf(rowKey);
}
