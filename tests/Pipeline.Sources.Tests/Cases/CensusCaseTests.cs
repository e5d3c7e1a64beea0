using System.Globalization;
using System.Text;
using Pipeline.Slices;
using Pipeline.Sources.Census.Balance;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>Responses of the trade API that were taken for the truth, or for nothing, once.</summary>
public sealed class CensusCaseTests
{
    private const string World = "-";

    /// <summary>Months of some partners, with the world row that they add up to.</summary>
    internal static List<(string Code, int Month, long Value, long ToDate)> Rows(int months, params string[] codes)
    {
        var rows = new List<(string, int, long, long)>();
        for (var month = 1; month <= months; month++)
        {
            for (var at = 0; at < codes.Length; at++)
                rows.Add((codes[at], month, (at + 1) * 10, (at + 1) * 10L * month));
            var sum = codes.Length * (codes.Length + 1) * 5L;
            rows.Add((World, month, sum, sum * month));
        }
        return rows;
    }

    internal static string Body(
        bool exports,
        int year,
        IEnumerable<(string Code, int Month, long Value, long ToDate)> rows,
        bool withoutToDate = false
    )
    {
        var value = exports ? "ALL_VAL" : "GEN_VAL";
        var text = new StringBuilder($"[[\"CTY_CODE\",\"CTY_NAME\",\"{value}_MO\",\"{value}_YR\",\"time\"]");
        foreach (var (code, month, figure, toDate) in rows)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $",\n[\"{code}\",\"N\",\"{figure}\",{(withoutToDate ? "null" : $"\"{toDate}\"")},\"{year}-{month:00}\"]"
            );
        }

        return text.Append(']').ToString();
    }

    [Fact]
    public async Task A_missing_year_to_date_is_a_gap_of_its_column_and_every_month_is_loaded()
    {
        using var server = new CaseServer()
            .On("exports/hs", Body(true, 2026, Rows(3, "4621", "5700", "4280"), withoutToDate: true))
            .On("imports/hs", Body(false, 2026, Rows(3, "4621", "5700", "4280")));
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Equal((0, 18), (verdict.ExitCode, (await run.Pipeline.RowsAsync("trademonthly")).Count));
        var gaps = await run.Pipeline.RowsAsync("gaps");
        Assert.Equal(9, gaps.Count);
        Assert.Equal("2026-01|TOTAL|YearToDateUsd", gaps[0].RowKey);
        Assert.All(gaps, gap => Assert.Equal("the source sent null for ALL_VAL_YR", gap["Reason"]));
        Assert.DoesNotContain(
            "YearToDateUsd",
            (await run.Pipeline.RowsAsync("trademonthly", "Flow eq 'exports'"))[0].Keys
        );
        // The newest month is months old, which is not a failure.
        Assert.Contains(
            "late: census-trade/exports-total/2026 is late: its newest period is 2026-03, 2026-08 should be out by now",
            verdict.Late
        );
    }

    [Fact]
    public async Task A_year_to_date_that_comes_and_goes_leaves_no_old_figure_in_its_column()
    {
        using var server = new CaseServer().On("/hs", "", 204);
        await using var run = new Case("census-trade", server);
        foreach (var without in (bool[])[false, true, false])
        {
            server.On("exports/hs", Body(true, 2026, Rows(3, "4621", "5700", "4280"), without));
            await run.RunAsync();
            run.Clock.Advance(TimeSpan.FromDays(2));
            var rows = await run.Pipeline.RowsAsync("trademonthly");
            Assert.Equal(9, rows.Count);
            Assert.All(rows, row => Assert.Equal(!without, row.ContainsKey("YearToDateUsd")));
            Assert.Equal(without ? 9 : 0, (await run.Pipeline.RowsAsync("gaps")).Count);
        }
        Assert.Equal(18, (await run.Pipeline.RowsAsync("history")).Count);
    }

    [Fact]
    public async Task An_unknown_code_does_not_hide_that_a_partner_is_gone()
    {
        var codes = Enumerable.Range(4001, 120).Select(code => $"{code}").ToArray();
        var exports = Rows(3, codes);
        exports.RemoveAll(row => row is { Code: "4100", Month: 2 });
        // 9030 is no code of the API, and says nothing.
        exports.AddRange([("9030", 1, 0, 0), ("9030", 2, 0, 0), ("9030", 3, 0, 0)]);
        using var server = new CaseServer()
            .On("exports/hs", Body(true, 2026, exports))
            .On("imports/hs", Body(false, 2026, exports));
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Equal(2, verdict.Failed.Count);
        Assert.All(verdict.Failed, line =>
            Assert.Contains(
                "month 2026-02: seen partners that add up to 71600 without 1 row that was not understood, expected "
                    + "72600, the world row; "
                    + "the table keeps the old rows; pull the slice again; if it stays so ask the publisher, and "
                    + "replay it with accept if the figures are right; "
                    + "and 1 more at partner 4100, 2026-01 to 2026-03; asked: "
                    + server.Address,
                line,
                StringComparison.Ordinal
            )
        );
        Assert.Empty(await run.Pipeline.RowsAsync("trademonthly"));
    }

    [Fact]
    public async Task Nothing_for_years_that_are_long_released_is_a_failure_that_names_them()
    {
        using var server = new CaseServer().On("/hs", "", 204);
        await using var run = new Case("census-trade", server, ("Census__From", "2024-01"));
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Equal(2, verdict.Failed.Count);
        Assert.StartsWith(
            "failed: census-trade/exports-total: 2024, 2025, 2026 brought no rows: request "
                + $"{server.Address}/data/timeseries/intltrade/exports/hs?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,"
                + "ALL_VAL_YR&time=2024: "
                + "seen status 204 without a body, expected rows of 2024, released by 2024-04-16; ",
            verdict.Failed[0],
            StringComparison.Ordinal
        );
        Assert.Equal(
            nameof(SliceState.Missing),
            Assert.Single(await run.Pipeline.RowsAsync("slices", "RowKey eq 'imports-total|2025'"))["State"]
        );
    }

    [Fact]
    public async Task A_header_alone_is_one_line()
    {
        using var server = new CaseServer()
            .On("exports/hs", "[[\"CTY_CODE\",\"CTY_NAME\",\"ALL_VAL_MO\",\"ALL_VAL_YR\",\"time\"]]")
            .On("imports/hs", Body(false, 2026, Rows(3, "4621", "5700")));
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Contains(
            "exports-total: 2026 brought no rows: request ",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        Assert.Equal(1, verdict.ExitCode);
    }

    [Fact]
    public async Task A_retired_partner_is_said_as_such_and_is_no_failure()
    {
        using var server = new CaseServer()
            .On("exports/hs", Body(true, 2026, Rows(3, "4621", "5700")))
            .On("imports/hs", Body(false, 2026, Rows(3, "4621", "5700")))
            .On("HS2", "", 204);
        await using var run = new Case(
            "census-trade",
            server,
            ("Census__Partners", "4799"),
            ("Census__Levels", "total,HS2")
        );
        var verdict = await run.RunAsync();
        Assert.Equal(0, verdict.ExitCode);
        Assert.Contains(
            "note: census-trade/exports-hs2: no rows for 4799-2026: no trade: partner 4799, SERBIA AND MONTENEGRO, "
                + "is no partner any more: "
                + "its last figures are of 2006",
            verdict.Notes
        );
        await using var unknown = new Case(
            "census-trade",
            server,
            ("Census__Partners", "4999"),
            ("Census__Levels", "total,HS2")
        );
        Assert.Contains(
            "note: census-trade/exports-hs2: no rows for 4999-2026: no trade: partner 4999 is not on the program's "
                + "list of partners",
            (await unknown.RunAsync()).Notes
        );
    }

    [Fact]
    public async Task A_partner_s_request_that_is_answered_with_the_world_alone_is_refused()
    {
        var world =
            "[[\"I_COMMODITY\",\"I_COMMODITY_SDESC\",\"CTY_CODE\",\"CTY_NAME\",\"GEN_VAL_MO\",\"GEN_VAL_YR\","
            + "\"COMM_LVL\",\"CTY_CODE\",\"time\"],"
            + "[\"27\",\"FUELS\",\"-\",\"ALL\",\"5\",\"5\",\"HS2\",\"-\",\"2026-01\"]]";
        using var server = new CaseServer().On("imports/hs HS2", world);
        await using var run = new Case("census-trade", server, ("Census__Levels", "HS2"));
        var verdict = await run.RunAsync();
        Assert.Contains(verdict.Failed, line =>
            line.StartsWith(
                "failed: census-trade/imports-hs2/4621-2026 body: seen 1 row, none of them imports with partner "
                    + "4621 in "
                    + "4621-2026, "
                    + "expected imports with partner 4621 in 4621-2026; the response does not hold what was asked for: "
                    + "the table keeps the old rows; pull the slice again; asked: "
                    + $"{server.Address}/data/timeseries/intltrade/imports/hs?get=",
                StringComparison.Ordinal
            )
        );
        Assert.Equal(1, verdict.ExitCode);
    }

    /// <summary>What the API sends for a year, and the line that comes of it.</summary>
    public static TheoryData<string, int, string, string> Wrong =>
        new()
        {
            {
                "blanks behind codes",
                200,
                Body(true, 2026, Rows(3, "4621 ", "5700 ")),
                "body: seen 6 of 9 rows that cannot be understood, expected at most 5 %"
            },
            {
                "cut off",
                200,
                Body(true, 2026, Rows(3, "4621", "5700"))[..^40],
                "bytes that does not end in ]], expected a complete JSON array of arrays"
            },
            {
                "a year to date that is off",
                200,
                Body(true, 2026, [("4621", 1, 10, 10), (World, 1, 10, 10), ("4621", 2, 10, 21), (World, 2, 10, 20)]),
                "partner 4621, 2026-01 to 2026-02: seen months that add up to 20, expected 21, the year to date of "
                    + "the last one"
            },
            {
                "partners that are gone",
                200,
                Body(true, 2026, [("4621", 1, 10, 10), (World, 1, 10, 10), (World, 2, 10, 20)]),
                "month 2026-02: seen partners that add up to 0, expected 10, the world row"
            },
            {
                "no world",
                200,
                Body(true, 2026, Rows(3, "4621", "5700").Where(row => row.Code != World)),
                "month 2026-01: seen 2 partners without a world row, expected the world row, CTY_CODE -, too"
            },
            {
                "lower case",
                200,
                Body(true, 2026, Rows(1, "4621")).Replace("CTY_CODE", "cty_code", StringComparison.Ordinal),
                "header: seen \"cty_code,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR,time\", expected the columns CTY_CODE too"
            },
            { "objects", 200, "[{\"CTY_CODE\":\"4621\"}]", "does not end in ]]" },
            {
                "an object",
                200,
                "{\"error\":\"rate limit\"}",
                "seen status 200, application/json, starting \"{\"error\":\"rate limit\"}\", expected a JSON array "
                    + "of arrays"
            },
            {
                "a month that is not over",
                200,
                Body(true, 2026, [("4621", 11, 10, 10), (World, 11, 10, 10)]),
                "month 2026-11: seen rows of the month, together 10 US dollars, expected no month after 2026-10, the "
                    + "last that can be published by now"
            },
            {
                "a column that is gone",
                400,
                "error: unknown variable 'ALL_VAL_YR'",
                "expected the column ALL_VAL_YR; the API no longer has the column: see its list of variables, adapt "
                    + "the reader, then replay"
            },
            { "maintenance", 503, "<html>Sorry</html>", "expected status 200; the service has a fault" },
            { "no access", 403, "<HTML>Access Denied</HTML>", "expected status 200; the request is not accepted" },
        };

    [Theory, MemberData(nameof(Wrong))]
    public async Task A_wrong_response_ends_with_one_line_and_nothing_is_loaded(
        string what,
        int status,
        string body,
        string words
    )
    {
        Assert.NotEmpty(what);
        using var server = new CaseServer()
            .On("imports/hs", Body(false, 2026, Rows(3, "4621", "5700")))
            .On("exports/hs", body, status, status == 200 ? "application/json" : "text/plain");
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Contains(words, Assert.Single(verdict.Failed), StringComparison.Ordinal);
        Assert.Equal(1, verdict.ExitCode);
        Assert.Empty(await run.Pipeline.RowsAsync("trademonthly", "Flow eq 'exports'"));
    }

    /// <summary>The calendar may be wrong.</summary>
    [Fact]
    public async Task A_month_that_is_not_over_is_loaded_only_once_it_is_accepted()
    {
        using var server = new CaseServer()
            .On("imports/hs", Body(false, 2026, Rows(3, "4621", "5700")))
            .On("exports/hs", Body(true, 2026, Rows(11, "4621", "5700")));
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Contains(
            "replay it with accept if the figures are right",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        Assert.Empty(await LoadedAsync());

        // A replay without a word changes nothing, also when the month may be out by then.
        run.Clock.Advance(TimeSpan.FromDays(40));
        await ReplayAsync(accept: false);
        Assert.Empty(await LoadedAsync());
        await ReplayAsync(accept: true);
        Assert.Equal("2026-11|TOTAL", (await LoadedAsync()).Max(StringComparer.Ordinal));
        Assert.Equal("accepted", Assert.Single(await run.Pipeline.RowsAsync("rejects"))["State"]);

        async Task ReplayAsync(bool accept)
        {
            await run.ReplayAsync("census-trade/exports-total/2026", "raw", accept);
        }

        async Task<List<string>> LoadedAsync() =>
            [.. (await run.Pipeline.RowsAsync("trademonthly", "Flow eq 'exports'")).Select(row => row.RowKey)];
    }

    /// <summary>Other figures of that month, and another month, are not what the word was about.</summary>
    [Theory]
    [InlineData(11, 900_000_000_000, "2026-11")]
    [InlineData(12, 30, "2026-12")]
    public async Task A_word_about_a_month_that_is_not_over_holds_for_its_figures(int month, long value, string asked)
    {
        var rows = Rows(11, "4621", "5700");
        using var server = new CaseServer()
            .On("imports/hs", Body(false, 2026, Rows(3, "4621", "5700")))
            .On("exports/hs", Body(true, 2026, rows));
        await using var run = new Case("census-trade", server);
        Assert.Equal(1, (await run.RunAsync()).ExitCode);
        await ReplayAsync("raw", accept: true);
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        var facts = await FactsAsync();
        rows.RemoveAll(row => row.Month == month);
        foreach (var code in (string[])["4621", World])
            rows.Add((code, month, value, 30 * (month - 1) + value));
        if (month == 11)
            rows.Add(("5700", 11, 0, 200));
        server.On("exports/hs", Body(true, 2026, rows));
        run.Clock.Advance(TimeSpan.FromHours(9));
        await ReplayAsync("source", accept: false);
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Contains(verdict.Open, line =>
            line.Contains($"month {asked}: seen rows of the month, together ", StringComparison.Ordinal)
        );
        Assert.Equal(facts, await FactsAsync());

        async Task ReplayAsync(string from, bool accept)
        {
            await run.ReplayAsync("census-trade/exports-total/2026", from, accept);
        }

        async Task<List<string>> FactsAsync() =>
            [
                .. (await run.Pipeline.RowsAsync("trademonthly", "Flow eq 'exports'")).Select(row =>
                    $"{row.RowKey} {row["ValueUsd"]}"
                ),
            ];
    }

    [Fact]
    public async Task A_server_that_is_down_is_one_line_with_its_host()
    {
        var server = new CaseServer();
        server.Dispose();
        await using var run = new Case("census-trade", server, ("Census__From", "2019-01"));
        var verdict = await run.RunAsync();
        Assert.StartsWith(
            $"failed: census-trade: {server.Address} does not answer, for 16 slices, for example "
                + "census-trade/exports-total/",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        Assert.Equal(1, verdict.ExitCode);
    }

    [Theory]
    [InlineData(1000, "1000")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.9, "0.9")]
    public async Task A_body_in_another_unit_is_not_loaded_over_the_true_one_until_it_is_accepted(
        double factor,
        string words
    )
    {
        var rows = Rows(8, "4621", "5700", "4280")
            .Select(row => (row.Code, row.Month, Value: row.Value * 1_000_000, ToDate: row.ToDate * 1_000_000))
            .ToList();
        using var server = new CaseServer()
            .On("imports/hs", Body(false, 2026, rows))
            .On("exports/hs", Body(true, 2026, rows));
        await using var run = new Case("census-trade", server);
        await run.RunAsync();
        server.On(
            "exports/hs",
            Body(
                true,
                2026,
                rows.Select(row => (row.Code, row.Month, (long)(row.Value * factor), (long)(row.ToDate * factor)))
            )
        );
        run.Clock.Advance(TimeSpan.FromDays(2));
        var verdict = await run.RunAsync();
        Assert.Contains(
            $"quarantined: census-trade/exports-total/2026 body: seen 24 of 24 figures that are {words} times those "
                + "of the table, "
                + "expected figures in the unit, currency and prices of the table; the table keeps the old rows; "
                + "compare the two raw bodies, then replay the slice with accept if the new one is right",
            string.Join('\n', verdict.Open),
            StringComparison.Ordinal
        );
        Assert.Equal(2, verdict.ExitCode);
        Assert.Equal(
            10_000_000L,
            (
                await run.Pipeline.RowsAsync(
                    "trademonthly",
                    "PartitionKey eq '4621|exports|total' and RowKey eq '2026-08|TOTAL'"
                )
            )[0]["ValueUsd"]
        );
        await run.ReplayAsync("census-trade/exports-total/2026", "", accept: true);
        Assert.Equal(
            (long)(10_000_000 * factor),
            (
                await run.Pipeline.RowsAsync(
                    "trademonthly",
                    "PartitionKey eq '4621|exports|total' and RowKey eq '2026-08|TOTAL'"
                )
            )[0]["ValueUsd"]
        );
        Assert.Contains(await run.Pipeline.RowsAsync("runs"), row =>
            row.GetString("Notes")
                .StartsWith("accepted by an operator: body: seen 24 of 24 figures", StringComparison.Ordinal)
        );
    }

    /// <summary>A body of nearly all partners in another unit, into an empty table.</summary>
    [Theory]
    [InlineData(1_000)]
    [InlineData(1_000_000_000)]
    public async Task A_slip_of_a_unit_into_an_empty_table_is_caught_by_the_range_of_the_total(long scale)
    {
        var codes = Enumerable.Range(4001, 200).Select(code => $"{code}").ToArray();
        var rows = Rows(3, codes).Select(row => (row.Code, row.Month, row.Value * scale, row.ToDate * scale));
        using var server = new CaseServer()
            .On("exports/hs", Body(true, 2026, rows))
            .On("imports/hs", Body(false, 2026, rows));
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Equal((1, 2), (verdict.ExitCode, verdict.Failed.Count));
        Assert.Contains(
            $"month 2026-01: seen {201_000 * scale} US dollars as the world row, expected 5000000000 to 5000000000000, "
                + "which holds every month since 1985",
            verdict.Failed[0],
            StringComparison.Ordinal
        );
        Assert.Empty(await run.Pipeline.RowsAsync("trademonthly"));
    }

    /// <summary>Months of the United States' trade with one partner, in millions, beside a large one and the
    /// world.</summary>
    private static string Totals(bool exports, int year, params long[] millions)
    {
        var rows = new List<(string, int, long, long)>();
        var (own, all) = (0L, 0L);
        for (var month = 1; month <= millions.Length; month++)
        {
            var value = millions[month - 1] * 1_000_000;
            (own, all) = (own + value, all + value + 1_000_000_000);
            rows.Add(("4621", month, value, own));
            rows.Add(("5700", month, 1_000_000_000, 1_000_000_000L * month));
            rows.Add((World, month, value + 1_000_000_000, all));
        }
        return Body(exports, year, rows);
    }

    [Fact]
    public async Task The_first_month_of_a_year_is_held_against_the_stored_months_before_it()
    {
        using var server = new CaseServer()
            .On("/hs", "", 204)
            .On("exports/hs time=2025", Totals(true, 2025, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300))
            .On("exports/hs time=2026", Totals(true, 2026, 300_000));
        await using var run = new Case("census-trade", server, ("Census__From", "2025-01"));
        var verdict = await run.RunAsync();
        Assert.Contains(
            "trademonthly 4621|exports|total 2026-01|TOTAL: seen 300000000000, expected at most 50 times 300000000, "
                + "the "
                + "median of its neighbours (2025-09 300000000, 2025-10 300000000, 2025-11 300000000, 2025-12 "
                + "300000000); the row is not loaded; ",
            Assert.Single(verdict.Open),
            StringComparison.Ordinal
        );
        Assert.Equal(25, (await run.Pipeline.RowsAsync("trademonthly")).Count);
    }

    [Fact]
    public async Task A_lasting_shift_in_December_is_believed_once_two_months_of_the_next_year_confirm_it()
    {
        using var server = new CaseServer()
            .On("/hs", "", 204)
            .On("exports/hs time=2025", Totals(true, 2025, 21, 22, 21, 22, 21, 22, 21, 22, 21, 22, 21, 2_000));
        await using var run = new Case("census-trade", server, ("Census__From", "2025-01"));
        await run.RunAsync();
        Assert.Single(await run.Pipeline.RowsAsync("rejects", "State eq 'open'"));
        server.On("exports/hs time=2026", Totals(true, 2026, 2_001, 2_002, 2_003));
        for (var plan = 0; plan < 2; plan++)
        {
            run.Clock.Advance(TimeSpan.FromDays(2));
            await run.RunAsync();
        }
        Assert.Empty(await run.Pipeline.RowsAsync("rejects", "State eq 'open'"));
        Assert.Equal(
            ["2025-12|TOTAL", "2026-01|TOTAL", "2026-02|TOTAL", "2026-03|TOTAL"],
            (
                await run.Pipeline.RowsAsync(
                    "trademonthly",
                    "PartitionKey eq '4621|exports|total' and RowKey ge '2025-12'"
                )
            )
                .Select(row => row.RowKey)
                .Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData(1, 12)]
    [InlineData(1000, 0)]
    public async Task Chapters_a_thousand_times_their_total_are_not_loaded_into_empty_tables(long factor, int loaded)
    {
        long[] months = [.. Enumerable.Repeat(500L, 12)];
        var chapters =
            "[[\"CTY_CODE\",\"CTY_NAME\",\"E_COMMODITY\",\"E_COMMODITY_SDESC\",\"ALL_VAL_MO\",\"ALL_VAL_YR\","
            + "\"COMM_LVL\","
            + "\"time\"]"
            + string.Concat(
                Enumerable
                    .Range(1, 12)
                    .Select(month =>
                        $",\n[\"4621\",\"RUSSIA\",\"27\",\"OIL\",\"{500_000_000 * factor}\","
                        + $"\"{500_000_000 * factor * month}\",\"HS2\","
                        + $"\"2025-{month:00}\"]"
                    )
            )
            + "]";
        using var server = new CaseServer()
            .On("/hs", "", 204)
            .On("exports/hs time=2025", Totals(true, 2025, months))
            .On("imports/hs time=2025", Totals(false, 2025, months))
            .On("COMM_LVL", "", 204)
            .On("exports/hs COMM_LVL", chapters);
        await using var run = new Case(
            "census-trade",
            server,
            ("Census__Levels", "total,HS2"),
            ("Census__From", "2025-01")
        );
        var verdict = await run.RunAsync();
        Assert.Equal(loaded, (await run.Pipeline.RowsAsync("trademonthly", "Level eq 'HS2'")).Count);
        if (loaded == 0)
        {
            Assert.Contains(verdict.Failed, line =>
                line.Contains(
                    "exports-hs2/4621-2025 body, beside the totals, trademonthly 4621|exports|total 2025-01|TOTAL: "
                        + "seen 1 figure that adds up to 500000000000, expected at most 10 times 500000000, the total "
                        + "that the table has, and at least a 10th of it; ",
                    StringComparison.Ordinal
                )
            );
        }
    }

    /// <summary>A year of the published balance file as the API would give it.</summary>
    private static string Published(int year, bool imports)
    {
        var rows = new List<(string, int, long, long)>();
        var (world, toDate) = (new long[12], 0L);
        foreach (
            var (row, _) in BalanceFile.Read(new MemoryStream(RealData.Read("census/country_balance_2024-11.xlsx")))
        )
        {
            if (row is null || $"{row.Year}" != $"{year}" || $"{row.Code}".StartsWith('0'))
                continue;
            var sum = 0L;
            for (var month = 1; month <= 12; month++)
            {
                Assert.True(BalanceFile.TryDollars((imports ? row.Imports : row.Exports)[month - 1], out var dollars));
                (sum, world[month - 1]) = (sum + dollars, world[month - 1] + dollars);
                if (sum > 0)
                    rows.Add(($"{row.Code}", month, dollars, sum));
            }
        }
        for (var month = 1; month <= 12; month++)
            rows.Add((World, month, world[month - 1], toDate += world[month - 1]));
        return Body(!imports, year, rows);
    }

    [Fact]
    public async Task The_true_year_2016_with_its_leaps_of_small_partners_is_loaded_as_a_whole()
    {
        using var server = new CaseServer()
            .On("/hs", "", 204)
            .On("exports/hs time=2016", Published(2016, imports: false))
            .On("imports/hs time=2016", Published(2016, imports: true));
        await using var run = new Case("census-trade", server, ("Census__From", "2016-01"));
        await run.RunAsync();
        Assert.Empty(await run.Pipeline.RowsAsync("rejects"));
        Assert.Equal(
            [522_203_300L, 674_534_157L],
            [
                (await run.Pipeline.RowsAsync("trademonthly", "PartitionKey eq '5610|exports|total' and Month eq 10"))[
                    0
                ]["ValueUsd"],
                (await run.Pipeline.RowsAsync("trademonthly", "PartitionKey eq '4730|imports|total' and Month eq 3"))[
                    0
                ]["ValueUsd"],
            ]
        );
    }
}
