using System.Globalization;
using NCrontab;
using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Timers;

/// <summary>
/// When a timer fires, in UTC as in Azure. Six-field NCRONTAB <c>{second} {minute} {hour} {day} {month} {day-of-week}</c>, five fields without seconds,
/// or a TimeSpan text. Rule: WebJobs' TimerSchedule.
/// </summary>
internal sealed class Schedule
{
    private static readonly DateTime Sample = new(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly CrontabSchedule? cron;
    private readonly TimeSpan interval;

    private Schedule(CrontabSchedule? cron, TimeSpan interval)
    {
        this.cron = cron;
        this.interval = interval;
        var times = new List<DateTime> { Sample };
        for (var i = 0; i < 6; i++) times.Add(Next(times[^1]));
        IsSubMinute = times.Skip(1).Zip(times.Skip(2)).Any(pair => pair.Second - pair.First < HostRules.MonitorMinimum);
    }

    /// <summary>Fires more often than once a minute, at least sometimes.</summary>
    public bool IsSubMinute { get; }

    /// <summary>The first occurrence after a time.</summary>
    public DateTime Next(DateTime after) => DateTime.SpecifyKind(cron?.GetNextOccurrence(after) ?? after + interval, DateTimeKind.Utc);

    /// <summary>The schedule, or what is wrong with the text.</summary>
    public static bool TryParse(string text, out Schedule schedule, out string error)
    {
        (schedule, error) = (null!, "");
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 1 && text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var interval) && interval > TimeSpan.Zero)
        {
            schedule = new(null, interval);
            return true;
        }
        var cron = fields.Length is 5 or 6 ? CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = fields.Length == 6 }) : null;
        if (cron is null)
        {
            error = $"seen \"{text}\", expected six NCRONTAB fields {{second}} {{minute}} {{hour}} {{day}} {{month}} {{day-of-week}}, e.g. 0 15 13 * * *; correct it";
            return false;
        }
        if (cron.GetNextOccurrence(Sample, Sample.AddYears(8)) >= Sample.AddYears(8))
        {
            error = $"seen \"{text}\", which never occurs; correct it";
            return false;
        }
        schedule = new(cron, TimeSpan.Zero);
        return true;
    }
}
