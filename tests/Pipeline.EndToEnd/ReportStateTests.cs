using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Sources;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The report and the status over HTTP: keys, caching, size, and how they change with what happens.</summary>
public sealed class ReportStateTests(Azurite azurite, ReportSite site) : IClassFixture<ReportSite>
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(5) };

    [Fact]
    public async Task The_status_gives_monitors_the_same_as_the_page()
    {
        using var status = JsonDocument.Parse(await Http.GetStringAsync($"{site.Address}api/status"));
        var root = status.RootElement;
        Assert.Equal("ok", root.GetProperty("state").GetString());
        Assert.Equal(
            SourceServices.Settings.Select(source => source.Source),
            root.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("name").GetString())
        );
        foreach (var source in root.GetProperty("sources").EnumerateArray())
        {
            var run = source.GetProperty("lastRun");
            var counts = run.GetProperty("counts");
            Assert.Equal(
                counts.GetProperty("read").GetInt64(),
                ((string[])["added", "changed", "unchanged", "excluded", "missing", "rejected"]).Sum(name =>
                    counts.GetProperty(name).GetInt64()
                )
            );
            Assert.True(run.GetProperty("addUp").GetBoolean());
        }
        var claims = root.GetProperty("claims")
            .EnumerateArray()
            .ToDictionary(
                claim => claim.GetProperty("id").GetString()!,
                claim => claim.GetProperty("verdict").GetString()!
            );
        Assert.Equal(
            (await site.Account.RowsAsync("claims")).ToDictionary(row => row.RowKey, row => row.GetString("Verdict")),
            claims
        );
        await using var visit = await site.OpenAsync();
        var figures = root.GetProperty("figures")
            .EnumerateArray()
            .SelectMany(
                figure => figure.GetProperty("panels").EnumerateArray(),
                (figure, panel) => (Figure: figure.GetProperty("id").GetString(), Panel: panel)
            )
            .ToList();
        var tables = await visit.PanelsAsync();
        Assert.Equal(
            tables.Select(table => (table.Figure, table.Name)),
            figures.Select(figure => (figure.Figure!, figure.Panel.GetProperty("name").GetString()!))
        );
        foreach (var (table, figure) in tables.Zip(figures))
        {
            Assert.Equal(
                table.Rows.Select(row =>
                    string.Join(' ', row.Skip(1).Take(figure.Panel.GetProperty("series").GetArrayLength()))
                ),
                figure
                    .Panel.GetProperty("points")
                    .EnumerateArray()
                    .Select(point =>
                        string.Join(
                            ' ',
                            point
                                .GetProperty("values")
                                .EnumerateArray()
                                .Select(value =>
                                    Pipeline.Report.Page.Format.Figure(
                                        value.ValueKind == JsonValueKind.Null ? null : value.GetDouble()
                                    )
                                )
                        )
                    )
            );
        }
    }

    [Theory]
    [InlineData("report", "text/html; charset=utf-8")]
    [InlineData("status", "application/json")]
    public async Task Who_has_the_newest_answer_gets_304(string what, string type)
    {
        using var first = await Http.GetAsync($"{site.Address}api/{what}");
        Assert.Equal((HttpStatusCode.OK, type), (first.StatusCode, first.Content.Headers.ContentType!.ToString()));
        Assert.Equal(
            "private, no-cache",
            first
                .Headers.CacheControl!.ToString()
                .Replace("no-cache, private", "private, no-cache", StringComparison.Ordinal)
        );
        Assert.Equal(
            ("no-referrer", "nosniff"),
            (
                first.Headers.GetValues("Referrer-Policy").Single(),
                first.Headers.GetValues("X-Content-Type-Options").Single()
            )
        );
        using var again = await AskAsync($"{site.Address}api/{what}", first.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync());
        using var other = await AskAsync($"{site.Address}api/{what}", new EntityTagHeaderValue("\"other\""));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task The_page_has_a_strict_policy_and_weighs_less_than_200_KB_with_all_its_files()
    {
        using var page = await Http.GetAsync($"{site.Address}api/report");
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action "
                + "'none'; frame-ancestors 'none'",
            page.Headers.GetValues("Content-Security-Policy").Single()
        );
        var bytes = (await page.Content.ReadAsByteArrayAsync()).Length;
        foreach (
            var (file, type) in (IEnumerable<(string, string)>)
                [("report/report.js", "text/javascript"), ("report/report.css", "text/css")]
        )
        {
            using var asset = await Http.GetAsync($"{site.Address}api/{file}");
            Assert.Equal(type, asset.Content.Headers.ContentType!.MediaType);
            Assert.Contains("immutable", asset.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            bytes += (await asset.Content.ReadAsByteArrayAsync()).Length;
        }
        Assert.InRange(bytes, 100_000, 200_000);
        using var none = await Http.GetAsync($"{site.Address}api/report/host.json");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task A_key_in_the_address_of_the_page_goes_nowhere_else()
    {
        var (app, address) = await ReportSite.ServeAsync(azurite.NewAccount());
        await using var running = app;
        await using var visit = await site.OpenAsync(address: $"{address}api/report?code=canary-key");
        Assert.Empty(visit.Complaints);
        Assert.Equal("Needs attention", await visit.Page.Locator("#state").TextContentAsync());
        Assert.DoesNotContain("canary-key", await visit.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(visit.Requests.Skip(1), request =>
            request.Contains("canary-key", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task What_goes_wrong_is_on_the_page_at_once_and_is_only_text()
    {
        var connection = azurite.NewAccount();
        var account = new Account(connection);
        // Who keeps dead letters is switched off, so that this one stays where it is.
        var (app, address) = await ReportSite.ServeAsync(
            connection,
            [
                ("AzureWebJobs_KeepDeadNormalize_Disabled", "true"),
                .. App.Small(connection)
                    .Where(setting => !setting.Key.EndsWith("SCHEDULE", StringComparison.Ordinal))
                    .Select(setting => (setting.Key, setting.Value)),
            ]
        );
        await using var running = app;
        Assert.Equal(0, (await App.RunAsync(App.Small(connection), "--once")).ExitCode);
        using var before = await Http.GetAsync($"{address}api/report");
        await account.Tables.GetTableClient("rejects").CreateIfNotExistsAsync();
        await account
            .Tables.GetTableClient("rejects")
            .AddEntityAsync(
                new TableEntity("census-trade|2026-01", "run|row 1")
                {
                    ["Kind"] = "row",
                    ["Slice"] = "census-trade/exports-total/2023",
                    ["RawBlob"] = "x",
                    ["Position"] = "row 1",
                    ["Seen"] = "<script>document.title = 'hacked'</script>",
                    ["Expected"] = "=1+1",
                    ["Advice"] = "look",
                    ["State"] = "open",
                }
            );
        // As a step does: the reject first, then the slice, whose change makes the page read the rejects again.
        var slice = (await account.RowsAsync("slices", "PartitionKey eq 'census-trade'")).Single(row =>
            row.RowKey == "exports-total|2023"
        );
        await account.Tables.GetTableClient("slices").UpdateEntityAsync(slice, slice.ETag);
        await account.SendAsync("normalize-poison", "lost");
        using var after = await AskAsync($"{address}api/report", before.Headers.ETag!);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        await using var visit = await site.OpenAsync(address: $"{address}api/report");
        Assert.Equal(
            ["1 message of the queue normalize given up, in normalize-poison", "1 open reject; see rejects"],
            await visit.Page.Locator(".attention li").AllTextContentsAsync()
        );
        Assert.Equal(
            "census-trade/exports-total/2023 row 1: seen <script>document.title = 'hacked'</script>, expected =1+1; "
                + "look",
            await visit.Page.Locator("#rejects .rejects li").TextContentAsync()
        );
        Assert.Equal("Trade pipeline: needs attention", await visit.Page.TitleAsync());
        Assert.Empty(visit.Complaints);
        Assert.Empty(await visit.AccessibilityAsync());
    }

    [Fact]
    public async Task While_the_storage_does_not_answer_page_and_status_are_503_without_a_reason()
    {
        await using var own = new Azurite();
        await own.InitializeAsync();
        var (app, address) = await ReportSite.ServeAsync(own.NewAccount());
        await using var running = app;
        await own.DisposeAsync();
        foreach (var what in (string[])["report", "status"])
        {
            using var answer = await Http.GetAsync($"{address}api/{what}");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(
                """{"status":"unhealthy","reason":"the data account does not answer"}""",
                await answer.Content.ReadAsStringAsync()
            );
            await app.UntilAsync("the log says so", () =>
                Task.FromResult(
                    app.Error.Contains(
                        $"{what}: the data account named by PipelineStorage does not answer",
                        StringComparison.Ordinal
                    )
                )
            );
        }
    }

    private static async Task<HttpResponseMessage> AskAsync(string address, EntityTagHeaderValue known)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.IfNoneMatch.Add(known);
        return await Http.SendAsync(request);
    }
}
