using System.Diagnostics;
using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Pipeline.Report.Monitoring;
using Pipeline.Sources;

namespace Pipeline.Functions;

/// <summary>A span and a count for each invocation; after a timer the metrics are sent at once.</summary>
/// <param name="metrics">Counts.</param>
/// <param name="providers">What sends metrics; none where no exporter is set.</param>
/// <param name="logger">Says when metrics could not be sent: the work of the timer is done all the same.</param>
public sealed class TelemetryMiddleware(
    PipelineMetrics metrics,
    IEnumerable<MeterProvider> providers,
    ILogger<TelemetryMiddleware> logger
) : IFunctionsWorkerMiddleware
{
    /// <summary>How long a timer waits until its metrics are sent.</summary>
    private const int FlushMilliseconds = 10_000;

    private static readonly ActivitySource Spans = new(PipelineMetrics.Name);

    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var function = context.FunctionDefinition;
        var source = SourceOf(context);
        using var span = Spans.StartActivity(function.Name);
        span?.SetTag("pipeline.source", source).SetTag("pipeline.slice", Text(context, "Slice"));
        try
        {
            await next(context);
            metrics.Count(function.Name, source, succeeded: true);
        }
        catch (Exception e)
        {
            metrics.Count(function.Name, source, succeeded: false);
            // Without the message, which the log has: what a server said stays there.
            span?.SetStatus(ActivityStatusCode.Error, e.GetType().Name);
            throw;
        }
        finally
        {
            // An instance without work ends within seconds, and the alerts ask for what a timer counted.
            if (function.InputBindings.Values.Any(binding => binding.Type == "timerTrigger"))
                Flush(function.Name);
        }
    }

    private void Flush(string function)
    {
        foreach (var provider in providers)
        {
            if (!provider.ForceFlush(FlushMilliseconds))
            {
                logger.LogError(
                    "{Function}: the metrics were not sent within {Seconds} s, expected an exporter that takes them; "
                        + "see whether the address in APPLICATIONINSIGHTS_CONNECTION_STRING or "
                        + "OTEL_EXPORTER_OTLP_ENDPOINT responds, and whether the identity may publish metrics",
                    function,
                    FlushMilliseconds / 1000
                );
            }
        }
    }

    /// <summary>The source that an invocation works for; empty for none.</summary>
    private static string SourceOf(FunctionContext context) =>
        SourceServices
            .Settings.FirstOrDefault(source => PlanOf(source.Source) == context.FunctionDefinition.Name)
            ?.Source
        ?? (Text(context, "Slice") is { Length: > 0 } slice ? slice.Split('/')[0] : Text(context, "Source"));

    /// <summary>The timer function that plans a source: <c>PlanCensusTrade</c> for <c>census-trade</c>.</summary>
    internal static string PlanOf(string source) =>
        "Plan" + string.Concat(source.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>A property of the message that a queue brought; empty for none.</summary>
    private static string Text(FunctionContext context, string property) =>
        context.BindingContext.BindingData.TryGetValue(property, out var value)
            ? (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Trim('"')
            : "";
}
