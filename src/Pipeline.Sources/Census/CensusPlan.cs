using Pipeline.Slices;

namespace Pipeline.Sources.Census;

/// <summary>Which slices of the trade data there are, and when they are due.</summary>
/// <remarks>
/// Rules: census.gov publishes a month about five weeks after its end, and revises about three years every
/// June (with the April figures).
/// </remarks>
internal sealed class CensusPlan(string source, CensusOptions settings)
{
    /// <summary>Stands for "not before the program is changed".</summary>
    private static readonly DateTimeOffset NoMore = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How many closed years a June release may change.</summary>
    public const int RevisedYears = 3;

    /// <summary>A day, less the spread of a daily schedule, so that the next day's plan finds the slice due.</summary>
    private static readonly TimeSpan NextPlan = TimeSpan.FromHours(20);

    public IEnumerable<Slice> Slices(DateTimeOffset now)
    {
        var first = settings.From > CensusSlice.FirstMonth ? settings.From : CensusSlice.FirstMonth;
        // Newest years first: they are what people wait for. But the first months of an open year are held against
        // those of the year before, which is therefore loaded earlier.
        int[] latest = [now.Year - 1, now.Year];
        foreach (var year in latest.Concat(Enumerable.Range(0, now.Year).Select(back => now.Year - 2 - back)))
        {
            if (year < first.Year)
                continue;
            foreach (var level in settings.Levels)
            {
                foreach (var flow in (string[])[CensusSlice.Exports, CensusSlice.Imports])
                {
                    foreach (var part in OfYear(flow, level, year, first, now))
                        yield return Slice(part);
                }
            }
        }

        if (settings.CountryFileUrl is not null)
            yield return new Slice(source, CensusSlice.BalanceDataset, CensusSlice.BalanceKey(settings.From));
    }

    private IEnumerable<CensusSlice> OfYear(string flow, string level, int year, DateOnly first, DateTimeOffset now)
    {
        if (level == CensusSlice.Total)
            return [new CensusSlice(flow, level, null, year, null, null)];
        if (settings.Partners is { } partners)
            return partners.Select(partner => new CensusSlice(flow, level, partner, year, null, null));
        // All partners with their commodities are some 13,000 rows a month.
        return Enumerable
            .Range(1, year == now.Year ? now.Month : 12)
            .Where(month => year > first.Year || month >= first.Month)
            .Select(month => new CensusSlice(flow, level, null, year, month, null));
    }

    public static DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        if (!CensusSlice.TryParse(slice, out var parsed))
            return Release(new DateOnly(now.Year, now.Month, 1).AddMonths(-1));
        // A partner without trade in the last months has no rows for them: some time after their release the slice is
        // closed all the same.
        var closed =
            now > Release(parsed.End).AddMonths(2)
            || (newest is not null && string.CompareOrdinal(newest, $"{parsed.End:yyyy-MM}") >= 0);
        if (closed)
        {
            var june = new DateTimeOffset(now.Year, 6, 12, 14, 0, 0, TimeSpan.Zero);
            if (june <= now)
                june = june.AddYears(1);
            return june.Year - parsed.Year <= RevisedYears ? june : NoMore;
        }
        var next = newest is null
            ? parsed.Start
            : DateOnly.ParseExact(newest, "yyyy-MM", System.Globalization.CultureInfo.InvariantCulture).AddMonths(1);
        var release = Release(next);
        return release > now ? release : now + NextPlan;
    }

    /// <summary>
    /// Days from the end of a month to the day on which its figures must be out. They come after some 35; a shutdown of
    /// the government moves them by weeks.
    /// </summary>
    private const int LatestDelay = 75;

    /// <summary>When the first month of a slice must be out. The balance file has always been there.</summary>
    public static DateTimeOffset ReleaseDate(Slice slice) =>
        Latest(CensusSlice.TryParse(slice, out var parsed) ? parsed.Start : CensusSlice.FirstMonth.AddMonths(-1));

    /// <summary>
    /// The newest month that the slice of all partners of a year must have by now; null for others and before the
    /// first.
    /// </summary>
    public static string? ExpectedPeriod(Slice slice, DateTimeOffset now)
    {
        if (!CensusSlice.TryParse(slice, out var parsed) || parsed.Level != CensusSlice.Total)
            return null;
        for (var month = parsed.End; month >= parsed.Start; month = month.AddMonths(-1))
        {
            if (Latest(month) <= now)
                return month.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture);
        }

        return null;
    }

    private static DateTimeOffset Latest(DateOnly month) =>
        new(month.AddMonths(1).AddDays(LatestDelay), TimeOnly.MinValue, TimeSpan.Zero);

    /// <summary>The last month that a body of a day can hold: figures come weeks after a month has ended.</summary>
    public static DateOnly LastMonth(DateTimeOffset fetchedAt)
    {
        var day = DateOnly.FromDateTime(fetchedAt.UtcDateTime).AddDays(-ShortestDelay);
        return new DateOnly(day.Year, day.Month, 1).AddMonths(-1);
    }

    /// <summary>Days from the end of a month to its figures, at the least; the shortest seen are 32.</summary>
    private const int ShortestDelay = 25;

    /// <summary>The first day on which a month's figures may appear.</summary>
    private static DateTimeOffset Release(DateOnly month) =>
        new(month.AddMonths(2).AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero);

    /// <summary>
    /// The API answers a request that is too big as it answers one without rows. A year is asked for by months, a month
    /// of all partners by chapters.
    /// </summary>
    public IReadOnlyList<Slice> Narrow(Slice slice)
    {
        // A year of totals has some 3,000 rows, which is never too big; a partner that is no more has no rows in any
        // part.
        if (!CensusSlice.TryParse(slice, out var parsed) || parsed.Level == CensusSlice.Total)
            return [];
        if (parsed.Partner is { } partner && CensusPartners.Absence(partner, parsed.Year).Length > 0)
            return [];
        if (parsed.Month is null)
            return [.. Enumerable.Range(1, 12).Select(month => Slice(parsed with { Month = month }))];
        if (parsed is { Level: not CensusSlice.Total, Partner: null, Chapter: null })
        {
            return
            [
                .. Enumerable
                    .Range(1, 99)
                    .Where(chapter => chapter != 77)
                    .Select(chapter => Slice(parsed with { Chapter = $"{chapter:00}" })),
            ];
        }

        return [];
    }

    /// <summary>A month is published when any slice that begins with it or later has rows.</summary>
    public static bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known) =>
        CensusSlice.TryParse(slice, out var parsed)
        && known.Any(row =>
            row.Loaded is { Rows: > 0 } && CensusSlice.TryParse(row.Slice, out var other) && other.Start >= parsed.Start
        );

    private Slice Slice(CensusSlice part) => new(source, part.Dataset, part.Key);
}
