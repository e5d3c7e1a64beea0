namespace Pipeline.Faults;

/// <summary>
/// A clock that no test waits for: a pause ends at once and moves the clock by its length. Timers of
/// <paramref name="patience"/> and more are deadlines: they fire when the clock has come so far, by pauses, by
/// <see cref="Advance"/> or because nothing else happens (<see cref="Hurry"/>). Periodic timers go on in the
/// background: they fire when the clock has come so far for another reason, once however far it came.
/// </summary>
/// <remarks>
/// FakeTimeProvider cannot do this: a pause on it ends only when the test moves the clock, and it does not tell when
/// the next timer is due.
/// </remarks>
/// <param name="start">The first moment.</param>
/// <param name="patience">See above.</param>
/// <param name="inline">Whether timers fire inside the call that moves the clock, for worlds of one thread.</param>
internal sealed class VirtualClock(DateTimeOffset start, TimeSpan patience, bool inline = false) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> deadlines = [];
    private readonly List<Timer> background = [];
    private DateTimeOffset now = start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
            return now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <summary>Moves the clock, also back.</summary>
    public void Advance(TimeSpan by)
    {
        List<Timer> due;
        lock (gate)
        {
            now += by;
            due = Take();
        }
        due.ForEach(timer => timer.Fire());
    }

    /// <summary>Moves the clock to the next deadline; false when there is none.</summary>
    public bool Hurry()
    {
        List<Timer> due;
        lock (gate)
        {
            if (deadlines.Count == 0)
                return false;
            var next = deadlines.Min(timer => timer.Due);
            if (next > now)
                now = next;
            due = Take();
        }
        due.ForEach(timer => timer.Fire());
        return true;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private List<Timer> Take()
    {
        var due = deadlines.Where(timer => timer.Due <= now).OrderBy(timer => timer.Due).ToList();
        deadlines.RemoveAll(due.Contains);
        foreach (var timer in background.Where(timer => timer.Due <= now).ToList())
        {
            timer.Skip(now);
            due.Add(timer);
        }
        return due;
    }

    private sealed class Timer(VirtualClock clock, Action callback) : ITimer
    {
        public DateTimeOffset Due { get; private set; }

        private TimeSpan every;

        /// <summary>The next time after a moment at which a periodic timer fires.</summary>
        public void Skip(DateTimeOffset now) => Due += every * (1 + Math.Floor((now - Due) / every));

        public void Fire()
        {
            if (clock.Inline)
                callback();
            else
                ThreadPool.QueueUserWorkItem(_ => callback());
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            List<Timer> due;
            lock (clock.gate)
            {
                clock.deadlines.Remove(this);
                clock.background.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = clock.now + dueTime;
                if (period > TimeSpan.Zero)
                {
                    every = period;
                    clock.background.Add(this);
                    return true;
                }
                if (dueTime >= clock.Patience)
                {
                    clock.deadlines.Add(this);
                    return true;
                }
                clock.now = Due;
                due = clock.Take();
            }
            Fire();
            due.ForEach(timer => timer.Fire());
            return true;
        }

        public void Dispose()
        {
            lock (clock.gate)
            {
                clock.deadlines.Remove(this);
                clock.background.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private TimeSpan Patience { get; } = patience;

    private bool Inline { get; } = inline;
}
