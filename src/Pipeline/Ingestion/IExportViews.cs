using Pipeline.Exports;

namespace Pipeline.Ingestion;

/// <summary>
/// Wide tables for analysts that are computed from the facts and exist as export files only, such as trade by year.
/// </summary>
public interface IExportViews
{
    /// <summary>The views that are computed from the facts of a source; none if there are none.</summary>
    /// <param name="source">The source.</param>
    IReadOnlyList<ExportTable> ViewsOf(string source);
}
