using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Load;

/// <summary>What the ledger of a run must say.</summary>
internal static class LoadCheck
{
    /// <summary>Of a first load.</summary>
    public static void First(Measured run, TradeShape shape) => Counts(run, shape, shape.Rows, 0);

    /// <summary>Of any load.</summary>
    public static void Counts(Measured run, TradeShape shape, int added, int changed)
    {
        Bench.Check("rows read", run["read"], TradePayload.RowsRead(shape));
        Bench.Check("rows added", run["added"], added);
        Bench.Check("rows changed", run["changed"], changed);
        Bench.Check("rows unchanged", run["unchanged"], shape.Rows - added - changed);
        Bench.Check("rows excluded", run["excluded"], TradePayload.RowsRead(shape) - shape.Rows);
        Bench.Check("rows missing or rejected", run["missing"] + run["rejected"], 0);
    }
}
