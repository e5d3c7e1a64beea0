using System.Globalization;
using Pipeline.Sources;
using Pipeline.Tables;

namespace Pipeline.Checks;

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
}

/// <summary>
/// Holds the figures of a body against each other and against what the table has. Each dataset declares what its real
/// history
/// allows (<see cref="FigurePolicy"/>); the comparison with stored figures is the same for all.
/// </summary>
/// <param name="reader">The reader of the body.</param>
/// <param name="known">What the table has of the slice; null when it was never loaded.</param>
/// <param name="facts">The tables, for stored neighbours; null where there are none.</param>
internal sealed class FigureReview(ISliceReader reader, ExistingFigures? known, FactStore? facts)
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

    internal const string NotLoaded =
        "the row is not loaded; correct it at its origin, or replay the slice with accept if the figure is right";
    private const string NothingLoaded =
        "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if the new one "
        + "is right";

    private readonly Dictionary<(string Partition, string Row), Finding> flagged = [],
        slips = [];
    private readonly Dictionary<(string Partition, string Series), List<Point>> series = [];
    private readonly Dictionary<string, List<(float Old, float New)>> pairs = new(StringComparer.Ordinal);
    private readonly List<Finding> excluded = [];
    private long figures,
        covered;

    /// <summary>A figure of a series.</summary>
    private readonly record struct Point(string Period, string RowKey, double Figure, SpikeLimit? Limit, bool IsStored);

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
        // Where all figures have slipped together that is said once, of the body.
        var moved = MovedAsOne();
        if (moved is null)
        {
            foreach (var (key, slip) in slips)
                flagged.TryAdd(key, slip);
        }

        return new FigureFindings(moved ?? MovedSeries() ?? MovedPeriod(), flagged, figures, covered)
        {
            Excluded = excluded,
        };
    }

    private void Take(FactRow row)
    {
        var policy = reader.Figures;
        var (partition, key) = (row.PartitionKey, row.RowKey);
        var stored = known?.Find(partition, key);
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
                    NotLoaded
                )
            );
        }

        if (stored is { } old && Math.Abs(old) > 0 && Math.Abs(figure) > 0)
        {
            if (!pairs.TryGetValue(partition, out var own))
                pairs.Add(partition, own = []);
            own.Add(((float)old, (float)figure));
            if (Slip(old, figure) is { } factor)
            {
                slips.TryAdd(
                    (partition, key),
                    new Finding(
                        Where(partition, key),
                        Text(figure),
                        $"about {Text(old)}, which the table has: the figure is {factor} of it",
                        NotLoaded
                    )
                );
            }
        }
        if (policy?.Spikes is not { } spikes)
            return;
        var name = (partition, row.SeriesName);
        if (!series.TryGetValue(name, out var points))
            series.Add(name, points = []);
        points.Add(new Point(PeriodOf(key), key, figure, spikes(row), false));
    }

    private async Task AddStoredAsync(CancellationToken cancellationToken)
    {
        if (
            reader.Figures is not { Spikes: not null, Neighbours: { Length: > 0 } filter }
            || series.Count == 0
            || facts is null
        )
        {
            return;
        }

        await foreach (var row in facts.QueryAsync(reader.Table, filter, cancellationToken))
        {
            if (row.Figure is not { } figure || !series.TryGetValue((row.PartitionKey, row.SeriesName), out var points))
                continue;
            if (points.TrueForAll(point => point.Period != PeriodOf(row.RowKey)))
                points.Add(new Point(PeriodOf(row.RowKey), row.RowKey, figure, null, true));
        }
    }

    private Finding? Period(PeriodLimits? limits, string partition, string key)
    {
        if (limits is null)
            return null;
        var period = PeriodOf(key);
        if (string.CompareOrdinal(period, limits.Last) > 0)
            return new Finding(Where(partition, key), period, $"no later than {limits.Last}, {limits.Ends}", NotLoaded);
        return string.CompareOrdinal(period, limits.First) < 0
            ? new Finding(Where(partition, key), period, $"no earlier than {limits.First}, {limits.Begins}", NotLoaded)
            : null;
    }

    /// <summary>
    /// Flags figures far above their neighbours. A lasting shift is believed once two later periods confirm it: then
    /// half of the
    /// neighbours are as high.
    /// </summary>
    private void Spikes(string partition, List<Point> points)
    {
        points.Sort((one, other) => string.CompareOrdinal(one.RowKey, other.RowKey));
        for (var at = 0; at < points.Count; at++)
        {
            var point = points[at];
            if (point.IsStored || point.Limit is not { } limit)
                continue;
            var around = Around(points, at);
            if (around.Count < FewNeighbours)
                continue;
            var median = Median([.. around.Select(other => Math.Abs(other.Figure))]);
            if (median < limit.Floor)
                continue;
            covered++;
            if (Math.Abs(point.Figure) <= limit.Factor * median)
                continue;
            var neighbours = string.Join(", ", around.Select(other => $"{other.Period} {Text(other.Figure)}"));
            flagged.TryAdd(
                (partition, point.RowKey),
                new Finding(
                    Where(partition, point.RowKey),
                    Text(point.Figure),
                    $"at most {Text(limit.Factor)} times {Text(median)}, the median of its neighbours ({neighbours})",
                    NotLoaded
                )
            );
        }
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

    /// <summary>All figures have moved by one factor: another unit, currency or price base.</summary>
    private Finding? MovedAsOne()
    {
        var ratios = pairs.Values.SelectMany(own => own).Select(pair => (double)pair.New / pair.Old).ToArray();
        if (ratios.Length < FewFigures)
            return null;
        var median = Median(ratios);
        if (Math.Abs(median - 1) <= Apart)
            return null;
        var close = ratios.Count(ratio => Math.Abs(ratio / median - 1) <= Apart);
        return close < ratios.Length * Narrow
            ? null
            : new Finding(
                "body",
                $"{close} of {ratios.Length} figures that are {Text(Rounded(median))} times those of the table",
                "figures in the unit, currency and prices of the table",
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
        return null;

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

    private string Where(string partition, string key) => Where(reader.Table, partition, key);

    /// <summary>The place of a figure, by which an operator's word about it is remembered.</summary>
    internal static string Where(FactTable table, string partition, string key) => $"{table.Name} {partition} {key}";

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
