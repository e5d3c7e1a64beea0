namespace Pipeline.Faults.Simulation;

/// <summary>The clock of one machine, which goes wrong by steps.</summary>
/// <remarks>
/// A FakeTimeProvider for each machine would not do: the time and the timers are those of one clock that all machines
/// share, and only what this machine reads is wrong.
/// </remarks>
internal sealed class SkewedClock(TimeProvider honest) : TimeProvider
{
    /// <summary>How far it is ahead.</summary>
    public TimeSpan Skew { get; set; }

    public override long TimestampFrequency => honest.TimestampFrequency;

    public override long GetTimestamp() => honest.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => honest.GetUtcNow() + Skew;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        honest.CreateTimer(callback, state, dueTime, period);
}
