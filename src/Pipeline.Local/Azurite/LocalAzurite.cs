using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Azure;
using Azure.Storage.Queues;
using Pipeline.Local.Worker;

namespace Pipeline.Local.Azurite;

/// <summary>
/// The Azurite that the settings ask for: a running one is used, otherwise one is started; the last local host of any
/// checkout to leave stops it.
/// </summary>
/// <param name="account">Its ports.</param>
/// <param name="connectionString">The connection string that names it.</param>
/// <param name="tools">Node.js and npm.</param>
/// <param name="registry">The hosts that use it.</param>
/// <param name="data">The folder of its data.</param>
/// <param name="time">The clock of all waiting.</param>
/// <param name="say">Receives progress.</param>
internal sealed class LocalAzurite(
    AzuriteAccount account,
    string connectionString,
    NodeTools tools,
    HostRegistry registry,
    string data,
    TimeProvider time,
    Action<string> say
) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopLimit = TimeSpan.FromMinutes(2);

    /// <summary>How long the stop waits for the lock.</summary>
    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(10);

    /// <summary>The same for a host that has not used Azurite yet.</summary>
    private static readonly TimeSpan ShortLockLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan CheckPeriod = TimeSpan.FromMilliseconds(100);

    /// <summary>Why a run with <c>--no-azurite</c> cannot start.</summary>
    public static string NotRunning(AzuriteAccount account) =>
        $"Azurite: seen nothing on {account.Shown} with --no-azurite, expected a running Azurite; start it, or leave "
        + "--no-azurite out";

    /// <summary>
    /// Ctrl-C in a terminal reaches Azurite, too: it must outlive the listeners, which still put messages
    /// back.
    /// </summary>
    private const string Guard =
        "for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});\n"
        + "const on = process.on; process.on = process.once = function (event, listener) "
        + "{ return event === 'SIGINT' || event === 'SIGHUP' ? this : on.call(this, event, listener); };\n";

    private readonly LastLines lastLines = new();
    private Process? started;
    private bool hadLock;

    /// <summary>Makes sure that Azurite answers.</summary>
    /// <param name="mayStart">False with --no-azurite.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StartException">It does not answer and cannot be started, or it is another's.</exception>
    public async Task EnsureAsync(bool mayStart, CancellationToken cancellationToken)
    {
        using var alone = await registry.LockAsync(time, say, cancellationToken);
        hadLock = true;
        var answering = await CountAnsweringAsync(cancellationToken);
        if (answering > 0 && answering < account.Ports.Count)
        {
            throw new StartException(
                $"Azurite: seen {answering} of the ports {account.Shown} in use, expected all of them (a running "
                    + "Azurite) or none; stop what uses them"
            );
        }
        if (answering == 0 && !mayStart)
        {
            throw new StartException(NotRunning(account));
        }
        if (answering == 0)
        {
            await StartAsync(cancellationToken);
        }
        await CheckAccountAsync(cancellationToken);
        say(
            (answering == 0, registry.Azurite) switch
            {
                (true, _) => $"Azurite: started on {account.Shown}, data in {data}",
                // Perhaps of another checkout.
                (_, { } running) => $"Azurite: using the one on {account.Shown}, data in {running.Data}",
                _ => $"Azurite: using the one on {account.Shown}",
            }
        );
    }

    /// <summary>Ends when Azurite does not answer any more.</summary>
    /// <returns>What happened and what to do.</returns>
    public async Task<string> WatchAsync(CancellationToken cancellationToken)
    {
        for (var missed = 0; missed < 3; )
        {
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            if (started?.HasExited == true)
                missed = 3;
            else if (await CountAnsweringAsync(cancellationToken) < account.Ports.Count)
                missed++;
            else
                missed = 0;
        }
        var end = started is { HasExited: true } process
            ? $"ended with exit code {process.ExitCode}{lastLines.Quoted}"
            : $"does not answer on {account.Shown} any more";
        return $"Azurite: {end}; run the command again: nothing that was stored is lost, and the work goes on where "
            + "it ended";
    }

    /// <summary>
    /// Stops Azurite if a local host has started it and no other one uses it. A process that holds the lock meanwhile
    /// is about to use it: then it stays.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        // Before the lock: a host that holds it and is about to stop Azurite must not see this one.
        registry.Leave();
        // Also if Ctrl-C has ended the first wait for the lock: the last user may have left Azurite to this host.
        using var alone = await registry.TryLockAsync(hadLock ? LockLimit : ShortLockLimit, time);
        if (alone is not null && registry.Azurite is { } azurite && !registry.HasOthers())
        {
            await StopAsync(azurite.Process);
        }
        else if (alone is null && hadLock)
        {
            say($"Azurite: left running on {account.Shown}; another local host is starting or stopping");
        }
        started?.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await tools.CheckNodeAsync(cancellationToken);
        await tools.FetchAsync(cancellationToken);
        Directory.CreateDirectory(data);
        var guard = Path.Combine(data, "signals.cjs");
        await File.WriteAllTextAsync(guard, Guard, cancellationToken);
        string[] ports =
        [
            .. new[] { ("blob", account.Blob), ("queue", account.Queue), ("table", account.Table) }.SelectMany(
                service =>
                    new[]
                    {
                        $"--{service.Item1}Host",
                        "127.0.0.1",
                        $"--{service.Item1}Port",
                        service.Item2.ToString(CultureInfo.InvariantCulture),
                    }
            ),
        ];
        var start = new ProcessStartInfo(
            tools.Node,
            [
                "--require",
                guard,
                tools.Script,
                "--silent",
                "--location",
                data,
                "--skipApiVersionCheck",
                "--disableTelemetry",
                .. ports,
            ]
        )
        {
            WorkingDirectory = data,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("AZURITE_ACCOUNTS");
        start.Environment.Remove("NODE_OPTIONS");
        started = Process.Start(start) ?? throw new StartException($"Azurite: '{tools.Node}' did not start");
        if (ProcessId.Of(started) is { } id)
            registry.KeepAzurite(new HostRegistry.StartedAzurite(id, data));
        lastLines.Read(started);
        var ready = await UntilAsync(
            async () => started.HasExited || await CountAnsweringAsync(cancellationToken) == account.Ports.Count,
            StartLimit,
            cancellationToken
        );
        if (ready && !started.HasExited)
        {
            return;
        }
        var seen = started.HasExited
            ? $"the process ended with exit code {started.ExitCode}"
            : $"no response within {StartLimit.TotalMinutes:0} minutes";
        if (!started.HasExited)
        {
            started.Kill(entireProcessTree: true);
        }
        await started.WaitForExitAsync(cancellationToken);
        throw new StartException([
            $"Azurite on {account.Shown}: seen {seen}, expected a running Azurite; if its data in {data} is "
                + "damaged, move it away. Its last lines:",
            .. lastLines.All.Select(line => "  " + line),
        ]);
    }

    private async Task StopAsync(ProcessId azurite)
    {
        using var process = azurite.Open();
        if (process is null)
        {
            return;
        }
        // Azurite writes its data to disk when it is asked to end.
        if (OperatingSystem.IsWindows() || !await TerminateAsync(process.Id))
        {
            process.Kill(entireProcessTree: true);
        }
        using var limit = new CancellationTokenSource(StopLimit, time);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            say($"Azurite: did not end within {StopLimit.TotalMinutes:0} minutes and is killed");
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<bool> TerminateAsync(int process) =>
        await Commands.RunAsync(
            "kill",
            ["-TERM", process.ToString(CultureInfo.InvariantCulture)],
            // A folder that exists: the data may be those of another checkout.
            Path.GetTempPath(),
            StopLimit,
            _ => { },
            CancellationToken.None
        ) == 0;

    /// <summary>What listens there may be something else, or an Azurite with accounts of its own.</summary>
    private async Task CheckAccountAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartLimit);
        var options = new QueueClientOptions();
        options.Retry.MaxRetries = 1;
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
        try
        {
            await new QueueServiceClient(connectionString, options).GetPropertiesAsync(limit.Token);
        }
        catch (RequestFailedException e) when (e.Status is 401 or 403 or 404)
        {
            throw new StartException(
                $"Azurite: seen status {e.Status} from 127.0.0.1:{account.Queue} for the account of the settings, "
                    + "expected an Azurite that knows it; "
                    + "stop that Azurite, or start it without AZURITE_ACCOUNTS"
            );
        }
        catch (Exception e)
            when (e is RequestFailedException or AggregateException or OperationCanceledException
                && !cancellationToken.IsCancellationRequested
            )
        {
            throw new StartException(
                $"Azurite: seen no queue service on 127.0.0.1:{account.Queue}, expected Azurite; stop what listens "
                    + "there"
            );
        }
    }

    private async Task<int> CountAnsweringAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var port in account.Ports)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                count++;
            }
            catch (SocketException)
            {
                // Nothing listens there, which is the question.
            }
        }
        return count;
    }

    private async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken cancellationToken)
    {
        var from = time.GetTimestamp();
        while (!await condition())
        {
            if (time.GetElapsedTime(from) > limit)
            {
                return false;
            }
            await Task.Delay(CheckPeriod, time, cancellationToken);
        }
        return true;
    }
}
