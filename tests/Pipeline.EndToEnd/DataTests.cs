using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>Figures over HTTP from the app that stays up, after <c>--once</c>.</summary>
public sealed class DataTests(ReportSite site) : IClassFixture<ReportSite>
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(5) };

    [Fact]
    public async Task Rows_and_figures_are_those_of_the_tables()
    {
        const string Partition = "4621|imports|total";
        using var response = await SendAsync(
            "data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2019-07&to=2019",
            "br"
        );
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["br"], response.Content.Headers.ContentEncoding);
        await using var body = new System.IO.Compression.BrotliStream(
            await response.Content.ReadAsStreamAsync(),
            System.IO.Compression.CompressionMode.Decompress
        );
        using var json = await JsonDocument.ParseAsync(body);
        var stored = await site.Account.RowsAsync(
            "trademonthly",
            $"PartitionKey eq '{Partition}' and RowKey ge '2019-07' and RowKey lt '2020'"
        );
        Assert.Equal(6, stored.Count);
        Assert.Equal(
            stored.Select(row => (row.RowKey, row.GetInt64("ValueUsd")!.Value)),
            json.RootElement.GetProperty("rows")
                .EnumerateArray()
                .Select(row => (row.GetProperty("RowKey").GetString()!, row.GetProperty("ValueUsd").GetInt64()))
        );

        using var figure = await SendAsync($"figure/trademonthly/{Uri.EscapeDataString(Partition)}/2019-07%7CTOTAL");
        using var one = JsonDocument.Parse(await figure.Content.ReadAsStringAsync());
        Assert.Equal(2_066_401_200, one.RootElement.GetProperty("values")[0].GetProperty("value").GetInt64());
        Assert.Matches("^row [0-9]+$", one.RootElement.GetProperty("raw").GetProperty("place").GetString()!);
        Assert.Equal("", one.RootElement.GetProperty("raw").GetProperty("note").GetString());

        using var wrong = await SendAsync("data/trademonthly?Partner=4621");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal("application/problem+json", wrong.Content.Headers.ContentType!.MediaType);
        using var unknown = await SendAsync("data/secrets");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var same = await SendAsync(
            "data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2019-07&to=2019",
            tag: response.Headers.ETag!.ToString()
        );
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
    }

    [Fact]
    public async Task The_commands_of_the_guide_bring_what_they_ask_for()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "data-guide.md"));
        var commands = Regex
            .Matches(guide, "## (Over HTTP|Check a figure)\n.*?```sh\n(.*?)```", RegexOptions.Singleline)
            .SelectMany(block => block.Groups[2].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        Assert.Equal(10, commands.Count);
        var folder = Directory.CreateTempSubdirectory("over-http");
        try
        {
            foreach (var command in commands)
            {
                Assert.Contains("http://localhost:7071/", command, StringComparison.Ordinal);
                var output = await RunAsync(
                    command
                        .Replace("curl ", "curl --fail --max-time 120 ", StringComparison.Ordinal)
                        .Replace("http://localhost:7071/", site.Address, StringComparison.Ordinal),
                    folder.FullName
                );
                if (command.Contains("format=csv", StringComparison.Ordinal))
                {
                    Assert.StartsWith("PartitionKey,RowKey,", output, StringComparison.Ordinal);
                }
                else if (command.Contains("-o holders.parquet", StringComparison.Ordinal))
                {
                    var bytes = await File.ReadAllBytesAsync(Path.Combine(folder.FullName, "holders.parquet"));
                    Assert.Equal("PAR1"u8.ToArray(), bytes[..4]);
                }
                else if (command.Contains("feed.atom", StringComparison.Ordinal))
                {
                    var feed = Encoding.UTF8.GetBytes(output);
                    Assert.Equal([], AtomRules.Faults(feed));
                    Assert.Equal(
                        ["trademonthly"],
                        AtomRules.Read(feed).Items.Select(item => item.Categories[0].Name).Distinct()
                    );
                }
                else if (command.Contains("/api/check", StringComparison.Ordinal))
                {
                    using var json = JsonDocument.Parse(output);
                    Assert.Equal("unit-error", json.RootElement.GetProperty("verdict").GetString());
                }
                else
                {
                    using var json = JsonDocument.Parse(output);
                    var isRows = command.Contains("/api/data/", StringComparison.Ordinal);
                    Assert.Equal(isRows, json.RootElement.TryGetProperty("rows", out var rows));
                    Assert.True(!isRows || rows.GetArrayLength() > 0, command);
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_guide_shows_the_revision_of_the_samples()
    {
        var guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "data-guide.md"));
        var section = Regex.Match(guide, "## History with the samples.*?\n## ", RegexOptions.Singleline).Value;
        var commands = Regex.Matches(section, "http://localhost:7071/(api/[^']+)'").Select(one => one.Groups[1].Value);
        var answers = new List<JsonElement>();
        foreach (var command in commands)
        {
            using var response = await SendAsync(command["api/".Length..]);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            answers.Add(json.RootElement.Clone());
        }
        Assert.Equal(
            [637_908_720, 637_835_184],
            answers[..2]
                .Select(json => Assert.Single(json.GetProperty("rows").EnumerateArray()))
                .Select(row => row.GetProperty("ValueUsd").GetInt64())
        );
        Assert.Contains("The first gives 637908720, the second 637835184.", section, StringComparison.Ordinal);
        Assert.Equal(8, answers[2].GetProperty("rows").GetArrayLength());
        Assert.Equal(637_835_184, answers[3].GetProperty("values")[0].GetProperty("value").GetInt64());
        Assert.Equal(4, answers.Count);
    }

    private async Task<HttpResponseMessage> SendAsync(string target, string? encoding = null, string? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{site.Address}api/{target}");
        if (encoding is not null)
            request.Headers.Add("Accept-Encoding", encoding);
        if (tag is not null)
            request.Headers.Add("If-None-Match", tag);
        return await Http.SendAsync(request);
    }

    private static async Task<string> RunAsync(string command, string folder)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var shell = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var error = shell.StandardError.ReadToEndAsync(limit.Token);
        var output = await shell.StandardOutput.ReadToEndAsync(limit.Token);
        await shell.WaitForExitAsync(limit.Token);
        Assert.True(shell.ExitCode == 0, $"{command}: {shell.ExitCode} {await error}");
        return output;
    }
}
