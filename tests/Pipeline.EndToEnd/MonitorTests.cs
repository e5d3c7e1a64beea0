using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
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
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var port = Loopback.FreePort();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            if (context.Request.Path == "/v1/metrics")
                sent.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync();
        // Who keeps dead letters is switched off, so that this one stays where it is.
        await using var app = App.Start(
            App.Small(
                connection,
                ("MONITOR_SCHEDULE", "* * * * * *"),
                ("AzureWebJobs_KeepDeadPull_Disabled", "true"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
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
