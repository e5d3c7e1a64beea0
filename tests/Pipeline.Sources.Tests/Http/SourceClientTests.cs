using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Http;

/// <summary>Requests over real sockets to a server on this machine; all waits on a clock of the test's.</summary>
public sealed class SourceClientTests : IAsyncLifetime
{
    private const string Request = "exports/hs?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR&time=2019";
    private const string Good =
        "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','time'],['4621','RUSSIA','5','5','2019-01']]";
    private static readonly Slice Slice = Trade.Slice("exports-total/2019");
    private static readonly Courtesy Polite = new(
        TimeSpan.Zero,
        1,
        TimeSpan.FromSeconds(120),
        TimeSpan.FromMinutes(12),
        4,
        TimeSpan.FromSeconds(2),
        TimeSpan.FromMinutes(2)
    );
    private readonly HastyClock clock = new(Trade.At("2025-03-03T03:03:03"), TimeSpan.FromSeconds(119));
    private CensusServer server = null!;

    public async ValueTask InitializeAsync()
    {
        server = await CensusServer.StartAsync();
        server.Put(Request, Trade.Body(Good));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    /// <summary>Fault, how often it is answered, how many requests it takes, and what comes of them.</summary>
    public static TheoryData<int, string, string, int, int, string> Faults =>
        new()
        {
            { 200, "application/json", Good, 1, 1, "Body" },
            { 500, "text/plain", "There was an error while running your query.", 1, 2, "Body" },
            { 500, "text/plain", "There was an error while running your query.", 4, 5, "Body" },
            {
                500,
                "text/plain",
                "There was an error while running your query.",
                99,
                5,
                "Retry: status 500, text/plain, starting \"There was an error while running your query.\""
            },
            { 429, "text/plain", "", 99, 5, "Retry: status 429 without a body" },
            { 520, "text/plain", "", 99, 5, "Retry: status 520 without a body" },
            {
                400,
                "text/plain",
                "error: unknown variable 'X'",
                99,
                1,
                "Permanent: status 400, text/plain, starting \"error: unknown variable \"X\"\""
            },
            { 404, "text/plain", "", 99, 1, "Permanent: status 404 without a body" },
            { 204, "", "", 99, 1, "Empty" },
            { 200, "text/html", "<html>", 99, 1, "Permanent: status 200, text/html, starting \"<html>\"" },
            { 200, "application/json", "[['CTY_CODE'],['46", 2, 3, "Body" },
            {
                200,
                "application/json",
                "[['CTY_CODE'],['46",
                99,
                3,
                "Permanent: a JSON body of 18 bytes that does not end in ]]"
            },
            { 200, "application/json", "", 99, 3, "Permanent: status 200 without a body" },
            { 304, "", "", 99, 5, "Retry: status 304, though nothing was said about a body we have" },
        };

    [Theory, MemberData(nameof(Faults))]
    public async Task A_request_is_tried_again_as_often_as_its_fault_deserves(
        int status,
        string contentType,
        string body,
        int times,
        int requests,
        string expected
    )
    {
        server.Break("time=2019", status, body, contentType, times: times);
        using var fetched = await FetchAsync();
        Assert.Equal(expected, Words(fetched));
        Assert.Equal(requests, server.Requests.Count);
        if (fetched.Body is null)
            return;
        Assert.Equal(64, fetched.Sha256.Length);
        Assert.Equal(expected == "Body" ? Trade.Body(Good) : Trade.Body(body), Bytes(fetched));
    }

    /// <summary>What the server does to the connection, and what is said when it does so every time.</summary>
    public static TheoryData<string, string> Connections =>
        new()
        {
            { "abort", "" },
            { "abort inside the body", "" },
            { "too long a content length", "The response ended prematurely" },
            { "no gzip", "unsupported compression method" },
        };

    [Theory, MemberData(nameof(Connections))]
    public async Task A_connection_that_breaks_is_tried_again_and_then_told(string what, string message)
    {
        server.Break("time=2019", context => BreakAsync(context, what), times: 1);
        using (var fetched = await FetchAsync())
            Assert.Equal("Body", Words(fetched));
        server.Repair();
        server.Break("time=2019", context => BreakAsync(context, what));
        using (var fetched = await FetchAsync())
        {
            Assert.Equal(Meaning.Retry, fetched.Verdict.Meaning);
            Assert.Contains(message, fetched.Verdict.Seen);
            Assert.Equal("check the address and the network; the next plan tries again", fetched.Verdict.Advice);
            Assert.Null(fetched.Body);
        }
        Assert.Equal(2 + 5, server.Requests.Count);
    }

    private static async Task BreakAsync(HttpContext context, string what)
    {
        switch (what)
        {
            case "abort inside the body":
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("[[\"CTY_");
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case "too long a content length":
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("[[\"CTY_CODE\"],[\"1\"]]");
                break;
            case "no gzip":
                context.Response.Headers.ContentEncoding = "gzip";
                await context.Response.WriteAsync("[[\"CTY_CODE\"],[\"1\"]]");
                break;
            default:
                context.Abort();
                break;
        }
    }

    [Fact]
    public async Task A_connection_that_is_not_made_in_time_is_a_fault_of_the_network_and_not_an_exception()
    {
        using var client = new SourceClient(Polite, new Unreachable(), clock, () => 0.5);
        using var fetched = await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None);
        Assert.Equal(
            "Retry: \"A connection could not be established within the configured ConnectTimeout.\"",
            Words(fetched)
        );
    }

