using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Faults.Sources;

/// <summary>A server on this machine that answers like all three publishers, from <see cref="SourceData"/>, or with a fault.</summary>
internal sealed class SourceSimulator : IAsyncDisposable
{
    private readonly WebApplication app;
    private int hanging;

    private SourceSimulator(WebApplication app) => this.app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>What the right answers are made from.</summary>
    public SourceData Data { get; set; } = new(1, 1);

    /// <summary>What is done to requests whose path and query hold <see cref="Broken"/>; null for the right answer.</summary>
    public ServerFault? Fault { get; set; }

    /// <summary>The requests that <see cref="Fault"/> is done to.</summary>
    public string Broken { get; set; } = "";

    /// <summary>Requests that get no further until they are given up.</summary>
    public int Hanging => Volatile.Read(ref hanging);

    /// <summary>Faults done so far.</summary>
    public int Done { get; private set; }

    public static async Task<SourceSimulator> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MinResponseDataRate = null;
        });
        var app = builder.Build();
        var server = new SourceSimulator(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        server.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    /// <summary>Waits until whoever asked has given up.</summary>
    public async Task HangAsync(HttpContext context)
    {
        Interlocked.Increment(ref hanging);
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Interlocked.Decrement(ref hanging);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var asked = WebUtility.UrlDecode(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        var body = context.Request.HasFormContentType ? string.Join('&', (await context.Request.ReadFormAsync()).Select(field => $"{field.Key}={field.Value}")) : "";
        var right = Data.Answer(context.Request.Path, asked[(asked.IndexOf('?', StringComparison.Ordinal) + 1)..] + body);
        if (Fault is { } fault && asked.Contains(Broken, StringComparison.Ordinal))
        {
            Done++;
            await fault.AnswerAsync(this, context, right);
        }
        else if (right is { } good)
        {
            context.Response.ContentType = good.ContentType;
            context.Response.ContentLength = good.Body.Length;
            await context.Response.Body.WriteAsync(good.Body);
        }
        else context.Response.StatusCode = 204;
    }
}
