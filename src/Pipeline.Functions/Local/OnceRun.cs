using System.Globalization;
using Pipeline.Ledger;
using Pipeline.Sources;
using Pipeline.Steps;
using Pipeline.Storage;
using Spectre.Console;
using Standin.Functions.Worker;

namespace Pipeline.Functions.Local;

/// <summary>What <c>--once</c> waits for and prints: the slices it planned, and what their runs brought.</summary>
internal sealed class OnceRun(
    SourceCatalog sources, PlannedSlices planned, Replay replay, Digest digest, SliceBook slices, RunBook runs, RejectBook rejects, DeadLetterBook letters, StorageAccount account, TimeProvider time) : IOnceRun
{
    private DateTimeOffset startedAt;
    private Slice? replayed;

    public Task BeginAsync(CancellationToken cancellationToken)
    {
        startedAt = time.GetUtcNow();
        return Task.CompletedTask;
    }

    public async Task<string?> ReplayAsync(OnceReplay asked, CancellationToken cancellationToken)
    {
        var answer = await replay.RunAsync(asked.What, asked.From, asked.Accept, cancellationToken);
        if (answer.Refusal is not null) return answer.Refusal.ToString();
        Slice.TryParse(answer.Slice, out var slice);
        replayed = slice;
        return null;
    }

    public async Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken)
    {
        var total = 0;
        var done = 0;
        var complete = true;
        var marks = new List<string>();
        foreach (var (source, wanted) in Wanted)
        {
            var atRest = await AtRestAsync(source, cancellationToken);
            total += wanted.Count;
            done += wanted.Count(atRest.ContainsKey);
            // Indicators and files come after the last slice.
            complete &= wanted.Any(slice => !atRest.ContainsKey(slice)) || await digest.IsDoneAsync(source, cancellationToken);
            marks.Add($"{source} {string.Join(' ', atRest.Values.GroupBy(state => state).Select(group => $"{group.Key}={group.Count()}"))}");
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
        foreach (var (source, wanted) in Wanted)
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
            await letters.SettleAsync(source, await digest.IsDoneAsync(source, cancellationToken), cancellationToken);
            var findings = await rejects.OpenAsync(source, cancellationToken);
            open |= findings.Count > 0;
            lines.AddRange(Short(findings.Select(finding => $"rejected: {finding}")));
        }
        var dead = await letters.OpenAsync(null, cancellationToken);
        open |= dead.Count > 0;
        lines.AddRange(Short(dead.Select(letter => $"dead letter: {letter.Finding}")));
        // Without its query, which could hold a signature.
        lines.Add($"tables: {account.Tables.Uri.GetLeftPart(UriPartial.Path)}; how the rows came is in {Names.Runs}, {Names.Slices}, {Names.Gaps} and {Names.Rejects}");
        return new OnceSummary(failed ? 1 : open ? 2 : 0, table, lines);
    }

    private static string NotPublished(string source, List<SliceRow> slices, List<RunRow> runs)
    {
        var why = runs.LastOrDefault(run => run.State == SliceState.NotPublished && run.Slice == slices[0].Slice)?.Error;
        return $"{source}: nothing is published yet for {slices.Count} slice{(slices.Count == 1 ? "" : "s")}, for example {slices[0].Slice}{(string.IsNullOrEmpty(why) ? "" : $": {why}")}";
    }

    /// <summary>The slices of a source about which nothing more will happen in this run, and how they stand.</summary>
    private async Task<Dictionary<Slice, string>> AtRestAsync(string source, CancellationToken cancellationToken)
    {
        var again = replayed is null ? [] : (await runs.EndedSinceAsync(source, startedAt, cancellationToken)).Where(run => run.Slice == replayed).Select(run => run.Slice).ToHashSet();
        var states = (await slices.ListAsync(source, cancellationToken)).Where(row => SliceState.AtRest(row.State) && (row.LastPulled >= startedAt || again.Contains(row.Slice))).ToDictionary(row => row.Slice, row => row.State);
        foreach (var dead in (await letters.OpenAsync(source, cancellationToken)).Where(dead => dead.KeptAt >= startedAt))
            if (dead.Letter.Slice is { } slice) states[slice] = "dead-letter";
        return states;
    }

    /// <summary>Per source: the slices that this run is about.</summary>
    private IReadOnlyDictionary<string, IReadOnlyCollection<Slice>> Wanted => replayed is null ? planned.BySource
        : new Dictionary<string, IReadOnlyCollection<Slice>> { [replayed.Source] = [.. (planned.BySource.GetValueOrDefault(replayed.Source) ?? []).Append(replayed).Distinct()] };

    private async Task<List<RunRow>> RunsAsync(CancellationToken cancellationToken)
    {
        var all = new List<RunRow>();
        foreach (var source in Wanted.Keys) all.AddRange(await runs.EndedSinceAsync(source, startedAt, cancellationToken));
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
