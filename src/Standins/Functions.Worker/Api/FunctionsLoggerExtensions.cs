using System.Collections.ObjectModel;
using Standin.Functions.Worker.Logging;

namespace Microsoft.Extensions.Logging;

/// <summary>Gauges through the log, as the worker sends them to the host.</summary>
public static class FunctionsLoggerExtensions
{
    /// <summary>Logs the value of a metric at level Information.</summary>
    /// <param name="logger">The logger.</param>
    /// <param name="name">The metric.</param>
    /// <param name="value">Its value.</param>
    /// <param name="properties">What to filter and group by.</param>
    public static void LogMetric(this ILogger logger, string name, double value, IDictionary<string, object>? properties = null)
    {
        var state = properties is null ? [] : new Dictionary<string, object>(properties);
        state[Metric.NameKey] = name;
        state[Metric.ValueKey] = value;
        logger?.Log<IDictionary<string, object>>(LogLevel.Information, Metric.Event, new ReadOnlyDictionary<string, object>(state), null, (_, _) => string.Empty);
    }
}
