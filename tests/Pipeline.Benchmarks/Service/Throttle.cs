using System.Diagnostics;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// The limits of a storage account: 2,000 entities a second for a partition and 20,000 for the account
/// (https://learn.microsoft.com/azure/storage/tables/scalability-targets), each with a quarter of a second in reserve,
/// and 10 ms for an answer.
/// </summary>
internal sealed class Throttle
{
    public const int PerPartition = 2000,
        PerAccount = 20_000;
    private const double Reserve = 0.25;

    public static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(10);

    private readonly Bucket account = new(PerAccount);
    private readonly Dictionary<byte[], Bucket> partitions = new(KeyBytes.Comparer);

    /// <summary>Requests answered with 503.</summary>
    public long Refused { get; private set; }

    /// <summary>Whether so many entities of a partition may be written now; if not, the service is busy.</summary>
    public bool Allows(ReadOnlySpan<byte> partition, int entities)
    {
        var lookup = partitions.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!lookup.TryGetValue(partition, out var bucket))
            partitions.Add(partition.ToArray(), bucket = new Bucket(PerPartition));
        var now = Stopwatch.GetTimestamp();
        if (account.Level(now) >= entities && bucket.Level(now) >= entities)
        {
            account.Take(entities);
            bucket.Take(entities);
            return true;
        }
        Refused++;
        return false;
    }

    private sealed class Bucket(int perSecond)
    {
        private double level = perSecond * Reserve;
        private long at = Stopwatch.GetTimestamp();

        public double Level(long now)
        {
            level = Math.Min(perSecond * Reserve, level + Stopwatch.GetElapsedTime(at, now).TotalSeconds * perSecond);
            at = now;
            return level;
        }

        public void Take(int entities) => level -= entities;
    }
}
