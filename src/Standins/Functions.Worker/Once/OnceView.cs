using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Logging;

namespace Standin.Functions.Worker.Once;

/// <summary>One step's queue.</summary>
internal sealed record StepState(string Function, string Queue, int Waiting, int Running);

/// <summary>What a run of --once looks like at a moment.</summary>
internal sealed record OnceState(TimeSpan Elapsed, string Doing, IReadOnlyList<StepState> Steps, IReadOnlyList<KeyValuePair<string, string>> Figures);

/// <summary>Shows progress: a live table on a terminal, else a plain line every few seconds.</summary>
internal sealed class OnceView(IAnsiConsole? terminal, LogLines lines)
{
    private TimeSpan? lastLine;
    private string lastText = "";
    private LiveDisplayContext? live;

    /// <summary>Shows progress while <paramref name="run"/> runs.</summary>
    public async Task<T> WhileAsync<T>(Func<Task<T>> run)
    {
        if (terminal is null) return await run();
        try
        {
            return await terminal.Live(new Text("starting …")).AutoClear(true).StartAsync(context =>
            {
                live = context;
                lines.Terminal = line => terminal.WriteLine(line);
                return run();
            });
        }
        finally
        {
            live = null;
            lines.Terminal = null;
        }
    }

    /// <summary>Shows a moment.</summary>
    public void Show(OnceState state)
    {
        if (live is not null)
        {
            live.UpdateTarget(Table(state));
            return;
        }
        if (lastLine is { } last && state.Elapsed - last < HostRules.OnceLinePeriod) return;
        var text = Line(state);
        if (text == lastText) return;
        (lastLine, lastText) = (state.Elapsed, text);
        lines.Say(string.Create(CultureInfo.InvariantCulture, $"{state.Elapsed.TotalSeconds:0} s  {text}"));
    }

    /// <summary>Writes the summary.</summary>
    public void Summarise(OnceSummary summary, TextWriter output)
    {
        if (summary.Table is { } table)
        {
            var console = terminal ?? AnsiConsole.Create(new AnsiConsoleSettings { Out = new PlainOutput(output), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
            console.Write(table);
        }
        foreach (var line in summary.Lines) lines.Say(line);
    }

    /// <summary>The moment as one plain line.</summary>
    public static string Line(OnceState state) => string.Join("  ", new[] { state.Doing }.Where(text => text.Length > 0)
        .Concat(state.Steps.Select(step => $"{step.Queue} {step.Waiting} waiting{(step.Running > 0 ? $", {step.Running} running" : "")}"))
        .Concat(state.Figures.Select(figure => $"{figure.Key} {figure.Value}")));

    private static Rows Table(OnceState state)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("step").AddColumn("queue").AddColumn(new TableColumn("waiting").RightAligned()).AddColumn(new TableColumn("running").RightAligned());
        foreach (var step in state.Steps)
            table.AddRow(Markup.Escape(step.Function), Markup.Escape(step.Queue), step.Waiting.ToString(CultureInfo.InvariantCulture), step.Running.ToString(CultureInfo.InvariantCulture));
        var figures = new Grid().AddColumn().AddColumn();
        foreach (var figure in state.Figures) figures.AddRow(Markup.Escape(figure.Key), Markup.Escape(figure.Value));
        var head = string.Create(CultureInfo.InvariantCulture, $"{state.Elapsed.TotalSeconds:0} s  {state.Doing}");
        return new Rows(new List<IRenderable> { new Text(head), table, figures });
    }

    // Redirected output: no width of a terminal applies.
    private sealed class PlainOutput(TextWriter writer) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;
        public bool IsTerminal => false;
        public int Width => 160;
        public int Height => 50;

        public void SetEncoding(System.Text.Encoding encoding)
        {
            // the writer's own encoding stays
        }
    }
}
