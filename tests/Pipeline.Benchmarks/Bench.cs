using System.Globalization;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks;

/// <summary>A stored body that runs read.</summary>
/// <param name="Shape">What it holds.</param>
/// <param name="File">Where it is.</param>
/// <param name="Sha256">Its hash.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record Payload(TradeShape Shape, string File, string Sha256, long Bytes);

/// <summary>
/// What all goals share: the bodies, made once; how often runs are repeated; and words about what is going
/// on.
/// </summary>
/// <param name="isQuick">Small sizes, to see whether everything works; its figures mean nothing.</param>
internal sealed class Bench(bool isQuick) : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("pipeline-benchmarks-");
    private readonly Dictionary<(TradeShape, int), Payload> payloads = [];

    /// <summary>The longest that any one run may take.</summary>
    public static TimeSpan Deadline { get; } = TimeSpan.FromMinutes(6);

    /// <summary>How often a run is repeated, in turn with the others; the median counts.</summary>
    public int Rounds => isQuick ? 1 : 3;

    /// <summary>A folder that is removed at the end.</summary>
    public string Folder => folder.FullName;

    /// <summary>A number of rows or commodities, or a tenth of it when in a hurry.</summary>
    public int Size(int rows) => isQuick ? Math.Max(20, rows / 10) : rows;

    /// <summary>The body of a shape.</summary>
    /// <param name="shape">What it holds.</param>
    /// <param name="trailer">Blanks after its end: another body with the same rows.</param>
    public Payload Body(TradeShape shape, int trailer = 0)
    {
        if (payloads.TryGetValue((shape, trailer), out var payload))
            return payload;
        var file = Path.Combine(Folder, $"{payloads.Count}.json");
        using var stream = File.Create(file, 1 << 20);
        var (sha256, bytes) = TradePayload.Write(shape, stream, trailer);
        return payloads[(shape, trailer)] = new Payload(shape, file, sha256, bytes);
    }

    /// <summary>Removes a body that is not requested again.</summary>
    public void Drop(Payload payload)
    {
        File.Delete(payload.File);
        foreach (var key in payloads.Where(pair => pair.Value == payload).Select(pair => pair.Key).ToList())
            payloads.Remove(key);
    }

    /// <summary>Says what has just been measured.</summary>
    public static void Say(string what, Measured measured) => Console.Error.WriteLine($"  {what}: {measured}");

    /// <summary>Runs each of some in turn, as often as <see cref="Rounds"/>, and gives the median of each.</summary>
    public async Task<Dictionary<string, Measured>> AlternateAsync(
        IReadOnlyList<(string Name, Func<Task<Measured>> Run)> runs,
        int? rounds = null
    )
    {
        var all = runs.ToDictionary(run => run.Name, _ => new List<Measured>(), StringComparer.Ordinal);
        for (var round = 0; round < (rounds ?? Rounds); round++)
        {
            foreach (var (name, run) in runs)
            {
                all[name].Add(await run());
                Say(name, all[name][^1]);
            }
        }

        return all.ToDictionary(run => run.Key, run => Measured.Median(run.Value), StringComparer.Ordinal);
    }

    /// <summary>A number for the table.</summary>
    public static string Number(double number) =>
        Math.Abs(number) switch
        {
            >= 100 => number.ToString("N0", CultureInfo.InvariantCulture),
            >= 10 => number.ToString("N1", CultureInfo.InvariantCulture),
            _ => number.ToString("N2", CultureInfo.InvariantCulture),
        };

    /// <summary>What must be so, lest a figure be that of less work.</summary>
    public static void Check(string what, double seen, double expected)
    {
        if (seen != expected)
        {
            throw new BenchmarkException(
                $"{what}: seen {seen.ToString(CultureInfo.InvariantCulture)}, expected "
                    + $"{expected.ToString(CultureInfo.InvariantCulture)}"
            );
        }
    }

    public void Dispose() => folder.Delete(recursive: true);
}
