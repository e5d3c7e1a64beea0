using System.Globalization;
using System.Text;
using Azure.Core;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>What becomes of a body that a check does not believe, or of a slice that brought nothing.</summary>
public sealed class JudgementCaseTests
{
    private static readonly Slice Fdi = new("unctad-fdi", "fdi-flows-stock", "all");
    private const string CentresFile = "fdi-financial-centres.csv";

    [Fact]
    public async Task A_day_that_was_flagged_stays_open_when_another_day_comes()
    {
        using var server = new CaseServer();
        await using var run = new Case(
            "moex-holders",
            server,
            ("Moex__IssUrl", $"{server.Address}/iss"),
            ("Moex__OfzTableUrl", "")
        );
        for (var day = 11; day <= 16; day++)
        {
            var value = day == 15 ? "500000000000000" : $"500000000000{day}";
            server.On(
                "capitalization",
                "{\"capitalization\":{\"columns\":[\"CAPITALIZATION\",\"TRADEDATE\"],\"data\":[["
                    + $"{value},\"2026-11-{day}\"]]}}}}"
            );
            await run.RunAsync();
            run.Clock.Advance(TimeSpan.FromDays(1));
        }
        Assert.Equal(5, (await run.Pipeline.RowsAsync("holders")).Count);
        Assert.Equal("open", Assert.Single(await run.Pipeline.RowsAsync("rejects"))["State"]);

        // The exchange corrects the day: nothing is open any more.
        server.On(
            "capitalization",
            "{\"capitalization\":{\"columns\":[\"CAPITALIZATION\",\"TRADEDATE\"],\"data\":[["
                + "50000000000015,\"2026-11-15\"]]}}"
        );
        await run.RunAsync();
        Assert.Equal(6, (await run.Pipeline.RowsAsync("holders")).Count);
        Assert.Equal("replayed", Assert.Single(await run.Pipeline.RowsAsync("rejects"))["State"]);
    }

    /// <summary>A word about one month is no word about another, in the same body or in a later one.</summary>
    [Fact]
    public async Task An_accepted_sum_does_not_hide_the_sum_of_another_month()
    {
        var slice = new Slice("census-trade", "exports-total", "2026");
        var rows = CensusCaseTests.Rows(3, "4621", "5700", "4280");
        using var server = new CaseServer().On("imports/hs", CensusCaseTests.Body(false, 2026, rows));
        server.On("exports/hs", Exports(2));
        await using var run = new Case("census-trade", server);
        var verdict = await run.RunAsync();
        Assert.Contains("month 2026-02: seen partners that add up to 60, expected 61", Assert.Single(verdict.Failed));
        await AcceptAsync();
        Assert.Equal(9, await LoadedAsync());

        // Another month is asked about, the accepted one is not.
        server.On("exports/hs", Exports(2, 3));
        run.Clock.Advance(TimeSpan.FromDays(2));
        verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Contains(verdict.Open, line =>
            line.StartsWith(
                "quarantined: census-trade/exports-total/2026 month 2026-03: seen partners that add up to 60, "
                    + "expected 61, the world row; the table keeps the old rows; pull the slice again; if it stays so "
                    + "ask the publisher, and replay it with accept if the figures are right; asked: ",
                StringComparison.Ordinal
            )
        );

        // All that is not accepted is listed, and each is a reject.
        server.On("exports/hs", Exports(1, 2, 3));
        run.Clock.Advance(TimeSpan.FromDays(2));
        verdict = await run.RunAsync();
        Assert.Contains(verdict.Open, line =>
            line.Contains("quarantined: census-trade/exports-total/2026 month 2026-01: seen ", StringComparison.Ordinal)
            && line.Contains("; and 1 more at month 2026-03; asked: ", StringComparison.Ordinal)
        );
        await AcceptAsync();
        Assert.Equal(0, (await run.VerdictAsync(Case.Now)).ExitCode);
        Assert.Equal(
            ["month 2026-01", "month 2026-02", "month 2026-03"],
            (await run.Pipeline.RowsAsync("rejects", "State eq 'accepted'")).Select(row => $"{row["Position"]}").Order()
        );

        // A later body with the same sums is loaded without a word.
        server.On("exports/hs", Exports(1, 2, 3) + "\n");
        run.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);

