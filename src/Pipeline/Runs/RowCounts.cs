namespace Pipeline.Runs;

/// <summary>What became of the rows of a body. Every row read is in exactly one of the other counts.</summary>
public readonly record struct RowCounts(
    long Read,
    long Added,
    long Changed,
    long Unchanged,
    long Excluded,
    long Missing,
    long Rejected
)
{
    /// <summary>Whether the counts add up: the first promise of the pipeline.</summary>
    public bool AddUp => Read == Added + Changed + Unchanged + Excluded + Missing + Rejected;

    public static RowCounts operator +(RowCounts a, RowCounts b) =>
        new(
            a.Read + b.Read,
            a.Added + b.Added,
            a.Changed + b.Changed,
            a.Unchanged + b.Unchanged,
            a.Excluded + b.Excluded,
            a.Missing + b.Missing,
            a.Rejected + b.Rejected
        );
}
