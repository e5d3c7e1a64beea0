using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Reload;

/// <summary>A slice from its source to the tables; the second time the source answers with the same body.</summary>
internal static class PullRun
{
    public const string Name = "pull";

    /// <param name="arguments">The account; an account to warm up on; the publisher's address; the slice's key;
    /// <c>first</c> or <c>again</c>; the key of a small slice to warm up with.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (census, key, first, warm) = (arguments[2], arguments[3], arguments[4] == "first", arguments[5]);
        await using (var other = new PipelineUnderTest(arguments[1], census))
        {
            await FirstAsync(other, warm);
            await other.PublishAsync(await other.NewestAsync(warm));
            for (var time = 0; time < 3; time++)
                await other.PullAsync(warm);
        }
        var calls = new CallCounts();
        await using var pipeline = new PipelineUnderTest(arguments[0], census, calls);
        var meter = Meter.Start();
        if (first)
            await FirstAsync(pipeline, key);
        else
            await pipeline.PullAsync(key);
        var measured = meter.Stop();
        calls.AddTo(measured);
        if (!first)
            return measured;
        var name = await pipeline.NewestAsync(key);
        await pipeline.AddLedgerAsync(name, measured);
        await pipeline.PublishAsync(name);
        return measured;
    }

    private static async Task FirstAsync(PipelineUnderTest pipeline, string key)
    {
        await pipeline.PullAsync(key);
        await pipeline.NormalizeAsync(await pipeline.NewestAsync(key));
    }
}
