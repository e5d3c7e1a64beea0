using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Sources.Census.Balance;
using Pipeline.Sources.Census.Trade;
using Pipeline.Sources.Moex.Capitalisation;
using Pipeline.Sources.Moex.Holders;
using Pipeline.Sources.Moex.Ofz;
using Pipeline.Sources.Tests.Cases;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.FlowsStock;
using Pipeline.Sources.Unctad.Partners;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Checks;

/// <summary>
/// The guards on published series, with their crises, wars and sanctions: nothing true is flagged, and slips are. The
/// files are no part of the repository: where they are missing, the tests are skipped.
/// </summary>
public sealed class RealSeriesTests
{
    private const string Fdi = "unctad/US_FdiFlowsStock_2025.csv";
    private const string Balance = "census/country_balance_2024-11.xlsx";
    private const string Bilateral = "unctad/bilateral_russia.csv";
    private const string Trades = "census/russia_trade.csv";
    private const string Bonds = "moex/ofz_nonresident.csv";
    private const string Capitalisation = "moex/stock_engine_capitalization.json";

    private static byte[] Read(string name) => RealData.Read(name);

    private static Task<FigureFindings> ReviewAsync(
        IRowParser reader,
        byte[] body,
        Dictionary<(string, string), double>? stored = null
    ) =>
        new FigureReview(
            reader,
            stored is null
                ? null
                : new ExistingFigures(
                    (partition, row) => stored.TryGetValue((partition, row), out var figure) ? figure : null
                ),
            null
        ).RunAsync(reader, body);

    private static async Task<Dictionary<(string, string), double>> StoredAsync(IRowParser reader, byte[] body)
    {
        var (_, all) = await reader.ParseAsync(new MemoryStream(body));
        return all.Rows.ToDictionary(row => (row.PartitionKey, row.RowKey), row => row.Figure!.Value);
    }

    /// <summary>The guide says how many figures the guard covers.</summary>
    private static void IsInGuide(string series, FigureFindings found)
    {
        var share = Math.Round(100.0 * found.Covered / found.Figures);
        var line = File.ReadLines(Path.Combine(Repository.Root, "docs", "data-guide.md"))
            .Single(line => line.StartsWith($"| {series}", StringComparison.Ordinal));
        var words = string.Create(
            CultureInfo.InvariantCulture,
            $"| {found.Covered:N0} of {found.Figures:N0}, {share} % |"
        );
        Assert.EndsWith(words, line, StringComparison.Ordinal);
    }

    private static FdiBody Reader() => new(extract: false, lastYear: 2024);

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_release_of_2025()
    {
        var body = Read(Fdi);
        var check = await Reader().CheckAsync(new MemoryStream(body));
        Assert.Null(check.Refusal);
        Assert.Equal(
            (34_952, 23_666, 9_626, 1_660, 0),
            (check.Read, check.Kept, check.Excluded, check.Missing, check.Rejected)
        );
        var found = await ReviewAsync(Reader(), body, await StoredAsync(Reader(), body));
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        Assert.Equal((23_666, 18_683), (found.Figures, found.Covered));
        IsInGuide("investment flows and stocks", found);
    }

    /// <summary>
    /// A year whose values stand one column further left or right, all values times a factor, two economies swapped.
    /// </summary>
    public static TheoryData<string> Slips => ["1000", "0.001", "1000000", "0.9", "shifted", "swapped"];

    [Theory, MemberData(nameof(Slips))]
    public async Task No_slip_is_loaded_over_a_true_vintage_nor_a_factor_into_an_empty_table(string slip)
    {
        var body = Read(Fdi);
        var wrong = Encoding.UTF8.GetBytes(Spoil(Encoding.UTF8.GetString(body), slip));
        var check = await Reader().CheckAsync(new MemoryStream(wrong));
        // Factors of a thousand and a shifted year show in the body alone.
        if (slip is not ("0.9" or "swapped"))
            Assert.NotNull(check.Refusal);
        if (slip == "shifted")
            return;
        var found = await ReviewAsync(Reader(), wrong, await StoredAsync(Reader(), body));
        Assert.Contains(
            slip == "swapped"
                ? "with figures of another magnitude than in the table: "
                : $"figures that are {slip} times those of the table",
            found.Refusal?.Seen,
            StringComparison.Ordinal
        );
    }

