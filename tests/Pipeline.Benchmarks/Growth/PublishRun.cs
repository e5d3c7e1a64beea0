using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Growth;

/// <summary>
/// The last step of a loaded body: its run is completed, and indicators, claims and the files of the tables
/// are made.
/// </summary>
internal static class PublishRun
{
    public const string Name = "publish";

    /// <param name="arguments">The account; an account to warm up on; the slice's key; the body's SHA-256; which body
    /// of the slice it is; rows to warm up with.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (key, sha256, number, rows) = (
            arguments[2],
            arguments[3],
            PipelineUnderTest.Number(arguments[4]),
            PipelineUnderTest.Number(arguments[5])
        );
        await using (var other = new PipelineUnderTest(arguments[1]))
            await other.WarmAsync(rows, again: false, publish: true);
        await using var pipeline = new PipelineUnderTest(arguments[0]);
        var name = PipelineUnderTest.BodyOf(key, sha256, number);
        var meter = Meter.Start();
        await pipeline.PublishAsync(name);
        var measured = meter.Stop();
        await pipeline.AddLedgerAsync(name, measured);
        measured["rows"] = measured["added"] + measured["changed"] + measured["unchanged"];
        return measured;
    }
}
