using Pipeline.Tables;

namespace Pipeline.Checks;

/// <summary>The figures that the table has of a slice; finding one marks its row as one that the body has.</summary>
internal sealed class ExistingFigures(Known known)
{
    /// <summary>The figure under a key; null when the table has no such row, or the row no figure.</summary>
    public double? Find(string partition, string row) =>
        known.Meet(partition, row) is { } entry && !double.IsNaN(entry.Figure) ? entry.Figure : null;
}
