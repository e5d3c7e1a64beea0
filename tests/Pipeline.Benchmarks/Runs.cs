using Pipeline.Benchmarks.Files;
using Pipeline.Benchmarks.Growth;
using Pipeline.Benchmarks.Load;
using Pipeline.Benchmarks.Parse;
using Pipeline.Benchmarks.Processes;
using Pipeline.Benchmarks.Reload;
using Pipeline.Benchmarks.Scale;

namespace Pipeline.Benchmarks;

/// <summary>The runs that are processes of their own, by name.</summary>
internal static class Runs
{
    private static readonly Dictionary<string, Func<string[], Task<Dictionary<string, double>>>> All = new(
        StringComparer.Ordinal
    )
    {
        [LimitRun.Name] = LimitRun.RunAsync,
        [ClientRun.Name] = ClientRun.RunAsync,
        [LoadRun.Name] = LoadRun.RunAsync,
        [ParseRun.Name] = ParseRun.RunAsync,
        [PublishRun.Name] = PublishRun.RunAsync,
        [ExportRun.Name] = ExportRun.RunAsync,
        [PullRun.Name] = PullRun.RunAsync,
        [WorkerRun.Name] = WorkerRun.RunAsync,
    };

    public static async Task<int> RunAsync(string name, string[] arguments)
    {
        Console.WriteLine(Meter.Line(await All[name](arguments)));
        return 0;
    }
}
