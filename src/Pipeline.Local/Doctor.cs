using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Azure;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Local.Azurite;
using Pipeline.Local.Worker;
using Pipeline.Settings;
using Pipeline.Sources;

namespace Pipeline.Local;

/// <summary>Checks what the command needs, a line each, for <c>--doctor</c>. It starts and changes nothing.</summary>
internal sealed class Doctor(IConfiguration configuration, LocalOptions options, string folder, TimeProvider time)
{
    /// <summary>
    /// Storage refuses signatures whose clock is further away than this; Azurite does not, so that it would
    /// show in Azure only.
    /// </summary>
    private static readonly TimeSpan ClockLimit = TimeSpan.FromMinutes(15);

    private bool failed;

    /// <summary>Runs all checks.</summary>
    /// <returns>0 if all is well, else 1.</returns>
    public async Task<int> RunAsync(ConsoleLog log, CancellationToken cancellationToken)
    {
        failed = false;
        if (Checkout.Root is { } root)
        {
            var tools = new NodeTools(root, time, log.Say);
            try
            {
                Good(log, "Node.js", await tools.CheckNodeAsync(cancellationToken));
            }
            catch (StartException e)
            {
                Bad(log, e.Lines[0]);
            }
            Good(
                log,
                "npm packages",
                tools.IsComplete ? "Azurite is there" : "not fetched yet; the next run fetches them once"
            );
        }
        else
        {
            Bad(
                log,
                "checkout: seen no package.json that asks for azurite in this folder or above; run the command in "
                    + "the repository's folder"
            );
        }
        Check(log, "function app", () => WorkerProcess.Find(folder));
        Check(log, "host.json", () => $"routes begin with {HostFile.Read(folder, configuration).RoutePrefix}/");
        using var services = new ServiceCollection()
            .AddPipelineEngine(configuration, folder)
            .AddSources(configuration)
            .BuildServiceProvider();
        var findings = services.CheckSettings();
        foreach (var finding in findings)
        {
            Bad(log, $"settings: {finding}");
        }
        if (findings.Count == 0)
        {
            Good(log, "settings", $"complete, Sources__Mode is {configuration["Sources:Mode"] ?? "live"}");
        }
        if (await AnswersAsync(options.Port, cancellationToken))
        {
            Bad(log, $"port {options.Port}: in use; end what uses it, or name another one with --port");
        }
        else
        {
            Good(log, $"port {options.Port}", "free");
        }
        await StorageAsync(log, cancellationToken);
        return failed ? 1 : 0;
    }

    /// <summary>Checks each storage that the settings name; two settings with the same Azurite are one check.</summary>
    private async Task StorageAsync(ConsoleLog log, CancellationToken cancellationToken)
    {
        foreach (var settings in AzuriteAccount.Named(configuration).GroupBy(setting => setting.Account))
        {
            var names = string.Join(" and ", settings.Select(setting => setting.Setting));
            if (settings.Key is { } account)
            {
                await AzuriteAsync(log, names, settings.First().Text, account, cancellationToken);
            }
            else
            {
                Good(log, names, "not Azurite; not asked here");
            }
        }
    }

    private async Task AzuriteAsync(
        ConsoleLog log,
        string settings,
        string text,
        AzuriteAccount account,
        CancellationToken cancellationToken
    )
    {
        var answering = 0;
        foreach (var port in account.Ports)
        {
            answering += await AnswersAsync(port, cancellationToken) ? 1 : 0;
        }
        if (answering == 0 && options.NoAzurite)
        {
            Bad(log, $"{settings}: {LocalAzurite.NotRunning(account)}");
        }
        else if (answering == 0)
        {
            Good(log, settings, $"Azurite is not running on {account.Shown}; the next run starts it");
            Good(log, "clock", $"{Now}; not compared, because this storage does not run");
        }
        else if (answering < account.Ports.Count)
        {
            Bad(
                log,
                $"{settings}: seen {answering} of the ports {account.Shown} in use, expected all of them (a running "
                    + "Azurite) or none; stop what uses them"
            );
        }
        else
        {
            await RunningAzuriteAsync(log, settings, text, account, cancellationToken);
        }
    }

    private async Task RunningAzuriteAsync(
        ConsoleLog log,
        string settings,
        string text,
        AzuriteAccount account,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var once = new QueueClientOptions();
            once.Retry.MaxRetries = 1;
            once.Retry.NetworkTimeout = TimeSpan.FromSeconds(30);
            var response = await new QueueServiceClient(text, once).GetPropertiesAsync(cancellationToken);
            Good(log, settings, $"Azurite is running on {account.Shown}");
            var away = response.GetRawResponse().Headers.Date is { } date
                ? (date - time.GetUtcNow()).Duration()
                : TimeSpan.Zero;
            if (away > ClockLimit)
            {
                Bad(
                    log,
                    $"clock: seen {away:c} between this machine and the storage, expected less than {ClockLimit:c}; "
                        + "set the clock"
                );
            }
            else
            {
                Good(log, "clock", $"{Now}, as the storage says");
            }
        }
        catch (Exception e) when (e is RequestFailedException or AggregateException)
        {
            Bad(
                log,
                $"{settings}: seen an Azurite on {account.Shown} that does not know the account "
                    + $"({e.Message.Split('\n')[0]}), expected an Azurite with this account; stop what listens there"
            );
        }
    }

    private string Now => time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ssZ", CultureInfo.InvariantCulture);

    private static async Task<bool> AnswersAsync(int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private void Check(ConsoleLog log, string what, Func<string> check)
    {
        try
        {
            Good(log, what, check());
        }
        catch (StartException e)
        {
            Bad(log, e.Lines[0]);
        }
    }

    private static void Good(ConsoleLog log, string what, string seen) => log.Say($"ok    {what}: {seen}");

    private void Bad(ConsoleLog log, string line)
    {
        failed = true;
        log.Fault($"wrong {line}");
    }
}
