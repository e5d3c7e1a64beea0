using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;
using Pipeline.Benchmarks.Service;

namespace Pipeline.Benchmarks.Scale;

/// <summary>Goal 8: more workers load more, until the account has no more to give.</summary>
internal sealed class Workers : IGoal
{
    /// <summary>
    /// A month of all partners at HS6 in this size, so often: sixteen slices, as a backfill has them.
    /// </summary>
    private const int Partners = 200,
        Commodities = 65,
        FirstYear = 2010,
        Slices = 16;
    private const double Efficiency = 0.85;
    private static readonly int[] Counts = [1, 2, 4, 8];

    public string Name => "scale";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var bodies = Enumerable
            .Range(FirstYear, Slices)
            .Select(year => bench.Body(new TradeShape(Partners, bench.Size(Commodities), year)))
            .ToList();
        var list = Path.Combine(bench.Folder, "slices.txt");
        await File.WriteAllLinesAsync(list, bodies.Select(body => $"{body.Shape.SliceKey} {body.Sha256}"));
        var outcomes = new List<Outcome>();
        var one = 0.0;
        foreach (var workers in Counts)
        {
            var (rate, busy) = await MeasureAsync(bench, bodies, list, workers);
            if (workers == 1)
                one = rate;
            var possible = Math.Min(workers * one, Throttle.PerAccount);
            outcomes.Add(
                new Outcome(
                    8,
                    $"scale: {workers} worker{(workers == 1 ? "" : "s")}, service with "
                        + $"{Throttle.Latency.TotalMilliseconds:0} ms, {Throttle.PerPartition:N0} entities/s a "
                        + $"partition, {Throttle.PerAccount:N0}/s the account",
                    $"{Bench.Number(rate / possible)} ({Bench.Number(rate)} rows/s of {Bench.Number(possible)}; "
                        + $"{busy:N0} answers 503)",
                    workers == 1 ? "" : $"≥ {Efficiency} of so many workers, or of the account",
                    workers == 1 ? null : rate >= Efficiency * possible
                )
            );
        }
        return outcomes;
    }

    private static async Task<(double RowsPerSecond, double Busy)> MeasureAsync(
        Bench bench,
        List<Payload> bodies,
        string list,
        int workers
    )
    {
        await using var service = await ServiceProcess.StartAsync("limited");
        var account = service.NewAccount();
        foreach (var body in bodies)
        {
            await service.PlantAsync(
                account,
                $"raw/{PipelineUnderTest.BodyOf(body.Shape.SliceKey, body.Sha256, 0).Blob}",
                body.File,
                body.Sha256
            );
        }

        var warm = Enumerable.Range(0, workers).Select(_ => service.ConnectionString(service.NewAccount())).ToList();
        var runs = await Task.WhenAll(
            warm.Select(other =>
                Child.RunAsync(
                    Bench.Deadline,
                    WorkerRun.Name,
                    service.ConnectionString(account),
                    other,
                    service.BenchUrl,
                    $"{workers}",
                    list
                )
            )
        );
        var busy = (await service.CountsAsync()).GetValueOrDefault("busy");
        var (rows, sum) = await service.TableAsync(account, "trademonthly");
        Bench.Check("rows of trademonthly", rows, bodies.Sum(body => body.Shape.Rows));
        Bench.Check("sum of ValueUsd", sum, bodies.Sum(body => body.Shape.Sum()));
        var seconds = runs.Max(run => run.Seconds);
        Bench.Say(
            $"{workers} workers",
            new Measured(
                new Dictionary<string, double>
                {
                    ["seconds"] = seconds,
                    ["cpu"] = runs.Sum(run => run["cpu"]),
                    ["rows"] = rows,
                    ["busy"] = busy,
                }
            )
        );
        return (rows / seconds, busy);
    }
}
