using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Pipeline.Report.Monitoring;

namespace Pipeline.Functions;

/// <summary>Tells the telemetry how the pipeline stands. The alerts in <c>infra/</c> are made of it.</summary>
public sealed class MonitorFunction(PipelineMonitor monitor, ILogger<MonitorFunction> logger)
{
    [Function("Monitor")]
    public async Task RunAsync(
        [TimerTrigger("%MONITOR_SCHEDULE%")] TimerInfo timer,
        CancellationToken cancellationToken
    )
    {
        foreach (var gauge in await monitor.ReadAsync(cancellationToken))
        {
            logger.LogMetric(gauge.Name, gauge.Value, new Dictionary<string, object> { [gauge.Property] = gauge.Of });
            logger.LogInformation(Gauge.Line, gauge.Name, gauge.Property, gauge.Of, gauge.Value);
        }
    }
}
