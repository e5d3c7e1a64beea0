using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Indexing;

namespace Standin.Functions.Worker.Http;

/// <summary>The admin API as far as it is used by hand: list the functions, start one, ask whether the host runs. Needs the master key.</summary>
internal sealed class AdminApi(IReadOnlyList<FunctionEntry> entries, FunctionKeys keys, string hostId, ManualRuns manual)
{
    public void Map(IEndpointRouteBuilder routes, CancellationToken functionsStop)
    {
        Guarded("/admin/functions", "GET", http => http.Response.WriteAsJsonAsync(entries.Select(entry => new { name = entry.Name, trigger = entry.Trigger.Kind, isDisabled = entry.IsDisabled, entryPoint = entry.Definition.EntryPoint })));
        Guarded("/admin/host/status", "GET", http => http.Response.WriteAsJsonAsync(new { id = hostId, state = "Running", version = "standin" }));
        foreach (var method in new[] { "GET", "POST" }) Guarded("/admin/host/ping", method, _ => Task.CompletedTask);
        Guarded("/admin/functions/{name}", "POST", http => StartAsync(http, functionsStop));

        void Guarded(string pattern, string method, RequestDelegate handle) => routes.MapMethods(pattern, [method], http =>
        {
            if (keys.Allows(http, AuthorizationLevel.Admin)) return handle(http);
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        }).WithMetadata(new FunctionRoute());
    }

    private async Task StartAsync(HttpContext http, CancellationToken functionsStop)
    {
        var name = (string)http.Request.RouteValues["name"]!;
        var entry = entries.FirstOrDefault(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        var input = await InputAsync(http);
        if (entry is null) http.Response.StatusCode = StatusCodes.Status404NotFound;
        else if (input is null || entry.Trigger is HttpTrigger)
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            await http.Response.WriteAsync(entry.Trigger is HttpTrigger ? "an HTTP function is called at its own address\n" : "expected a JSON body such as {\"input\":\"\"}\n");
        }
        else
        {
            manual.Start(entry, input, functionsStop);
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
    }

    private static async Task<string?> InputAsync(HttpContext http)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(http.Request.Body, default, http.RequestAborted);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            if (!document.RootElement.TryGetProperty("input", out var input) || input.ValueKind == JsonValueKind.Null) return "";
            return input.ValueKind == JsonValueKind.String ? input.GetString() : input.GetRawText();
        }
        catch (JsonException)
        {
            return null; // answered with 400
        }
    }
}
