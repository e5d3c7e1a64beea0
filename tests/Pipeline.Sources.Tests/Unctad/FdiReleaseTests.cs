using Pipeline.Testing;
using Xunit;
using static Pipeline.Testing.Fdi;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>
/// What must be true of a vintage before it replaces another, on made-up ones as large as a real one.
/// </summary>
public sealed class FdiReleaseTests
{
    private const string Correct =
        "the table keeps the old vintage; if people have edited the file, take the publisher's; if the publisher's is "
        + "like that, wait for the next release";

    private const string Ask =
        "the table keeps the old vintage; pull the slice again; if it stays so ask the publisher, and replay it with "
        + "accept if the figures are right";

    private static Task<BodyOutcome> ReadAsync(IEnumerable<Row> rows) =>
        BodyOutcome.ReadAsync(Reader(extract: false), Bytes(Text(rows)));

    [Fact]
    public async Task A_whole_release_is_loaded()
    {
        var outcome = await ReadAsync(Release());
        Assert.Equal("30100 of 30240 kept, 140 excluded", outcome.ToString());
        Assert.Equal("2024-12", outcome.Check.Newest);
        Assert.Equal(30_100, outcome.Rows.Select(row => (row.PartitionKey, row.RowKey)).Distinct().Count());
    }

    public static TheoryData<string, string> Broken =>
        new()
        {
            { "fewer rows", $"body: seen 29300 rows, expected 30000 to 60000; {Ask}" },
            { "fewer economies", $"body: seen 199 economies, expected at least 200; {Ask}" },
            { "begins late", $"body: seen 1991 as the first year, expected 1990, or 1970 in old releases; {Ask}" },
            {
                "no world in a year",
                $"year 2001, outward stock: seen no row of the world, economy 0000, expected one; {Ask}"
            },
            {
                "no world at all",
                $"year 1990, inward flow: seen no row of the world, economy 0000, expected one; {Ask}"
            },
            {
                "a row twice",
                $"line 30242: seen 643 1990 inward flow a second time, expected one row per economy, year, flow and "
                    + $"direction; {Correct}"
            },
            {
                "a group twice",
                $"line 30242: seen 0000 1990 inward flow a second time, expected one row per economy, year, flow "
                    + $"and direction; {Correct}"
            },
            {
                "a row twice, other figure",
                $"line 30242: seen 643 1990 inward flow a second time, expected one row per economy, year, flow and "
                    + $"direction; {Correct}"
            },
            {
                "a flow is off",
                "year 2010, outward flow: seen economies without the financial centres that add up to "
            },
            {
                "an inward stock is off",
                "year 2015, inward stock: seen economies without the financial centres that add up to "
            },
            { "outward stocks in another unit", "year 1990, outward stock: seen 2970000000000 US dollars for " },
            {
                "outward stocks that are halved",
                "year 1990, outward stock: seen economies without the financial centres that add up to "
            },
            {
                "with the centres",
                "year 1992, inward flow: seen economies without the financial centres that add up to "
            },
            {
                "missing everywhere",
                $"body: seen 8600 of 30100 rows of economies without a value, expected at most 20 %; {Ask}"
            },
            {
                "zeros lost",
                "body: seen 14000 of 30240 rows that cannot be understood, the first: line 3, column Economy: seen "
                    + "\"28\", expected three digits, or four of a group: the code has lost its leading zeros, "
                    + "expected at most 1 %; the table keeps the old vintage; if people have edited the file, take "
                    + "the publisher's; if the layout has changed, adapt the reader, then replay"
            },
            { "some edited", "body: seen 350 of 30240 rows that cannot be understood, the first: line " },
        };

