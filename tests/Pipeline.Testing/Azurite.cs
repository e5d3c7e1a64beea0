using System.Diagnostics;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// One Azurite for all tests, in memory, on free ports. Every test takes an account of its own, so that tests neither
/// share tables nor wait for one another.
/// </summary>
public sealed class Azurite : IAsyncLifetime
{
    private const int Accounts = 2000;

    /// <summary>Short, because the list of accounts is one environment variable of at most 128 KiB.</summary>
    private static readonly string Key = Convert.ToBase64String(new byte[16]);

    /// <summary>For a machine that is slow, and yet an end for one that hangs.</summary>
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(30),
        StartLimit = TimeSpan.FromMinutes(5);

    private static readonly string Modules = Path.Combine(Repository.Root, "node_modules");
    private static readonly string Script = Path.Combine(Modules, "azurite", "dist", "src", "azurite.js");

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
        return $"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={Key};"
            + $"BlobEndpoint=http://127.0.0.1:{BlobPort}/{name};QueueEndpoint=http://127.0.0.1:{QueuePort}/{name};"
            + $"TableEndpoint=http://127.0.0.1:{TablePort}/{name};";
    }

    public async ValueTask InitializeAsync()
    {
        await InstallAsync();
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (
            var argument in new[]
            {
                "--require",
                Repository.AzuriteWithoutSweeping,
                Script,
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
                $"{BlobPort}",
                "--queuePort",
                $"{QueuePort}",
                "--tablePort",
                $"{TablePort}",
            }
        )
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["AZURITE_ACCOUNTS"] = string.Join(
            ';',
            Enumerable.Range(1, Accounts).Select(n => $"test{n:000}:{Key}")
        );
        process = Process.Start(start) ?? throw new InvalidOperationException("node did not start");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var limit = Stopwatch.StartNew();
        foreach (var port in new[] { BlobPort, QueuePort, TablePort })
        {
            while (!await Loopback.AnswersAsync(port))
            {
                Assert.True(
                    limit.Elapsed < StartLimit && !process.HasExited,
                    $"Azurite does not answer on port {port}"
                );
                await Task.Delay(100);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Tests that need a storage that goes away dispose of their own.
        if (process is not { } started)
            return;
        process = null;
        if (!started.HasExited)
            started.Kill(entireProcessTree: true);
        await started.WaitForExitAsync();
        started.Dispose();
    }

    /// <summary>
    /// Fetches the npm packages of the tests if one is missing: a build fetches the chart library alone, and a
    /// local run Azurite besides.
    /// </summary>
    private static async Task InstallAsync()
    {
        using var limit = new CancellationTokenSource(InstallLimit);
        await using var alone = await LockAsync(limit.Token);
        if (IsInstalled())
            return;
        using var npm = Process.Start(
            new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", "ci --no-progress")
            {
                WorkingDirectory = Repository.Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        ) ?? throw new InvalidOperationException("npm did not start");
        var output = Task.WhenAll(
            npm.StandardOutput.ReadToEndAsync(limit.Token),
            npm.StandardError.ReadToEndAsync(limit.Token)
        );
        await npm.WaitForExitAsync(limit.Token);
        Assert.True(
            npm.ExitCode == 0 && IsInstalled(),
            $"npm ci in {Repository.Root} ended with {npm.ExitCode}: {string.Join('\n', await output)}"
        );
    }

    private static bool IsInstalled() =>
        File.Exists(Script)
        && File.Exists(Path.Combine(Modules, "axe-core", "axe.min.js"))
        && File.Exists(Path.Combine(Modules, "@azure", "data-tables", "package.json"));

    /// <summary>
    /// The lock under which a local host fetches packages, too: two fetches at a time would delete each
    /// other's, and half a fetch is not one.
    /// </summary>
    private static async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, ".azurite"));
        while (true)
        {
            try
            {
                return new FileStream(
                    Path.Combine(folder.FullName, "npm.lock"),
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None
                );
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
            }
        }
    }
}
