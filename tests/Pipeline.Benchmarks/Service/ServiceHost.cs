using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// Storage accounts in memory behind one port, in a process of their own: <c>/{account}table/…</c>,
/// <c>/{account}blob/…</c>, <c>/{account}queue/…</c>. It also plays the publisher (<c>/census/…</c>: the file that was
/// named for a month) and says what was asked of it (<c>/bench/…</c>).
/// </summary>
/// <param name="limited">Whether it is as slow and as limited as the cloud.</param>
/// <param name="forgetful">Whether it keeps of <c>trademonthly</c> no more than keys and the sum: for loads that are
/// larger than its memory.</param>
internal sealed class ServiceHost(bool limited, bool forgetful)
{
    /// <summary>What the process says once it listens; the port follows.</summary>
    public const string Mark = "LISTENING ";

    private readonly ConcurrentDictionary<string, TableEndpoint> tables = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, BlobEndpoint> blobs = new(StringComparer.Ordinal);
    private readonly Counts counts = new();
    private readonly ConcurrentDictionary<string, string> answers = new(StringComparer.Ordinal);
    private int next,
        ready;

    /// <summary>Serves until standard input ends, which it does with the process that started it.</summary>
    public async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.Limits.MaxRequestBodySize = null;
                kestrel.Limits.MinRequestBodyDataRate = kestrel.Limits.MinResponseDataRate = null;
                kestrel.Listen(IPAddress.Loopback, 0);
            });
        await using var app = builder.Build();
        app.Run(HandleAsync);
        await app.StartAsync();
        Console.WriteLine(
            Mark
                + new Uri(
                    app.Services.GetRequiredService<IServer>()
                        .Features.Get<IServerAddressesFeature>()!
                        .Addresses.First()
                ).Port
        );
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private async Task HandleAsync(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        var (path, query) = mark < 0 ? (target, "") : (target[..mark], target[(mark + 1)..]);
        var slash = path.IndexOf('/', 1);
        var (first, rest) = slash < 0 ? (path[1..], "") : (path[1..slash], path[(slash + 1)..]);
        var length = (int)(http.Request.ContentLength ?? 0);
        var rented = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1 << 12));
        var used = 0;
        while (http.Request.Method is not ("GET" or "HEAD"))
        {
            if (used == rented.Length)
                Array.Resize(ref rented, rented.Length * 2);
            var read = await http.Request.Body.ReadAsync(rented.AsMemory(used));
            if (read == 0)
                break;
            used += read;
        }
        var body = rented.AsMemory(0, used);
        if (first.EndsWith("table", StringComparison.Ordinal))
        {
            await tables
                .GetOrAdd(first, name => new TableEndpoint(
                    $"/{name}/",
                    counts,
                    limited ? new Throttle() : null,
                    forgetful
                ))
                .HandleAsync(http, rest, query, body);
        }
        else if (first.EndsWith("blob", StringComparison.Ordinal))
        {
            await blobs.GetOrAdd(first, _ => new BlobEndpoint()).HandleAsync(http, rest, query, body);
        }
        else if (first.EndsWith("queue", StringComparison.Ordinal))
        {
            await QueueAsync(http);
        }
        else if (first == "census")
        {
            await CensusAsync(http);
        }
        else
        {
            await BenchAsync(http, rest, HttpUtility.ParseQueryString(query));
        }

        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Takes messages and gives none: the benchmark hands them on itself.</summary>
    private static async Task QueueAsync(HttpContext http)
    {
        http.Response.Headers["x-ms-version"] = "2020-08-04";
        http.Response.StatusCode = http.Request.Method is "PUT" or "POST" ? 201 : 200;
        if (http.Request.Method == "PUT")
            return;
        http.Response.ContentType = "application/xml";
        const string moment = "Thu, 01 Jan 2026 00:00:00 GMT";
        await http.Response.WriteAsync(
            http.Request.Method != "POST"
                ? "<QueueMessagesList />"
                : $"<QueueMessagesList><QueueMessage><MessageId>1</MessageId><InsertionTime>{moment}"
                    + $"</InsertionTime><ExpirationTime>{moment}</ExpirationTime><PopReceipt>1"
                    + $"</PopReceipt><TimeNextVisible>{moment}</TimeNextVisible></QueueMessage></QueueMessagesList>"
        );
    }

    private async Task CensusAsync(HttpContext http)
    {
        counts.Add("source");
        http.Response.ContentType = "application/json;charset=utf-8";
        await http.Response.SendFileAsync(answers[http.Request.Query["time"].ToString()]);
    }

    private async Task BenchAsync(
        HttpContext http,
        string what,
        System.Collections.Specialized.NameValueCollection query
    )
    {
        var said = new Dictionary<string, double>();
        switch (what)
        {
            case "counts":
                said = counts.All();
                if (query["clear"] is not null)
                    counts.Clear();
                break;
            case "table":
                var endpoint = tables[query["account"] + "table"];
                lock (endpoint.Gate)
                {
                    said = new()
                    {
                        ["rows"] = endpoint.Tables[query["name"]!].Rows,
                        ["sum"] = endpoint.Tables[query["name"]!].Sum(),
                    };
                }

                break;
            case "forget":
                tables.TryRemove(query["account"] + "table", out _);
                blobs.TryRemove(query["account"] + "blob", out _);
                GC.Collect();
                break;
            case "plant":
                blobs
                    .GetOrAdd(query["account"] + "blob", _ => new BlobEndpoint())
                    .Plant(query["name"]!, query["file"]!, query["sha256"]!);
                break;
            case "answer":
                answers[query["time"]!] = query["file"]!;
                break;
            case "next":
                said["next"] = Interlocked.Increment(ref next) - 1;
                break;
            case "ready":
                said["ready"] = query["wait"] is null ? Interlocked.Increment(ref ready) : Volatile.Read(ref ready);
                break;
            default:
                throw new FormatException(
                    $"seen {http.Request.Path}, expected an account or one of counts, table, forget, plant, answer, "
                        + "next, ready"
                );
        }
        await http.Response.WriteAsync(JsonSerializer.Serialize(said));
    }
}
