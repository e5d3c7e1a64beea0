using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>A figure of a series.</summary>
/// <param name="RowKey">Its key.</param>
/// <param name="Figure">The figure.</param>
/// <param name="Limit">How far it may stand out; null where that is not judged.</param>
/// <param name="IsStored">True if it is not of the body but of the table.</param>
internal readonly record struct FigurePoint(string RowKey, double Figure, SpikeLimit? Limit, bool IsStored)
{
    /// <summary>The period that its key begins with.</summary>
    public string Period => Known.PeriodOf(RowKey);
}

/// <summary>Finds columns or rows that have slipped.</summary>
internal static class SlippedPeriods
{
    /// <summary>Fewer figures of a period than this may be alike by chance.</summary>
    private const int FewOfPeriod = 20;

    /// <summary>Fewer figures of one series than this prove nothing.</summary>
    private const int FewOfSeries = 5;

    /// <summary>The least share of the changed figures of one series.</summary>
    private const double Most = 0.8;

    /// <summary>How far rounding moves a figure, as a share of it.</summary>
    private const double Rounding = 0.001;

    /// <summary>
    /// A period whose figures are those that the table has of the period beside it: columns or rows have slipped. Sums
    /// do not show it, because the totals have slipped with their parts.
    /// </summary>
    public static Finding? Find(
        ExistingFigures? known,
        IReadOnlyDictionary<(string Partition, string Series), List<FigurePoint>> series
    )
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
                FigureMath.NothingLoaded
            );
        }
        // A few series have no period with many figures: there the periods of one series tell. In a body of many a
        // publisher may well move one.
        return series.Count < FewOfPeriod
            ? series.Select(own => Slipped(own.Key.Partition, own.Value)).FirstOrDefault(found => found is not null)
            : null;

        Finding? Slipped(string partition, List<FigurePoint> points)
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
            return most < FewOfSeries || most < changed * Most
                ? null
                : new Finding(
                    "body",
                    $"{most} of {changed} changed figures of {partition} that are those of the period "
                        + $"{(slipped[0] == most ? "before" : "after")} it in the table",
                    "figures of their own periods",
                    FigureMath.NothingLoaded
                );
        }

        static bool IsSame(double figure, double other) => Math.Abs(figure - other) <= Math.Abs(other) * Rounding;
    }
}
