using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Parse;

/// <summary>Goal 4: from the bytes of a body to checked rows.</summary>
internal sealed class Parsing : IGoal
{
    private const int Rows = 1_000_000, WarmRows = 20_000;
    private const double OfScan = 0.6, BytesPerRow = 200, AgainstStrings = 5;

    public string Name => "parse";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var (body, warm) = (bench.Body(TradeShape.OfRows(bench.Size(Rows))), bench.Body(TradeShape.OfRows(WarmRows, TradeShape.WarmYear)));
        var sum = body.Shape.Sum();
        var median = await bench.AlternateAsync([.. ((string[])[ParseRun.Scan, ParseRun.Check, ParseRun.Rows, ParseRun.Document, ParseRun.Strings]).Select(way => (way, (Func<Task<Measured>>)(async () =>
        {
            var measured = await Child.RunAsync(Bench.Deadline, ParseRun.Name, way, body.File, body.Shape.SliceKey, warm.File, warm.Shape.SliceKey);
            Bench.Check($"{way}: rows", measured.Rows, TradePayload.RowsRead(body.Shape));
            if (way is ParseRun.Rows or ParseRun.Document or ParseRun.Strings) Bench.Check($"{way}: sum of values", measured["sum"], sum);
            return measured;
        })))]);
        var (scan, rows, check, strings) = (Speed(median[ParseRun.Scan]), Speed(median[ParseRun.Rows]), Speed(median[ParseRun.Check]), Speed(median[ParseRun.Strings]));
        var allocated = median[ParseRun.Rows].BytesPerRow;
        return
        [
            new Outcome(4, $"parsing and checking {TradePayload.RowsRead(body.Shape):N0} rows of 12 cells ({body.Bytes / 1e6:N0} MB) to typed rows",
                $"{Bench.Number(rows / scan)} ({Bench.Number(rows)} MB/s, scan {Bench.Number(scan)}; checking without making rows {Bench.Number(check / scan)}, {Bench.Number(check)} MB/s)", $"≥ {OfScan} of the scan", rows >= OfScan * scan),
            new Outcome(4, "parsing: allocations", $"{Bench.Number(allocated)} B/row (checking alone {Bench.Number(median[ParseRun.Check].BytesPerRow)}; string[][] {Bench.Number(median[ParseRun.Strings].BytesPerRow)}, JsonDocument {Bench.Number(median[ParseRun.Document].BytesPerRow)})",
                $"≤ {BytesPerRow} B/row", allocated <= BytesPerRow),
            new Outcome(4, "parsing: against Deserialize<string[][]> and conversion",
                $"{Bench.Number(rows / strings)} × ({Bench.Number(strings)} MB/s, peak {Bench.Number(median[ParseRun.Strings].PeakMegabytes)} MB; JsonDocument {Bench.Number(Speed(median[ParseRun.Document]))} MB/s, {Bench.Number(median[ParseRun.Document].PeakMegabytes)} MB; here {Bench.Number(median[ParseRun.Rows].PeakMegabytes)} MB)",
                $"≥ {AgainstStrings} ×", rows >= AgainstStrings * strings)
        ];
    }

    /// <summary>MB of 1,000,000 bytes a second.</summary>
    private static double Speed(Measured run) => run["bytes"] / 1e6 / run.Seconds;
}
