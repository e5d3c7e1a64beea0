using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Insight;
using Pipeline.Insight.Claims;
using Pipeline.Insight.Indicators;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.Partners;

namespace Pipeline.Testing;

/// <summary>
/// Rows of facts as the sources write them, from figures in the test, and what is computed from them.
/// </summary>
internal static class Facts
{
    public static readonly DateTimeOffset Fetched = new(2025, 10, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>US general imports from Russia, millions of US dollars, January to December of each year.</summary>
    public const string Imports = """
        2004: 458.901805 653.456802 822.610468 954.757526 771.413253 1195.807841 1040.095183 995.226766 1030.17329 1226.155233 1601.876217 1140.849596
        2005: 1119.995679 1176.634704 1382.059895 1754.682538 1168.268079 1266.874684 1313.227893 1102.852881 1272.792387 1337.793911 1035.916447 1375.574737
        2006: 1303.973385 1326.241603 1307.369173 1659.619702 2383.838317 1804.432213 1826.332748 2412.482012 1902.066791 1383.133717 1061.351345 1457.456716
        2007: 999.451038 1127.333031 1652.193774 1901.595741 1819.77158 1474.772146 1961.552105 1800.540766 1364.387865 1742.511381 1983.082937 1487.027606
        2008: 1713.56661 1665.582179 1978.01995 2186.651859 2309.928727 3471.209037 3156.483964 2764.049099 2516.231022 2143.355031 1681.528369 1196.379608
        2009: 1303.78561 983.847092 1374.302117 1525.53496 1803.510752 1626.233851 2146.375019 1400.216968 1763.867246 1328.48638 1519.777806 1423.712771
        2010: 1698.915424 1235.777273 1785.729336 2169.511602 2492.458178 2475.361711 2666.871416 2404.651711 2319.353744 2136.776115 2334.31134 1971.387603
        2011: 2597.753217 1568.917163 3036.795892 2857.051885 3524.768572 3140.142783 3034.61012 2860.465605 2903.104832 2983.918382 3235.41197 2876.108927
        2012: 2545.082461 2308.154227 1851.439796 2361.28915 2566.596246 2905.853859 2635.692986 2136.214243 2611.567804 2879.304772 2284.173088 2279.427913
        2013: 2076.126083 2040.448581 2449.437529 2445.833165 2807.688048 2006.434593 2405.334656 2315.150115 2572.353372 2634.860829 1854.034149 1477.989583
        2014: 1860.146494 1882.298421 2550.132217 2364.289348 2126.438375 1966.47839 2114.822893 2185.972928 1828.112249 1936.234708 1142.487323 1702.153302
        2015: 1623.763449 1243.716191 1446.124959 1563.263429 1180.908283 1832.525643 1479.440936 1651.185563 1136.32226 1113.973249 1196.415149 904.785919
        2016: 961.358184 689.751485 1130.418114 1225.640513 1097.666503 1501.10283 1334.812564 1290.070374 1198.031765 1285.379862 1564.893772 1264.248812
        2017: 1205.068078 1021.694371 1698.080878 1347.371433 1416.406028 1553.805725 1483.765519 1539.011672 1435.840625 1483.721536 1467.125952 1403.48536
        2018: 1562.112227 1252.4838 1802.466857 1417.598697 1989.2569 1978.451779 1891.395148 1841.426777 2217.85074 1708.183231 1601.087152 1582.64921
        2019: 1542.628875 1039.37678 1722.501497 2188.489447 1964.950817 1918.095746 2066.4012 1946.134463 1516.948423 2245.600513 1767.75172 2360.241432
        """;

    /// <summary>US exports to Russia, likewise.</summary>
    public const string Exports = """
        2017: 320.285495 430.214251 538.935599 666.767057 479.403625 786.044096 454.145875 687.184424 750.985886 592.479258 687.774952 608.696281
        2018: 433.688441 568.493063 575.19737 664.77017 577.853485 643.571489 467.399632 577.151649 455.4803 690.156413 523.602998 480.715404
        2019: 472.527905 545.819683 852.385574 412.416219 428.777617 553.074161 401.315648 398.905174 374.340499 473.41122 415.276508 459.142084
        """;

    /// <summary>
    /// Inward investment in Russia as Russia reports it, by immediate investor, millions of US dollars: the
    /// largest partners, as far as the United States in 2012, and those of the claims.
    /// </summary>
    public const string Partners = """
        flow 2007: CYP 11916.999 NLD 10268.196 BMU 8368.986 DEU 7626.077 VGB 3961.906 USA 1860.482 NOR 1300.12 GIB 870.104 FIN 676.895 GBR 656.182 SWE 529.348 BHS 354.009 LUX -2062.27
        flow 2008: CYP 20427.582 NLD 10183.833 BMU 9958.83 VGB 5519.235 DEU 3378.737 USA 2160.634 SWE 1892.07 FIN 1415.27 LUX 1403.47 GIB 1320.61 GBR 1006.75 BHS -523.869
        flow 2009: LUX 6194.883 CYP 4182.122 DEU 2914.417 USA 2296.035 BMU 2242.966 CHE 1924.92 SWE 1863.35 VGB 1760.78 BHS 1731.432 AUT 884.58 NLD -3390.579
        flow 2010: CYP 12287.215 NLD 3732.813 DEU 3195.622 LUX 2892.356 FRA 2592.212 IRL 2325.77 BHS 2281.975 VGB 2138.87 SWE 1830.88 AUT 1353.25 GBR 1141.84 BMU 436.4 USA 434.813
        flow 2011: CYP 12999.135 NLD 7383.399 VGB 7224.831 IRL 5306.446 LUX 4105.925 DEU 2234.21 SWE 2025.35 GBR 2006.8 BHS 1828.924 AUT 1563 KNA 1253.27 BMU 593.766 USA 276.141
        flow 2012: LUX 10813.794 NLD 10330.023 IRL 9877.458 VGB 2474.525 DEU 2265.024 BHS 2111.37 CYP 1984.74 SWE 1322.32 FRA 1232.03 AUT 1134.72 HUN 682.901 JEY 642.444 JPN 596.165 SGP 576.847 CHN 449.649 SYC 423.171 CHE 401.202 FIN 348.837 USA 285.009 BMU -319.789
        stock 2009: CYP 129698.6586 VGB 36598.58808 NLD 33293.19309 BMU 27192.55964 BHS 18659.10555 DEU 15277.2 LUX 14407.46293 USA 13875.11773 SWE 11683.1 GIB 10238.4
        stock 2010: CYP 179153.5908 VGB 50965.94711 BMU 49821.50813 NLD 40021.97564 BHS 24578.8969 DEU 23124 LUX 19658.75799 SWE 18095.4 FRA 11453.5 AUT 7830.15 GBR 7794.5 USA 5202.633994
        stock 2011: CYP 136465.029 VGB 56238.99497 NLD 54100.74786 BMU 34634.129 BHS 27089.22899 LUX 20385.86895 DEU 17341.9 FRA 14701.3 SWE 13668.4 IRL 8893.09 JEY 8529.75 USA 2783.64472
        stock 2012: CYP 150409.4209 NLD 59565.36739 VGB 48989.00151 BMU 30934.3489 LUX 30315.1443 BHS 29310.11756 DEU 21500 IRL 18862.4 FRA 17023.3 SWE 15830.1 AUT 10072.4 GBR 7177.08 KNA 6992.17 CHE 6347.45 JEY 5880.96 FIN 5517.62 USA 2877.807369
        """;

    /// <summary>Statements on holders: class, basis, day, citation, then country and share.</summary>
    public const string Holders = """
        equity foreign_held_free_float 2013-12-31 one: US 38
        equity foreign_held_free_float 2013-12-31 two: US 40
        equity foreign_held_free_float 2018-07-05 three: US 56 GB 20
        equity foreign_held_free_float 2018-09-06 four: US 55
        ofz market_outstanding 2021-01-01 five: GB 6.9 US 6.9
        ofz market_outstanding 2021-01-01 six: BE 3 SG 1
        ofz market_outstanding 2021-01-01 seven: SG 1.5
        """;

    /// <summary>Months of a flow with a partner; <c>-</c> is a month without a row.</summary>
    public static List<FactRow> Trade(
        string flow,
        string table,
        string code = "4621",
        string iso2 = "RU",
        string name = "RUSSIA",
        DateTimeOffset? vintage = null
    )
    {
        var rows = new List<FactRow>();
        foreach (var (year, cells) in Lines(table))
        {
            var toDate = 0L;
            for (var month = 1; month <= cells.Length; month++)
            {
                if (cells[month - 1] == "-")
                    continue;
                var value = Dollars(cells[month - 1]);
                toDate += value;
                var period = $"{year}-{month:00}";
                rows.Add(
                    new TradeMonthly
                    {
                        PartitionKey = $"{code}|{flow}|total",
                        RowKey = $"{period}|TOTAL",
                        Source = "census-trade",
                        Dataset =
                            int.Parse(year, CultureInfo.InvariantCulture) < 2010 ? "country-balance" : $"{flow}-total",
                        Period = period,
                        PeriodStart = DateTimeOffset.ParseExact(
                            period,
                            "yyyy-MM",
                            CultureInfo.InvariantCulture,
                            DateTimeStyles.AssumeUniversal
                        ),
                        Year = int.Parse(year, CultureInfo.InvariantCulture),
                        Month = month,
                        Reporter = "US",
                        PartnerCode = code,
                        PartnerIso2 = iso2,
                        PartnerName = name,
                        Flow = flow,
                        Level = "total",
                        Commodity = "TOTAL",
                        ValueUsd = value,
                        YearToDateUsd = toDate,
                        Vintage = vintage ?? Fetched,
                        FirstSeen = vintage ?? Fetched,
                        LastChanged = vintage ?? Fetched,
                    }
                );
            }
        }
        return rows;
    }

    /// <summary>Exports and imports of Russia for the claims.</summary>
    public static List<FactRow> Russia() => [.. Trade("exports", Exports), .. Trade("imports", Imports)];

    /// <summary>Investment by partner.</summary>
    public static List<FactRow> Investment(
        string table,
        string basis = "foreign direct investment by immediate investor, current prices"
    )
    {
        var rows = new List<FactRow>();
        foreach (var (head, cells) in Lines(table))
        {
            var (measure, year) = (head.Split(' ')[0], head.Split(' ')[1]);
            for (var at = 0; at < cells.Length; at += 2)
            {
                rows.Add(
                    new FdiPartner
                    {
                        PartitionKey = $"643|inward|{measure}|host",
                        RowKey = $"{year}|{cells[at]}",
                        Source = "unctad-fdi",
                        Year = int.Parse(year, CultureInfo.InvariantCulture),
                        HostCode = "643",
                        HostIso3 = "RUS",
                        PartnerIso3 = cells[at],
                        PartnerName = cells[at],
                        Direction = "inward",
                        Measure = measure,
                        ReportedBy = "host",
                        ValueUsd = Dollars(cells[at + 1]),
                        Basis = basis,
                        Vintage = Fetched,
                        FirstSeen = Fetched,
                        LastChanged = Fetched,
                    }
                );
            }
        }
        return rows;
    }

    /// <summary>Statements on holders.</summary>
    public static List<FactRow> Holdings(string table)
    {
        var rows = new List<FactRow>();
        foreach (var (head, cells) in Lines(table))
        {
            var parts = head.Split(' ');
            for (var at = 0; at < cells.Length; at += 2)
            {
                rows.Add(
                    new Holding
                    {
                        PartitionKey = $"{parts[0]}|{parts[1]}",
                        RowKey =
                            $"{parts[2]}|{cells[at]}|"
                            + $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(parts[3])))[..8]}",
                        Source = "moex-holders",
                        AsOf = DateTimeOffset.ParseExact(
                            parts[2],
                            "yyyy-MM-dd",
                            CultureInfo.InvariantCulture,
                            DateTimeStyles.AssumeUniversal
                        ),
                        AssetClass = parts[0],
                        Basis = parts[1],
                        Holder = cells[at],
                        HolderIso2 = cells[at].Length == 2 ? cells[at] : "",
                        SharePercent = double.Parse(cells[at + 1], CultureInfo.InvariantCulture),
                        Value = double.NaN,
                        Qualifier = "exact",
                        Citation = parts[3],
                        Vintage = Fetched,
                        FirstSeen = Fetched,
                        LastChanged = Fetched,
                    }
                );
            }
        }
        return rows;
    }

    /// <summary>All indicators of facts.</summary>
    public static List<IndicatorRow> Indicators(IEnumerable<FactRow> facts, List<string>? notes = null)
    {
        var all = facts.ToList();
        var said = notes ?? [];
        return
        [
            .. new TradeFamily(["4621"]).Compute([.. all.OfType<TradeMonthly>()], said),
            .. new PartnerRankFamily().Compute([.. all.OfType<TradeMonthly>()], said),
            .. new FdiFamily().Compute([.. all.OfType<FdiAnnual>()], said),
            .. new FdiSourcesFamily().Compute([.. all.OfType<FdiPartner>()], said),
            .. new HoldersFamily().Compute([.. all.OfType<Holding>().Where(row => row.HolderIso2.Length > 0)], said),
            .. new OfzFamily().Compute(
                [.. all.OfType<Holding>().Where(row => row.PartitionKey == "ofz|market_outstanding_cbr_monthly")],
                said
            ),
        ];
    }

    /// <summary>The claims of the program on facts, by id.</summary>
    public static Dictionary<string, ClaimRow> Claims(IEnumerable<FactRow> facts) =>
        ClaimBook
            .Load(out _)!
            .Claims.Select(new ClaimChecker(new IndicatorRows(Indicators(facts))).Check)
            .ToDictionary(row => row.RowKey);

    private static IEnumerable<(string Head, string[] Cells)> Lines(string table) =>
        table
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(": "))
            .Select(parts => (parts[0], parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    private static long Dollars(string millions) =>
        (long)decimal.Round(decimal.Parse(millions, CultureInfo.InvariantCulture) * 1_000_000m);
}
