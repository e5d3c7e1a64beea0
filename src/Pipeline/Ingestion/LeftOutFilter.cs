using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Ingestion;

/// <summary>Keeps out of a load what is not believed of its body, and counts it.</summary>
/// <param name="body">The body.</param>
internal sealed class LeftOutFilter(CheckedBody body)
{
    private readonly HashSet<string> totals = new(StringComparer.Ordinal);
    private long rows;
    private string? newest;

    /// <summary>The reasons against totals and groups of a batch; they are no rows of the table.</summary>
    public IEnumerable<Finding> Totals(RowBatch batch)
    {
        foreach (var doubt in batch.Doubts)
        {
            if (doubt.IsExcluded && body.LeftOut.TryGetValue(doubt.Finding.Where, out var reasons))
            {
                if (totals.Add(doubt.Finding.Where))
                {
                    foreach (var reason in reasons)
                        yield return reason;
                }
            }
        }
    }

    /// <summary>The reasons why a row is not loaded; null when it is.</summary>
    public IReadOnlyList<Finding>? Reasons(FactRow row)
    {
        if (body.LeftOut.Count == 0)
            return null;
        var place = FigureFinding.Where(body.Parser.Table, row.PartitionKey, row.RowKey);
        if (body.LeftOut.TryGetValue(place, out var reasons))
        {
            rows++;
            return reasons;
        }
        var period = Known.PeriodOf(row.RowKey);
        if (string.CompareOrdinal(period, newest) > 0)
            newest = period;
        return null;
    }

    /// <summary>The counts of the body, with what is not loaded as rejected.</summary>
    public BodyCheck Counted() =>
        body.Check with
        {
            Kept = body.Check.Kept - rows,
            Excluded = body.Check.Excluded - totals.Count,
            Rejected = body.Check.Rejected + rows + totals.Count,
            // A row that is not loaded does not make the table newer: it would hide that the source is late.
            Newest = rows == 0 ? body.Check.Newest : MonthOf(newest),
        };

    /// <summary>A period as <c>yyyy-MM</c>; a year stands for its last month.</summary>
    private static string? MonthOf(string? period) =>
        period switch
        {
            null => null,
            { Length: 4 } => $"{period}-12",
            _ => period[..Math.Min(7, period.Length)],
        };
}
