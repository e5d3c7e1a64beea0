using System.Collections.Concurrent;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Standin.Functions.Worker.Azurite;
using Standin.Functions.Worker.Hosting;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

/// <summary>The stand-in host with functions of a test, its output kept in memory.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly StringWriter output = new(), error = new();
    private readonly string folder = Directory.CreateTempSubdirectory("standin-test").FullName;

    public TestHost(Type[] types, IReadOnlyDictionary<string, string?> settings, CommandLine? asked = null, TimeProvider? time = null, string queues = "", string? hostJson = null,
        Action<FunctionsApplicationBuilder>? configure = null, AzuriteSetup? azurite = null, int port = 0, bool aspNetCore = true, string? appFolder = null)
    {
        File.WriteAllText(Path.Combine(folder, "host.json"), hostJson ?? $$"""{ "version": "2.0", "extensions": { "queues": { "batchSize": 4, "newBatchThreshold": 2{{queues}} } } }""");
        var setup = new HostSetup
        {
            Asked = asked ?? new CommandLine(),
            Types = types,
            Time = time ?? TimeProvider.System,
            Random = new Random(1),
            Out = TextWriter.Synchronized(output),
            Error = TextWriter.Synchronized(error),
            Settings = new Dictionary<string, string?>(settings) { ["AzureFunctionsWebHost__hostid"] = "testhost" },
            AppFolder = appFolder ?? folder,
            Azurite = azurite ?? new AzuriteSetup(),
            Port = port,
            SetExitCode = code => ExitCode = code,
        };
        var builder = new FunctionsApplicationBuilder(setup);
        if (aspNetCore) builder.ConfigureFunctionsWebApplication();
        builder.Services.AddSingleton(Log);
        configure?.Invoke(builder);
        Host = (StandinHost)builder.Build();
    }

    public StandinHost Host { get; }
    public Events Log { get; } = new();
    public int? ExitCode { get; private set; }
    public string Out => output.ToString();
    public string Error => error.ToString();
    public Uri Address => Host.Triggers!.Address;

    /// <summary>A started host; it must have started.</summary>
    public static async Task<TestHost> StartAsync(Type[] types, IReadOnlyDictionary<string, string?> settings, TimeProvider? time = null, string queues = "", string? hostJson = null,
        Action<FunctionsApplicationBuilder>? configure = null)
    {
        var host = new TestHost(types, settings, null, time, queues, hostJson, configure);
        await host.Host.StartAsync();
        if (host.Error.Length > 0) Assert.Fail(host.Error);
        return host;
    }

    /// <summary>Settings whose storage is the given account.</summary>
    public static Dictionary<string, string?> Storage(string account) => new() { ["AzureWebJobsStorage"] = account, ["PipelineStorage"] = account };

    /// <summary>Runs the host to its end, as Program.cs does.</summary>
    public async Task<int> RunAsync()
    {
        await Host.RunAsync();
        return ExitCode ?? 0;
    }

    public async ValueTask DisposeAsync()
    {
        // A test that has failed has left its functions waiting, and on a clock that stands still nobody's patience ends.
        Log.Gate.TrySetResult();
        await Host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Waits in real time for something to come true.</summary>
    public static async Task UntilAsync(Func<bool> condition) => await UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var limit = System.Diagnostics.Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromSeconds(30), "what the test waits for does not come true");
            await Task.Delay(20);
        }
    }

    /// <summary>A queue with messages in it, encoded as the trigger expects.</summary>
    public static async Task<QueueClient> QueueAsync(string account, string name, params string[] messages)
    {
        var queue = new QueueClient(account, name, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateIfNotExistsAsync();
        foreach (var message in messages) await queue.SendMessageAsync(message);
        return queue;
    }
}

/// <summary>What test functions report, in order.</summary>
public sealed class Events
{
    private readonly ConcurrentQueue<string> events = new();

    public IReadOnlyList<string> All => [.. events];
    public int Count => events.Count;
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Add(string text) => events.Enqueue(text);
}
