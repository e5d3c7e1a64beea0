using System.Globalization;
using Pipeline.Ledger;
using Pipeline.Sources;
using Pipeline.Steps;
using Pipeline.Storage;
using Spectre.Console;
using Standin.Functions.Worker;

namespace Pipeline.Functions.Local;

/// <summary>What <c>--once</c> waits for and prints: the slices it planned, and what their runs brought.</summary>
internal sealed class OnceRun(SourceCatalog sources, PlannedSlices planned, Digest digest, SliceBook slices, RunBook runs, RejectBook rejects, StorageAccount account, TimeProvider time) : IOnceRun
{
    private DateTimeOffset startedAt;

    public Task BeginAsync(CancellationToken cancellationToken)
    {
        startedAt = time.GetUtcNow();
        return Task.CompletedTask;
    }

    public async Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken)
    {
        var total = 0;
        var done = 0;
        var complete = true;
        var marks = new List<string>();
        foreach (var (source, wanted) in planned.BySource)
        {
            var atRest = await AtRestAsync(source, cancellationToken);
            total += wanted.Count;
            done += wanted.Count(atRest.ContainsKey);
            // Indicators and files come after the last slice.
            complete &= wanted.Any(slice => !atRest.ContainsKey(slice)) || await digest.IsDoneAsync(source, cancellationToken);
            marks.Add($"{source} {string.Join(' ', atRest.Values.Select(row => row.State).GroupBy(state => state).Select(group => $"{group.Key}={group.Count()}"))}");
        }
        var rows = (await RunsAsync(cancellationToken)).Sum(run => run.Counts.Read);
        return new OnceProgress(done == total && complete, [new("slices", $"{done} of {total}"), new("rows", N(rows))], $"{string.Join(';', marks)} {rows}");
    }

    public async Task<OnceSummary> FinishAsync(CancellationToken cancellationToken)
    {
        var ended = await RunsAsync(cancellationToken);
        var table = new Table().Border(TableBorder.Simple).AddColumn("source");
        foreach (var column in (string[])["slices", "read", "added", "changed", "unchanged", "excluded", "missing", "rejected", "bytes", "seconds"]) table.AddColumn(new TableColumn(column).RightAligned());
        var lines = new List<string>();
        var failed = false;
        var open = false;
        foreach (var (source, wanted) in planned.BySource)
        {
            var own = ended.Where(run => run.Slice.Source == source).ToList();
            var counts = own.Aggregate(default(RowCounts), (sum, run) => sum + run.Counts);
            var seconds = own.Count == 0 ? 0 : (own.Max(run => run.EndedAt) - startedAt).TotalSeconds;
            table.AddRow(source, N(wanted.Count), N(counts.Read), N(counts.Added), N(counts.Changed), N(counts.Unchanged), N(counts.Excluded), N(counts.Missing), N(counts.Rejected),
                N(own.Sum(run => run.Bytes)), seconds.ToString("0.0", CultureInfo.InvariantCulture));
            var rows = await slices.ListAsync(source, cancellationToken);
            if (sources[source].Datasets.Count == 0) lines.Add($"{source}: switched off by the settings");
            else if (wanted.Count == 0)
                lines.Add($"{source}: nothing due; {rows.Count(row => row.State != SliceState.Failed)} slices are up to date, the next one is due on {rows.Select(row => row.NextDue).DefaultIfEmpty().Min():yyyy-MM-dd HH:mm}Z");
            if (rows.Where(row => wanted.Contains(row.Slice) && row.State == SliceState.NotPublished).ToList() is { Count: > 0 } unpublished)
                lines.Add(NotPublished(source, unpublished, own));
            lines.AddRange(own.Where(run => run.State == SliceState.Done && run.Error.Length > 0).SelectMany(run => run.Error.Split('\n'), (run, note) => $"note: {run.Slice}: {note}"));
            // A slice whose server asked to be left alone for a while is not due, and still failed.
            var faults = rows.Where(row => row.State == SliceState.Failed && (wanted.Contains(row.Slice) || row.NextDue > startedAt)).ToList();
            failed |= faults.Count > 0;
            lines.AddRange(Short(faults.Select(row => $"failed: {row.LastError}{(row.NextDue > startedAt ? $"; due again on {row.NextDue:yyyy-MM-dd HH:mm}Z" : "")}")));
            var findings = await rejects.OpenAsync(source, cancellationToken);
            open |= findings.Count > 0;
            lines.AddRange(Short(findings.Select(finding => $"rejected: {finding}")));
        }
        // Without its query, which could hold a signature.
        lines.Add($"tables: {account.Tables.Uri.GetLeftPart(UriPartial.Path)}; how the rows came is in {Names.Runs}, {Names.Slices}, {Names.Gaps} and {Names.Rejects}");
        return new OnceSummary(failed ? 1 : open ? 2 : 0, table, lines);
    }

    private static string NotPublished(string source, List<SliceRow> slices, List<RunRow> runs)
    {
        var why = runs.LastOrDefault(run => run.State == SliceState.NotPublished && run.Slice == slices[0].Slice)?.Error;
        return $"{source}: nothing is published yet for {slices.Count} slice{(slices.Count == 1 ? "" : "s")}, for example {slices[0].Slice}{(string.IsNullOrEmpty(why) ? "" : $": {why}")}";
    }

    /// <summary>The slices of a source about which nothing more will happen in this run.</summary>
    private async Task<Dictionary<Slice, SliceRow>> AtRestAsync(string source, CancellationToken cancellationToken) =>
        (await slices.ListAsync(source, cancellationToken)).Where(row => SliceState.AtRest(row.State) && row.LastPulled >= startedAt).ToDictionary(row => row.Slice);

    private async Task<List<RunRow>> RunsAsync(CancellationToken cancellationToken)
    {
        var all = new List<RunRow>();
        foreach (var source in planned.BySource.Keys) all.AddRange(await runs.EndedSinceAsync(source, startedAt, cancellationToken));
        return all;
    }

    private static IEnumerable<string> Short(IEnumerable<string> lines)
    {
        const int most = 20;
        var all = lines.ToList();
        return all.Count <= most ? all : [.. all.Take(most), $"… and {all.Count - most} more; see the tables slices and rejects"];
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
