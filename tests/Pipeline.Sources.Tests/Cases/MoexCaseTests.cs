using System.Globalization;
using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>Tables of the Bank of Russia that were loaded, or refused, for the wrong reason once.</summary>
public sealed class MoexCaseTests
{
    private const string Volume = "'Номинальный объем ОФЗ, принадлежащих нерезидентам, млрд руб.";
    private const string Share = "'Доля нерезидентов на рынке ОФЗ, %";

    /// <summary>Twelve months of 2025, of which a test changes some cells.</summary>
    internal static byte[] Table(Action<int, string[]>? edit = null, bool merged = false)
    {
        var book = new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:D20" }
            .Add(["'t"])
            .Add(
                merged
                    ? ["'Дата", "'Номинальный объем ОФЗ, млрд руб.", "", "'Доля нерезидентов, %"]
                    : ["'Дата", Volume, Share]
            );
        if (merged)
            book.Add(["", "'принадлежащих нерезидентам", "'всего"]);
        for (var month = 1; month <= 12; month++)
        {
            var day = new DateTime(2025, month, 1).ToOADate().ToString(CultureInfo.InvariantCulture);
            string[] cells = merged
                ? [day, "800", "24000", "3.3"]
                : [day, (800 + month).ToString(CultureInfo.InvariantCulture), "3.3"];
            edit?.Invoke(month, cells);
            book.Add(cells);
        }
        return book.Write();
    }

    internal static Case Run(CaseServer server, params (string, string)[] more) =>
        new("moex-holders", server, [("Moex__OfzTableUrl", $"{server.Address}/table_ofz.xlsx"), .. more]);

    [Fact]
    public async Task A_month_in_another_unit_and_a_share_as_a_fraction_are_flagged_and_not_loaded_until_they_are_accepted()
    {
        using var server = new CaseServer().On(
            "table_ofz",
            Table(
                (month, cells) =>
                {
                    if (month == 10)
                        cells[1] = "810500";
                    if (month == 11)
                        cells[2] = "0.034";
                    if (month == 12)
                        cells[1] = "";
                }
            )
        );
        await using var run = Run(server);
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Equal(10, (await run.Pipeline.RowsAsync("holders")).Count);
        // Every reason is shown, so that a word can be about it; a row is counted once.
        Assert.Equal(
            [
                "2025-10-01: seen 810500 with a share of 3.3 and no total, which makes a market of 24560606",
                "2025-10-01: seen 810500 with a share of 3.3, which makes a market of 24560606",
                "2025-10-01: seen 810500000000000",
                "2025-10-01: seen 810500000000000",
                "2025-11-01: seen 811 with a share of 0.034 and no total, which makes a market of 2385294",
                "2025-11-01: seen 811 with a share of 0.034, which makes a market of 2385294",
                "2025-11-01: seen a share of 0.034",
            ],
            (await run.Pipeline.RowsAsync("rejects"))
                .Select(row => $"{row.GetString("Position").Split(' ')[2][..10]}: seen {row["Seen"]}")
                .Order(StringComparer.Ordinal)
        );
        Assert.StartsWith(
            "rejected: moex-holders/ofz-nonresidents/all: 2 rejects of one cause, the first: ",
            Assert.Single(verdict.Open),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "; also seen 810500000000000, expected 20000000000 to 100000000000000, which holds the whole history; ",
            verdict.Open[0],
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "2 rows rejected, the first: ",
            Assert.Single(await run.Pipeline.RowsAsync("slices"))["LastError"].ToString(),
            StringComparison.Ordinal
        );
        await run.ReplayAsync("moex-holders/ofz-nonresidents/all", "", accept: true);
        Assert.Equal(12, (await run.Pipeline.RowsAsync("holders")).Count);
    }

