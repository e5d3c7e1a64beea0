using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Datasets;
using Pipeline.Faults.Sources;
using Pipeline.Functions;
using Pipeline.Ingestion;
using Pipeline.Insight.Claims;
using Pipeline.Report;
using Pipeline.Report.Data;
using Pipeline.Report.News;
using Pipeline.Report.Page;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Hostile;

/// <summary>
/// What a caller may write into the address of a function: it comes through a real server, by the routes of
/// the functions, and ends in words or in a slice that there is.
/// </summary>
public sealed class ParameterTests
{
    /// <summary>Parts of an address as they are sent, already escaped where they must be.</summary>
    private static readonly string[] Parts =
    [
        .. InjectionTests.Given.Select(Uri.EscapeDataString),
        "%2f",
        "%2F%2e%2e%2F",
        "..%2f..%2fraw",
        "exports-total%2f2019",
        "exports-total/../../slices",
        "/../",
        "/..%2f",
        "..;/",
        ".%00",
        "2019%27%20or%20PartitionKey%20ne%20%27",
        "'or'1'eq'1",
        "2019')%20or%20(true",
        "$filter=true",
        "2019%0d%0aX-Injected:%20yes",
        "%c0%ae%c0%ae%2f",
        "%ff",
        "%u0041",
        "*",
        "2019%20",
        "2019/",
        "%E2%80%AE",
        "CENSUS-TRADE",
        "2019%09",
        "true%00",
        "raw%20",
        "RAW",
        "source'--",
    ];

    [Fact]
    public async Task A_part_of_an_address_is_refused_in_words_or_names_a_slice()
    {
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Census(new Uri("http://127.0.0.1:1"), balance: false),
            clock,
            storage
        );
        await pipeline.Get<StepQueues>().EnsureAsync();
        var before = await TablesAsync(pipeline);
        var port = Loopback.FreePort();
        await using var app = await ServeAsync(pipeline, port);
        using var proof = Proof.Try(Proof.Injection, "parts of addresses");
        var worded = 0;
        foreach (var part in Parts)
        {
            foreach (
                var target in (string[])
                    [
                        $"replay/{part}/exports-total/2019",
                        $"replay/census-trade/{part}",
                        $"replay/census-trade/exports-total/{part}",
                        $"replay/census-trade/exports-total/2019?from={part}",
                        $"replay/census-trade/exports-total/2019?accept={part}",
                        $"restore/{part}",
                        $"GET report/{part}",
                    ]
            )
            {
                proof.Next(target);
                var (status, body) = await AskAsync(port, target);
                Assert.True(status is 202 or 400 or 404 or 405, $"{target}: {status} {body}");
                if (status == 202)
                {
                    Assert.Contains("\"slice\":\"census-trade/exports-total/2019\"", body, StringComparison.Ordinal);
                }
                else if (body.Length > 0)
                {
                    var error = JsonDocument.Parse(body).RootElement.GetProperty("error").GetString()!;
                    Assert.Matches("(?s)^(replay|restore).*: seen \".*\", expected .+; .+$", error);
                    worded++;
                    Assert.False(error.Any(char.IsControl), $"{target}: {error}");
                }
            }
        }

