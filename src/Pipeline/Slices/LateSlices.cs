using Pipeline.Datasets;

namespace Pipeline.Slices;

/// <summary>Slices whose newest period is older than the publisher's calendar says. They have not failed.</summary>
public static class LateSlices
{
    /// <summary>A line for each slice that is late.</summary>
    /// <param name="sources">The sources, which say what should be there; of samples by the day of the
    /// recording.</param>
    /// <param name="rows">Slices of one source.</param>
    /// <param name="now">The present moment.</param>
    public static IReadOnlyList<string> Lines(SourceCatalog sources, IEnumerable<SliceRow> rows, DateTimeOffset now) =>
        [
            .. rows.Where(row => row.Loaded is { Newest.Length: > 0 } && !row.State.HasFailed())
                .Select(row =>
                    (
                        Row: row,
                        Expected: sources.Find(row.Slice)?.GetExpectedPeriod(row.Slice, sources.Now(row.Slice, now))
                    )
                )
                .Where(pair =>
                    pair.Expected is { } expected && string.CompareOrdinal(pair.Row.Loaded!.Newest, expected) < 0
                )
                .Select(pair =>
                    $"{pair.Row.Slice} is late: its newest period is {pair.Row.Loaded!.Newest}, {pair.Expected} should "
                    + "be out by now"
                ),
        ];
}
