using Pipeline.Loading;

namespace Pipeline.Datasets;

/// <summary>
/// Parses the bodies of one slice, row by row. Validation and loading parse the same way: a parser keeps nothing
/// between two calls.
/// </summary>
public interface IRowParser
{
    /// <summary>Where the rows go.</summary>
    FactTable Table { get; }

    /// <summary>
    /// The rows of the table that the slice is responsible for: what is there and not in the body has vanished
    /// upstream.
    /// </summary>
    SliceScope Scope { get; }

    /// <summary>
    /// What can be believed of the figures; null where only the comparison with stored figures applies.
    /// </summary>
    FigurePolicy? Figures => null;

    /// <summary>
    /// What was asked for, for a body with rows of which none is it; null if the settings want no row of the body,
    /// which then only serves cross-checks.
    /// </summary>
    string? Wanted => "rows of the slice";

    /// <summary>Whether a change of this row lies inside the publisher's declared revision window.</summary>
    bool InPolicy(FactRow row, DateTimeOffset vintage);

    /// <summary>Parses a body.</summary>
    /// <param name="body">The body at its beginning, seekable; it stays the caller's.</param>
    /// <param name="take">Takes the rows, batch by batch. The batch is the same object each time; its rows are the
    /// caller's. If the result says that the body cannot be read, what came before means nothing.</param>
    /// <param name="cancellationToken">Stops the parsing.</param>
    /// <returns>Whether the body may be loaded, and what it holds.</returns>
    Task<BodyCheck> ParseAsync(Stream body, Func<RowBatch, ValueTask> take, CancellationToken cancellationToken);
}
