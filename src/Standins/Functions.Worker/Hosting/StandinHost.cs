using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Azurite;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Logging;
using Standin.Functions.Worker.Settings;

namespace Standin.Functions.Worker.Hosting;

/// <summary>
/// The app as an <see cref="IHost"/>. A start that fails says why in a line each, sets the exit code to 1 and asks to stop: <c>RunAsync</c> then returns and
/// no function has run. Nothing outside the process is touched before <see cref="StartAsync"/>.
/// </summary>
internal sealed class StandinHost : IHost, IAsyncDisposable
{
    private readonly IHost inner;
    private readonly HostSetup setup;
    private readonly IReadOnlyList<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware;
    private readonly bool aspNetCore;
    private readonly HostJson? json;
    private readonly IReadOnlyList<string> problems;
    private Signals? signals;
    private LocalAzurite? azurite;
    private bool innerStarted;
    private bool stopped;

    private StandinHost(
        IHost inner, HostSetup setup, IReadOnlyList<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware, bool aspNetCore, HostJson? json, IReadOnlyList<string> problems)
    {
        this.inner = inner;
        this.setup = setup;
        this.middleware = middleware;
        this.aspNetCore = aspNetCore;
        this.json = json;
        this.problems = problems;
        Lifetime = inner.Services.GetRequiredService<IHostApplicationLifetime>();
    }

    public IServiceProvider Services => inner.Services;

    /// <summary>The running triggers; null before the start and when it failed.</summary>
    public Triggers? Triggers { get; private set; }

    private IHostApplicationLifetime Lifetime { get; }

