using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Testing;

/// <summary>
/// A server on this machine that answers like the trade API: from what the test put in, 204 for what it lacks, a
/// redirect to the key page without the right key. Faults are put in front, for some requests or all, for ever or a
/// number of times.
/// </summary>
internal sealed class CensusServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, byte[]> bodies = new(StringComparer.Ordinal);
    private readonly List<Fault> faults = [];
    private int running;

    /// <summary>An answer instead of the right one.</summary>
    public sealed record Fault(string Contains, Func<HttpContext, Task> Answer, int Times = int.MaxValue)
    {
        public int Left { get; set; } = Times;
    }

    private CensusServer(WebApplication app) => this.app = app;

    public string Address { get; private set; } = "";

    /// <summary>What the pipeline's <c>Census__BaseUrl</c> is.</summary>
    public Uri BaseUrl => new($"{Address}/data/timeseries/intltrade");

    /// <summary>What the pipeline's <c>Census__CountryFileUrl</c> is.</summary>
    public Uri FileUrl => new($"{Address}/foreign-trade/balance/country.xlsx");

    /// <summary>Path and query of every request, as they came, without the key.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Request headers of every request.</summary>
    public ConcurrentQueue<Dictionary<string, string>> Headers { get; } = [];

    /// <summary>The most requests that ran at the same time.</summary>
    public int MostAtOnce { get; private set; }

    /// <summary>Sent with every right answer.</summary>
    public string? ETag { get; set; }

    public static async Task<CensusServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var web = builder.Build();
        var server = new CensusServer(web);
        web.Run(server.AnswerAsync);
        await web.StartAsync();
        server.Address = web
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        return server;
    }

    /// <summary>
    /// Answers a request, named by path and query after the base address as in the samples' index, with a
    /// body.
    /// </summary>
    public void Put(string request, byte[] body) => bodies[request] = body;

    public void Remove(string request) => bodies.TryRemove(request, out _);

    /// <summary>Puts a fault in front of the requests whose path and query contain a text.</summary>
    public void Break(string contains, Func<HttpContext, Task> answer, int times = int.MaxValue)
    {
        lock (faults)
            faults.Add(new Fault(contains, answer, times));
    }

    public void Break(
        string contains,
        int status,
        string body = "",
        string contentType = "text/plain",
        string headers = "",
        int times = int.MaxValue
    ) =>
        Break(
            contains,
            context =>
            {
                context.Response.StatusCode = status;
                foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
                {
                    context.Response.Headers[header[..header.IndexOf('=', StringComparison.Ordinal)]] = header[
                        (header.IndexOf('=', StringComparison.Ordinal) + 1)..
                    ];
                }

                if (status is 204 or 304)
                    return Task.CompletedTask;
                context.Response.ContentType = contentType;
                return context.Response.Body.WriteAsync(Trade.Body(body)).AsTask();
            },
            times
        );

    public void Repair()
    {
        lock (faults)
            faults.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref running));
        try
        {
            var url = WebUtility.UrlDecode(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
            var asked = url.Replace($"&key={Trade.Canary}", "", StringComparison.Ordinal);
            Requests.Enqueue(asked);
            Headers.Enqueue(
                context.Request.Headers.ToDictionary(
                    header => header.Key,
                    header => header.Value.ToString(),
                    StringComparer.OrdinalIgnoreCase
                )
            );
            Fault? fault;
            lock (faults)
            {
                fault = faults.FirstOrDefault(fault =>
                    fault.Left > 0 && asked.Contains(fault.Contains, StringComparison.Ordinal)
                );
                if (fault is not null)
                    fault.Left--;
            }
            if (fault is not null)
            {
                await fault.Answer(context);
            }
            else
            {
                await RightAsync(
                    context,
                    asked,
                    keyed: asked.Length < url.Length || asked.EndsWith(".xlsx", StringComparison.Ordinal)
                );
            }
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    private async Task RightAsync(HttpContext context, string asked, bool keyed)
    {
        if (!keyed)
        {
            context.Response.StatusCode = 302;
            context.Response.Headers["X-DataWebAPI-KeyError"] = "1";
            context.Response.Headers.Location = "/data/missing_key.html";
            return;
        }
        var body = bodies.FirstOrDefault(pair => asked.EndsWith("/" + pair.Key, StringComparison.Ordinal)).Value;
        if (ETag is not null)
            context.Response.Headers.ETag = ETag;
        if (ETag is not null && body is not null && context.Request.Headers.IfNoneMatch == ETag)
        {
            context.Response.StatusCode = 304;
        }
        else if (body is null)
        {
            context.Response.StatusCode = 204;
        }
        else
        {
            context.Response.ContentType = asked.EndsWith(".xlsx", StringComparison.Ordinal)
                ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                : "application/json";
            await context.Response.Body.WriteAsync(body);
        }
    }
}
