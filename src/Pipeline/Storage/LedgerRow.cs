using Azure;
using Azure.Data.Tables;

namespace Pipeline.Storage;

/// <summary>
/// A row of a table that tells how the figures came. Two rows are equal if their keys and columns are. The version and
/// the time that the storage gives a row do not count.
/// </summary>
/// <remarks>
/// A text column is on every row; unknown texts are empty. A number or a date that may be unknown is nullable, and its
/// meaning says when it is not there.
/// </remarks>
public abstract record LedgerRow : ITableEntity
{
    public string PartitionKey { get; set; } = "";
    public string RowKey { get; set; } = "";
    public DateTimeOffset? Timestamp { get; set; }
    public ETag ETag { get; set; }

    public virtual bool Equals(LedgerRow? other) =>
        other is not null
        && EqualityContract == other.EqualityContract
        && (PartitionKey, RowKey) == (other.PartitionKey, other.RowKey);

    public override int GetHashCode() => HashCode.Combine(PartitionKey, RowKey);
}

/// <summary>The table of a row type, and what the keys of its rows mean.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LedgerAttribute(string table, string partitionKey, string rowKey) : Attribute
{
    public string Table => table;
    public string PartitionKey => partitionKey;
    public string RowKey => rowKey;
}
