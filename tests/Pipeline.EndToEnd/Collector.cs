using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.Testing;

namespace Pipeline.EndToEnd;

/// <summary>Receives what an app exports over HTTP, on loopback.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication server;

    private Collector(WebApplication server, int port)
    {
        this.server = server;
        AzureMonitor = (
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            $"InstrumentationKey={Guid.NewGuid()};IngestionEndpoint=http://127.0.0.1:{port}/"
        );
        Settings =
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ];
    }

    /// <summary>The setting of an app that exports to it as to Azure Monitor, without a credential.</summary>
    public (string Name, string Value) AzureMonitor { get; }

    /// <summary>The settings of an app that exports to it by OTLP.</summary>
    public (string Name, string Value)[] Settings { get; }

    /// <summary>Starts one.</summary>
    /// <param name="path">The kind that is taken, for example <c>/v1/metrics</c>; others are answered and forgotten.
    /// </param>
    /// <param name="take">Gets the body of each request, on any thread.</param>
    public static async Task<Collector> StartAsync(string path, Action<byte[]> take)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var port = Loopback.FreePort();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var receiver = builder.Build();
        receiver.Run(async context =>
        {
            using var body = new MemoryStream();
            await using var sent =
                context.Request.Headers.ContentEncoding == "gzip"
                    ? new GZipStream(context.Request.Body, CompressionMode.Decompress)
                    : context.Request.Body;
            await sent.CopyToAsync(body);
            if (context.Request.Path == path)
                take(body.ToArray());
            // What Azure Monitor answers; a collector of OTLP takes any answer of success.
            await context.Response.WriteAsJsonAsync(
                new
                {
                    itemsReceived = 1,
                    itemsAccepted = 1,
                    errors = Array.Empty<string>(),
                }
            );
        });
        await receiver.StartAsync();
        return new Collector(receiver, port);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
