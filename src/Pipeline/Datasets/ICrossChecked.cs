using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>A dataset whose figures are compared with those of other slices once they are loaded.</summary>
public interface ICrossChecked : IDataset
{
    /// <summary>
    /// Whether a slice is compared with another one, which should be at rest before <see cref="CrossCheckAsync"/> says
    /// anything.
    /// </summary>
    bool IsComparedWith(Slice slice, Slice other);

    /// <summary>Compares what a slice brought with other slices of the tables; each difference is one line.</summary>
    /// <param name="context">The slice, and what it can be compared with.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    Task<IReadOnlyList<string>> CrossCheckAsync(CrossCheckContext context, CancellationToken cancellationToken);
}

/// <summary>A slice that is compared with others.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="OpenBodyAsync">Gives its body, at its beginning; the stream stays the caller's.</param>
/// <param name="Facts">The tables.</param>
/// <param name="CountRowsAsync">Counts the rows that the source has in them.</param>
public sealed record CrossCheckContext(
    Slice Slice,
    Func<CancellationToken, Task<Stream>> OpenBodyAsync,
    FactStore Facts,
    Func<CancellationToken, Task<long>> CountRowsAsync
);
