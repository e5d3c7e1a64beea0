using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Insight;
using Pipeline.Report;
using Pipeline.Runs;
using Pipeline.Settings;
using Pipeline.Slices;
using Pipeline.Sources;
using Pipeline.Sources.Http;
using Pipeline.Storage;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Testing;

/// <summary>
/// The pipeline on one storage account, driven by the test instead of a host: messages are taken from the queues and
/// given to the steps, one at a time and in order.
/// </summary>
internal sealed class TestPipeline : IAsyncDisposable
{
    private readonly ServiceProvider services;
    private readonly string source;

    /// <summary>
    /// Not a setting of the pipeline: which of the real sources the test plans; the trade source when not
    /// given.
    /// </summary>
    public const string Planned = "test:source";

    /// <summary>The most messages one <see cref="DrainAsync"/> works on.</summary>
    private const int MaxMessages = 5000;

    public TestPipeline(
        string connectionString,
        IEnumerable<KeyValuePair<string, string?>>? settings = null,
        TimeProvider? time = null,
        params HttpPipelinePolicy[] policies
    )
        : this(connectionString, settings, time, null, null, policies) { }

    /// <summary>The pipeline on a storage account in memory, for tests of what is not the storage.</summary>
    public TestPipeline(
        MemoryStorage storage,
        IEnumerable<KeyValuePair<string, string?>>? settings = null,
        TimeProvider? time = null,
        params HttpPipelinePolicy[] policies
    )
        : this(MemoryStorage.ConnectionString, settings, time, null, null, [.. policies, storage]) { }

    /// <summary>The same with datasets that the program does not have, registered as it registers its own.</summary>
    public TestPipeline(
        MemoryStorage storage,
        IEnumerable<KeyValuePair<string, string?>> settings,
        TimeProvider time,
        Action<IServiceCollection, IConfiguration>? register
    )
        : this(MemoryStorage.ConnectionString, settings, time, null, register, [storage]) { }

    /// <summary>Beside other services, with policies around the calls of the storage.</summary>
    public TestPipeline(
        MemoryStorage storage,
        IEnumerable<KeyValuePair<string, string?>> settings,
        Action<IServiceCollection, IConfiguration> register,
        params HttpPipelinePolicy[] policies
    )
        : this(MemoryStorage.ConnectionString, settings, null, null, register, [.. policies, storage]) { }

    /// <summary>The same with a source of the test's own in the place of the real ones.</summary>
    public TestPipeline(MemoryStorage storage, Source source, params HttpPipelinePolicy[] policies)
        : this(MemoryStorage.ConnectionString, null, null, source, null, [.. policies, storage]) { }

    /// <summary>The same with a clock of the test's own, which is also the storage's.</summary>
    public TestPipeline(MemoryStorage storage, Source source, TimeProvider time, params HttpPipelinePolicy[] policies)
        : this(MemoryStorage.ConnectionString, null, time, source, null, [.. policies, storage]) { }

    /// <summary>The pipeline with a source of the test's own in the place of the real ones.</summary>
    public TestPipeline(string connectionString, Source source, params HttpPipelinePolicy[] policies)
        : this(connectionString, null, null, source, null, policies) { }

    /// <summary>The same with a clock of the test's own.</summary>
    public TestPipeline(string connectionString, Source source, TimeProvider time, params HttpPipelinePolicy[] policies)
        : this(connectionString, null, time, source, null, policies) { }

    private TestPipeline(
        string connectionString,
        IEnumerable<KeyValuePair<string, string?>>? settings,
        TimeProvider? time,
        Source? source,
        Action<IServiceCollection, IConfiguration>? register,
        HttpPipelinePolicy[] policies
    )
    {
        this.source = source?.Name
            ?? settings?.FirstOrDefault(setting => setting.Key == Planned).Value
            ?? "census-trade";
        var values = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = connectionString,
            ["PipelineStorage"] = connectionString,
            [SettingNames.MonitorSchedule] = SettingNames.MonitorScheduleExample,
            ["Sources:Mode"] = "samples",
        };
        foreach (var (name, value) in settings ?? [])
            values[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(values);
        var collection = new ServiceCollection().AddLogging(logging =>
            logging.AddProvider(new Lines(Log)).SetMinimumLevel(LogLevel.Information)
        );
        if (time is not null)
            collection.AddSingleton(time);
        collection.AddPipelineEngine(configuration).AddSources(configuration).AddInsight().AddReport();
        register?.Invoke(collection, configuration);
        foreach (var owned in collection.Select(service => service.ImplementationInstance).OfType<SourceSettings>())
            configuration[owned.Schedule.Name] ??= owned.ScheduleExample;
        collection.AddSingleton(_ => StorageAccount.Open(configuration, Names.Connection, [], policies)!);
        if (source is not null)
        {
            collection.AddSingleton(provider => new SourceCatalog(
                [source],
                new SourceClientFactory(
                    null,
                    provider.GetRequiredService<TimeProvider>(),
                    provider.GetRequiredService<Random>(),
                    () => new CuratedFiles(provider.GetRequiredService<StorageAccount>(), SourceClient.Sockets()),
                    provider.GetRequiredService<ILoggerFactory>()
                )
            ));
        }

        services = collection.BuildServiceProvider();
        Assert.Equal([], services.CheckSettings());
    }

