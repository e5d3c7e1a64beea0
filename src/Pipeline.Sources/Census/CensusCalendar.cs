namespace Pipeline.Sources.Census;

/// <summary>When the Census Bureau publishes and revises figures.</summary>
/// <remarks>
/// Rules: census.gov publishes a month about five weeks after its end, and revises about three years every
/// June (with the April figures).
/// </remarks>
internal static class CensusCalendar
{
    /// <summary>What the publisher says of its revisions.</summary>
    public const string Revisions =
        "a new month about five weeks after its end; every June the three latest closed years are revised";

    /// <summary>How many closed years a June release may change.</summary>
    public const int RevisedYears = 3;

    /// <summary>
    /// Days from the end of a month to the day on which its figures must be out. They come after some 35; a shutdown of
    /// the government moves them by weeks.
    /// </summary>
    private const int LatestDelay = 75;

    /// <summary>Days from the end of a month to its figures, at the least; the shortest seen are 32.</summary>
    private const int ShortestDelay = 25;

    /// <summary>The first day on which a month's figures may appear.</summary>
    public static DateTimeOffset EarliestRelease(DateOnly month) =>
        new(month.AddMonths(2).AddDays(1), new TimeOnly(12, 0), TimeSpan.Zero);

    /// <summary>The day on which a month's figures must be out.</summary>
    public static DateTimeOffset LatestRelease(DateOnly month) =>
        new(month.AddMonths(1).AddDays(LatestDelay), TimeOnly.MinValue, TimeSpan.Zero);

    /// <summary>The day of the next yearly revision.</summary>
    public static DateTimeOffset NextRevision(DateTimeOffset now)
    {
        var june = new DateTimeOffset(now.Year, 6, 12, 14, 0, 0, TimeSpan.Zero);
        return june > now ? june : june.AddYears(1);
    }

    /// <summary>The last month that a body of a day can hold: figures come weeks after a month has ended.</summary>
    public static DateOnly LastMonth(DateTimeOffset fetchedAt)
    {
        var day = DateOnly.FromDateTime(fetchedAt.UtcDateTime).AddDays(-ShortestDelay);
        return new DateOnly(day.Year, day.Month, 1).AddMonths(-1);
    }
}
