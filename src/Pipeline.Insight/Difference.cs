using System.IO.Hashing;
using System.Runtime.InteropServices;
using Azure;
using Azure.Data.Tables;

namespace Pipeline.Insight;

/// <summary>How many rows a run has written.</summary>
public readonly record struct InsightCounts(int Added, int Changed, int Removed)
{
    public static InsightCounts operator +(InsightCounts one, InsightCounts other) =>
        new(one.Added + other.Added, one.Changed + other.Changed, one.Removed + other.Removed);
}

/// <summary>
/// The rows of a table as they were before anything that they depend on was read. Writing brings them up to date: new
/// rows are added, changed ones replaced and those that nothing computes any more removed, each only if no other
/// process has touched it since.
/// </summary>
/// <remarks>
/// Because the table is read before its inputs, a process that may overwrite a row has read inputs at least as new as
/// those that the row was computed from. Two processes at once therefore end with the newest inputs, whatever their
/// order.
/// </remarks>
internal sealed class Difference<T>
    where T : InsightRow, new()
{
    private const int MaxBatch = 100;

    private readonly TableClient table;
    private readonly Dictionary<(string Partition, string Row), (ETag Version, UInt128 Content)> known = [];

    private Difference(TableClient table) => this.table = table;

    /// <summary>Reads the rows of a filter; null = all.</summary>
    public static async Task<Difference<T>> ReadAsync(
        TableClient table,
        string? filter,
        CancellationToken cancellationToken
    )
    {
        var difference = new Difference<T>(table);
        var partition = "";
        await foreach (var row in table.QueryAsync<T>(filter!, maxPerPage: 1000, select: null, cancellationToken))
        {
            // Rows come partition by partition: one text for all of them.
            if (row.PartitionKey != partition)
                partition = row.PartitionKey;
            difference.known.Add((partition, row.RowKey), (row.ETag, Hash(row)));
        }
        return difference;
    }

    /// <summary>Makes the rows that were read those that are given.</summary>
    /// <exception cref="RequestFailedException">404, 409 or 412: another process has written since. Read again, compute
    /// again.</exception>
    public async Task<InsightCounts> WriteAsync(IEnumerable<T> rows, CancellationToken cancellationToken)
    {
        var counts = default(InsightCounts);
        var met = new HashSet<(string, string)>();
        var batches = new Dictionary<string, List<TableTransactionAction>>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            var key = (row.PartitionKey, row.RowKey);
            if (!met.Add(key))
            {
                throw new InvalidOperationException(
                    $"{row.PartitionKey} {row.RowKey} was computed twice: two rows of facts have one key of an "
                        + "indicator"
                );
            }

            if (!known.TryGetValue(key, out var before))
            {
                counts += new InsightCounts(1, 0, 0);
                await PutAsync(new TableTransactionAction(TableTransactionActionType.Add, row));
            }
            else if (before.Content != Hash(row))
            {
                counts += new InsightCounts(0, 1, 0);
                await PutAsync(
                    new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, before.Version)
                );
            }
        }
        foreach (var (key, before) in known)
        {
            if (met.Contains(key))
                continue;
            counts += new InsightCounts(0, 0, 1);
            await PutAsync(
                new TableTransactionAction(
                    TableTransactionActionType.Delete,
                    new T { PartitionKey = key.Partition, RowKey = key.Row },
                    before.Version
                )
            );
        }
        foreach (var batch in batches.Values)
        {
            if (batch.Count > 0)
                await table.SubmitTransactionAsync(batch, cancellationToken);
        }

        return counts;

        async Task PutAsync(TableTransactionAction action)
        {
            ref var batch = ref CollectionsMarshal.GetValueRefOrAddDefault(batches, action.Entity.PartitionKey, out _);
            var full = batch ??= [];
            full.Add(action);
            if (full.Count < MaxBatch)
                return;
            batch = [];
            await table.SubmitTransactionAsync(full, cancellationToken);
        }
    }

    private static UInt128 Hash(T row) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(row.Content.AsSpan()));
}
