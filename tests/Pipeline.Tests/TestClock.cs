using System.Diagnostics;
using Xunit;

namespace Pipeline.Tests;

/// <summary>A clock that stands still until it is moved; its timers fire in order of time.</summary>
internal sealed class TestClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private DateTimeOffset now = start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Whether a timer is set to fire after exactly so long.</summary>
    public bool IsSetFor(TimeSpan wait)
    {
        lock (gate)
            return timers.Any(timer => timer.Due == now + wait);
    }

    /// <summary>Whether a timer is set to fire within a stretch of time from now.</summary>
    public bool IsSetFor(TimeSpan atLeast, TimeSpan atMost)
    {
        lock (gate)
            return timers.Any(timer => timer.Due >= now + atLeast && timer.Due <= now + atMost);
    }

    /// <summary>Moves the clock.</summary>
    public void Advance(TimeSpan by)
    {
        var end = GetUtcNow() + by;
        while (true)
        {
            ManualTimer? due;
            lock (gate)
            {
                due = timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
                now =
                    due?.Due is { } time && time > now ? time
                    : due is null ? end
                    : now;
                if (due is not null)
                    timers.Remove(due);
            }
            if (due is null)
                return;
            due.Fire();
        }
    }

    /// <summary>
    /// Moves the clock in small steps, giving everything else time to act, until something has come
    /// true.
    /// </summary>
    public async Task UntilAsync(Func<bool> condition, TimeSpan step)
    {
        var limit = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromMinutes(5), "what the test waits for does not come true");
            Advance(step);
            await Task.Delay(5);
        }
    }

    private sealed class ManualTimer(TestClock clock, Action callback) : ITimer
    {
        public DateTimeOffset? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock.now + dueTime;
                if (Due is not null)
                    clock.timers.Add(this);
            }
            return true;
        }

        public void Fire() => callback();

        public void Dispose()
        {
            lock (clock.gate)
                clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
