using System.Globalization;
using Azure;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Http;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Invocations;
using Standin.Functions.Worker.Logging;
using Standin.Functions.Worker.Once;
using Standin.Functions.Worker.Queues;
using Standin.Functions.Worker.Settings;
using Standin.Functions.Worker.Timers;

namespace Standin.Functions.Worker.Hosting;

/// <summary>Everything that runs functions: queue listeners, timers, HTTP, or one run of <c>--once</c>.</summary>
internal sealed class Triggers : IAsyncDisposable
{
    private readonly HostSetup setup;
    private readonly IServiceProvider services;
    private readonly HostJson json;
    private readonly IReadOnlyList<FunctionEntry> entries;
    private readonly StorageAccount? hostStorage;
    private readonly IHostApplicationLifetime lifetime;
    private readonly Func<int?> signalled;
    private readonly ILoggerFactory loggers;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stop, cancelRuns = new();
    private readonly List<Task> background = [];
    private readonly ScheduleMonitor? monitor;
    private readonly string hostId;
    private readonly bool development, drain;
    private readonly ManualRuns manual;
    private readonly List<QueueListener> listeners;
    private readonly HttpFront http;
    private bool faulted;

    public Triggers(
        HostSetup setup, IServiceProvider services, IConfiguration settings, HostJson json, IReadOnlyList<FunctionEntry> entries, StorageAccount? hostStorage,
        IReadOnlyList<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware, IHostApplicationLifetime lifetime, Func<int?> signalled)
    {
        (this.setup, this.services, this.json, this.entries, this.hostStorage, this.lifetime, this.signalled) = (setup, services, json, entries, hostStorage, lifetime, signalled);
        loggers = services.GetRequiredService<ILoggerFactory>();
        logger = loggers.CreateLogger("Host");
        stop = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        development = services.GetRequiredService<IHostEnvironment>().IsDevelopment();
        drain = string.Equals(settings["FUNCTIONS_ENABLE_DRAIN_ON_APP_STOPPING"], "true", StringComparison.OrdinalIgnoreCase);
        hostId = HostId.From(settings, setup.AppFolder);
        monitor = hostStorage is null ? null : new ScheduleMonitor(hostStorage.Blobs(), hostId, loggers.CreateLogger("Host.Timers"));
        var wakes = new QueueWakes();
        var outputs = new QueueOutputs(json.Base64, wakes);
        Invoker = new Invoker(services, middleware, outputs, json.FunctionTimeout, setup.Time, loggers, Fault);
        manual = new ManualRuns(Invoker, monitor, logger);
        listeners = [.. from entry in entries where entry.Trigger is QueueTrigger && !entry.IsDisabled select Listener(entry, (QueueTrigger)entry.Trigger, outputs, wakes)];
        var keys = new FunctionKeys(settings);
        http = new HttpFront(entries, Invoker, keys, json, new AdminApi(entries, keys, hostId, manual), new LogLineProvider(setup.Log), loggers);
    }

    public Invoker Invoker { get; }

    /// <summary>Where HTTP functions are called.</summary>
    public Uri Address => http.Address;

    /// <summary>Completes when a run of --once has ended.</summary>
    public Task OnceEnded { get; private set; } = Task.CompletedTask;

    /// <summary>Starts everything; with plans, only the queues and one run of <c>--once</c>.</summary>
    public async Task StartAsync(IReadOnlyList<FunctionEntry>? plans, CancellationToken cancellation)
    {
        if (plans is null)
        {
            await http.StartAsync(setup.Port, cancelRuns.Token, cancellation);
            Announce();
        }
        foreach (var listener in listeners) background.Add(Task.Run(() => listener.ListenAsync(stop.Token, cancelRuns.Token), CancellationToken.None));
        if (plans is not null) background.Add(OnceEnded = Task.Run(() => OnceAsync(plans), CancellationToken.None));
        else
            foreach (var entry in entries)
                if (entry is { Trigger: TimerTrigger timer, IsDisabled: false })
                    background.Add(Task.Run(() => KeepTimerAsync(entry, timer), CancellationToken.None));
    }

