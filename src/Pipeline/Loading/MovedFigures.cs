using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>
/// Figures of a body beside those that the table has of the same keys: whether many of them have moved together, and
/// by which factor.
/// </summary>
internal sealed class MovedFigures
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

    /// <summary>A series whose figures have moved by this factor is another series.</summary>
    private const double OtherSeries = 8;

    /// <summary>Smaller figures do not say which series they belong to.</summary>
    private const double SeriesFloor = 10_000_000;

    /// <summary>The smallest figure whose slip is looked for.</summary>
    private const double SlipFloor = 1_000_000;

    private readonly Dictionary<string, List<Pair>> pairs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal);

    /// <summary>A figure of the table and of the body, and the number of its period.</summary>
    private readonly record struct Pair(float Old, float New, int Period);

    /// <summary>Adds a figure that both have; neither may be 0.</summary>
    public void Add(string partition, string period, double old, double figure)
    {
        if (!pairs.TryGetValue(partition, out var own))
            pairs.Add(partition, own = []);
        if (!numbers.TryGetValue(period, out var number))
            numbers.Add(period, number = numbers.Count);
        own.Add(new Pair((float)old, (float)figure, number));
    }

    /// <summary>
    /// Figures have moved by one factor: another unit, currency or price base. All of them, those of a group such as
    /// outward stocks, or those of periods, each by a factor of its own as exchange rates and price indices do.
    /// </summary>
    public Finding? AsOne()
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
                    more switch
                    {
                        0 => "",
                        1 => ", and 1 more period that moved by a factor of its own",
                        _ => $", and {more} more periods that moved by a factor of their own",
                    }
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
            $"{moved.Close} of {moved.Figures} figures{of} that are "
                + $"{FigureMath.Text(FigureMath.Rounded(moved.Factor))} times those of the "
                + $"table{more}",
            "figures in the unit, currency and prices of the table",
            FigureMath.NothingLoaded
        );

    /// <summary>The factor by which enough of the figures have moved; null when they have not.</summary>
    private static (int Close, int Figures, double Factor)? MovedBy(List<double> ratios, int least)
    {
        if (ratios.Count < least)
            return null;
        var median = FigureMath.Median([.. ratios]);
        if (Math.Abs(median - 1) <= Apart)
            return null;
        var close = ratios.Count(ratio => Math.Abs(ratio / median - 1) <= Apart);
        return close < ratios.Count * Narrow ? null : (close, ratios.Count, median);
    }

    /// <summary>
    /// Series whose figures are those of another one: rows that were given to the wrong economy or partner.
    /// </summary>
    public Finding? Series()
    {
        var moved = new List<(string Partition, double Ratio)>();
        foreach (var (partition, own) in pairs)
        {
            if (
                own.Count < FewOfSeries
                || FigureMath.Median([.. own.Select(pair => Math.Max(Math.Abs((double)pair.Old), Math.Abs(pair.New)))])
                    < SeriesFloor
            )
            {
                continue;
            }

            var ratio = FigureMath.Median([.. own.Select(pair => Math.Abs((double)pair.New / pair.Old))]);
            if (ratio is > OtherSeries or < 1 / OtherSeries)
                moved.Add((partition, ratio));
        }
        if (moved.Count == 0)
            return null;
        var named = moved
            .OrderBy(series => series.Partition, StringComparer.Ordinal)
            .Take(3)
            .Select(series => $"{series.Partition} {FigureMath.Text(FigureMath.Rounded(series.Ratio))} times");
        return new Finding(
            "body",
            $"{moved.Count} series with figures of another magnitude than in the table: "
                + $"{string.Join(", ", named)}{(moved.Count > 3 ? ", …" : "")}",
            "each series within 8 times of what it was",
            FigureMath.NothingLoaded
        );
    }

    /// <summary>The factor of a slip of a unit; null when the ratio is none.</summary>
    public static string? Slip(double old, double figure)
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
}
