using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Storage;

namespace Pipeline.Report.Monitoring;

/// <summary>What the ledger says that an operator should look at.</summary>
public sealed class LedgerReadings(RejectBook rejects, TableSet tables, TimeProvider time)
{
    /// <summary>How far back "lately" goes: a weekend, and then some.</summary>
    public static readonly TimeSpan Lately = TimeSpan.FromDays(7);

    private static readonly string[] Keys = ["PartitionKey", "RowKey"];

    /// <summary>
    /// Open rejects of a source, up to <see cref="StandingReader.MostCounted"/>, and runs of it whose counts
    /// do not add up.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="runs">Its runs, those of <see cref="Lately"/> among them.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<IReadOnlyList<Gauge>> ReadAsync(
        Source source,
        IReadOnlyList<RunRow> runs,
        CancellationToken cancellationToken
    )
    {
        var since = time.GetUtcNow() - Lately;
        var open = await rejects.OpenAsync(source.Name, StandingReader.MostCounted, cancellationToken);
        // A run that is at work has no counts yet, or those of a part.
        var gaps = runs.Count(run => run.EndedAt >= since && run.State != RunState.Loading && !run.Counts.AddUp);
        return
        [
            new Gauge(Gauges.RejectsOpen, Gauges.OfSource, source.Name, open.Count),
            new Gauge(Gauges.LedgerGaps, Gauges.OfSource, source.Name, gaps),
        ];
    }

    /// <summary>Changes of the fact tables outside their publisher's declared revision window.</summary>
    public async Task<IReadOnlyList<Gauge>> RevisionsAsync(
        IEnumerable<string> factTables,
        CancellationToken cancellationToken
    )
    {
        var since = time.GetUtcNow() - Lately;
        var gauges = new List<Gauge>();
        foreach (var name in factTables)
        {
            var filter = TableClient.CreateQueryFilter(
                $"PartitionKey ge {name + "|"} and PartitionKey lt {name + "}"} and InPolicy eq {false} and ValidTo ge {since}"
            );
            var count = 0;
            await foreach (
                var _ in tables.QueryIfExistsAsync<HistoryRow>(Names.History, filter, cancellationToken, Keys)
            )
            {
                count++;
            }

            gauges.Add(new Gauge(Gauges.RevisionsOutOfPolicy, Gauges.OfTable, name, count));
        }
        return gauges;
    }
}
