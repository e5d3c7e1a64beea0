using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Insight.Indicators;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

public sealed class IndicatorTests
{
    private const string Year = "1 2 3 4 5 6 7 8 9 10 11 12";
    private static readonly string[] Flows = ["exports", "imports"];

    private static Dictionary<string, IndicatorRow> Trade(string exports, string imports, List<string>? notes = null) =>
        new TradeFamily(["4621"])
            .Compute([.. Facts.Trade("exports", exports), .. Facts.Trade("imports", imports)], notes ?? [])
            .ToDictionary(row => $"{row.PartitionKey} {row.RowKey}");

    [Fact]
    public void Months_years_years_to_date_and_twelve_months_are_computed_with_inputs_and_vintage()
    {
        var rows = Trade($"2018: {Year}\n2019: 1 1 1", $"2018: {Year}\n2019: 2 2");
        Assert.Equal(
            (3_000_000, "2018-03"),
            (rows["us-ru-exports-monthly 2018-03"].Value, rows["us-ru-exports-monthly 2018-03"].Period)
        );
        Assert.Equal(78_000_000, rows["us-ru-imports-annual 2018"].Value);
        Assert.Equal(0, rows["us-ru-trade-balance-annual 2018"].Value);
        Assert.Equal(156_000_000, rows["us-ru-trade-total-annual 2018"].Value);
        Assert.Equal(3_000_000, rows["us-ru-exports-ytd 2019-03"].Value);
        Assert.Equal(-2_000_000, rows["us-ru-trade-balance-ytd 2019-02"].Value);
        Assert.Equal(78_000_000 - 6_000_000 + 3_000_000, rows["us-ru-exports-12m 2019-03"].Value);
        var balance = rows["us-ru-trade-balance-12m 2019-02"];
        Assert.Equal(
            "trademonthly 4621|exports|total 2018-03|TOTAL..2019-02|TOTAL; trademonthly 4621|imports|total "
                + "2018-03|TOTAL..2019-02|TOTAL",
            balance.Inputs
        );
        Assert.Equal(
            ("US balance of trade in goods with Russia, twelve months to the month", "US dollars", Facts.Fetched),
            (balance.Title, balance.Unit, balance.Vintage)
        );
        Assert.Equal("trademonthly 4621|exports|total 2018-03|TOTAL", rows["us-ru-exports-monthly 2018-03"].Inputs);
    }

    [Theory]
    [InlineData("us-ru-exports-annual 2019")] // Three months are a year to date only.
    [InlineData("us-ru-trade-balance-monthly 2019-03")] // Imports of March are not out yet.
    [InlineData("us-ru-trade-total-ytd 2019-03")]
    [InlineData("us-ru-exports-12m 2018-11")] // December 2017 is not on file.
    [InlineData("us-ru-imports-ytd 2019-03")]
    public void An_incomplete_period_is_not_published(string key) =>
        Assert.DoesNotContain(key, Trade($"2018: {Year}\n2019: 1 1 1", $"2018: {Year}\n2019: 2 2").Keys);

    [Fact]
    public void The_newest_vintage_of_the_inputs_counts()
    {
        var newer = Facts.Fetched.AddDays(1);
        List<FactRow> facts =
        [
            .. Facts.Trade("exports", $"2018: {Year}"),
            .. Facts.Trade("imports", $"2018: {Year}", vintage: newer),
        ];
        var rows = new TradeFamily(["4621"]).Compute(facts, []).ToDictionary(row => $"{row.PartitionKey} {row.RowKey}");
        Assert.Equal(
            (Facts.Fetched, newer),
            (rows["us-ru-exports-annual 2018"].Vintage, rows["us-ru-trade-balance-annual 2018"].Vintage)
        );
    }

    [Theory]
    [InlineData("2018", "- - 3 4 5 6 7 8 9 10 11 12", 3, true)] // No trade before March: the API sends no row.
    [InlineData("2008", "- - 3 4 5 6 7 8 9 10 11 12", 3, false)] // The balance file has all months: two are missing.
    // After the first trade of a year there is a row every month.
    [InlineData("2018", "1 2 - 4 5 6 7 8 9 10 11 12", 0, false)]
    [InlineData("2018", "1 2 3 4 5 6 7 8 9 10 11 -", 0, false)]
    public void A_month_without_a_row_is_zero_only_where_the_source_means_it(
        string year,
        string cells,
        int removed,
        bool published
    )
    {
        var rows = Trade($"{year}: {cells}", $"{year}: {Year}");
        Assert.Equal(published, rows.ContainsKey($"us-ru-exports-annual {year}"));
        Assert.Equal(published, rows.ContainsKey($"us-ru-trade-total-annual {year}"));
        if (published)
            Assert.Equal((78 - removed) * 1_000_000d, rows[$"us-ru-exports-annual {year}"].Value);
    }

