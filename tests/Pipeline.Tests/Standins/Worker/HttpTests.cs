using System.Net;
using System.Net.Http.Json;
using Azure.Storage.Queues;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class HttpTests(Azurite azurite)
{
    [Theory]
    [InlineData("GET", "api/health", 200, "fine")]
    [InlineData("POST", "api/health", 404, "")] // the host answers 404 where only the method differs
    [InlineData("GET", "health", 404, "")]
    [InlineData("GET", "api/nothing", 404, "")]
    [InlineData("GET", "api/items/7", 200, "item 7")]
    [InlineData("GET", "api/items/seven", 404, "")]
    [InlineData("PUT", "api/Plain", 200, "PUT")]
    [InlineData("GET", "api/fails", 500, "")]
    [InlineData("GET", "api/action", 418, "\"short and stout\"")]
    [InlineData("GET", "api/odd", 200, "")]
    [InlineData("GET", "api/off", 404, "")]
    public async Task Requests_are_answered_as_by_the_host(string method, string path, int status, string body)
    {
        var settings = new Dictionary<string, string?> { ["AzureWebJobs.Off.Disabled"] = "true" };
        await using var host = await TestHost.StartAsync([typeof(Pages)], settings);
        using var client = new HttpClient { BaseAddress = host.Address };
        using var response = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal((status, body), ((int)response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData("api/health", null, 200)]
    [InlineData("api/guarded", null, 401)]
    [InlineData("api/guarded", "wrong", 401)]
    [InlineData("api/guarded", "function-key", 200)]
    [InlineData("api/guarded", "master-key", 200)]
    [InlineData("api/masters", "function-key", 401)]
    [InlineData("api/masters", "master-key", 200)]
    [InlineData("admin/functions", "function-key", 401)]
    [InlineData("admin/functions", "master-key", 200)]
    public async Task With_keys_in_the_settings_the_level_is_checked(string path, string? key, int status)
    {
        var settings = new Dictionary<string, string?> { ["Standin__FunctionKey"] = "function-key", ["Standin__MasterKey"] = "master-key" };
        await using var host = await TestHost.StartAsync([typeof(Pages)], settings);
        using var client = new HttpClient { BaseAddress = host.Address };
        Assert.Equal(status, (int)(await client.GetAsync($"{path}{(key is null ? "" : $"?code={key}")}")).StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{path}?code=wrong"); // the header wins
        if (key is not null) request.Headers.Add("x-functions-key", key);
        Assert.Equal(status, (int)(await client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Without_keys_every_level_is_open_to_this_machine()
    {
        await using var host = await TestHost.StartAsync([typeof(Pages)], new Dictionary<string, string?>());
        using var client = new HttpClient { BaseAddress = host.Address };
        foreach (var path in new[] { "api/guarded", "api/masters", "admin/host/status" }) Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task A_response_and_a_queue_message_can_be_returned_together()
    {
        var account = azurite.NewAccount();
        await using var host = await TestHost.StartAsync([typeof(Both)], TestHost.Storage(account));
        using var client = new HttpClient { BaseAddress = host.Address };
        using var response = await client.PostAsync("api/both", null);
        if (host.Error.Length > 0) Assert.Fail(host.Error);
        Assert.Equal((HttpStatusCode.Accepted, "taken"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        var queue = new QueueClient(account, "both", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        Assert.Equal("job", (await queue.PeekMessageAsync()).Value.Body.ToString());
    }

    [Fact]
    public async Task Middleware_wraps_every_run_in_the_order_it_was_added_and_sees_the_function()
    {
        await using var host = await TestHost.StartAsync([typeof(Pages)], new Dictionary<string, string?>(), configure: builder =>
        {
            builder.UseMiddleware<Noting>();
            builder.UseMiddleware(async (context, next) =>
            {
                context.InstanceServices.GetRequiredService<Events>().Add($"inner {context.GetHttpContext()!.Request.Path}");
                await next();
            });
        });
        using var client = new HttpClient { BaseAddress = host.Address };
        await client.GetAsync("api/health");
        Assert.Equal(["before Health httpTrigger", "inner /api/health", "after"], host.Log.All);
    }

    [Fact]
    public async Task Each_run_has_a_service_scope_and_an_instance_of_its_own()
    {
        await using var host = await TestHost.StartAsync([typeof(Scoped)], new Dictionary<string, string?>(), configure: builder => builder.Services.AddScoped<Unit>());
        using var client = new HttpClient { BaseAddress = host.Address };
        var first = await client.GetStringAsync("api/scoped");
        var second = await client.GetStringAsync("api/scoped");
        Assert.StartsWith("same", first, StringComparison.Ordinal);
        Assert.NotEqual(first, second);
        // A scope ends after its answer was sent.
        await TestHost.UntilAsync(() => host.Log.All.Count() == 2);
        Assert.Equal(["disposed", "disposed"], host.Log.All);
    }

    [Fact]
    public async Task The_admin_api_starts_a_function_by_hand()
    {
        var account = azurite.NewAccount();
        await using var host = await TestHost.StartAsync([typeof(Daily)], TestHost.Storage(account));
        using var client = new HttpClient { BaseAddress = host.Address };
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsJsonAsync("admin/functions/Nobody", new { input = "" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsync("admin/functions/Daily", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsJsonAsync("admin/functions/daily", new { input = "" })).StatusCode);
        await TestHost.UntilAsync(() => host.Log.Count == 1);
        Assert.Equal("past due False", host.Log.All[0]);
        Assert.Contains("\"name\":\"Daily\"", await client.GetStringAsync("admin/functions"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_cancels_the_run()
    {
        await using var host = await TestHost.StartAsync([typeof(Waiting)], new Dictionary<string, string?>());
        using var client = new HttpClient { BaseAddress = host.Address };
        using var gone = new CancellationTokenSource();
        var request = client.GetAsync("api/wait", gone.Token);
        await TestHost.UntilAsync(() => host.Log.Count == 1);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await TestHost.UntilAsync(() => host.Log.Count == 2);
    }

    public sealed class Pages
    {
        [Function("Health")]
        public static IResult Health([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request) => Results.Text("fine");

        [Function("Item")]
        public static IActionResult Item([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "items/{id:int}")] HttpRequest request, int id) => new ContentResult { Content = $"item {id}", StatusCode = 200 };

        [Function("Plain")]
        public static async Task<IActionResult> Plain([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request)
        {
            await Task.Yield();
            return new OkObjectResult(request.Method);
        }

        [Function("Fails")]
        public static IResult Fails([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => throw new InvalidOperationException("secret reason");

        [Function("Action")]
        public static IActionResult Action([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => new JsonResult("short and stout") { StatusCode = 418 };

        [Function("Odd")]
        public static int Odd([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => 42;

        [Function("Off")]
        public static IResult Off([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => Results.Ok();

        [Function("Guarded")]
        public static IResult Guarded([HttpTrigger(AuthorizationLevel.Function, "get")] HttpRequest request) => Results.Ok();

        [Function("Masters")]
        public static IResult Masters([HttpTrigger(AuthorizationLevel.Admin, "get")] HttpRequest request) => Results.Ok();
    }

    public sealed class Both
    {
        [Function("Both")]
        public static Answer Run([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "both")] HttpRequest request) => new(Results.Text("taken", statusCode: 202), "job");
    }

    public sealed record Answer([property: HttpResult] IResult Response, [property: QueueOutput("both")] string Job);

    public sealed class Noting(Events events) : IFunctionsWorkerMiddleware
    {
        public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            events.Add($"before {context.FunctionDefinition.Name} {context.FunctionDefinition.InputBindings.Values.Single().Type}");
            await next(context);
            events.Add("after");
        }
    }

    public sealed class Unit(Events events) : IDisposable
    {
        public Guid Id { get; } = Guid.NewGuid();
        public void Dispose() => events.Add("disposed");
    }

    public sealed class Scoped(Unit unit)
    {
        [Function("Scoped")]
        public IResult Run([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request, FunctionContext context) =>
            Results.Text($"{(ReferenceEquals(unit, context.InstanceServices.GetRequiredService<Unit>()) && ReferenceEquals(unit, request.HttpContext.RequestServices.GetRequiredService<Unit>()) ? "same" : "other")} {unit.Id}");
    }

    public sealed class Daily(Events events)
    {
        [Function("Daily")]
        public void Run([TimerTrigger("0 0 3 * * *")] TimerInfo timer) => events.Add($"past due {timer.IsPastDue}");
    }

    public sealed class Waiting(Events events)
    {
        [Function("Wait")]
        public async Task<IResult> RunAsync([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request, CancellationToken cancellation)
        {
            events.Add("begin");
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            events.Add("cancelled");
            return Results.Ok();
        }
    }
}
