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
using Pipeline.Report;
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

    private readonly Cleanups cleanups = new(log);
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
            log.Say(LastLine(options.Ends, cleanups.HasFailed));
        }
        return code;
    }

    /// <summary>The last line after Ctrl-C.</summary>
    /// <param name="ends">True if the run would have ended by itself.</param>
    /// <param name="hasFailed">True if something could not be stopped, which is reported already.</param>
    internal static string LastLine(bool ends, bool hasFailed) =>
        (ends, hasFailed) switch
        {
            (true, false) => "stopped before everything was done; the next run goes on from here",
            (false, false) => "stopped",
            (true, true) => "ended before everything was done; what was not stopped is named above",
            (false, true) => "ended; what was not stopped is named above",
        };

    private async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var folder = options.App ?? Checkout.AppFolder;
        var configuration = LocalSettings.Load();
        if (options.Mode == LocalMode.Doctor)
        {
            return await new Doctor(configuration, options, folder, time).RunAsync(log, cancellationToken);
        }

        // Whatever can be found wrong before anything is started.
        var services = BuildEngine(configuration, folder);
        var hostFile = HostFile.Read(folder, configuration);
        WorkerProcess.Find(folder);
        var planned = CheckRequest(services);

        var emulators = new StorageEmulators(!options.NoAzurite, cleanups, time, log.Progress);
        await emulators.StartAsync(configuration, cancellationToken);
        if (options.Mode == LocalMode.List)
        {
            await SliceListing.WriteAsync(services, log, cancellationToken);
            return 0;
        }
        if (options.Mode == LocalMode.Explain)
        {
            return await FigureExplanation.WriteAsync(services, options.Figure, log, cancellationToken);
        }

        var app = await FunctionApp.StartAsync(
            folder,
            hostFile,
            emulators.Registry,
            log,
            time,
            settings: null,
            cancellationToken
        );
        // One that has ended at once has no number, and nothing to end.
        var process = app.Process.Id is { } id ? $", process {id.Pid}," : "";
        cleanups.Push($"the worker{process} may still run; end it", app.DisposeAsync);

        var functions = WorkerFunction.Read(app.Functions, configuration);
        var invoker = new FunctionInvoker(app.Channel, functions, hostFile.FunctionTimeout);
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
        cleanups.Push("the listeners run until this process has ended", triggers.DisposeAsync);

        return await new Supervisor(emulators, app, triggers, log, time).RunAsync(
            options.Ends
                ? new OnceRun(services, planned, invoker, triggers.Messages, hostFile, options, log, time).RunAsync
                : new ServeRun(invoker, app, hostFile, options, log, time).RunAsync,
            cancellationToken
        );
    }

    /// <summary>The engine on the storage of the settings, for what is asked of the tables here.</summary>
    /// <exception cref="StartException">A setting is missing, malformed or unknown.</exception>
    private ServiceProvider BuildEngine(IConfiguration configuration, string folder)
    {
        var services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddProvider(new ConsoleLogProvider(log)))
            .AddPipelineEngine(configuration, folder)
            .AddSources(configuration)
            .AddInsight()
            .AddReport()
            .BuildServiceProvider();
        cleanups.Push("connections to the storage stay open until this process has ended", services.DisposeAsync);
        var findings = services.CheckSettings();
        return findings.Count == 0
            ? services
            : throw new StartException([.. findings.Select(finding => finding.ToString())]);
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
            case LocalMode.Explain:
                FigureExplanation.Check(options.Figure);
                return [];
            case LocalMode.Serve:
                FrontEnd.CheckPort(options.Port);
                return [];
            default:
                return [];
        }
    }

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
        await cleanups.DisposeAsync();
        foreach (var signal in signals)
        {
            signal.Dispose();
        }
        signals.Clear();
    }
}
