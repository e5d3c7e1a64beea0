using Pipeline.Issues;

namespace Pipeline.Datasets;

/// <summary>A stretch of rows as a parser hands them on.</summary>
public sealed class RowBatch
{
    /// <summary>From so many rows on a batch is handed on.</summary>
    private const int Full = 1000;

    /// <summary>Rows for the table.</summary>
    public List<FactRow> Rows { get; } = [];

    /// <summary>Rows without a value, by the key the value would have.</summary>
    public List<MissingRow> Missing { get; } = [];

    /// <summary>Columns without a value of rows that are loaded all the same.</summary>
    public List<MissingRow> Gaps { get; } = [];

    /// <summary>Rows that could not be understood.</summary>
    public List<Finding> Rejected { get; } = [];

    /// <summary>
    /// Rows that a check of the parser does not believe. They are not loaded, unless an operator says that they are
    /// right.
    /// </summary>
    public List<DoubtedRow> Doubts { get; } = [];

    /// <summary>Hands the rows on and empties the batch, if it is full.</summary>
    public ValueTask HandOnIfFullAsync(Func<RowBatch, ValueTask> take) =>
        Rows.Count + Missing.Count + Rejected.Count < Full ? ValueTask.CompletedTask : HandOnAsync(take);

    /// <summary>Hands the rows on and empties the batch.</summary>
    public async ValueTask HandOnAsync(Func<RowBatch, ValueTask> take)
    {
        await take(this);
        Rows.Clear();
        Missing.Clear();
        Gaps.Clear();
        Rejected.Clear();
        Doubts.Clear();
    }
}

/// <summary>A value that the source says it does not have.</summary>
public readonly record struct MissingRow(string PartitionKey, string RowKey, string Reason)
{
    /// <summary>One column of a row whose wanted figure is there.</summary>
    public static MissingRow OfColumn(string partitionKey, string rowKey, string column, string reason) =>
        new(partitionKey, $"{rowKey}|{column}", reason);
}

/// <summary>A row that was understood and that a check does not believe.</summary>
/// <param name="PartitionKey">The partition of the row.</param>
/// <param name="RowKey">Its key.</param>
/// <param name="Finding">Why; place and value are what an operator's word is remembered by.</param>
/// <param name="IsExcluded">True for a total or a group, which is no row of the table.</param>
public readonly record struct DoubtedRow(string PartitionKey, string RowKey, Finding Finding, bool IsExcluded = false);
