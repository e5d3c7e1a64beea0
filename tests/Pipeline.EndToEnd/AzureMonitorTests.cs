using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Pipeline.Report.Monitoring;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// What the exporter of Azure Monitor sends, as its ingestion endpoint receives it: over HTTP on loopback, without a
/// credential.
/// </summary>
public sealed class AzureMonitorTests(Azurite azurite)
{
    private const string Track = "/v2.1/track";

    [Fact]
    public async Task The_steps_of_a_run_are_spans_of_one_operation_and_no_envelope_has_a_secret()
    {
        var received = new ConcurrentQueue<string>();
        await using var collector = await Collector.StartAsync(Track, body => Take(received, body));
        var account = azurite.NewAccount();
        var ended = await App.RunAsync(
            App.Small(account, [collector.AzureMonitor, ("OTEL_BSP_SCHEDULE_DELAY", "100")]),
            "--once",
            "PlanCensusTrade",
            "--port",
            $"{Loopback.FreePort()}"
        );
        Assert.True(ended.ExitCode == 0, $"{ended}");
        string[] steps = ["Normalize", "PlanCensusTrade", "Publish", "Pull"];
        var spans = received
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Where(envelope => Text(envelope, "data", "baseData", "name") is { } name && steps.Contains(name))
            .ToList();
        Assert.Equal(
            steps,
            spans.Select(span => Text(span, "data", "baseData", "name")!).Distinct().Order(StringComparer.Ordinal)
        );
        Assert.Single(spans.Select(span => Text(span, "tags", "ai.operation.id")).Distinct());
        Assert.All(spans, span =>
            Assert.Equal("census-trade", Text(span, "data", "baseData", "properties", "pipeline.source"))
        );
        var key = account.Split(';').Single(part => part.StartsWith("AccountKey=", StringComparison.Ordinal))[11..];
        Assert.DoesNotContain(received, line => line.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Monitor_sends_each_metric_with_its_dimensions()
    {
        var received = new ConcurrentQueue<string>();
        await using var collector = await Collector.StartAsync(Track, body => Take(received, body));
        var account = azurite.NewAccount();
        // Ages are read of what was loaded.
        var ended = await App.RunAsync(
            App.Small(account),
            "--once",
            "PlanCensusTrade",
            "--port",
            $"{Loopback.FreePort()}"
        );
        Assert.True(ended.ExitCode == 0, $"{ended}");
        await using var app = App.Start(
            App.Small(account, [collector.AzureMonitor, ("MONITOR_SCHEDULE", "* * * * * *")]),
            "--port",
            $"{Loopback.FreePort()}"
        );
        foreach (var (metric, _, _) in Gauges.All)
        {
            var dimension = metric switch
            {
                Gauges.QueueMessages or Gauges.QueueOldestMinutes or Gauges.PoisonMessages => Gauges.OfQueue,
                Gauges.DataAgeHours or Gauges.DataOverdueHours or Gauges.SlicesQuarantined => Gauges.OfDataset,
                Gauges.RevisionsOutOfPolicy => Gauges.OfTable,
                _ => Gauges.OfSource,
            };
            await app.UntilAsync($"{metric} with {dimension}", () =>
                Task.FromResult(
                    received.Any(line =>
                        line.Contains($"\"{metric}\"", StringComparison.Ordinal)
                        && line.Contains($"\"{dimension}\":", StringComparison.Ordinal)
                    )
                )
            );
        }
        await app.UntilAsync("the outcomes of Monitor", () =>
            Task.FromResult(
                received.Any(line =>
                    line.Contains($"\"{PipelineMetrics.Outcomes}\"", StringComparison.Ordinal)
                    && line.Contains("\"function\":\"Monitor\"", StringComparison.Ordinal)
                    && line.Contains("\"outcome\":\"succeeded\"", StringComparison.Ordinal)
                )
            )
        );
        Assert.Empty(app.Error);
    }

    private static void Take(ConcurrentQueue<string> received, byte[] body)
    {
        foreach (var line in Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            received.Enqueue(line);
    }

    private static string? Text(JsonElement envelope, params string[] path)
    {
        foreach (var name in path)
        {
            if (envelope.ValueKind != JsonValueKind.Object || !envelope.TryGetProperty(name, out envelope))
                return null;
        }
        return envelope.GetString();
    }
}
