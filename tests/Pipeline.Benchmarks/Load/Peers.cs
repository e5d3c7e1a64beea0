using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Load;

/// <summary>What others reach.</summary>
internal static class Peers
{
    private static readonly string[] All = [Sdk, "Cosmos.Table", "data-tables"];

    /// <summary>The client that the pipeline itself writes with.</summary>
    public const string Sdk = "Azure.Data.Tables";

    /// <summary>
    /// The fastest peer, whatever its parallelism: what the product is compared with, which has but one.
    /// </summary>
    public static (string Name, double RowsPerSecond) Best(IReadOnlyDictionary<string, Measured> runs)
    {
        var best = runs.Where(run => All.Any(peer => run.Key.StartsWith(peer, StringComparison.Ordinal)))
            .MaxBy(run => run.Value.RowsPerSecond);
        return (best.Key, best.Value.RowsPerSecond);
    }

    /// <summary>Every peer at its best parallelism.</summary>
    public static IEnumerable<(string Name, double RowsPerSecond)> Each(IReadOnlyDictionary<string, Measured> runs) =>
        All.Select(peer =>
            (
                peer,
                runs.Where(run => run.Key.StartsWith(peer, StringComparison.Ordinal))
                    .Max(run => run.Value.RowsPerSecond)
            )
        );

    /// <summary>The limit at its best parallelism, rows/s.</summary>
    public static double Limit(IReadOnlyDictionary<string, Measured> runs) =>
        runs.Where(run => run.Key.StartsWith("limit", StringComparison.Ordinal)).Max(run => run.Value.RowsPerSecond);
}

/// <summary>The peer from npm.</summary>
internal static class DataTables
{
    public static Task<Measured> RunAsync(
        string connection,
        string table,
        int rows,
        int parallelism,
        string mode,
        int warm,
        int sample
    ) =>
        Child.NodeAsync(
            Bench.Deadline,
            Path.Combine(Child.Folder, "Load", "data-tables.mjs"),
            connection,
            table,
            $"{rows}",
            $"{parallelism}",
            mode,
            $"{warm}",
            $"{sample}"
        );
}
