using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Load;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Memory;

/// <summary>
/// Goal 5: a body ten times as long needs no more memory. Read, checked and loaded as a whole, every row with
/// a key of its own.
/// </summary>
internal sealed class Streaming : IGoal
{
    private const int Partners = 200,
        Small = 270,
        Large = 2700;
    private const double Growth = 1.15,
        Most = 200;

    public string Name => "memory";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        await using var service = await ServiceProcess.StartAsync("forgetful");
        var small = await MeasureAsync(bench, service, bench.Size(Small));
        var large = await MeasureAsync(bench, service, bench.Size(Large));
        var ratio = large["peak"] / small["peak"];
        return
        [
            new Outcome(
                5,
                $"memory: peak working set for {large["bytes"] / 1e6:N0} MB ({large["read"]:N0} rows, "
                    + $"{large["rows"] / 12:N0} series of 12 months) against {small["bytes"] / 1e6:N0} MB, read, "
                    + "checked and loaded",
                $"{Bench.Number(ratio)} × ({Bench.Number(large.PeakMegabytes)} MB, "
                    + $"{Bench.Number(small.PeakMegabytes)} MB)",
                $"≤ {Growth} ×",
                ratio <= Growth
            ),
            new Outcome(
                5,
                "memory: peak working set for the larger body",
                $"{Bench.Number(large.PeakMegabytes)} MB",
                $"< {Most} MB",
                large.PeakMegabytes < Most
            ),
        ];
    }

    private static async Task<Measured> MeasureAsync(Bench bench, ServiceProcess service, int commodities)
    {
        var body = bench.Body(new TradeShape(Partners, commodities, Months: 12));
        var measured = await OnNullService.ProductAsync(service, body, 0);
        measured = new Measured(new Dictionary<string, double>(measured.Figures) { ["bytes"] = body.Bytes });
        Bench.Say($"{body.Bytes / 1e6:N0} MB", measured);
        bench.Drop(body);
        return measured;
    }
}
