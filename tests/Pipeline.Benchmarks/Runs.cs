using Pipeline.Benchmarks.Load;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks;

/// <summary>The runs that are processes of their own, by name.</summary>
internal static class Runs
{
    private static readonly Dictionary<string, Func<string[], Task<Dictionary<string, double>>>> All = new(StringComparer.Ordinal)
    {
        [LimitRun.Name] = LimitRun.RunAsync,
        [ClientRun.Name] = ClientRun.RunAsync,
        [LoadRun.Name] = LoadRun.RunAsync
    };

    public static async Task<int> RunAsync(string name, string[] arguments)
    {
        Console.WriteLine(Meter.Line(await All[name](arguments)));
        return 0;
    }
}
