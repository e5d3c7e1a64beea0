using System.IO.Hashing;
using System.Text;
using Azure;
using Pipeline.Exports;
using Pipeline.Insight;
using Pipeline.Ledger;
using Pipeline.Sources;
using Pipeline.Storage;

namespace Pipeline.Report;

/// <summary>
/// Puts the report together. What changes at any moment (queues, rejects, lateness) is read each time; what follows from slices,
/// indicators and claims is read again only when one of them has changed.
/// </summary>
public sealed class ReportReader(
    SourceCatalog sources, StandingReader standing, FigureReader figures, RevisionReader revisions, Exporter exporter, TableSet tables, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim one = new(1);
    private Settled? last;

    /// <summary>What stays as it is until a slice, an indicator or a claim changes, and what it was read for.</summary>
    private sealed record Settled(string Key, IReadOnlyDictionary<string, SourceStatus> Sources, RevisionStatus Revisions, IReadOnlyList<ClaimStatus> Claims, IReadOnlyList<Figure> Figures);

    /// <summary>The report as of now.</summary>
    /// <exception cref="RequestFailedException">The data account does not answer.</exception>
    public async Task<StatusReport> ReadAsync(CancellationToken cancellationToken)
    {
        var slices = await standing.SlicesAsync(cancellationToken).ConfigureAwait(false);
        var settled = await SettledAsync(slices, cancellationToken).ConfigureAwait(false);
        var queues = await standing.QueuesAsync(cancellationToken).ConfigureAwait(false);
        var rejects = await standing.RejectsAsync(cancellationToken).ConfigureAwait(false);
        // Lateness grows while nothing else changes.
        var all = sources.All.Select(source => settled.Sources[source.Name] with { Datasets = standing.Datasets(source, slices[source.Name]) }).ToList();
        var attention = Attention.Of(all, queues, rejects, settled.Revisions).ToList();
        return new StatusReport(attention.Count == 0 ? StatusReport.Ok : StatusReport.NeedsAttention, attention, all, queues, rejects, settled.Revisions, settled.Claims, settled.Figures);
    }

    private async Task<Settled> SettledAsync(IReadOnlyDictionary<string, IReadOnlyList<SliceRow>> slices, CancellationToken cancellationToken)
    {
        // One reader at a time: many people who open the page at once cost one reading of the tables.
        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var key = await KeyAsync(slices, cancellationToken).ConfigureAwait(false);
            if (last is { } known && known.Key == key) return known;
            var all = new Dictionary<string, SourceStatus>(StringComparer.Ordinal);
            foreach (var source in sources.All) all.Add(source.Name, await standing.SourceAsync(source, slices[source.Name], cancellationToken).ConfigureAwait(false));
            return last = new Settled(key, all, await revisions.ReadAsync(cancellationToken).ConfigureAwait(false), await ClaimsAsync(cancellationToken).ConfigureAwait(false),
                await figures.ReadAsync(cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            one.Release();
        }
    }

    /// <summary>Differs when any slice was touched, when indicators, claims and files were brought up to date, and every day.</summary>
    private async Task<string> KeyAsync(IReadOnlyDictionary<string, IReadOnlyList<SliceRow>> slices, CancellationToken cancellationToken)
    {
        var text = new StringBuilder().Append(time.GetUtcNow().UtcDateTime.Date.Ticks);
        foreach (var source in sources.All)
        {
            text.Append('\n').Append(source.Name).Append(' ').Append(await exporter.MarkAsync(source.Name, cancellationToken).ConfigureAwait(false));
            foreach (var row in slices[source.Name]) text.Append('\n').Append(row.Slice.RowKey).Append(' ').Append(row.Version);
        }
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private async Task<IReadOnlyList<ClaimStatus>> ClaimsAsync(CancellationToken cancellationToken)
    {
        var claims = new List<ClaimStatus>();
        await foreach (var row in tables.QueryIfExistsAsync<ClaimRow>(Names.Claims, null, cancellationToken).ConfigureAwait(false))
            claims.Add(new ClaimStatus(row.PartitionKey, row.RowKey, row.Statement, Figure(row.StatedValue), row.StatedUnit, Figure(row.ComputedValue), row.ComputedUnit, row.Verdict, row.Explanation,
                row.Evidence.Split("; ", StringSplitOptions.RemoveEmptyEntries)));
        return [.. claims.OrderBy(claim => claim.Id, StringComparer.Ordinal)];

        static double? Figure(double value) => double.IsNaN(value) ? null : value;
    }

    public void Dispose() => one.Dispose();
}
