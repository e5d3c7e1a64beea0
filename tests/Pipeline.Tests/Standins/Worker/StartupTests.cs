using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class StartupTests(Azurite azurite)
{
    public static TheoryData<Type, string> Refused => new()
    {
        { typeof(BadSchedule), "function 'PlanX', schedule 'daily': seen \"daily\", expected six NCRONTAB fields {second} {minute} {hour} {day} {month} {day-of-week}, e.g. 0 15 13 * * *; correct it" },
        { typeof(Unresolved), "function 'PlanX', schedule '%NO_SCHEDULE%': '%NO_SCHEDULE%' does not resolve to a value. Set it in the environment or in local.settings.json." },
        { typeof(NoConnection), "function 'Pull': Storage account connection string 'AzureWebJobsElsewhere' does not exist. Make sure that it is a defined App Setting." },
        { typeof(BadQueue), "function 'Pull', queue 'my--queue': seen \"my--queue\", expected 3 to 63 letters, digits and single hyphens, not at the ends; rename the queue" },
        { typeof(BadName), "function '1st': not a function name, expected a letter and then up to 127 letters, digits, '_' or '-', and not 'host'; rename it" },
        { typeof(NoTrigger), "function 'Idle': has 0 triggers, expected one parameter with a timer, queue or HTTP trigger" },
        { typeof(Twice), "function 'Same': declared 2 times (Pipeline.Tests.Standins.Worker.StartupTests+Twice.One, Pipeline.Tests.Standins.Worker.StartupTests+Twice.Two), expected one; rename the others" },
        { typeof(SameRoute), "functions 'A' and 'B': both serve route 'x/{other}' with overlapping methods; change one of them" },
        { typeof(AdminRoute), "function 'Page', route 'administration': starts with 'admin', which the host keeps for itself; choose another route" },
        { typeof(Hidden), "function 'Hidden': Pipeline.Tests.Standins.Worker.StartupTests+Hidden.Run is not public; make the method and its class public" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_function_that_the_host_would_not_index_keeps_the_app_from_starting(Type type, string message)
    {
        await using var host = new TestHost([type], TestHost.Storage(azurite.NewAccount()));
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal(message + Environment.NewLine, host.Error);
        Assert.Equal("", host.Out);
    }

    [Fact]
    public async Task Timers_need_host_storage()
    {
        await using var host = new TestHost([typeof(Daily)], new Dictionary<string, string?>());
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal("host storage (timers): Storage account connection string 'AzureWebJobsStorage' does not exist. Make sure that it is a defined App Setting." + Environment.NewLine, host.Error);
    }

    [Fact]
    public async Task A_wrong_version_in_host_json_keeps_the_app_from_starting()
    {
        await using var host = new TestHost([typeof(Page)], new Dictionary<string, string?>(), hostJson: """{ "version": "3.0" }""");
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal("host.json, version: seen \"3.0\", expected the text \"2.0\"; correct it" + Environment.NewLine, host.Error);
    }

    [Fact]
    public async Task A_port_in_use_is_said_in_one_line()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var host = new TestHost([typeof(Page)], new Dictionary<string, string?>(), port: port);
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal($"HTTP port {port}: seen in use by another process, expected free; stop that process or choose another port with --port" + Environment.NewLine, host.Error);
    }

    [Fact]
    public async Task A_service_that_cannot_be_built_is_said_in_one_line()
    {
        await using var host = new TestHost([typeof(Page)], new Dictionary<string, string?>(), configure: builder => builder.Services.AddSingleton<Needy>());
        Assert.Equal(1, await host.RunAsync());
        Assert.Single(host.Error.Trim().Split('\n'));
        Assert.StartsWith("services: InvalidOperationException: Error while validating", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_functions_need_the_web_application()
    {
        await using var host = new TestHost([typeof(Page)], new Dictionary<string, string?>(), aspNetCore: false);
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal("function 'Page': HTTP functions need builder.ConfigureFunctionsWebApplication() in Program.cs; HttpRequestData is not supported here" + Environment.NewLine, host.Error);
    }

    [Fact]
    public async Task Nothing_listens_and_no_azurite_is_wanted()
    {
        var ports = new Standin.Functions.Worker.Azurite.AzuritePorts(Loopback.FreePort(), Loopback.FreePort(), Loopback.FreePort());
        await using var host = new TestHost([typeof(Daily)], TestHost.Storage("UseDevelopmentStorage=true"), new CommandLine(NoAzurite: true), azurite: new() { Ports = ports });
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal(
            $"AzureWebJobsStorage: seen UseDevelopmentStorage=true with --no-azurite, and nothing listens on 127.0.0.1:{ports.Blob}/{ports.Queue}/{ports.Table}; start Azurite, leave --no-azurite out, or name a real account" + Environment.NewLine,
            host.Error);
    }

    [Fact]
    public async Task Staying_up_shows_the_functions_with_their_triggers()
    {
        var clock = new TestClock(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var host = await TestHost.StartAsync([typeof(Daily), typeof(Page), typeof(Reader)], TestHost.Storage(azurite.NewAccount()), clock);
        Assert.Contains($"Functions:{Environment.NewLine}  Daily: timer 0 0 3 * * *, next 2026-03-02 03:00:00Z{Environment.NewLine}", host.Out, StringComparison.Ordinal);
        Assert.Contains($"  Page: [GET,POST] {host.Address}api/page/{{id}}{Environment.NewLine}", host.Out, StringComparison.Ordinal);
        Assert.Contains($"  Reader: queue pull (PipelineStorage){Environment.NewLine}", host.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gauge_is_a_line_of_the_log()
    {
        await using var host = await TestHost.StartAsync([typeof(Page)], new Dictionary<string, string?>());
        host.Host.Services.GetRequiredService<ILogger<StartupTests>>().LogMetric("queue.depth", 2.5, new Dictionary<string, object> { ["queue"] = "pull" });
        Assert.Contains("metric queue.depth = 2.5 queue=pull", host.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_function_that_exceeds_its_time_is_cancelled_and_fails_and_one_that_ignores_it_ends_the_host()
    {
        var clock = new TestClock(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "stubborn", "x");
        await using var host = await TestHost.StartAsync([typeof(Stubborn)], TestHost.Storage(account), clock, hostJson: """{ "version": "2.0", "functionTimeout": "00:01:00" }""");
        await clock.UntilAsync(() => host.Log.Count == 1, TimeSpan.FromMilliseconds(50));
        await clock.UntilAsync(() => host.ExitCode == 1, TimeSpan.FromSeconds(1));
        Assert.Contains("function 'Stubborn' still runs after its 00:01:00 and 2 s of grace; make it observe its CancellationToken", host.Error, StringComparison.Ordinal);
        host.Log.Gate.SetResult();
    }

    public sealed class Needy(IComparable<Needy> nobody)
    {
        public override string ToString() => nobody.ToString()!;
    }

    public sealed class BadSchedule
    {
        [Function("PlanX")]
        public static void Run([TimerTrigger("daily")] TimerInfo timer) => Assert.Fail("must not run");
    }

    public sealed class Unresolved
    {
        [Function("PlanX")]
        public static void Run([TimerTrigger("%NO_SCHEDULE%")] TimerInfo timer) => Assert.Fail("must not run");
    }

    public sealed class NoConnection
    {
        [Function("Pull")]
        public static void Run([QueueTrigger("pull", Connection = "Elsewhere")] string message) => Assert.Fail("must not run");
    }

    public sealed class BadQueue
    {
        [Function("Pull")]
        public static void Run([QueueTrigger("my--queue")] string message) => Assert.Fail("must not run");
    }

    public sealed class BadName
    {
        [Function("1st")]
        public static void Run([QueueTrigger("pull")] string message) => Assert.Fail("must not run");
    }

    public sealed class NoTrigger
    {
        [Function("Idle")]
        public static void Run() => Assert.Fail("must not run");
    }

    public sealed class Twice
    {
        [Function("Same")]
        public static void One([QueueTrigger("pull")] string message) => Assert.Fail("must not run");

        [Function("same")]
        public static void Two([QueueTrigger("pull")] string message) => Assert.Fail("must not run");
    }

    public sealed class SameRoute
    {
        [Function("A")]
        public static void A([HttpTrigger(AuthorizationLevel.Anonymous, Route = "x/{id}")] HttpRequest request) => Assert.Fail("must not run");

        [Function("B")]
        public static void B([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "x/{other}")] HttpRequest request) => Assert.Fail("must not run");
    }

    public sealed class AdminRoute
    {
        [Function("Page")]
        public static void Run([HttpTrigger(AuthorizationLevel.Anonymous, Route = "administration")] HttpRequest request) => Assert.Fail("must not run");
    }

    public sealed class Hidden
    {
        [Function("Hidden")]
        internal static void Run([QueueTrigger("pull")] string message) => Assert.Fail("must not run");
    }

    public sealed class Daily
    {
        [Function("Daily")]
        public static void Run([TimerTrigger("0 0 3 * * *")] TimerInfo timer) => Assert.NotNull(timer);
    }

    public sealed class Page
    {
        [Function("Page")]
        public static IResult Run([HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", Route = "page/{id}")] HttpRequest request) => Results.Ok();
    }

    public sealed class Reader
    {
        [Function("Reader")]
        public static void Run([QueueTrigger("pull", Connection = "PipelineStorage")] string message) => Assert.NotNull(message);
    }

    public sealed class Stubborn(Events events)
    {
        [Function("Stubborn")]
        public async Task RunAsync([QueueTrigger("stubborn")] string message)
        {
            events.Add(message);
            await events.Gate.Task;
        }
    }
}
