using System.Diagnostics;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Start;

/// <summary>Goal 7: from the start of the process to the first function that answers, beside an empty app that was published the same way.</summary>
internal sealed class Starting : IGoal
{
    private const double Most = 1.2;
    private const int Rounds = 7;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60), PublishLimit = TimeSpan.FromMinutes(4);

    public string Name => "start";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var app = await PublishAsync(bench, Path.Combine(Tests.Repository.Root, "src", "Pipeline.Functions"));
        var empty = await PublishAsync(bench, Path.Combine(Child.Folder, "EmptyApp"));
        await using var service = await ServiceProcess.StartAsync();
        var settings = PipelineUnderTest.Settings(service.ConnectionString(service.NewAccount()), null);
        var median = await bench.AlternateAsync(
        [
            ("empty app", () => MeasureAsync(Path.Combine(empty, "EmptyApp.dll"), new() { ["ASPNETCORE_URLS"] = "http://127.0.0.1:{port}" }, [])),
            ("app", () => MeasureAsync(Path.Combine(app, "Pipeline.Functions.dll"), settings, ["--no-azurite", "--port", "{port}"]))
        ], bench.Rounds == 1 ? 2 : Rounds);
        var ratio = median["app"].Seconds / median["empty app"].Seconds;
        return
        [
            new Outcome(7, "start: process start to the first function's answer (health, which asks blobs, queues and tables), published with ReadyToRun",
                $"{Bench.Number(ratio)} × ({Bench.Number(median["app"].Seconds * 1000)} ms; the empty app {Bench.Number(median["empty app"].Seconds * 1000)} ms; listening after {Bench.Number(median["app"]["listening"] * 1000)} ms, {Bench.Number(median["app"]["listening"] / median["empty app"].Seconds)} ×)", $"≤ {Most} × an empty ASP.NET Core app", ratio <= Most)
        ];
    }

    /// <summary>Publishes a project as it is deployed, into a folder of its own.</summary>
    private static async Task<string> PublishAsync(Bench bench, string project)
    {
        var folder = Path.Combine(bench.Folder, Path.GetFileName(project));
        var start = new ProcessStartInfo("dotnet", ["publish", project, "-c", "Release", "-o", folder, "-v", "quiet", "--nologo", "--disable-build-servers", "-p:UseSharedCompilation=false", "-nodeReuse:false"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        // What dotnet run sets for its own build must not reach this one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList()) start.Environment.Remove(name);
        using var publish = Process.Start(start)!;
        using var limit = new CancellationTokenSource(PublishLimit);
        try
        {
            var (output, error) = (publish.StandardOutput.ReadToEndAsync(limit.Token), publish.StandardError.ReadToEndAsync(limit.Token));
            await publish.WaitForExitAsync(limit.Token);
            return publish.ExitCode == 0 ? folder : throw new BenchmarkException($"dotnet publish {project}: exit code {publish.ExitCode}\n{await output}\n{await error}");
        }
        finally
        {
            if (!publish.HasExited) publish.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts an app and asks for its health until it answers.</summary>
    private static async Task<Measured> MeasureAsync(string file, Dictionary<string, string> settings, string[] arguments)
    {
        var port = $"{Tests.Loopback.FreePort()}";
        var start = new ProcessStartInfo("dotnet", [file, .. arguments.Select(argument => argument.Replace("{port}", port, StringComparison.Ordinal))])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath()
        };
        foreach (var (name, value) in settings) start.Environment[name] = value.Replace("{port}", port, StringComparison.Ordinal);
        using var http = new HttpClient();
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        try
        {
            var listening = UntilListeningAsync(process, clock);
            _ = process.StandardError.ReadToEndAsync();
            while (!await AnswersAsync(http, $"http://127.0.0.1:{port}/api/health"))
            {
                if (clock.Elapsed > Limit || process.HasExited) throw new BenchmarkException($"{file}: no answer within {Limit:c}");
                await Task.Delay(2);
            }
            var seconds = clock.Elapsed.TotalSeconds;
            return new Measured(new Dictionary<string, double> { ["seconds"] = seconds, ["listening"] = Math.Min(seconds, await listening), ["cpu"] = process.TotalProcessorTime.TotalSeconds });
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    /// <summary>When it said that it listens, seconds.</summary>
    private static async Task<double> UntilListeningAsync(Process process, Stopwatch clock)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("istening on", StringComparison.Ordinal)) return clock.Elapsed.TotalSeconds;
        return clock.Elapsed.TotalSeconds;
    }

    private static async Task<bool> AnswersAsync(HttpClient http, string url)
    {
        try
        {
            using var answer = await http.GetAsync(url);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // Nobody listens yet.
        }
    }
}
