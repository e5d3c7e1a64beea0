using Pipeline.Datasets;

namespace Pipeline.Insight;

/// <summary>
/// A published statement and what the tables say about it; table <c>claims</c>. Partition: article; row:
/// claim.
/// </summary>
public sealed class ClaimRow : InsightRow
{
    [Meaning("What was published, in short words")]
    public string Statement { get; set; } = "";

    [Meaning("The figure as printed, in StatedUnit; NaN where there is none")]
    public double StatedValue { get; set; } = double.NaN;

    [Meaning("The unit as printed; empty where there is no figure")]
    public string StatedUnit { get; set; } = "";

    [Meaning("The figure of the tables in ComputedUnit; NaN where there is none, or more than one")]
    public double ComputedValue { get; set; } = double.NaN;

    [Meaning("The unit that suits the computed figure; empty where there is none")]
    public string ComputedUnit { get; set; } = "";

    [Meaning("confirmed, unit-error, refuted, partly, depends-on-basis or not-checkable")]
    public string Verdict { get; set; } = "";

    [Meaning("Why, in one sentence with the figures")]
    public string Explanation { get; set; } = "";

    [Meaning("Table, partition and row key of each figure that was looked at; empty where there is none")]
    public string Evidence { get; set; } = "";

    [Meaning("The newest vintage of those figures, UTC; not there where there is none")]
    public DateTimeOffset? Vintage { get; set; }

    internal override string Content =>
        Join(
            Statement,
            Text(StatedValue),
            StatedUnit,
            Text(ComputedValue),
            ComputedUnit,
            Verdict,
            Explanation,
            Evidence,
            Vintage is { } vintage ? Text(vintage) : ""
        );
}
