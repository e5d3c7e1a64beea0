using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>What the review of a body's figures found.</summary>
/// <param name="Refusal">Why the body must not be loaded; null when it may.</param>
/// <param name="Flagged">Rows that must not be loaded, by their keys.</param>
/// <param name="Figures">Figures that were looked at.</param>
/// <param name="Covered">Those of them that have neighbours to be held against.</param>
internal sealed record FigureFindings(
    Finding? Refusal,
    IReadOnlyDictionary<(string Partition, string Row), Finding> Flagged,
    long Figures,
    long Covered
)
{
    /// <summary>Totals that a check of the reader does not believe: they are no rows of the table.</summary>
    public IReadOnlyList<Finding> Excluded { get; init; } = [];

    public static FigureFindings None { get; } = new(null, new Dictionary<(string, string), Finding>(), 0, 0);

    /// <summary>Rows of the body by the period that their keys begin with.</summary>
    public IReadOnlyDictionary<string, int> Periods { get; init; } = new Dictionary<string, int>();

    /// <summary>The newest period without some of the rows, as <c>yyyy-MM</c>; null when nothing is left.</summary>
    public string? NewestWithout(IEnumerable<(string Partition, string Row)> rows)
    {
        var without = rows.GroupBy(row => Known.PeriodOf(row.Row))
            .ToDictionary(period => period.Key, period => period.Count(), StringComparer.Ordinal);
        var newest = Periods
            .Where(period => period.Value > without.GetValueOrDefault(period.Key))
            .Select(period => period.Key)
            .Max(StringComparer.Ordinal);
        if (newest is null)
            return null;
        // A year stands for its last month.
        return newest.Length == 4 ? $"{newest}-12" : newest[..Math.Min(7, newest.Length)];
    }
}

/// <summary>
/// Holds the figures of a body against each other and against what the table has. Each dataset declares what its real
/// history allows (<see cref="FigurePolicy"/>); the comparison with stored figures is the same for all.
/// </summary>
/// <param name="reader">The reader of the body.</param>
/// <param name="known">What the table has of the slice; null when it was never loaded.</param>
/// <param name="stored">Figures outside the body; null where there are none.</param>
internal sealed class FigureReview(ISliceReader reader, ExistingFigures? known, IStoredFigures? stored)
{
    /// <summary>
    /// How far the ratio of new to stored figures may lie from 1 before the body is another unit, currency or price
    /// base.
    /// </summary>
    private const double Apart = 0.02;

    /// <summary>This share of the ratios close to the median is no spread: figures that are revised scatter.</summary>
    private const double Narrow = 0.8;

    /// <summary>Fewer figures than this prove nothing.</summary>
    private const int FewFigures = 3,
        FewOfSeries = 5;

    /// <summary>Fewer figures of a period than this may be alike by chance.</summary>
    private const int FewOfPeriod = 20;

    /// <summary>
    /// So many periods that each moved by a factor of its own are no chance, if they are half of all or more.
    /// </summary>
    private const int FewPeriods = 3;

    /// <summary>The partitions of a body whose totals are asked for at the same time.</summary>
    private const int Parallelism = 4;

    /// <summary>How far rounding moves a figure, as a share of it.</summary>
    private const double Rounding = 0.001;

    /// <summary>A series whose figures have moved by this factor is another series.</summary>
    private const double OtherSeries = 8;

    /// <summary>Smaller figures do not say which series they belong to.</summary>
    private const double SeriesFloor = 10_000_000;

    /// <summary>The smallest figure whose slip is looked for.</summary>
    private const double SlipFloor = 1_000_000;

    /// <summary>Neighbours of a figure, and the fewest that say something.</summary>
    private const int Neighbours = 4,
        FewNeighbours = 3;

    private const string NothingLoaded =
        "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if the new one "
        + "is right";

