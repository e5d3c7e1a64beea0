using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Local.Worker;

/// <summary>The gRPC server on loopback that the worker connects to.</summary>
internal sealed class WorkerListener : IAsyncDisposable
{
    private readonly WebApplication app;

    private WorkerListener(WebApplication app) => this.app = app;

    /// <summary>Its address, with a port that was free.</summary>
    public Uri Address =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<WorkerListener> StartAsync(WorkerChannel channel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2)
        );
        builder.Services.AddSingleton(channel);
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = WorkerChannel.MaxMessageBytes;
            grpc.MaxSendMessageSize = WorkerChannel.MaxMessageBytes;
        });
        var web = builder.Build();
        web.MapGrpcService<WorkerChannel>();
        await web.StartAsync();
        return new WorkerListener(web);
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await app.StopAsync(limit.Token);
        await app.DisposeAsync();
    }
}
