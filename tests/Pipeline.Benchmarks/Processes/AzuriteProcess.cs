using System.Diagnostics;

namespace Pipeline.Benchmarks.Processes;

/// <summary>
/// An Azurite in memory on free ports, of which every run gets a new account: fresh tables, and no rows of
/// other runs in the way of its one thread.
/// </summary>
internal sealed class AzuriteProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);
    private static readonly string Key = Convert.ToBase64String(new byte[16]);
    private readonly Process process;
    private readonly int blobs = Testing.Loopback.FreePort(),
        queues = Testing.Loopback.FreePort(),
        tables = Testing.Loopback.FreePort();

    private AzuriteProcess()
    {
        var script = Path.Combine(Testing.Repository.Root, "node_modules", "azurite", "dist", "src", "azurite.js");
        if (!File.Exists(script))
        {
            throw new BenchmarkException(
                $"{script}: missing, expected Azurite; run npm ci in {Testing.Repository.Root}"
            );
        }

        var start = new ProcessStartInfo(
            "node",
            [
                "--require",
                Testing.Repository.AzuriteWithoutSweeping,
                script,
                "--inMemoryPersistence",
                "--silent",
                "--skipApiVersionCheck",
                "--disableTelemetry",
                "--blobHost",
                "127.0.0.1",
                "--queueHost",
                "127.0.0.1",
                "--tableHost",
                "127.0.0.1",
                "--blobPort",
                $"{blobs}",
                "--queuePort",
                $"{queues}",
                "--tablePort",
                $"{tables}",
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["AZURITE_ACCOUNTS"] = $"bench:{Key};warm:{Key}";
        process = Process.Start(start) ?? throw new BenchmarkException("node did not start");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static async Task<AzuriteProcess> StartAsync()
    {
        var azurite = new AzuriteProcess();
        var waited = Stopwatch.StartNew();
        foreach (var port in (int[])[azurite.blobs, azurite.queues, azurite.tables])
        {
            while (!await Testing.Loopback.AnswersAsync(port))
            {
                if (waited.Elapsed > StartLimit || azurite.process.HasExited)
                    throw new BenchmarkException($"Azurite does not answer on port {port}");
                await Task.Delay(50);
            }
        }

        return azurite;
    }

    /// <param name="account"><c>bench</c> or <c>warm</c>.</param>
    public string ConnectionString(string account) =>
        $"DefaultEndpointsProtocol=http;AccountName={account};AccountKey={Key};"
        + $"BlobEndpoint=http://127.0.0.1:{blobs}/{account};QueueEndpoint=http://127.0.0.1:{queues}/{account};"
        + $"TableEndpoint=http://127.0.0.1:{tables}/{account};";

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
