using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Local;
using Pipeline.Local.Azurite;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The end of the local host: what it stops, and what it says if that fails.</summary>
public sealed class StoppingTests(Azurite azurite) : IDisposable
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hosts-");
    private readonly List<string> said = [];

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_failed_stop_is_said_after_Ctrl_C_and_the_rest_is_still_stopped()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var log = new ConsoleLog(output, error, time, new LocalOptions()) { IsStopping = true };
        var cleanups = new Cleanups(log);
        var stopped = false;
        cleanups.Push("the first may still run", () =>
        {
            stopped = true;
            return ValueTask.CompletedTask;
        });
        cleanups.Push("the worker may still run; end it", () => throw new IOException("no"));
        await cleanups.DisposeAsync();
        Assert.Equal("stopping: IOException: no; the worker may still run; end it\n", error.ToString());
        Assert.Empty(output.ToString());
        Assert.Equal((true, true), (stopped, cleanups.HasFailed));
    }

    [Theory]
    [InlineData(true, false, "stopped before everything was done; the next run goes on from here")]
    [InlineData(false, false, "stopped")]
    [InlineData(true, true, "ended before everything was done; what was not stopped is named above")]
    [InlineData(false, true, "ended; what was not stopped is named above")]
    public void The_last_line_says_that_all_has_stopped_only_if_it_has(bool ends, bool hasFailed, string line) =>
        Assert.Equal(line, LocalHost.LastLine(ends, hasFailed));

    [Fact]
    public async Task A_host_that_cannot_leave_its_registry_says_so_at_its_end()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "SIGTERM is sent by kill");
        await using var app = App.Start(App.Small(azurite.NewAccount()), "--port", $"{Loopback.FreePort()}");
        await app.UntilSaysAsync("ready: ");
        var hosts = Path.Combine(Repository.Root, ".azurite", "hosts");
        var file = Path.Combine(hosts, $"host-{app.Id}.json");
        File.Delete(file);
        // No file can be removed where a folder is.
        Directory.CreateDirectory(file);
        try
        {
            await app.TerminateAsync();
            var ended = await app.EndAsync();
            Assert.Equal(0, ended.ExitCode);
            Assert.Matches(
                "^stopping: UnauthorizedAccessException: .+; this host stays registered in .+/hosts until the next "
                    + "local host starts\n$",
                ended.Error
            );
            Assert.EndsWith("\nended; what was not stopped is named above\n", ended.Out, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(file);
        }
    }

    [Fact]
    public async Task A_host_that_Ctrl_C_ends_in_its_wait_for_the_lock_stops_an_Azurite_that_was_left_to_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        var registry = new HostRegistry(folder.FullName);
        registry.Enter(null);
        var waiting = NewAzurite(registry);
        using var left = await StartShellAsync("");
        using (await registry.LockAsync(time, said.Add, default))
        {
            registry.KeepAzurite(new HostRegistry.StartedAzurite(ProcessId.Of(left)!, folder.FullName));
            using var interrupted = new CancellationTokenSource();
            var ensuring = waiting.EnsureAsync(mayStart: true, interrupted.Token);
            await interrupted.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ensuring);
        }
        try
        {
            await waiting.DisposeAsync();
            Assert.True(left.HasExited);
            Assert.Empty(folder.EnumerateFiles("host-*.json"));
            Assert.Empty(said);
        }
        finally
        {
            left.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_host_that_never_had_the_lock_leaves_Azurite_to_its_holder()
    {
        var registry = new HostRegistry(folder.FullName);
        registry.Enter(null);
        var waiting = NewAzurite(registry);
        using (await registry.LockAsync(time, said.Add, default))
        {
            var stopping = waiting.DisposeAsync().AsTask();
            // The holder of the lock must not see a host that leaves.
            Assert.Empty(folder.EnumerateFiles("host-*.json"));
            while (!stopping.IsCompleted)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                // Each turn of the waiting sets its timer when the last one has fired.
                await Task.WhenAny(stopping, Task.Delay(20));
            }
            await stopping;
        }
        Assert.Empty(said);
    }

    [Fact]
    public async Task An_Azurite_that_does_not_end_is_killed_and_that_is_said()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        var registry = new HostRegistry(folder.FullName);
        using var stubborn = await StartShellAsync("trap '' TERM; ");
        try
        {
            registry.KeepAzurite(new HostRegistry.StartedAzurite(ProcessId.Of(stubborn)!, folder.FullName));
            var stopping = NewAzurite(registry).DisposeAsync().AsTask();
            while (!stopping.IsCompleted)
            {
                time.Advance(TimeSpan.FromMinutes(1));
                // The end of a process takes real time.
                await Task.WhenAny(stopping, Task.Delay(20));
            }
            await stopping;
            Assert.True(stubborn.HasExited);
            Assert.Equal(["Azurite: did not end within 2 minutes and is killed"], said);
        }
        finally
        {
            stubborn.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task Ctrl_C_while_the_end_of_Azurite_is_waited_for_counts_as_the_interruption()
    {
        var runsOn = new TaskCompletionSource<string>().Task;
        using var interrupted = new CancellationTokenSource();
        var waiting = Supervisor.NoticeAsync(runsOn, time, interrupted.Token);
        await interrupted.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        Assert.Equal("it ended", await Supervisor.NoticeAsync(Task.FromResult("it ended"), time, default));
        var none = Supervisor.NoticeAsync(runsOn, time, default);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await none);
    }

    private LocalAzurite NewAzurite(HostRegistry registry)
    {
        var port = Loopback.FreePort();
        return new LocalAzurite(
            new AzuriteAccount(port, port, port),
            "",
            new NodeTools(folder.FullName, time, said.Add),
            registry,
            folder.FullName,
            time,
            said.Add
        );
    }

    /// <summary>Starts a process that runs for long, and waits until its first command is done.</summary>
    private static async Task<Process> StartShellAsync(string first)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"{first}echo ready; exec sleep 600"])
        {
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        return process;
    }
}
