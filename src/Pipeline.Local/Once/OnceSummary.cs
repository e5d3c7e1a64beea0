using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Spectre.Console;

namespace Pipeline.Local.Once;

/// <summary>What a run brought: the ledger, what is wrong, the headline figures and the next step.</summary>
/// <param name="services">The engine.</param>
/// <param name="wanted">The slices of the run by source.</param>
/// <param name="startedAt">When the run began, UTC.</param>
/// <param name="port">The port of the pages, for the next step.</param>
internal sealed class OnceSummary(
    IServiceProvider services,
    IReadOnlyDictionary<string, HashSet<Slice>> wanted,
    DateTimeOffset startedAt,
    int port
)
{
    private readonly SourceCatalog sources = services.GetRequiredService<SourceCatalog>();
    private readonly SliceBook slices = services.GetRequiredService<SliceBook>();
    private readonly RunBook runs = services.GetRequiredService<RunBook>();

    /// <summary>Writes the summary.</summary>
    /// <returns>The exit code, see <see cref="RunVerdict.ExitCode"/>.</returns>
    public async Task<int> WriteAsync(ConsoleLog log, CancellationToken cancellationToken)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("source");
        string[] columns =
        [
            "slices",
            "read",
            "added",
            "changed",
            "unchanged",
            "excluded",
            "missing",
            "rejected",
            "bytes",
            "seconds",
        ];
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }
        var objects = new List<JsonObject>();
        var lines = new List<string>();
        foreach (var (source, own) in wanted)
        {
            var ended = await runs.EndedSinceAsync(source, startedAt, cancellationToken);
            var numbers = Numbers(own.Count, ended);
            table.AddRow([source, .. numbers[..^1].Select(number => Text(number, "N0")), Text(numbers[^1], "N1")]);
            var row = new JsonObject { ["source"] = source };
            foreach (var (column, number) in columns.Zip(numbers))
            {
                row[column] = number;
            }
            objects.Add(row);
            lines.AddRange(Notes(source, own, await slices.ListAsync(source, cancellationToken), ended));
        }
        var verdict = await services
            .GetRequiredService<RunVerdictReader>()
            .ReadAsync(wanted.Keys, startedAt, cancellationToken);
        log.Table(Render(table), objects);
        foreach (var line in lines.Concat(verdict.Notes).Concat(verdict.Late))
        {
            log.Say(line);
        }
        foreach (
            var line in await new Headlines(services.GetRequiredService<TableSet>()).ReadAsync(
                wanted.Keys,
                cancellationToken
            )
        )
        {
            log.Say(line);
        }
        // Without its query, which could hold a signature.
        log.Say(
            $"tables: {services.GetRequiredService<StorageAccount>().Tables.Uri.GetLeftPart(UriPartial.Path)}; how "
                + $"the rows came is in {Names.Runs}, {Names.Slices}, {Names.Gaps} and {Names.Rejects}"
        );
        var serve = port == LocalOptions.DefaultPort ? "" : $" -- --port {port}";
        log.Say(
            $"next: 'dotnet run --project src/Pipeline.Local{serve}' and open http://localhost:{port}/ for charts, "
                + "claims and what was revised"
        );
        // Last, so that they are seen.
        foreach (var line in verdict.Open.Concat(verdict.Failed))
        {
            log.Say(line);
        }
        return verdict.ExitCode;
    }

    private static string Text(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>The columns after the source, in their order; the last one is seconds.</summary>
    private double[] Numbers(int count, IReadOnlyList<RunRow> ended)
    {
        var counts = ended.Aggregate(default(RowCounts), (sum, run) => sum + run.Counts);
        var seconds =
            ended.Count == 0 ? 0 : Math.Round((ended.Max(run => run.EndedAt ?? startedAt) - startedAt).TotalSeconds, 1);
        return
        [
            count,
            counts.Read,
            counts.Added,
            counts.Changed,
            counts.Unchanged,
            counts.Excluded,
            counts.Missing,
            counts.Rejected,
            ended.Sum(run => run.Bytes),
            seconds,
        ];
    }

    private IEnumerable<string> Notes(
        string source,
        HashSet<Slice> own,
        IReadOnlyList<SliceRow> states,
        IReadOnlyList<RunRow> ended
    )
    {
        if (!sources[source].Datasets.Any())
        {
            yield return $"{source}: switched off by the settings";
        }
        else if (own.Count == 0)
        {
            yield return sources.FindUselessRecordings(source, services.GetRequiredService<TimeProvider>().GetUtcNow())
                is { } useless
                ? $"{source}: no recording fits a slice; {useless}"
                : NothingDue(
                    source,
                    states.Count(row => row.State != SliceState.PullFailed),
                    states.Select(row => row.NextDue).Min()
                );
        }
        foreach (var run in ended.Where(run => run.State == RunState.Done))
        {
            foreach (var note in run.AllNotes)
            {
                yield return $"note: {run.Slice}: {note}";
            }
        }
    }

    /// <summary>The note about a source without a due slice.</summary>
    /// <param name="source">The source's name.</param>
    /// <param name="upToDate">The slices that are up to date.</param>
    /// <param name="next">When the next slice is due; null if no slice is known.</param>
    internal static string NothingDue(string source, int upToDate, DateTimeOffset? next)
    {
        var due = next is { } at
            ? string.Create(CultureInfo.InvariantCulture, $", the next one is due on {at:yyyy-MM-dd HH:mm}Z")
            : "";
        return $"{source}: nothing due; {upToDate} {(upToDate == 1 ? "slice is" : "slices are")} up to date{due}";
    }

    private static string Render(Table table)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        AnsiConsole
            .Create(
                new AnsiConsoleSettings
                {
                    Out = new PlainOutput(text),
                    Ansi = AnsiSupport.No,
                    ColorSystem = ColorSystemSupport.NoColors,
                    Interactive = InteractionSupport.No,
                }
            )
            .Write(table);
        return text.ToString();
    }

    /// <summary>No width of a terminal applies.</summary>
    private sealed class PlainOutput(TextWriter writer) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;
        public bool IsTerminal => false;
        public int Width => 160;
        public int Height => 50;

        public void SetEncoding(System.Text.Encoding encoding)
        {
            // The writer's own encoding stays.
        }
    }
}
