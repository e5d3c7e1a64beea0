using Pipeline.Benchmarks.Processes;

namespace Pipeline.Benchmarks.Reload;

/// <summary>A slice from its source to the tables; the second time the source answers with the same body.</summary>
internal static class PullRun
{
    public const string Name = "pull";

    /// <param name="arguments">The account; the publisher's address; the slice's key; <c>first</c> or <c>again</c>.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (key, first) = (arguments[2], arguments[3] == "first");
        var calls = new CallCounts();
        await using var pipeline = new PipelineUnderTest(arguments[0], arguments[1], calls);
        var meter = Meter.Start();
        await pipeline.PullAsync(key);
        if (first) await pipeline.NormalizeAsync(await pipeline.NewestAsync(key));
        var measured = meter.Stop();
        calls.AddTo(measured);
        if (!first) return measured;
        var name = await pipeline.NewestAsync(key);
        await pipeline.AddLedgerAsync(name, measured);
        await pipeline.PublishAsync(name);
        return measured;
    }
}
