using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Azurite;

/// <summary>
/// The Azurite behind <c>UseDevelopmentStorage=true</c>. One that answers is used; otherwise one is started. It serves every process that registered and
/// ends with the last of them (see <see cref="AzuriteGuard"/> and <see cref="AzuriteUsers"/>).
/// </summary>
internal sealed class LocalAzurite(AzuriteSetup setup, TimeProvider time, Action<string> say) : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(8), Glance = TimeSpan.FromMilliseconds(100);
    private readonly AzuriteUsers users = new(setup.UsersFolder, time);
    private readonly Queue<string> lastLines = new();
    private Process? process;

    /// <summary>The process, when it was started here.</summary>
    internal Process? Started => process;

    /// <summary>Makes sure that Azurite answers, and registers this process as a user of it.</summary>
    /// <param name="settings">The settings that ask for it, for messages.</param>
    /// <param name="mayStart">False with --no-azurite.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="StartupException">It does not answer and cannot be started.</exception>
    public async Task EnsureAsync(IReadOnlyList<string> settings, bool mayStart, CancellationToken cancellation)
    {
        using var alone = await LockAsync(cancellation);
        users.AnyOther();
        users.Enter();
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        await UntilAsync(async () => !File.Exists(users.Stopping) || await AnsweringAsync() == 0, EndLimit, cancellation);
        var answering = await AnsweringAsync();
        if (answering == setup.Ports.All.Count)
        {
            say($"Azurite: using the one on {Shown}");
            return;
        }
        if (answering > 0)
            throw new StartupException($"Azurite: seen {answering} of the ports {Shown} in use, expected all (a running Azurite) or none; stop what uses them");
        if (!mayStart)
            throw new StartupException(
                $"{string.Join(" and ", settings)}: seen UseDevelopmentStorage=true with --no-azurite, and nothing listens on {Shown}; start Azurite, leave --no-azurite out, or name a real account");
        await StartAsync(cancellation);
    }

    /// <summary>Leaves; the last user waits until Azurite has written everything and ended.</summary>
    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        if (!Directory.Exists(users.Entries)) return;
        using (await LockAsync(CancellationToken.None))
        {
            users.Leave();
            if (!users.AnyOther() && File.Exists(users.Running))
            {
                var ended = await UntilAsync(async () => await AnsweringAsync() == 0 && process?.HasExited != false, EndLimit, CancellationToken.None);
                if (!ended && process is { HasExited: false })
                {
                    say($"Azurite: did not end within {EndLimit.TotalSeconds:0} s and is killed");
                    process.Kill(entireProcessTree: true);
                    await process.WaitForExitAsync();
                }
            }
        }
        process?.Dispose();
    }

    private string Shown => $"127.0.0.1:{string.Join('/', setup.Ports.All)}";

    private void OnExit(object? sender, EventArgs args) => users.Leave();

    private Task<IDisposable> LockAsync(CancellationToken cancellation) =>
        users.LockAsync(() => say("Azurite: waiting for another process that is starting or leaving it …"), setup.InstallLimit + setup.StartLimit + EndLimit, cancellation);

    private async Task StartAsync(CancellationToken cancellation)
    {
        var root = setup.Root ?? FindRoot() ?? throw new StartupException(
            "Azurite: seen no package.json that asks for azurite, in the current folder, the app's, or above; run from the checkout or start Azurite by hand");
        var script = await new NodeTools(setup, time, say).AzuriteAsync(root, cancellation);
        var data = setup.Data ?? Path.Combine(root, ".azurite");
        Directory.CreateDirectory(data);
        File.Delete(users.Stopping);
        File.Delete(users.Running);
        var guard = Path.Combine(setup.UsersFolder, "guard.cjs");
        await File.WriteAllTextAsync(guard, AzuriteGuard.Script, cancellation);
        var start = new ProcessStartInfo(
            setup.Node,
            ["--require", guard, script, "--silent", "--location", data, "--skipApiVersionCheck", "--disableTelemetry", "--blobHost", "127.0.0.1", "--queueHost", "127.0.0.1", "--tableHost",
             "127.0.0.1", "--blobPort", Text(setup.Ports.Blob), "--queuePort", Text(setup.Ports.Queue), "--tablePort", Text(setup.Ports.Table)])
        {
            WorkingDirectory = data,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[AzuriteGuard.UsersVariable] = users.Entries;
        start.Environment.Remove("AZURITE_ACCOUNTS"); // UseDevelopmentStorage=true means the published account
        start.Environment.Remove("NODE_OPTIONS");
        process = Process.Start(start) ?? throw NodeTools.Missing("node", setup.Node);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var ready = await UntilAsync(async () => process.HasExited || await AnsweringAsync() == setup.Ports.All.Count, setup.StartLimit, cancellation);
        if (ready && !process.HasExited)
        {
            say($"Azurite: started on {Shown}, data in {data}");
            return;
        }
        var seen = process.HasExited ? $"the process ended with exit code {process.ExitCode}" : $"no answer within {setup.StartLimit.TotalSeconds:0} s";
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(cancellation);
        lock (lastLines)
            throw new StartupException([$"Azurite on {Shown}: {seen}; its last lines follow. Data is in {data}; move it away if it is damaged", .. lastLines.Select(line => "  " + line)]);
    }

    private void Keep(string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > 12) lastLines.Dequeue();
        }
    }

    private async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (!await condition())
        {
            if (time.GetElapsedTime(started) > limit) return false;
            await Task.Delay(Glance, time, cancellation);
        }
        return true;
    }

    private async Task<int> AnsweringAsync()
    {
        var count = 0;
        foreach (var port in setup.Ports.All)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                count++;
            }
            catch (SocketException)
            {
                // nothing listens there, which is what is being asked
            }
        }
        return count;
    }

    /// <summary>The nearest folder, from the current one and from the app's upwards, whose package.json asks for azurite.</summary>
    internal static string? FindRoot()
    {
        foreach (var from in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
            for (var at = new DirectoryInfo(from); at is not null; at = at.Parent)
            {
                var package = Path.Combine(at.FullName, "package.json");
                if (File.Exists(package) && File.ReadAllText(package).Contains("\"azurite\"", StringComparison.Ordinal)) return at.FullName;
            }
        return null;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
