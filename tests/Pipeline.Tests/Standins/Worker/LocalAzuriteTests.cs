using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Azure.Storage.Queues;
using Standin.Functions.Worker.Azurite;
using Standin.Functions.Worker.Hosting;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class LocalAzuriteTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("standin-azurite-test").FullName;
    private readonly List<string> said = [];
    private readonly AzuriteSetup setup;

    public LocalAzuriteTests() => setup = new AzuriteSetup
    {
        Ports = new(Loopback.FreePort(), Loopback.FreePort(), Loopback.FreePort()),
        Root = Repository.Root,
        Data = Path.Combine(folder, "data"),
    };

    public void Dispose()
    {
        if (Directory.Exists(setup.UsersFolder)) Directory.Delete(setup.UsersFolder, recursive: true);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Azurite_is_started_and_ends_with_its_last_user_and_keeps_the_data()
    {
        await using (var first = await EnsuredAsync())
        {
            Assert.NotNull(first.Started);
            await new QueueClient(setup.Ports.ConnectionString, "kept").CreateAsync();
        }
        Assert.False(Answers());
        await using (await EnsuredAsync()) Assert.True(await new QueueClient(setup.Ports.ConnectionString, "kept").ExistsAsync());
        Assert.False(Answers());
    }

    [Fact]
    public async Task Two_that_start_together_share_one_and_the_starter_leaves_it_to_the_other()
    {
        var both = await Task.WhenAll(EnsuredAsync(), EnsuredAsync());
        var starter = both.Single(one => one.Started is not null);
        var guest = both.Single(one => one.Started is null);
        await starter.DisposeAsync();
        await Task.Delay(1500); // longer than the guard takes to notice that nobody is left
        Assert.True(Answers());
        await guest.DisposeAsync();
        Assert.False(Answers());
    }

    [Fact]
    public async Task An_azurite_whose_users_were_killed_ends_by_itself_and_stale_entries_block_nobody()
    {
        await using var first = await EnsuredAsync();
        // What a kill -9 leaves behind: an entry that nobody holds, of a process that is gone.
        var users = Path.Combine(setup.UsersFolder, "users");
        using var gone = Process.Start(new ProcessStartInfo("node", ["--version"]) { RedirectStandardOutput = true })!;
        await gone.WaitForExitAsync();
        foreach (var entry in Directory.EnumerateFiles(users)) File.Delete(entry);
        await File.WriteAllTextAsync(Path.Combine(users, $"{gone.Id}-stale"), "");
        await first.Started!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(Answers());

        await using var next = await EnsuredAsync();
        Assert.NotNull(next.Started);
        Assert.False(File.Exists(Path.Combine(users, $"{gone.Id}-stale")));
    }

    [Fact]
    public async Task One_that_was_started_otherwise_is_used_and_left_alone()
    {
        using var listeners = new Listeners(setup.Ports.All);
        await using (var guest = await EnsuredAsync()) Assert.Null(guest.Started);
        Assert.True(Answers());
        Assert.Equal([$"Azurite: using the one on 127.0.0.1:{string.Join('/', setup.Ports.All)}"], said);
    }

    [Fact]
    public async Task Half_of_the_ports_in_use_is_an_error()
    {
        using var listeners = new Listeners([setup.Ports.Queue]);
        var error = await Assert.ThrowsAsync<StartupException>(EnsuredAsync);
        Assert.Equal($"Azurite: seen 1 of the ports 127.0.0.1:{string.Join('/', setup.Ports.All)} in use, expected all (a running Azurite) or none; stop what uses them", error.Message);
    }

    [Fact]
    public async Task Missing_node_is_said_with_what_to_do()
    {
        var error = await Assert.ThrowsAsync<StartupException>(() => new NodeTools(setup with { Node = "no-such-node" }, TimeProvider.System, said.Add).AzuriteAsync(folder, default));
        Assert.Equal(
            "Node.js 20 or newer is needed for Azurite, which stands in for Azure Storage; seen: no 'no-such-node' on PATH; install it or set PipelineStorage/AzureWebJobsStorage to a real account and use --no-azurite",
            error.Message);
    }

    [Fact]
    public async Task An_old_node_is_said_with_its_version()
    {
        if (OperatingSystem.IsWindows()) return; // the fake is a shell script
        var old = Script("node", "echo v18.19.0");
        var error = await Assert.ThrowsAsync<StartupException>(() => new NodeTools(setup with { Node = old }, TimeProvider.System, said.Add).AzuriteAsync(folder, default));
        Assert.Equal(
            "Node.js 20 or newer is needed for Azurite, which stands in for Azure Storage; seen: version \"18.19.0\"; install it or set PipelineStorage/AzureWebJobsStorage to a real account and use --no-azurite",
            error.Message);
    }

    [Fact]
    public async Task A_missing_azurite_is_installed_with_npm_ci_and_a_failure_shows_its_last_lines()
    {
        if (OperatingSystem.IsWindows()) return; // the fakes are shell scripts
        var works = Script("npm", "mkdir -p node_modules/azurite/dist/src && touch node_modules/azurite/dist/src/azurite.js");
        var fails = Script("npm-fails", "echo cannot reach the registry >&2; exit 7");
        var error = await Assert.ThrowsAsync<StartupException>(() => new NodeTools(setup with { Npm = fails }, TimeProvider.System, said.Add).AzuriteAsync(folder, default));
        Assert.Equal([$"'npm ci' in {folder}: seen exit code 7, expected azurite installed; run it by hand and correct what it says:", "  cannot reach the registry"], error.Lines);
        Assert.EndsWith("azurite.js", await new NodeTools(setup with { Npm = works }, TimeProvider.System, said.Add).AzuriteAsync(folder, default), StringComparison.Ordinal);
        Assert.Contains(said, line => line.StartsWith("Azurite: not installed yet, running 'npm ci'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_azurite_that_dies_at_the_start_shows_its_last_lines()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "file"), "");
        var root = Directory.CreateDirectory(Path.Combine(folder, "node_modules", "azurite", "dist", "src")).FullName;
        await File.WriteAllTextAsync(Path.Combine(root, "azurite.js"), "console.error('the disk is full'); process.exit(3);");
        var broken = new LocalAzurite(setup with { Root = folder }, TimeProvider.System, said.Add);
        var error = await Assert.ThrowsAsync<StartupException>(() => broken.EnsureAsync(["PipelineStorage"], true, default));
        await broken.DisposeAsync();
        Assert.Contains("the process ended with exit code 3; its last lines follow", error.Lines[0], StringComparison.Ordinal);
        Assert.Equal("  the disk is full", error.Lines[1]);
    }

    private async Task<LocalAzurite> EnsuredAsync()
    {
        var azurite = new LocalAzurite(setup, TimeProvider.System, said.Add);
        try
        {
            await azurite.EnsureAsync(["PipelineStorage"], mayStart: true, TestContext.Current.CancellationToken);
            return azurite;
        }
        catch (StartupException)
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    private bool Answers()
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, setup.Ports.Queue);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string Script(string name, string body)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, $"#!/bin/sh\n{body}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }

    private sealed class Listeners : IDisposable
    {
        private readonly List<TcpListener> listeners;

        public Listeners(IReadOnlyList<int> ports)
        {
            listeners = [.. ports.Select(port => new TcpListener(IPAddress.Loopback, port))];
            foreach (var listener in listeners) listener.Start();
        }

        public void Dispose()
        {
            foreach (var listener in listeners) listener.Stop();
        }
    }
}
