using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Issues;
using Pipeline.Report;
using Pipeline.Report.Page;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>What monitors get of the status, and of health.</summary>
public sealed class StatusTests
{
    private static readonly ServiceProvider Services = new ServiceCollection().AddLogging().BuildServiceProvider();

    [Theory]
    [InlineData("", 200)]
    [InlineData("?strict", 503)]
    [InlineData("?strict=true&brief", 503)]
    [InlineData("?strict=false&brief=true", 200)]
    public async Task A_state_that_needs_attention_is_503_if_it_is_asked_for(string query, int status)
    {
        var (code, body) = await AskAsync(query); // sources that were never run
        Assert.Equal(status, code);
        using var document = JsonDocument.Parse(body);
        Assert.Equal(
            (StatusReport.NeedsAttention, Telemetry.Commit),
            (
                document.RootElement.GetProperty("state").GetString(),
                document.RootElement.GetProperty("commit").GetString()
            )
        );
        var brief = query.Contains("brief", StringComparison.Ordinal);
        Assert.Equal(
            brief,
            body.Length <= StatusDocument.MostBriefBytes && !document.RootElement.TryGetProperty("claims", out _)
        );
        Assert.Equal(
            brief ? JsonValueKind.Number : JsonValueKind.Array,
            document.RootElement.GetProperty("attention").ValueKind
        );
    }

    [Theory]
    [InlineData("?strict=1", "status, strict: seen \\\"1\\\", expected nothing, true or false; or leave it out")]
    [InlineData("?brief=yes", "status, brief: seen \\\"yes\\\", expected nothing, true or false; or leave it out")]
    public async Task Another_value_is_refused(string query, string message) =>
        Assert.Equal((400, $$"""{"error":"{{message}}"}"""), await AskAsync(query));

    [Theory]
    [InlineData("short", 5)]
    [InlineData(
        "a line with \"quotes\" and 漢字 that is longer than a brief document can show of any one of its lines",
        1
    )]
    public void The_brief_form_counts_everything_and_stays_below_2_KB(string line, int least)
    {
        var report = new StatusReport(
            StatusReport.NeedsAttention,
            [.. Enumerable.Range(0, 300).Select(_ => string.Concat(Enumerable.Repeat(line, 5)))],
            [],
            [new QueueStatus("pull", 7, 1), new QueueStatus("publish", 2, 1)],
            new RejectStatus(1_234, [], 9, [new Finding("a", "b", "c", "d")]),
            new RevisionStatus(DateTimeOffset.UnixEpoch, 0, false, 0, 0, []),
            [],
            []
        );
        var body = StatusDocument.Brief(report);
        Assert.InRange(body.Length, 1, StatusDocument.MostBriefBytes);
        using var document = JsonDocument.Parse(body);
        int Number(string name) => document.RootElement.GetProperty(name).GetInt32();
        Assert.Equal(
            (300, 1_234, 1, 9, 2),
            (Number("attention"), Number("openRejects"), Number("deadLetters"), Number("waiting"), Number("poison"))
        );
        Assert.InRange(document.RootElement.GetProperty("first").GetArrayLength(), least, 5);
    }

    private static async Task<(int Code, string Body)> AskAsync(string query)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.Parse("2026-03-01T12:00Z", CultureInfo.InvariantCulture));
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), settings: null, clock);
        var functions = new ReportFunctions(
            pipeline.Get<ReportReader>(),
            pipeline.Get<PageRenderer>(),
            new Answers(NullLogger<Answers>.Instance)
        );
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = Services };
        context.Request.QueryString = new QueryString(query);
        context.Response.Body = body;
        var result = await functions.StatusAsync(context.Request, CancellationToken.None);
        await result.ExecuteAsync(context);
        return (context.Response.StatusCode, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
