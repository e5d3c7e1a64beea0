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
    /// <param name="slice">The slice.</param>
    /// <param name="body">Gives its body, at its beginning; the stream stays the caller's.</param>
    /// <param name="facts">The tables.</param>
    /// <param name="rows">Counts the rows that the source has in them.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    Task<IReadOnlyList<string>> CrossCheckAsync(
        Slice slice,
        Func<CancellationToken, Task<Stream>> body,
        FactStore facts,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    );
}
