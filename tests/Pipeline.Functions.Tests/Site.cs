using System.Net;
using System.Net.Http.Headers;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Insight.Claims;
using Pipeline.Report.Data;
using Pipeline.Report.News;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Pipeline.Testing.Storage;

namespace Pipeline.Functions.Tests;

/// <summary>The functions on a server, with months of trade in memory.</summary>
internal sealed class Site : IAsyncDisposable
{
    private static readonly HttpClient Http = new(
        new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None }
    )
    {
        Timeout = TimeSpan.FromMinutes(2),
    };

    private readonly WebApplication server;

    private Site(TestPipeline pipeline, WebApplication server, string address) =>
        (Pipeline, this.server, Address) = (pipeline, server, address);

    public TestPipeline Pipeline { get; }

    /// <summary>Where the server is, with <c>/api/</c> at its end.</summary>
    public string Address { get; }

    public static async Task<Site> StartAsync(params HttpPipelinePolicy[] policies)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var pipeline = new TestPipeline(new MemoryStorage(clock), settings: null, clock, policies);
        var table = await pipeline.TableAsync(TradeMonthly.Table.Name);
        foreach (var row in Facts.Trade("imports", Facts.Imports).Cast<TradeMonthly>())
            await table.AddEntityAsync(row);
        var address = $"http://127.0.0.1:{Loopback.FreePort()}";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address);
        DataCompression.Add(builder.Services);
        var app = builder.Build();
        var functions = new DataFunctions(
            pipeline.Get<DataQueryReader>(),
            pipeline.Get<DataReader>(),
            pipeline.Get<FigureLookup>(),
            pipeline.Get<FigureChecks>(),
            pipeline.Get<NewsFeed>(),
            pipeline.Get<OpenApiDocument>(),
            new Answers(NullLogger<Answers>.Instance)
        );
        app.MapMethods("/api/data/{table}", Methods, (HttpRequest request, string table) =>
            functions.DataAsync(request, table, request.HttpContext.RequestAborted)
        );
        app.MapMethods(
            "/api/figure/{table}/{partition}/{row}",
            Methods,
            (HttpRequest request, string table, string partition, string row) =>
                functions.FigureAsync(request, table, partition, row, request.HttpContext.RequestAborted)
        );
        app.MapMethods("/api/check", Methods, (HttpRequest request) =>
            functions.CheckAsync(request, request.HttpContext.RequestAborted)
        );
        app.MapMethods("/api/feed.atom", Methods, (HttpRequest request) =>
            functions.FeedAsync(request, request.HttpContext.RequestAborted)
        );
        app.MapMethods("/api/openapi.json", Methods, (HttpRequest request) => functions.Describe(request));
        await app.StartAsync();
        return new Site(pipeline, app, address + "/api/");
    }

    private static readonly string[] Methods = ["GET", "HEAD"];

    public async Task<HttpResponseMessage> SendAsync(
        string target,
        HttpMethod? method = null,
        Action<HttpRequestHeaders>? headers = null
    )
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, Address + target);
        headers?.Invoke(request.Headers);
        return await Http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await Pipeline.DisposeAsync();
    }
}
