using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Pipeline.Functions.Tests.Infra;
using Pipeline.Report.Monitoring;
using Pipeline.Sources;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>
/// What the real exporter of Azure Monitor sends, seen by a listener on loopback: over http, and so without a credential,
/// which the exporter gives to https only.
/// </summary>
[Collection("telemetry")]
public sealed class TelemetryTests : IDisposable
{
    private const string Key = "InstrumentationKey=11111111-1111-1111-1111-111111111111";
    private readonly HttpListener listener = new();
    private readonly List<JsonElement> sent = [];
    private readonly Lock gate = new();
    private readonly string address;

    public TelemetryTests()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
        }

        listener.Prefixes.Add(address);
        listener.Start();
        _ = ListenAsync();
    }

    public void Dispose() => listener.Close();

    [Fact]
    public async Task Every_metric_arrives_with_its_dimension_and_no_secret_with_a_span()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                [Telemetry.ConnectionString] = $"{Key};IngestionEndpoint={address};LiveEndpoint={address}",
            }
        );
        Assert.Empty(Telemetry.Add(builder.Services, builder.Configuration));
        builder.Services.AddMetrics().AddSingleton<PipelineMetrics>();
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken); // the exporter adds itself to traces then
        var (meters, tracers) = (
            host.Services.GetRequiredService<MeterProvider>(),
            host.Services.GetRequiredService<TracerProvider>()
        );
        var metrics = host.Services.GetRequiredService<PipelineMetrics>();
        foreach (var (gauge, at) in Gauges.All.Select((gauge, at) => (gauge, at)))
            metrics.Record(new Gauge(gauge.Name, Gauges.OfDataset, "fake/facts", at + 0.5));
        metrics.Count("PlanCensusTrade", "census-trade", succeeded: true);
        metrics.Count("Pull", "census-trade", succeeded: false);
        string trace;
        using (var spans = new ActivitySource(PipelineMetrics.Name))
        using (var span = spans.StartActivity("Pull"))
        using (var client = new HttpClient())
        {
            Assert.NotNull(span); // it is listened to
            trace = span.TraceId.ToHexString();
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{address}data?key=the-secret");
            request.Headers.Add("x-api-key", "the-secret");
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            using var storage = new HttpRequestMessage(HttpMethod.Get, $"{address}storage");
            storage.Headers.Add("x-ms-version", "2026-04-06");
            using var other = await client.SendAsync(storage, TestContext.Current.CancellationToken);
        }

        Assert.True(meters.ForceFlush(30_000) && tracers.ForceFlush(30_000), "not sent within 30 s");
        await host.StopAsync(TestContext.Current.CancellationToken);
        var items = Sent();
        var recorded = items
            .Where(item => Name(item).EndsWith("Metric", StringComparison.Ordinal))
            .Select(Metric)
            .ToList();
        Assert.Equal(
            Gauges
                .All.Select((gauge, at) => FormattableString.Invariant($"{gauge.Name} {at + 0.5} dataset=fake/facts"))
                .Append("pipeline.outcomes 1 function=Pull outcome=failed source=census-trade")
                .Append("pipeline.outcomes 1 function=PlanCensusTrade outcome=succeeded source=census-trade")
                .Order(StringComparer.Ordinal),
            recorded
                .Where(metric => metric.StartsWith("pipeline.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        );
        // Requests of tests that run beside this one are in traces of their own.
        var spansSent = items
            .Where(item =>
                item.GetProperty("tags").TryGetProperty("ai.operation.id", out var id) && id.GetString() == trace
            )
            .Select(item => Template.At(item, "data/baseData/name"))
            .Order(StringComparer.Ordinal)
            .ToList();
        // The step, and the request to the source; none of storage.
        Assert.Equal(["GET /data", "Pull"], spansSent);
        Assert.DoesNotContain(
            "the-secret",
            string.Concat(items.Select(item => item.GetRawText())),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Without_an_address_nothing_is_registered()
    {
        var services = new ServiceCollection();
        Assert.Empty(Telemetry.Add(services, new ConfigurationBuilder().Build()));
        Assert.Empty(services);
    }

    [Theory]
    [InlineData(
        Telemetry.ConnectionString,
        "IngestionEndpoint=https://example.com/",
        "APPLICATIONINSIGHTS_CONNECTION_STRING: seen no InstrumentationKey that is a GUID, expected "
            + "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://…; copy it from the "
            + "Application Insights component, or leave it out"
    )]
    [InlineData(
        Telemetry.Authentication,
        "ClientId=x",
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING: seen \"ClientId=x\", expected "
            + "ClientId=00000000-0000-0000-0000-000000000000;Authorization=AAD; correct it, or leave it out"
    )]
    [InlineData(
        Telemetry.Endpoint,
        "localhost:4317",
        "OTEL_EXPORTER_OTLP_ENDPOINT: seen \"localhost:4317\", expected an address, for example http://localhost:4317; "
            + "correct it, or leave it out"
    )]
    public void A_setting_that_cannot_be_right_is_refused(string setting, string value, string message)
    {
        var services = new ServiceCollection();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [setting] = value })
            .Build();
        Assert.Equal([message], Telemetry.Add(services, configuration).Select(finding => finding.ToString()));
        Assert.Empty(services);
    }

    [Fact]
    public void The_exporter_signs_in_as_the_identity_of_the_app_where_there_is_one()
    {
        Assert.Null(Telemetry.Credential(null));
        Assert.Null(Telemetry.Credential(""));
        Assert.IsType<ManagedIdentityCredential>(Telemetry.Credential("ClientId=x;Authorization=AAD"));
        Assert.IsType<ManagedIdentityCredential>(Telemetry.Credential("Authorization=AAD"));
    }

    [Fact]
    public void Each_source_is_planned_by_the_function_that_the_counts_name() =>
        Assert.Equal(
            Infra
                .Code.Timers.Select(timer => timer.Name)
                .Where(name => name.StartsWith("Plan", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
            SourceServices
                .Settings.Select(source => TelemetryMiddleware.PlanOf(source.Source))
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void The_program_knows_the_commit_it_was_built_from() =>
        Assert.Matches("^([0-9a-f]{40}|unknown)$", Telemetry.Commit);

    private static string Name(JsonElement item) => item.GetProperty("name").GetString()!;

    /// <summary>Name, value and dimensions of a metric, without what the exporter adds.</summary>
    private static string Metric(JsonElement item)
    {
        var data = item.GetProperty("data").GetProperty("baseData");
        var metric = data.GetProperty("metrics")[0];
        var dimensions = data.TryGetProperty("properties", out var properties)
            ? properties
                .EnumerateObject()
                .Where(property => property.Name is "function" or "source" or "outcome" or "dataset")
                .Select(property => $" {property.Name}={property.Value.GetString()}")
                .Order(StringComparer.Ordinal)
                .ToArray()
            : [];
        return FormattableString.Invariant(
                $"{metric.GetProperty("name").GetString()} {metric.GetProperty("value").GetDouble()}"
            ) + string.Concat(dimensions);
    }

    private List<JsonElement> Sent()
    {
        lock (gate)
            return [.. sent];
    }

    private async Task ListenAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return; // the test has ended
            }

            var (request, response) = (context.Request, context.Response);
            if (request.HttpMethod == "POST")
            {
                await using var body =
                    request.Headers["Content-Encoding"] == "gzip"
                        ? new GZipStream(request.InputStream, CompressionMode.Decompress)
                        : request.InputStream;
                using var reader = new StreamReader(body, Encoding.UTF8);
                var lines = (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                lock (gate)
                    sent.AddRange(lines.Select(line => JsonDocument.Parse(line).RootElement.Clone()));
                var accepted = Encoding.UTF8.GetBytes(
                    $$"""{"itemsReceived":{{lines.Length}},"itemsAccepted":{{lines.Length}},"errors":[]}"""
                );
                response.ContentType = "application/json";
                await response.OutputStream.WriteAsync(accepted);
            }

            response.Close();
        }
    }
}