    private readonly Dictionary<(string Partition, string Row), Finding> flagged = [],
        slips = [];
    private readonly Dictionary<(string Partition, string Series), List<Point>> series = [];
    private readonly Dictionary<string, List<Pair>> pairs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> periods = new(StringComparer.Ordinal),
        numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Partition, string Series), List<Share>> shares = [];
    private readonly Dictionary<(string Partition, string Row), Part> wholes = [];
    private readonly List<Finding> excluded = [];
    private long figures,
        covered;

    /// <summary>A figure of a series.</summary>
    private readonly record struct Point(string Period, string RowKey, double Figure, SpikeLimit? Limit, bool IsStored);

    /// <summary>A figure of the table and of the body, and the number of its period.</summary>
    private readonly record struct Pair(float Old, float New, int Period);

    /// <summary>A share of a series.</summary>
    private readonly record struct Share(DateOnly Day, string RowKey, double Percent);

    /// <summary>What the body has of a total.</summary>
    private readonly record struct Part(double Sum, int Count);

    /// <summary>Reads the body.</summary>
    public async Task<FigureFindings> RunAsync(
        Func<CancellationToken, Task<Stream>> open,
        CancellationToken cancellationToken
    )
    {
        await using (var body = await open(cancellationToken))
        {
            await foreach (var batch in reader.ReadAsync(body, cancellationToken))
            {
                foreach (var doubt in batch.Doubts)
                {
                    if (doubt.IsExcluded)
                        excluded.Add(doubt.Finding);
                    else
                        flagged.TryAdd((doubt.PartitionKey, doubt.RowKey), doubt.Finding);
                }
                foreach (var row in batch.Rows)
                {
                    Take(row);
                    batch.GiveBack(row);
                }
            }
        }

        await AddStoredAsync(cancellationToken);
        foreach (var ((partition, _), points) in series)
            Spikes(partition, points);
        foreach (var ((partition, _), own) in shares)
            Shares(partition, own);
        // Where all figures have slipped together that is said once, of the body.
        var moved = MovedAsOne();
        if (moved is null)
        {
            foreach (var (key, slip) in slips)
                flagged.TryAdd(key, slip);
        }

        var refusal = moved ?? MovedSeries() ?? MovedPeriod() ?? await OtherWholeAsync(cancellationToken);
        return new FigureFindings(refusal, flagged, figures, covered) { Periods = periods, Excluded = excluded };
    }

    private void Take(FactRow row)
    {
        var policy = reader.Figures;
        var (partition, key) = (row.PartitionKey, row.RowKey);
        var present = known?.Find(partition, key);
        var period = PeriodOf(key);
        periods[period] = periods.GetValueOrDefault(period) + 1;
        if (Period(policy?.Periods, partition, key) is { } outside)
            flagged.TryAdd((partition, key), outside);
        if (row.Figure is not { } figure)
            return;
        figures++;
        if (policy?.Plausible?.Invoke(row) is { } range && (figure < range.Least || figure > range.Most))
        {
            flagged.TryAdd(
                (partition, key),
                new Finding(
                    Where(partition, key),
                    Text(figure),
                    $"{Text(range.Least)} to {Text(range.Most)}, which holds the whole history",
                    FigureFinding.NotLoaded
                )
            );
        }

        if (policy?.Whole?.Key(row) is { } total)
        {
            var part = wholes.GetValueOrDefault(total);
            wholes[total] = new Part(part.Sum + Math.Abs(figure), part.Count + (figure == 0 ? 0 : 1));
        }
        if (present is { } old && Math.Abs(old) > 0 && Math.Abs(figure) > 0)
        {
            if (!pairs.TryGetValue(partition, out var own))
                pairs.Add(partition, own = []);
            if (!numbers.TryGetValue(period, out var number))
                numbers.Add(period, number = numbers.Count);
            own.Add(new Pair((float)old, (float)figure, number));
            if (Slip(old, figure) is { } factor)
            {
                slips.TryAdd(
                    (partition, key),
                    new Finding(
                        Where(partition, key),
                        Text(figure),
                        $"about {Text(old)}, which the table has: the figure is {factor} of it",
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
        if (policy?.Spikes is not { } spikes)
            return;
        if (!series.TryGetValue(name, out var points))
            series.Add(name, points = []);
        points.Add(new Point(PeriodOf(key), key, figure, spikes(row), false));
    }

    /// <summary>
    /// Adds stored figures to the series that need them, and rows that were flagged before where a figure still stands
    /// out.
    /// </summary>
    private async Task AddStoredAsync(CancellationToken cancellationToken)
    {
        if (stored is null || reader.Figures is not { Spikes: not null, Neighbours: { } filter })
            return;
        var wanted = series.Where(own => NeedsStored(own.Value)).Select(own => own.Key.Partition).ToHashSet();
        foreach (var partition in wanted)
        {
            await foreach (var row in stored.RowsAsync(reader.Table, filter(partition), cancellationToken))
            {
                if (row.PartitionKey == partition && row.Figure is { } figure)
                    Add(partition, row.SeriesName, row.RowKey, figure);
            }
        }

        var open = wanted.Where(HasSpike).ToDictionary(partition => Where(partition, ""), StringComparer.Ordinal);
        if (open.Count == 0)
            return;
        var candidates = new Dictionary<(string Partition, string Key), double>();
        await foreach (var (where, seen) in stored.FlaggedAsync(reader.Table, cancellationToken))
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
            var row = reader.Table.New();
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
            points.Add(new Point(period, key, figure, null, true));
    }

    /// <summary>
    /// Whether stored figures may decide about a figure: it is large enough to be flagged at all, and not two of its
    /// neighbours in the body are of its level.
    /// </summary>
    private static bool NeedsStored(List<Point> points)
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

    private static int ByKey(Point one, Point other) => string.CompareOrdinal(one.RowKey, other.RowKey);

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
    private void Spikes(string partition, List<Point> points)
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
            var neighbours = string.Join(", ", around.Select(other => $"{other.Period} {Text(other.Figure)}"));
            flagged.TryAdd(
                (partition, point.RowKey),
                new Finding(
                    Where(partition, point.RowKey),
                    Text(point.Figure),
                    $"at most {Text(point.Limit!.Factor)} times {Text(median)}, the median of its neighbours "
                        + $"({neighbours})",
                    FigureFinding.NotLoaded
                )
            );
        }
    }

    /// <summary>Holds a figure against its neighbours; null when they say nothing.</summary>
    private static (double Median, List<Point> Around, bool IsSpike)? Judge(List<Point> points, int at)
    {
        var point = points[at];
        if (point.IsStored || point.Limit is not { } limit)
            return null;
        var around = Around(points, at);
        if (around.Count < FewNeighbours)
            return null;
        var median = Median([.. around.Select(other => Math.Abs(other.Figure))]);
        return median < limit.Floor ? null : (median, around, Math.Abs(point.Figure) > limit.Factor * median);
    }

    /// <summary>
    /// Flags shares far from their neighbours, up or down. A lasting shift is believed once two later shares confirm
    /// it.
    /// </summary>
    private void Shares(string partition, List<Share> own)
    {
        var limit = reader.Figures!.Shares!;
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
                around.Select(other => $"{PeriodOf(other.RowKey)} {Text(other.Percent)}")
            );
            flagged.TryAdd(
                (partition, key),
                new Finding(
                    Where(partition, key),
                    $"a share of {Text(percent)}",
                    $"a share within {Text(limit.Points)} points and {Text(limit.Factor)} times of two of its "
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
    private static List<Point> Around(List<Point> points, int at)
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

    /// <summary>
    /// Figures have moved by one factor: another unit, currency or price base. All of them, those of a group such as
    /// outward stocks, or those of periods, each by a factor of its own as exchange rates and price indices do.
    /// </summary>
    private Finding? MovedAsOne()
    {
        var all = new List<double>();
        var groups = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        // Without the group "" a body of many small groups would have no period with enough figures.
        var cells = new Dictionary<(string Group, int Period), List<double>>();
        foreach (var (partition, own) in pairs)
        {
            var group = partition[(partition.IndexOf('|', StringComparison.Ordinal) + 1)..];
            foreach (var pair in own)
            {
                var ratio = (double)pair.New / pair.Old;
                all.Add(ratio);
                Put(groups, group, ratio);
                Put(cells, (group, pair.Period), ratio);
                Put(cells, ("", pair.Period), ratio);
            }
        }

        if (MovedBy(all, FewFigures) is { } whole)
            return Moved(whole, "");
        foreach (var (group, ratios) in groups.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (MovedBy(ratios, FewOfPeriod) is { } factor)
                return Moved(factor, $" of {group}");
        }
        var names = numbers.ToDictionary(number => number.Value, number => number.Key);
        foreach (var group in cells.GroupBy(cell => cell.Key.Group).OrderBy(own => own.Key, StringComparer.Ordinal))
        {
            var told = group.Where(cell => cell.Value.Count >= FewFigures).ToList();
            var moved = told.Select(cell => (Period: names[cell.Key.Period], Factor: MovedBy(cell.Value, FewFigures)))
                .Where(cell => cell.Factor is not null)
                .OrderByDescending(cell => cell.Factor!.Value.Figures)
                .ThenBy(cell => cell.Period, StringComparer.Ordinal)
                .ToList();
            if (
                moved.Count > 0
                && (
                    moved[0].Factor!.Value.Figures >= FewOfPeriod
                    || (moved.Count >= FewPeriods && moved.Count * 2 >= told.Count)
                )
            )
            {
                var name = $" of {group.Key}{(group.Key.Length > 0 ? " in " : "")}{moved[0].Period}";
                var more = moved.Count - 1;
                return Moved(
                    moved[0].Factor!.Value,
                    name,
                    more == 0 ? ""
                        : more == 1 ? ", and 1 more period that moved by a factor of its own"
                        : $", and {more} more periods that moved by a factor of their own"
                );
            }
        }
        return null;

        static void Put<TKey>(Dictionary<TKey, List<double>> lists, TKey key, double ratio)
            where TKey : notnull
        {
            if (!lists.TryGetValue(key, out var list))
                lists.Add(key, list = []);
            list.Add(ratio);
        }
    }

    private static Finding Moved((int Close, int Figures, double Factor) moved, string of, string more = "") =>
        new(
            "body",
            $"{moved.Close} of {moved.Figures} figures{of} that are {Text(Rounded(moved.Factor))} times those of the "
                + $"table{more}",
            "figures in the unit, currency and prices of the table",
            NothingLoaded
        );

    /// <summary>The factor by which enough of the figures have moved; null when they have not.</summary>
    private static (int Close, int Figures, double Factor)? MovedBy(List<double> ratios, int least)
    {
        if (ratios.Count < least)
            return null;
        var median = Median([.. ratios]);
        if (Math.Abs(median - 1) <= Apart)
            return null;
        var close = ratios.Count(ratio => Math.Abs(ratio / median - 1) <= Apart);
        return close < ratios.Count * Narrow ? null : (close, ratios.Count, median);
    }

    /// <summary>The body's parts of a total that the table has are of another magnitude.</summary>
    private async Task<Finding?> OtherWholeAsync(CancellationToken cancellationToken)
    {
        if (stored is null || reader.Figures?.Whole is not { } whole)
            return null;
        var wrong = new List<(string Partition, string Row, Part Part, double Total)>();
        await Parallel.ForEachAsync(
            wholes.GroupBy(own => own.Key.Partition),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (partition, token) =>
            {
                var parts = partition.ToDictionary(own => own.Key.Row, own => own.Value, StringComparer.Ordinal);
                var (first, last) = (parts.Keys.Min(StringComparer.Ordinal), parts.Keys.Max(StringComparer.Ordinal));
                var filter = TableClient.CreateQueryFilter(
                    $"PartitionKey eq {partition.Key} and RowKey ge {first} and RowKey le {last}"
                );
                await foreach (var row in stored.RowsAsync(whole.Table, filter, token))
                {
                    if (row.Figure is not { } figure || !parts.TryGetValue(row.RowKey, out var part))
                        continue;
                    var total = Math.Abs(figure);
                    if (
                        Math.Max(part.Sum, total) >= whole.Floor
                        && (
                            part.Sum > whole.Factor * total
                            || (part.Count >= whole.Many && part.Sum * whole.Factor < total)
                        )
                    )
                    {
                        lock (wrong)
                            wrong.Add((row.PartitionKey, row.RowKey, part, figure));
                    }
                }
            }
        );
        if (wrong.Count == 0)
            return null;
        var named = wrong.OrderBy(own => (own.Partition, own.Row)).First();
        return new Finding(
            "body",
            $"{wrong.Count} {(wrong.Count == 1 ? "sum" : "sums")} of another magnitude than the stored total, the "
                + $"first: {named.Part.Count} figures that add up to {Text(named.Part.Sum)}, of "
                + $"{whole.Table.Name} {named.Partition} {named.Row}",
            $"at most {Text(whole.Factor)} times {Text(named.Total)}, the total that the table has"
                + (whole.Many == int.MaxValue ? "" : $", and at least a {Text(whole.Factor)}th of it"),
            NothingLoaded
        );
    }

    /// <summary>
    /// Series whose figures are those of another one: rows that were given to the wrong economy or partner.
    /// </summary>
    private Finding? MovedSeries()
    {
        var moved = new List<(string Partition, double Ratio)>();
        foreach (var (partition, own) in pairs)
        {
            if (
                own.Count < FewOfSeries
                || Median([.. own.Select(pair => Math.Max(Math.Abs((double)pair.Old), Math.Abs(pair.New)))])
                    < SeriesFloor
            )
            {
                continue;
            }

            var ratio = Median([.. own.Select(pair => Math.Abs((double)pair.New / pair.Old))]);
            if (ratio is > OtherSeries or < 1 / OtherSeries)
                moved.Add((partition, ratio));
        }
        if (moved.Count == 0)
            return null;
        var named = moved
            .OrderBy(series => series.Partition, StringComparer.Ordinal)
            .Take(3)
            .Select(series => $"{series.Partition} {Text(Rounded(series.Ratio))} times");
        return new Finding(
            "body",
            $"{moved.Count} series with figures of another magnitude than in the table: "
                + $"{string.Join(", ", named)}{(moved.Count > 3 ? ", …" : "")}",
            "each series within 8 times of what it was",
            NothingLoaded
        );
    }

    /// <summary>
    /// A period whose figures are those that the table has of the period beside it: columns or rows have slipped. Sums
    /// do not show it, because the totals have slipped with their parts.
    /// </summary>
    private Finding? MovedPeriod()
    {
        if (known is null)
            return null;
        var counts = new Dictionary<(string Period, string Other), int>();
        var all = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var ((partition, _), points) in series)
        {
            for (var at = 0; at < points.Count; at++)
            {
                var point = points[at];
                if (point.IsStored || point.Figure == 0 || known.Find(partition, point.RowKey) is not { } own)
                    continue;
                all[point.Period] = all.GetValueOrDefault(point.Period) + 1;
                if (IsSame(point.Figure, own))
                    continue;
                foreach (var beside in (int[])[at - 1, at + 1])
                {
                    if (beside < 0 || beside >= points.Count)
                        continue;
                    var other = points[beside];
                    if (known.Find(partition, other.RowKey) is { } stored && IsSame(point.Figure, stored))
                    {
                        counts[(point.Period, other.Period)] =
                            counts.GetValueOrDefault((point.Period, other.Period)) + 1;
                    }
                }
            }
        }
        foreach (var ((period, other), count) in counts.OrderBy(pair => pair.Key.Period, StringComparer.Ordinal))
        {
            if (count < FewOfPeriod || count * 2 < all[period])
                continue;
            return new Finding(
                "body",
                $"{count} of {all[period]} figures of {period} that are those of {other} in the table",
                $"figures of {period}",
                NothingLoaded
            );
        }
        // A few series have no period with many figures: there the periods of one series tell. In a body of many a
        // publisher may well move one.
        return series.Count < FewOfPeriod
            ? series.Select(own => Slipped(own.Key.Partition, own.Value)).FirstOrDefault(found => found is not null)
            : null;

        Finding? Slipped(string partition, List<Point> points)
        {
            var changed = 0;
            int[] slipped = [0, 0];
            for (var at = 0; at < points.Count; at++)
            {
                var point = points[at];
                if (point.IsStored || known.Find(partition, point.RowKey) is not { } own || IsSame(point.Figure, own))
                    continue;
                changed++;
                for (var side = 0; side < slipped.Length; side++)
                {
                    var beside = at + (side == 0 ? -1 : 1);
                    if (
                        beside >= 0
                        && beside < points.Count
                        && known.Find(partition, points[beside].RowKey) is { } other
                        && IsSame(point.Figure, other)
                    )
                    {
                        slipped[side]++;
                    }
                }
            }
            var most = slipped.Max();
            return most < FewOfSeries || most < changed * Narrow
                ? null
                : new Finding(
                    "body",
                    $"{most} of {changed} changed figures of {partition} that are those of the period "
                        + $"{(slipped[0] == most ? "before" : "after")} it in the table",
                    "figures of their own periods",
                    NothingLoaded
                );
        }

        static bool IsSame(double figure, double other) => Math.Abs(figure - other) <= Math.Abs(other) * Rounding;
    }

    /// <summary>The factor of a slip of a unit; null when the ratio is none.</summary>
    private static string? Slip(double old, double figure)
    {
        if (Math.Max(Math.Abs(old), Math.Abs(figure)) < SlipFloor)
            return null;
        var ratio = figure / old;
        foreach (
            var (factor, words) in ((double, string)[])
                [(1e3, "1000 times"), (1e6, "1000000 times"), (1e-3, "a thousandth"), (1e-6, "a millionth")]
        )
        {
            if (Math.Abs(ratio / factor - 1) <= Apart)
                return words;
        }

        return null;
    }

    private string Where(string partition, string key) => FigureFinding.Where(reader.Table, partition, key);

    private static string PeriodOf(string rowKey) => Known.PeriodOf(rowKey);

    internal static double Median(double[] values)
    {
        Array.Sort(values);
        var half = values.Length / 2;
        return values.Length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    }

    private static double Rounded(double number) =>
        double.Parse(number.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>A figure without exponent, as the table has it.</summary>
    internal static string Text(double figure) => figure.ToString("0.######", CultureInfo.InvariantCulture);
}
