using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// The product's whole way from a stored body to merged tables, with everything it always does: checks,
/// difference, history, ledger.
/// </summary>
internal static class LoadRun
{
    public const string Name = "load";

    /// <param name="arguments">The account; an account to warm up on; the slice's key; the body's file; its SHA-256;
    /// which body of the slice it is; <c>store</c> or <c>planted</c>; rows to warm up with.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (connection, warm, key, file, sha256, number, store, rows) = (
            arguments[0],
            arguments[1],
            arguments[2],
            arguments[3],
            arguments[4],
            PipelineUnderTest.Number(arguments[5]),
            arguments[6] == "store",
            PipelineUnderTest.Number(arguments[7])
        );
        await using (var other = new PipelineUnderTest(warm))
            await other.WarmAsync(rows, number > 0);
        await using var pipeline = new PipelineUnderTest(connection);
        var name = PipelineUnderTest.BodyOf(key, sha256, number);
        if (store)
        {
            await using var body = File.OpenRead(file);
            await pipeline.StoreAsync(name, sha256, body);
        }
        var meter = Meter.Start();
        await pipeline.NormalizeAsync(name);
        var measured = meter.Stop();
        await pipeline.AddLedgerAsync(name, measured);
        measured["rows"] = measured["added"] + measured["changed"] + measured["unchanged"];
        return measured;
    }
}
