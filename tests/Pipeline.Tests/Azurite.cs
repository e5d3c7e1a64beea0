using System.Diagnostics;
using Xunit;

[assembly: AssemblyFixture(typeof(Pipeline.Tests.Azurite))]

namespace Pipeline.Tests;

/// <summary>
/// One Azurite for all tests, in memory, on free ports. Every test takes an account of its own, so that tests neither share
/// tables nor wait for one another.
/// </summary>
public sealed class Azurite : IAsyncLifetime
{
    private const int Accounts = 2000;

    /// <summary>Short, because the list of accounts is one environment variable of at most 128 KiB.</summary>
    private static readonly string Key = Convert.ToBase64String(new byte[16]);
    private Process? process;
    private int handedOut;

    public int BlobPort { get; } = Loopback.FreePort();
    public int QueuePort { get; } = Loopback.FreePort();
    public int TablePort { get; } = Loopback.FreePort();

    /// <summary>The connection string of a storage account that no other test has seen.</summary>
    public string NewAccount()
    {
        var number = Interlocked.Increment(ref handedOut);
        Assert.True(number <= Accounts, $"more than {Accounts} tests ask for an account: raise Azurite.Accounts");
        var name = $"test{number:000}";
        return $"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={Key};" +
               $"BlobEndpoint=http://127.0.0.1:{BlobPort}/{name};QueueEndpoint=http://127.0.0.1:{QueuePort}/{name};TableEndpoint=http://127.0.0.1:{TablePort}/{name};";
    }

    public async ValueTask InitializeAsync()
    {
        var script = Path.Combine(Repository.Root, "node_modules", "azurite", "dist", "src", "azurite.js");
        if (!File.Exists(script)) await InstallAsync();
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[]
                 {
                     "--require", Repository.AzuriteWithoutSweeping, script, "--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1",
                     "--tableHost", "127.0.0.1", "--blobPort", $"{BlobPort}", "--queuePort", $"{QueuePort}", "--tablePort", $"{TablePort}"
                 })
            start.ArgumentList.Add(argument);
        start.Environment["AZURITE_ACCOUNTS"] = string.Join(';', Enumerable.Range(1, Accounts).Select(n => $"test{n:000}:{Key}"));
        process = Process.Start(start) ?? throw new InvalidOperationException("node did not start");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var limit = Stopwatch.StartNew();
        foreach (var port in new[] { BlobPort, QueuePort, TablePort })
            while (!await Loopback.AnswersAsync(port))
            {
                Assert.True(limit.Elapsed < TimeSpan.FromMinutes(5) && !process.HasExited, $"Azurite does not answer on port {port}");
                await Task.Delay(100);
            }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is null) return;
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>A fresh clone has no Azurite yet; the app would install it on its first run, and so do the tests.</summary>
    private static async Task InstallAsync()
    {
        using var npm = Process.Start(new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", "ci --no-progress")
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        }) ?? throw new InvalidOperationException("npm did not start");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        var output = Task.WhenAll(npm.StandardOutput.ReadToEndAsync(limit.Token), npm.StandardError.ReadToEndAsync(limit.Token));
        await npm.WaitForExitAsync(limit.Token);
        Assert.True(npm.ExitCode == 0, $"npm ci in {Repository.Root} ended with {npm.ExitCode}: {string.Join('\n', await output)}");
    }
}
