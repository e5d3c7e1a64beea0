using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Local;
using Pipeline.Local.Azurite;
using Pipeline.Local.Http;
using Pipeline.Local.Once;
using Pipeline.Local.Worker;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>Parts of the local host that need no process of its own.</summary>
public sealed class LocalUnitTests(Azurite azurite)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public void A_port_that_the_user_may_not_open_is_not_said_to_be_in_use()
    {
        var denied = new SocketException((int)SocketError.AccessDenied);
        Assert.Equal(
            $"--port: seen port 80, which this user may not open ({denied.Message}), expected one that it may, as a "
                + "rule from 1024 on; name another port",
            FrontEnd.Unusable(80, denied).Message
        );
        Assert.StartsWith(
            "--port: seen port 80 in use (",
            FrontEnd.Unusable(80, new SocketException((int)SocketError.AddressAlreadyInUse)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void After_a_standstill_a_run_plans_again_then_waits_for_other_processes_and_then_gives_up()
    {
        var watch = new ProgressWatch(Limit, time);
        Assert.Equal(NextMove.Wait, watch.Look("a", isIdle: true, hidden: 1));
        for (var i = 1; i <= ProgressWatch.MaxReplans; i++)
        {
            Assert.Equal(NextMove.Wait, watch.Look("a", isIdle: true, hidden: 1));
            time.Advance(ProgressWatch.Standstill);
            Assert.Equal(NextMove.PlanAgain, watch.Look("a", isIdle: true, hidden: 1));
            Assert.Equal(i, watch.Replans);
        }
        time.Advance(ProgressWatch.Standstill);
        Assert.Equal(NextMove.SayWaiting, watch.Look("a", isIdle: true, hidden: 1));
        time.Advance(Limit - ProgressWatch.Standstill - TimeSpan.FromSeconds(1));
        Assert.Equal(NextMove.Wait, watch.Look("a", isIdle: true, hidden: 1));
        // The other process has moved on.
        Assert.Equal(NextMove.Wait, watch.Look("b", isIdle: true, hidden: 1));
        time.Advance(ProgressWatch.Standstill);
        Assert.Equal(NextMove.SayWaiting, watch.Look("b", isIdle: true, hidden: 1));
        time.Advance(Limit - ProgressWatch.Standstill);
        Assert.Equal(NextMove.GiveUp, watch.Look("b", isIdle: true, hidden: 1));
    }

    [Fact]
    public void After_a_standstill_in_which_no_other_process_has_a_message_a_run_gives_up()
    {
        var watch = new ProgressWatch(Limit, time);
        Assert.Equal(NextMove.Wait, watch.Look("a", isIdle: true, hidden: 0));
        for (var i = 0; i < ProgressWatch.MaxReplans; i++)
        {
            time.Advance(ProgressWatch.Standstill);
            Assert.Equal(NextMove.PlanAgain, watch.Look("a", isIdle: true, hidden: 0));
        }
        time.Advance(ProgressWatch.Standstill);
        // This host works: that is no standstill.
        Assert.Equal(NextMove.Wait, watch.Look("a", isIdle: false, hidden: 0));
        time.Advance(ProgressWatch.Standstill);
        Assert.Equal(NextMove.GiveUp, watch.Look("a", isIdle: true, hidden: 0));
    }

    [Fact]
    public async Task Messages_that_another_process_has_in_hand_are_told_from_those_that_wait()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var account = pipeline.Get<StorageAccount>();
        Assert.Equal(new MessageCounts(0, 0), await MessageCounts.ReadAsync(account, Names.PullQueue, default));
        var queue = account.Queues.GetQueueClient(Names.PullQueue);
        await queue.CreateAsync();
        foreach (var text in (string[])["1", "2", "3"])
            await queue.SendMessageAsync(text);
        await queue.ReceiveMessagesAsync(1, TimeSpan.FromHours(1));
        Assert.Equal(new MessageCounts(2, 1), await MessageCounts.ReadAsync(account, Names.PullQueue, default));
    }

    [Fact]
    public async Task At_the_end_a_lock_that_another_process_holds_is_not_waited_for_long()
    {
        var folder = Directory.CreateTempSubdirectory("hosts-");
        try
        {
            var said = new List<string>();
            var registry = new HostRegistry(folder.FullName);
            registry.Enter(null);
            var port = Loopback.FreePort();
            var account = new AzuriteAccount(port, port, port);
            var stopped = new LocalAzurite(
                account,
                "",
                new NodeTools(folder.FullName, time, said.Add),
                registry,
                folder.FullName,
                time,
                said.Add
            );
            await Assert.ThrowsAsync<StartException>(() => stopped.EnsureAsync(mayStart: false, default));
            using (await registry.LockAsync(time, said.Add, default))
            {
                var stopping = stopped.DisposeAsync().AsTask();
                Assert.False(stopping.IsCompleted);
                // Each turn of the waiting sets its timer when the last one has fired.
                for (var seconds = 0; seconds < 60 && !stopping.IsCompleted; seconds++)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    await Task.Yield();
                }
                await stopping.WaitAsync(TimeSpan.FromMinutes(1));
            }
            Assert.Equal(
                [$"Azurite: left running on {account.Shown}; another local host is starting or stopping"],
                said
            );
            Assert.Empty(folder.EnumerateFiles("host-*.json"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_lock_that_is_never_released_and_a_folder_that_cannot_be_made_are_each_one_line()
    {
        var folder = Directory.CreateTempSubdirectory("hosts-");
        try
        {
            var said = new List<string>();
            var registry = new HostRegistry(folder.FullName);
            var file = Path.Combine(folder.FullName, "lock");
            using (await registry.LockAsync(time, said.Add, default))
            {
                var waiting = registry.LockAsync(time, said.Add, default);
                while (!waiting.IsCompleted)
                {
                    time.Advance(TimeSpan.FromMinutes(1));
                    await Task.Yield();
                }
                var error = await Assert.ThrowsAsync<StartException>(() => waiting);
                Assert.Equal(
                    $"{file}: held by another process for 30 minutes, expected a file that this process can lock; end "
                        + "that process",
                    error.Message
                );
            }
            Assert.Equal([$"Azurite: waiting for another process that starts or stops it and holds {file}"], said);
            var inFile = new HostRegistry(Path.Combine(file, "hosts"));
            var bad = await Assert.ThrowsAsync<StartException>(() => inFile.LockAsync(time, said.Add, default));
            Assert.StartsWith($"{file}/hosts/lock: ", bad.Message, StringComparison.Ordinal);
            Assert.EndsWith(
                ", expected a file that this process can lock; correct the folder",
                bad.Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_worker_that_never_answers_is_ended()
    {
        var folder = Directory.CreateTempSubdirectory("hosts-");
        try
        {
            // The runtime calls the hook before the app's own code.
            var settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["DOTNET_STARTUP_HOOKS"] = typeof(LocalUnitTests).Assembly.Location,
            };
            using var said = new StringWriter();
            var registry = new HostRegistry(folder.FullName);
            var start = FunctionApp.StartAsync(
                App.Folder,
                HostFile.Read(App.Folder, new ConfigurationBuilder().Build()),
                registry,
                new ConsoleLog(said, said, TimeProvider.System, new LocalOptions()),
                time,
                settings,
                default
            );
            var worker = await WorkerOfAsync(folder);
            while (!start.IsCompleted)
            {
                time.Advance(TimeSpan.FromMinutes(1));
                // The end of a process takes real time.
                await Task.WhenAny(start, Task.Delay(20));
            }
            var error = await Assert.ThrowsAsync<StartException>(() => start);
            Assert.Equal(
                "worker: seen no response within 3 minutes, expected its list of functions; run 'dotnet build "
                    + "src/Pipeline.Local' and start again",
                error.Message
            );
            Assert.False(worker.IsRunning);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<ProcessId> WorkerOfAsync(DirectoryInfo folder)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (true)
        {
            foreach (var file in folder.EnumerateFiles("host-*.json"))
            {
                using var entry = System.Text.Json.JsonDocument.Parse(
                    await File.ReadAllTextAsync(file.FullName, limit.Token)
                );
                var worker = entry.RootElement.GetProperty("Worker");
                return new ProcessId(
                    worker.GetProperty("Pid").GetInt32(),
                    worker.GetProperty("StartedAt").GetDateTimeOffset()
                );
            }
            await Task.Delay(20, limit.Token);
        }
    }
}
