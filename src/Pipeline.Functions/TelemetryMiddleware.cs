using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Pipeline.Ingestion;
using Pipeline.Report.Monitoring;
using Pipeline.Sources;

namespace Pipeline.Functions;

/// <summary>
/// A span and a count for each invocation; after a timer the metrics are sent at once. The span of a step continues the
/// trace of the step that sent its message, and is linked to the host's invocation.
/// </summary>
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
        var message = Message(context);
        var (source, slice) = (SourceOf(function.Name, message), message.GetValueOrDefault("Slice", ""));
        using var span = Start(function.Name, message.GetValueOrDefault(nameof(StepMessage.TraceParent)));
        span?.SetTag("pipeline.source", source).SetTag("pipeline.slice", slice);
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

    private static Activity? Start(string function, string? sender)
    {
        var host = Activity.Current;
        return ActivityContext.TryParse(sender, null, out var context)
            ? Spans.StartActivity(
                function,
                ActivityKind.Consumer,
                context,
                links: host is null ? [] : [new(host.Context)]
            )
            : Spans.StartActivity(function);
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
    private static string SourceOf(string function, Dictionary<string, string> message) =>
        SourceServices.Settings.FirstOrDefault(source => PlanOf(source.Source) == function)?.Source
        ?? (
            message.TryGetValue("Slice", out var slice) ? slice.Split('/')[0] : message.GetValueOrDefault("Source", "")
        );

    /// <summary>The timer function that plans a source: <c>PlanCensusTrade</c> for <c>census-trade</c>.</summary>
    internal static string PlanOf(string source) =>
        "Plan" + string.Concat(source.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>
    /// The texts of the message that a queue brought; none of another trigger. Hosts differ in whether they also hand
    /// them over one by one.
    /// </summary>
    private static Dictionary<string, string> Message(FunctionContext context)
    {
        var texts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (
            !context.BindingContext.BindingData.TryGetValue("QueueTrigger", out var brought)
            || Convert.ToString(brought, CultureInfo.InvariantCulture) is not { } text
        )
        {
            return texts;
        }
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return texts;
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.String)
                    texts[property.Name] = property.Value.GetString()!;
            }
        }
        catch (JsonException)
        {
            // The step refuses the message, in its own words.
        }
        return texts;
    }
}