    [Fact]
    public void A_month_that_was_refused_shows_in_the_year_to_date_and_leaves_the_year_out_with_a_note()
    {
        var facts = Facts.Trade("exports", $"2018: {Year}");
        facts.RemoveAt(0); // January was refused: February's year to date knows of it.
        var notes = new List<string>();
        var rows = new TradeFamily(["4621"])
            .Compute(facts, notes)
            .Select(row => $"{row.PartitionKey} {row.RowKey}")
            .ToList();
        Assert.DoesNotContain("us-ru-exports-annual 2018", rows);
        Assert.DoesNotContain("us-ru-exports-ytd 2018-02", rows);
        Assert.Contains("us-ru-exports-monthly 2018-02", rows);
        Assert.Equal(
            "us-ru-exports: 2018 is left out: its months do not add up to the year to date of December, or one is "
                + "missing",
            Assert.Single(notes)
        );
    }

    [Fact]
    public void Only_configured_partners_are_computed_and_a_star_means_all()
    {
        List<FactRow> facts =
        [
            .. Facts.Trade("exports", $"2018: {Year}"),
            .. Facts.Trade("exports", $"2018: {Year}", "4610", "", "USSR"),
        ];
        Assert.All(new TradeFamily(["4621"]).Compute(facts, []), row =>
            Assert.StartsWith("us-ru-", row.PartitionKey, StringComparison.Ordinal)
        );
        Assert.Contains(new TradeFamily(null).Compute(facts, []), row => row.PartitionKey == "us-c4610-exports-annual");
    }

    private static List<FactRow> World(int partners, int year) =>
        [
            .. Enumerable
                .Range(0, partners)
                .SelectMany(number =>
                    Flows.SelectMany(flow =>
                        Facts.Trade(
                            flow,
                            $"{year}: "
                                + $"{string.Join(' ', Enumerable.Repeat(flow == "exports" ? number + 1 : partners - number, 12))}",
                            (1000 + number).ToString(CultureInfo.InvariantCulture),
                            "",
                            $"PARTNER {number}"
                        )
                    )
                ),
        ];

    [Fact]
    public void Partners_are_ranked_with_their_share_when_all_are_on_file()
    {
        var rows = Facts.Indicators(World(150, 2018)).ToDictionary(row => $"{row.PartitionKey} {row.RowKey}");
        Assert.Equal(
            (1, "place"),
            (rows["us-exports-rank-annual 2018|c1149"].Value, rows["us-exports-rank-annual 2018|c1149"].Unit)
        );
        Assert.Equal(
            (150, 150),
            (rows["us-exports-rank-annual 2018|c1000"].Value, rows["us-imports-rank-annual 2018|c1149"].Value)
        );
        Assert.Equal(150d / (150 * 151 / 2) * 100, rows["us-exports-share-annual 2018|c1149"].Value, 9);
        Assert.All(rows.Where(row => row.Key.StartsWith("us-trade-total-rank", StringComparison.Ordinal)), row =>
            Assert.Equal(1, row.Value.Value)
        ); // All equal: all first.
        Assert.Equal(
            "trademonthly *|exports|total 2018-01|TOTAL..2018-12|TOTAL; trademonthly *|imports|total "
                + "2018-01|TOTAL..2018-12|TOTAL",
            rows["us-trade-total-share-annual 2018|c1000"].Inputs
        );
    }

