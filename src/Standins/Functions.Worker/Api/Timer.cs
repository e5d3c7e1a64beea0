using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Runs a function on a schedule.</summary>
/// <param name="schedule">Six-field NCRONTAB (five fields are accepted), a TimeSpan text, or <c>%SETTING%</c>.</param>
public sealed class TimerTriggerAttribute(string schedule) : TriggerBindingAttribute
{
    /// <summary>The schedule, before <c>%SETTING%</c> is expanded.</summary>
    public string Schedule { get; } = schedule;

    /// <summary>Whether occurrences are recorded in storage, so that a missed one runs late. Forced off for schedules that fire more than once a minute.</summary>
    public bool UseMonitor { get; set; } = true;

    /// <summary>Whether the function also runs whenever its listener starts.</summary>
    public bool RunOnStartup { get; set; }
}

/// <summary>What a timer function is told about its run.</summary>
public class TimerInfo
{
    /// <summary>The recorded status before this run: <c>Next</c> is the occurrence that is now being run. Null without a monitor.</summary>
    public ScheduleStatus? ScheduleStatus { get; set; }

    /// <summary>True when the occurrence was missed while no host was running.</summary>
    public bool IsPastDue { get; set; }
}

/// <summary>The recorded occurrences of a schedule, UTC.</summary>
public class ScheduleStatus
{
    /// <summary>The last run; 0001-01-01 when there was none.</summary>
    public DateTime Last { get; set; }

    /// <summary>The next expected occurrence.</summary>
    public DateTime Next { get; set; }

    /// <summary>When this record was last computed from.</summary>
    public DateTime LastUpdated { get; set; }
}
