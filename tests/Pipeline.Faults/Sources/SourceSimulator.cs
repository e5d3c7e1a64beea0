using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Faults.Sources;

/// <summary>
/// A server on this machine that answers like all three publishers, from <see cref="SourceData"/>, or with a
/// fault.
/// </summary>
internal sealed class SourceSimulator : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<(DateTimeOffset At, string Asked, bool Broken)> requests = new();
    private int hanging,
        hung;

    private SourceSimulator(WebApplication app) => this.app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>What the right answers are made from.</summary>
    public SourceData Data { get; set; } = new(1, 1);

    /// <summary>
    /// What is done to requests whose path and query hold <see cref="Broken"/>; null for the right answer.
    /// </summary>
    public ServerFault? Fault { get; set; }

    /// <summary>The requests that <see cref="Fault"/> is done to.</summary>
    public string Broken { get; set; } = "";

    /// <summary>Requests that get no further until they are given up.</summary>
    public int Hanging => Volatile.Read(ref hanging);

    /// <summary>Requests so far that got no further.</summary>
    public int Hung => Volatile.Read(ref hung);

    /// <summary>The clock of those who ask; a fault that takes its time moves it.</summary>
    public VirtualClock? Clock { get; set; }

    /// <summary>
    /// Every request since the last <see cref="Forget"/>: when it came by <see cref="Clock"/>, its path and
    /// query, and whether <see cref="Fault"/> was done to it.
    /// </summary>
    public IReadOnlyCollection<(DateTimeOffset At, string Asked, bool Broken)> Requests => requests;

    /// <summary>Forgets the requests so far.</summary>
    public void Forget() => requests.Clear();

    public static async Task<SourceSimulator> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Use(next =>
                    connection =>
                    {
                        connection.Features.Set(new Wire(connection));
                        return next(connection);
                    }
                ));
            kestrel.Limits.MinResponseDataRate = null;
        });
        var web = builder.Build();
        var server = new SourceSimulator(web);
        web.Run(server.AnswerAsync);
        await web.StartAsync();
        server.Address = new Uri(
            web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
        );
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    /// <summary>Waits until the client has given up.</summary>
    public async Task HangAsync(HttpContext context)
    {
        Interlocked.Increment(ref hanging);
        Interlocked.Increment(ref hung);
        try
        {
            await Task.WhenAny(Task.Delay(Timeout.Infinite, context.RequestAborted));
        }
        finally
        {
            Interlocked.Decrement(ref hanging);
        }
    }

    /// <summary>
    /// Sends bytes past the server's own HTTP and ends the connection behind them as a server does that goes
    /// away in peace: the other side reads them all, then the end.
    /// </summary>
    public static async Task CloseBehindAsync(HttpContext context, byte[] bytes)
    {
        var output = context.Features.Get<Wire>()!.Connection.Transport.Output;
        if (bytes.Length > 0)
            await output.WriteAsync(bytes);
        await output.CompleteAsync();
        // Until the other side has closed, too; what the server would say now can no longer be said.
        await Task.WhenAny(Task.Delay(Timeout.Infinite, context.RequestAborted));
        context.Abort();
    }

    private sealed record Wire(ConnectionContext Connection);

    private async Task AnswerAsync(HttpContext context)
    {
        var asked = WebUtility.UrlDecode(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        var body = context.Request.HasFormContentType
            ? string.Join('&', (await context.Request.ReadFormAsync()).Select(field => $"{field.Key}={field.Value}"))
            : "";
        var right = Data.Answer(
            context.Request.Path,
            asked[(asked.IndexOf('?', StringComparison.Ordinal) + 1)..] + body
        );
        var broken = Fault is not null && asked.Contains(Broken, StringComparison.Ordinal);
        requests.Enqueue((Clock?.GetUtcNow() ?? default, asked, broken));
        if (broken && Fault is { } fault)
        {
            await fault.AnswerAsync(this, context, right);
        }
        else if (right is { } good)
        {
            context.Response.ContentType = good.ContentType;
            context.Response.ContentLength = good.Body.Length;
            await context.Response.Body.WriteAsync(good.Body);
        }
        else
        {
            context.Response.StatusCode = 204;
        }
    }
}
