using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;

namespace Pipeline.Report.Monitoring;

/// <summary>
/// Reads everything that is watched. It changes nothing, and whatever it cannot read fails it as a whole: the
/// alert on its silence then tells.
/// </summary>
public sealed class PipelineMonitor(
    SourceCatalog sources,
    SliceBook slices,
    RecentRuns runs,
    QueueReadings queues,
    DataReadings data,
    LedgerReadings ledger,
    TimeProvider time
)
{
    /// <summary>
    /// How far back runs are read. A slice that has been failing for longer is shown as failing for so
    /// long.
    /// </summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    /// <summary>All readings of this moment: the queues, then source by source, then the tables.</summary>
    /// <exception cref="Azure.RequestFailedException">The data account does not answer.</exception>
    public async Task<IReadOnlyList<Gauge>> ReadAsync(CancellationToken cancellationToken)
    {
        var gauges = new List<Gauge>(await queues.ReadAsync(cancellationToken));
        foreach (var source in sources.All)
        {
            var ended = await runs.ReadAsync(source.Name, time.GetUtcNow() - Memory, cancellationToken);
            gauges.AddRange(data.Read(source, await slices.ListAsync(source.Name, cancellationToken), ended));
            gauges.AddRange(await ledger.ReadAsync(source, ended, cancellationToken));
        }
        var tables = sources
            .All.SelectMany(source => source.Datasets)
            .Select(dataset => dataset.Info.Table.Name)
            .Distinct();
        gauges.AddRange(await ledger.RevisionsAsync(tables, cancellationToken));
        return gauges;
    }
}
