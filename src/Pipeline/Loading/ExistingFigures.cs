namespace Pipeline.Loading;

/// <summary>The figures that the table has of a slice.</summary>
/// <param name="find">The figure under a partition and a row key; null when the table has none.</param>
internal sealed class ExistingFigures(Func<string, string, double?> find)
{
    /// <summary>Those of rows that were read.</summary>
    public ExistingFigures(Known known)
        : this(
            (partition, row) =>
                known.Find(partition, row) is { } entry && !double.IsNaN(entry.Figure) ? entry.Figure : null
        ) { }

    /// <summary>The figure under a key; null when the table has no such row, or the row no figure.</summary>
    public double? Find(string partition, string row) => find(partition, row);
}
