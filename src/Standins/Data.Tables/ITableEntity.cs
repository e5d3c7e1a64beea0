#nullable disable // The real package carries no nullability annotations; neither may its stand-in.

namespace Azure.Data.Tables;

/// <summary>What every entity of a table has. All other public properties of an implementing type are its columns.</summary>
public interface ITableEntity
{
    /// <summary>First half of the key. At most 512 characters (1 KiB); none of <c>/ \ # ?</c> and no control characters.</summary>
    string PartitionKey { get; set; }

    /// <summary>Second half of the key, with the rules of <see cref="PartitionKey"/>; unique within a partition.</summary>
    string RowKey { get; set; }

    /// <summary>When the service last wrote the entity (UTC). Set by the service; never sent.</summary>
    DateTimeOffset? Timestamp { get; set; }

    /// <summary>The version of the entity as last read. Never sent as a column; pass it as <c>ifMatch</c>.</summary>
    ETag ETag { get; set; }
}
