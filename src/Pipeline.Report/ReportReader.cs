using Azure;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Slices;

namespace Pipeline.Report;

/// <summary>
/// Puts the report together. How slices, queues and rejects stand is read each time; runs when a slice was touched;
/// revisions, claims and figures when a source has come to rest and they were brought up to date.
/// </summary>
public sealed class ReportReader(
    SourceCatalog sources,
    StandingReader standing,
    FigureReader figures,
    RevisionReader revisions,
    ClaimStatusReader claims,
    Exporter exporter,
    TimeProvider time
) : IDisposable
{
    private readonly SemaphoreSlim one = new(1);
    private readonly Dictionary<string, (string Key, LastRun? Run)> runs = new(StringComparer.Ordinal);
    private Settled? last;

    /// <summary>What stays as it is until a source was brought up to date, and what it was read for.</summary>
    private sealed record Settled(
        string Key,
        RevisionStatus Revisions,
        IReadOnlyList<ClaimStatus> Claims,
        IReadOnlyList<Figure> Figures
    );

    /// <summary>The report as of now.</summary>
    /// <exception cref="RequestFailedException">The data account does not answer.</exception>
    public async Task<StatusReport> ReadAsync(CancellationToken cancellationToken)
    {
        var slices = await standing.SlicesAsync(cancellationToken);
        var all = new List<SourceStatus>();
        Settled settled;
        RejectStatus rejects;
        // One reader at a time: many people who open the page at once cost one reading of the tables.
        await one.WaitAsync(cancellationToken);
        try
        {
            foreach (var source in sources.All)
            {
                all.Add(
                    standing.Source(
                        source,
                        slices[source.Name],
                        await LastRunAsync(source.Name, slices[source.Name], cancellationToken)
                    )
                );
            }

            settled = await SettledAsync(cancellationToken);
            rejects = await standing.RejectsAsync(slices, cancellationToken);
        }
        finally
        {
            one.Release();
        }
        var queues = await standing.QueuesAsync(cancellationToken);
        var attention = Attention.Of(all, queues, rejects, settled.Revisions).ToList();
        return new StatusReport(
            attention.Count == 0 ? StatusReport.Ok : StatusReport.NeedsAttention,
            attention,
            all,
            queues,
            rejects,
            settled.Revisions,
            settled.Claims,
            settled.Figures
        );
    }

    private async Task<LastRun?> LastRunAsync(
        string source,
        IReadOnlyList<SliceRow> rows,
        CancellationToken cancellationToken
    )
    {
        var key = string.Join('\n', rows.Select(row => row.Version));
        if (runs.TryGetValue(source, out var known) && known.Key == key)
            return known.Run;
        var run = await standing.LastRunAsync(source, rows, cancellationToken);
        runs[source] = (key, run);
        return run;
    }

    private async Task<Settled> SettledAsync(CancellationToken cancellationToken)
    {
        // Read first: what changes from here on makes the key an old one. The day: revisions leave the window at
        // midnight.
        var marks = await exporter.MarksAsync(cancellationToken);
        var key =
            $"{time.GetUtcNow():yyyy-MM-dd}\n"
            + $"{string.Join('\n', marks.OrderBy(mark => mark.Key, StringComparer.Ordinal).Select(mark => $"{mark.Key} {mark.Value}"))}";
        if (last is { } known && known.Key == key)
            return known;
        return last = new Settled(
            key,
            await revisions.ReadAsync(cancellationToken),
            await claims.ReadAsync(cancellationToken),
            await figures.ReadAsync(cancellationToken)
        );
    }

    public void Dispose() => one.Dispose();
}
