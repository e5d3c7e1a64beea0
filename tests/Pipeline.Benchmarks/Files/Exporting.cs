using Pipeline.Benchmarks.Processes;
using Pipeline.Exports.Formats;

namespace Pipeline.Benchmarks.Files;

/// <summary>Goal 9: files of a million rows come quickly, and in little memory.</summary>
internal sealed class Exporting : IGoal
{
    private const int Rows = 1_000_000;
    private const double MaxSeconds = 15,
        MaxMegabytes = 300;

    public string Name => "files";

    public async Task<IReadOnlyList<Outcome>> MeasureAsync(Bench bench)
    {
        var median = await bench.AlternateAsync([
            .. RowFormat.All.Select(format => (format.Name, (Func<Task<Measured>>)(() => RunAsync(bench, format)))),
        ]);
        var (csv, parquet) = (median[RowFormat.Csv.Name], median[RowFormat.Parquet.Name]);
        Bench.Check("rows of both formats", parquet.Rows, csv.Rows);
        return
        [
            .. RowFormat.All.Select(format =>
            {
                var run = median[format.Name];
                return new Outcome(
                    9,
                    $"files: {run.Rows:N0} rows of all columns as {format.Name}",
                    $"{Bench.Number(run.Seconds)} s, peak {Bench.Number(run.PeakMegabytes)} MB, file "
                        + $"{Bench.Number(run["bytes"] / 1e6)} MB ({Bench.Number(run["bytes"] / csv["bytes"])} of CSV)",
                    $"≤ {MaxSeconds} s, < {MaxMegabytes} MB of memory",
                    run.Seconds <= MaxSeconds && run.PeakMegabytes < MaxMegabytes
                );
            }),
        ];
    }

    private static async Task<Measured> RunAsync(Bench bench, RowFormat format)
    {
        var rows = bench.Size(Rows);
        var file = Path.Combine(bench.Folder, $"rows.{format.Name}");
        var run = await Child.RunAsync(Bench.Deadline, ExportRun.Name, format.Name, $"{rows}", file);
        Bench.Check("rows", run.Rows, rows);
        File.Delete(file);
        return run;
    }
}