    /// <summary>Builds the app. What is wrong with its services or with host.json is kept for the start.</summary>
    public static StandinHost Build(
        HostApplicationBuilder builder, HostSetup setup, IReadOnlyList<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware, bool aspNetCore)
    {
        HostJson? json = null;
        IReadOnlyList<string> problems = [];
        try
        {
            json = ReadHostJson(builder, setup);
            foreach (var (category, level) in json.LogLevels)
                if (category.Equals("default", StringComparison.OrdinalIgnoreCase)) builder.Logging.SetMinimumLevel(level);
                else builder.Logging.AddFilter(category, level);
        }
        catch (StartupException error)
        {
            problems = error.Lines;
        }
        try
        {
            return new(builder.Build(), setup, middleware, aspNetCore, json, problems);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            var causes = error is AggregateException several ? several.InnerExceptions : (IReadOnlyList<Exception>)[error];
            var lines = causes.Select(cause => $"services: {LogLineProvider.OneLine(cause)}; correct what Program.cs adds to builder.Services").ToList();
            var empty = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            return new(empty.Build(), setup, middleware, aspNetCore, json, [.. problems, .. lines]);
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (setup.Signals) signals = new Signals(Lifetime.StopApplication);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Lifetime.ApplicationStopping);
        try
        {
            await StartCheckedAsync(starting.Token);
        }
        catch (StartupException error)
        {
            Fail(error.Lines);
        }
        catch (OperationCanceledException) when (starting.IsCancellationRequested)
        {
            setup.SetExitCode(signals?.ExitCode ?? 1);
            setup.Log.Complain("stopped before the app had started");
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Fail([$"start: {(setup.Asked.Verbose ? error.ToString() : LogLineProvider.OneLine(error))}{(setup.Asked.Verbose ? "" : "; see the whole error with --verbose")}"]);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (stopped) return;
        stopped = true;
        if (Triggers is not null) await Triggers.StopAsync(cancellationToken);
        if (innerStarted) await inner.StopAsync(cancellationToken);
        await ReleaseAsync();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        if (Triggers is not null) await Triggers.DisposeAsync();
        if (inner is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
        else inner.Dispose();
        signals?.Dispose();
    }

    private async Task StartCheckedAsync(CancellationToken cancellation)
    {
        if (problems.Count > 0) throw new StartupException(problems);
        foreach (var warning in json!.Warnings) setup.Log.Event(LogLevel.Warning, null, warning);
        var settings = inner.Services.GetRequiredService<IConfiguration>();
        var connections = new Connections(settings, setup.Azurite.Ports);
        var entries = new FunctionIndex(settings, connections, aspNetCore).Find(setup.Types);
        var host = HostStorage(entries, connections);
        var once = setup.Asked.Once ? Plans(entries) : null;
        if (entries.Count == 0) setup.Log.Event(LogLevel.Warning, null, "no function was found; functions are public methods with [Function] in the app's own assembly");

        var local = Used(entries, host).Where(account => account.IsDevelopment).Select(account => account.Setting).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (local.Count > 0)
        {
            azurite = new LocalAzurite(setup.Azurite, TimeProvider.System, setup.Log.Say);
            await azurite.EnsureAsync(local, !setup.Asked.NoAzurite, cancellation);
        }
        innerStarted = true;
        await inner.StartAsync(cancellation);
        Triggers = new Triggers(setup, inner.Services, settings, json, entries, host, middleware, Lifetime, () => signals?.ExitCode);
        await Triggers.StartAsync(once, cancellation);
    }

    private static HostJson ReadHostJson(HostApplicationBuilder builder, HostSetup setup)
    {
        var file = Path.Combine(setup.AppFolder, "host.json");
        if (!File.Exists(file)) throw new StartupException($"{file}: missing, expected the app's host.json with \"version\": \"2.0\"; have it copied to the output folder");
        return HostJson.Read("host.json", File.ReadAllText(file), builder.Configuration, builder.Environment.IsDevelopment(), setup.Asked.Once, setup.Processors);
    }

    // Leases and schedule statuses live in host storage: needed as soon as there is a timer.
    private static StorageAccount? HostStorage(IReadOnlyList<FunctionEntry> entries, Connections connections)
    {
        if (!entries.Any(entry => entry.Trigger is TimerTrigger)) return null;
        var account = connections.Find(null, out var error) ?? throw new StartupException($"host storage (timers): {error}");
        return account.HasBlobs ? account : throw new StartupException($"host storage (timers): setting '{account.Setting}__blobServiceUri' is missing; set it to the address of the blob service");
    }

    private List<FunctionEntry> Plans(IReadOnlyList<FunctionEntry> entries)
    {
        if (setup.Asked.Replay is not null) return [];
        var plans = entries.Where(entry => entry.Trigger is TimerTrigger && entry.Name.StartsWith("Plan", StringComparison.OrdinalIgnoreCase) && !entry.IsDisabled).ToList();
        if (setup.Asked.Plan is not { } asked) return plans;
        var named = entries.Where(entry => entry.Trigger is TimerTrigger && entry.Name.Equals(asked, StringComparison.OrdinalIgnoreCase)).ToList();
        return named.Count > 0 ? named : throw new StartupException($"--once: seen \"{asked}\", expected one of {string.Join(", ", plans.Select(plan => plan.Name))}");
    }

    private static IEnumerable<StorageAccount> Used(IReadOnlyList<FunctionEntry> entries, StorageAccount? host) =>
        entries.Select(entry => entry.Trigger).OfType<QueueTrigger>().Select(trigger => trigger.Account)
            .Concat(entries.SelectMany(entry => entry.Outputs).Select(output => output.Account)).Concat(host is null ? [] : [host]);

    private void Fail(IReadOnlyList<string> lines)
    {
        foreach (var line in lines) setup.Log.Complain(line);
        setup.SetExitCode(1);
        Lifetime.StopApplication();
    }

    private async Task ReleaseAsync()
    {
        if (azurite is null) return;
        try
        {
            await azurite.DisposeAsync();
        }
        catch (Exception error) when (error is IOException or TimeoutException or UnauthorizedAccessException)
        {
            setup.Log.Event(LogLevel.Warning, null, $"Azurite: could not be left in order: {LogLineProvider.OneLine(error)}; it ends by itself");
        }
        azurite = null;
    }
}
