using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Pipeline.Benchmarks.Processes;

/// <summary>
/// One measured run: a process of its own, so that its peak of memory, its processor time and its compiled
/// code belong to no other process.
/// </summary>
internal static class Child
{
    /// <summary>Runs one of this program's own runs.</summary>
    /// <param name="deadline">It is killed after this time, and the benchmark fails.</param>
    /// <param name="arguments">The run's name, then what it takes.</param>
    public static Task<Measured> RunAsync(TimeSpan deadline, params string[] arguments) =>
        StartAsync(deadline, Environment.ProcessPath!, ["run", .. arguments]);

    /// <summary>Runs the peer that has a project of its own.</summary>
    public static Task<Measured> CosmosAsync(TimeSpan deadline, params string[] arguments) =>
        StartAsync(deadline, "dotnet", [Path.Combine(CosmosFolder, "CosmosPeer.dll"), .. arguments]);

    /// <summary>Runs a script of this folder with Node.js; its packages are those of the repository.</summary>
    public static Task<Measured> NodeAsync(TimeSpan deadline, params string[] arguments) =>
        StartAsync(deadline, "node", arguments);

    private static string CosmosFolder =>
        Path.Combine(Folder, "CosmosPeer", Path.GetRelativePath(Folder, AppContext.BaseDirectory));

    /// <summary>The folder of this project.</summary>
    public static string Folder { get; } = Path.Combine(Testing.Repository.Root, "tests", "Pipeline.Benchmarks");

    private static async Task<Measured> StartAsync(TimeSpan deadline, string command, string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(command, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Testing.Repository.Root,
            }
        )!;
        using var patience = new CancellationTokenSource(deadline);
        var words =
            $"{Path.GetFileName(command)} "
            + $"{string.Join(' ', arguments.Select(argument => argument.Contains("AccountKey", StringComparison.Ordinal) ? "…" : argument))}";
        try
        {
            var (output, error) = (
                ReadAsync(process.StandardOutput, patience.Token),
                ReadAsync(process.StandardError, patience.Token)
            );
            await process.WaitForExitAsync(patience.Token);
            var line = (await output).LastOrDefault(line => line.StartsWith(Meter.Mark, StringComparison.Ordinal));
            if (process.ExitCode != 0 || line is null)
            {
                throw new BenchmarkException(
                    $"{words}: exit code {process.ExitCode}, expected 0 and a line of "
                        + $"figures\n{string.Join('\n', await output)}\n{string.Join('\n', await error)}"
                );
            }

            return new Measured(JsonSerializer.Deserialize<Dictionary<string, double>>(line[Meter.Mark.Length..])!);
        }
        catch (OperationCanceledException)
        {
            throw new BenchmarkException($"{words}: still runs after {deadline:c}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static async Task<List<string>> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (lines.Count < 2000)
                lines.Add(line);
        }

        return lines;
    }
}

/// <summary>Something that is measured is not what it should be: the benchmark ends with exit code 1.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);

/// <summary>The figures of one run, or the medians of several.</summary>
internal sealed record Measured(IReadOnlyDictionary<string, double> Figures)
{
    public double this[string name] =>
        Figures.TryGetValue(name, out var figure)
            ? figure
            : throw new BenchmarkException($"seen {string.Join(", ", Figures.Keys)}, expected {name}, too");

    public double Seconds => this["seconds"];
    public double Rows => this["rows"];
    public double RowsPerSecond => Rows / Seconds;

    /// <summary>Processor time of the process for a row, microseconds.</summary>
    public double CpuPerRow => this["cpu"] / Rows * 1e6;

    /// <summary>Bytes allocated for a row.</summary>
    public double BytesPerRow => this["allocated"] / Rows;

    /// <summary>The greatest working set, MB of 1,000,000 bytes.</summary>
    public double PeakMegabytes => this["peak"] / 1e6;

    /// <summary>The median of each figure.</summary>
    public static Measured Median(IReadOnlyList<Measured> runs) =>
        new(
            runs[0]
                .Figures.Keys.ToDictionary(
                    name => name,
                    name =>
                    {
                        var sorted = runs.Select(run => run[name]).Order().ToList();
                        return sorted.Count % 2 == 1
                            ? sorted[sorted.Count / 2]
                            : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
                    }
                )
        );

    public override string ToString() =>
        string.Join(
            ", ",
            Figures.Select(figure =>
                new StringBuilder(figure.Key)
                    .Append(' ')
                    .Append(figure.Value.ToString("G6", System.Globalization.CultureInfo.InvariantCulture))
            )
        );
}
