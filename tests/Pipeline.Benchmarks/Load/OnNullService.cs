using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Load;

/// <summary>Goal 2: loading into a service that costs nothing, so that the client is what is measured.</summary>
internal sealed class OnNullService : IGoal
{
    private const int Rows = 200_000,
        PeerRows = 50_000,
        WarmRows = 100_000;
    private const double WholePath = 2;
    private static readonly int[] Parallelisms = [1, 4, 8];

    public string Name => "load";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        // The peers' rate does not depend on how many rows there are; they would only take longer.
        var (rows, peerRows, warm) = (bench.Size(Rows), bench.Size(PeerRows), bench.Size(WarmRows));
        await using var service = await ServiceProcess.StartAsync();
        var runs = new List<(string, Func<Task<Measured>>)>
        {
            ("product", () => ProductAsync(service, bench.Body(TradeShape.OfRows(rows)), warm)),
        };
        foreach (var parallelism in Parallelisms)
        {
            runs.Add(
                ($"limit {parallelism}", () =>
                    WriterAsync(service, rows, (account, connection) =>
                        Child.RunAsync(
                            Bench.Deadline,
                            LimitRun.Name,
                            service.TableUrl(account),
                            account,
                            Convert.ToBase64String(new byte[16]),
                            "facts",
                            $"{rows}",
                            $"{parallelism}",
                            $"{warm}"
                        )
                    )
                )
            );
            runs.Add(
                ($"{Peers.Sdk} {parallelism}", () =>
                    WriterAsync(service, rows, (_, connection) =>
                        Child.RunAsync(
                            Bench.Deadline,
                            ClientRun.Name,
                            connection,
                            "facts",
                            $"{rows}",
                            $"{parallelism}",
                            $"{warm}"
                        )
                    )
                )
            );
            runs.Add(
                ($"Cosmos.Table {parallelism}", () =>
                    WriterAsync(service, peerRows, (_, connection) =>
                        Child.CosmosAsync(
                            Bench.Deadline,
                            connection,
                            "facts",
                            $"{peerRows}",
                            $"{parallelism}",
                            "insert",
                            $"{warm}"
                        )
                    )
                )
            );
            runs.Add(
                ($"data-tables {parallelism}", () =>
                    WriterAsync(service, peerRows, (_, connection) =>
                        DataTables.RunAsync(connection, "facts", peerRows, parallelism, "insert", warm, peerRows)
                    )
                )
            );
        }
        var median = await bench.AlternateAsync(runs);
        var (peer, best) = Peers.Best(median);
        var product = median["product"];
        var client = median[$"{Peers.Sdk} 1"];
        return
        [
            new Outcome(
                2,
                "null service: whole path (read, check, difference, history, write)",
                $"{Bench.Number(product.RowsPerSecond / best)} × ({Bench.Number(product.RowsPerSecond)} rows/s, "
                    + $"{Bench.Number(product.CpuPerRow)} µs CPU, {Bench.Number(product.BytesPerRow)} B/row, peak "
                    + $"{Bench.Number(product.PeakMegabytes)} MB; {peer} writes {Bench.Number(best)})",
                $"≥ {WholePath} × the best peer's writing",
                product.RowsPerSecond >= WholePath * best
            ),
            new Outcome(
                2,
                "null service: writing alone, at the best parallelism",
                $"{string.Join(", ", Peers.Each(median).Select(peer => $"{peer.Name} {Bench.Number(peer.RowsPerSecond)}"))}, limit {Bench.Number(Peers.Limit(median))} rows/s",
                "",
                null
            ),
            new Outcome(
                2,
                $"null service: processor time of {Peers.Sdk}, which the pipeline writes with",
                $"{Bench.Number(client.CpuPerRow)} µs/row (Cosmos.Table "
                    + $"{Bench.Number(median["Cosmos.Table 1"].CpuPerRow)}, data-tables "
                    + $"{Bench.Number(median["data-tables 1"].CpuPerRow)}, limit "
                    + $"{Bench.Number(median["limit 1"].CpuPerRow)})",
                "",
                null
            ),
            new Outcome(
                2,
                $"null service: allocations of {Peers.Sdk}",
                $"{Bench.Number(client.BytesPerRow)} B/row (Cosmos.Table "
                    + $"{Bench.Number(median["Cosmos.Table 1"].BytesPerRow)})",
                "",
                null
            ),
        ];
    }

    /// <summary>The product's first load of a body into an account of its own; what came of it is checked.</summary>
    public static async Task<Measured> ProductAsync(ServiceProcess service, Payload body, int warm)
    {
        var (account, other) = (service.NewAccount(), service.NewAccount());
        var name = PipelineUnderTest.BodyOf(body.Shape.SliceKey, body.Sha256, 0);
        await service.PlantAsync(account, $"raw/{name.Blob}", body.File, body.Sha256);
        var measured = await Child.RunAsync(
            Bench.Deadline,
            LoadRun.Name,
            service.ConnectionString(account),
            service.ConnectionString(other),
            body.Shape.SliceKey,
            body.File,
            body.Sha256,
            "0",
            "planted",
            $"{warm}"
        );
        LoadCheck.First(measured, body.Shape);
        var (rows, sum) = await service.TableAsync(account, "trademonthly");
        Bench.Check("rows of trademonthly", rows, body.Shape.Rows);
        Bench.Check("sum of ValueUsd", sum, body.Shape.Sum());
        await service.ForgetAsync(account);
        await service.ForgetAsync(other);
        return measured;
    }

    private static async Task<Measured> WriterAsync(
        ServiceProcess service,
        int expected,
        Func<string, string, Task<Measured>> run
    )
    {
        var account = service.NewAccount();
        await service.CreateTablesAsync(account, "facts", "warm");
        var measured = await run(account, service.ConnectionString(account));
        Bench.Check("rows of the table", (await service.TableAsync(account, "facts")).Rows, expected);
        await service.ForgetAsync(account);
        return measured;
    }
}
