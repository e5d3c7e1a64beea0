using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
/// A server on this machine in the place of the exchange, the central bank and the depository: for each path
/// what the test puts there, 404 for others.
/// </summary>
internal sealed class MoexServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> answers = new(StringComparer.Ordinal);

    private MoexServer(WebApplication app) => this.app = app;

    public const string Iss = "/iss/statistics/engines/stock/capitalization.json";
    public const string Ofz = "/files/table_ofz.xlsx";
    public const string Nsd = "/api/get/assetholders";

    public string Address { get; private set; } = "";

    /// <summary>Path and query of every request, as they came.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <param name="untrusted">Whether to speak TLS, with a certificate that no client trusts.</param>
    public static async Task<MoexServer> StartAsync(bool untrusted = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                if (untrusted)
                    listen.UseHttps(Certificate());
            }));
        var web = builder.Build();
        var server = new MoexServer(web);
        web.Run(server.AnswerAsync);
        await web.StartAsync();
        server.Address = web
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        return server;
    }

    /// <summary>Answers a path.</summary>
    public void Put(string path, Func<HttpContext, Task> answer) => answers[path] = answer;

    /// <summary>Answers a path with a body.</summary>
    public void Put(
        string path,
        byte[] body,
        int status = 200,
        string contentType = "application/json",
        string headers = ""
    ) => Put(path, context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            foreach (var header in headers.Split('|', StringSplitOptions.RemoveEmptyEntries))
            {
                context.Response.Headers[header.Split('=')[0]] = header[
                    (header.IndexOf('=', StringComparison.Ordinal) + 1)..
                ];
            }

            return context.Response.Body.WriteAsync(body).AsTask();
        });

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue(WebUtility.UrlDecode(context.Features.Get<IHttpRequestFeature>()!.RawTarget));
        if (answers.TryGetValue(context.Request.Path, out var answer))
            return answer(context);
        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UnixEpoch,
            new DateTimeOffset(2099, 1, 1, 0, 0, 0, TimeSpan.Zero)
        );
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pfx), null);
    }
}
