using System.Diagnostics;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Start;

/// <summary>
/// From the start of the local host to the first function of the published app that answers, beside an empty
/// app that was published the same way.
/// </summary>
internal sealed class Starting : IGoal
{
    private static readonly string LocalHost = Path.Combine(
        Testing.Repository.Root,
        "src",
        "Pipeline.Local",
        Path.GetRelativePath(
            Path.Combine(Testing.Repository.Root, "tests", "Pipeline.Benchmarks"),
            AppContext.BaseDirectory
        ),
        "Pipeline.Local.dll"
    );

    private const int Rounds = 7;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5),
        PublishLimit = TimeSpan.FromMinutes(15);

    public string Name => "start";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var app = await PublishAsync(bench, Path.Combine(Testing.Repository.Root, "src", "Pipeline.Functions"));
        var empty = await PublishAsync(bench, Path.Combine(Child.Folder, "EmptyApp"));
        await using var service = await ServiceProcess.StartAsync();
        var settings = PipelineUnderTest.Settings(service.ConnectionString(service.NewAccount()), null);
        var median = await bench.AlternateAsync(
            [
                ("empty app", () =>
                    MeasureAsync(
                        Path.Combine(empty, "EmptyApp.dll"),
                        new() { ["ASPNETCORE_URLS"] = "http://127.0.0.1:{port}" },
                        []
                    )
                ),
                ("app", () => MeasureAsync(LocalHost, settings, ["--app", app, "--no-azurite", "--port", "{port}"])),
            ],
            bench.Rounds == 1 ? 2 : Rounds
        );
        var ratio = median["app"].Seconds / median["empty app"].Seconds;
        return
        [
            new Outcome(
                7,
                "start: from the start of the local host to the first function's response (health, which asks "
                    + "blobs, queues and tables), app published with ReadyToRun",
                $"{Bench.Number(ratio)} × ({Bench.Number(median["app"].Seconds * 1000)} ms; an empty ASP.NET Core "
                    + $"app {Bench.Number(median["empty app"].Seconds * 1000)} ms)",
                "",
                null
            ),
        ];
    }

    /// <summary>Publishes a project as it is deployed, into a folder of its own.</summary>
    private static async Task<string> PublishAsync(Bench bench, string project)
    {
        var folder = Path.Combine(bench.Folder, Path.GetFileName(project));
        var start = new ProcessStartInfo(
            "dotnet",
            [
                "publish",
                project,
                "-c",
                "Release",
                "-o",
                folder,
                "-v",
                "quiet",
                "--nologo",
                "--disable-build-servers",
                "-p:UseSharedCompilation=false",
                "-nodeReuse:false",
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What dotnet run sets for its own build must not reach this one.
        foreach (
            var name in start
                .Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }

        using var publish = Process.Start(start)!;
        using var limit = new CancellationTokenSource(PublishLimit);
        try
        {
            var (output, error) = (
                publish.StandardOutput.ReadToEndAsync(limit.Token),
                publish.StandardError.ReadToEndAsync(limit.Token)
            );
            await publish.WaitForExitAsync(limit.Token);
            return publish.ExitCode == 0
                ? folder
                : throw new BenchmarkException(
                    $"dotnet publish {project}: exit code {publish.ExitCode}\n{await output}\n{await error}"
                );
        }
        finally
        {
            if (!publish.HasExited)
                publish.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts an app and asks for its health until it answers.</summary>
    private static async Task<Measured> MeasureAsync(
        string file,
        Dictionary<string, string> settings,
        string[] arguments
    )
    {
        var port = $"{Testing.Loopback.FreePort()}";
        var start = new ProcessStartInfo(
            "dotnet",
            [file, .. arguments.Select(argument => argument.Replace("{port}", port, StringComparison.Ordinal))]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in settings)
            start.Environment[name] = value.Replace("{port}", port, StringComparison.Ordinal);
        using var http = new HttpClient();
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        try
        {
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            while (!await AnswersAsync(http, $"http://127.0.0.1:{port}/api/health"))
            {
                if (clock.Elapsed > Limit || process.HasExited)
                    throw new BenchmarkException($"{file}: no answer within {Limit:c}");
                await Task.Delay(2);
            }
            var seconds = clock.Elapsed.TotalSeconds;
            return new Measured(
                new Dictionary<string, double>
                {
                    ["seconds"] = seconds,
                    ["cpu"] = process.TotalProcessorTime.TotalSeconds,
                }
            );
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
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
            return false; // No server listens yet.
        }
    }
}
