using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>The ways to the vintage, with a server on this machine and without any storage.</summary>
public sealed class UnctadFetchTests : IAsyncLifetime
{
    private const string Date = "2025-09-01T06:17:00";
    private const string ApiHeader = "Economy_Code,Direction_Code,Flow_Code,Year,M0100_Value\n";
    private const string NoFile =
        "no file US_FdiFlowsStock.7z, US_FdiFlowsStock.csv or US_FdiFlowsStock.inward-flow.csv (and three more) in "
        + "the container curated";
    private static readonly DateTimeOffset Now = new(2025, 9, 8, 7, 30, 0, TimeSpan.Zero);

    private readonly HastyClock clock = new(Now, TimeSpan.FromMinutes(3));
    private readonly Dictionary<string, (byte[] Body, DateTimeOffset Date)> curated = [];
    private UnctadServer server = null!;

    public async ValueTask InitializeAsync()
    {
        server = await UnctadServer.StartAsync();
        server.Release(Date);
        server.Put(UnctadServer.Metadata, """{"version":7}""");
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    /// <summary>Files of the container <c>curated</c> without a container.</summary>
    private sealed class Files(Dictionary<string, (byte[] Body, DateTimeOffset Date)> files, HttpMessageHandler network)
        : DelegatingHandler(network)
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            if (request.RequestUri!.Scheme != SourceRequest.CuratedScheme)
                return base.SendAsync(request, cancellationToken);
            var response = new HttpResponseMessage(HttpStatusCode.NotFound) { RequestMessage = request };
            if (files.TryGetValue(Uri.UnescapeDataString(request.RequestUri.AbsolutePath[1..]), out var file))
            {
                response.StatusCode = HttpStatusCode.OK;
                response.Content = new ByteArrayContent(file.Body);
                response.Content.Headers.LastModified = file.Date;
            }
            return Task.FromResult(response);
        }
    }

    /// <summary>Pulls; gives what came in a line, and the body as text.</summary>
    private async Task<(FetchResult Result, string Text)> FetchAsync(
        bool api = false,
        bool catalogue = true,
        string lastModified = "",
        DateTimeOffset? vintage = null,
        Slice? slice = null,
        string sha256 = "x"
    )
    {
        var source = RealSources.Of(Fdi.Settings(server.Address, catalogue: catalogue, api: api));
        using var client = new SourceClient(source.Courtesy, new Files(curated, SourceClient.Sockets()), clock, () =>
            0.5
        );
        var before = new SliceRow(slice ?? Fdi.FlowsStock);
        if (vintage is not null)
        {
            before = before with
            {
                State = SliceState.Published,
                Loaded = new LoadedBody(new RawName(before.Slice, vintage.Value, new string('a', 12), "7z"), sha256, 1),
                LastModified = lastModified,
            };
        }

        var context = new BodyContext(clock.GetUtcNow(), (name, _) => Task.FromResult(Curated(name)));
        var fetching = new FetchContext(before.Slice, before, client, context);
        var fetched = await source.Of(before.Slice).FetchAsync(fetching, CancellationToken.None);
        using var text = new MemoryStream();
        fetched.Body?.CopyTo(text);
        return (fetched, Encoding.UTF8.GetString(text.ToArray()));
    }

    /// <summary>A curated file as text; null when there is none.</summary>
    private string? Curated(string name) =>
        curated.TryGetValue(name, out var file) ? Encoding.UTF8.GetString(file.Body) : null;

    private static string Fault(FetchResult fetched) =>
        $"{fetched.Verdict.Meaning}: seen {fetched.Verdict.Seen}, expected {fetched.Verdict.Expected}; "
        + $"{fetched.Verdict.Advice}";

    private static byte[] Gzip(string text)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Fdi.Bytes(text));
        return packed.ToArray();
    }

    private static string Request(string path) => path.Split(' ')[0];

    [Fact]
    public async Task The_archive_carries_the_date_of_its_release()
    {
        server.Archive(Fdi.Text(Fdi.Release()));
        var (fetched, _) = await FetchAsync(vintage: Now.AddYears(-1), lastModified: "2024-08-01T00:00:00");
        Assert.Equal(
            (Meaning.Body, Date, "", 0, "7z"),
            (
                fetched.Verdict.Meaning,
                fetched.LastModified,
                fetched.ETag,
                fetched.Notes.Count,
                fetched.Request.Extension
            )
        );
        Assert.Equal([UnctadServer.Catalogue, UnctadServer.Bulk], server.Requests);
    }

    [Fact]
    public async Task An_unchanged_date_ends_the_pull_before_the_archive_is_asked_for()
    {
        var (fetched, _) = await FetchAsync(vintage: Now.AddDays(-7), lastModified: Date);
        Assert.Equal(Meaning.NotModified, fetched.Verdict.Meaning);
        Assert.Equal([UnctadServer.Catalogue], server.Requests);
    }

    [Fact]
    public async Task Without_a_catalogue_the_archives_own_validators_are_used()
    {
        server.On(UnctadServer.Bulk, context =>
        {
            context.Response.Headers.ETag = "\"v1\"";
            return context.Response.Body.WriteAsync(Fdi.Archive(Fdi.Bytes(Fdi.Text(Fdi.Release())))).AsTask();
        });
        var (fetched, _) = await FetchAsync(catalogue: false);
        Assert.Equal((Meaning.Body, "\"v1\"", ""), (fetched.Verdict.Meaning, fetched.ETag, fetched.LastModified));
        Assert.Equal([UnctadServer.Bulk], server.Requests);
    }

    [Fact]
    public async Task An_archive_that_follows_the_catalogue_later_keeps_its_own_date()
    {
        server.Archive(Fdi.Text(Fdi.Release()));
        var (old, _) = await FetchAsync();
        var (fetched, _) = await FetchAsync(
            vintage: Now.AddYears(-1),
            lastModified: "2024-08-01T00:00:00",
            sha256: old.Sha256
        );
        Assert.Equal((Meaning.Body, "2024-08-01T00:00:00"), (fetched.Verdict.Meaning, fetched.LastModified));
        Assert.Equal(
            [$"the catalogue speaks of a release of {Date}, the bulk archive is still the one before"],
            fetched.Notes
        );
    }

    public static TheoryData<string, string> Archives =>
        new()
        {
            { "the list of the program", "" },
            {
                "the world leaves out 840",
                "bulk archive refused: year 1992, inward flow: seen economies without the financial centres that "
                    + "add up to "
                    + "1000840000000 US dollars, expected 1000000000000, the row of the world; it seems to leave "
                    + "out 840 United States"
            },
            { "the world leaves out 840, as the file of the operator says", "" },
            {
                "a year too many",
                "bulk archive refused: body: seen 2025 as the last year, expected no year after 2024, "
                    + "the last that can be published by now"
            },
        };

    [Theory, MemberData(nameof(Archives))]
    public async Task An_archive_is_checked_with_the_lists_and_the_calendar_of_its_loading(string kind, string note)
    {
        var last = kind == "a year too many" ? 2025 : 2024;
        var rows = Fdi.Release(last: last).Select(row => row with { Value = row.Code == "840" ? "840" : "0" });
        if (kind == "the list of the program")
            rows = rows.Select(row => row with { Value = row.Code is "840" or "0000" ? "840" : "0" });
        // World flows of nothing are below every plausible total: 643 lifts them.
        rows = rows.Select(row =>
            row.Code is "643" or "0000"
                ? row with
                {
                    Value = $"{decimal.Parse(row.Value, CultureInfo.InvariantCulture) + 1_000_000}",
                }
                : row
        );
        if (kind.EndsWith("says", StringComparison.Ordinal))
        {
            var list = $"code,name\n{string.Concat(Fdi.Codes17.Append("840").Select(code => $"{code},x\n"))}";
            curated["fdi-financial-centres.csv"] = (Fdi.Bytes(list), Now);
        }
        server.Put(UnctadServer.Bulk, Fdi.Archive(Fdi.Bytes(Fdi.Text(rows))), "application/x-7z-compressed");
        var (fetched, _) = await FetchAsync();
        Assert.Equal(note.Length == 0 ? [] : [note], fetched.Notes);
    }

    [Fact]
    public async Task An_archive_that_would_be_refused_does_not_keep_a_dropped_file_from_being_read()
    {
        server.Archive("Year,Economy\n");
        const string refused =
            "bulk archive refused: line 1, the header: seen \"Year,Economy\", expected the columns Flow, Direction too";
        var (alone, _) = await FetchAsync(vintage: Now.AddDays(-1));
        Assert.Equal((Meaning.Body, "7z"), (alone.Verdict.Meaning, alone.Request.Extension));
        Assert.Equal([refused], alone.Notes);
        curated["US_FdiFlowsStock.csv"] = (Fdi.Bytes("the file"), Now);
        var (dropped, text) = await FetchAsync(vintage: Now.AddDays(-1));
        Assert.Equal(("the file", ""), (text, dropped.LastModified));
        Assert.Equal(
            [refused, "the figures are those of the file US_FdiFlowsStock.csv in the container curated"],
            dropped.Notes
        );
        // Loaded, it is no newer than itself, and still good.
        var (again, _) = await FetchAsync(vintage: Now.AddMinutes(1), sha256: dropped.Sha256);
        Assert.Equal(dropped.Sha256, again.Sha256);
    }

    public static TheoryData<string, int, string, string> Catalogues =>
        new()
        {
            {
                "[]",
                200,
                "application/json",
                $"Permanent: seen no such report in the catalogue, expected a report named US.FdiFlowsStock; the "
                    + "body is kept; if the publisher has changed the document, adapt the reader; the report may "
                    + $"have been renamed or withdrawn; {NoFile}"
            },
            {
                """{"reports":[{"reportName":"US.FdiFlowsStock","lastUpdatedDate":null}]}""",
                200,
                "application/json",
                $"Permanent: seen no text lastUpdatedDate in the catalogue, report US.FdiFlowsStock, expected the "
                    + "date of its last release; the body is kept; if the publisher has changed the document, "
                    + $"adapt the reader; {NoFile}"
            },
            {
                "<html>blocked</html>",
                200,
                "text/html",
                $"Permanent: seen status 200, text/html, starting \"<html>blocked</html>\", expected a JSON "
                    + $"document; the body is kept; the next plan asks again; {NoFile}"
            },
            { "{\"reports\":[", 200, "application/json", "Permanent: seen \"" },
            {
                "no",
                403,
                "text/plain",
                $"Permanent: seen status 403, text/plain, starting \"no\", expected status 200; the publisher's "
                    + "firewall does not let programs through at the moment; drop the file into the container "
                    + $"curated, or wait for the next plan; {NoFile}"
            },
            {
                "busy",
                503,
                "text/plain",
                $"Retry: seen status 503, text/plain, starting \"busy\", expected status 200; the service has a "
                    + $"fault; the next plan tries again; {NoFile}"
            },
            {
                "gone",
                404,
                "text/plain",
                $"Permanent: seen status 404, text/plain, starting \"gone\", expected status 200; the request is "
                    + $"not accepted: check Unctad__CatalogueUrl and the publisher's notices; {NoFile}"
            },
        };

    [Theory, MemberData(nameof(Catalogues))]
    public async Task A_catalogue_that_does_not_date_the_release_is_a_fault(
        string body,
        int status,
        string contentType,
        string expected
    )
    {
        server.Put(UnctadServer.Catalogue, body, contentType, status);
        var (fetched, text) = await FetchAsync(api: true);
        Assert.StartsWith(expected, Fault(fetched), StringComparison.Ordinal);
        Assert.Equal(body, text);
        Assert.DoesNotContain(UnctadServer.Bulk, server.Requests);
    }

    [Fact]
    public async Task A_catalogue_nested_deeper_than_any_honest_one_is_not_searched()
    {
        server.Put(
            UnctadServer.Catalogue,
            string.Concat(Enumerable.Repeat("{\"subFolders\":[", 60)) + string.Concat(Enumerable.Repeat("]}", 60))
        );
        Assert.Contains(
            "expected a JSON document of at most 32 levels",
            Fault((await FetchAsync()).Result),
            StringComparison.Ordinal
        );
    }

    public static TheoryData<string, string> Bulks =>
        new()
        {
            {
                "html",
                $"Permanent: seen status 200, text/html, starting \"<!DOCTYPE html>\", expected a 7z archive, "
                    + $"starting with 37 7A BC AF 27 1C; the body is kept; the next plan asks again; {NoFile}"
            },
            {
                "json",
                $"Permanent: seen status 200, application/json, starting \"{{}}\", expected a 7z archive, starting "
                    + $"with 37 7A BC AF 27 1C; the body is kept; the next plan asks again; {NoFile}"
            },
            {
                "nothing",
                $"Permanent: seen status 200 without a body, expected a 7z archive, starting with 37 7A BC AF 27 "
                    + $"1C; the next plan tries again; {NoFile}"
            },
            {
                "cut off",
                $"Permanent: seen an archive of 90 bytes, expected 180 bytes, as its first 32 declare; the body is "
                    + $"kept; the next plan asks again; {NoFile}"
            },
            {
                "too large",
                $"Permanent: seen a body of more than 16777216 bytes, expected at most 16777216 bytes; nothing was "
                    + $"kept; ask for a smaller slice or raise the limit in the source's request; {NoFile}"
            },
            {
                "redirect",
                $"Permanent: seen status 302 to \"https://elsewhere.example/\", expected an answer without "
                    + "redirect; redirects are not followed; if the service has moved, check Unctad__BulkUrl and "
                    + $"the publisher's notices; {NoFile}"
            },
            {
                "406",
                $"Permanent: seen status 406 without a body, expected status 200; the publisher's firewall does not "
                    + "let programs through at the moment; drop the file into the container curated, or wait for "
                    + $"the next plan; {NoFile}"
            },
            {
                "429",
                $"Retry: seen status 429 without a body, expected status 200; the server asks for patience; the "
                    + $"next plan tries again; {NoFile}"
            },
            {
                "500",
                $"Retry: seen status 500 without a body, expected status 200; the service has a fault; the next "
                    + $"plan tries again; {NoFile}"
            },
            {
                "404",
                "Permanent: seen status 404 without a body, expected status 200; the request is not accepted: check "
                    + "Unctad__BulkUrl and the publisher's notices; "
                    + $"file list failed: request {{host}}/api/reportMetadata/US.FdiFlowsStock/bulkfiles/en: seen "
                    + $"status 404 without a body, expected status 200; {NoFile}"
            },
        };

    [Theory, MemberData(nameof(Bulks))]
    public async Task An_archive_that_is_none_is_a_fault_and_what_came_is_kept(string kind, string expected)
    {
        var whole = Fdi.Archive(Fdi.Bytes("x"));
        switch (kind)
        {
            case "html":
                server.Put(UnctadServer.Bulk, "<!DOCTYPE html>", "text/html");
                break;
            case "json":
                server.Put(UnctadServer.Bulk, "{}");
                break;
            case "nothing":
                server.Put(UnctadServer.Bulk, "");
                break;
            case "cut off":
                server.Put(UnctadServer.Bulk, whole[..90]);
                break;
            case "too large":
                server.Put(UnctadServer.Bulk, new byte[(16 << 20) + 1]);
                break;
            case "redirect":
                server.On(UnctadServer.Bulk, context =>
                {
                    context.Response.Redirect("https://elsewhere.example/");
                    return Task.CompletedTask;
                });
                break;
            case "404":
                break;
            default:
                server.Put(UnctadServer.Bulk, "", "text/plain", int.Parse(kind, CultureInfo.InvariantCulture));
                break;
        }
        var (fetched, _) = await FetchAsync();
        Assert.Equal(
            expected
                .Replace("180 bytes", $"{whole.Length} bytes", StringComparison.Ordinal)
                .Replace("{host}", server.Host, StringComparison.Ordinal),
            Fault(fetched)
        );
        Assert.Equal(kind is "html" or "json" or "cut off", fetched.Body is not null);
    }

    [Fact]
    public async Task An_archive_that_is_not_found_is_asked_for_by_the_file_list()
    {
        server.Put(UnctadServer.FileList, """[{"fileId":391,"name":"x"},{"fileId":2}]""");
        server.Put(
            "/api/reportMetadata/US.FdiFlowsStock/bulkfile/391/en",
            Fdi.Archive(Fdi.Bytes("x")),
            "application/x-7z-compressed"
        );
        var (fetched, _) = await FetchAsync(api: true);
        Assert.Equal((Meaning.Body, Date), (fetched.Verdict.Meaning, fetched.LastModified));
        Assert.Equal(
            [
                $"bulk archive failed: request {server.Host}/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock: seen "
                    + "status 404 without a body, expected status 200",
            ],
            fetched.Notes
        );
        Assert.DoesNotContain(server.Requests, request => Request(request) == UnctadServer.Api);
    }

    [Theory]
    [InlineData(
        """[{"fileId":"../../x"}]""",
        "seen no fileId, expected an array whose first entry has a fileId of letters and digits"
    )]
    [InlineData("[]", "seen no fileId, expected an array whose first entry has a fileId of letters and digits")]
    [InlineData("[{", "seen \"Expected")]
    public async Task A_file_list_without_a_plain_id_is_no_way(string list, string expected)
    {
        server.Put(UnctadServer.FileList, list);
        Assert.Contains(
            $"file list failed: list of bulk files: {expected}",
            Fault((await FetchAsync()).Result),
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// The user API: rows for the years, directions and flows asked for, a limit on cells, a number of
    /// refusals first.
    /// </summary>
    private void Api(
        int maxCells = int.MaxValue,
        int unauthorised = 0,
        bool packed = true,
        Func<string, string>? edit = null
    ) => server.On(UnctadServer.Api, async context =>
        {
            var form = await context.Request.ReadFormAsync();
            var filter = form["$filter"].ToString();
            if (
                context.Request.Headers["ClientId"] != Fdi.Id
                || context.Request.Headers["ClientSecret"] != Fdi.Secret
                || unauthorised-- > 0
            )
            {
                context.Response.StatusCode = 401;
                return;
            }
            Assert.Equal(
                (
                    "Economy/Code, Direction/Code, Flow/Code, Year, M0100/Value",
                    "Economy/Order asc ,Year asc",
                    "csv",
                    "gz",
                    "?culture=en"
                ),
                (
                    form["$select"].ToString(),
                    form["$orderby"].ToString(),
                    form["$format"].ToString(),
                    form["compress"].ToString(),
                    context.Request.QueryString.Value
                )
            );
            var years = filter["Year in (".Length..filter.IndexOf(')', StringComparison.Ordinal)].Split(',');
            string[] directions = filter switch
            {
                _ when filter.Contains("Direction/Code in (1)", StringComparison.Ordinal) => ["1"],
                _ when filter.Contains("Direction/Code in (2)", StringComparison.Ordinal) => ["2"],
                _ => ["1", "2"],
            };
            string[] flows = filter switch
            {
                _ when filter.Contains("Flow/Code in ('08')", StringComparison.Ordinal) => ["08"],
                _ when filter.Contains("Flow/Code in ('09')", StringComparison.Ordinal) => ["09"],
                _ => ["08", "09"],
            };
            var cells = years.Length * directions.Length * flows.Length;
            if (cells > maxCells)
            {
                context.Response.StatusCode = 400;
                await context.Response.WriteAsync(
                    $"The request exceed the maximal size. Maximal size : {maxCells}. Estimated size : {cells}."
                );
                return;
            }
            var text =
                ApiHeader
                + string.Concat(
                    from year in years
                    from direction in directions
                    from flow in flows
                    select $"643,{direction},{flow},{year},1000000\n"
                );
            text = edit?.Invoke(text) ?? text;
            await context.Response.Body.WriteAsync(packed ? Gzip(text) : Fdi.Bytes(text));
        });

    [Theory]
    [InlineData(int.MaxValue, true, 1)]
    [InlineData(int.MaxValue, false, 1)]
    [InlineData(40, true, 7)]
    [InlineData(2, true, 143)]
    [InlineData(1, true, 287)]
    public async Task Where_the_archive_fails_the_user_API_is_asked_in_parts_that_it_accepts(
        int maxCells,
        bool packed,
        int requests
    )
    {
        server.Put(UnctadServer.Bulk, "", "text/plain", 500);
        Api(maxCells, packed: packed);
        var (fetched, text) = await FetchAsync(api: true);
        Assert.Equal(Meaning.Body, fetched.Verdict.Meaning);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line + "\n" != ApiHeader)
            .ToList();
        Assert.Equal((36 * 4, 36 * 4), (lines.Count, lines.Distinct().Count()));
        Assert.Contains("643,2,09,2025,1000000", lines);
        Assert.Equal(requests, server.Requests.Count(request => Request(request) == UnctadServer.Api));
        // Not the release itself: the next plan tries the archive again.
        Assert.Equal(("", "", "csv"), (fetched.LastModified, fetched.ETag, fetched.Request.Extension));
        Assert.Equal(
            [
                $"bulk archive failed: request {server.Host}/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock: seen "
                    + "status 500 without a body, expected status 200",
                "the figures are the user API's, which gives no footnotes and no reasons for missing values",
            ],
            fetched.Notes
        );
        Assert.DoesNotContain("canary", fetched.Request.Url.AbsoluteUri, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task Refused_credentials_are_tried_again_after_long_pauses(int refusals, bool accepted)
    {
        server.Put(UnctadServer.Bulk, "", "text/plain", 403);
        Api(unauthorised: refusals);
        var (fetched, _) = await FetchAsync(api: true);
        Assert.Equal(accepted ? Meaning.Body : Meaning.Permanent, fetched.Verdict.Meaning);
        Assert.Equal(Math.Min(refusals, 3), clock.Pauses.Count(pause => pause >= TimeSpan.FromSeconds(45)));
        if (!accepted)
        {
            Assert.Contains(
                $"user API failed: request {server.Host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 401 "
                    + "without a body, expected accepted credentials; no file ",
                fetched.Verdict.Advice,
                StringComparison.Ordinal
            );
        }
    }

    public static TheoryData<string, string> ApiFaults =>
        new()
        {
            {
                "html",
                "user API failed: request {host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 200, text/html, "
                    + "starting \"<html></html>\", expected CSV"
            },
            {
                "json",
                "user API failed: request {host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 200, "
                    + "application/json, starting \"{\"value\":[{\"Year\":1,\"x\":2}]}\", expected CSV"
            },
            {
                "packed html",
                "user API failed: request {host}/US.FdiFlowsStock/cur/Facts?culture=en for Year in (1990,1991,"
            },
            { "damaged gzip", "expected a packed answer that can be unpacked" },
            { "cut gzip", "expected " },
            { "no rows", "user API failed: seen no row for Year in (1990,1991," },
            {
                "empty",
                "user API failed: request {host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 200 without a "
                    + "body, expected CSV"
            },
            {
                "400",
                "user API failed: request {host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 400, "
                    + "text/plain, starting \"bad filter\", expected status 200"
            },
            {
                "always too large",
                "user API failed: request {host}/US.FdiFlowsStock/cur/Facts?culture=en: seen status 400, "
                    + "text/plain, starting \"The request exceed the maximal size. Maximal size : 0. Estimated size "
                    + ": 1.\", expected status 200"
            },
            { "unpacks to more than the limit", "seen more than 16777216 bytes in all, expected at most so many" },
            {
                "new version",
                "user API failed: seen version 8 after the last answer, expected 7 as before the first; the next "
                    + "plan tries again"
            },
            { "no version", "user API failed: metadata: seen no version, expected the version of the data" },
        };

    [Theory, MemberData(nameof(ApiFaults))]
    public async Task What_the_user_API_does_wrong_stands_beside_the_first_fault(string kind, string expected)
    {
        server.Put(UnctadServer.Bulk, "", "text/plain", 500);
        Api();
        switch (kind)
        {
            case "html":
                server.Put(UnctadServer.Api, "<html></html>", "text/html");
                break;
            case "json":
                server.Put(UnctadServer.Api, """{"value":[{"Year":1,"x":2}]}""");
                break;
            case "packed html":
                server.Put(UnctadServer.Api, Gzip("<html>a, Year</html>"), "application/gzip");
                break;
            case "damaged gzip":
                server.Put(UnctadServer.Api, [0x1F, 0x8B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
                break;
            case "cut gzip":
                server.Put(
                    UnctadServer.Api,
                    Gzip(
                        ApiHeader
                            + string.Concat(
                                Enumerable.Range(0, 5000).Select(at => $"643,1,08,{at * 7919 % 10007},{at}\n")
                            )
                    )[..5000]
                );
                break;
            case "no rows":
                server.Put(UnctadServer.Api, Gzip(ApiHeader));
                break;
            case "empty":
                server.Put(UnctadServer.Api, "");
                break;
            case "400":
                server.Put(UnctadServer.Api, "bad filter", "text/plain", 400);
                break;
            case "always too large":
                server.Put(
                    UnctadServer.Api,
                    "The request exceed the maximal size. Maximal size : 0. Estimated size : 1.",
                    "text/plain",
                    400
                );
                break;
            case "unpacks to more than the limit":
                server.Put(UnctadServer.Api, Gzip(ApiHeader + new string('1', 17 << 20)));
                break;
            case "new version":
                Api(edit: text =>
                {
                    server.Put(UnctadServer.Metadata, """{"version":8}""");
                    return text;
                });
                break;
            default:
                server.Put(UnctadServer.Metadata, """{"axes":[]}""");
                break;
        }
        var (fetched, _) = await FetchAsync(api: true);
        Assert.StartsWith(
            "Retry: seen status 500 without a body, expected status 200; the service has a fault; the next plan "
                + "tries again; user API failed",
            Fault(fetched),
            StringComparison.Ordinal
        );
        Assert.Contains(
            expected.Replace("{host}", server.Host, StringComparison.Ordinal),
            Fault(fetched),
            StringComparison.Ordinal
        );
        Assert.EndsWith(NoFile, Fault(fetched), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", Fault(fetched), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_stalls_ends_with_the_deadline_of_the_attempt()
    {
        var stalled = new SemaphoreSlim(0);
        server.On(UnctadServer.Bulk, async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.Body.WriteAsync(Fdi.Archive(Fdi.Bytes("x")).AsMemory(0, 50));
            await context.Response.Body.FlushAsync();
            stalled.Release();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var pulling = FetchAsync();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            Assert.True(await stalled.WaitAsync(TimeSpan.FromMinutes(5)));
            Assert.True(clock.Expire(TimeSpan.FromMinutes(3)));
        }
        Assert.StartsWith(
            "Retry: seen no complete answer within 180 s, expected an answer; ",
            Fault((await pulling).Result),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(-1, false)]
    public async Task A_dropped_file_counts_when_it_is_newer_than_the_tables(int minutes, bool used)
    {
        server.Put(UnctadServer.Bulk, "", "text/plain", 403);
        var vintage = Now.AddDays(-30);
        curated["US_FdiFlowsStock.csv"] = (Fdi.Bytes("dropped"), vintage.AddMinutes(minutes));
        var (fetched, text) = await FetchAsync(vintage: vintage, lastModified: "2024-08-01T00:00:00");
        Assert.Equal(used ? Meaning.Body : Meaning.Permanent, fetched.Verdict.Meaning);
        if (used)
        {
            Assert.Equal(
                ("dropped", "", "the figures are those of the file US_FdiFlowsStock.csv in the container curated"),
                (text, fetched.LastModified, fetched.Notes[^1])
            );
        }
        else
        {
            Assert.EndsWith(
                "the file US_FdiFlowsStock.csv in the container curated is of Sat, 09 Aug 2025 07:29:00 GMT, not "
                    + "newer than the vintage in the tables (Sat, 09 Aug 2025 07:30:00 GMT)",
                fetched.Verdict.Advice,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task A_dropped_archive_comes_before_a_dropped_table_and_helps_without_the_catalogue_too()
    {
        server.Put(UnctadServer.Catalogue, "", "text/plain", 403);
        curated["US_FdiFlowsStock.csv"] = (Fdi.Bytes("table"), Now);
        curated["US_FdiFlowsStock.7z"] = (Fdi.Bytes("archive"), Now);
        var (fetched, text) = await FetchAsync(api: true);
        Assert.Equal(("archive", "7z"), (text, fetched.Request.Extension));
        Assert.Equal(
            [
                $"catalogue failed: request {server.Host}/api/datacenter/en: seen status 403 without a body, "
                    + "expected status 200",
                "the figures are those of the file US_FdiFlowsStock.7z in the container curated",
            ],
            fetched.Notes.Select(note => note.Split("; the publisher", StringSplitOptions.None)[0])
        );
    }

    [Fact]
    public async Task Four_dropped_exports_are_put_together_and_fewer_are_not()
    {
        server.Put(UnctadServer.Bulk, "", "text/plain", 403);
        foreach (var name in (string[])["inward-flow", "inward-stock", "outward-flow"])
        {
            curated[$"US_FdiFlowsStock.{name}.csv"] = (
                [.. Encoding.UTF8.GetPreamble(), .. Fdi.Bytes($"a,{name}")],
                Now
            );
        }

        Assert.EndsWith(
            "; of the four exports in the container curated US_FdiFlowsStock.outward-stock.csv is missing",
            (await FetchAsync()).Result.Verdict.Advice,
            StringComparison.Ordinal
        );
        curated["US_FdiFlowsStock.outward-stock.csv"] = (Fdi.Bytes("a,last\n"), Now);
        Assert.Equal(
            "#part inward flow\na,inward-flow\n#part inward stock\na,inward-stock\n#part outward "
                + "flow\na,outward-flow\n#part outward stock\na,last\n",
            (await FetchAsync()).Text
        );
        Assert.EndsWith(
            ", not newer than the vintage in the tables (Mon, 08 Sep 2025 07:31:00 GMT)",
            (await FetchAsync(vintage: Now.AddMinutes(1))).Result.Verdict.Advice,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Figures_by_partner_are_a_file_and_its_absence_is_no_fault()
    {
        var (none, _) = await FetchAsync(slice: Fdi.Partners);
        Assert.Equal(
            (
                Meaning.Empty,
                "no file \"fdi-partners.csv\" in the container curated",
                "put it there, or set Unctad__PartnersFile to the empty string"
            ),
            (none.Verdict.Meaning, none.Verdict.Seen, none.Verdict.Advice)
        );
        curated["fdi-partners.csv"] = (Fdi.Bytes("file"), Now);
        Assert.Equal("file", (await FetchAsync(slice: Fdi.Partners)).Text);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public void A_slice_that_does_not_exist_is_refused() =>
        Assert.Equal(
            "slice unctad-fdi/fdi-flows-stock/2019: seen \"fdi-flows-stock/2019\", expected a slice such as "
                + "fdi-flows-stock/all; the message moves to the poison queue; send it again with a slice of the table "
                + "slices",
            Assert
                .Throws<FormatException>(() =>
                    RealSources.Of(Fdi.Settings()).GetRequest(new Slice("unctad-fdi", "fdi-flows-stock", "2019"))
                )
                .Message
        );

    [Fact]
    public void Slices_are_asked_for_weekly_and_switched_off_by_their_settings()
    {
        var settings = Fdi.Settings();
        Assert.Equal([Fdi.FlowsStock, Fdi.Partners], RealSources.Of(settings).GetSlices(Now));
        Assert.Equal([Fdi.Partners], RealSources.Of(settings with { BulkUrl = null }).GetSlices(Now));
        Assert.Equal([Fdi.FlowsStock], RealSources.Of(settings with { PartnersFile = "" }).GetSlices(Now));
        Assert.Equal(Now.AddDays(7).AddHours(-4), RealSources.Of(settings).GetNextDue(Fdi.FlowsStock, "2024-12", Now));
    }
}
