using Pipeline.Exports;

namespace Pipeline.Ingestion;

/// <summary>Tables that are computed from the facts once a source is at rest, such as indicators and claims.</summary>
public interface IDerivedTables
{
    /// <summary>
    /// Stands for everything but the facts that the rows are computed from, the program aside: when it differs, they
    /// are computed again.
    /// </summary>
    string Fingerprint { get; }

    /// <summary>
    /// The tables that depend on a source, for the export files; none if nothing is computed from it.
    /// </summary>
    /// <param name="source">The source.</param>
    IReadOnlyList<ExportTable> TablesOf(string source);

    /// <summary>
    /// Computes what depends on a source. Facts that change while it runs are for the run that follows their change.
    /// </summary>
    /// <param name="source">The source; one without such tables has nothing to do.</param>
    /// <param name="cancellationToken">Stops the run; what was written is right, and the next run completes it.</param>
    Task RunAsync(string source, CancellationToken cancellationToken);
}
