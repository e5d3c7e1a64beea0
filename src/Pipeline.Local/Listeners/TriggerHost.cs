using Azure.Storage.Blobs;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.Timers;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Executors;
using Microsoft.Azure.WebJobs.Host.Queues;
using Microsoft.Azure.WebJobs.Host.Timers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Storage;
using QueueTrigger = Pipeline.Local.Worker.QueueTrigger;

namespace Pipeline.Local.Listeners;

/// <summary>Microsoft's own queue and timer listeners, which run the functions of the worker.</summary>
internal sealed class TriggerHost : IAsyncDisposable
{
    /// <summary>Local hosts on one storage share their timers: of two of them one fires.</summary>
    public const string HostId = "trade-pipeline-local";

    private const string HostContainer = "azure-webjobs-hosts";

    /// <summary>A run that ends by itself does not wait for messages as long as a host that stays up.</summary>
    private static readonly TimeSpan OncePolling = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a message that failed waits in such a run.</summary>
    private static readonly TimeSpan OnceRetry = TimeSpan.FromSeconds(1);

    private readonly IHost host;

    private TriggerHost(IHost host, MessageTracker messages, ListenerFaults faults)
    {
        this.host = host;
        Messages = messages;
        Failing = faults.First;
    }

    /// <summary>The messages that this host has in hand.</summary>
    public MessageTracker Messages { get; }

    /// <summary>How long running functions are awaited at the stop.</summary>
    public TimeSpan StopLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Ends with the error when a listener has failed beyond its own retries, for example because the storage
    /// does not answer.
    /// </summary>
    public Task<Exception> Failing { get; }

    /// <summary>Starts the listeners.</summary>
    /// <param name="invoker">Runs the functions.</param>
    /// <param name="hostFile">Its values apply to the listeners.</param>
    /// <param name="account">The data account, in which the queues are.</param>
    /// <param name="hostStorage">The host's own account, in which the timers' times are kept.</param>
    /// <param name="log">Receives the listeners' log.</param>
    /// <param name="once">True for a run that ends by itself: no timer fires, and queues are polled often.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<TriggerHost> StartAsync(
        FunctionInvoker invoker,
        HostFile hostFile,
        StorageAccount account,
        BlobServiceClient hostStorage,
        ConsoleLog log,
        bool once,
        CancellationToken cancellationToken
    )
    {
        // A listener waits up to a minute for a queue that does not exist, and logs each 404.
        foreach (
            var queue in invoker
                .Functions.Select(function => function.Trigger)
                .OfType<QueueTrigger>()
                .Select(trigger => trigger.Queue)
                .Distinct()
        )
        {
            await account.Queues.GetQueueClient(queue).CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        }
        var messages = new MessageTracker(TimeProvider.System);
        var faults = new ListenerFaults();
        var jobs = JobTypeBuilder.Build(invoker.Functions, withTimers: !once);
        var builder = new HostBuilder()
            .ConfigureAppConfiguration(configuration =>
                configuration
                    .AddEnvironmentVariables()
                    .AddInMemoryCollection(
                        hostFile
                            .Values.AsEnumerable()
                            .Select(pair => new KeyValuePair<string, string?>($"AzureWebJobs:{pair.Key}", pair.Value))
                    )
            )
            .ConfigureLogging(logging =>
            {
                logging.SetMinimumLevel(log.Least).AddProvider(new ConsoleLogProvider(log));
                logging.AddFilter("Azure.Core", LogLevel.Error).AddFilter("Microsoft.Hosting", LogLevel.Warning);
                // The worker says itself what its functions do.
                logging.AddFilter("Host", LogLevel.Warning).AddFilter("Microsoft.Azure.WebJobs", LogLevel.Warning);
                logging
                    .AddFilter("Function", log.Verbose ? LogLevel.Information : LogLevel.None)
                    .AddFilter("Host.Results", LogLevel.None);
            })
            .ConfigureWebJobs(webJobs =>
            {
                webJobs.AddAzureStorageCoreServices();
                webJobs.AddAzureStorageQueues(queues =>
                {
                    if (once)
                    {
                        queues.MaxPollingInterval = OncePolling;
                        queues.VisibilityTimeout = OnceRetry;
                    }
                });
                if (!once)
                {
                    webJobs.AddTimers();
                }
            })
            .ConfigureServices(services =>
            {
                services.AddSingleton<ITypeLocator>(new Jobs(jobs));
                services.AddSingleton<IHostIdProvider>(new Id());
                services.AddSingleton(invoker);
                services.AddSingleton<IQueueProcessorFactory>(messages);
                services.AddSingleton<IWebJobsExceptionHandlerFactory>(faults);
                services.AddSingleton<ScheduleMonitor>(
                    new BlobScheduleMonitor(hostStorage.GetBlobContainerClient(HostContainer), HostId)
                );
                services.Configure<SingletonOptions>(singleton =>
                {
                    // The shortest that is allowed: after a host was killed, the next one's timers wait for this.
                    singleton.ListenerLockPeriod = TimeSpan.FromSeconds(15);
                    singleton.ListenerLockRecoveryPollingInterval = TimeSpan.FromSeconds(15);
                });
                services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(30));
            });
        var started = new TriggerHost(builder.Build(), messages, faults);
        try
        {
            await started.host.StartAsync(cancellationToken);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Stops the listeners: running functions are cancelled and awaited, and their messages put back.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        try
        {
            // The listeners end their attempts to put messages back when they like: for a storage that does not answer
            // that is half a minute.
            await host.StopAsync(limit.Token).WaitAsync(StopLimit);
        }
        catch (TimeoutException)
        {
            // It ends with this process.
            return;
        }
        host.Dispose();
    }

    private sealed class Jobs(Type type) : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => [type];
    }

    private sealed class Id : IHostIdProvider
    {
        public Task<string> GetHostIdAsync(CancellationToken cancellationToken) => Task.FromResult(HostId);
    }
}
