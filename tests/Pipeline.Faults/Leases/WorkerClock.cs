namespace Pipeline.Faults.Leases;

/// <summary>
/// The clock of one worker whose periodic timers fire only when the test says so: those of a process that stands still
/// do not. What it reads may be wrong by <paramref name="skew"/>.
/// </summary>
internal sealed class WorkerClock(TimeProvider honest, TimeSpan skew = default) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Periodic> timers = [];

    public override long TimestampFrequency => honest.TimestampFrequency;

    public override long GetTimestamp() => honest.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => honest.GetUtcNow() + skew;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period <= TimeSpan.Zero)
            return honest.CreateTimer(callback, state, dueTime, period);
        var timer = new Periodic(this, () => callback(state));
        lock (gate)
            timers.Add(timer);
        return timer;
    }

    /// <summary>Lets every periodic timer fire once.</summary>
    public void Tick()
    {
        List<Periodic> due;
        lock (gate)
            due = [.. timers];
        due.ForEach(timer => timer.Callback());
    }

    private sealed class Periodic(WorkerClock clock, Action callback) : ITimer
    {
        public Action Callback => callback;

        public bool Change(TimeSpan dueTime, TimeSpan period) =>
            throw new NotSupportedException("the pipeline does not change periodic timers");

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
