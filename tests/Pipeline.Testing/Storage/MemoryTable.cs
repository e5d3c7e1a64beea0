namespace Pipeline.Testing.Storage;

/// <summary>The rows of one table, by partition, each in the order of the service: by the keys' characters.</summary>
internal sealed class MemoryTable
{
    private readonly SortedDictionary<string, SortedDictionary<string, MemoryEntity>> partitions = new(
        StringComparer.Ordinal
    );

    public MemoryTable Copy()
    {
        var copy = new MemoryTable();
        foreach (var (partition, rows) in partitions)
            copy.partitions.Add(partition, new(rows, StringComparer.Ordinal));
        return copy;
    }

    public MemoryEntity? Find((string Partition, string Row) key) =>
        partitions.TryGetValue(key.Partition, out var rows) ? rows.GetValueOrDefault(key.Row) : null;

    /// <summary>Writes a row under its key, or removes it when there is none.</summary>
    public void Put((string Partition, string Row) key, MemoryEntity? entity)
    {
        if (entity is null)
        {
            if (partitions.TryGetValue(key.Partition, out var present) && present.Remove(key.Row) && present.Count == 0)
                partitions.Remove(key.Partition);
            return;
        }
        if (!partitions.TryGetValue(key.Partition, out var rows))
            partitions.Add(key.Partition, rows = new(StringComparer.Ordinal));
        rows[key.Row] = entity;
    }

    /// <summary>The rows in the order of their keys.</summary>
    /// <param name="partition">The only partition that is wanted, or null.</param>
    /// <param name="from">The key of the first row that is wanted, or null.</param>
    public IEnumerable<MemoryEntity> From(string? partition, (string Partition, string Row)? from)
    {
        IEnumerable<KeyValuePair<string, SortedDictionary<string, MemoryEntity>>> wanted = partitions;
        if (partition is not null)
        {
            wanted = partitions.TryGetValue(partition, out var only) ? [new(partition, only)] : [];
        }
        foreach (var (name, rows) in wanted)
        {
            var order = from is null ? 1 : string.CompareOrdinal(name, from.Value.Partition);
            if (order < 0)
                continue;
            foreach (var (row, entity) in rows)
            {
                if (order > 0 || string.CompareOrdinal(row, from!.Value.Row) >= 0)
                    yield return entity;
            }
        }
    }
}
