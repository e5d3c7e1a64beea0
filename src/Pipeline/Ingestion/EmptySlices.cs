using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Ingestion;

/// <summary>
/// Looks again at slices that brought no rows, once their source has come to rest: by then the tables hold what else
/// was asked for, such as the totals of the same months. What must have rows by them is missing, not empty.
/// </summary>
public sealed class EmptySlices(SourceCatalog sources, SliceBook slices, FactStore facts, ILogger<EmptySlices> logger)
{
    /// <summary>Marks the slices that must have rows as missing.</summary>
    /// <param name="rows">The slices of a source.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task ReviewAsync(IReadOnlyList<SliceRow> rows, CancellationToken cancellationToken)
    {
        var known = rows.ToDictionary(row => row.Slice);
        var doubtful = rows.Where(row =>
            row.State == SliceState.Empty || (row.State == SliceState.Split && IsWholeEmpty(row.Slice, known))
        );
        foreach (var row in doubtful.ToList())
        {
            var isWhole = row.State == SliceState.Split;
            if (
                sources.Find(row.Slice) is not ISplittable dataset
                || await dataset.WhyRowsAsync(row.Slice, isWhole, facts, rows, cancellationToken) is not { } why
            )
            {
                continue;
            }
            var words =
                $"{row.Slice}: request {dataset.GetRequest(row.Slice).Where}: seen no rows"
                + $"{(isWhole ? " in any part of it" : "")}, expected {why}; the next plan asks again";
            await slices.ApplyAsync(row.Slice, new FoundMissing(row, words), cancellationToken);
            logger.LogError("{Words}", words);
        }
    }

    /// <summary>Whether every part of a slice that was asked for in parts has ended, and none brought a row.</summary>
    private bool IsWholeEmpty(Slice slice, Dictionary<Slice, SliceRow> known)
    {
        var parts = sources.Split(slice).Select(part => known.GetValueOrDefault(part)).ToList();
        return parts.Exists(part => part?.State is SliceState.Empty or SliceState.Missing or SliceState.Split)
            && parts.TrueForAll(part =>
                part?.State is SliceState.Empty or SliceState.NotPublished or SliceState.Missing
                || (part?.State == SliceState.Split && IsWholeEmpty(part.Slice, known))
            );
    }
}
