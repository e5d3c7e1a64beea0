using NCrontab;
using Pipeline.Slices;
using Xunit;

namespace Pipeline.Report.Tests;

/// <summary>How late a dataset is depends on its calendar and on when its source is planned.</summary>
public sealed class LatenessTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-03-11T00:00", "0 0 9 * * *", 0)] // not due yet
    [InlineData("2026-03-10T10:00", "0 0 9 * * *", 0)] // due, and the next plan is tomorrow
    [InlineData("2026-03-10T08:00", "0 0 9 * * *", 3)] // the plan of nine o'clock should have asked
    [InlineData("2026-03-10T09:00", "0 0 9 * * *", 3)] // due at the very moment of a plan
    [InlineData("2026-03-10T09:00:01", "0 0 9 * * *", 0)]
    [InlineData("2026-03-01T00:00", "0 0 9 * * 1", 195)] // planned on Mondays: the second of March
    [InlineData("2026-03-09T10:00", "0 0 9 * * 1", 0)]
    [InlineData("2026-03-12T00:00 2026-03-08T08:00 2026-03-10T08:00", "0 0 9 * * *", 51)] // the latest slice counts
    [InlineData("2026-03-10T08:00", null, 4)] // without a schedule the due date counts
    public void Late_is_what_a_plan_should_have_asked_for(string due, string? schedule, int hours) =>
        Assert.Equal(
            hours,
            Lateness.Hours(
                Slices(due),
                schedule is null ? null : CrontabSchedule.Parse(schedule, new() { IncludingSeconds = true }),
                Now
            )
        );

    [Theory]
    [InlineData("2026-03-10T09:00:04", "0 0 9 * * *", 0)] // pulled by today's plan
    [InlineData("2026-03-09T09:00:04", "0 0 9 * * *", 3)] // today's plan has not asked
    [InlineData("2026-03-03T09:00:04", "0 0 9 * * *", 147)] // nor has any since the third
    [InlineData("2026-03-03T09:00:04", null, 0)] // no plan runs
    public void Without_a_due_date_every_plan_asks(string pulled, string? schedule, int hours) =>
        Assert.Equal(
            hours,
            Lateness.Hours(
                [
                    new SliceRow(new Slice("census-trade", "exports-total", "1"))
                    {
                        LastPulled = DateTimeOffset.Parse(
                            pulled + "Z",
                            System.Globalization.CultureInfo.InvariantCulture
                        ),
                    },
                ],
                schedule is null ? null : CrontabSchedule.Parse(schedule, new() { IncludingSeconds = true }),
                Now
            )
        );

    [Fact]
    public void No_slice_is_not_late() => Assert.Equal(0, Lateness.Hours([], null, Now));

    private static IEnumerable<SliceRow> Slices(string due) =>
        due.Split(' ')
            .Select(
                (day, at) =>
                    new SliceRow(new Slice("census-trade", "exports-total", $"{at}"))
                    {
                        NextDue = DateTimeOffset.Parse(day + "Z", System.Globalization.CultureInfo.InvariantCulture),
                    }
            );
}
