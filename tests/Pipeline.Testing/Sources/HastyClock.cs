namespace Pipeline.Testing;

/// <summary>
/// A clock for code that waits: a pause ends at once and moves the clock by its length. Timers of
/// <paramref name="patience"/> and more are time-outs; they do not fire unless <see cref="Expire"/> is called, or five
/// minutes of real time have passed: a test that waits for something that never comes should fail, not hang. Periodic
/// timers do not fire.
/// </summary>
/// <remarks>
/// FakeTimeProvider cannot do this: a pause on it ends when the test moves the clock, and the test does not know when
/// the code under it will pause, how often, or for how long.
/// </remarks>
internal sealed class HastyClock(DateTimeOffset start, TimeSpan patience) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> timeouts = [];
    private DateTimeOffset now = start;

    /// <summary>Every pause that was waited for.</summary>
    public List<TimeSpan> Pauses { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public void Advance(TimeSpan by)
    {
        lock (gate)
            now += by;
    }

    /// <summary>Fires the time-outs of a length; false when there is none.</summary>
    public bool Expire(TimeSpan length)
    {
        List<Timer> due;
        lock (gate)
            due = [.. timeouts.Where(timer => timer.Due == length)];
        due.ForEach(timer => timer.Fire());
        return due.Count > 0;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(HastyClock clock, Action callback) : ITimer
    {
        private static readonly TimeSpan RealPatience = TimeSpan.FromMinutes(5);
        private System.Threading.Timer? last;

        public TimeSpan Due { get; private set; }

        public void Fire()
        {
            lock (clock.gate)
            {
                if (!clock.timeouts.Remove(this))
                    return;
            }
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                clock.timeouts.Remove(this);
                last?.Dispose();
                if (dueTime == Timeout.InfiniteTimeSpan || period > TimeSpan.Zero)
                    return true;
                Due = dueTime;
                if (dueTime >= clock.Patience)
                {
                    clock.timeouts.Add(this);
                    last = new System.Threading.Timer(_ => Fire(), null, RealPatience, Timeout.InfiniteTimeSpan);
                    return true;
                }
                clock.Pauses.Add(dueTime);
                clock.now += dueTime;
            }
            ThreadPool.QueueUserWorkItem(_ => callback());
            return true;
        }

        public void Dispose()
        {
            lock (clock.gate)
            {
                clock.timeouts.Remove(this);
                last?.Dispose();
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private TimeSpan Patience { get; } = patience;
}
