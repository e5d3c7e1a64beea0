using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Parse;

/// <summary>Goal 4: from the bytes of a body to checked rows.</summary>
internal sealed class Parsing : IGoal
{
    private const int Rows = 1_000_000,
        WarmRows = 100_000;
    private const double OfScan = 0.6,
        BytesPerRow = 200,
        AgainstStrings = 5;

    public string Name => "parse";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var (body, warm) = (
            bench.Body(TradeShape.OfRows(bench.Size(Rows))),
            bench.Body(TradeShape.OfRows(WarmRows, TradeShape.WarmYear))
        );
        var sum = body.Shape.Sum();
        var median = await bench.AlternateAsync([
            .. ((string[])[ParseRun.Scan, ParseRun.Rows, ParseRun.Document, ParseRun.Strings]).Select(way =>
                (
                    way,
                    (Func<Task<Measured>>)(
                        async () =>
                        {
                            var measured = await Child.RunAsync(
                                Bench.Deadline,
                                ParseRun.Name,
                                way,
                                body.File,
                                body.Shape.SliceKey,
                                warm.File,
                                warm.Shape.SliceKey
                            );
                            Bench.Check($"{way}: rows", measured.Rows, TradePayload.RowsRead(body.Shape));
                            if (way is ParseRun.Rows or ParseRun.Document or ParseRun.Strings)
                                Bench.Check($"{way}: sum of values", measured["sum"], sum);
                            return measured;
                        }
                    )
                )
            ),
        ]);
        var (scan, strings) = (Speed(median[ParseRun.Scan]), Speed(median[ParseRun.Strings]));
        var size = $"{TradePayload.RowsRead(body.Shape):N0} rows of 12 cells, {body.Bytes / 1e6:N0} MB";
        return [.. Of($"parsing and checking, and a typed row for the table for each ({size})", median[ParseRun.Rows])];

        IEnumerable<Outcome> Of(string what, Measured run)
        {
            var speed = Speed(run);
            yield return new Outcome(
                4,
                what,
                $"{Bench.Number(speed / scan)} ({Bench.Number(speed)} MB/s; scan {Bench.Number(scan)}, "
                    + $"{Bench.Number(median[ParseRun.Scan].PeakMegabytes)} MB peak, here "
                    + $"{Bench.Number(run.PeakMegabytes)})",
                $"≥ {OfScan} of the scan",
                speed >= OfScan * scan
            );
            yield return new Outcome(
                4,
                $"{what}: allocations",
                $"{Bench.Number(run.BytesPerRow)} B/row (string[][] "
                    + $"{Bench.Number(median[ParseRun.Strings].BytesPerRow)}, JsonDocument "
                    + $"{Bench.Number(median[ParseRun.Document].BytesPerRow)})",
                $"≤ {BytesPerRow} B/row",
                run.BytesPerRow <= BytesPerRow
            );
            yield return new Outcome(
                4,
                $"{what}: against Deserialize<string[][]> and conversion",
                $"{Bench.Number(speed / strings)} × (string[][] {Bench.Number(strings)} MB/s, peak "
                    + $"{Bench.Number(median[ParseRun.Strings].PeakMegabytes)} MB; JsonDocument "
                    + $"{Bench.Number(Speed(median[ParseRun.Document]))} MB/s, "
                    + $"{Bench.Number(median[ParseRun.Document].PeakMegabytes)} MB)",
                $"≥ {AgainstStrings} ×",
                speed >= AgainstStrings * strings
            );
        }
    }

    /// <summary>MB of 1,000,000 bytes a second.</summary>
    private static double Speed(Measured run) => run["bytes"] / 1e6 / run.Seconds;
}
