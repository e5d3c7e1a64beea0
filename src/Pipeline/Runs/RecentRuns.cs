using Pipeline.Datasets;

namespace Pipeline.Runs;

/// <summary>The runs of a source that ended lately.</summary>
public sealed class RecentRuns(SourceCatalog sources, RunBook runs)
{
    /// <summary>Reads the runs that ended at or after a moment.</summary>
    /// <param name="source">The source.</param>
    /// <param name="since">The moment, UTC. Of bodies from the network that were fetched in an earlier month, the runs
    /// of a replay are not among them.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public Task<IReadOnlyList<RunRow>> ReadAsync(
        string source,
        DateTimeOffset since,
        CancellationToken cancellationToken
    ) =>
        // Runs are kept by the month of their vintage. That of a recording is its day, which may be years ago.
        sources.Client(source).Recordings
            is null
            ? runs.RecentAsync(source, since, cancellationToken)
            : runs.EndedSinceAsync(source, since, cancellationToken);
}