    /// <summary>Stops fetching, cancels the tokens of runs (not in drain mode), and waits for the runs and what becomes of their messages.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        await stop.CancelAsync();
        if (!drain) await cancelRuns.CancelAsync();
        if (Invoker.Running > 0) setup.Log.Event(LogLevel.Information, null, $"stopping: waiting for {Invoker.Running} running function{(Invoker.Running == 1 ? "" : "s")}");
        var all = Task.WhenAll([.. background, manual.WaitAsync(), http.StopAsync(cancellation)]);
        if (await Task.WhenAny(all, Task.Delay(HostRules.StopPatience, setup.Time, cancellation)) == all) await all;
        else
            setup.Log.Complain($"stopping: {Invoker.Running} functions still run after {HostRules.StopPatience.TotalSeconds:0} s and are abandoned; their messages come back within {HostRules.Invisibility.TotalMinutes:0} minutes");
    }

    public async ValueTask DisposeAsync()
    {
        await http.DisposeAsync();
        stop.Dispose();
        cancelRuns.Dispose();
    }

    private QueueListener Listener(FunctionEntry entry, QueueTrigger trigger, QueueOutputs outputs, QueueWakes wakes)
    {
        var log = loggers.CreateLogger($"Function.{entry.Name}");
        var run = new MessageRun(entry, trigger, Invoker, outputs, json, setup.Time, log);
        return new(entry, trigger, run, wakes, json, setup.Random, setup.Time, log, Fault);
    }

    private async Task KeepTimerAsync(FunctionEntry entry, TimerTrigger timer)
    {
        var log = loggers.CreateLogger($"Function.{entry.Name}");
        var period = development ? HostRules.TimerLeaseDevelopment : HostRules.TimerLease;
        var lease = new TimerLease(hostStorage!.Blobs(), hostId, entry.Name, period, setup.Time, log);
        var listener = new TimerListener(entry, timer, Invoker, timer.UseMonitor ? monitor : null, setup.Time, log);
        var wait = HostRules.FunctionTimeoutGrace;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await lease.RunAsync(held => listener.RunAsync(held, cancelRuns.Token), stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is RequestFailedException or AggregateException)
            {
                // A listener that cannot start is tried again in the background, from 2 s upwards; the others go on.
                log.LogError(error, "the timer could not start and is tried again in {Wait}:", wait);
                await Task.Delay(wait, setup.Time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                wait = wait * 2 > HostRules.TimerLease ? HostRules.TimerLease : wait * 2;
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Fault($"function '{entry.Name}': the timer ended with {LogLineProvider.OneLine(error)}");
                return;
            }
        }
    }

    private async Task OnceAsync(IReadOnlyList<FunctionEntry> plans)
    {
        int code;
        try
        {
            var runner = new OnceRunner(plans, listeners, OnceRun(), Invoker, manual, new OnceView(setup.Terminal, setup.Log), setup, logger);
            code = await runner.RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (!faulted) setup.Log.Complain("stopped before everything was done; run --once again to complete it");
            code = signalled() ?? 1;
        }
        catch (StartupException error)
        {
            foreach (var line in error.Lines) setup.Log.Complain(line);
            code = 1;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            setup.Log.Complain($"--once: {(setup.Asked.Verbose ? error.ToString() : LogLineProvider.OneLine(error))}");
            code = 1;
        }
        setup.SetExitCode(faulted ? 1 : code);
        lifetime.StopApplication();
    }

    private IOnceRun? OnceRun()
    {
        var types = setup.Types.Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IOnceRun).IsAssignableFrom(type)).ToList();
        if (types.Count > 1) throw new StartupException($"--once: seen {types.Count} classes that implement IOnceRun ({string.Join(", ", types.Select(type => type.FullName))}), expected one");
        return types.Count == 0 ? null : (IOnceRun)ActivatorUtilities.CreateInstance(services, types[0]);
    }

    // Said and done once; what cannot go on ends the whole host, as in the cloud.
    private void Fault(string line)
    {
        setup.Log.Complain(line);
        faulted = true;
        setup.SetExitCode(1);
        lifetime.StopApplication();
    }

    private void Announce()
    {
        setup.Log.Say("Functions:");
        foreach (var entry in entries)
            setup.Log.Say($"  {entry.Name}: {Describe(entry)}{(entry.IsDisabled ? " (disabled)" : "")}");
        setup.Log.Say($"Listening on {Address.ToString().TrimEnd('/')}; Ctrl+C stops");
    }

    private string Describe(FunctionEntry entry) => entry.Trigger switch
    {
        HttpTrigger trigger => $"[{(trigger.Methods.Count == 0 ? "ANY" : string.Join(',', trigger.Methods))}] {http.Url(trigger)}",
        QueueTrigger trigger => $"queue {trigger.Queue} ({trigger.Account.Setting})",
        TimerTrigger trigger => string.Create(CultureInfo.InvariantCulture, $"timer {trigger.Text}, next {trigger.Schedule.Next(setup.Time.GetUtcNow().UtcDateTime):yyyy-MM-dd HH:mm:ss}Z"),
        var other => other.Kind,
    };
}
