using NCrontab;

namespace Pipeline.Slices;

/// <summary>
/// How late a dataset is against its own calendar: not its age, because an annual figure is old on its first day. A
/// slice is late when the first plan on or after its due date has passed and it is still due.
/// </summary>
public static class Lateness
{
    /// <summary>A pull may take its time, and a server its retries: up to here no operator needs to know.</summary>
    public const int ToleratedHours = 6;

    /// <summary>
    /// Whole hours since the plan that should have pulled the latest of some slices; 0 when none is late.
    /// </summary>
    /// <param name="slices">The slices. One without a due date is asked for at every plan: it is late when a plan has
    /// passed since it was pulled.</param>
    /// <param name="schedule">When its source is planned; null: only due dates count, and they themselves.</param>
    /// <param name="now">The present moment.</param>
    public static int Hours(IEnumerable<SliceRow> slices, CrontabSchedule? schedule, DateTimeOffset now)
    {
        var due = slices
            .Select(row => row.NextDue is not null || schedule is null ? row.NextDue : row.LastPulled)
            .OfType<DateTimeOffset>()
            .DefaultIfEmpty(DateTimeOffset.MaxValue)
            .Min();
        if (due >= now)
            return 0;
        // An occurrence on the very moment counts: the schedule looks for those after it.
        var plan = schedule is null
            ? due
            : new DateTimeOffset(
                DateTime.SpecifyKind(schedule.GetNextOccurrence(due.UtcDateTime.AddTicks(-1)), DateTimeKind.Utc)
            );
        return plan >= now ? 0 : (int)(now - plan).TotalHours;
    }
}
