using Pipeline.Datasets;

namespace Pipeline.Insight.Indicators;

/// <summary>What a family wants to read.</summary>
/// <param name="Table">The fact table.</param>
/// <param name="Filter">The partitions, as the table service is asked for them.</param>
/// <param name="Holds">The same for a partition's key: rows that are no more are in no table that could be
/// asked.</param>
/// <param name="Columns">The columns it looks at; null = all.</param>
public sealed record FactRead(
    FactTable Table,
    string Filter,
    Func<string, bool> Holds,
    IReadOnlyList<string>? Columns = null
);

/// <summary>Indicators that are computed alike.</summary>
public abstract class IndicatorFamily
{
    /// <summary>The source whose changes change them.</summary>
    public abstract string Source { get; }

    /// <summary>What the ids of its indicators begin with; no other source's ids do.</summary>
    public abstract string Prefix { get; }

    /// <summary>The facts it is computed from.</summary>
    public abstract FactRead Read { get; }

    /// <summary>The rows, from facts alone: no clock, no order, nothing remembered.</summary>
    /// <param name="facts">What <see cref="Read"/> has brought.</param>
    /// <param name="notes">Receives a line for each figure that was left out although there are facts for it.</param>
    public abstract IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes);

    private protected static IndicatorRow Row(
        string id,
        string rowKey,
        string period,
        string title,
        double value,
        string unit,
        string inputs,
        DateTimeOffset vintage
    ) =>
        new()
        {
            PartitionKey = id,
            RowKey = rowKey,
            Period = period,
            Title = title,
            Value = value,
            Unit = unit,
            Inputs = inputs,
            Vintage = vintage,
        };
}
