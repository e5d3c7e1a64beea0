using Standin.Functions.Worker.Timers;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData("0 15 13 * * *", "2026-03-01T13:15:00", "2026-03-02T13:15:00")]
    [InlineData("*/30 * * * * *", "2026-03-01T13:15:00", "2026-03-01T13:15:30")]
    [InlineData("15 13 * * *", "2026-03-01T13:14:59", "2026-03-01T13:15:00")]
    [InlineData("0 0 9 * * MON-FRI", "2026-02-27T10:00:00", "2026-03-02T09:00:00")]
    [InlineData("0 0 0 13 * FRI", "2026-01-01T00:00:00", "2026-02-13T00:00:00")] // day of month and day of week must both match
    [InlineData("0 0 0 1 JAN *", "2026-03-01T00:00:00", "2027-01-01T00:00:00")]
    [InlineData("01:30:00", "2026-03-01T00:00:00", "2026-03-01T01:30:00")]
    public void The_next_occurrence_is_the_first_after_a_time_in_utc(string text, string after, string next)
    {
        Assert.True(Schedule.TryParse(text, out var schedule, out _));
        var result = schedule.Next(DateTime.SpecifyKind(DateTime.Parse(after, System.Globalization.CultureInfo.InvariantCulture), DateTimeKind.Utc));
        Assert.Equal((DateTime.Parse(next, System.Globalization.CultureInfo.InvariantCulture), DateTimeKind.Utc), (result, result.Kind));
    }

    [Theory]
    [InlineData("daily", "seen \"daily\", expected six NCRONTAB fields {second} {minute} {hour} {day} {month} {day-of-week}, e.g. 0 15 13 * * *; correct it")]
    [InlineData("0 0 0 ? * *", "seen \"0 0 0 ? * *\", expected six NCRONTAB fields {second} {minute} {hour} {day} {month} {day-of-week}, e.g. 0 15 13 * * *; correct it")]
    [InlineData("0 61 * * * *", "seen \"0 61 * * * *\", expected six NCRONTAB fields {second} {minute} {hour} {day} {month} {day-of-week}, e.g. 0 15 13 * * *; correct it")]
    [InlineData("0 0 0 30 2 *", "seen \"0 0 0 30 2 *\", which never occurs; correct it")]
    public void A_bad_schedule_says_what_was_expected(string text, string message)
    {
        Assert.False(Schedule.TryParse(text, out _, out var error));
        Assert.Equal(message, error);
    }

    [Theory]
    [InlineData("*/30 * * * * *", true)]
    [InlineData("0 * * * * *", false)]
    [InlineData("0,1 0 * * * *", true)]
    public void A_schedule_that_fires_more_than_once_a_minute_is_recognised(string text, bool expected)
    {
        Assert.True(Schedule.TryParse(text, out var schedule, out _));
        Assert.Equal(expected, schedule.IsSubMinute);
    }
}
