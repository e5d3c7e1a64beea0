using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Invocations;

namespace Standin.Functions.Worker.Http;

/// <summary>
/// The HTTP side: Kestrel on the loopback address, functions below the prefix, and the part of the admin API that starts a function by hand.
/// A route or method that no function serves is 404, a wrong key 401, an exception 500, all without a body.
/// </summary>
internal sealed class HttpFront(
    IReadOnlyList<FunctionEntry> entries, Invoker invoker, FunctionKeys keys, HostJson json, AdminApi admin, ILoggerProvider logs, ILoggerFactory loggers)
    : IAsyncDisposable
{
    private readonly SemaphoreSlim concurrent = new(json.MaxConcurrentRequests > 0 ? json.MaxConcurrentRequests : int.MaxValue);
    private WebApplication? app;
    private int outstanding;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>The address of a function as Core Tools prints it.</summary>
    public string Url(HttpTrigger trigger) => new Uri(Address, Path(trigger)).ToString().Replace("%7B", "{", StringComparison.Ordinal).Replace("%7D", "}", StringComparison.Ordinal);

    /// <summary>Starts to listen.</summary>
    /// <exception cref="StartupException">The port is taken.</exception>
    public async Task StartAsync(int port, CancellationToken functionsStop, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = HostRules.RequestBodyMaximum;
            if (port == 0) kestrel.Listen(IPAddress.Loopback, 0);
            else kestrel.ListenLocalhost(port);
        });
        builder.Services.AddRouting();
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // a failed start is said once, below
        app = builder.Build();
        app.UseRouting();
        app.Use((http, next) =>
        {
            // Routing answers 405 where only the method differs; the host answers 404.
            if (http.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<FunctionRoute>() is null) http.SetEndpoint(null);
            return next(http);
        });
        foreach (var entry in entries)
            if (entry.Trigger is HttpTrigger http)
            {
                RequestDelegate handle = context => HandleAsync(context, entry, http, functionsStop);
                var route = http.Methods.Count == 0 ? app.Map(Path(http), handle) : app.MapMethods(Path(http), http.Methods, handle);
                route.WithMetadata(new FunctionRoute());
            }
        admin.Map(app, functionsStop);
#pragma warning disable ASP0014 // endpoints are mapped on the app; the explicit order keeps the 405 rule in between
        app.UseEndpoints(_ => { });
#pragma warning restore ASP0014
        app.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw new StartupException($"HTTP port {port}: seen in use by another process, expected free; stop that process or choose another port with --port");
        }
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Address = new Uri(port == 0 ? address : $"http://localhost:{port}");
    }

    /// <summary>Stops to listen; requests in progress are awaited.</summary>
    public Task StopAsync(CancellationToken cancellation) => app?.StopAsync(cancellation) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
        concurrent.Dispose();
    }

    private string Path(HttpTrigger trigger) => "/" + (json.RoutePrefix.Length == 0 ? trigger.Route : $"{json.RoutePrefix}/{trigger.Route}");

    private async Task HandleAsync(HttpContext http, FunctionEntry entry, HttpTrigger trigger, CancellationToken functionsStop)
    {
        if (entry.IsDisabled && !keys.IsMaster(http)) http.Response.StatusCode = StatusCodes.Status404NotFound;
        else if (!keys.Allows(http, trigger.Level)) http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        else if (json.MaxOutstandingRequests > 0 && Volatile.Read(ref outstanding) >= json.MaxOutstandingRequests) http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
        else
        {
            Interlocked.Increment(ref outstanding);
            await concurrent.WaitAsync(http.RequestAborted);
            try
            {
                using var cancel = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, functionsStop);
                if (await invoker.RunAsync(entry, new HttpInput(http, loggers.CreateLogger($"Function.{entry.Name}")), cancel.Token) is null) return;
                if (http.Response.HasStarted) http.Abort();
                else
                {
                    http.Response.Clear();
                    http.Response.StatusCode = StatusCodes.Status500InternalServerError;
                }
            }
            finally
            {
                concurrent.Release();
                Interlocked.Decrement(ref outstanding);
            }
        }
    }
}

/// <summary>Marks an endpoint as the host's own.</summary>
internal sealed class FunctionRoute;