    [Fact]
    public void An_extract_of_partners_is_not_ranked()
    {
        Assert.DoesNotContain(Facts.Indicators(World(149, 2018)), row =>
            row.PartitionKey.Contains("-rank-", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(Facts.Indicators(Facts.Russia()), row =>
            row.PartitionKey.Contains("-share-", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_year_with_a_gap_of_one_partner_is_not_ranked_and_the_partner_is_named()
    {
        var facts = World(151, 2018);
        facts.RemoveAll(row => row is { PartitionKey: "1007|exports|total", RowKey: "2018-05|TOTAL" });
        var notes = new List<string>();
        var rows = Facts.Indicators(facts, notes);
        Assert.DoesNotContain(rows, row =>
            row.PartitionKey is "us-exports-rank-annual" or "us-trade-total-rank-annual"
        );
        Assert.Contains(rows, row => row.PartitionKey == "us-imports-rank-annual");
        Assert.Equal(
            "us-exports-rank-annual: 2018 is left out: Partner 7 (1007) has no complete year",
            Assert.Single(notes)
        );
    }

    [Fact]
    public void Every_partner_of_the_list_has_an_id_of_its_own()
    {
        using var reader = new StreamReader(
            typeof(TradeMonthly).Assembly.GetManifestResourceStream("Pipeline.Sources.Census.partners.txt")!
        );
        var ids = reader
            .ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(line => line.Split('|'))
            .Select(cells => Ids.Partner(cells[0], cells[1]))
            .ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(
            ("ru", "c8220", "rs", "c4802"),
            (Ids.Partner("4621", "RU"), Ids.Partner("8220", ""), Ids.Partner("4801", "RS"), Ids.Partner("4802", "RS"))
        );
        Assert.All(ids, id => Assert.NotNull(IndicatorCatalog.Find($"us-{id}-exports-annual")));
    }

    [Fact]
    public void Investment_of_economies_and_groups_has_an_id_by_iso3_or_number()
    {
        List<FactRow> facts =
        [
            new FdiAnnual
            {
                PartitionKey = "643|inward|stock",
                RowKey = "2018",
                Year = 2018,
                EconomyCode = "643",
                EconomyIso3 = "RUS",
                EconomyName = "Russian Federation",
                Direction = "inward",
                Measure = "stock",
                ValueUsd = 408,
                Footnote = "Asset/liability basis.",
                Vintage = Facts.Fetched,
            },
            new FdiAnnual
            {
                PartitionKey = "0000|outward|flow",
                RowKey = "2018",
                Year = 2018,
                EconomyCode = "0000",
                EconomyName = "World",
                Direction = "outward",
                Measure = "flow",
                ValueUsd = -5,
                Vintage = Facts.Fetched,
            },
        ];
        var rows = Facts.Indicators(facts);
        Assert.Equal(
            ["fdi-rus-inward-stock 2018 408", "fdi-0000-outward-flow 2018 -5"],
            rows.Select(row => $"{row.PartitionKey} {row.RowKey} {row.Value}")
        );
        Assert.Equal(
            "Russian Federation: inward foreign direct investment, stock at the end of the year (Asset/liability "
                + "basis)",
            rows[0].Title
        );
        Assert.Equal("fdiannual 643|inward|stock 2018", rows[0].Inputs);
    }

    [Fact]
    public void Sources_of_investment_are_ranked_by_basis_and_the_ten_largest_are_listed()
    {
        var rows = Facts
            .Indicators([
                .. Facts.Investment(Facts.Partners),
                .. Facts.Investment(
                    "stock 2012: USA 500 DEU 500 GBR 100",
                    "foreign direct investment by ultimate investor, current prices"
                ),
            ])
            .ToDictionary(row => $"{row.PartitionKey} {row.RowKey}");
        Assert.Equal(17, rows["fdi-source-rank-rus-stock-host-immediate-investor 2012|usa"].Value);
        Assert.Equal(150_409_420_900, rows["fdi-top-sources-rus-stock-host-immediate-investor 2012|01|cyp"].Value);
        Assert.Equal(
            10,
            rows.Keys.Count(key =>
                key.StartsWith("fdi-top-sources-rus-stock-host-immediate-investor 2012|", StringComparison.Ordinal)
            )
        );
        Assert.Equal(
            (1, 1, 3),
            (
                rows["fdi-source-rank-rus-stock-host-ultimate-investor 2012|usa"].Value,
                rows["fdi-source-rank-rus-stock-host-ultimate-investor 2012|deu"].Value,
                rows["fdi-source-rank-rus-stock-host-ultimate-investor 2012|gbr"].Value
            )
        );
        Assert.Equal(
            "fdipartners 643|inward|stock|host 2012|CYP",
            rows["fdi-top-sources-rus-stock-host-immediate-investor 2012|01|cyp"].Inputs
        );
    }

    [Fact]
    public void Statements_that_contradict_each_other_stand_side_by_side_and_one_country_alone_has_a_place_only_above_half()
    {
        var rows = Facts.Indicators(Facts.Holdings(Facts.Holders));
        string[] Of(string id, string period) =>
            [
                .. rows.Where(row => row.PartitionKey == id && row.Period == period)
                    .Select(row => $"{row.RowKey.Split('|')[1]} {row.Value}")
                    .Order(StringComparer.Ordinal),
            ];
        Assert.Equal(["us 38", "us 40"], Of("holders-equity-foreign-held-free-float", "2013-12-31"));
        Assert.Empty(Of("holder-rank-equity-foreign-held-free-float", "2013-12-31"));
        Assert.Equal(["gb 2", "us 1"], Of("holder-rank-equity-foreign-held-free-float", "2018-07-05"));
        // A country that stands alone has no place, however much it holds.
        Assert.Empty(Of("holder-rank-equity-foreign-held-free-float", "2018-09-06"));
        Assert.Equal(["be 3", "gb 1", "sg 4", "sg 4", "us 1"], Of("holder-rank-ofz-market-outstanding", "2021-01-01"));
    }

    [Fact]
    public void Values_decide_between_equal_shares_and_where_nobody_has_a_share()
    {
        var facts = Facts
            .Holdings(
                "ofz market_outstanding 2021-01-01 five: GB 6.9 US 6.9\nbroker_client_assets client_assets "
                    + "2024-06-30 eight: UZ 0 KZ 0"
            )
            .Cast<Holding>()
            .ToList();
        (facts[0].Value, facts[1].Value, facts[2].Value, facts[3].Value) = (947, 944, 59, 185);
        foreach (var row in facts)
            row.Currency = "RUB";
        foreach (var row in facts.Skip(2))
            row.SharePercent = double.NaN;
        var rows = Facts.Indicators(facts);
        Assert.Equal(
            ["gb 1", "kz 1", "us 2", "uz 2"],
            rows.Where(row => row.Unit == "place")
                .Select(row => $"{row.RowKey.Split('|')[1]} {row.Value}")
                .Order(StringComparer.Ordinal)
        );
        facts[2].Currency = "USD"; // Values in two currencies are not compared: the first by name is taken.
        Assert.Equal(
            ["kz"],
            Facts
                .Indicators(facts)
                .Where(row => row.PartitionKey.StartsWith("holders-broker", StringComparison.Ordinal))
                .Select(row => row.RowKey.Split('|')[1])
        );
        Assert.Equal(
            "185 RUB",
            rows.Where(row => row.RowKey.Contains("|kz|", StringComparison.Ordinal))
                .Select(row => $"{row.Value} {row.Unit}")
                .First()
        );
    }

    [Fact]
    public void The_share_of_non_residents_is_of_one_series_and_a_day_with_two_statements_is_left_out()
    {
        var notes = new List<string>();
        var rows = Facts.Indicators(
            Facts.Holdings(
                """
                ofz market_outstanding_cbr_monthly 2020-03-01 a: Nonresidents 34.9
                ofz market_outstanding_cbr_monthly 2020-04-01 a: Nonresidents 31.0
                ofz market_outstanding_cbr_monthly 2020-04-01 b: Nonresidents 30.0
                ofz market_outstanding_nsd_nominee_current_nominal 2020-03-01 a: Nonresidents 33.75
                """
            ),
            notes
        );
        Assert.Equal(
            "ofz-nonresident-share 2020-03-01 34.9 percent",
            string.Join(
                ';',
                rows.Select(row =>
                    $"{row.PartitionKey} {row.RowKey} {row.Value.ToString(CultureInfo.InvariantCulture)} {row.Unit}"
                )
            )
        );
        Assert.Equal("ofz-nonresident-share: 2020-04-01 is left out: 2 statements on one day", Assert.Single(notes));
    }

    [Fact]
    public void Every_id_that_is_computed_is_in_the_catalogue_with_its_unit_and_period()
    {
        List<FactRow> facts =
        [
            .. Facts.Russia(),
            .. World(150, 2018),
            .. Facts.Investment(Facts.Partners),
            .. Facts.Holdings(Facts.Holders),
        ];
        Assert.All(Facts.Indicators(facts), row =>
        {
            var shape = IndicatorCatalog.Find(row.PartitionKey);
            Assert.NotNull(shape);
            Assert.True(shape.Unit is null || shape.Unit == row.Unit, row.PartitionKey);
            Assert.Equal(
                shape.Periods switch
                {
                    PeriodKind.Year => 4,
                    PeriodKind.Month => 7,
                    _ => 10,
                },
                row.Period.Length
            );
            Assert.Equal(shape.HasMembers, row.RowKey.Contains('|', StringComparison.Ordinal));
            Assert.NotEmpty(row.Title);
            Assert.NotEmpty(row.Inputs);
        });
    }
}
