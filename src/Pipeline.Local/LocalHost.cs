using System.Globalization;
using System.Runtime.InteropServices;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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
/// Runs the built function app: Azurite if the settings ask for it, the worker as its own process, Microsoft's listeners for queues and timers, and
/// the pages. Stops what it has started, in the opposite order.
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
            log.Complain($"storage: {log.OneLine(e)}; see that the storage of the settings answers, and run the command again");
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
        if (LocalSettings.Find(Environment.CurrentDirectory, AppContext.BaseDirectory) is { } file)
        {
            LocalSettings.Apply(LocalSettings.Read(file), Environment.GetEnvironmentVariable, Environment.SetEnvironmentVariable);
        }
        if (Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") is null)
        {
            // With the checks that are on in Development, faults show here first.
            Environment.SetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
        }
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        if (options.Mode == LocalMode.Doctor)
        {
            return await new Doctor(configuration, options, folder, time).RunAsync(log, cancellationToken);
        }
        if (SettingsReader.Read(configuration, out var findings) is not { } settings)
        {
            throw new StartException([.. findings.Select(finding => finding.ToString())]);
        }
        var hostFile = HostFile.Read(folder, configuration);
        WorkerProcess.Find(folder);
        var services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddProvider(new ConsoleLogProvider(log)))
            .AddPipeline(configuration, settings, folder).BuildServiceProvider();
        cleanups.Push(services.DisposeAsync);
        var planned = options.Mode == LocalMode.Once ? PlannedSource.Find(services.GetRequiredService<SourceCatalog>(), options.Plan) : [];
        var (registry, dying) = await StartAzuriteAsync(configuration, cancellationToken);
        if (options.Mode == LocalMode.List)
        {
            await SliceListing.WriteAsync(services, log, cancellationToken);
            return 0;
        }
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (worker, channel, listed) = await StartWorkerAsync(folder, hostFile, registry, cancellationToken);
        var functions = WorkerFunction.Read(listed, configuration).Where(function => !IsDisabled(function, configuration)).ToList();
        var invoker = new FunctionInvoker(channel, functions, hostFile.FunctionTimeout);
        var storage = services.GetRequiredService<StorageAccount>();
        var triggers = await TriggerHost.StartAsync(invoker, hostFile, storage, HostStorage(configuration, storage), log, options.Ends, cancellationToken);
        cleanups.Push(triggers.DisposeAsync);
        var work = options.Ends ? new OnceRun(services, planned, invoker, triggers.Messages, options, log, time).RunAsync(working.Token) : ServeAsync(invoker, channel, hostFile, working.Token);
        var died = worker.WaitAsync(working.Token);
        var first = await Task.WhenAny(work, died, dying, triggers.Failing);
        if (first == work)
        {
            return await work;
        }
        cancellationToken.ThrowIfCancellationRequested();
        string line;
        if (first == triggers.Failing)
        {
            // Without Azurite the listeners fail first, and its end is the better reason.
            line = await Task.WhenAny(dying, Task.Delay(AzuriteNotice, time, cancellationToken)) == dying ? await dying
                : $"listeners: {log.OneLine(await triggers.Failing)}; see that the storage of the settings answers, and run the command again: the work goes on where it ended";
        }
        else
        {
            line = first == dying ? await dying
                : $"worker: ended with exit code {await died}{Quoted(worker)}; run the command again: what was stored is kept, and the work goes on where it ended";
        }
        await working.CancelAsync();
        try
        {
            await work;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Event(LogLevel.Debug, null, log.OneLine(e));
        }
        throw new StartException(line);
    }

    /// <summary>Registers this host, and makes sure that Azurite answers if the settings name it.</summary>
    /// <returns>The registry, and what ends when Azurite does.</returns>
    private async Task<(HostRegistry Registry, Task<string> Dying)> StartAzuriteAsync(IConfiguration configuration, CancellationToken cancellationToken)
    {
        var named = new[] { SettingNames.Storage, SettingNames.HostStorage }.Select(name => configuration[name]).FirstOrDefault(text => AzuriteAccount.Of(text) is not null);
        var account = AzuriteAccount.Of(named);
        // Every Azurite has data of its own, and knows its own hosts.
        var data = account is null || account == AzuriteAccount.Default ? Checkout.Data : Path.Combine(Checkout.Data, account.Blob.ToString(CultureInfo.InvariantCulture));
        var registry = new HostRegistry(Path.Combine(data, "hosts"));
        using (await registry.LockAsync(time, cancellationToken))
        {
            if (await registry.EndOrphansAsync(cancellationToken) is > 0 and var ended)
            {
                log.Say($"worker: ended {ended} whose host had died");
            }
            registry.Enter(null);
        }
        if (account is null)
        {
            cleanups.Push(() =>
            {
                registry.Leave();
                return ValueTask.CompletedTask;
            });
            return (registry, new TaskCompletionSource<string>().Task);
        }
        var root = Checkout.Root ?? throw new StartException("Azurite: seen no package.json that asks for azurite in this folder or above, expected the checkout; run the command there");
        var azurite = new LocalAzurite(account, named!, new NodeTools(root, time, log.Say), registry, data, time, log.Say);
        cleanups.Push(azurite.DisposeAsync);
        await azurite.EnsureAsync(!options.NoAzurite, cancellationToken);
        return (registry, azurite.WatchAsync(cancellationToken));
    }

    private async Task<(WorkerProcess Worker, WorkerChannel Channel, IReadOnlyList<RpcFunctionMetadata> Listed)> StartWorkerAsync(
        string folder, HostFile hostFile, HostRegistry registry, CancellationToken cancellationToken)
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
            throw new StartException($"worker: ended with exit code {code} before it had listed its functions{Quoted(worker)}");
        }
        var listed = await start;
        await starting.CancelAsync();
        return (worker, channel, listed);
    }

    private async Task<int> ServeAsync(FunctionInvoker invoker, WorkerChannel channel, HostFile hostFile, CancellationToken cancellationToken)
    {
        var home = $"/{hostFile.RoutePrefix}/report";
        var front = await FrontEnd.StartAsync(invoker, channel.HttpAddress ?? throw new StartException("worker: seen no address for HTTP, expected ASP.NET Core integration"), hostFile, options.Port, home, log);
        cleanups.Push(front.DisposeAsync);
        foreach (var function in invoker.Functions)
        {
            log.Say($"  {function.Name}: {Describe(function.Trigger, hostFile)}");
        }
        log.Say($"ready: http://localhost:{options.Port}/ leads to the report; timers and queues are running; Ctrl-C stops");
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        return 0;
    }

    private string Describe(Trigger trigger, HostFile hostFile) => trigger switch
    {
        HttpTrigger http => $"[{string.Join(',', http.Methods)}] http://localhost:{options.Port}/{hostFile.RoutePrefix}/{http.Route}",
        QueueTrigger queue => $"queue {queue.Queue} ({queue.Connection})",
        TimerTrigger timer => $"timer {timer.Schedule}",
        _ => "",
    };

    /// <summary>A function is switched off by a setting, as in Azure.</summary>
    private static bool IsDisabled(WorkerFunction function, IConfiguration configuration) =>
        new[] { $"AzureWebJobs.{function.Name}.Disabled", $"AzureWebJobs_{function.Name}_Disabled" }.Select(name => configuration[name]).Any(value => value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase));

    /// <summary>The host's own account, in which the timers' locks and times are kept.</summary>
    private static BlobServiceClient HostStorage(IConfiguration configuration, StorageAccount data) =>
        configuration[SettingNames.HostStorage] is { Length: > 0 } text ? new BlobServiceClient(text) : data.Blobs;

    private static string Quoted(WorkerProcess worker) => worker.LastWords is [.., _] lines ? $", its last words: {string.Join(" / ", lines.TakeLast(3))}" : "";

    private void Interrupt(PosixSignalContext context)
    {
        if (interrupted.IsCancellationRequested)
        {
            // Asked twice: the system ends the process, and the worker with it.
            return;
        }
        context.Cancel = true;
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
