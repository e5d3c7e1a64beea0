using Azure.Data.Tables;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Load;

/// <summary>Goal 1: loading into a fresh Azurite, whose one thread is what everybody waits for.</summary>
internal sealed class OnAzurite : IGoal
{
    private const int Rows = 50_000,
        WarmRows = 2000;
    private const double OfLimit = 0.85;
    private static readonly int[] Parallelisms = [1, 4, 8];

    public string Name => "azurite";

    /// <summary>More of them than elsewhere: its runs differ by a fifth among themselves.</summary>
    private static int Rounds(Bench bench) => bench.Rounds > 1 ? 5 : 1;

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var rows = bench.Size(Rows);
        var body = bench.Body(TradeShape.OfRows(rows));
        var runs = new List<(string, Func<Task<Measured>>)> { ("product", () => ProductAsync(body)) };
        foreach (var parallelism in Parallelisms)
        {
            runs.Add(
                ($"limit {parallelism}", () =>
                    WriterAsync(connection =>
                        Child.RunAsync(
                            Bench.Deadline,
                            LimitRun.Name,
                            Part(connection, "TableEndpoint"),
                            "bench",
                            Part(connection, "AccountKey"),
                            "facts",
                            $"{rows}",
                            $"{parallelism}",
                            $"{WarmRows}"
                        )
                    )
                )
            );
            runs.Add(
                ($"{Peers.Sdk} {parallelism}", () =>
                    WriterAsync(connection =>
                        Child.RunAsync(
                            Bench.Deadline,
                            ClientRun.Name,
                            connection,
                            "facts",
                            $"{rows}",
                            $"{parallelism}",
                            $"{WarmRows}"
                        )
                    )
                )
            );
            runs.Add(
                ($"Cosmos.Table {parallelism}", () =>
                    WriterAsync(connection =>
                        Child.CosmosAsync(
                            Bench.Deadline,
                            connection,
                            "facts",
                            $"{rows}",
                            $"{parallelism}",
                            "insert",
                            $"{WarmRows}"
                        )
                    )
                )
            );
            runs.Add(
                ($"data-tables {parallelism}", () =>
                    WriterAsync(connection =>
                        DataTables.RunAsync(connection, "facts", rows, parallelism, "insert", WarmRows, rows)
                    )
                )
            );
        }
        var median = await bench.AlternateAsync(runs, Rounds(bench));
        var (product, limit) = (median["product"].RowsPerSecond, Peers.Limit(median));
        var (peer, best) = Peers.Best(median);
        return
        [
            new Outcome(
                1,
                $"Azurite, first load of {rows:N0} rows: raw blob → merged tables, all checks and history on",
                $"{Bench.Number(product / limit)} ({Bench.Number(product)} rows/s; limit {Each(median, "limit")})",
                $"≥ {OfLimit} of the limit",
                product >= OfLimit * limit
            ),
            new Outcome(
                1,
                "Azurite: against the best peer that only writes",
                $"{Bench.Number(product / best)} × ({peer} {Bench.Number(best)}; {Peers.Sdk} "
                    + $"{Each(median, Peers.Sdk)}, Cosmos.Table {Each(median, "Cosmos.Table")}, data-tables "
                    + $"{Each(median, "data-tables")})",
                "≥ 1 × at every parallelism",
                product >= best
            ),
        ];
    }

    private static string Each(Dictionary<string, Measured> median, string name) =>
        string.Join(
            " / ",
            Parallelisms.Select(parallelism => Bench.Number(median[$"{name} {parallelism}"].RowsPerSecond))
        ) + " at 1 / 4 / 8";

    private static async Task<Measured> ProductAsync(Payload body)
    {
        await using var azurite = await AzuriteProcess.StartAsync();
        var connection = azurite.ConnectionString("bench");
        var measured = await Child.RunAsync(
            Bench.Deadline,
            LoadRun.Name,
            connection,
            azurite.ConnectionString("warm"),
            body.Shape.SliceKey,
            body.File,
            body.Sha256,
            "0",
            "store",
            $"{WarmRows}"
        );
        LoadCheck.First(measured, body.Shape);
        await CheckTableAsync(connection, body.Shape);
        return measured;
    }

    /// <summary>Reads the table back: every row once, and the sum of their values.</summary>
    public static async Task CheckTableAsync(string connection, TradeShape shape)
    {
        var (rows, sum) = (0L, 0L);
        await foreach (
            var row in new TableClient(connection, "trademonthly").QueryAsync<TableEntity>(
                select: ["PartitionKey", "RowKey", "ValueUsd"]
            )
        )
        {
            rows++;
            sum += row.GetInt64("ValueUsd")!.Value;
        }
        Bench.Check("rows of trademonthly", rows, shape.Rows);
        Bench.Check("sum of ValueUsd", sum, shape.Sum());
    }

    private static async Task<Measured> WriterAsync(Func<string, Task<Measured>> run)
    {
        await using var azurite = await AzuriteProcess.StartAsync();
        var connection = azurite.ConnectionString("bench");
        foreach (var name in (string[])["facts", "warm"])
            await new TableServiceClient(connection).CreateTableIfNotExistsAsync(name);
        return await run(connection);
    }

    private static string Part(string connection, string name) =>
        connection.Split(';').Single(part => part.StartsWith(name + "=", StringComparison.Ordinal))[
            (name.Length + 1)..
        ];
}
