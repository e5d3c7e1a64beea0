using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Local.Listeners;
using Pipeline.Local.Worker;
using Yarp.ReverseProxy.Forwarder;

namespace Pipeline.Local.Http;

/// <summary>
/// The pages on http://localhost: each request goes on to the worker, beside an invocation of its function.
/// </summary>
internal sealed class FrontEnd : IAsyncDisposable
{
    private const string InvocationHeader = "x-ms-invocation-id";

    private readonly WebApplication app;
    private readonly HttpMessageInvoker client;

    private FrontEnd(WebApplication app, HttpMessageInvoker client)
    {
        this.app = app;
        this.client = client;
    }

    /// <summary>Checks before anything is started that the port can be listened on.</summary>
    /// <exception cref="StartException">It cannot.</exception>
    public static void CheckPort(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            throw Unusable(port, e);
        }
    }

    /// <summary>Starts the server.</summary>
    /// <param name="invoker">Runs the functions.</param>
    /// <param name="worker">Where the worker takes requests.</param>
    /// <param name="hostFile">The prefix of the routes.</param>
    /// <param name="port">The port.</param>
    /// <param name="home">Where <c>/</c> leads to.</param>
    /// <param name="log">Receives failures.</param>
    /// <exception cref="StartException">The port cannot be listened on.</exception>
    public static async Task<FrontEnd> StartAsync(
        FunctionInvoker invoker,
        Uri worker,
        HostFile hostFile,
        int port,
        string home,
        ConsoleLog log
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddHttpForwarder();
        var web = builder.Build();
        var forwardingClient = new HttpMessageInvoker(
            new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
            }
        );
        // A function may run longer than a proxy waits by itself.
        var forwarding = new ForwarderRequestConfig
        {
            ActivityTimeout =
                hostFile.FunctionTimeout > TimeSpan.Zero ? hostFile.FunctionTimeout : TimeSpan.FromDays(1),
        };
        var forwarder = web.Services.GetRequiredService<IHttpForwarder>();
        web.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], () => Results.Redirect(home));
        web.MapPost("/admin/functions/{name}", (string name, HttpRequest request, CancellationToken aborted) =>
            RunByHandAsync(invoker, name, request, log, aborted)
        );
        foreach (var function in invoker.Functions.Where(function => function.Trigger is HttpTrigger))
        {
            var trigger = (HttpTrigger)function.Trigger;
            web.Map(hostFile.Address(trigger.Route), (HttpContext http) => ForwardAsync(http, function, trigger));
        }
        try
        {
            await web.StartAsync();
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await web.DisposeAsync();
            forwardingClient.Dispose();
            throw Unusable(port, e);
        }
        return new FrontEnd(web, forwardingClient);

        async Task ForwardAsync(HttpContext http, WorkerFunction function, HttpTrigger trigger)
        {
            // The Functions host does not know 405.
            if (trigger.Methods.Count > 0 && !trigger.Methods.Contains(http.Request.Method))
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }
            var id = Guid.NewGuid().ToString();
            var routeValues = http.Request.RouteValues.ToDictionary(
                value => value.Key,
                value => value.Value?.ToString() ?? "",
                StringComparer.Ordinal
            );
            // Both reach the worker within seconds of each other: it waits for the second one no longer.
            var invocation = invoker.InvokeHttpAsync(function, id, routeValues, http.RequestAborted);
            http.Request.Headers[InvocationHeader] = id;
            await forwarder.SendAsync(
                http,
                worker.GetLeftPart(UriPartial.Authority),
                forwardingClient,
                forwarding,
                HttpTransformer.Default
            );
            try
            {
                await invocation;
            }
            catch (Exception e) when (e is InvocationFailedException or OperationCanceledException)
            {
                // The worker has logged it; the caller has its response, or is gone.
                log.Event(LogLevel.Debug, function.Name, e.Message);
            }
        }
    }

    /// <summary>The error for a port that cannot be listened on.</summary>
    internal static StartException Unusable(int port, Exception reason) =>
        new(
            reason is SocketException { SocketErrorCode: SocketError.AccessDenied }
                ? $"--port: seen port {port}, which this user may not open ({reason.Message.TrimEnd('.')}), expected "
                    + "one that it may, as a rule from 1024 on; name another port"
                : $"--port: seen port {port} in use ({reason.Message.TrimEnd('.')}), expected a free one; end what "
                    + "uses it, or name another port"
        );

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await app.StopAsync(limit.Token);
        await app.DisposeAsync();
        client.Dispose();
    }

    /// <summary>As in Azure: 202, and the function runs in the background.</summary>
    private static async Task<IResult> RunByHandAsync(
        FunctionInvoker invoker,
        string name,
        HttpRequest request,
        ConsoleLog log,
        CancellationToken aborted
    )
    {
        if (invoker.TryFind(name) is not { } function)
        {
            return Results.NotFound(new { error = $"seen function \"{name}\", expected one of {Names(invoker)}" });
        }
        if (function.Trigger is HttpTrigger)
        {
            return Results.BadRequest(
                new { error = $"{function.Name} runs by its own address, expected one of {Names(invoker)}" }
            );
        }
        string input;
        try
        {
            // As in Azure: {"input": "…"}, or nothing.
            using var reader = new StreamReader(request.Body);
            var text = await reader.ReadToEndAsync(aborted);
            input = text.Length == 0 ? "" : InputOf(text);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return Results.BadRequest(
                new { error = "seen a body of another form, expected {\"input\": \"…\"} or none" }
            );
        }
        if (function.Trigger is QueueTrigger { Deferred: true })
        {
            return Results.BadRequest(
                new { error = $"{function.Name} takes whole messages, expected one in its queue; send it there" }
            );
        }
        _ = RunAsync();
        return Results.StatusCode(StatusCodes.Status202Accepted);

        async Task RunAsync()
        {
            try
            {
                await invoker.InvokeByHandAsync(function, input, CancellationToken.None);
            }
            catch (Exception e) when (e is InvocationFailedException or OperationCanceledException)
            {
                log.Event(LogLevel.Debug, function.Name, e.Message);
            }
        }
    }

    private static string InputOf(string body)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.GetProperty("input").GetString() ?? "";
    }

    private static string Names(FunctionInvoker invoker) =>
        string.Join(
            ", ",
            invoker.Functions.Where(function => function.Trigger is not HttpTrigger).Select(function => function.Name)
        );
}
