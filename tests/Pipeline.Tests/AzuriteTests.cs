using System.Diagnostics;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests;

public sealed class AzuriteTests(Azurite azurite)
{
    [Fact]
    public async Task Every_test_has_a_storage_account_of_its_own()
    {
        var first = new Azure.Storage.Queues.QueueClient(azurite.NewAccount(), "pull");
        var second = new Azure.Storage.Queues.QueueClient(azurite.NewAccount(), "pull");
        await first.CreateAsync();
        Assert.False(await second.ExistsAsync());
    }

    /// <summary>
    /// A sweep stood still for three minutes, ten minutes after the tests had begun: whatever ran end to end
    /// at that moment was given up.
    /// </summary>
    [Theory]
    [InlineData("blob/gc/BlobGCManager.js")]
    [InlineData("queue/gc/QueueGCManager.js")]
    public async Task Azurite_does_not_stop_answering_to_sweep_while_the_tests_run(string sweeper)
    {
        // Asked of Azurite's own class, with no interval given, as its servers do: another version may take it from
        // elsewhere.
        var script =
            $"const sweeper = require('azurite/dist/src/{sweeper}').default; console.log(new sweeper({{}}, {{}}, "
            + $"{{}}, () => {{ }}, {{}}).gcIntervalInMS);";
        using var node = Process.Start(
            new ProcessStartInfo("node", ["--require", Repository.AzuriteWithoutSweeping, "-e", script])
            {
                WorkingDirectory = Repository.Root,
                RedirectStandardOutput = true,
            }
        )!;
        var milliseconds = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        Assert.True(
            TimeSpan.FromMilliseconds(double.Parse(milliseconds, System.Globalization.CultureInfo.InvariantCulture))
                >= TimeSpan.FromHours(2),
            milliseconds
        );
    }
}
