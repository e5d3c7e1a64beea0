using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Pipeline.Insight;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>Figures over HTTP as a caller meets them: through a real server, by the routes of the functions.</summary>
public sealed class DataFunctionsTests
{
    [Fact]
    public async Task A_list_is_followed_by_its_links_to_the_end()
    {
        await using var site = await Site.StartAsync();
        var target = "data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2004&limit=100&code=secret";
        var periods = new List<string>();
        for (var count = 0; ; count++)
        {
            using var response = await site.SendAsync(target);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("no-cache, private", response.Headers.CacheControl!.ToString());
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            periods.AddRange(
                json.RootElement.GetProperty("rows")
                    .EnumerateArray()
                    .Select(row => row.GetProperty("Period").GetString()!)
            );
            var next = json.RootElement.GetProperty("next").GetString();
            var links = response.Headers.TryGetValues("Link", out var values) ? values.Single() : null;
            Assert.Equal(next is null ? null : $"<{next}>; rel=\"next\"", links);
            if (next is null)
                break;
            Assert.DoesNotContain("secret", next, StringComparison.Ordinal);
            Assert.InRange(count, 0, 3);
            target = next["/api/".Length..];
        }
        Assert.Equal(16 * 12, periods.Count);
        Assert.Equal(periods.Distinct().Order(StringComparer.Ordinal), periods);
    }

