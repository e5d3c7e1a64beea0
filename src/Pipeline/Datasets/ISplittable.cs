using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>
/// A dataset whose server answers "too much" with "nothing": a slice without rows is asked for in parts, and whether it
/// must have rows is told by what else was loaded.
/// </summary>
public interface ISplittable : IDataset
{
    /// <summary>Smaller slices that together cover this one; empty when it cannot be cut.</summary>
    IReadOnlyList<Slice> Split(Slice slice);

    /// <summary>
    /// Whether rows of a slice's period must exist by now because the source already has rows as new or newer.
    /// </summary>
    bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known);

    /// <summary>
    /// Why a slice has no rows and will have none, such as a partner that is retired; empty when that is not known.
    /// </summary>
    string GetAbsence(Slice slice) => "";

    /// <summary>
    /// Why a slice that brought no rows must have some, by what else the tables hold; null when it may have none.
    /// </summary>
    /// <param name="slice">The slice.</param>
    /// <param name="isWhole">Whether it was asked for in parts, and none of them brought any either.</param>
    /// <param name="facts">The tables.</param>
    /// <param name="known">The slices of the source.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    Task<string?> WhyRowsAsync(
        Slice slice,
        bool isWhole,
        FactStore facts,
        IReadOnlyCollection<SliceRow> known,
        CancellationToken cancellationToken
    ) => Task.FromResult<string?>(null);
}
