using System.Text.Json;
using Azure;
using Pipeline.Benchmarks.Processes;
using Pipeline.Storage;

namespace Pipeline.Benchmarks.Scale;

/// <summary>
/// A worker: it takes one slice after the other, as an instance of the app takes messages, until there are no
/// more.
/// </summary>
internal static class WorkerRun
{
    public const string Name = "worker";
    private const int WarmRows = 2000;

    /// <summary>How often a message is delivered before it is poison; as in host.json.</summary>
    private const int Deliveries = 5;

    /// <param name="arguments">The account; an account to warm up on; where to ask for numbers; how many workers there
    /// are; a file with a slice's key and its body's SHA-256 a line.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (bench, workers, slices) = (
            arguments[2],
            PipelineUnderTest.Number(arguments[3]),
            (await File.ReadAllLinesAsync(arguments[4])).Select(line => line.Split(' ')).ToList()
        );
        await using (var other = new PipelineUnderTest(arguments[1]))
            await other.WarmAsync(WarmRows, again: false);
        await using var pipeline = new PipelineUnderTest(arguments[0]);
        using var http = new HttpClient();
        async Task<int> AskAsync(string what, string figure) =>
            (int)
                JsonSerializer.Deserialize<Dictionary<string, double>>(await http.GetStringAsync($"{bench}/{what}"))![
                    figure
                ];
        // All begin together.
        await AskAsync("ready", "ready");
        while (await AskAsync("ready?wait=1", "ready") < workers)
            await Task.Delay(5);
        var meter = Meter.Start();
        var rows = 0.0;
        for (var next = await AskAsync("next", "next"); next < slices.Count; next = await AskAsync("next", "next"))
        {
            var name = PipelineUnderTest.BodyOf(slices[next][0], slices[next][1], 0);
            await LoadAsync(pipeline, name);
            var ledger = new Dictionary<string, double>();
            await pipeline.AddLedgerAsync(name, ledger);
            rows += ledger["added"];
        }
        var measured = meter.Stop();
        measured["rows"] = rows;
        return measured;
    }

    /// <summary>
    /// A service that stays busy longer than its client tries ends the step; the message comes back, as it
    /// does to the app.
    /// </summary>
    private static async Task LoadAsync(PipelineUnderTest pipeline, RawName name)
    {
        for (var delivery = 1; ; delivery++)
        {
            try
            {
                await pipeline.NormalizeAsync(name);
                return;
            }
            catch (RequestFailedException busy) when (busy.Status == 503 && delivery < Deliveries)
            {
                await Console.Error.WriteLineAsync(
                    $"{name.Blob}: {busy.ErrorCode}, delivery {delivery} of {Deliveries}"
                );
            }
        }
    }
}
