using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Local;
using Pipeline.Local.Once;
using Pipeline.Local.Worker;
using Pipeline.Sources;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>What the built worker tells its host that it has: the contract with the Functions host in Azure.</summary>
public sealed class FunctionContractTests
{
    private static readonly string[] Expected =
    [
        "Check: http GET,HEAD check Function",
        "Data: http GET,HEAD data/{table} Function",
        "Feed: http GET,HEAD feed.atom Function",
        "Figure: http GET,HEAD figure/{table}/{partition}/{row} Function",
        "Health: http GET,HEAD health Anonymous",
        "KeepDeadNormalize: queue normalize-poison PipelineStorage message",
        "KeepDeadPublish: queue publish-poison PipelineStorage message",
        "KeepDeadPull: queue pull-poison PipelineStorage message",
        "Monitor: timer %MONITOR_SCHEDULE%",
        "Normalize: queue normalize PipelineStorage text",
        .. SourceServices.Settings.Select(source =>
            $"{PlannedSource.FunctionOf(source.Source)}: timer %{source.Schedule.Name}%"
        ),
        "OpenApi: http GET,HEAD openapi.json Function",
        "Publish: queue publish PipelineStorage text",
        "Pull: queue pull PipelineStorage text",
        "Replay: http POST replay/{source}/{*slice} Function",
        "Report: http GET,HEAD report Function",
        "ReportAsset: http GET,HEAD report/{name} Anonymous",
        "Restore: http POST restore/{source} Function",
        "Status: http GET,HEAD status Function",
    ];

    [Fact]
    public async Task The_worker_lists_names_triggers_queues_schedules_routes_and_levels()
    {
        var schedules = AllSettings.Schedules.Keys.ToDictionary(name => name, name => (string?)$"%{name}%");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(schedules).Build();
        var functions = WorkerFunction.Read(await ListAsync(App.Settings("UseDevelopmentStorage=true")), configuration);
        Assert.Equal(Expected.Order(StringComparer.Ordinal), functions.Select(Describe).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_setting_that_does_not_resolve_is_named_with_its_function()
    {
        var listed = await ListAsync(App.Settings("UseDevelopmentStorage=true"));
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                AllSettings
                    .Schedules.Where(schedule => schedule.Key != "UNCTAD_SCHEDULE")
                    .ToDictionary(
                        schedule => schedule.Key,
                        schedule => schedule.Key == "MONITOR_SCHEDULE" ? "" : schedule.Value
                    )!
            )
            .Build();
        var error = Assert.Throws<StartException>(() => WorkerFunction.Read(listed, configuration));
        Assert.Equal(
            [
                "Monitor: seen '%MONITOR_SCHEDULE%', which no setting resolves, expected a value; set MONITOR_SCHEDULE",
                "PlanUnctadFdi: seen '%UNCTAD_SCHEDULE%', which no setting resolves, expected a value; set "
                    + "UNCTAD_SCHEDULE",
            ],
            error.Lines.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_trigger_that_this_host_does_not_know_is_named()
    {
        var metadata = new RpcFunctionMetadata { Name = "Other", FunctionId = "1" };
        metadata.RawBindings.Add("""{"name":"blob","type":"blobTrigger","path":"x"}""");
        var error = Assert.Throws<StartException>(() =>
            WorkerFunction.Read([metadata], new ConfigurationBuilder().Build())
        );
        Assert.Equal(
            "Other: seen no trigger that this host knows, expected a queue, timer or HTTP trigger",
            error.Message
        );
    }

    [Theory]
    [InlineData(
        """{"name":"m","type":"queueTrigger","queueName":"pull","connection":"Other"}""",
        "Other: seen connection \"Other\", expected PipelineStorage, in which this host makes the queues; correct "
            + "its trigger"
    )]
    [InlineData(
        """{"name":"t","type":"timerTrigger","schedule":"0 0 * * * *","runOnStartup":true}""",
        "Other: seen runOnStartup, expected a schedule alone; a plan that runs at every start asks the sources too "
            + "often"
    )]
    public void A_trigger_that_this_host_would_run_differently_is_refused(string binding, string line)
    {
        var metadata = new RpcFunctionMetadata { Name = "Other", FunctionId = "1" };
        metadata.RawBindings.Add(binding);
        var error = Assert.Throws<StartException>(() =>
            WorkerFunction.Read([metadata], new ConfigurationBuilder().Build())
        );
        Assert.Equal(line, error.Message);
    }

    [Fact]
    public async Task A_worker_that_never_answers_is_given_up()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var channel = new WorkerChannel(Log(), HostFile.Read(App.Folder, new ConfigurationBuilder().Build()), time);
        var start = channel.StartAsync(App.Folder, CancellationToken.None);
        time.Advance(TimeSpan.FromMinutes(4));
        var error = await Assert.ThrowsAsync<StartException>(() => start);
        Assert.Equal(
            "worker: seen no response within 3 minutes, expected its list of functions; run 'dotnet build "
                + "src/Pipeline.Local' and start again",
            error.Message
        );
    }

    /// <summary>Starts the worker, as the local host does, and asks it for its functions.</summary>
    private static async Task<IReadOnlyList<RpcFunctionMetadata>> ListAsync(Dictionary<string, string> settings)
    {
        var channel = new WorkerChannel(
            Log(),
            HostFile.Read(App.Folder, new ConfigurationBuilder().Build()),
            TimeProvider.System
        );
        await using var listener = await WorkerListener.StartAsync(channel);
        using var worker = WorkerProcess.Start(App.Folder, listener.Address, channel.WorkerId, settings);
        try
        {
            return await channel.StartAsync(App.Folder, TestContext.Current.CancellationToken);
        }
        finally
        {
            channel.Terminate();
            await worker.StopAsync(TimeSpan.FromMinutes(1));
        }
    }

    private static ConsoleLog Log() => new(TextWriter.Null, TextWriter.Null, TimeProvider.System, new LocalOptions());

    private static string Describe(WorkerFunction function) =>
        $"{function.Name}: "
        + function.Trigger switch
        {
            QueueTrigger queue => $"queue {queue.Queue} {queue.Connection} {(queue.Deferred ? "message" : "text")}",
            TimerTrigger timer => $"timer {timer.Schedule}",
            HttpTrigger http => $"http {string.Join(',', http.Methods)} {http.Route} {http.Level}",
            _ => "unknown",
        };
}
