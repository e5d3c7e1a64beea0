using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>Figures outside a body that its figures are held against.</summary>
internal interface IStoredFigures
{
    /// <summary>The rows of a table that match an OData filter.</summary>
    IAsyncEnumerable<FactRow> RowsAsync(FactTable table, string filter, CancellationToken cancellationToken);

    /// <summary>
    /// Rows that were flagged and not loaded, oldest first: the place of the row and its figure. They are candidates:
    /// a later figure of the same level confirms a lasting shift.
    /// </summary>
    IAsyncEnumerable<(string Where, string Seen)> FlaggedAsync(FactTable table, CancellationToken cancellationToken);
}

/// <summary>The figures of the tables and of <c>rejects</c>.</summary>
/// <param name="facts">The tables.</param>
/// <param name="rejects">The rejects.</param>
/// <param name="source">The source whose rejects count.</param>
/// <param name="vintage">When the body was fetched: rejects of the two years before it count.</param>
internal sealed class StoredFigures(FactStore facts, RejectBook rejects, string source, DateTimeOffset vintage)
    : IStoredFigures
{
    /// <inheritdoc/>
    public IAsyncEnumerable<FactRow> RowsAsync(FactTable table, string filter, CancellationToken cancellationToken) =>
        facts.QueryAsync(table, filter, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<(string Where, string Seen)> FlaggedAsync(
        FactTable table,
        CancellationToken cancellationToken
    ) => rejects.ReadFlaggedAsync(source, table.Name, vintage.AddYears(-2), cancellationToken);
}
