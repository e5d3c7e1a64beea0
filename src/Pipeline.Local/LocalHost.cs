using System.Globalization;
using System.Runtime.InteropServices;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Insight;
using Pipeline.Local.Azurite;
using Pipeline.Local.Http;
using Pipeline.Local.Listeners;
using Pipeline.Local.Once;
using Pipeline.Local.Settings;
using Pipeline.Local.Worker;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Storage;

namespace Pipeline.Local;

/// <summary>
/// Runs the built function app: Azurite if the settings ask for it, the worker as its own process, Microsoft's
/// listeners for queues and timers, and the pages. Stops what it has started, in the opposite order.
/// </summary>
/// <param name="options">The command line.</param>
/// <param name="log">Where it writes.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalHost(LocalOptions options, ConsoleLog log, TimeProvider time) : IAsyncDisposable
{
    private const int Interrupted = 130;

    private static readonly TimeSpan WorkerGrace = TimeSpan.FromSeconds(15);

    /// <summary>An Azurite that has ended is noticed within this time.</summary>
    private static readonly TimeSpan AzuriteNotice = TimeSpan.FromSeconds(5);

    private readonly Stack<Func<ValueTask>> cleanups = new();
    private readonly CancellationTokenSource interrupted = new();
    private readonly List<PosixSignalRegistration> signals = [];

    /// <summary>Does what the command line asks for.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            signals.Add(PosixSignalRegistration.Create(signal, Interrupt));
        }
        var code = 0;
        try
        {
            code = await RunAsync(interrupted.Token);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            log.IsStopping = true;
            log.Say("stopping …");
            code = options.Ends ? Interrupted : 0;
        }
        catch (StartException e)
        {
            foreach (var line in e.Lines)
            {
                log.Complain(line);
            }
            code = 1;
        }
        catch (Exception e) when (e is Azure.RequestFailedException or AggregateException)
        {
            log.Complain(
                $"storage: {log.OneLine(e)}; see that the storage of the settings answers, and run the command again"
            );
            code = 1;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever fails, what was started is stopped below; an unhandled exception would leave Azurite running.
            log.Complain($"local host: {log.OneLine(e)}; run the command again with --verbose for the whole error");
            code = 1;
        }
        await DisposeAsync();
        if (interrupted.IsCancellationRequested)
        {
            log.Say(options.Ends ? "stopped before everything was done; the next run goes on from here" : "stopped");
        }
        return code;
    }

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var folder = options.App ?? Checkout.AppFolder;
        var configuration = ReadSettings();
        if (options.Mode == LocalMode.Doctor)
        {
            return await new Doctor(configuration, options, folder, time).RunAsync(log, cancellationToken);
        }
        var services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddProvider(new ConsoleLogProvider(log)))
            .AddPipelineEngine(configuration, folder)
            .AddSources(configuration)
            .AddInsight()
            .BuildServiceProvider();
        cleanups.Push(services.DisposeAsync);
        var findings = services.CheckSettings();
        if (findings.Count > 0)
        {
            throw new StartException([.. findings.Select(finding => finding.ToString())]);
        }
        var hostFile = HostFile.Read(folder, configuration);
        WorkerProcess.Find(folder);
        var planned = CheckRequest(services);
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (registry, azuriteEnded) = await StartAzuriteAsync(configuration, working.Token);
        if (options.Mode == LocalMode.List)
        {
            await SliceListing.WriteAsync(services, log, cancellationToken);
            return 0;
        }
        var (worker, channel, listed) = await StartWorkerAsync(folder, hostFile, registry, cancellationToken);
        var functions = WorkerFunction
            .Read(listed, configuration)
            .Where(function => !IsDisabled(function, configuration))
            .ToList();
        var invoker = new FunctionInvoker(channel, functions, hostFile.FunctionTimeout);
        var storage = services.GetRequiredService<StorageAccount>();
        var triggers = await TriggerHost.StartAsync(
            invoker,
            hostFile,
            storage,
            HostStorage(configuration, storage),
            log,
            options.Ends,
            cancellationToken
        );
        cleanups.Push(triggers.DisposeAsync);
        var work = options.Ends
            ? new OnceRun(services, planned, invoker, triggers.Messages, options, log, time).RunAsync(working.Token)
            : ServeAsync(invoker, channel, hostFile, working.Token);
        try
        {
            return await WorkAsync(work, azuriteEnded, worker, triggers, cancellationToken);
        }
        finally
        {
            await working.CancelAsync();
            await EndAsync(work);
        }
    }

    /// <summary>The settings: the environment, and beneath it the local settings file.</summary>
    private static IConfiguration ReadSettings()
    {
        if (LocalSettings.Find(Environment.CurrentDirectory, AppContext.BaseDirectory) is { } file)
        {
            LocalSettings.Apply(
                LocalSettings.Read(file),
                Environment.GetEnvironmentVariable,
                Environment.SetEnvironmentVariable
            );
        }
        if (Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") is null)
        {
            // With the checks that are on in Development, faults show here first.
            Environment.SetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
        }
        return new ConfigurationBuilder().AddEnvironmentVariables().Build();
    }

    /// <summary>Checks what the command line names, before anything is started.</summary>
    /// <returns>The sources to plan.</returns>
    private IReadOnlyList<PlannedSource> CheckRequest(IServiceProvider services)
    {
        switch (options.Mode)
        {
            case LocalMode.Once:
                return PlannedSource.Find(services.GetRequiredService<SourceCatalog>(), options.Plans);
            case LocalMode.Replay
                when services.GetRequiredService<Replay>().Check(options.Slice, options.From, options.Accept, out _)
                    is { } refusal:
                throw new StartException(refusal.ToString());
            case LocalMode.Serve:
                FrontEnd.CheckPort(options.Port);
                return [];
            default:
                return [];
        }
    }

    /// <summary>Waits for the work, or for the end of what it needs.</summary>
    /// <returns>The exit code of the work.</returns>
    /// <exception cref="StartException">Azurite, the worker or a listener has ended: the message says so and what to
    /// do.</exception>
    private async Task<int> WorkAsync(
        Task<int> work,
        Task<string> azuriteEnded,
        WorkerProcess worker,
        TriggerHost triggers,
        CancellationToken cancellationToken
    )
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var died = worker.WaitAsync(watching.Token);
        var first = await Task.WhenAny(work, azuriteEnded, died, triggers.Failing);
        cancellationToken.ThrowIfCancellationRequested();
        if (first == work && work.IsCompletedSuccessfully)
        {
            await watching.CancelAsync();
            return await work;
        }
        // What was hidden or running stays with the storage; there is nothing to wait for.
        triggers.StopLimit = TimeSpan.FromSeconds(2);
        log.IsStopping = true;
        if (first == died)
        {
            throw new StartException(
                $"worker: ended with exit code {await died}{worker.LastLines.Quoted}; run the command again: what "
                    + "was stored is kept, and the work goes on where it ended"
            );
        }
        // Without Azurite the storage calls fail first, and its end is the better reason.
        if (await Task.WhenAny(azuriteEnded, Task.Delay(AzuriteNotice, time, cancellationToken)) == azuriteEnded)
        {
            throw new StartException(await azuriteEnded);
        }
        if (first == work)
        {
            return await work;
        }
        throw new StartException(
            $"listeners: {log.OneLine(await triggers.Failing)}; see that the storage of the settings answers, and "
                + "run the command again: the work goes on where it ended"
        );
    }

    /// <summary>Awaits work that was cancelled. The reason is reported already.</summary>
    private async Task EndAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Event(LogLevel.Debug, null, log.OneLine(e));
        }
    }

    /// <summary>Registers this host, and makes sure that every Azurite answers that the settings name.</summary>
    /// <returns>The registry for the worker, and what ends when an Azurite does.</returns>
    private async Task<(HostRegistry Registry, Task<string> Ended)> StartAzuriteAsync(
        IConfiguration configuration,
        CancellationToken cancellationToken
    )
    {
        var named = new[] { SettingNames.Storage, SettingNames.HostStorage }
            .Select(name => configuration[name])
            .Select(text => (Text: text, Account: AzuriteAccount.Of(text)))
            .Where(setting => setting.Account is not null)
            .DistinctBy(setting => setting.Account)
            .ToList();
        if (named.Count == 0)
        {
            return (await EnterAsync(Checkout.Data, cancellationToken), new TaskCompletionSource<string>().Task);
        }
        var root = Checkout.Root
            ?? throw new StartException(
                "Azurite: seen no package.json that asks for azurite in this folder or above, expected the "
                    + "checkout; run the command there"
            );
        var registries = new List<HostRegistry>();
        var ended = new List<Task<string>>();
        foreach (var (text, account) in named)
        {
            // Every Azurite has its own data, and knows the hosts that use it.
            var data =
                account == AzuriteAccount.Default
                    ? Checkout.Data
                    : Path.Combine(Checkout.Data, account!.Blob.ToString(CultureInfo.InvariantCulture));
            var registry = await EnterAsync(data, cancellationToken);
            registries.Add(registry);
            var azurite = new LocalAzurite(
                account!,
                text!,
                new NodeTools(root, time, log.Progress),
                registry,
                data,
                time,
                log.Progress
            );
            cleanups.Push(azurite.DisposeAsync);
            await azurite.EnsureAsync(!options.NoAzurite, cancellationToken);
            ended.Add(azurite.WatchAsync(cancellationToken));
        }
        return (registries[0], Task.WhenAny(ended).Unwrap());
    }

    private async Task<HostRegistry> EnterAsync(string data, CancellationToken cancellationToken)
    {
        var registry = new HostRegistry(Path.Combine(data, "hosts"));
        using (await registry.LockAsync(time, log.Progress, cancellationToken))
        {
            if (await registry.EndOrphansAsync(cancellationToken) is > 0 and var ended)
            {
                log.Progress($"worker: ended {ended} whose host had died");
            }
            registry.Enter(null);
        }
        cleanups.Push(() =>
        {
            registry.Leave();
            return ValueTask.CompletedTask;
        });
        return registry;
    }

    private async Task<(
        WorkerProcess Worker,
        WorkerChannel Channel,
        IReadOnlyList<RpcFunctionMetadata> Listed
    )> StartWorkerAsync(string folder, HostFile hostFile, HostRegistry registry, CancellationToken cancellationToken)
    {
        var channel = new WorkerChannel(log, hostFile, time);
        var listener = await WorkerListener.StartAsync(channel);
        cleanups.Push(listener.DisposeAsync);
        var worker = WorkerProcess.Start(folder, listener.Address, channel.WorkerId);
        cleanups.Push(async () =>
        {
            channel.Terminate();
            await worker.StopAsync(WorkerGrace);
            channel.Close();
            worker.Dispose();
        });
        registry.Enter(worker.Id);
        log.Say("worker: starting the function app");
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var start = channel.StartAsync(folder, starting.Token);
        var died = worker.WaitAsync(starting.Token);
        if (await Task.WhenAny(start, died) == died && !cancellationToken.IsCancellationRequested && !start.IsCompleted)
        {
            var code = await died;
            await starting.CancelAsync();
            throw new StartException(
                $"worker: ended with exit code {code} before it had listed its functions{worker.LastLines.Quoted}"
            );
        }
        var listed = await start;
        await starting.CancelAsync();
        return (worker, channel, listed);
    }

    private async Task<int> ServeAsync(
        FunctionInvoker invoker,
        WorkerChannel channel,
        HostFile hostFile,
        CancellationToken cancellationToken
    )
    {
        var home = hostFile.Address("report");
        var front = await FrontEnd.StartAsync(
            invoker,
            channel.HttpAddress
                ?? throw new StartException("worker: seen no address for HTTP, expected ASP.NET Core integration"),
            hostFile,
            options.Port,
            home,
            log
        );
        cleanups.Push(front.DisposeAsync);
        foreach (var function in invoker.Functions)
        {
            log.Say($"  {function.Name}: {Describe(function.Trigger, hostFile)}");
        }
        log.Say(
            $"ready: http://localhost:{options.Port}/ leads to the report; timers and queues are running; Ctrl-C stops"
        );
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        return 0;
    }

    private string Describe(Trigger trigger, HostFile hostFile) =>
        trigger switch
        {
            HttpTrigger http =>
                $"[{string.Join(',', http.Methods)}] http://localhost:{options.Port}{hostFile.Address(http.Route)}",
            QueueTrigger queue => $"queue {queue.Queue} ({queue.Connection})",
            TimerTrigger timer => $"timer {timer.Schedule}",
            _ => "",
        };

    /// <summary>A function is switched off by a setting, as in Azure.</summary>
    private static bool IsDisabled(WorkerFunction function, IConfiguration configuration) =>
        new[] { $"AzureWebJobs.{function.Name}.Disabled", $"AzureWebJobs_{function.Name}_Disabled" }
            .Select(name => configuration[name])
            .Any(value => value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase));

    /// <summary>The host's own account, in which the timers' locks and times are kept.</summary>
    private static BlobServiceClient HostStorage(IConfiguration configuration, StorageAccount data) =>
        configuration[SettingNames.HostStorage] is { Length: > 0 } text ? new BlobServiceClient(text) : data.Blobs;

    private void Interrupt(PosixSignalContext context)
    {
        if (interrupted.IsCancellationRequested)
        {
            // The second signal is left to the system, which ends this process and with it the worker.
            return;
        }
        context.Cancel = true;
        log.IsStopping = true;
        interrupted.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        while (cleanups.TryPop(out var cleanup))
        {
            try
            {
                await cleanup();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                log.Event(LogLevel.Warning, null, $"stopping: {log.OneLine(e)}");
            }
        }
        foreach (var signal in signals)
        {
            signal.Dispose();
        }
        signals.Clear();
    }
}
