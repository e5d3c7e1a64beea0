using Azure.Data.Tables;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;
using Pipeline.Sources.Census;
using Pipeline.Storage;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// Azure.Data.Tables alone, as the other peers are measured: entities are made and sent in transactions of
/// 100, by so many at a time.
/// </summary>
internal static class ClientRun
{
    public const string Name = "client";

    /// <param name="arguments">The account; table; rows; parallelism; rows to warm up with.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (rows, parallelism, warm) = (
            PipelineUnderTest.Number(arguments[2]),
            PipelineUnderTest.Number(arguments[3]),
            PipelineUnderTest.Number(arguments[4])
        );
        await using var pipeline = new PipelineUnderTest(arguments[0]);
        var tables = pipeline.Get<StorageAccount>().Tables;
        if (warm > 0)
        {
            await WriteAsync(
                tables.GetTableClient("warm"),
                TradeRow.Batches(TradeShape.OfRows(warm, TradeShape.WarmYear)),
                parallelism
            );
        }

        var batches = TradeRow.Batches(TradeShape.OfRows(rows));
        var meter = Meter.Start();
        await WriteAsync(tables.GetTableClient(arguments[1]), batches, parallelism);
        var measured = meter.Stop();
        measured["rows"] = rows;
        return measured;
    }

    private static async Task WriteAsync(TableClient table, List<TradeRow[]> batches, int parallelism)
    {
        var next = -1;
        await Task.WhenAll(
            Enumerable
                .Range(0, parallelism)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        for (
                            var at = Interlocked.Increment(ref next);
                            at < batches.Count;
                            at = Interlocked.Increment(ref next)
                        )
                        {
                            var actions = new List<TableTransactionAction>(batches[at].Length);
                            foreach (var row in batches[at])
                                actions.Add(new TableTransactionAction(TableTransactionActionType.Add, Entity(row)));
                            var answers = await table.SubmitTransactionAsync(actions);
                            if (answers.Value.Count != actions.Count)
                            {
                                throw new BenchmarkException(
                                    $"client: seen {answers.Value.Count} answers, expected {actions.Count}"
                                );
                            }
                        }
                    })
                )
        );
    }

    private static TradeMonthly Entity(TradeRow row) =>
        new()
        {
            PartitionKey = row.PartitionKey,
            RowKey = row.RowKey,
            Source = "census-trade",
            Dataset = PipelineUnderTest.Dataset,
            Vintage = TradeRow.Vintage,
            FirstSeen = TradeRow.Vintage,
            LastChanged = TradeRow.Vintage,
            Basis = TradeShape.Basis,
            RawBlob = TradeRow.RawBlob,
            RunId = TradeRow.RunId,
            RowHash = TradeRow.RowHash,
            Period = "2023-01",
            PeriodStart = new DateTimeOffset(2023, 1, 1, 0, 0, 0, TimeSpan.Zero),
            Year = row.Year,
            Month = 1,
            Reporter = "US",
            PartnerCode = row.PartnerCode,
            PartnerName = row.PartnerName,
            Flow = "imports",
            Level = "HS6",
            Commodity = row.Commodity,
            CommodityName = row.CommodityName,
            ValueUsd = row.Value,
            YearToDateUsd = row.YearToDate,
        };
}
