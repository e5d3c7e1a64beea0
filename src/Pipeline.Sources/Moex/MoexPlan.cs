using System.Globalization;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex;

/// <summary>Which slices of the holders data there are, and when they are due (moex.md, section 6).</summary>
internal sealed class MoexPlan(MoexOptions settings)
{
    /// <summary>A day, less the spread of a daily schedule, so that the next day's plan finds the slice due.</summary>
    private static readonly TimeSpan NextPlan = TimeSpan.FromHours(20);

    /// <summary>How many days the depository's figures are read again.</summary>
    public const int NsdDays = 7;

    /// <summary>
    /// The day of the month from which the Bank of Russia's figures of that month may appear: they come 23 to
    /// 33 days after its first day, up to 46 before 2021.
    /// </summary>
    private const int OfzDay = 20;

    public IEnumerable<Slice> Slices(DateTimeOffset now)
    {
        if (settings.HoldersFile.Length > 0)
            yield return MoexSlice.OfHolders;
        if (settings.IssUrl is not null)
            yield return MoexSlice.OfCapitalisation;
        if (settings.OfzTableUrl is not null)
            yield return MoexSlice.OfOfz;
        if (settings.NsdUrl is null || settings.NsdApiKey.Length == 0)
            yield break;
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        for (var back = 1; back <= NsdDays; back++)
            yield return MoexSlice.OfNsd(today.AddDays(-back));
    }

    /// <summary>
    /// Days after the first of a month on which the Bank of Russia's figures of it must be out: at most 46 so far.
    /// </summary>
    private const int OfzDays = 60;

    /// <summary>The longest that the exchange is closed, with a few days to spare: the holidays of January.</summary>
    private const int ClosedDays = 14;

    /// <summary>
    /// When a slice must have rows: the exchange has a last trading day, and the table its months. Of the others
    /// nothing is promised.
    /// </summary>
    public static DateTimeOffset? ReleaseDate(Slice slice) =>
        slice.Dataset switch
        {
            MoexSlice.Capitalisation => new DateTimeOffset(2012, 1, 1, 0, 0, 0, TimeSpan.Zero),
            MoexSlice.Ofz => new DateTimeOffset(2012, 3, 1, 0, 0, 0, TimeSpan.Zero),
            _ => null,
        };

    /// <summary>The newest month that a slice must have by now; null where nothing is promised.</summary>
    public static string? ExpectedPeriod(Slice slice, DateTimeOffset now) =>
        slice.Dataset switch
        {
            MoexSlice.Capitalisation => Month(now.AddDays(-ClosedDays)),
            MoexSlice.Ofz => Month(now.AddDays(-OfzDays)),
            _ => null,
        };

    private static string Month(DateTimeOffset day) =>
        day.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public static DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now)
    {
        switch (slice.Dataset)
        {
            case MoexSlice.Holders:
                // Looking at the file costs nothing, and an operator who changes it wants to see it loaded.
                return null;
            case MoexSlice.Ofz when newest is not null:
                var next = DateOnly.ParseExact(newest, "yyyy-MM", CultureInfo.InvariantCulture).AddMonths(1);
                var release = new DateTimeOffset(next.Year, next.Month, OfzDay, 0, 0, 0, TimeSpan.Zero);
                return release > now ? release : now + NextPlan;
            default:
                return now + NextPlan;
        }
    }
}