    private static string Spoil(string text, string slip)
    {
        var lines = text.Split('\n');
        for (var at = 1; at < lines.Length; at++)
        {
            // The value is the first number after the four quoted or coded columns: labels may hold commas.
            var tail = lines[at]
                .LastIndexOf(
                    '"',
                    lines[at].IndexOf("Inward\"", StringComparison.Ordinal) is >= 0 and var inward
                        ? inward + 7
                        : Math.Max(0, lines[at].IndexOf("Outward\"", StringComparison.Ordinal) + 8)
                );
            if (lines[at].Length == 0 || tail < 0)
                continue;
            var (head, rest) = (lines[at][..(tail + 2)], lines[at][(tail + 2)..].Split(','));
            if (slip == "shifted")
            {
                if (head.StartsWith("2010,", StringComparison.Ordinal) && rest[0].Length > 0)
                    lines[at] = $"{head},{string.Join(',', rest[..^1])}";
                continue;
            }
            if (slip == "swapped")
            {
                // The United States and Kyrgyzstan.
                if (head.Contains(",840,", StringComparison.Ordinal))
                    lines[at] = lines[at].Replace(",840,", ",417,", StringComparison.Ordinal);
                else if (head.Contains(",417,", StringComparison.Ordinal))
                    lines[at] = lines[at].Replace(",417,", ",840,", StringComparison.Ordinal);
                continue;
            }
            if (!decimal.TryParse(rest[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
                continue;
            rest[0] = (value * decimal.Parse(slip, CultureInfo.InvariantCulture)).ToString(
                "0.######",
                CultureInfo.InvariantCulture
            );
            lines[at] = head + string.Join(',', rest);
        }
        return string.Join('\n', lines);
    }

    [Fact]
    public async Task The_release_as_exports_of_the_data_centre_is_understood_as_a_whole()
    {
        var parts = new Dictionary<(string, string), StringBuilder>();
        foreach (var line in Encoding.UTF8.GetString(Read(Fdi)).Split('\n').Skip(1).Where(line => line.Length > 0))
        {
            var cells = line.Split('"');
            // year,code,"label",flow,"…",direction,"…",value,footnote,missing,…
            var rest =
                cells.Length > 7
                    ? line[(line.IndexOf(cells[5] + "\"", StringComparison.Ordinal) + cells[5].Length + 1)..]
                    : cells[6];
            var value = rest.TrimStart(',').Split(',')[0];
            var missing = rest switch
            {
                _ when rest.Contains("Not applicable", StringComparison.Ordinal) => "Not applicable",
                _ when rest.Contains("Negative acc", StringComparison.Ordinal) => "Negative accumulation of flows",
                _ => "",
            };
            if (rest.StartsWith(",,", StringComparison.Ordinal))
                value = "";
            var key = (cells[5].ToLowerInvariant(), cells[3].ToLowerInvariant());
            if (!parts.TryGetValue(key, out var part))
            {
                parts.Add(
                    key,
                    part = new StringBuilder(
                        $"#part {key.Item1} "
                            + $"{key.Item2}\nEconomy_Label,Year,US_at_current_prices_in_millions_Value,"
                            + "US_at_current_prices_Footnote,US_at_current_prices_MissingValue\r\n"
                    )
                );
            }

            var rounded =
                value.Length == 0
                    ? ""
                    : Math.Round(decimal.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture))
                        .ToString("0", CultureInfo.InvariantCulture);
            part.Append(
                CultureInfo.InvariantCulture,
                $"\"{cells[1]}\",{line[..4]},{rounded},,{(missing.Length > 0 ? $"\"{missing}\"" : "")}\r\n"
            );
        }
        var body = Encoding.UTF8.GetBytes(string.Concat(parts.Values));
        var check = await Reader().CheckAsync(new MemoryStream(body));
        Assert.Null(check.Refusal);
        Assert.Equal(
            (34_952, 23_666, 9_626, 1_660, 0),
            (check.Read, check.Kept, check.Excluded, check.Missing, check.Rejected)
        );
        Assert.Empty((await ReviewAsync(Reader(), body)).Flagged);
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_country_balance_file()
    {
        var body = Read(Balance);
        var reader = Trade.Reader("country-balance/1985-01");
        Assert.Null((await reader.CheckAsync(new MemoryStream(body))).Refusal);
        var found = await ReviewAsync(reader, body, await StoredAsync(reader, body));
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
    }

    /// <summary>The published months of all partners, both flows, 1985-01 to 2024-06.</summary>
    private static List<TradeMonthly> Totals()
    {
        var rows = new List<TradeMonthly>();
        var published = new HashSet<(string Period, bool Imports)>();
        foreach (var (row, _) in BalanceFile.Read(new MemoryStream(Read(Balance))))
        {
            var code = $"{row!.Code}";
            if (code.StartsWith('0') && code != "0015")
                continue;
            foreach (var imports in (bool[])[true, false])
            {
                for (var month = 0; month < 12; month++)
                {
                    var period = $"{row.Year}-{month + 1:00}";
                    if (!BalanceFile.TryDollars((imports ? row.Imports : row.Exports)[month], out var dollars))
                        continue;
                    // A month that is not published has 0 for the world.
                    if (code == "0015" && dollars > 0)
                        published.Add((period, imports));
                    if (code == "0015")
                        continue;
                    rows.Add(
                        new TradeMonthly
                        {
                            PartitionKey = $"{code}|{(imports ? "imports" : "exports")}|total",
                            RowKey = $"{period}|TOTAL",
                            ValueUsd = dollars,
                        }
                    );
                }
            }
        }
        rows.RemoveAll(row =>
            !published.Contains((row.RowKey[..7], row.PartitionKey.Contains("|imports|", StringComparison.Ordinal)))
        );
        return rows;
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_totals_of_all_partners_as_one_series()
    {
        var found = await new RowsParser(TradeMonthly.Table, CensusBody.Totals, Totals()).ReviewAsync();
        Assert.Empty(found.Flagged);
        IsInGuide("trade totals of all partners", found);
    }

    /// <summary>
    /// Bodies as the API gives them: a year, or its first months while it is open, into empty tables and beside the
    /// stored years around it.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(9)]
    [InlineData(12)]
    public async Task Nothing_true_is_flagged_in_the_totals_of_all_partners_year_by_year(int months)
    {
        Assert.SkipUnless(
            Share.Current.IsFull || months is 1 or 12,
            $"at a tenth of the length whole years and Januaries are tried; {Share.Variable}={Share.Full} tries all"
        );
        var rows = Totals();
        var flagged = new List<string>();
        foreach (var year in rows.GroupBy(row => row.RowKey[..4]))
        {
            // Of an open year nothing later is stored.
            var stored = new StoredRows(
                months == 12 ? rows : rows.Where(row => string.CompareOrdinal(row.RowKey, year.Key) < 0)
            );
            foreach (var flow in (string[])["exports", "imports"])
            {
                var body = year.Where(row =>
                        row.PartitionKey.Contains($"|{flow}|", StringComparison.Ordinal)
                        && int.Parse(row.RowKey[5..7], CultureInfo.InvariantCulture) <= months
                    )
                    .ToList();
                foreach (var part in (List<TradeMonthly>[])[body, [.. body.Where(row => row.ValueUsd > 0)]])
                {
                    var reader = new RowsParser(
                        TradeMonthly.Table,
                        Trade.Reader($"{flow}-total/{year.Key}").Figures,
                        part
                    );
                    flagged.AddRange((await reader.ReviewAsync()).Flagged.Values.Select(flag => $"{flag}"));
                    flagged.AddRange(
                        (await reader.ReviewAsync(stored: stored)).Flagged.Values.Select(flag => $"{flag}")
                    );
                }
            }
        }
        Assert.Empty(flagged);
    }

    /// <summary>The first month of a year a thousand times too large, beside the stored year before.</summary>
    [Fact]
    public async Task A_first_month_in_another_unit_is_flagged_for_every_partner_with_enough_trade()
    {
        var rows = Totals();
        var stored = new StoredRows(rows.Where(row => string.CompareOrdinal(row.RowKey, "2016") < 0));
        var body = rows.Where(row => row.RowKey.StartsWith("2016-01", StringComparison.Ordinal))
            .Where(row => row.PartitionKey.EndsWith("|exports|total", StringComparison.Ordinal))
            .Select(row => new TradeMonthly
            {
                PartitionKey = row.PartitionKey,
                RowKey = row.RowKey,
                ValueUsd = row.ValueUsd * 1000,
            })
            .ToList();
        var reader = new RowsParser(TradeMonthly.Table, Trade.Reader("exports-total/2016").Figures, body);
        var found = await reader.ReviewAsync(stored: stored);
        var expected = rows.Where(row => string.CompareOrdinal(row.RowKey, "2015-09") >= 0)
            .Where(row => string.CompareOrdinal(row.RowKey, "2016") < 0)
            .GroupBy(row => row.PartitionKey)
            .Where(months => FigureMath.Median([.. months.Select(month => (double)month.ValueUsd)]) >= 20_000_000)
            .Select(months => months.Key)
            .Intersect(body.Where(row => row.ValueUsd > 0).Select(row => row.PartitionKey))
            .Order(StringComparer.Ordinal);
        Assert.Equal(expected, found.Flagged.Keys.Select(key => key.Partition).Order(StringComparer.Ordinal));
        Assert.InRange(found.Flagged.Count, 100, body.Count);
    }

    /// <summary>Two vintages of a month: the API's response, and the balance file of 2024 with its revisions.</summary>
    [Theory]
    [InlineData("exports", "2018-12")]
    [InlineData("imports", "2018-12")]
    [InlineData("exports", "2019-10")]
    [InlineData("imports", "2019-10")]
    public async Task A_true_revision_is_not_taken_for_another_unit(string flow, string month)
    {
        using var answer = JsonDocument.Parse(Read($"census/{flow}_hs_all_partners_{month}.json"));
        var body = answer
            .RootElement.EnumerateArray()
            .Skip(1)
            .Select(row => (Code: row[0].GetString()!, Value: row[2].GetString()!))
            .Where(row => row.Code[0] is >= '1' and <= '8' && row.Code.All(char.IsAsciiDigit))
            .Select(row => new TradeMonthly
            {
                PartitionKey = $"{row.Code}|{flow}|total",
                RowKey = $"{month}|TOTAL",
                ValueUsd = long.Parse(row.Value, CultureInfo.InvariantCulture),
            });
        var stored = Totals().Where(row => row.RowKey.StartsWith(month, StringComparison.Ordinal));
        var found = await new RowsParser(
            TradeMonthly.Table,
            Trade.Reader($"{flow}-total/{month}").Figures,
            body
        ).ReviewAsync(stored);
        Assert.InRange(found.Figures, 200, 260);
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
    }

    /// <summary>Chapters of all partners beside the totals of the balance file, which are of another vintage.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(1000, true)]
    [InlineData(0.001, true)]
    public async Task True_chapters_fit_the_totals_of_their_partners(double factor, bool isRefused)
    {
        using var answer = JsonDocument.Parse(Read("census/imports_hs_HS2_all_partners_2023-01.json"));
        var names = answer.RootElement[0].EnumerateArray().Select(name => name.GetString()).ToList();
        var (code, value, chapter) = (
            names.IndexOf("CTY_CODE"),
            names.IndexOf("GEN_VAL_MO"),
            names.IndexOf("I_COMMODITY")
        );
        var body = answer
            .RootElement.EnumerateArray()
            .Skip(1)
            .Where(row => row[code].GetString() is [>= '1' and <= '8', ..] own && own.All(char.IsAsciiDigit))
            .Select(row => new TradeMonthly
            {
                PartitionKey = $"{row[code].GetString()}|imports|HS2",
                RowKey = $"2023-01|{row[chapter].GetString()}",
                ValueUsd = (long)(long.Parse(row[value].GetString()!, CultureInfo.InvariantCulture) * factor),
            })
            .DistinctBy(row => (row.PartitionKey, row.RowKey))
            .ToList();
        Assert.InRange(body.Count, 7_000, 9_464);
        var reader = new RowsParser(
            TradeMonthly.Table,
            Trade.Reader("imports-hs2/all-2023-01", Trade.Settings(all: true)).Figures,
            body
        );
        var found = await reader.ReviewAsync(stored: new StoredRows(Totals()));
        Assert.Equal(isRefused, found.Refusals.Count > 0);
        Assert.All(found.Refusals, refusal =>
            Assert.StartsWith("body, beside the totals, trademonthly ", refusal.Where, StringComparison.Ordinal)
        );
        if (factor <= 1)
            Assert.Empty(found.Flagged);
    }

    [Fact]
    public async Task No_true_statement_on_holders_is_refused()
    {
        var reader = new HoldersBody { LastDay = new DateOnly(2026, 1, 1) };
        var outcome = await BodyOutcome.ReadAsync(reader, Read("moex/holders.csv"));
        Assert.Equal((null, 38, 0), (outcome.Check.Refusal, outcome.Check.Kept, outcome.Check.Rejected));
    }

    /// <summary>US dollars in a euro (an ECU before 1999), by year from 1990 on.</summary>
    private static readonly decimal[] Euro =
    [
        1.27m,
        1.24m,
        1.30m,
        1.17m,
        1.19m,
        1.31m,
        1.27m,
        1.13m,
        1.12m,
        1.07m,
        0.92m,
        0.90m,
        0.95m,
        1.13m,
        1.24m,
        1.24m,
        1.26m,
        1.37m,
        1.47m,
        1.39m,
        1.33m,
        1.39m,
        1.28m,
        1.33m,
        1.33m,
        1.11m,
        1.11m,
        1.13m,
        1.18m,
        1.12m,
        1.14m,
        1.18m,
        1.05m,
        1.08m,
        1.08m,
    ];

    private static byte[] Release(Func<int, string[], decimal> factor) =>
        RealRelease.Read().Scaled(row => factor(int.Parse(row[0], CultureInfo.InvariantCulture), row)).Bytes();

    /// <summary>Stocks that people of an economy hold abroad; groups have four digits.</summary>
    private static bool IsOutwardStock(string[] row) => row[3] == "09" && row[5] == "2";

    [Theory]
    [InlineData(
        "euros",
        "figures of 2016 that are 0.901 times those of the table, and 34 more periods that moved by a factor of "
            + "their own"
    )]
    [InlineData("prices of 2024", "times those of the table, and ")]
    [InlineData("outward stocks in another unit", "figures of outward|stock that are 0.9 times those of the table")]
    public async Task Another_currency_or_price_base_is_not_loaded_over_a_true_release(string fault, string seen)
    {
        var body = Release(
            (year, row) =>
                fault switch
                {
                    "euros" => 1 / Euro[year - 1990],
                    "prices of 2024" => (decimal)Math.Pow(1.023, 2024 - year),
                    _ => IsOutwardStock(row) ? 0.9m : 1,
                }
        );
        var found = await ReviewAsync(Reader(), body, await StoredAsync(Reader(), Read(Fdi)));
        Assert.Contains(seen, found.Refusal?.Seen, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        null,
        1000,
        "year 1990, outward stock: seen 731762000000000 US dollars for 840 United States, expected at most "
            + "2254903328000, the row of the world; "
    )]
    [InlineData(null, 0.001, "year 1990, outward stock: seen economies without the financial centres that add up to ")]
    [InlineData(
        "840",
        1000,
        "year 1990, outward stock: seen 731762000000000 US dollars for 840 United States, expected at most "
    )]
    [InlineData("840", 0.001, "year 1990, outward stock: seen economies without the financial centres that add up to ")]
    [InlineData("092", 1000, "US dollars for 092 British Virgin Islands, expected at most ")]
    public async Task Outward_stocks_in_another_unit_are_not_loaded_into_empty_tables(
        string? economy,
        double factor,
        string expected
    )
    {
        var body = Release(
            (_, row) =>
                IsOutwardStock(row) && row[1].Length == 3 && (economy is null || row[1] == economy)
                    ? (decimal)factor
                    : 1
        );
        var check = await Reader().CheckAsync(new MemoryStream(body));
        Assert.Contains(expected, check.Refusal?.ToString(), StringComparison.Ordinal);
        if (factor < 1)
            Assert.Contains(", the row of the world, to 1 %", check.Refusal?.Expected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1000", "at most 50000000000000 for one host")]
    [InlineData("0.001", "at least 1000000000 for 50 partners or more")]
    public async Task The_bilateral_statistics_in_another_unit_are_not_loaded_into_empty_tables(
        string factor,
        string expected
    )
    {
        var lines = Encoding.UTF8.GetString(Read(Bilateral)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (var at = 1; at < lines.Length; at++)
        {
            var cut = lines[at].LastIndexOf(',');
            if (
                decimal.TryParse(
                    lines[at][(cut + 1)..],
                    NumberStyles.Float,
                    CultureInfo.InvariantCulture,
                    out var value
                )
            )
            {
                value *= decimal.Parse(factor, CultureInfo.InvariantCulture);
                lines[at] = $"{lines[at][..cut]},{value.ToString(CultureInfo.InvariantCulture)}";
            }
        }
        var body = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        var check = await new PartnersBody(2014).CheckAsync(new MemoryStream(body));
        Assert.Equal((expected, true), (check.Refusal?.Expected, check.Unreadable is null));
        Assert.StartsWith(
            "the table keeps the old rows; check the unit, million US dollars, ",
            check.Refusal?.Advice,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Partners_are_held_against_the_stored_total_of_their_host()
    {
        var body = Read(Bilateral);
        var total = await TotalsOfRussiaAsync();
        Assert.Null((await ReviewAsync(1)).Refusal);
        Assert.Equal(8, (await ReviewAsync(1000)).Refusals.Count);
        Assert.Equal(8, (await ReviewAsync(0.001)).Refusals.Count);

        Task<FigureFindings> ReviewAsync(double factor) =>
            new FigureReview(
                new PartnersBody(2014),
                null,
                new StoredRows(
                    total.Select(row => new FdiAnnual
                    {
                        PartitionKey = row.PartitionKey,
                        RowKey = row.RowKey,
                        ValueUsd = (long)(row.ValueUsd / factor),
                    })
                )
            ).RunAsync(new PartnersBody(2014), body);

        static async Task<List<FdiAnnual>> TotalsOfRussiaAsync()
        {
            var (_, all) = await Reader().ParseAsync(new MemoryStream(Read(Fdi)));
            return
            [
                .. all
                    .Rows.Cast<FdiAnnual>()
                    .Where(row => row.PartitionKey.StartsWith("643|", StringComparison.Ordinal)),
            ];
        }
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_bilateral_statistics()
    {
        var body = Read(Bilateral);
        var found = await ReviewAsync(new PartnersBody(2012), body);
        Assert.Empty(found.Flagged);
        IsInGuide("investment by partner", found);
    }

    /// <summary>The months of the trade with Russia, 1992 to 2025, each times a factor.</summary>
    private static IEnumerable<TradeMonthly> Russia(Func<string, long> factor) =>
        Encoding
            .UTF8.GetString(Read(Trades))
            .Split('\n')
            .Skip(1)
            .Select(line => line.Split(','))
            .Where(cells => cells is [{ Length: 7 }, "exports" or "imports", ..])
            .Select(cells => new TradeMonthly
            {
                PartitionKey = $"4621|{cells[1]}|total",
                RowKey = $"{cells[0]}|TOTAL",
                ValueUsd = (long)(decimal.Parse(cells[2], CultureInfo.InvariantCulture) * 1_000_000) * factor(cells[0]),
            });

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_trade_with_Russia()
    {
        var found = await new RowsParser(TradeMonthly.Table, CensusBody.Totals, Russia(_ => 1)).ReviewAsync();
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        IsInGuide("trade totals with Russia", found);
    }

    [Theory]
    [InlineData("1992-01")]
    [InlineData("2022-05")]
    [InlineData("2025-02")]
    public async Task A_month_a_thousand_times_too_large_is_flagged(string month)
    {
        var rows = Russia(period => period == month ? 1000 : 1);
        var found = await new RowsParser(TradeMonthly.Table, CensusBody.Totals, rows).ReviewAsync();
        Assert.Equal(month == "1992-01" ? 0 : 2, found.Flagged.Count);
        Assert.All(found.Flagged, flag => Assert.StartsWith(month, flag.Key.Row, StringComparison.Ordinal));
    }

    /// <summary>The Bank of Russia's months of the file as its table has them, volumes times a factor.</summary>
    private static byte[] Ofz(Func<string, int> factor)
    {
        var table = new TestWorkbook { Sheet = "ОФЗ" }.Add([
            "'Дата",
            "'Объем нерезидентов, млрд руб.",
            "'Доля нерезидентов, %",
            "'Объем рынка, млрд руб.",
        ]);
        foreach (var line in Encoding.UTF8.GetString(Read(Bonds)).Split('\n').Skip(1))
        {
            if (line.Split(',') is not [{ Length: 10 } day, var share, var volume, var total, "cbr_monthly", ..])
                continue;
            if (volume.Length > 0)
                volume = $"{int.Parse(volume, CultureInfo.InvariantCulture) * factor(day)}";
            table.Add([$"'{day}", volume, share, total]);
        }
        return table.Write();
    }

    [Fact]
    public async Task Nothing_true_is_flagged_in_the_bonds_of_non_residents()
    {
        var body = Ofz(_ => 1);
        var check = await new OfzBody().CheckAsync(new MemoryStream(body));
        Assert.Equal((null, 37, 37, 0), (check.Refusal, check.Read, check.Kept, check.Rejected));
        var found = await ReviewAsync(new OfzBody(), body, await StoredAsync(new OfzBody(), body));
        Assert.Null(found.Refusal);
        Assert.Empty(found.Flagged);
        IsInGuide("OFZ of non-residents", found);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100)]
    public async Task A_volume_in_another_unit_does_not_fit_its_share(int factor)
    {
        var body = Ofz(day => day == "2024-02-01" ? factor : 1);
        var check = await new OfzBody().CheckAsync(new MemoryStream(body));
        Assert.Equal((null, 37, 0), (check.Refusal, check.Kept, check.Rejected));
        var flag = Assert.Single((await ReviewAsync(new OfzBody(), body)).Flagged).Value;
        Assert.StartsWith(
            "holders ofz|market_outstanding_cbr_monthly 2024-02-01|",
            flag.Where,
            StringComparison.Ordinal
        );
        Assert.StartsWith("no more than the total (row ", flag.Expected, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_capitalisation_of_2017_is_plausible_and_a_thousandth_of_it_is_not()
    {
        var body = Encoding.UTF8.GetString(Read(Capitalisation));
        var reader = new CapitalisationBody();
        Assert.Empty((await ReviewAsync(reader, Encoding.UTF8.GetBytes(body))).Flagged);
        var slipped = body.Replace("32370425050077.613", "32370425050.077", StringComparison.Ordinal);
        var flag = Assert.Single((await ReviewAsync(reader, Encoding.UTF8.GetBytes(slipped))).Flagged).Value;
        Assert.Equal(
            ("32370425050.077", "1000000000000 to 1000000000000000, which holds the whole history"),
            (flag.Seen, flag.Expected)
        );
    }
}
