using System.Reflection;
using Azure.Core;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pipeline.Issues;
using Pipeline.Report.Monitoring;

namespace Pipeline.Functions;

/// <summary>
/// Traces, metrics and logs by OpenTelemetry: to Azure Monitor where its connection string is set, and by OTLP where
/// an endpoint is. Without either nothing is registered, and the host has the logs.
/// </summary>
public static class Telemetry
{
    internal const string ConnectionString = "APPLICATIONINSIGHTS_CONNECTION_STRING";
    internal const string Authentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";
    internal const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The commit the program was built from, 40 hexadecimal digits; <c>unknown</c> outside a clone.</summary>
    public static string Commit { get; } =
        typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            is { InformationalVersion: var version }
        && version.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus
            ? version[(plus + 1)..]
            : "unknown";

    /// <summary>Adds the exporters that the settings name.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">The settings.</param>
    /// <returns>What is wrong with the settings; nothing is added then.</returns>
    public static IReadOnlyList<Finding> Add(IServiceCollection services, IConfiguration configuration)
    {
        var (connection, endpoint) = (configuration[ConnectionString], configuration[Endpoint]);
        var findings = Check(connection, configuration[Authentication], endpoint).ToList();
        if (findings.Count > 0 || (string.IsNullOrEmpty(connection) && string.IsNullOrEmpty(endpoint)))
            return findings;
        var telemetry = services
            .AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .ConfigureResource(resource => resource.AddService("pipeline", serviceVersion: Commit))
            .WithTracing(tracing => tracing.AddSource(PipelineMetrics.Name).AddHttpClientInstrumentation(Sources))
            .WithMetrics(metrics => metrics.AddMeter(PipelineMetrics.Name))
            .WithLogging();
        if (!string.IsNullOrEmpty(connection))
        {
            telemetry.UseAzureMonitorExporter(options =>
            {
                options.ConnectionString = connection;
                // Every trace is kept: a timer leaves one a day. The default is a number of them a second.
                options.TracesPerSecond = null;
                options.SamplingRatio = 1;
                // The host signs in for itself only.
                options.Credential = Credential(configuration[Authentication]);
            });
        }

        if (!string.IsNullOrEmpty(endpoint))
        {
            telemetry
                .WithTracing(tracing => tracing.AddOtlpExporter())
                .WithMetrics(metrics => metrics.AddOtlpExporter())
                .WithLogging(logging => logging.AddOtlpExporter());
        }

        return findings;
    }

    /// <summary>A span for each request to a source. Storage has none: a load calls it thousands of times.</summary>
    private static void Sources(OpenTelemetry.Instrumentation.Http.HttpClientTraceInstrumentationOptions options) =>
        options.FilterHttpRequestMessage = request => !request.Headers.Contains("x-ms-version");

    /// <summary>The identity that <c>ClientId=…;Authorization=AAD</c> names; null for none.</summary>
    internal static TokenCredential? Credential(string? authentication) =>
        string.IsNullOrEmpty(authentication)
            ? null
            : new ManagedIdentityCredential(
                Parts(authentication).GetValueOrDefault("ClientId") is { Length: > 0 } client
                    ? ManagedIdentityId.FromUserAssignedClientId(client)
                    : ManagedIdentityId.SystemAssigned
            );

    private static IEnumerable<Finding> Check(string? connection, string? authentication, string? endpoint)
    {
        if (
            !string.IsNullOrEmpty(connection)
            && !(Parts(connection).TryGetValue("InstrumentationKey", out var key) && Guid.TryParse(key, out _))
        )
        {
            yield return new Finding(
                ConnectionString,
                "no InstrumentationKey that is a GUID",
                "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://…",
                "copy it from the Application Insights component, or leave it out"
            );
        }

        if (
            !string.IsNullOrEmpty(authentication)
            && Parts(authentication).GetValueOrDefault("Authorization") is not "AAD"
        )
        {
            yield return new Finding(
                Authentication,
                Finding.Quote(authentication),
                "ClientId=00000000-0000-0000-0000-000000000000;Authorization=AAD",
                "correct it, or leave it out"
            );
        }

        if (
            !string.IsNullOrEmpty(endpoint)
            && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        )
        {
            yield return new Finding(
                Endpoint,
                Finding.Quote(endpoint),
                "an address, for example http://localhost:4317",
                "correct it, or leave it out"
            );
        }
    }

    private static Dictionary<string, string> Parts(string text) =>
        text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2))
            .Where(part => part.Length == 2)
            .DistinctBy(part => part[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(part => part[0], part => part[1], StringComparer.OrdinalIgnoreCase);
}
