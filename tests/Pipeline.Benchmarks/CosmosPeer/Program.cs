using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Azure.Cosmos.Table;
using Pipeline.Benchmarks.CosmosPeer;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

// connection string, table, rows, parallelism, insert|replace|merge, rows before the measured ones, and how many of all
// are sent
var (connection, table, rows, parallelism, mode, warm) = (
    args[0],
    args[1],
    int.Parse(args[2], CultureInfo.InvariantCulture),
    int.Parse(args[3], CultureInfo.InvariantCulture),
    args[4],
    int.Parse(args[5], CultureInfo.InvariantCulture)
);
var tables = CloudStorageAccount.Parse(connection).CreateCloudTableClient();
var shape = TradeShape.OfRows(rows, revision: mode == "insert" ? 0 : 1);
if (warm > 0)
{
    await WriteAsync(
        tables.GetTableReference("warm"),
        TradeRow.Batches(TradeShape.OfRows(warm, TradeShape.WarmYear)),
        "insert"
    );
}

var batches = TradeRow.Batches(shape);
if (args.Length > 6)
    batches = batches[..(int.Parse(args[6], CultureInfo.InvariantCulture) / 100)];
var meter = Meter.Start();
await WriteAsync(tables.GetTableReference(table), batches, mode);
var measured = meter.Stop();
measured["rows"] = batches.Sum(batch => batch.Length);
Console.WriteLine(Meter.Line(measured));

async Task WriteAsync(CloudTable target, IReadOnlyList<TradeRow[]> all, string how)
{
    var waiting = new ConcurrentQueue<TradeRow[]>(all);
    await Task.WhenAll(
        Enumerable
            .Range(0, parallelism)
            .Select(_ =>
                Task.Run(async () =>
                {
                    while (waiting.TryDequeue(out var batch))
                    {
                        var transaction = new TableBatchOperation();
                        foreach (var row in batch)
                        {
                            var entity = new TradeEntity(row);
                            switch (how)
                            {
                                case "insert":
                                    transaction.Insert(entity, echoContent: false);
                                    break;
                                case "replace":
                                    transaction.InsertOrReplace(entity);
                                    break;
                                default:
                                    transaction.InsertOrMerge(entity);
                                    break;
                            }
                        }
                        var results = await target.ExecuteBatchAsync(transaction);
                        if (results.Count != batch.Length)
                        {
                            throw new InvalidOperationException(
                                $"seen {results.Count} answers, expected {batch.Length}"
                            );
                        }
                    }
                })
            )
    );
}