    [Fact]
    public async Task A_figure_far_above_its_neighbours_is_not_loaded_and_an_accepted_one_is_not_asked_about_again()
    {
        // Without a share nothing but the neighbours tells.
        byte[] Body(string note) =>
            Table(
                (month, cells) =>
                {
                    cells[2] = "";
                    if (month == 6)
                        cells[1] = "80600";
                    if (month == 12)
                        cells[1] = note;
                }
            );
        using var server = new CaseServer().On("table_ofz", Body("812"));
        await using var run = Run(server);
        var verdict = await run.RunAsync();
        Assert.Equal((2, 11), (verdict.ExitCode, (await run.Pipeline.RowsAsync("holders")).Count));
        var reject = Assert.Single(await run.Pipeline.RowsAsync("rejects"));
        Assert.Equal("80600000000000", reject["Seen"]);
        Assert.Equal(
            "at most 10 times 806000000000, the median of its neighbours "
                + "(2025-04-01 804000000000, 2025-05-01 805000000000, 2025-07-01 807000000000, 2025-08-01 "
                + "808000000000)",
            reject["Expected"]
        );
        await run.ReplayAsync("moex-holders/ofz-nonresidents/all", "", accept: true);
        Assert.Equal(12, (await run.Pipeline.RowsAsync("holders")).Count);
        Assert.Equal("accepted", Assert.Single(await run.Pipeline.RowsAsync("rejects"))["State"]);
        Assert.StartsWith(
            "accepted by an operator: holders ofz|market_outstanding_cbr_monthly 2025-06-01|All non-residents|",
            (await run.Pipeline.RowsAsync("runs"))[0].GetString("Notes"),
            StringComparison.Ordinal
        );
        server.On("table_ofz", Body("813"));
        run.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        Assert.Equal(12, (await run.Pipeline.RowsAsync("holders")).Count);
    }

    [Theory]
    [InlineData(11, 2, 1)]
    [InlineData(10, 0, 0)]
    public async Task A_lasting_shift_is_believed_once_two_later_periods_confirm_it(int from, int exit, int rejected)
    {
        using var server = new CaseServer().On(
            "table_ofz",
            Table(
                (month, cells) =>
                {
                    cells[2] = "";
                    if (month >= from)
                        cells[1] = "16000";
                }
            )
        );
        await using var run = Run(server);
        Assert.Equal(
            (exit, rejected > 0),
            ((await run.RunAsync()).ExitCode, (await run.Pipeline.RowsAsync("rejects")).Count > 0)
        );
    }

