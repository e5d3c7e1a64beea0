using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Tests.Standins.Worker;

/// <summary>Stands before a storage service and refuses (403) what concerns one path.</summary>
internal sealed class RefusingProxy : IAsyncDisposable
{
    private readonly HttpClient client = new(new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(2) });
    private WebApplication? app;

    public int Port { get; } = Loopback.FreePort();

    public static async Task<RefusingProxy> StartAsync(int target, string refused)
    {
        var proxy = new RefusingProxy();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, proxy.Port));
        builder.Services.AddRouting();
        proxy.app = builder.Build();
        proxy.app.Run(http => proxy.ForwardAsync(http, target, refused));
        await proxy.app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
        client.Dispose();
    }

    private async Task ForwardAsync(HttpContext http, int target, string refused)
    {
        if (http.Request.Path.Value!.Contains(refused, StringComparison.Ordinal))
        {
            http.Response.StatusCode = 403;
            return;
        }
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), $"http://127.0.0.1:{target}{http.Request.Path}{http.Request.QueryString}");
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        request.Content = new ByteArrayContent(body.ToArray());
        foreach (var header in http.Request.Headers)
            if (header.Key != "Host" && !request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray())) request.Content.Headers.TryAddWithoutValidation(header.Key, header.Value.ToArray());
        request.Headers.Host = http.Request.Host.Value;
        using var response = await client.SendAsync(request);
        http.Response.StatusCode = (int)response.StatusCode;
        foreach (var header in response.Headers.Concat(response.Content.Headers))
            if (header.Key is not ("Transfer-Encoding" or "Connection" or "Keep-Alive")) http.Response.Headers[header.Key] = header.Value.ToArray();
        await response.Content.CopyToAsync(http.Response.Body);
    }
}