    [Fact]
    public async Task A_body_that_drips_in_is_read_whole()
    {
        server.Break("time=2019", async context =>
        {
            foreach (var one in Trade.Body(Good))
            {
                await context.Response.Body.WriteAsync(new[] { one });
                await context.Response.Body.FlushAsync();
            }
        });
        using var fetched = await FetchAsync();
        Assert.Equal(Trade.Body(Good), Bytes(fetched));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_not_kept()
    {
        server.Break("time=2019", 200, new string(' ', 3 << 20), "application/json");
        using var fetched = await FetchAsync(maxBytes: 100_000);
        Assert.Equal("Permanent: a body of more than 100000 bytes", Words(fetched));
        Assert.Null(fetched.Body);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_body_of_exactly_the_limit_is_kept()
    {
        using var fetched = await FetchAsync(maxBytes: Good.Length);
        Assert.Equal("Body", Words(fetched));
    }

    [Fact]
    public async Task Redirects_are_not_followed_and_a_key_in_them_is_hidden()
    {
        server.Break("time=2019", context =>
        {
            context.Response.Redirect($"{server.Address}/elsewhere{context.Request.QueryString}");
            return Task.CompletedTask;
        });
        using var fetched = await FetchAsync();
        Assert.Equal(
            $"Permanent: status 302 to "
                + $"\"{server.Address}/elsewhere?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR&time=2019&key=***\"",
            Words(fetched)
        );
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_server_that_repeats_the_address_does_not_make_the_key_part_of_a_message()
    {
        server.Break("time=2019", context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync($"cannot answer {context.Request.QueryString}");
        });
        using var fetched = await FetchAsync();
        var hidden =
            $"cannot answer "
            + $"?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR&time=2019&key={new string('*', Trade.Canary.Length)}";
        Assert.Equal(
            ($"Permanent: status 400, no content type, starting \"{hidden}\"", hidden),
            (Words(fetched), Encoding.UTF8.GetString(Bytes(fetched)))
        );
    }

    [Theory]
    [InlineData("30", 30.0)]
    [InlineData("118", 118.0)]
    [InlineData("Mon, 03 Mar 2025 03:03:48 GMT", 45.0)]
    public async Task A_pause_that_the_server_asks_for_is_kept(string retryAfter, double seconds)
    {
        server.Break("time=2019", 429, headers: $"Retry-After={retryAfter}", times: 1);
        using var fetched = await FetchAsync();
        Assert.Equal("Body", Words(fetched));
        Assert.Equal(TimeSpan.FromSeconds(seconds), Assert.Single(clock.Pauses));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("Mon, 03 Mar 2025 03:03:00 GMT")]
    [InlineData("soon")]
    public async Task A_server_cannot_make_the_pauses_shorter(string retryAfter)
    {
        server.Break("time=2019", 503, headers: $"Retry-After={retryAfter}");
        using var fetched = await FetchAsync();
        Assert.Equal(5, server.Requests.Count);
        Assert.Equal(4, clock.Pauses.Count);
        Assert.All(clock.Pauses, pause =>
            Assert.InRange(pause, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(60))
        );
        Assert.True(
            clock.Pauses.Aggregate((one, other) => one + other) > TimeSpan.FromSeconds(10),
            string.Join(' ', clock.Pauses)
        );
    }

    [Theory]
    [InlineData("121", 121.0)]
    [InlineData("Mon, 03 Mar 2025 05:03:03 GMT", 7200.0)]
    [InlineData("2147483647", 604_800.0)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 604_800.0)]
    public async Task A_pause_that_is_too_long_to_wait_for_ends_the_request_and_is_handed_on_up_to_a_week(
        string retryAfter,
        double seconds
    )
    {
        server.Break("time=2019", 429, headers: $"Retry-After={retryAfter}");
        using var fetched = await FetchAsync();
        Assert.Equal("Retry: status 429 without a body", Words(fetched));
        Assert.Equal(TimeSpan.FromSeconds(seconds), fetched.RetryAfter);
        Assert.Single(server.Requests);
        Assert.Empty(clock.Pauses);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_given_up_and_tried_again()
    {
        server.Break("time=2019", StallAsync, times: 1);
        var fetching = FetchAsync();
        await ExpireAsync(Polite.AttemptTimeout, 1);
        using var fetched = await fetching;
        Assert.Equal("Body", Words(fetched));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Attempts_that_all_take_too_long_are_told_with_their_limit()
    {
        server.Break("time=2019", StallAsync);
        var fetching = FetchAsync();
        for (var attempt = 1; attempt <= 5; attempt++)
            await ExpireAsync(Polite.AttemptTimeout, attempt);
        using var fetched = await fetching;
        Assert.Equal("Retry: no complete answer within 120 s", Words(fetched));
    }

    [Fact]
    public async Task The_time_for_all_attempts_together_is_limited()
    {
        server.Break("time=2019", StallAsync);
        var fetching = FetchAsync();
        await ExpireAsync(Polite.AttemptTimeout, 1);
        await ExpireAsync(Polite.TotalTimeout, 2);
        using var fetched = await fetching;
        Assert.Equal("Retry: no complete answer within 720 s", Words(fetched));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_request_that_the_caller_stops_is_stopped()
    {
        server.Break("time=2019", StallAsync);
        using var stop = new CancellationTokenSource();
        using var client = Client(Polite);
        var fetching = client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", stop.Token);
        await UntilAsync(() => server.Requests.Count == 1);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);
    }

    [Fact]
    public async Task After_twenty_failures_the_server_is_left_alone_for_a_minute()
    {
        server.Break("time=2019", 503);
        using var client = Client(Polite with { RetryDelay = TimeSpan.FromMilliseconds(10) });
        for (var request = 0; request < 4; request++)
            (await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None)).Dispose();
        Assert.Equal(20, server.Requests.Count);
        using (var refused = await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None))
        {
            Assert.Equal(
                "Retry: several failures of this server in a row, so that it is left alone for a while",
                Words(refused)
            );
            Assert.Matches("^the next plan tries again; the pause ends in [0-9]+ s$", refused.Verdict.Advice);
        }
        Assert.Equal(20, server.Requests.Count);
        server.Repair();
        clock.Advance(TimeSpan.FromMinutes(1.1));
        using var again = await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None);
        Assert.Equal("Body", Words(again));
    }

