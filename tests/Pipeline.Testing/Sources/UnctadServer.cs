using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Pipeline.Testing;

/// <summary>
/// A server on this machine in the place of UNCTAD's two: what the test put in, 404 for what it lacks.
/// </summary>
internal sealed class UnctadServer : IAsyncDisposable
{
    public const string Catalogue = "/api/datacenter/en";
    public const string Bulk = "/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock";
    public const string FileList = "/api/reportMetadata/US.FdiFlowsStock/bulkfiles/en";
    public const string Metadata = "/api/reportMetadata/US.FdiFlowsStock/en";
    public const string Api = "/US.FdiFlowsStock/cur/Facts";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> answers = new(StringComparer.Ordinal);

    private UnctadServer(WebApplication app) => this.app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Scheme, host and port, as messages name them.</summary>
    public string Host => Address.GetLeftPart(UriPartial.Authority);

    /// <summary>Path of every request; of those to the user API also the filter.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public static async Task<UnctadServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var web = builder.Build();
        var server = new UnctadServer(web);
        web.Run(server.AnswerAsync);
        await web.StartAsync();
        server.Address = new Uri(
            web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
        );
        return server;
    }

    public void On(string path, Func<HttpContext, Task> answer) => answers[path] = answer;

    public void Put(string path, byte[] body, string contentType = "application/json", int status = 200) =>
        On(path, context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            return context.Response.Body.WriteAsync(body).AsTask();
        });

    public void Put(string path, string body, string contentType = "application/json", int status = 200) =>
        Put(path, Fdi.Bytes(body), contentType, status);

    /// <summary>A catalogue that dates the release.</summary>
    public void Release(string date) =>
        Put(
            Catalogue,
            $$"""{"folders":[{"reports":[{"reportName":"US.Other","lastUpdatedDate":"1999"}],"subFolders":[{"reports":[{"id":7,"reportName":"US.FdiFlowsStock","lastUpdatedDate":"{{date}}"}]}]}]}"""
        );

    public void Archive(string csv) => Put(Bulk, Fdi.Archive(Fdi.Bytes(csv)), "application/x-7z-compressed");

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue(
            context.Request.HasFormContentType ? $"{path} {(await context.Request.ReadFormAsync())["$filter"]}" : path
        );
        if (answers.TryGetValue(path, out var answer))
            await answer(context);
        else
            context.Response.StatusCode = 404;
    }
}
