using System.Collections.Concurrent;
using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The Monitor as the host runs it.</summary>
public sealed class MonitorTests(Azurite azurite)
{
    [Theory]
    [InlineData("pipeline.poison.messages", "pull-poison")]
    [InlineData("pipeline.data.overdue.hours", "census-trade/exports-total")]
    [InlineData("pipeline.rejects.open", "moex-holders")]
    public async Task It_runs_by_its_schedule_and_sends_each_metric_with_its_dimension(string metric, string dimension)
    {
        var connection = azurite.NewAccount();
        var queue = new Account(connection).Queues.GetQueueClient("pull-poison");
        await queue.CreateAsync();
        await queue.SendMessageAsync("given up");
        // Names and dimensions are texts in the protocol's messages.
        var sent = new ConcurrentQueue<string>();
        await using var collector = await Collector.StartAsync("/v1/metrics", body =>
            sent.Enqueue(Encoding.Latin1.GetString(body))
        );
        // Who keeps dead letters is switched off, so that this one stays where it is.
        await using var app = App.Start(
            App.Small(
                connection,
                [
                    ("MONITOR_SCHEDULE", "* * * * * *"),
                    ("AzureWebJobs_KeepDeadPull_Disabled", "true"),
                    .. collector.Settings,
                ]
            ),
            "--port",
            $"{Loopback.FreePort()}"
        );
        await app.UntilAsync($"{metric} of {dimension}", () =>
            Task.FromResult(
                sent.Any(body =>
                    body.Contains(metric, StringComparison.Ordinal)
                    && body.Contains(dimension, StringComparison.Ordinal)
                )
            )
        );
        Assert.Empty(app.Error);
    }
}
