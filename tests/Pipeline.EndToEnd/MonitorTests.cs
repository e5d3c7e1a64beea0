using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The Monitor as the host runs it.</summary>
public sealed class MonitorTests(Azurite azurite)
{
    [Fact]
    public async Task It_runs_by_its_schedule_and_tells_each_gauge()
    {
        var connection = azurite.NewAccount();
        var queue = new Account(connection).Queues.GetQueueClient("pull-poison");
        await queue.CreateAsync();
        await queue.SendMessageAsync("given up");
        // Who keeps dead letters is switched off, so that this one stays where it is.
        await using var app = App.Start(
            App.Small(connection, ("MONITOR_SCHEDULE", "* * * * * *"), ("AzureWebJobs_KeepDeadPull_Disabled", "true")),
            "--port",
            $"{Loopback.FreePort()}"
        );
        await app.UntilSaysAsync("Monitor: gauge pipeline.poison.messages queue=pull-poison value=1");
        await app.UntilSaysAsync(
            "Monitor: gauge pipeline.data.overdue.hours dataset=census-trade/exports-total value=0"
        );
        await app.UntilSaysAsync("Monitor: gauge pipeline.rejects.open source=moex-holders value=0");
        Assert.Empty(app.Error);
    }
}
