using System.Globalization;
using System.Text;

namespace Pipeline.Benchmarks.Service;

/// <summary>A stored entity: where its JSON is, as it was sent, and its version.</summary>
internal sealed class Entity(byte[] key)
{
    public byte[] Key => key;
    public int Slab { get; set; }
    public int Offset { get; set; }
    public int Length { get; set; }

    /// <summary>Ticks since the service started; 0 while the transaction that adds it is not decided.</summary>
    public long Version { get; set; }

    /// <summary>The transaction that looked at it last.</summary>
    public long Transaction { get; set; }
    public bool IsGone { get; set; }
}

/// <summary>The entities of one partition: by key, and in their order when a range is asked for.</summary>
internal sealed class Partition(byte[] key)
{
    private readonly List<Entity> ordered = [];
    private bool sorted = true;
    private int gone;

    public byte[] Key => key;
    public Dictionary<byte[], Entity> Entities { get; } = new(KeyBytes.Comparer);

    public Entity? Find(ReadOnlySpan<byte> row) =>
        Entities.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(row, out var entity) ? entity : null;

    public Entity Add(ReadOnlySpan<byte> row)
    {
        var entity = new Entity(row.ToArray());
        Entities.Add(entity.Key, entity);
        if (ordered.Count > 0 && ordered[^1].Key.AsSpan().SequenceCompareTo(row) > 0)
            sorted = false;
        ordered.Add(entity);
        return entity;
    }

    public void Remove(Entity entity)
    {
        Entities.Remove(entity.Key);
        entity.IsGone = true;
        gone++;
    }

    /// <summary>The entities in the order of their keys.</summary>
    public List<Entity> Ordered()
    {
        if (gone > 0)
            ordered.RemoveAll(entity => entity.IsGone);
        gone = 0;
        if (!sorted)
            ordered.Sort((one, other) => one.Key.AsSpan().SequenceCompareTo(other.Key));
        sorted = true;
        return ordered;
    }

    /// <summary>The place of the first entity that is not before a key.</summary>
    public static int From(List<Entity> ordered, ReadOnlySpan<byte> key)
    {
        var (low, high) = (0, ordered.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ordered[middle].Key.AsSpan().SequenceCompareTo(key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}

/// <summary>Versions as the service writes them: a moment, to 100 ns, no two alike.</summary>
internal sealed class Versions
{
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private long last,
        second = -1;
    private byte[] prefix = [];

    public long Next() => ++last;

    /// <summary>The version as it stands in a header: <c>W/"datetime'…'"</c>.</summary>
    public void Write(long version, List<byte> to) => Write(version, to, "\"");

    /// <summary>The version as it stands in JSON, its quotes escaped.</summary>
    public void WriteEscaped(long version, List<byte> to) => Write(version, to, "\\\"");

    public static string Timestamp(long version) =>
        Start.AddTicks(version).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private void Write(long version, List<byte> to, string quote)
    {
        if (version / TimeSpan.TicksPerSecond != second)
        {
            second = version / TimeSpan.TicksPerSecond;
            prefix = Encoding.ASCII.GetBytes(
                Start.AddSeconds(second).ToString("yyyy-MM-dd'T'HH'%3A'mm'%3A'ss'.'", CultureInfo.InvariantCulture)
            );
        }
        to.AddRange("W/"u8);
        foreach (var character in quote)
            to.Add((byte)character);
        to.AddRange("datetime'"u8);
        to.AddRange(prefix);
        Span<byte> fraction = stackalloc byte[7];
        for (var (at, rest) = (6, version % TimeSpan.TicksPerSecond); at >= 0; at--, rest /= 10)
            fraction[at] = (byte)('0' + rest % 10);
        to.AddRange(fraction);
        to.AddRange("Z'"u8);
        foreach (var character in quote)
            to.Add((byte)character);
    }
}
