using Microsoft.Azure.Functions.Worker;
using Pipeline.Report.Monitoring;

namespace Pipeline.Functions;

/// <summary>Records how the pipeline stands. The alerts in <c>infra/</c> are made of it.</summary>
public sealed class MonitorFunction(PipelineMonitor monitor, PipelineMetrics metrics)
{
    [Function("Monitor")]
    public async Task RunAsync(
        [TimerTrigger("%MONITOR_SCHEDULE%")] TimerInfo timer,
        CancellationToken cancellationToken
    )
    {
        foreach (var gauge in await monitor.ReadAsync(cancellationToken))
            metrics.Record(gauge);
    }
}
