using Azure.Data.Tables;

namespace Pipeline.Datasets;

/// <summary>The part of a table that a slice answers for.</summary>
/// <param name="Filter">The rows, as an OData filter.</param>
/// <param name="RowRange">Row keys of the part, from (inclusive) to (exclusive), for the table <c>gaps</c>.</param>
/// <param name="Owns">Whether a key belongs to the part.</param>
/// <param name="Coverage">How much of the part a body holds.</param>
public sealed record SliceScope(
    string Filter,
    (string From, string To) RowRange,
    Func<string, string, bool> Owns,
    Coverage Coverage = Coverage.Whole
)
{
    /// <summary>
    /// Partitions that rows of the slice go to, all that are known before a body is read; null where there is one, or
    /// the table is a small one.
    /// </summary>
    /// <remarks>
    /// In a large table only they are read when the slice is loaded again. If a row lies elsewhere, the number of rows
    /// tells, and the whole part is read.
    /// </remarks>
    public IReadOnlyCollection<string>? Partitions { get; init; }

    /// <summary>After every row key that begins with a letter or a digit.</summary>
    private const string AfterAll = "~";

    /// <summary>All rows of one partition.</summary>
    public static SliceScope OfPartition(string partition, Coverage coverage = Coverage.Whole) =>
        new(
            TableClient.CreateQueryFilter($"PartitionKey eq {partition}"),
            ("", AfterAll),
            (partitionKey, _) => partitionKey == partition,
            coverage
        );

    /// <summary>
    /// The rows of all partitions with a row key in a range, such as a year, of a table that no other dataset has rows
    /// in.
    /// </summary>
    /// <param name="from">The first key.</param>
    /// <param name="to">The key after the last one.</param>
    /// <param name="coverage">How much of the part a body holds.</param>
    public static SliceScope OfRows(string from, string to, Coverage coverage = Coverage.Whole) =>
        new(
            TableClient.CreateQueryFilter($"RowKey ge {from} and RowKey lt {to}"),
            (from, to),
            (_, rowKey) => string.CompareOrdinal(rowKey, from) >= 0 && string.CompareOrdinal(rowKey, to) < 0,
            coverage
        );
}

/// <summary>How much of its part of the table a body holds, and so what it means when a row is not in it.</summary>
public enum Coverage
{
    /// <summary>
    /// All of it: what the body lacks has vanished upstream. A body with fewer than 95 % of the rows of the
    /// one before is refused.
    /// </summary>
    Whole,

    /// <summary>
    /// A new vintage of all of it. A body that lacks more than 5 % of the rows the table has is refused,
    /// however many others it brings.
    /// </summary>
    Vintage,

    /// <summary>A file that people maintain: what it lacks was taken out on purpose.</summary>
    ByHand,

    /// <summary>The newest rows only: what the body lacks is still true.</summary>
    Adds,
}