    /// <summary>
    /// Messages that were taken and not worked on to their end: what the queue would deliver once more.
    /// </summary>
    public List<(string Queue, BinaryData Body)> Unfinished { get; } = [];

    /// <summary>Everything the pipeline logged, a line an event, and one more for its exception.</summary>
    public List<string> Log { get; } = [];

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    public Task<TableClient> TableAsync(string name) => Get<TableSet>().OpenAsync(name);

    /// <summary>All rows of a table, by key.</summary>
    public Task<List<TableEntity>> RowsAsync(string table, string? filter = null) =>
        RowsAsync<TableEntity>(table, filter);

    /// <summary>All rows of the table <c>runs</c>, by key: the newest first.</summary>
    public async Task<List<RunRow>> RunsAsync() => [.. (await RowsAsync<RunEntity>(Names.Runs)).Select(RunRow.From)];

    private async Task<List<T>> RowsAsync<T>(string table, string? filter = null)
        where T : class, ITableEntity
    {
        var rows = new List<T>();
        await foreach (var row in (await TableAsync(table)).QueryAsync<T>(filter!))
            rows.Add(row);
        return rows;
    }

    /// <summary>Asserts that logs, tables, blob names and their metadata do not show a secret.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="facts">The table of the source's figures.</param>
    public async Task AssertHidesAsync(string secret, string facts)
    {
        Assert.NotEmpty(Log);
        Assert.DoesNotContain(Log, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
        foreach (var table in (string[])["slices", "runs", "rejects", "gaps", "history", "datasets", facts])
        {
            foreach (var row in await RowsAsync(table))
            {
                Assert.DoesNotContain(row, column =>
                    $"{column.Key} {column.Value}".Contains(secret, StringComparison.OrdinalIgnoreCase)
                );
            }
        }

        await foreach (
            var blob in Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.RawContainer)
                .GetBlobsAsync(new GetBlobsOptions { Traits = BlobTraits.Metadata })
        )
        {
            Assert.DoesNotContain(
                secret,
                $"{blob.Name} {string.Join(' ', blob.Metadata)} {blob.Properties.ContentType}",
                StringComparison.OrdinalIgnoreCase
            );
        }
    }

    /// <summary>Plans the source and works until no message is left.</summary>
    public async Task RunAsync()
    {
        await Get<Plan>().RunAsync(source, CancellationToken.None);
        await DrainAsync();
    }

    /// <summary>
    /// Works on messages, those of the earliest step first, until none is visible. An exception of a step is
    /// the test's.
    /// </summary>
    public async Task DrainAsync()
    {
        await Get<StepQueues>().EnsureAsync();
        for (var count = 0; count < MaxMessages; count++)
        {
            if (!await WorkAsync())
                return;
        }

        Assert.Fail($"more than {MaxMessages} messages");
    }

    /// <summary>
    /// Works on one message of the earliest step that has one; false when there is none. A failing step leaves
    /// its message in the queue.
    /// </summary>
    public async Task<bool> WorkAsync()
    {
        foreach (var name in Names.Queues)
        {
            var queue = Queue(name);
            var message = (await queue.ReceiveMessageAsync(TimeSpan.FromMinutes(10))).Value;
            if (message is null)
                continue;
            Unfinished.Add((name, message.Body));
            await HandleAsync(name, message.Body);
            await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
            Unfinished.RemoveAt(Unfinished.Count - 1);
            return true;
        }
        return false;
    }

    /// <summary>Gives a message to its step.</summary>
    public Task HandleAsync(string queue, BinaryData body) => DoAsync(StepMessage.Read(queue, body.ToString()));

    /// <summary>Works on a message that no queue holds.</summary>
    public Task DoAsync(StepMessage message) => Get<StepRunner>().RunAsync(message, CancellationToken.None);

    /// <summary>Writes the row of a slice otherwise than any step would.</summary>
    public async Task ChangeAsync(Slice slice, Func<SliceRow, SliceRow> change)
    {
        var row = await Get<SliceBook>().GetAsync(slice, CancellationToken.None);
        await (await TableAsync(Names.Slices)).UpsertEntityAsync(change(row).ToEntity(), TableUpdateMode.Replace);
    }

    public QueueClient Queue(string name) => Get<StorageAccount>().Queues.GetQueueClient(name);

    /// <summary>Sum over all runs; checks on the way that every run's counts add up.</summary>
    public async Task<RowCounts> LedgerAsync()
    {
        var sum = default(RowCounts);
        foreach (
            var run in await Get<RunBook>()
                .EndedSinceAsync(source, new DateTimeOffset(1970, 1, 1, 0, 0, 0, TimeSpan.Zero), CancellationToken.None)
        )
        {
            Assert.True(run.Counts.AddUp, $"{run}");
            sum += run.Counts;
        }
        return sum;
    }

    public async ValueTask DisposeAsync() => await services.DisposeAsync();

    internal sealed class Lines(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            lock (lines)
            {
                lines.Add($"{logLevel}: {formatter(state, exception)}");
                if (exception is not null)
                    lines.Add($"exception: {exception}");
            }
        }

        public void Dispose() { }
    }
}
