using System.Diagnostics.Metrics;

namespace Pipeline.Report.Monitoring;

/// <summary>The metrics of the pipeline, by the standard: a meter whose values every exporter sends on.</summary>
public sealed class PipelineMetrics
{
    /// <summary>The name of the meter, and of the source of spans.</summary>
    public const string Name = "Pipeline";

    /// <summary>Invocations that ended, by <c>function</c>, <c>source</c> and <c>outcome</c>.</summary>
    public const string Outcomes = "pipeline.outcomes";

    /// <summary>The outcome of an invocation that returned, and of one that threw.</summary>
    public const string Succeeded = "succeeded",
        Failed = "failed";

    private readonly Dictionary<string, Gauge<double>> gauges;
    private readonly Counter<long> outcomes;

    /// <summary>Makes the instruments.</summary>
    /// <param name="factory">Makes the meter.</param>
    public PipelineMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(Name);
        gauges = Gauges.All.ToDictionary(
            gauge => gauge.Name,
            gauge => meter.CreateGauge<double>(gauge.Name, gauge.Unit, gauge.Description),
            StringComparer.Ordinal
        );
        outcomes = meter.CreateCounter<long>(Outcomes, "{invocation}", "Invocations that ended.");
    }

    /// <summary>Records one reading, with what it was read of as its only tag.</summary>
    /// <param name="reading">The reading; its name is one of <see cref="Gauges.All"/>.</param>
    /// <exception cref="KeyNotFoundException">No gauge has that name.</exception>
    public void Record(Gauge reading) =>
        gauges[reading.Name].Record(reading.Value, new KeyValuePair<string, object?>(reading.Property, reading.Of));

    /// <summary>Counts an invocation that ended.</summary>
    /// <param name="function">The name of the function.</param>
    /// <param name="source">The source it worked for; empty for none.</param>
    /// <param name="succeeded">False if it threw.</param>
    public void Count(string function, string source, bool succeeded) =>
        outcomes.Add(
            1,
            new KeyValuePair<string, object?>("function", function),
            new KeyValuePair<string, object?>("source", source),
            new KeyValuePair<string, object?>("outcome", succeeded ? Succeeded : Failed)
        );
}
