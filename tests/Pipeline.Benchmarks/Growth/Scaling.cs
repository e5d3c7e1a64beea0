using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Load;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Growth;

/// <summary>Goal 6: a row costs the same whether there are few or many of them.</summary>
internal sealed class Scaling : IGoal
{
    private const int Few = 50_000,
        Many = 1_000_000,
        WarmRows = 100_000;
    private const double Most = 1.15;
    private static readonly string[] Steps = ["load", "re-load", "publish"];

    public string Name => "growth";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        await using var service = await ServiceProcess.StartAsync();
        var few = new List<Dictionary<string, Measured>>();
        for (var round = 0; round < bench.Rounds; round++)
            few.Add(await StepsAsync(bench, service, bench.Size(Few)));
        var many = await StepsAsync(bench, service, bench.Size(Many));
        return
        [
            .. Steps.Select(step =>
            {
                var (small, large) = (Measured.Median([.. few.Select(run => run[step])]), many[step]);
                var ratio = large.Seconds / large.Rows / (small.Seconds / small.Rows);
                return new Outcome(
                    6,
                    $"growth: {step}, time per row at {large.Rows:N0} rows against {small.Rows:N0}",
                    $"{Bench.Number(ratio)} × ({Bench.Number(large.Seconds / large.Rows * 1e6)} µs, "
                        + $"{Bench.Number(small.Seconds / small.Rows * 1e6)} µs; CPU "
                        + $"{Bench.Number(large.CpuPerRow)} µs, {Bench.Number(small.CpuPerRow)} µs)",
                    $"≤ {Most} ×",
                    ratio <= Most
                );
            }),
        ];
    }

    /// <summary>A first load, the same rows in another body, and publishing them.</summary>
    private static async Task<Dictionary<string, Measured>> StepsAsync(Bench bench, ServiceProcess service, int rows)
    {
        var (account, other) = (service.NewAccount(), service.NewAccount());
        var shape = TradeShape.OfRows(rows);
        var figures = new Dictionary<string, Measured>();
        for (var number = 0; number < 2; number++)
        {
            var body = bench.Body(shape, trailer: number);
            await service.PlantAsync(
                account,
                $"raw/{PipelineUnderTest.BodyOf(shape.SliceKey, body.Sha256, number).Blob}",
                body.File,
                body.Sha256
            );
            await service.CountsAsync();
            var run = await Child.RunAsync(
                Bench.Deadline,
                LoadRun.Name,
                service.ConnectionString(account),
                service.ConnectionString(other),
                shape.SliceKey,
                body.File,
                body.Sha256,
                $"{number}",
                "planted",
                $"{WarmRows}"
            );
            LoadCheck.Counts(run, shape, number == 0 ? shape.Rows : 0, 0);
            Bench.Say($"{Steps[number]} {rows}", figures[Steps[number]] = run);
            await service.ForgetAsync(other);
            if (number == 0)
                continue;
            var publish = await Child.RunAsync(
                Bench.Deadline,
                PublishRun.Name,
                service.ConnectionString(account),
                service.ConnectionString(other),
                shape.SliceKey,
                body.Sha256,
                $"{number}",
                $"{WarmRows}"
            );
            Bench.Say($"{Steps[2]} {rows}", figures[Steps[2]] = publish);
        }
        var (kept, sum) = await service.TableAsync(account, "trademonthly");
        Bench.Check("rows of trademonthly", kept, shape.Rows);
        Bench.Check("sum of ValueUsd", sum, shape.Sum());
        await service.ForgetAsync(account);
        await service.ForgetAsync(other);
        return figures;
    }
}