    [Theory, MemberData(nameof(Broken))]
    public async Task A_release_that_cannot_be_whole_is_refused(string fault, string expected)
    {
        var rows = Release();
        var centres = rows.Take(17).Select(row => row.Code).ToHashSet();
        var russia = rows.First(row => row.Code == "643");
        int Find(int year, string code, string flow, int direction) =>
            rows.FindIndex(row =>
                row.Year == year && row.Code == code && row.Flow == flow && row.Direction == direction
            );
        void Edit(int at, Func<Row, Row> edit) => rows[at] = edit(rows[at]);
        switch (fault)
        {
            case "fewer rows":
                rows.RemoveRange(rows.Count - 940, 940);
                break;
            case "fewer economies":
                var gone = rows.Select(row => row.Code)
                    .Where(code => code != "0000" && !centres.Contains(code))
                    .Distinct()
                    .TakeLast(16)
                    .ToHashSet();
                foreach (var code in gone)
                    rows.RemoveAll(row => row.Code == code);
                // As many rows as before, of groups.
                rows.AddRange(
                    rows.Where(row => row.Code == "0000")
                        .SelectMany(row => Enumerable.Range(1400, 16).Select(code => row with { Code = $"{code}" }))
                        .ToList()
                );
                break;
            case "begins late":
                rows = Release(first: 1991, last: 2026);
                break;
            case "no world in a year":
                rows.RemoveAt(Find(2001, "0000", "09", 2));
                break;
            case "no world at all":
                rows = [.. rows.Select(row => row.Code == "0000" ? row with { Code = "1400" } : row)];
                break;
            case "a row twice":
                rows.Add(russia);
                break;
            case "a group twice":
                rows.Add(rows.First(row => row.Code == "0000"));
                break;
            case "a row twice, other figure":
                rows.Add(russia with { Value = "7" });
                break;
            case "a flow is off":
                Edit(Find(2010, "840", "08", 2), row => row with { Value = "7" });
                break;
            case "an inward stock is off":
                Edit(Find(2015, "840", "09", 1), row => row with { Value = "7" });
                break;
            case "outward stocks in another unit":
            case "outward stocks that are halved":
                rows =
                [
                    .. rows.Select(row =>
                        row is { Flow: "09", Direction: 2 } && row.Code != "0000"
                            ? row with
                            {
                                Value = Times(row.Value, fault == "outward stocks that are halved" ? 0.5m : 1000),
                            }
                            : row
                    ),
                ];
                break;
            case "with the centres":
                rows = [.. rows.Select(row => row.Code == "044" ? row with { Code = "998" } : row)];
                break;
            case "missing everywhere":
                rows =
                [
                    .. rows.Select(
                        (row, at) =>
                            row.Code != "0000" && at % 7 < 2 ? row with { Value = "", Missing = "Not available" } : row
                    ),
                ];
                break;
            case "zeros lost":
                rows =
                [
                    .. rows.Select(row =>
                        row.Code == "0000" ? row with { Code = "0" } : row with { Code = row.Code.TrimStart('0') }
                    ),
                ];
                break;
            default:
                for (var at = 0; at < 350; at++)
                    Edit(at * 86 + 3, row => row with { Value = "1,234" });
                break;
        }
        var outcome = await ReadAsync(rows);
        Assert.StartsWith(expected, outcome.Check.Refusal?.ToString(), StringComparison.Ordinal);
        Assert.Empty(outcome.Rows);
    }

