using System.Diagnostics;
using System.Text.Json;
using Pipeline.Local.Azurite;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The registered hosts, and what dead ones have left.</summary>
public sealed class HostRegistryTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hosts-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task The_worker_of_a_dead_host_with_the_number_of_this_process_is_ended()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs sleep");
        using var worker = Process.Start("sleep", ["600"]);
        try
        {
            var dead = new HostRegistry.Entry(
                new ProcessId(Environment.ProcessId, DateTimeOffset.UnixEpoch),
                ProcessId.Of(worker)
            );
            var file = Path.Combine(folder.FullName, $"host-{Environment.ProcessId}.json");
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(dead));
            Assert.Equal(1, await new HostRegistry(folder.FullName).EndOrphansAsync(default));
            Assert.True(worker.HasExited);
            Assert.False(File.Exists(file));
        }
        finally
        {
            worker.Kill();
        }
    }

    [Fact]
    public async Task The_worker_of_this_host_is_not_touched()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs sleep");
        using var worker = Process.Start("sleep", ["600"]);
        try
        {
            var registry = new HostRegistry(folder.FullName);
            registry.Enter(ProcessId.Of(worker));
            Assert.Equal(0, await registry.EndOrphansAsync(default));
            Assert.False(worker.HasExited);
            Assert.Single(folder.EnumerateFiles("host-*.json"));
        }
        finally
        {
            worker.Kill();
        }
    }
}
