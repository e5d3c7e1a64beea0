using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Queues;

/// <summary>How long an empty queue is left alone: 100 ms, doubling with +-20 % jitter up to the maximum. Rule: WebJobs' RandomizedExponentialBackoffStrategy.</summary>
internal sealed class PollingBackoff(TimeSpan maximum, Random random)
{
    private TimeSpan current = TimeSpan.Zero;

    /// <summary>The wait after another empty look.</summary>
    public TimeSpan Next()
    {
        if (current == TimeSpan.Zero) return current = HostRules.PollingMinimum;
        var jitter = 1 + (((random.NextDouble() * 2) - 1) * HostRules.PollingJitter);
        current = TimeSpan.FromTicks(Math.Min(maximum.Ticks, (long)(current.Ticks * 2 * jitter)));
        return current;
    }

    /// <summary>A message was found: look again at once.</summary>
    public void Reset() => current = TimeSpan.Zero;
}