    [Fact]
    public async Task The_same_figures_are_304_by_their_ETag_and_changed_ones_are_not()
    {
        await using var site = await Site.StartAsync();
        const string Target = "data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2019";
        using var first = await site.SendAsync(Target);
        var tag = first.Headers.ETag!;
        Assert.True(tag.IsWeak);
        using var same = await site.SendAsync(Target, headers: headers => headers.IfNoneMatch.Add(tag));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using var head = await site.SendAsync(Target, HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, tag), (head.StatusCode, head.Headers.ETag));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());

        var table = await site.Pipeline.TableAsync(TradeMonthly.Table.Name);
        var row = (await table.GetEntityAsync<TradeMonthly>("4621|imports|total", "2019-07|TOTAL")).Value;
        row.ValueUsd++;
        await table.UpdateEntityAsync(row, ETag.All);
        using var changed = await site.SendAsync(Target, headers: headers => headers.IfNoneMatch.Add(tag));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, changed.Headers.ETag);
    }

    [Theory]
    [InlineData("json", "gzip", "gzip")]
    [InlineData("json", "br", "br")]
    [InlineData("csv", "gzip, br", "br")]
    [InlineData("csv", "identity", "")]
    [InlineData("parquet", "gzip, br", "")]
    public async Task Rows_are_compressed_as_the_caller_accepts_it(string format, string accepts, string encoding)
    {
        await using var site = await Site.StartAsync();
        var target = $"data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&format={format}";
        using var plain = await site.SendAsync(target);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        using var response = await site.SendAsync(target, headers: headers => headers.Add("Accept-Encoding", accepts));
        Assert.Equal(encoding, string.Join(", ", response.Content.Headers.ContentEncoding));
        Assert.Equal(plain.Headers.ETag, response.Headers.ETag);
        await using var body = await response.Content.ReadAsStreamAsync();
        await using var text = encoding switch
        {
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            _ => body,
        };
        using var copy = new MemoryStream();
        await text.CopyToAsync(copy);
        Assert.Equal(await plain.Content.ReadAsByteArrayAsync(), copy.ToArray());
    }

    [Theory]
    [InlineData(
        "data/trademonthly?Year=two",
        400,
        "parameter Year|\"two\"|a whole number of at most 32 bits|correct the value"
    )]
    [InlineData("data/trademonthly?from=2019&from=2018", 400, "parameter from|two values|one|leave one of them out")]
    [InlineData(
        "figure/trademonthly/4621%7Cimports%7Ctotal/2019-13%7CTOTAL",
        404,
        "figure of trademonthly|\"4621|imports|total\" \"2019-13|TOTAL\"|"
            + "a row of this partition: \"2004-01|TOTAL\" to \"2019-12|TOTAL\"|correct the keys"
    )]
    public async Task A_wrong_request_is_answered_with_problem_details(string target, int status, string words)
    {
        await using var site = await Site.StartAsync();
        using var response = await site.SendAsync(target);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var problem = json.RootElement;
        string[] names = ["where", "seen", "expected", "advice"];
        Assert.Equal(words, string.Join('|', names.Select(name => problem.GetProperty(name).GetString())));
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("data/trademonthly")]
    [InlineData("figure/trademonthly/4621%7Cimports%7Ctotal/2019-07%7CTOTAL")]
    [InlineData("feed.atom")]
    public async Task A_storage_that_does_not_answer_is_503_without_its_reason(string target)
    {
        var isAway = false;
        await using var site = await Site.StartAsync(
            new AroundPolicy(_ => isAway, () => throw new RequestFailedException(403, "the account's secret reason"))
        );
        isAway = true;
        using var response = await site.SendAsync(target);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(
            """{"status":"unhealthy","reason":"the data account does not answer"}""",
            await response.Content.ReadAsStringAsync()
        );
    }

    [Theory]
    [InlineData(
        "data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&asof=2025-12-31",
        "ValueUsd",
        "history of TradeMonthly 4621|imports|total 2019-07|TOTAL, column ValueUsd: seen \"12,5\", expected a value "
            + "that the column can have; correct or remove the row of history: The input string '12,5' was not in a "
            + "correct format."
    )]
    [InlineData(
        "figure/trademonthly/4621%7Cimports%7Ctotal/2019-07%7CTOTAL",
        "ValueUsd,YearToDateUsd",
        "history trademonthly|4621|imports|total 2019-07|TOTAL|0638000000000000000, columns ValueUsd,YearToDateUsd: "
            + "seen \"12,5\", expected a JSON object of texts by column; correct or remove the row of history"
    )]
    public async Task A_row_of_history_that_cannot_be_understood_is_named(string target, string column, string message)
    {
        await using var site = await Site.StartAsync();
        var history = await site.Pipeline.TableAsync("history");
        await history.AddEntityAsync(
            new TableEntity("trademonthly|4621|imports|total", "2019-07|TOTAL|0638000000000000000")
            {
                ["Column"] = column,
                ["OldValue"] = "12,5",
                ["NewValue"] = "",
                ["ValidFrom"] = new DateTimeOffset(638_000_000_000_000_000, TimeSpan.Zero),
                ["ValidTo"] = Facts.Fetched.AddYears(1),
            }
        );
        using var response = await site.SendAsync(target);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(message, json.RootElement.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task An_unknown_table_is_404_with_the_tables_there_are()
    {
        await using var site = await Site.StartAsync();
        using var response = await site.SendAsync("data/secrets");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(
            "expected one of trademonthly, ",
            await response.Content.ReadAsStringAsync(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_figure_has_one_address()
    {
        await using var site = await Site.StartAsync();
        const string Target = "figure/trademonthly/4621%7Cimports%7Ctotal/2019-07%7CTOTAL";
        using var response = await site.SendAsync(Target);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var figure = json.RootElement;
        var value = figure.GetProperty("values")[0];
        Assert.Equal(
            ("ValueUsd", 2_066_401_200, "US dollars"),
            (
                value.GetProperty("column").GetString(),
                value.GetProperty("value").GetInt64(),
                value.GetProperty("unit").GetString()
            )
        );
        using var head = await site.SendAsync(Target, HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, response.Headers.ETag), (head.StatusCode, head.Headers.ETag));
    }

    [Fact]
    public async Task The_description_is_valid_OpenAPI()
    {
        await using var site = await Site.StartAsync();
        using var response = await site.SendAsync("openapi.json");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("valid 3.0.3", await ValidateAsync(text));
        // The validator sees what is wrong.
        var wrong = text.Replace("\"operationId\": \"read_gaps\"", "\"operationId\": 5", StringComparison.Ordinal);
        Assert.NotEqual(text, wrong);
        Assert.StartsWith("invalid ", await ValidateAsync(wrong), StringComparison.Ordinal);
    }

    /// <summary>Validates a description with the npm package <c>@apidevtools/swagger-parser</c>.</summary>
    private static async Task<string> ValidateAsync(string description)
    {
        var folder = Path.Combine(Repository.Root, "node_modules");
        var file = Path.Combine(folder, $"openapi-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(file + ".json", description);
        await File.WriteAllTextAsync(
            file + ".mjs",
            """
            import { readFile } from "node:fs/promises";
            import parser from "@apidevtools/swagger-parser";
            const document = JSON.parse(await readFile(process.argv[2], "utf8"));
            try {
              const api = await parser.validate(document);
              console.log("valid " + api.openapi);
            } catch (error) {
              console.log("invalid " + error.message);
            }
            """
        );
        try
        {
            var start = new ProcessStartInfo("node", [file + ".mjs", file + ".json"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var node = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            var error = node.StandardError.ReadToEndAsync(limit.Token);
            var output = await node.StandardOutput.ReadToEndAsync(limit.Token);
            await node.WaitForExitAsync(limit.Token);
            Assert.True(node.ExitCode == 0, await error);
            return output.Trim();
        }
        finally
        {
            File.Delete(file + ".json");
            File.Delete(file + ".mjs");
        }
    }

    [Fact]
    public async Task A_stated_figure_is_checked_and_a_malformed_question_says_what_is_wrong()
    {
        await using var site = await Site.StartAsync();
        await site.Pipeline.Get<InsightRun>().RunAsync("census-trade", CancellationToken.None);
        using var good = await site.SendAsync(
            "check?indicator=us-ru-imports-annual&period=2018&stated=20.8%20million%20dollars"
        );
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        var answer = JsonDocument.Parse(await good.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("unit-error", answer.GetProperty("verdict").GetString());
        Assert.Equal("billion US dollars", answer.GetProperty("computed").GetProperty("unit").GetString());
        using var bad = await site.SendAsync("check?indicator=us-ru-imports-annual&period=2018&stated=20.9%20euros");
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        var problem = JsonDocument.Parse(await bad.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("parameter stated", problem.GetProperty("where").GetString());
        Assert.Equal("EUR", problem.GetProperty("seen").GetString());
    }
}