    [Fact]
    public async Task A_month_in_the_future_and_one_before_the_table_begins_are_not_loaded()
    {
        using var server = new CaseServer().On(
            "table_ofz",
            Table(
                (month, cells) =>
                {
                    if (month == 1)
                        cells[0] = new DateTime(2011, 12, 1).ToOADate().ToString(CultureInfo.InvariantCulture);
                    if (month == 12)
                        cells[0] = new DateTime(2027, 1, 1).ToOADate().ToString(CultureInfo.InvariantCulture);
                }
            )
        );
        await using var run = Run(server);
        Assert.Equal(2, (await run.RunAsync()).ExitCode);
        Assert.Equal(
            [
                "2011-12-01: no earlier than 2012-01-01, the first day of the dataset",
                "2027-01-01: no later than 2026-11-30, when the body was fetched",
            ],
            (await run.Pipeline.RowsAsync("rejects"))
                .Select(row => $"{row["Seen"]}: {row["Expected"]}")
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_merged_header_stays_refused()
    {
        using var server = new CaseServer().On("table_ofz", Table(merged: true));
        await using var run = Run(server);
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(
            "a column with нерезидент and объем (the volume held)",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_exchange_that_says_nothing_has_failed_and_a_file_with_semicolons_is_named()
    {
        using var server = new CaseServer()
            .On("table_ofz", Table())
            .On("capitalization", "{\"capitalization\":{\"columns\":[\"CAPITALIZATION\",\"TRADEDATE\"],\"data\":[]}}");
        await using var run = Run(
            server,
            ("Moex__IssUrl", $"{server.Address}/iss"),
            ("Moex__HoldersFile", "holders.csv")
        );
        await run.DropAsync(
            "holders.csv",
            Encoding.UTF8.GetBytes("as_of;asset_class;basis;holder\n2025-12-31;equity;free_float;x\n")
        );
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(verdict.Failed, line =>
            line.Contains("market-capitalisation: last-day brought no rows: ", StringComparison.Ordinal)
        );
        Assert.Contains(verdict.Failed, line =>
            line.Contains(
                "line 1: seen semicolons between the columns, expected commas between the columns",
                StringComparison.Ordinal
            )
        );
    }

    private static string Capitalisation(decimal trillions, string day) =>
        "{\"capitalization\":{\"columns\":[\"CAPITALIZATION\",\"TRADEDATE\"],\"data\":[["
        + $"{trillions * 1_000_000_000_000m:0},\"{day}\"]]}}}}";

    [Fact]
    public async Task A_lasting_shift_of_the_capitalisation_is_believed_once_two_days_before_were_as_high()
    {
        using var server = new CaseServer();
        await using var run = Run(server, ("Moex__IssUrl", $"{server.Address}/iss"), ("Moex__OfzTableUrl", ""));
        for (var day = 11; day <= 20; day++)
        {
            server.On("capitalization", Capitalisation(day <= 14 ? 50 : 300, $"2026-11-{day}"));
            await run.RunAsync();
            run.Clock.Advance(TimeSpan.FromDays(1));
        }
        Assert.Equal(
            ["11", "12", "13", "14", "17", "18", "19", "20"],
            (await run.Pipeline.RowsAsync("holders")).Select(row => row.RowKey[8..10]).Order(StringComparer.Ordinal)
        );
        var rejects = await run.Pipeline.RowsAsync("rejects");
        Assert.Equal(["15", "16"], rejects.Select(row => row.GetString("Position").Split('-')[2][..2]));
        Assert.Equal(
            "at most 5 times 50000000000000, the median of its neighbours (2026-11-11 50000000000000, 2026-11-12 "
                + "50000000000000, 2026-11-13 50000000000000, 2026-11-14 50000000000000)",
            rejects[0]["Expected"]
        );
    }

    [Fact]
    public async Task A_month_in_the_future_that_is_not_loaded_does_not_hide_that_the_table_is_late()
    {
        var months = Table((month, cells) => cells[0] = month == 12 ? "47484" : cells[0]); // 2030-01-01
        using var server = new CaseServer().On("table_ofz", months);
        await using var run = Run(server);
        var verdict = await run.RunAsync();
        Assert.Equal((2, 11), (verdict.ExitCode, (await run.Pipeline.RowsAsync("holders")).Count));
        Assert.Equal("2025-11", Assert.Single(await run.Pipeline.RowsAsync("slices"))["Newest"]);
        Assert.Equal(
            "late: moex-holders/ofz-nonresidents/all is late: its newest period is 2025-11, 2026-10 should be out "
                + "by now",
            Assert.Single(verdict.Late)
        );
    }

    [Theory]
    [InlineData("0.25", true)]
    [InlineData("0.25", false)]
    [InlineData("2.5", false)]
    public async Task A_share_in_another_unit_of_a_month_without_a_volume_is_not_loaded(string slip, bool over)
    {
        using var server = new CaseServer();
        await using var run = Run(server);
        if (over)
        {
            server.On("table_ofz", Table((_, cells) => (cells[1], cells[2]) = ("", "25")));
            await run.RunAsync();
            run.Clock.Advance(TimeSpan.FromDays(2));
        }
        server.On("table_ofz", Table((month, cells) => (cells[1], cells[2]) = ("", month == 6 ? slip : "25")));
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Equal(over ? 12 : 11, (await run.Pipeline.RowsAsync("holders")).Count);
        Assert.Contains(
            $"seen a share of {slip}, expected a share within 5 points and 3 times of two of its neighbours "
                + $"(2025-04-01 "
                + "25, 2025-05-01 25, 2025-07-01 25, 2025-08-01 25); the row is not loaded; ",
            Assert.Single(verdict.Open),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_table_whose_months_have_slipped_by_a_row_is_not_loaded_over_a_true_one(bool withShares)
    {
        byte[] Slipped(int by) =>
            Table(
                (month, cells) =>
                    (cells[1], cells[2]) = (
                        $"{800 + (month - by) * 13}",
                        withShares ? $"{(30 + month - by) / 10m}" : ""
                    )
            );
        using var server = new CaseServer().On("table_ofz", Slipped(0));
        await using var run = Run(server);
        await run.RunAsync();
        run.Clock.Advance(TimeSpan.FromDays(2));
        server.On("table_ofz", Slipped(1));
        var verdict = await run.RunAsync();
        Assert.Equal(2, verdict.ExitCode);
        Assert.Contains(
            "body: seen 11 of 12 changed figures of ofz|market_outstanding_cbr_monthly that are those of the period "
                + "before it in the table, expected figures of their own periods; the table keeps the old rows; ",
            Assert.Single(verdict.Open),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("800000")]
    [InlineData("0.8")]
    public async Task Volumes_in_another_unit_without_shares_are_not_loaded_into_empty_tables(string volume)
    {
        using var server = new CaseServer().On("table_ofz", Table((_, cells) => (cells[1], cells[2]) = (volume, "")));
        await using var run = Run(server);
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Matches(
            @"12 of 12 figures that cannot be believed \([0-9a-f]{12}\), the first: ",
            Assert.Single(verdict.Failed)
        );
        Assert.Contains("expected 20000000000 to 100000000000000, which holds the whole history", verdict.Failed[0]);
        Assert.Empty(await run.Pipeline.RowsAsync("holders"));
    }
}
