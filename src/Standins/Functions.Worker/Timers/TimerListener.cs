using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Invocations;

namespace Standin.Functions.Worker.Timers;

/// <summary>
/// Runs one function on its schedule. Past due is looked at only here at the start; a run that takes longer than the interval lets the missed occurrences
/// collapse into one run; a failed run is not repeated. Rule: WebJobs' TimerListener and ScheduleMonitor.
/// </summary>
internal sealed class TimerListener(FunctionEntry entry, TimerTrigger trigger, Invoker invoker, ScheduleMonitor? monitor, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(12); // timers of the runtime end at 49 days

    /// <summary>Fires until stopped; a run in progress is awaited.</summary>
    /// <param name="stop">Ends the firing.</param>
    /// <param name="cancelRuns">Cancels the tokens of runs.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken cancelRuns)
    {
        var (status, next, pastDue) = await StartAsync(stop);
        if (pastDue || trigger.RunOnStartup)
        {
            if (pastDue) logger.LogInformation("the occurrence of {Next:u} is past due and runs now", next);
            (status, next) = await FireAsync(status, next, pastDue, startup: !pastDue, cancelRuns);
        }
        while (!stop.IsCancellationRequested)
        {
            for (var wait = next - Now; wait > TimeSpan.Zero; wait = next - Now) await Task.Delay(wait < LongestWait ? wait : LongestWait, time, stop);
            (status, next) = await FireAsync(status, next, pastDue: false, startup: false, cancelRuns);
        }
    }

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    // What is recorded, what comes next, and whether that was missed.
    private async Task<(ScheduleStatus? Status, DateTime Next, bool PastDue)> StartAsync(CancellationToken stop)
    {
        var now = Now;
        if (monitor is null) return (null, trigger.Schedule.Next(now), false);
        var status = await monitor.ReadAsync(entry.Name, stop);
        if (status is null)
        {
            status = new ScheduleStatus { Next = trigger.Schedule.Next(now), LastUpdated = now };
            await monitor.WriteAsync(entry.Name, status);
            return (status, status.Next, false);
        }
        var expected = trigger.Schedule.Next(status.Last == default ? status.LastUpdated : status.Last);
        if (status.Next != expected)
        {
            // The schedule has been changed since: an old occurrence does not fire.
            status = new ScheduleStatus { Last = status.Last, Next = now > expected ? trigger.Schedule.Next(now) : expected, LastUpdated = now };
            await monitor.WriteAsync(entry.Name, status);
        }
        return (status, status.Next, now > status.Next);
    }

    private async Task<(ScheduleStatus? Status, DateTime Next)> FireAsync(ScheduleStatus? status, DateTime planned, bool pastDue, bool startup, CancellationToken cancelRuns)
    {
        var started = Now;
        // A run that fires slightly early counts as the planned occurrence.
        var counted = !startup && started < planned ? planned : started;
        await invoker.RunAsync(entry, new TimerInput(status, pastDue), cancelRuns);
        var next = trigger.Schedule.Next(counted);
        if (monitor is null) return (null, next);
        var after = new ScheduleStatus { Last = counted, Next = next, LastUpdated = Now };
        await monitor.WriteAsync(entry.Name, after);
        return (after, next);
    }
}