    private static string Times(string value, decimal factor) =>
        (decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture) * factor).ToString(
            "0.######",
            System.Globalization.CultureInfo.InvariantCulture
        );

    public static TheoryData<string> Fine =>
        [
            "outward stock",
            "early inward stock",
            "flows of 1990",
            "below the rounding",
            "negative accumulation",
            "a rejected row in the sum",
            "from 1970",
            "an economy that nobody knows",
            "a centre is off",
        ];

    [Theory, MemberData(nameof(Fine))]
    public async Task A_release_is_loaded_where_a_difference_proves_nothing(string kind)
    {
        var rows = kind == "from 1970" ? Release(first: 1970, last: 2019, economies: 204) : Release();
        void Edit(int year, string code, string flow, int direction, Func<Row, Row> edit)
        {
            var at = rows.FindIndex(row =>
                row.Year == year && row.Code == code && row.Flow == flow && row.Direction == direction
            );
            rows[at] = edit(rows[at]);
        }
        switch (kind)
        {
            case "outward stock":
                Edit(2015, "840", "09", 2, row => row with { Value = "7" });
                break;
            case "early inward stock":
                Edit(2007, "840", "09", 1, row => row with { Value = "7" });
                break;
            case "flows of 1990":
                Edit(1990, "840", "08", 1, row => row with { Value = "7" });
                break;
            case "below the rounding":
                Edit(2010, "840", "08", 1, row =>
                    row with
                    {
                        Value = row.Value + (row.Value.Contains('.', StringComparison.Ordinal) ? "01" : ".001"),
                    }
                );
                break;
            case "negative accumulation":
                Edit(2000, "840", "09", 1, row => row with { Value = "", Missing = "Negative accumulation of flows" });
                break;
            case "a rejected row in the sum":
                Edit(2010, "840", "08", 1, row => row with { Value = "what" });
                break;
            case "a centre is off":
                Edit(2010, "044", "08", 1, row => row with { Value = "7" });
                break;
        }
        Assert.Null((await ReadAsync(rows)).Check.Refusal);
    }

    [Fact]
    public async Task Answers_of_the_user_API_without_groups_are_asked_about_and_must_not_be_few()
    {
        static string Api(IEnumerable<Row> rows) =>
            "Economy_Code,Direction_Code,Flow_Code,Year,M0100_Value\n"
            + string.Concat(
                rows.Where(row => row.Code != "0000")
                    .Select(row =>
                        $"{row.Code},{row.Direction},{row.Flow},{row.Year},"
                        + $"{decimal.Parse(row.Value, System.Globalization.CultureInfo.InvariantCulture) * 1_000_000:0}\n"
                    )
            );
        Assert.Equal(
            "30100 of 30100 kept, 0 excluded\nrefused: body, sums: seen a selection without the world, economy 0000, "
                + "and without any group, expected the world and the groups too, so that the economies can be added "
                + "up; the table keeps the old vintage; choose the groups too, or compare with the publisher's page, "
                + "then replay the slice with accept if the figures are right: the next selection without groups is "
                + "then loaded",
            (await BodyOutcome.ReadAsync(Reader(extract: false), Bytes(Api(Release())))).ToString()
        );
        Assert.StartsWith(
            "body: seen 17200 rows, expected 20000 to 60000; ",
            (
                await BodyOutcome.ReadAsync(Reader(extract: false), Bytes(Api(Release(last: 2009))))
            ).Check.Refusal?.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_parse_needs_little_memory_beside_its_rows()
    {
        var body = Bytes(Text(Release()));
        using var stream = new MemoryStream(body, writable: false);
        await Reader(extract: false).CheckAsync(stream);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var check = await Reader(extract: false).CheckAsync(stream);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < (4 << 20) + 300 * check.Kept, $"{allocated:N0} bytes for {check.Kept:N0} rows");
    }

    /// <summary>The release of 2025 with the figures of a group changed.</summary>
    [Theory]
    [InlineData("", "", "")]
    [InlineData("1500", "0.1", "year 1990, inward flow, group 0000 World: seen parts that add up to ")]
    [InlineData("5410", "10", "year 1990, inward flow, group 5400 Europe: seen parts that add up to ")]
    [InlineData(
        "1640",
        "2",
        "year 1990, inward flow, group 1640 SIDS (Small island developing States) (UN-OHRLLS): seen "
    )]
    [InlineData("1400", "gone", "year 1990, inward flow, group 0000 World: seen parts that add up to ")]
    [InlineData(
        "356",
        "swapped with 076",
        "year 1990, inward flow, group 5223 South America: seen economies without the financial centres that add up to "
    )]
    public async Task Groups_add_up_from_their_parts(string code, string change, string words)
    {
        var lines = System
            .Text.Encoding.UTF8.GetString(Cases.RealData.Read("unctad/US_FdiFlowsStock_2025.csv"))
            .Split('\n');
        var made = new System.Text.StringBuilder();
        foreach (var line in lines)
        {
            var cells = DataCentre.CellsOf(line.TrimEnd('\r'));
            // India and Brazil: neither the world nor the developing economies show it.
            if (change.StartsWith("swapped", StringComparison.Ordinal) && cells.Length > 7)
            {
                cells[1] = cells[1] switch
                {
                    "356" => "076",
                    "076" => "356",
                    _ => cells[1],
                };
            }
            else if (cells.Length > 7 && cells[1].Trim('"') == code)
            {
                if (change == "gone")
                    continue;
                if (cells[7].Length > 0)
                {
                    var value = decimal.Parse(cells[7], System.Globalization.CultureInfo.InvariantCulture);
                    value *= decimal.Parse(change, System.Globalization.CultureInfo.InvariantCulture);
                    cells[7] = value.ToString("0.####", System.Globalization.CultureInfo.InvariantCulture);
                }
            }
            made.AppendJoin(',', cells).Append('\n');
        }
        var check = (await BodyOutcome.ReadAsync(Reader(extract: false), Bytes(made.ToString()))).Check;
        Assert.StartsWith(words, $"{check.Refusal}", StringComparison.Ordinal);
        if (words.Length == 0)
        {
            Assert.Null(check.Refusal);
            return;
        }
        Assert.EndsWith(
            "; the table keeps the old vintage; compare with the publisher's page, then replay the slice with "
                + "accept if "
                + "the figures are right; which parts a group has is the list group-sums.txt of the program",
            $"{check.Refusal}",
            StringComparison.Ordinal
        );
        Assert.Null(check.Unreadable);
    }
}
