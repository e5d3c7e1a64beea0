using Azure.Data.Tables;

namespace Pipeline.Loading;

/// <summary>Rows of one partition with keys in a range, which the service finds by its index.</summary>
/// <remarks>
/// The ends of a range are the first parts of keys, so that the same range finds the versions of its rows in
/// <c>history</c>: their keys go on with <c>|</c> and the time.
/// </remarks>
/// <param name="PartitionKey">The partition of the fact table.</param>
/// <param name="From">The first key or a beginning of it; empty for the first of the partition.</param>
/// <param name="To">The last key or a beginning of it, which counts too; empty for the last of the partition.</param>
public sealed record FactRange(string PartitionKey, string From = "", string To = "")
{
    /// <summary>The character after <c>|</c>, with which the next part of a key begins.</summary>
    public const string AfterPart = "}";

    /// <summary>The range as an OData filter, in a partition of facts or of their history.</summary>
    internal string Filter(string partition)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        if (From.Length > 0)
            filter += TableClient.CreateQueryFilter($" and RowKey ge {From}");
        if (To.Length > 0)
            filter += TableClient.CreateQueryFilter($" and RowKey lt {To + AfterPart}");
        return filter;
    }
}