        Assert.True(worded > proof.Count / 2, $"only {worded} of {proof.Count} reached a function");
        Assert.All(storage.Queues.All, entry =>
            Assert.StartsWith(
                "{\"Slice\":\"census-trade/exports-total/2019\"",
                Encoding.UTF8.GetString(Convert.FromBase64String(entry.Message.Text)),
                StringComparison.Ordinal
            )
        );
        Assert.Equal(before, await TablesAsync(pipeline));
        proof.Held();
    }

    /// <summary>
    /// Whatever stands in a parameter of the data stays a value: rows that fit it, or words that say what is wrong.
    /// </summary>
    [Fact]
    public async Task A_parameter_of_the_data_is_a_value_and_never_a_filter()
    {
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Census(new Uri("http://127.0.0.1:1"), balance: false),
            clock,
            new MemoryStorage(clock)
        );
        var table = await pipeline.TableAsync("trademonthly");
        foreach (var row in Facts.Trade("imports", "2019: 1 2 3").Cast<TradeMonthly>())
            await table.AddEntityAsync(row);
        var before = await TablesAsync(pipeline);
        var port = Loopback.FreePort();
        await using var app = await ServeAsync(pipeline, port);
        using var proof = Proof.Try(Proof.Injection, "parameters of the data");
        var (worded, empty) = (0, 0);
        foreach (var part in Parts)
        {
            foreach (
                var target in (string[])
                    [
                        $"GET data/{part}",
                        $"GET data/trademonthly?PartitionKey={part}",
                        $"GET data/trademonthly?PartnerCode={part}",
                        $"GET data/trademonthly?PartnerCode=4621&Flow={part}&Level=total",
                        $"GET data/trademonthly?CommodityName={part}",
                        $"GET data/trademonthly?Year={part}",
                        $"GET data/trademonthly?Vintage={part}",
                        $"GET data/trademonthly?{part}=1",
                        $"GET data/trademonthly?from={part}",
                        $"GET data/trademonthly?to={part}",
                        $"GET data/trademonthly?asof={part}",
                        $"GET data/trademonthly?PartitionKey={part}&asof=2020-01-01",
                        $"GET data/trademonthly?format={part}",
                        $"GET data/trademonthly?limit={part}",
                        $"GET data/trademonthly?continuation={part}",
                        $"GET figure/{part}/4621%7Cimports%7Ctotal/2019-01%7CTOTAL",
                        $"GET figure/trademonthly/{part}/2019-01%7CTOTAL",
                        $"GET figure/trademonthly/4621%7Cimports%7Ctotal/{part}",
                    ]
            )
            {
                proof.Next(target);
                var (status, body) = await AskAsync(port, target);
                Assert.True(status is 200 or 400 or 404, $"{target}: {status} {body}");
                if (status == 200)
                {
                    var rows = JsonDocument.Parse(body).RootElement.GetProperty("rows");
                    Assert.True(rows.GetArrayLength() == 0, $"{target}: {body}");
                    empty++;
                }
                else if (body.StartsWith('{'))
                {
                    var problem = JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString()!;
                    Assert.Matches("(?s)^(table|parameter|figure).*: seen .+, expected .+; .+$", problem);
                    Assert.False(problem.Any(char.IsControl), $"{target}: {problem}");
                    worded++;
                }
            }
        }

        Assert.True(worded > proof.Count / 2, $"only {worded} of {proof.Count} were refused in words");
        Assert.True(empty > Parts.Length, $"only {empty} of {proof.Count} were taken as values");
        Assert.Equal(before, await TablesAsync(pipeline));
        proof.Held();
    }

    /// <summary>The feed takes names of tables and nothing else, and repeats no part of its address.</summary>
    [Fact]
    public async Task A_parameter_of_the_feed_is_a_table_or_is_refused_in_words()
    {
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Census(new Uri("http://127.0.0.1:1"), balance: false),
            clock,
            new MemoryStorage(clock)
        );
        var port = Loopback.FreePort();
        await using var app = await ServeAsync(pipeline, port);
        using var proof = Proof.Try(Proof.Injection, "parameters of the feed");
        var (_, feed) = await AskAsync(port, "GET feed.atom?table=trademonthly");
        foreach (var part in Parts)
        {
            foreach (var target in (string[])[$"GET feed.atom?table={part}", $"GET feed.atom?{part}=1"])
            {
                proof.Next(target);
                var (status, body) = await AskAsync(port, target);
                Assert.True(status is 400 or 404, $"{target}: {status} {body}");
                var problem = JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString()!;
                Assert.Matches("(?s)^(table|parameters): seen .+, expected .+; .+$", problem);
                Assert.False(problem.Any(char.IsControl), $"{target}: {problem}");
            }
            var key = $"GET feed.atom?table=trademonthly&code={part}";
            proof.Next(key);
            Assert.Equal((200, feed), await AskAsync(port, key));
        }
        Assert.Equal([], AtomRules.Faults(Encoding.UTF8.GetBytes(feed)));
        proof.Held();
    }

    [Fact]
    public async Task A_good_address_is_understood_by_the_same_routes()
    {
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Census(new Uri("http://127.0.0.1:1"), balance: false),
            clock,
            storage
        );
        await pipeline.Get<StepQueues>().EnsureAsync();
        var port = Loopback.FreePort();
        await using var app = await ServeAsync(pipeline, port);
        Assert.Equal(
            (202, "{\"slice\":\"census-trade/exports-total/2019\",\"from\":\"source\",\"rawBlob\":\"\"}"),
            await AskAsync(port, "replay/census-trade/exports-total/2019?from=source&accept=false")
        );
        Assert.Single(storage.Queues.All);
        Assert.Equal(
            (200, "{\"source\":\"census-trade\",\"slices\":0,\"loaded\":0,\"left\":0}"),
            await AskAsync(port, "restore/census-trade")
        );
        Assert.Equal(200, (await AskAsync(port, $"GET report/{ReportAsset.All[0].Name}")).Status);
    }

    private static async Task<List<string>> TablesAsync(TestPipeline pipeline)
    {
        var rows = new List<string>();
        await foreach (var table in pipeline.Get<StorageAccount>().Tables.QueryAsync())
        {
            rows.AddRange(
                (await pipeline.RowsAsync(table.Name)).Select(row =>
                    $"{table.Name} {row.PartitionKey} {row.RowKey} {row.ETag}"
                )
            );
        }

        return rows;
    }

    private static async Task<WebApplication> ServeAsync(TestPipeline pipeline, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var replay = new ReplayFunction(pipeline.Get<Replay>(), pipeline.Get<Restore>(), pipeline.Get<SourceCatalog>());
        var report = new ReportFunctions(
            pipeline.Get<ReportReader>(),
            pipeline.Get<PageRenderer>(),
            new Answers(NullLogger<Answers>.Instance)
        );
        var data = new DataFunctions(
            pipeline.Get<DataQueryReader>(),
            pipeline.Get<DataReader>(),
            pipeline.Get<FigureLookup>(),
            pipeline.Get<FigureChecks>(),
            pipeline.Get<NewsFeed>(),
            pipeline.Get<OpenApiDocument>(),
            new Answers(NullLogger<Answers>.Instance)
        );
        app.MapGet("/api/data/{table}", (HttpRequest request, string table) =>
            data.DataAsync(request, table, CancellationToken.None)
        );
        app.MapGet(
            "/api/figure/{table}/{partition}/{row}",
            (HttpRequest request, string table, string partition, string row) =>
                data.FigureAsync(request, table, partition, row, CancellationToken.None)
        );
        app.MapGet("/api/feed.atom", (HttpRequest request) => data.FeedAsync(request, CancellationToken.None));
        // As delegates: of a request's own kind of handler the result would be thrown away.
        app.MapPost(
            "/api/replay/{source}/{*slice}",
            (Delegate)(async (HttpContext http) => Json(await replay.RunAsync(http.Request, CancellationToken.None)))
        );
        app.MapPost(
            "/api/restore/{source}",
            (Delegate)(
                async (HttpContext http) => Json(await replay.RestoreAsync(http.Request, CancellationToken.None))
            )
        );
        app.MapGet("/api/report/{name}", (HttpContext http, string name) => ReportFunctions.Asset(http.Request, name));
        await app.StartAsync();
        return app;

        static IResult Json(IActionResult result) =>
            result is ObjectResult { Value: var value, StatusCode: var status }
                ? Results.Json(value, statusCode: status)
                : throw new InvalidOperationException($"{result}");
    }

    /// <summary>Sends an address as it stands: clients of HTTP would put much of it right.</summary>
    private static async Task<(int Status, string Body)> AskAsync(int port, string target)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        var (method, path) = target.StartsWith("GET ", StringComparison.Ordinal)
            ? ("GET", target[4..])
            : ("POST", target);
        await client
            .GetStream()
            .WriteAsync(
                Encoding.UTF8.GetBytes($"{method} /api/{path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            );
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        var answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return (
            int.Parse(answer.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture),
            answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]
        );
    }
}
