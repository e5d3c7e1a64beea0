using System.Globalization;
using System.Text;

namespace Pipeline.Benchmarks.Service;

/// <summary>A write to one entity, as a request or a part of a transaction asks for it.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="PartitionKey">First half of the key.</param>
/// <param name="RowKey">Second half of the key.</param>
/// <param name="Match">The version it depends on, <c>*</c> for any; null without a condition.</param>
/// <param name="Json">The entity; empty when it is deleted. Start and length in the body.</param>
internal readonly record struct Write(
    WriteKind Kind,
    ReadOnlyMemory<byte> PartitionKey,
    ReadOnlyMemory<byte> RowKey,
    string? Match,
    ReadOnlyMemory<byte> Json
);

internal enum WriteKind
{
    Insert,
    Replace,
    Merge,
    Delete,
}

/// <summary>Why nothing was written.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The service's word for it.</param>
/// <param name="Index">The write to blame.</param>
internal readonly record struct Refused(int Status, string Code, int Index);

/// <summary>
/// One table: a hash map of partitions, each a hash map of entities. A write takes the same time whatever the table
/// holds; a range is put in order when it is asked for.
/// </summary>
internal sealed class Table(Versions versions, bool forgetful)
{
    private static readonly byte[] Value = EntityJson.Mark("ValueUsd");

    private readonly Dictionary<byte[], Partition> partitions = new(KeyBytes.Comparer);
    private readonly Slabs slabs = new();
    private Partition[]? ordered;
    private long transactions;

    public long Rows { get; private set; }

    /// <summary>The sum of <c>ValueUsd</c> of all inserted rows, kept when the rows are not.</summary>
    public long ForgottenSum { get; private set; }

    /// <summary>The sum of <c>ValueUsd</c> of all rows.</summary>
    public long Sum() =>
        forgetful
            ? ForgottenSum
            : partitions.Values.SelectMany(partition => partition.Entities.Values).Sum(entity => Number(Json(entity)));

    private static long Number(ReadOnlySpan<byte> json) =>
        long.TryParse(EntityJson.Text(json, Value), CultureInfo.InvariantCulture, out var value) ? value : 0;

    public ReadOnlySpan<byte> Json(Entity entity) => slabs.At(entity.Slab, entity.Offset, entity.Length);

    public (Entity Entity, Partition Partition)? Find(ReadOnlySpan<byte> partition, ReadOnlySpan<byte> row) =>
        partitions.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(partition, out var found)
        && found.Find(row) is { } entity
            ? (entity, found)
            : null;

    /// <summary>All of the writes, in their order, or none of them.</summary>
    /// <param name="writes">Of one partition.</param>
    /// <param name="done">Receives the new versions; 0 for what was deleted.</param>
    public Refused? Apply(IReadOnlyList<Write> writes, List<long> done)
    {
        var partition = PartitionOf(writes[0].PartitionKey.Span);
        var transaction = ++transactions;
        var added = new List<Entity>();
        Refused? refused = null;
        for (var index = 0; index < writes.Count && refused is null; index++)
            refused = Check(partition, writes[index], index, transaction, added);
        if (refused is not null)
        {
            foreach (var entity in added)
                partition.Remove(entity);
            return refused;
        }
        foreach (var write in writes)
            done.Add(Carry(partition, write));
        return null;
    }

    private Refused? Check(Partition partition, Write write, int index, long transaction, List<Entity> added)
    {
        if (!write.PartitionKey.Span.SequenceEqual(partition.Key))
            return new Refused(400, "CommandsInBatchActOnDifferentPartitions", index);
        var entity = partition.Find(write.RowKey.Span);
        if (entity?.Transaction == transaction)
            return new Refused(400, "InvalidDuplicateRow", index);
        if (write.Kind == WriteKind.Insert && entity is not null)
            return new Refused(409, "EntityAlreadyExists", index);
        if (entity is null && (write.Match is not null || write.Kind == WriteKind.Delete))
            return new Refused(404, "ResourceNotFound", index);
        if (write.Match is not (null or "*") && write.Match != ETag(entity!))
            return new Refused(412, "UpdateConditionNotSatisfied", index);
        if (entity is null)
            added.Add(entity = partition.Add(write.RowKey.Span));
        entity.Transaction = transaction;
        return null;
    }

    private long Carry(Partition partition, Write write)
    {
        var entity = partition.Find(write.RowKey.Span)!;
        if (write.Kind == WriteKind.Delete)
        {
            partition.Remove(entity);
            Rows--;
            return 0;
        }
        var isNew = entity.Version == 0;
        if (isNew)
            Rows++;
        if (forgetful)
        {
            ForgottenSum += isNew ? Number(write.Json.Span) : 0;
        }
        else
        {
            Keep(
                entity,
                write.Kind == WriteKind.Merge && !isNew
                    ? EntityJson.Merged(Json(entity), write.Json.Span)
                    : write.Json.Span
            );
        }

        return entity.Version = versions.Next();
    }

    private void Keep(Entity entity, ReadOnlySpan<byte> json)
    {
        (entity.Slab, entity.Offset) = slabs.Keep(json);
        entity.Length = json.Length;
    }

    public string ETag(Entity entity)
    {
        var text = new List<byte>();
        versions.Write(entity.Version, text);
        return Encoding.ASCII.GetString([.. text]);
    }

    private Partition PartitionOf(ReadOnlySpan<byte> key)
    {
        if (partitions.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var partition))
            return partition;
        partition = new Partition(key.ToArray());
        partitions.Add(partition.Key, partition);
        ordered = null;
        return partition;
    }

    /// <summary>Entities that fit, in the order of their keys, from a key on.</summary>
    /// <param name="filter">Which ones.</param>
    /// <param name="most">No more than these.</param>
    /// <param name="from">Where to go on; null = from the beginning.</param>
    /// <param name="take">Gets each of them.</param>
    /// <returns>The key of the next one; null when there is none.</returns>
    public (byte[] Partition, byte[] Row)? Query(
        Filter filter,
        int most,
        (byte[] Partition, byte[] Row)? from,
        Action<Partition, Entity> take
    )
    {
        ordered ??=
        [
            .. partitions.Values.OrderBy(
                partition => partition.Key,
                Comparer<byte[]>.Create((one, other) => one.AsSpan().SequenceCompareTo(other))
            ),
        ];
        var (count, bounds) = (0, filter.Bounds);
        foreach (var partition in ordered)
        {
            if (Before(partition.Key, bounds.PartitionFrom) || Before(partition.Key, from?.Partition))
                continue;
            if (bounds.PartitionTo is { } last && partition.Key.AsSpan().SequenceCompareTo(last) > 0)
                break;
            var entities = partition.Ordered();
            var start = bounds.RowFrom is { } row ? Partition.From(entities, row) : 0;
            if (from is { } next && partition.Key.AsSpan().SequenceEqual(next.Partition))
                start = Math.Max(start, Partition.From(entities, next.Row));
            for (var index = start; index < entities.Count; index++)
            {
                var entity = entities[index];
                if (bounds.RowTo is { } end && entity.Key.AsSpan().SequenceCompareTo(end) > 0)
                    break;
                if (!filter.Fits(partition, entity, Json(entity)))
                    continue;
                if (count++ == most)
                    return (partition.Key, entity.Key);
                take(partition, entity);
            }
        }
        return null;

        static bool Before(byte[] key, byte[]? bound) => bound is not null && key.AsSpan().SequenceCompareTo(bound) < 0;
    }
}