        string Exports(params int[] wrong) =>
            CensusCaseTests.Body(
                true,
                2026,
                rows.Select(row =>
                    row.Code == "-" && wrong.Contains(row.Month) ? row with { Value = row.Value + 1 } : row
                )
            );

        async Task AcceptAsync()
        {
            await run.ReplayAsync(slice.Id, "", accept: true);
        }

        async Task<int> LoadedAsync() => (await run.Pipeline.RowsAsync("trademonthly", "Flow eq 'exports'")).Count;
    }

    /// <summary>What checks of a body by itself and beside the table find is shown, and accepted, together.</summary>
    [Fact]
    public async Task Findings_of_all_checks_of_a_body_are_shown_before_any_is_accepted()
    {
        var rows = CensusCaseTests.Rows(3, "4621", "5700", "4280");
        using var server = new CaseServer().On("imports/hs", CensusCaseTests.Body(false, 2026, rows));
        server.On("exports/hs", CensusCaseTests.Body(true, 2026, rows));
        await using var run = new Case("census-trade", server);
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        // March is gone, and the world of February is wrong.
        var fewer = rows.Where(row => row.Month < 3)
            .Select(row => row is { Code: "-", Month: 2 } ? row with { Value = row.Value + 1 } : row)
            .ToList();
        server.On("exports/hs", CensusCaseTests.Body(true, 2026, fewer));
        run.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(2, (await run.RunAsync()).ExitCode);
        Assert.Equal(
            ["body", "month 2026-02"],
            (await run.Pipeline.RowsAsync("rejects", "State eq 'open'")).Select(row => $"{row["Position"]}").Order()
        );
    }

    /// <summary>That there is no total may be right; what the total says when it comes is asked about again.</summary>
    [Fact]
    public async Task Totals_that_are_not_there_can_be_accepted_and_are_compared_when_they_come()
    {
        using var server = WithoutImportTotals();
        await using var run = new Case("census-trade", server, ("Census__Levels", "total,HS2"));
        Assert.Single((await run.RunAsync()).Open);
        await run.ReplayAsync("census-trade/imports-hs2/4621-2026", "", accept: true);
        Assert.Equal(
            ["body, totals that are not stored, trademonthly 4621|imports|total 2026-01|TOTAL accepted"],
            (await run.Pipeline.RowsAsync("rejects")).Select(row => $"{row["Position"]} {row["State"]}")
        );
        server
            .On("imports/hs", CensusCaseTests.Body(false, 2026, Millions))
            .On("imports/hs COMM_LVL", Commodities('I', 1_000_000_000));
        run.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Contains(
            "imports-hs2/4621-2026 body, beside the totals, trademonthly 4621|imports|total 2026-01|TOTAL: seen 2 ",
            Assert.Single((await run.RunAsync()).Open),
            StringComparison.Ordinal
        );
    }

    /// <summary>Which of the two came last makes no difference, nor whether totals were asked for before.</summary>
    [Fact]
    public async Task Totals_in_another_unit_than_the_commodities_that_were_there_before_stay_open()
    {
        var rows = CensusCaseTests.Rows(1, "4621", "5700");
        using var server = new CaseServer()
            .On("exports/hs", CensusCaseTests.Body(true, 2026, Millions))
            .On("imports/hs", CensusCaseTests.Body(false, 2026, rows))
            .On("exports/hs COMM_LVL", Commodities('E', 1_000_000))
            .On("imports/hs COMM_LVL", Commodities('I', 1_000_000));
        await using var run = new Case("census-trade", server, ("Census__Levels", "HS2"));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        await using var next = run.With(("Census__Levels", "total,HS2"));
        next.Clock.Advance(TimeSpan.FromDays(2));
        var verdict = await next.RunAsync();
        Assert.Contains(verdict.Open, line =>
            line.StartsWith(
                "rejected: census-trade/imports-hs2/4621-2026 body, beside the totals, trademonthly "
                    + "4621|imports|total 2026-01|TOTAL: seen 2 figures that add up to 10000000, expected at most ",
                StringComparison.Ordinal
            )
        );
        Assert.Equal(2, verdict.ExitCode);
    }

    /// <summary>Totals of January that fit commodities in units of a million.</summary>
    private static List<(string Code, int Month, long Value, long ToDate)> Millions =>
        [
            .. CensusCaseTests
                .Rows(1, "4621", "5700")
                .Select(row => (row.Code, row.Month, row.Value * 1_000_000, row.ToDate * 1_000_000)),
        ];

    /// <summary>The totals of imports do not come, and their commodities are a thousand times too large.</summary>
    private static CaseServer WithoutImportTotals() =>
        new CaseServer()
            .On("exports/hs", CensusCaseTests.Body(true, 2026, Millions))
            .On("imports/hs", "", 503)
            .On("exports/hs COMM_LVL", Commodities('E', 1_000_000))
            .On("imports/hs COMM_LVL", Commodities('I', 1_000_000_000));

    /// <summary>Two chapters of a partner in a month, 10 units together.</summary>
    internal static string Commodities(char prefix, long unit)
    {
        var (value, name) = prefix == 'E' ? ("ALL_VAL", "E_COMMODITY") : ("GEN_VAL", "I_COMMODITY");
        var text = $"[['{name}','{name}_SDESC','CTY_CODE','CTY_NAME','{value}_MO','{value}_YR','COMM_LVL','time']";
        foreach (var (code, part) in ((string, int)[])[("01", 4), ("27", 6)])
            text += $",['{code}','A','4621','N','{part * unit}','{part * unit}','HS2','2026-01']";
        return $"{text}]".Replace('\'', '"');
    }

    /// <summary>Commodities in another unit are loaded where no total is there yet, and stay open.</summary>
    [Fact]
    public async Task Commodities_in_another_unit_stay_open_until_they_agree_with_the_totals()
    {
        const string Key = "4621|imports|total 2026-01|TOTAL";
        using var server = WithoutImportTotals();
        await using var run = new Case("census-trade", server, ("Census__Levels", "total,HS2"));
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Equal(
            $"rejected: census-trade/imports-hs2/4621-2026 body, totals that are not stored, trademonthly {Key}: seen "
                + "2 figures that add up to 10000000000, expected their total, so that a slip of a unit shows; the "
                + "rows are loaded; they are compared as soon as the total is loaded: see why it is not there, or "
                + "replay the slice with accept if the figures are right",
            Assert.Single(verdict.Open)
        );

        // The totals come, the commodities are the same.
        server
            .On("imports/hs", CensusCaseTests.Body(false, 2026, Millions))
            .On("imports/hs COMM_LVL", Commodities('I', 1_000_000_000));
        run.Clock.Advance(TimeSpan.FromDays(2));
        verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Equal(
            $"rejected: census-trade/imports-hs2/4621-2026 body, beside the totals, trademonthly {Key}: seen 2 figures "
                + "that add up to 10000000000, expected at most 10 times 10000000, the total that the table has, and "
                + "at least a 10th of it; the rows are loaded; compare both with the publisher's page and pull the "
                + "slice again that is wrong, or replay this one with accept if both are right",
            Assert.Single(verdict.Open)
        );

        // An operator's word is remembered.
        await run.ReplayAsync("census-trade/imports-hs2/4621-2026", "", accept: true);
        Assert.Equal(0, (await run.VerdictAsync(Case.Now)).ExitCode);
    }

    /// <summary>Months of the totals of imports from 4621, in millions.</summary>
    private static string ImportTotals(params long[] millions)
    {
        var rows = new List<(string, int, long, long)>();
        var (sum, all) = (0L, 0L);
        for (var month = 1; month <= millions.Length; month++)
        {
            var value = millions[month - 1] * 1_000_000;
            (sum, all) = (sum + value, all + value + 1_000_000_000);
            rows.Add(("4621", month, value, sum));
            rows.Add(("5700", month, 1_000_000_000, 1_000_000_000L * month));
            rows.Add(("-", month, value + 1_000_000_000, all));
        }
        return CensusCaseTests.Body(false, 2026, rows);
    }

    /// <summary>Two chapters of imports from 4621, 100 million together in each month.</summary>
    private static string ImportChapters(int months, long factor = 1)
    {
        var text =
            "[['I_COMMODITY','I_COMMODITY_SDESC','CTY_CODE','CTY_NAME','GEN_VAL_MO','GEN_VAL_YR','COMM_LVL','time']";
        for (var month = 1; month <= months; month++)
        {
            foreach (var (code, part) in ((string, long)[])[("01", 40_000_000), ("27", 60_000_000)])
            {
                var value = part * factor;
                text += $",['{code}','A','4621','N','{value}','{value * month}','HS2','2026-{month:00}']";
            }
        }
        return $"{text}]".Replace('\'', '"');
    }

    private static Case WithChapters(CaseServer server) =>
        new(
            "census-trade",
            server
                .On("exports/hs", CensusCaseTests.Body(true, 2026, Millions))
                .On("exports/hs COMM_LVL", Commodities('E', 1_000_000)),
            ("Census__Levels", "total,HS2")
        );

    private static async Task<IEnumerable<string>> SumsAsync(Case run) =>
        (await run.Pipeline.RowsAsync("rejects"))
            .Select(row => $"{row.GetString("Position").Split(' ')[^1]} {row["State"]}: {row["Seen"]}")
            .Order(StringComparer.Ordinal);

    private static async Task AcceptChaptersAsync(Case run)
    {
        await run.ReplayAsync("census-trade/imports-hs2/4621-2026", "", accept: true);
    }

    [Fact]
    public async Task A_word_about_two_sums_is_none_about_another_two_with_the_same_first()
    {
        const string Seen = "2 figures that add up to 100000000";
        using var server = new CaseServer()
            .On("imports/hs", ImportTotals(5, 5, 100))
            .On("imports/hs COMM_LVL", ImportChapters(3));
        await using var run = WithChapters(server);
        await run.RunAsync();
        await AcceptChaptersAsync(run);
        Assert.Equal([$"2026-01|TOTAL accepted: {Seen}", $"2026-02|TOTAL accepted: {Seen}"], await SumsAsync(run));
        server.On("imports/hs", ImportTotals(5, 100, 5)).On("imports/hs COMM_LVL", ImportChapters(3));
        run.Clock.Advance(TimeSpan.FromDays(2));
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Equal(
            [$"2026-01|TOTAL accepted: {Seen}", $"2026-02|TOTAL accepted: {Seen}", $"2026-03|TOTAL open: {Seen}"],
            await SumsAsync(run)
        );

        // With another total the accepted sum is asked about again, and the finding before it is closed.
        server.On("imports/hs", ImportTotals(5, 100, 4)).On("imports/hs COMM_LVL", ImportChapters(3));
        run.Clock.Advance(TimeSpan.FromDays(2));
        await run.RunAsync();
        var march = (await run.Pipeline.RowsAsync("rejects")).Where(row =>
            row.GetString("Position").EndsWith("2026-03|TOTAL", StringComparison.Ordinal)
        );
        Assert.Equal(
            ["open: at most 10 times 4000000", "replayed: at most 10 times 5000000"],
            march
                .Select(row => $"{row["State"]}: {row.GetString("Expected").Split(',')[0]}")
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task An_accepted_sum_beside_its_total_is_not_asked_about_again_when_a_month_joins()
    {
        using var server = new CaseServer()
            .On("imports/hs", ImportTotals(5, 100, 5))
            .On("imports/hs COMM_LVL", ImportChapters(2));
        await using var run = WithChapters(server);
        await run.RunAsync();
        await AcceptChaptersAsync(run);
        server.On("imports/hs COMM_LVL", ImportChapters(3));
        run.Clock.Advance(TimeSpan.FromDays(2));
        await run.RunAsync();
        Assert.Equal(
            [
                "2026-01|TOTAL accepted: 2 figures that add up to 100000000",
                "2026-03|TOTAL open: 2 figures that add up to 100000000",
            ],
            await SumsAsync(run)
        );
    }

    [Fact]
    public async Task An_accepted_lack_of_totals_is_not_asked_about_again_when_a_month_joins()
    {
        using var server = new CaseServer().On("imports/hs", "", 503).On("imports/hs COMM_LVL", ImportChapters(2));
        await using var run = WithChapters(server);
        await run.RunAsync();
        await AcceptChaptersAsync(run);
        server.On("imports/hs COMM_LVL", ImportChapters(3));
        run.Clock.Advance(TimeSpan.FromDays(2));
        await run.RunAsync();
        Assert.Equal(
            [
                "2026-01|TOTAL accepted: 2 figures that add up to 100000000",
                "2026-02|TOTAL accepted: 2 figures that add up to 100000000",
                "2026-03|TOTAL open: 2 figures that add up to 100000000",
            ],
            await SumsAsync(run)
        );
    }

    [Fact]
    public async Task A_loaded_body_that_is_compared_again_leaves_open_what_a_newer_quarantined_one_has()
    {
        using var server = new CaseServer()
            .On("imports/hs", ImportTotals(100, 100, 100))
            .On("imports/hs COMM_LVL", ImportChapters(2));
        await using var run = WithChapters(server);
        await run.RunAsync();
        server.On("imports/hs COMM_LVL", ImportChapters(2, 1000));
        run.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(2, (await run.RunAsync()).ExitCode);
        string[] quarantined =
        [
            "2026-01|TOTAL open: 2 figures that add up to 100000000000",
            "2026-02|TOTAL open: 2 figures that add up to 100000000000",
        ];
        Assert.Equal(
            quarantined,
            (await SumsAsync(run)).Where(line => line.StartsWith("2026", StringComparison.Ordinal))
        );
        // The totals change, and the body that is loaded is compared with them.
        var slice = new Slice("census-trade", "imports-hs2", "4621-2026");
        var loaded = (await run.Pipeline.Get<RawStore>().ListAsync(slice, CancellationToken.None))[0];
        await run.Pipeline.DoAsync(new CompleteRunMessage(slice.Id, loaded.Blob));
        Assert.Equal(
            quarantined,
            (await SumsAsync(run)).Where(line => line.StartsWith("2026", StringComparison.Ordinal))
        );
    }

    /// <summary>A figure is wrong in two ways: a word must be about both.</summary>
    [Fact]
    public async Task All_reasons_against_a_row_are_shown_and_it_is_counted_once()
    {
        var text = new StringBuilder("year,direction,measure,partner,iso3,value_musd\n");
        string[] codes = ["CYP", "NLD", "DEU", "FRA"];
        for (var year = 2022; year <= 2026; year++)
        {
            for (var at = 0; at < codes.Length; at++)
                text.Append(CultureInfo.InvariantCulture, $"{year},inward,flow,P{at},{codes[at]},{500 - at}\n");
        }
        text.Append("2027,inward,flow,P0,CYP,500000\n");
        using var server = new CaseServer();
        await using var run = await UnctadCaseTests.PartnersAsync(server, text.ToString());
        var verdict = await run.RunAsync();
        Assert.Equal(
            ["2027", "500000000000"],
            (await run.Pipeline.RowsAsync("rejects", "State eq 'open'")).Select(row => $"{row["Seen"]}").Order()
        );
        Assert.Contains("seen 2027, expected no later than ", Assert.Single(verdict.Open), StringComparison.Ordinal);
        Assert.Contains("seen 500000000000, expected ", verdict.Open[0], StringComparison.Ordinal);
        var row = Assert.Single(await run.Pipeline.RowsAsync("slices"));
        Assert.StartsWith("1 row rejected, the first: ", $"{row["LastError"]}", StringComparison.Ordinal);
        await run.ReplayAsync("unctad-fdi/fdi-partners/all", "", accept: true);
        Assert.Single(await run.Pipeline.RowsAsync("fdipartners", "Year eq 2027"));
        Assert.Equal(
            ["accepted", "accepted"],
            (await run.Pipeline.RowsAsync("rejects")).Select(row => $"{row["State"]}")
        );
    }

    [Fact]
    public async Task A_key_twice_in_a_release_is_not_said_to_be_acceptable()
    {
        using var server = new CaseServer().On("/bulk", "", 503);
        await using var run = new Case(Fdi.Source, server, ("Unctad__BulkUrl", $"{server.Address}/bulk"));
        var text = Encoding.UTF8.GetString(RealRelease.Read().Bytes()).TrimEnd('\n');
        await run.DropAsync(
            "US_FdiFlowsStock.csv",
            Encoding.UTF8.GetBytes($"{text}\n{text[(text.LastIndexOf('\n') + 1)..]}\n")
        );
        await run.RunAsync();
        await run.ReplayAsync(Fdi.Id, "", accept: true);
        var row = await run.Pipeline.Get<SliceBook>().GetAsync(Fdi, CancellationToken.None);
        Assert.Equal(SliceState.Quarantined, row.State);
        Assert.DoesNotContain("accept", row.LastError, StringComparison.Ordinal);
        Assert.Contains("wait for the next release", row.LastError, StringComparison.Ordinal);
    }

    /// <summary>A row of an old month that stays unreadable is not asked about with every vintage.</summary>
    [Fact]
    public async Task An_accepted_row_that_cannot_be_read_does_not_keep_later_vintages_out()
    {
        using var source = new FakeSource { Coverage = Coverage.Vintage };
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        source.Body = Words(40, "1");
        await pipeline.RunAsync();
        source.Body = Words(41, "?");
        await pipeline.RunAsync();
        var slice = await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
        Assert.StartsWith(
            "fake/facts/one body: seen 1 of 42 rows that cannot be understood, expected none, because a vintage "
                + "replaces the one before as a whole; ",
            slice.LastError,
            StringComparison.Ordinal
        );
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        await pipeline.DrainAsync();
        Assert.Equal(SliceState.Published, await StateAsync());

        // The same row in the next vintage, and then another one.
        source.Body = Words(42, "?");
        await pipeline.RunAsync();
        Assert.Equal(SliceState.Published, await StateAsync());
        Assert.Contains(await pipeline.RowsAsync("rejects", "State eq 'open'"), row =>
            $"{row["Position"]}" == "word 1"
        );
        source.Body = Words(42, "??");
        await pipeline.RunAsync();
        Assert.Equal(SliceState.Quarantined, await StateAsync());

        static string Words(int count, string first) =>
            $"k100={first} {string.Join(' ', Enumerable.Range(101, count).Select(number => $"k{number}={number}"))}";

        async Task<SliceState?> StateAsync() =>
            (await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None)).State;
    }

    /// <summary>Findings about the body as a whole have one place, and are remembered each by its value.</summary>
    [Fact]
    public async Task Two_accepted_findings_of_one_place_are_two_rows()
    {
        using var source = new FakeSource { Coverage = Coverage.Vintage };
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        source.Body = string.Join(' ', Enumerable.Range(101, 40).Select(number => $"k{number}={number}"));
        await pipeline.RunAsync();
        source.Body = string.Join(' ', Enumerable.Range(101, 30).Select(number => $"k{number}={number}"));
        await pipeline.RunAsync();
        var slice = await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
        Assert.Equal(SliceState.Quarantined, slice.State);
        Assert.StartsWith(
            "fake/facts/one body: seen 30 rows, expected at least 38, 95 % of the 40 rows of the body before; ",
            slice.LastError,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "; and 1 more at body (seen no row of k140, the newest period of the table); asked: ",
            slice.LastError,
            StringComparison.Ordinal
        );
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        await pipeline.DrainAsync();
        var rejects = await pipeline.RowsAsync("rejects");
        Assert.Equal(["accepted", "accepted"], rejects.Select(row => $"{row["State"]}"));
        Assert.Equal(["body", "body"], rejects.Select(row => $"{row["Position"]}"));
        Assert.Equal(30, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Fact]
    public async Task A_body_that_comes_while_another_is_loaded_waits_and_is_held_against_it()
    {
        var account = new MemoryStorage(TimeProvider.System);
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(account, source);
        var words = Enumerable.Range(1, 20).Select(number => $"k{number:00}");
        foreach (var factor in (int[])[10, 9])
        {
            source.Body = string.Join(' ', words.Select((word, at) => $"{word}={(at + 100) * factor}"));
            await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
            await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        }
        var bodies = await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None);
        Assert.Equal(2, bodies.Count);
        var second = new NormalizeMessage(FakeSource.One.Id, bodies[1].Blob);
        var isArmed = true;
        var hook = new AroundPolicy(
            request =>
                isArmed
                && request.Method != RequestMethod.Get
                && request.Uri.Path.Contains("slices", StringComparison.Ordinal),
            async () =>
            {
                isArmed = false;
                await pipeline.DoAsync(second);
                Assert.Contains(
                    "Information: fake/facts/one: another worker is at work; Normalize waits",
                    pipeline.Log
                );
            }
        );
        await using var other = new TestPipeline(account, source, hook);
        await other.DoAsync(new NormalizeMessage(FakeSource.One.Id, bodies[0].Blob));
        Assert.False(isArmed);
        await pipeline.DoAsync(second);
        var slice = await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
        Assert.StartsWith(
            "fake/facts/one body: seen 20 of 20 figures that are 0.9 times those of the table",
            slice.LastError,
            StringComparison.Ordinal
        );
        Assert.EndsWith($"; asked: {source.Address}one", slice.LastError, StringComparison.Ordinal);
        Assert.Equal("1000", $"{(await pipeline.RowsAsync("fakefacts"))[0]["Value"]}");
    }

    [Fact]
    public async Task Accept_does_not_load_a_body_whose_rows_cannot_be_understood()
    {
        var rows = Enumerable
            .Range(1, 3)
            .Select(month => $",['4621','N','5.5','5','2026-{month:00}'],['-','N','5.5','5','2026-{month:00}']");
        var body = $"[['CTY_CODE','CTY_NAME','ALL_VAL_MO','ALL_VAL_YR','time']{string.Concat(rows)}]";
        using var server = new CaseServer().On("/hs", "", 204).On("exports/hs", Trade.Body(body));
        await using var run = new Case("census-trade", server);
        await run.RunAsync();
        await run.ReplayAsync("census-trade/exports-total/2026", "", accept: true);
        var slice = new Slice("census-trade", "exports-total", "2026");
        Assert.Equal(
            SliceState.Quarantined,
            (await run.Pipeline.Get<SliceBook>().GetAsync(slice, CancellationToken.None)).State
        );
    }

    [Theory]
    [InlineData(
        "4621",
        "no total is loaded that says that 4621 had no trade; add total to Census__Levels, or take the "
    )]
    [InlineData("*", "because all partners together trade in every month; released by 2026-10-15; the next plan asks ")]
    public async Task Nothing_at_all_of_a_level_is_a_failure(string partners, string words)
    {
        using var server = new CaseServer().On("/hs", "", 204);
        await using var run = new Case(
            "census-trade",
            server,
            ("Census__Partners", partners),
            ("Census__Levels", "HS2"),
            ("Census__From", partners == "*" ? "2026-07" : "2025-01")
        );
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(verdict.Failed, line =>
            line.Contains(words, StringComparison.Ordinal)
            && line.Contains($"request {server.Address}/data/", StringComparison.Ordinal)
            && line.Contains("seen no rows in any part of it", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(500_000_000, 1)]
    [InlineData(0, 0)]
    public async Task A_partner_without_chapters_is_missing_where_its_total_has_trade(long total, int exitCode)
    {
        using var server = new CaseServer()
            .On("/hs", "", 204)
            .On("exports/hs time=2025", Totals("ALL_VAL"))
            .On("imports/hs time=2025", Totals("GEN_VAL"))
            .On("exports/hs time=2026", Totals("ALL_VAL", 2026))
            .On("imports/hs time=2026", Totals("GEN_VAL", 2026))
            .On("COMM_LVL", "", 204);
        await using var run = new Case(
            "census-trade",
            server,
            ("Census__Levels", "total,HS2"),
            ("Census__From", "2025-01")
        );
        var verdict = await run.RunAsync();
        Assert.Equal(exitCode, verdict.ExitCode);
        if (exitCode == 0)
            return;
        Assert.Contains(verdict.Failed, line =>
            line.Contains(
                "expected rows, because the total of 4621 in 2025-01 is 500,000,000 US dollars; the next "
                    + "plan asks again",
                StringComparison.Ordinal
            )
        );

        string Totals(string column, int year = 2025)
        {
            var text = new StringBuilder($"[[\"CTY_CODE\",\"CTY_NAME\",\"{column}_MO\",\"{column}_YR\",\"time\"]");
            for (var month = 1; month <= (year == 2025 ? 12 : 8); month++)
            {
                foreach (var (code, value) in ((string, long)[])[("4621", total), ("5700", 10), ("-", total + 10)])
                {
                    text.Append(
                        CultureInfo.InvariantCulture,
                        $",[\"{code}\",\"N\",\"{value}\",\"{value * month}\",\"{year}-{month:00}\"]"
                    );
                }
            }
            return text.Append(']').ToString();
        }
    }

    [Fact]
    public async Task A_list_of_centres_that_is_none_is_one_line_and_a_corrected_one_is_taken_at_the_next_plan()
    {
        using var server = new CaseServer().On("/bulk", "", 503);
        await using var run = new Case(Fdi.Source, server, ("Unctad__BulkUrl", $"{server.Address}/bulk"));
        await run.DropAsync("US_FdiFlowsStock.csv", RealRelease.Read().Bytes());
        await run.DropAsync(CentresFile, "code;name\n660;Anguilla\n"u8.ToArray());
        var verdict = await run.RunAsync();
        Assert.Equal(
            "failed: unctad-fdi/fdi-flows-stock/all: request curated:///fdi-financial-centres.csv: seen semicolons "
                + "between the columns in line 1, expected commas between the columns; correct the file, or remove "
                + "it so that the program's own list holds; the next plan "
                + "reads it "
                + "again",
            Assert.Single(verdict.Failed)
        );
        Assert.Empty(verdict.Open);
        run.Clock.Advance(TimeSpan.FromDays(7));
        await run.DropAsync(CentresFile, "code,name\n660,Anguilla\n"u8.ToArray());
        verdict = await run.RunAsync();
        Assert.EndsWith(
            "asked: curated:///US_FdiFlowsStock.csv",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        run.Clock.Advance(TimeSpan.FromDays(7));
        var list = Path.Combine(Repository.Root, "src/Pipeline.Sources/Unctad/financial-centres.csv");
        await run.DropAsync(CentresFile, await File.ReadAllBytesAsync(list));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
    }

    [Fact]
    public async Task A_load_that_was_begun_is_judged_again_when_the_list_of_centres_was_changed_meanwhile()
    {
        using var server = new CaseServer();
        (string, string) bulk = ("Unctad__BulkUrl", $"{server.Address}/bulk");
        await using var run = new Case(Fdi.Source, server, bulk);
        server.On("/bulk", RealRelease.Read().Archive(), 200, "application/x-7z-compressed");
        await run.Pipeline.Get<StepQueues>().EnsureAsync();
        await run.Pipeline.DoAsync(new PullMessage(Fdi.Id));
        await run.Pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var body = (await run.Pipeline.Get<RawStore>().ListAsync(Fdi, CancellationToken.None))[^1];
        var message = new NormalizeMessage(Fdi.Id, body.Blob);
        var batches = 0;
        var end = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, "fdiannual"),
            () => ++batches == 50 ? throw new CrashException("half way") : Task.CompletedTask
        );
        KeyValuePair<string, string?>[] settings =
        [
            new(TestPipeline.Planned, Fdi.Source),
            new("Sources__Mode", "live"),
            new("Census__ApiKey", new string('a', 40)),
            new(bulk.Item1, bulk.Item2),
        ];
        await using (var dying = new TestPipeline(run.Account, settings, run.Clock, end))
        {
            await Assert.ThrowsAsync<CrashException>(() => dying.DoAsync(message));
        }

        // Half of a load is a failure until it is ended.
        var verdict = await run
            .Pipeline.Get<RunVerdictReader>()
            .ReadAsync([Fdi.Source], Case.Now, CancellationToken.None);
        Assert.StartsWith(
            "failed: unctad-fdi/fdi-flows-stock/all: seen a load that was begun and not ended, expected all rows of "
                + "the "
                + "body of 2026-11-30 ",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        Assert.EndsWith("; run again", verdict.Failed[0], StringComparison.Ordinal);
        Assert.Equal(1, verdict.ExitCode);
        await run.DropAsync(CentresFile, "code,name\n660,Anguilla\n"u8.ToArray());
        await run.Pipeline.DoAsync(message);
        await run.Pipeline.DrainAsync();
        var row = await run.Pipeline.Get<SliceBook>().GetAsync(Fdi, CancellationToken.None);
        Assert.Equal((SliceState.StepFailed, body), (row.State, row.Loading));
        Assert.Contains("year 1992, inward flow", row.LastError, StringComparison.Ordinal);
        // The operator says that the list is right.
        await run.Pipeline.Get<Replay>().RunAsync(Fdi.Id, Replay.Raw, accept: true, CancellationToken.None);
        await run.Pipeline.DrainAsync();
        row = await run.Pipeline.Get<SliceBook>().GetAsync(Fdi, CancellationToken.None);
        Assert.Equal((SliceState.Published, null, ""), (row.State, row.Loading, row.LastError));
        Assert.Equal(row.Loaded!.Rows, (await run.Pipeline.RowsAsync("fdiannual")).Count);
    }
}