    [Fact]
    public async Task Refusals_that_only_the_caller_can_mend_do_not_count_as_failures_of_the_server()
    {
        server.Break("time=2019", 400);
        using var client = Client(Polite);
        for (var request = 0; request < 30; request++)
            (await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None)).Dispose();
        Assert.Equal(30, server.Requests.Count);
    }

    [Fact]
    public async Task Requests_and_retries_start_no_closer_together_than_the_server_wants()
    {
        server.Break("time=2019", 503, times: 1);
        using var client = Client(Polite with { Spacing = TimeSpan.FromSeconds(90) });
        for (var request = 0; request < 2; request++)
            (await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None)).Dispose();
        Assert.Equal(3, server.Requests.Count);
        Assert.Equal(TimeSpan.FromSeconds(180), clock.GetUtcNow() - Trade.At("2025-03-03T03:03:03"));
    }

    [Theory, InlineData(1), InlineData(3)]
    public async Task No_more_requests_run_at_a_time_than_the_server_wants(int concurrency)
    {
        var full = new TaskCompletionSource();
        server.Break("time=2019", async context =>
        {
            if (server.MostAtOnce >= concurrency)
                full.TrySetResult();
            await full.Task.WaitAsync(TimeSpan.FromMinutes(5));
            await context.Response.Body.WriteAsync(Trade.Body(Good));
        });
        using var client = Client(Polite with { Concurrency = concurrency });
        foreach (
            var fetched in await Task.WhenAll(
                Enumerable
                    .Range(0, 8)
                    .Select(_ => client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None))
            )
        )
        {
            fetched.Dispose();
        }

        Assert.Equal((8, concurrency), (server.Requests.Count, server.MostAtOnce));
    }

    [Fact]
    public async Task Requests_that_wait_for_their_turn_come_in_order_and_can_be_cancelled()
    {
        var free = new TaskCompletionSource();
        server.Break("time=2019", async context =>
        {
            await free.Task.WaitAsync(TimeSpan.FromMinutes(5));
            await context.Response.Body.WriteAsync(Trade.Body(Good));
        });
        using var client = Client(Polite);
        using var stop = new CancellationTokenSource();
        Task<FetchResult> Fetch(int number, CancellationToken cancellationToken = default) =>
            client.FetchAsync(
                new SourceRequest(new Uri($"{server.BaseUrl}/{Request}&number={number}"), "json", 1 << 20),
                Judge,
                "",
                "",
                cancellationToken
            );
        var first = Fetch(0);
        await UntilAsync(() => server.Requests.Count == 1);
        var second = Fetch(1, stop.Token);
        var others = Enumerable.Range(2, 5).Select(number => Fetch(number)).ToList();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        free.SetResult();
        foreach (var fetched in await Task.WhenAll([first, .. others]))
            fetched.Dispose();
        Assert.Equal(
            [0, 2, 3, 4, 5, 6],
            server.Requests.Select(request => int.Parse(request[^1..], CultureInfo.InvariantCulture))
        );
    }

    [Fact]
    public async Task Retries_time_outs_and_the_circuit_are_logged_once_each_without_the_key()
    {
        var log = new List<string>();
        using var loggers = Loggers(log);
        using var client = Client(Polite with { RetryDelay = TimeSpan.FromMilliseconds(10) }, loggers);
        server.Break("time=2019", StallAsync, times: 1);
        var fetching = client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None);
        await ExpireAsync(Polite.AttemptTimeout, 1);
        (await fetching).Dispose();
        server.Break("time=2019", 503, $"busy with {Trade.Canary}", "text/plain");
        for (var request = 0; request < 5; request++)
            (await client.FetchAsync(Source().GetRequest(Slice), Judge, "", "", CancellationToken.None)).Dispose();
        Assert.Equal(
            (1, 1 + 3 * 4 + 3, 1),
            (Count(log, "OnTimeout"), Count(log, "OnRetry"), Count(log, "OnCircuitOpened"))
        );
        Assert.Equal(1 + 16 + 1, log.Count(line => !line.StartsWith("exception: ", StringComparison.Ordinal)));
        Assert.All(log.Where(line => line.Contains("EventName", StringComparison.Ordinal)), line =>
        {
            Assert.StartsWith("Warning: Resilience event occurred. ", line, StringComparison.Ordinal);
            Assert.Contains("Source: 'census-trade/(null)/", line, StringComparison.Ordinal);
            Assert.Contains(
                $"Operation Key: '{server.Address}/{Source().GetRequest(Slice).Url.PathAndQuery[1..]}'",
                line,
                StringComparison.Ordinal
            );
        });
        Assert.Contains(log, line =>
            line.Contains("Result: 'Retry: status 503, text/plain, ", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(log, line => line.Contains(Trade.Canary, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The exception of .NET for such an answer repeats it.</summary>
    [Theory]
    [InlineData(
        "HTTP/1.1 200 OK\r\nno header, but {0}\r\n\r\n",
        "Retry: \"Received an invalid header line: 'no header, but ***"
    )]
    [InlineData("no status, but {0}\r\n\r\n", "Retry: \"Received an invalid status line: 'no status, but ***")]
    public async Task A_server_that_repeats_the_key_in_the_protocol_does_not_make_it_part_of_the_log(
        string answer,
        string told
    )
    {
        var log = new List<string>();
        using var loggers = Loggers(log);
        using var client = Client(Polite, loggers);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            for (var request = 0; request < 5; request++)
            {
                using var connection = await listener.AcceptTcpClientAsync();
                using var reader = new StreamReader(connection.GetStream());
                var asked = (await reader.ReadLineAsync())!.Split(' ')[1];
                while (await reader.ReadLineAsync() is { Length: > 0 }) { }
                var key = asked[(asked.IndexOf("key=", StringComparison.Ordinal) + 4)..];
                await connection
                    .GetStream()
                    .WriteAsync(Encoding.ASCII.GetBytes(string.Format(CultureInfo.InvariantCulture, answer, key)));
            }
        });
        var request = Source().GetRequest(Slice) with
        {
            Url = new Uri($"http://{listener.LocalEndpoint}/hs?time=2019"),
        };
        using var fetched = await client.FetchAsync(request, Judge, "", "", CancellationToken.None);
        await serving;
        Assert.StartsWith(told, Words(fetched), StringComparison.Ordinal);
        Assert.Equal(4, Count(log, "OnRetry"));
        Assert.Contains(log, line => line.Contains("***", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Contains(Trade.Canary, StringComparison.OrdinalIgnoreCase));
    }

    private static int Count(List<string> log, string name) =>
        log.Count(line => line.Contains($"EventName: '{name}'", StringComparison.Ordinal));

    private static ILoggerFactory Loggers(List<string> log) =>
        LoggerFactory.Create(logging =>
            logging.AddProvider(new TestPipeline.Lines(log)).SetMinimumLevel(LogLevel.Information)
        );

    [Fact]
    public async Task A_body_we_have_is_asked_for_with_its_tag_or_else_its_date()
    {
        server.ETag = "\"abc\"";
        using var client = Client(Polite);
        using (
            var fetched = await client.FetchAsync(
                Source().GetRequest(Slice),
                Judge,
                "\"abc\"",
                "Mon, 03 Mar 2025 00:00:00 GMT",
                CancellationToken.None
            )
        )
        {
            Assert.Equal("NotModified", Words(fetched));
        }

        using (
            var fetched = await client.FetchAsync(
                Source().GetRequest(Slice),
                Judge,
                "",
                "Mon, 03 Mar 2025 00:00:00 GMT",
                CancellationToken.None
            )
        )
        {
            Assert.Equal("\"abc\"", fetched.Answer!.Header("ETag"));
        }

        Assert.Equal(
            ["\"abc\" ", " Mon, 03 Mar 2025 00:00:00 GMT"],
            server.Headers.Select(headers =>
                $"{headers.GetValueOrDefault("If-None-Match")} {headers.GetValueOrDefault("If-Modified-Since")}"
            )
        );
        Assert.All(server.Headers, headers => Assert.StartsWith("trade-pipeline/", headers["User-Agent"]));
    }

    [Fact]
    public async Task Temporary_files_do_not_outlive_their_answers()
    {
        static HashSet<string> Files() => [.. Directory.GetFiles(Path.GetTempPath(), "pipeline-*")];
        var before = Files();
        server.Break("time=2019", 500, "busy", times: 2);
        server.Break("time=2019", context => BreakAsync(context, "abort inside the body"), times: 1);
        server.Break("time=2019", 200, "[['x'],['", "application/json", times: 1);
        var fetched = await FetchAsync();
        var name = Assert.IsType<FileStream>(fetched.Body).Name;
        // Where the system allows it the file has no name any more while it is open, so that not even a killed process
        // leaves it.
        Assert.Equal(OperatingSystem.IsWindows(), File.Exists(name));
        fetched.Dispose();
        Assert.False(File.Exists(name));
        // Tests that run at the same time have files of their own, for moments.
        var left = Files().Except(before).ToList();
        await UntilAsync(() => !left.Any(File.Exists));
    }

    private static Verdict Judge(Answer answer) => Trade.Judge(Slice, answer);

    private Source Source() => RealSources.Of(Trade.Settings(baseUrl: server.BaseUrl));

    private SourceClient Client(Courtesy courtesy, ILoggerFactory? loggers = null) =>
        new(courtesy, SourceClient.Sockets(), clock, () => 0.5, "census-trade", loggers);

    private async Task<FetchResult> FetchAsync(long? maxBytes = null)
    {
        using var client = Client(Polite);
        var request = Source().GetRequest(Slice);
        var fetched = await client.FetchAsync(
            request with
            {
                MaxBytes = maxBytes ?? request.MaxBytes,
            },
            Judge,
            "",
            "",
            CancellationToken.None
        );
        Assert.DoesNotContain(
            Trade.Canary,
            $"{fetched.Verdict} {fetched.ContentType}",
            StringComparison.OrdinalIgnoreCase
        );
        return fetched;
    }

    private static Task StallAsync(HttpContext context) =>
        Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    /// <summary>Waits for the request of this number to be on its way and lets time run out.</summary>
    private async Task ExpireAsync(TimeSpan timeout, int request)
    {
        await UntilAsync(() => server.Requests.Count == request);
        await UntilAsync(() => clock.Expire(timeout));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var since = Stopwatch.StartNew(); !condition(); )
        {
            Assert.True(since.Elapsed < TimeSpan.FromMinutes(5), "what the test waits for does not come true");
            await Task.Delay(5);
        }
    }

    private static string Words(FetchResult fetched) =>
        fetched.Verdict.Seen.Length == 0
            ? $"{fetched.Verdict.Meaning}"
            : $"{fetched.Verdict.Meaning}: {fetched.Verdict.Seen}";

    private static byte[] Bytes(FetchResult fetched)
    {
        using var copy = new MemoryStream();
        fetched.Body!.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>What the sockets handler throws when a connection takes too long.</summary>
    private sealed class Unreachable : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        ) =>
            throw new TaskCanceledException(
                "The operation was canceled.",
                new TimeoutException("A connection could not be established within the configured ConnectTimeout.")
            );
    }
}
