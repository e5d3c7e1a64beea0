using System.Text;
using System.Text.Json;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

/// <summary>
/// The whole way with a server on this machine instead of the API: what its faults do to the tables, and that
/// they heal.
/// </summary>
public sealed class LiveTests : IAsyncLifetime
{
    private const string Exports = "exports/hs?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR&time=";
    private const string Imports = "imports/hs?get=CTY_CODE,CTY_NAME,GEN_VAL_MO,GEN_VAL_YR&time=";
    private const string Slice = "census-trade/exports-total/2019";
    private readonly HastyClock clock = new(Trade.At("2020-02-15T13:15:00"), TimeSpan.FromSeconds(119));
    private CensusServer server = null!;

    /// <summary>The facts of a run without any fault; the same for all tests, so that they are made once.</summary>
    private static List<string>? quiet;

    public async ValueTask InitializeAsync()
    {
        server = await CensusServer.StartAsync();
        server.Put(Exports + "2019", Year("ALL_VAL"));
        server.Put(Imports + "2019", Year("GEN_VAL"));
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    /// <summary>
    /// A year of three partners and the world; some months' figures of Russia may be changed, months left out,
    /// all rows changed by an edit.
    /// </summary>
    private static byte[] Year(
        string variable,
        Func<int, int>? russia = null,
        IEnumerable<int>? months = null,
        Func<string, string>? edit = null
    )
    {
        var rows = new List<string> { $"['CTY_CODE','CTY_NAME','{variable}_MO','{variable}_YR','time']" };
        var toDate = new int[4];
        for (var month = 1; month <= 12; month++)
        {
            int[] figures = [russia?.Invoke(month) ?? month, 10 * month, 7, 0];
            figures[3] = figures.Sum();
            for (var at = 0; at < 4; at++)
                toDate[at] += figures[at];
            if (months is not null && !months.Contains(month))
                continue;
            for (var at = 0; at < 4; at++)
            {
                rows.Add(
                    $"['{((string[])["4621", "5700", "2010", "-"])[at]}',"
                        + $"'{((string[])["RUSSIA", "CHINA", "MEXICO", "TOTAL FOR ALL COUNTRIES"])[at]}',"
                        + $"'{figures[at]}','{toDate[at]}','2019-{month:00}']"
                );
            }
        }
        var body = $"[{string.Join(",\n", rows)}]";
        return Trade.Body(edit?.Invoke(body) ?? body);
    }

    private TestPipeline Pipeline(params (string Name, string Value)[] settings)
    {
        var values = new Dictionary<string, string?>
        {
            ["Sources__Mode"] = "live",
            ["Census__BaseUrl"] = server.BaseUrl.AbsoluteUri,
            ["Census__ApiKey"] = Trade.Canary,
            ["Census__CountryFileUrl"] = "",
            ["Census__Levels"] = "total",
            ["Census__From"] = "2019-01",
        };
        foreach (var (name, value) in settings)
            values[name] = value;
        return new TestPipeline(new MemoryStorage(clock), values, clock);
    }

    private async Task<List<string>> QuietAsync()
    {
        await using var pipeline = Pipeline();
        await pipeline.RunAsync();
        return await FactsAsync(pipeline);
    }

    /// <summary>What the fact table says, without when it was told.</summary>
    private static async Task<List<string>> FactsAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("trademonthly"))
                .Select(row =>
                    $"{row.PartitionKey} {row.RowKey} {row["ValueUsd"]} {row["YearToDateUsd"]} {row["PartnerName"]} "
                    + $"r{row["Revision"]} {row["RowHash"]}"
                )
                .Order(StringComparer.Ordinal),
        ];

    private static Task<SliceRow> SliceAsync(TestPipeline pipeline, string datasetAndKey) =>
        pipeline.Get<SliceBook>().GetAsync(Trade.Slice(datasetAndKey), CancellationToken.None);

    private async Task NextDayAsync(TestPipeline pipeline)
    {
        clock.Advance(TimeSpan.FromHours(24));
        await pipeline.RunAsync();
    }

    /// <summary>
    /// Name of the fault, state of the slice, its last error, stored bodies, state of its run, facts of the
    /// slice, rejects, gaps.
    /// </summary>
    public static TheoryData<string, string, string, int, string, int, int, int> Faults =>
        new()
        {
            {
                "204",
                "Missing",
                "seen status 204 without a body, expected rows of 2019, released by 2019-04-17; the table keeps "
                    + "what it has",
                0,
                "Missing",
                0,
                0,
                0
            },
            {
                "302",
                "PullFailed",
                "seen status 302 to \"/data/missing_key.html\", expected an accepted API key; set Census__ApiKey",
                0,
                "PullFailed",
                0,
                0,
                0
            },
            {
                "400",
                "PullFailed",
                "seen status 400, text/plain, starting \"error: unknown variable \"X\"\", expected status 200; the "
                    + "request is not accepted",
                1,
                "PullFailed",
                0,
                1,
                0
            },
            {
                "429",
                "PullFailed",
                "seen status 429 without a body, expected status 200; the server asks for patience",
                0,
                "PullFailed",
                0,
                0,
                0
            },
            {
                "500",
                "PullFailed",
                "seen status 500, text/plain, starting \"There was an error while running your query.\", expected "
                    + "status 200; the service has a fault",
                0,
                "PullFailed",
                0,
                0,
                0
            },
            {
                "cut off",
                "PullFailed",
                "bytes that does not end in ]], expected a complete JSON array of arrays; the body is kept",
                1,
                "PullFailed",
                0,
                1,
                0
            },
            {
                "broken inside",
                "Quarantined",
                "row 48: seen \"a String where a row, an array, should begin\", expected a JSON array of arrays; "
                    + "the body is kept",
                1,
                "Quarantined",
                0,
                1,
                0
            },
            {
                "html",
                "PullFailed",
                $"seen status 200, text/html, starting \"<html>Access denied for "
                    + $"key={new string('*', Trade.Canary.Length)}</html>\", expected a JSON array of arrays; the "
                    + "body is kept",
                1,
                "PullFailed",
                0,
                1,
                0
            },
            { "null names", "Published", "", 1, "Done", 36, 0, 0 },
            { "null value", "Published", "", 1, "Done", 35, 0, 1 },
            {
                "a bad cell",
                "Published",
                "1 row rejected, the first: row 45, column ALL_VAL_MO: seen \"12,5\", expected a whole number of "
                    + "US dollars",
                1,
                "Done",
                35,
                1,
                0
            },
            { "header twice", "Published", "", 1, "Done", 36, 0, 0 },
            {
                "header twice, different",
                "Quarantined",
                "body: seen 48 of 48 rows that cannot be understood, expected at most 5 %",
                1,
                "Quarantined",
                0,
                1,
                0
            },
            { "shuffled", "Published", "", 1, "Done", 36, 0, 0 },
            {
                "a column less",
                "Quarantined",
                "header: seen \"CTY_CODE,CTY_NAME,ALL_VAL_MO,time\", expected the columns ALL_VAL_YR too",
                1,
                "Quarantined",
                0,
                1,
                0
            },
            { "a column more", "Published", "", 1, "Done", 36, 0, 0 },
            {
                "a sum off by one",
                "Quarantined",
                "month 2019-01: seen partners that add up to 18, expected 19, the world row",
                1,
                "Quarantined",
                0,
                1,
                0
            },
            { "abort", "PullFailed", "check the address and the network", 0, "PullFailed", 0, 0, 0 },
        };

    [Theory, MemberData(nameof(Faults))]
    public async Task A_fault_ends_as_it_should_leaves_other_slices_alone_and_heals(
        string fault,
        string state,
        string error,
        int bodies,
        string run,
        int rows,
        int rejected,
        int gaps
    )
    {
        quiet ??= await QuietAsync();
        await using var pipeline = Pipeline();
        Break(fault);
        await pipeline.RunAsync();

        var slice = await SliceAsync(pipeline, "exports-total/2019");
        Assert.Equal(state, $"{slice.State}");
        if (error.Length == 0)
            Assert.Equal("", slice.LastError);
        else
            Assert.Contains(error, slice.LastError);
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline, "imports-total/2019")).State);
        Assert.Equal(SliceState.NotPublished, (await SliceAsync(pipeline, "exports-total/2020")).State);
        Assert.Equal(bodies, (await pipeline.Get<RawStore>().ListAsync(slice.Slice, CancellationToken.None)).Count);
        var runs = (await pipeline.RowsAsync("runs")).Where(row => row.GetString("Slice") == Slice).ToList();
        Assert.Equal(run, Assert.Single(runs).GetString("State"));
        await pipeline.LedgerAsync();
        Assert.Equal(
            (rows, 36),
            (await pipeline.RowsAsync("trademonthly", "Flow eq 'exports'")).Count is var exports
                ? (exports, (await pipeline.RowsAsync("trademonthly", "Flow eq 'imports'")).Count)
                : default
        );
        Assert.Equal(
            (rejected, gaps),
            ((await pipeline.RowsAsync("rejects", "State eq 'open'")).Count, (await pipeline.RowsAsync("gaps")).Count)
        );
        await pipeline.AssertHidesAsync(Trade.Canary, "trademonthly");

        server.Repair();
        server.Put(Exports + "2019", Year("ALL_VAL"));
        // What failed or was rejected is asked for by the next plan; what the source did not know, or was fine, by the
        // next revision.
        var wait = (slice.NextDue ?? clock.GetUtcNow()) - clock.GetUtcNow();
        if (rejected > 0 || slice.State == SliceState.PullFailed)
            Assert.True(wait < TimeSpan.FromHours(24), $"{wait}");
        else if (wait > TimeSpan.Zero)
            clock.Advance(wait);
        await NextDayAsync(pipeline);

        Assert.Equal(quiet, await FactsAsync(pipeline));
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline, "exports-total/2019")).State);
        Assert.Equal(
            (0, 0),
            ((await pipeline.RowsAsync("rejects", "State eq 'open'")).Count, (await pipeline.RowsAsync("gaps")).Count)
        );
        Assert.Equal(rejected, (await pipeline.RowsAsync("rejects", "State eq 'replayed'")).Count);
        Assert.Empty(await pipeline.RowsAsync("history"));
        Assert.Equal("", (await SliceAsync(pipeline, "exports-total/2019")).LastError);
    }

    private void Break(string fault)
    {
        const string at = "exports/hs?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR&time=2019";
        var good = Encoding.Latin1.GetString(Year("ALL_VAL"));
        void Edit(Func<string, string> edit) => server.Put(Exports + "2019", Encoding.Latin1.GetBytes(edit(good)));
        switch (fault)
        {
            case "204":
                server.Break(at, 204);
                break;
            case "302":
                server.Break(at, 302, headers: "X-DataWebAPI-KeyError=1|Location=/data/missing_key.html");
                break;
            case "400":
                server.Break(at, 400, "error: unknown variable 'X'");
                break;
            case "429":
                server.Break(at, 429, headers: "Retry-After=7200");
                break;
            case "500":
                server.Break(at, 500, "There was an error while running your query.");
                break;
            case "cut off":
                Edit(body => body[..1000]);
                break;
            case "broken inside":
                Edit(body => body.Insert(body.LastIndexOf('['), "\"x\","));
                break;
            case "html":
                server.Break(at, 200, $"<html>Access denied for key={Trade.Canary}</html>", "text/html");
                break;
            case "null names":
                Edit(body => body.Replace("\"MEXICO\"", "null").Replace("\"RUSSIA\"", "null"));
                break;
            case "null value":
                Edit(body => body.Replace("\"RUSSIA\",\"12\",", "\"RUSSIA\",null,"));
                break;
            case "a bad cell":
                Edit(body => body.Replace("\"RUSSIA\",\"12\",", "\"RUSSIA\",\"12,5\","));
                break;
            case "header twice":
                Edit(body => Twice(body, "4621"));
                break;
            case "header twice, different":
                Edit(body => Twice(body, "x"));
                break;
            case "shuffled":
                Edit(body => $"[{string.Join(',', Rows(body).Take(1).Concat(Rows(body).Skip(1).Reverse()))}]");
                break;
            case "a column less":
                Edit(body => $"[{string.Join(',', Rows(body).Select(row => Cells(row, cells => cells.RemoveAt(3))))}]");
                break;
            case "a column more":
                Edit(body =>
                    $"[{string.Join(',', Rows(body).Select(row => Cells(row, cells => cells.Insert(0, "new"))))}]"
                );
                break;
            case "a sum off by one":
                Edit(body => body.Replace("\"18\",\"18\"", "\"19\",\"18\""));
                break;
            default:
                server.Break(at, context =>
                {
                    context.Abort();
                    return Task.CompletedTask;
                });
                break;
        }
    }

    private static List<string> Rows(string body) =>
        [.. JsonDocument.Parse(body).RootElement.EnumerateArray().Select(row => row.GetRawText())];

    private static string Cells(string row, Action<List<string>> change)
    {
        var cells = JsonSerializer.Deserialize<List<string>>(row)!;
        change(cells);
        return JsonSerializer.Serialize(cells);
    }

    private static string Twice(string body, string code) =>
        $"[{string.Join(',', Rows(body).Select(row => Cells(row, cells => cells.Add(cells[0] is "CTY_CODE" || code != "x" ? cells[0] : code))))}]";

    [Fact]
    public async Task A_server_that_asks_to_be_left_alone_is_asked_again_when_it_said()
    {
        await using var pipeline = Pipeline();
        server.Break("time=2019", 429, headers: "Retry-After=7200");
        await pipeline.RunAsync();
        var due = (await SliceAsync(pipeline, "exports-total/2019")).NextDue;
        Assert.InRange(due!.Value - clock.GetUtcNow(), TimeSpan.FromHours(1.9), TimeSpan.FromHours(2));
        server.Repair();
        clock.Advance(TimeSpan.FromHours(1));
        await pipeline.RunAsync();
        Assert.Equal(2, server.Requests.Count(request => request.Contains("time=2019", StringComparison.Ordinal)));
        clock.Advance(TimeSpan.FromHours(1));
        await pipeline.RunAsync();
        Assert.Equal(72, (await pipeline.RowsAsync("trademonthly")).Count);
    }

    [Fact]
    public async Task A_revision_in_june_moves_the_old_figure_to_history()
    {
        await using var pipeline = Pipeline();
        await pipeline.RunAsync();
        var before = await pipeline.RowsAsync("trademonthly");
        // The revised month is the last one, so that no other year to date changes.
        server.Put(Exports + "2019", Year("ALL_VAL", russia: month => month == 12 ? 99 : month));
        clock.Advance(Trade.At("2020-06-12T14:00:00") - clock.GetUtcNow());
        await pipeline.RunAsync();

        var history = Assert.Single(await pipeline.RowsAsync("history"));
        Assert.Equal("trademonthly|4621|exports|total", history.PartitionKey);
        Assert.StartsWith("2019-12|TOTAL|", history.RowKey);
        Assert.Equal((true, "ValueUsd"), (history.GetBoolean("InPolicy"), history.GetString("Column").Split(',')[0]));
        var after = await pipeline.RowsAsync("trademonthly");
        var row = Assert.Single(after, row => row.GetInt32("Revision") == 1);
        Assert.Equal(
            ("4621|exports|total", "2019-12|TOTAL", 99L),
            (row.PartitionKey, row.RowKey, row.GetInt64("ValueUsd"))
        );
        static Dictionary<string, string> Versions(IEnumerable<Azure.Data.Tables.TableEntity> rows) =>
            rows.ToDictionary(row => $"{row.PartitionKey} {row.RowKey}", row => $"{row.ETag}");
        Assert.Equal("4621|exports|total 2019-12|TOTAL", Assert.Single(Versions(after).Except(Versions(before))).Key);
    }

    [Fact]
    public async Task A_body_that_has_shrunk_by_more_than_a_twentieth_is_refused_and_the_old_rows_stay()
    {
        await using var pipeline = Pipeline();
        await pipeline.RunAsync();
        var before = await FactsAsync(pipeline);
        server.Put(Exports + "2019", Year("ALL_VAL", months: Enumerable.Range(1, 11)));
        await NextDayAsync(pipeline);
        clock.Advance(Trade.At("2020-06-12T14:00:00") - clock.GetUtcNow());
        await pipeline.RunAsync();

        var slice = await SliceAsync(pipeline, "exports-total/2019");
        Assert.Equal(SliceState.Quarantined, slice.State);
        Assert.Equal(
            "census-trade/exports-total/2019 body: seen 33 rows, expected at least 35, 95 % of the 36 rows of the "
                + "body before; "
                + "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if "
                + $"the new one is right; asked: {server.BaseUrl}/{Exports}2019",
            slice.LastError
        );
        Assert.Equal(before, await FactsAsync(pipeline));

        server.Put(Exports + "2019", Year("ALL_VAL"));
        await NextDayAsync(pipeline);

        Assert.Equal(
            (SliceState.Published, ""),
            (await SliceAsync(pipeline, "exports-total/2019")) is var healed
                ? (healed.State, healed.LastError)
                : default
        );
        Assert.Equal(before, await FactsAsync(pipeline));
        Assert.Empty(await pipeline.RowsAsync("rejects", "State eq 'open'"));
        Assert.Single(await pipeline.RowsAsync("rejects", "State eq 'replayed'"));
    }

    [Fact]
    public async Task A_fault_after_a_good_load_heals_with_the_same_body_and_its_reject_is_closed()
    {
        await using var pipeline = Pipeline();
        await pipeline.RunAsync();
        server.Break("exports/hs", 200, "<html>", "text/html");
        clock.Advance(Trade.At("2020-06-12T14:00:00") - clock.GetUtcNow());
        await pipeline.RunAsync();
        Assert.Equal(SliceState.PullFailed, (await SliceAsync(pipeline, "exports-total/2019")).State);
        Assert.Equal(2, (await pipeline.RowsAsync("rejects", "State eq 'open'")).Count);
        server.Repair();
        await NextDayAsync(pipeline);
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline, "exports-total/2019")).State);
        // 2020 is answered without rows again, as before the fault.
        Assert.Equal(
            [("replayed", Slice), ("replayed", "census-trade/exports-total/2020")],
            (await pipeline.RowsAsync("rejects"))
                .Select(row => (row.GetString("State"), row.GetString("Slice")))
                .Order()
        );
    }

    [Theory]
    [InlineData(204, "", "")]
    [InlineData(200, "[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','time']]", "application/json")]
    public async Task A_server_that_has_nothing_at_first_is_asked_again_until_it_has(
        int status,
        string body,
        string contentType
    )
    {
        clock.Advance(Trade.At("2026-11-22T00:00:00") - clock.GetUtcNow());
        await using var pipeline = Pipeline();
        server.Break("/hs", status, body.Replace('\'', '"'), contentType);
        await pipeline.RunAsync();
        Assert.Equal(
            (SliceState.Missing, null),
            (
                (await SliceAsync(pipeline, "exports-total/2019")).State,
                (await SliceAsync(pipeline, "exports-total/2019")).NextDue
            )
        );
        server.Repair();
        clock.Advance(TimeSpan.FromSeconds(1));
        await pipeline.RunAsync();
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline, "exports-total/2019")).State);
        Assert.Equal(await QuietAsync(), await FactsAsync(pipeline));
    }

    [Fact]
    public async Task A_loaded_year_that_is_answered_with_nothing_fails_and_keeps_its_rows()
    {
        await using var pipeline = Pipeline();
        await pipeline.RunAsync();
        var before = await FactsAsync(pipeline);
        server.Break("exports/hs", 204);
        clock.Advance(Trade.At("2020-06-12T14:00:00") - clock.GetUtcNow());
        await pipeline.RunAsync();
        var year = await SliceAsync(pipeline, "exports-total/2019");
        Assert.Equal(SliceState.PullFailed, year.State);
        Assert.EndsWith(
            "seen status 204 without a body, expected rows, because the table has some of this slice; the table "
                + "keeps what it has; the next plan asks again",
            year.LastError,
            StringComparison.Ordinal
        );
        Assert.Equal(before, await FactsAsync(pipeline));
        server.Repair();
        await NextDayAsync(pipeline);
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline, "exports-total/2019")).State);
        Assert.Equal(before, await FactsAsync(pipeline));
    }

    [Fact]
    public async Task What_came_from_samples_is_asked_for_again_once_the_same_storage_is_used_live()
    {
        var account = new MemoryStorage(clock);
        List<KeyValuePair<string, string?>> settings =
        [
            new("Census__From", "2019-01"),
            new("Census__Levels", "total"),
            new("Census__CountryFileUrl", ""),
        ];
        await using (var samples = new TestPipeline(account, settings, clock))
            await samples.RunAsync();
        // Another body for the year: the sample of the year before, with its months renamed.
        var other = await File.ReadAllTextAsync(
            Path.Combine(AppContext.BaseDirectory, "samples", "census-trade", "exports-total-2018.json")
        );
        server.Put(
            Exports + "2019",
            Encoding.UTF8.GetBytes(other.Replace("\"2018-", "\"2019-", StringComparison.Ordinal))
        );
        settings.AddRange([
            new("Sources__Mode", "live"),
            new("Census__BaseUrl", server.BaseUrl.AbsoluteUri),
            new("Census__ApiKey", Trade.Canary),
        ]);
        await using var live = new TestPipeline(account, settings, clock);
        clock.Advance(TimeSpan.FromMinutes(1));
        await live.RunAsync();
        var december = (
            await live.RowsAsync("trademonthly", "PartitionKey eq '4621|exports|total' and RowKey eq '2019-12|TOTAL'")
        )[0];
        Assert.Equal((480_715_404L, 1), (december["ValueUsd"], december["Revision"]));
    }

    [Fact]
    public async Task A_slice_whose_dataset_is_switched_off_asks_nobody()
    {
        await using var pipeline = Pipeline();
        await pipeline.DoAsync(new PullMessage("census-trade/country-balance/1992-01"));
        Assert.Null((await SliceAsync(pipeline, "country-balance/1992-01")).State);
        Assert.Contains(
            "Information: census-trade/country-balance/1992-01: the settings have switched off the dataset; nothing "
                + "is asked for",
            pipeline.Log
        );
    }

    [Fact]
    public async Task A_pull_dated_by_a_wrong_clock_does_not_stop_later_ones()
    {
        await using var pipeline = Pipeline();
        await pipeline.RunAsync();
        await pipeline
            .Get<SliceBook>()
            .ApplyAsync(
                Trade.Slice("exports-total/2019"),
                new PullFailed(clock.GetUtcNow().AddYears(5), null, "the clock is wrong", null),
                CancellationToken.None
            );
        await NextDayAsync(pipeline);
        var slice = await SliceAsync(pipeline, "exports-total/2019");
        Assert.Equal(SliceState.Published, slice.State);
        Assert.True(slice.LastPulled <= clock.GetUtcNow());
    }

    [Fact]
    public async Task A_later_first_month_leaves_the_months_before_it_in_the_table()
    {
        var account = new MemoryStorage(clock);
        foreach (var from in (string[])["1992-01", "2005-01"])
        {
            await using var pipeline = new TestPipeline(
                account,
                [new("Census__From", from), new("Census__Levels", "HS2")],
                clock
            );
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromMinutes(1));
            Assert.NotEmpty(
                await pipeline.RowsAsync(
                    "trademonthly",
                    "PartitionKey eq '4621|imports|total' and RowKey eq '1992-03|TOTAL'"
                )
            );
            Assert.Empty(await pipeline.RowsAsync("history"));
        }
        var scope = Trade.Reader("country-balance/2005-01").Scope;
        Assert.False(scope.Owns("4621|imports|total", "2004-12|TOTAL"));
        Assert.True(scope.Owns("4621|imports|total", "2005-01|TOTAL"));
    }

    [Fact]
    public async Task The_same_body_again_is_told_by_its_tag_and_changes_nothing()
    {
        await using var pipeline = Pipeline();
        server.ETag = "\"v1\"";
        await pipeline.RunAsync();
        var before = await pipeline.RowsAsync("trademonthly");
        clock.Advance(Trade.At("2020-06-12T14:00:00") - clock.GetUtcNow());
        await pipeline.RunAsync();
        var slice = await SliceAsync(pipeline, "exports-total/2019");
        Assert.Equal((SliceState.Published, Trade.At("2021-06-12T14:00:00")), (slice.State, slice.NextDue));
        Assert.Equal(
            before.Select(row => row.ETag),
            (await pipeline.RowsAsync("trademonthly")).Select(row => row.ETag)
        );
        Assert.Contains(await pipeline.RowsAsync("runs"), row =>
            row.GetString("State") == nameof(RunState.Unchanged) && row.GetString("Slice") == Slice
        );
        Assert.Single(await pipeline.Get<RawStore>().ListAsync(slice.Slice, CancellationToken.None));
    }

    [Fact]
    public async Task A_dataset_that_is_switched_off_is_not_asked_for_any_more()
    {
        var account = new MemoryStorage(clock);
        var values = new Dictionary<string, string?>
        {
            ["Sources__Mode"] = "live",
            ["Census__BaseUrl"] = server.BaseUrl.AbsoluteUri,
            ["Census__ApiKey"] = Trade.Canary,
            ["Census__CountryFileUrl"] = server.FileUrl.AbsoluteUri,
            ["Census__Levels"] = "total",
            ["Census__From"] = "2020-01",
        };
        server.Put("foreign-trade/balance/country.xlsx", TestWorkbook.Russia().Write());
        await using (var pipeline = new TestPipeline(account, values, clock))
            await pipeline.RunAsync();
        Assert.Contains(server.Requests, request => request.EndsWith("country.xlsx", StringComparison.Ordinal));
        server.Requests.Clear();
        values["Census__CountryFileUrl"] = "";
        clock.Advance(TimeSpan.FromDays(60));
        await using (var pipeline = new TestPipeline(account, values, clock))
        {
            await pipeline.RunAsync();
            Assert.DoesNotContain(pipeline.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
        }
        Assert.NotEmpty(server.Requests);
        Assert.DoesNotContain(server.Requests, request => request.EndsWith("country.xlsx", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Live_gives_the_tables_of_the_samples()
    {
        clock.Advance(Trade.At("2025-03-15T00:00:00") - clock.GetUtcNow());
        var folder = Path.Combine(AppContext.BaseDirectory, "samples", "census-trade");
        foreach (
            var recorded in JsonDocument
                .Parse(File.ReadAllBytes(Path.Combine(folder, "answers.json")))
                .RootElement.EnumerateArray()
        )
        {
            if (!recorded.GetProperty("request").GetString()!.StartsWith("without ", StringComparison.Ordinal))
            {
                var body = File.ReadAllBytes(Path.Combine(folder, recorded.GetProperty("file").GetString()!));
                server.Put(recorded.GetProperty("request").GetString()!, body[0] == '[' ? Trade.WithWorld(body) : body);
            }
        }

        await using var samples = new TestPipeline(new MemoryStorage(clock), [new("Census__From", "2020-01")], clock);
        await samples.RunAsync();
        await using var live = Pipeline(
            ("Census__From", "2020-01"),
            ("Census__Levels", "total,HS2"),
            ("Census__CountryFileUrl", server.FileUrl.AbsoluteUri)
        );
        await live.RunAsync();

        var facts = await FactsAsync(samples);
        Assert.NotEmpty(facts);
        // The samples also hold an older recording of imports, which the server does not.
        Assert.Equal(8, facts.Count(fact => fact.Contains(" r1 ", StringComparison.Ordinal)));
        Assert.Equal(
            facts.Select(fact => fact.Replace(" r1 ", " r0 ", StringComparison.Ordinal)),
            await FactsAsync(live)
        );
        static string Row(SliceRow row) => $"{row.Slice} {row.State} {row.Loaded?.Rows}";
        var states = (await samples.Get<SliceBook>().ListAsync("census-trade", CancellationToken.None))
            .Select(Row)
            .ToList();
        Assert.Subset(
            (await live.Get<SliceBook>().ListAsync("census-trade", CancellationToken.None)).Select(Row).ToHashSet(),
            states.ToHashSet()
        );
        await live.AssertHidesAsync(Trade.Canary, "trademonthly");
    }

    [Fact]
    public async Task A_wrong_key_fails_every_slice_of_the_api_with_the_name_of_the_setting()
    {
        await using var pipeline = Pipeline(("Census__ApiKey", "wrong-key-that-nobody-should-see"));
        await pipeline.RunAsync();
        var slices = await pipeline.Get<SliceBook>().ListAsync("census-trade", CancellationToken.None);
        Assert.Equal(4, slices.Count);
        Assert.All(slices, slice => Assert.Contains("set Census__ApiKey to an active key", slice.LastError));
        Assert.All(slices, slice => Assert.DoesNotContain("wrong-key", slice.LastError));
        Assert.DoesNotContain(pipeline.Log, line => line.Contains("wrong-key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_message_for_a_slice_that_does_not_exist_is_refused_with_what_could_be_meant()
    {
        await using var pipeline = Pipeline();
        var e = await Assert.ThrowsAsync<FormatException>(() =>
            pipeline.HandleAsync(
                Names.PullQueue,
                BinaryData.FromString("{\"Kind\":\"Pull\",\"Slice\":\"census-trade/exports-hs9/2019\"}")
            )
        );
        Assert.Contains("seen \"exports-hs9/2019\", expected a dataset of census-trade: exports-total", e.Message);
        Assert.Empty(server.Requests);
    }
}
