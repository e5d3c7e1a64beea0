using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Testing;

namespace Pipeline.EndToEnd;

/// <summary>Receives what an app exports by OTLP over HTTP, on loopback.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication server;

    private Collector(WebApplication server, int port)
    {
        this.server = server;
        Settings =
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ];
    }

    /// <summary>The settings of an app that exports to it.</summary>
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
            await context.Request.Body.CopyToAsync(body);
            if (context.Request.Path == path)
                take(body.ToArray());
        });
        await receiver.StartAsync();
        return new Collector(receiver, port);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
