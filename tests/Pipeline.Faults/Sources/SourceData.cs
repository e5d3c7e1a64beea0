using System.Globalization;
using System.Text;
using Pipeline.Testing;

namespace Pipeline.Faults.Sources;

/// <summary>
/// What the three publishers would say: figures made from a seed, in each source's own form. The next version revises
/// some of them, so that every load of it changes rows that are there.
/// </summary>
/// <param name="seed">Gives the figures.</param>
/// <param name="version">1, 2, …: which revision.</param>
internal sealed class SourceData(int seed, int version)
{
    public const string CataloguePath = "/api/datacenter/en",
        BulkPath = "/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock",
        IssPath = "/iss/statistics/engines/stock/capitalization.json",
        OfzPath = "/files/table_ofz.xlsx",
        NsdPath = "/api/get/assetholders",
        CountryPath = "/foreign-trade/balance/country.xlsx",
        TradePath = "/data/timeseries/intltrade";

    public const string Json = "application/json",
        Workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Archive = "application/x-7z-compressed",
        Csv = "text/csv";

    private static readonly (string Code, string Name)[] Partners =
    [
        ("4621", "RUSSIA"),
        ("5700", "CHINA"),
        ("2010", "MEXICO"),
    ];
    private static readonly string[] Chapters = ["27", "75", "99"];

    /// <summary>
    /// Whether the figures of the exchange and of the Bank of Russia are those of the state that layout 1 left behind:
    /// most are too small to be believed.
    /// </summary>
    public bool IsOfFirstLayout { get; init; }

    /// <summary>
    /// The pages of the exchange's answer, each with a day of its own; 1 is the answer as it has always
    /// been.
    /// </summary>
    public int Pages { get; init; } = 1;

    // Workbooks hold the moment they were written at: the same answer is made once.
    private byte[]? country,
        ofz;

    /// <summary>The right answer to a request by path and query; null when there is nothing.</summary>
    public (byte[] Body, string ContentType)? Answer(string path, string query)
    {
        if (path.StartsWith(TradePath, StringComparison.Ordinal))
        {
            return Trade(path.Contains("/exports/", StringComparison.Ordinal), query) is { } trade
                ? (Encoding.UTF8.GetBytes(trade), Json)
                : null;
        }

        return path switch
        {
            CountryPath => (country ??= Country(), Workbook),
            CataloguePath => (
                Encoding.UTF8.GetBytes(
                    $$$"""{"folders":[{"reports":[],"subFolders":[{"reports":[{"id":7,"reportName":"US.FdiFlowsStock","lastUpdatedDate":"2020-0{{{version}}}-01T00:00:00"}]}]}]}"""
                ),
                Json
            ),
            BulkPath => (Fdi.Archive(Encoding.UTF8.GetBytes(Vintage())), Archive),
            IssPath => (Encoding.UTF8.GetBytes(Iss(query)), Json),
            OfzPath => (ofz ??= Ofz(), Workbook),
            NsdPath => (Encoding.UTF8.GetBytes(Nsd(query)), Json),
            _ => null,
        };
    }

    /// <summary>A file of the container <c>curated</c>.</summary>
    public string Curated(string file) => file == "holders.csv" ? Holders() : PartnersFile();

    /// <summary>A figure of this version: one in three differs from the version before.</summary>
    private long Figure(int number) =>
        1000 + ((seed * 7919L + number * 104_729L) % 900_000) + (number % 3 == 1 ? version : 0);

    private string? Trade(bool exports, string query)
    {
        var time = query[(query.IndexOf("time=", StringComparison.Ordinal) + 5)..].Split('&')[0];
        if (!time.StartsWith("2019", StringComparison.Ordinal))
            return null;
        var (value, letter) = exports ? ("ALL_VAL", 'E') : ("GEN_VAL", 'I');
        var commodities = query.Contains("COMM_LVL=", StringComparison.Ordinal);
        var rows = new List<string>
        {
            commodities
                ? $"""["{letter}_COMMODITY","{letter}_COMMODITY_SDESC","CTY_CODE","CTY_NAME","{value}_MO","{value}_YR","COMM_LVL","CTY_CODE","time"]"""
                : $"""["CTY_CODE","CTY_NAME","{value}_MO","{value}_YR","time"]""",
        };
        var toDate = new Dictionary<string, long>();
        for (var month = 1; month <= 12; month++)
        {
            var world = 0L;
            if (commodities)
            {
                foreach (var chapter in Chapters)
                {
                    rows.Add(
                        $"""["{chapter}","CHAPTER {chapter}, ""AND"" MORE","4621","RUSSIA","{Add(chapter, month)}","{toDate[chapter]}","HS2","4621","2019-{month:00}"]""".Replace(
                            "\"\"",
                            "\\\"",
                            StringComparison.Ordinal
                        )
                    );
                }
            }
            else
            {
                foreach (var (code, name) in Partners)
                {
                    world += Add(code, month);
                    rows.Add($"""["{code}","{name}","{toDate[code + "|last"]}","{toDate[code]}","2019-{month:00}"]""");
                }
                toDate["-"] = toDate.GetValueOrDefault("-") + world;
                rows.Add($"""["-","TOTAL FOR ALL COUNTRIES","{world}","{toDate["-"]}","2019-{month:00}"]""");
            }
        }
        return $"[{string.Join(",\n", rows)}]";

        long Add(string key, int month)
        {
            var figure = Figure(month * 31 + key[0] * 7 + key[^1] + (exports ? 5000 : 0));
            toDate[key] = toDate.GetValueOrDefault(key) + figure;
            return toDate[key + "|last"] = figure;
        }
    }

    /// <summary>
    /// The table of trade by country, with some years, and so much more than its months in the last year's
    /// sum.
    /// </summary>
    public byte[] Country(int years = 2, int excess = 0)
    {
        var book = new TestWorkbook().Add(TestWorkbook.Header);
        foreach (var year in Enumerable.Range(2005, years))
        {
            var imports = Enumerable.Range(1, 12).Select(month => Figure(month + year)).ToList();
            string[] row =
            [
                $"'{year}",
                "'4621",
                "'Russia",
                .. imports.Select(Text),
                Text(imports.Sum() + (year == 2004 + years ? excess : 0)),
                .. imports.Select(value => Text(value + 1)),
                Text(imports.Sum() + 12),
            ];
            book.Add(row);
        }
        return book.Write();

        static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    private string Iss(string query)
    {
        var page = query.Contains("start=", StringComparison.Ordinal)
            ? int.Parse(
                query[(query.IndexOf("start=", StringComparison.Ordinal) + 6)..].Split('&')[0],
                CultureInfo.InvariantCulture
            )
            : 0;
        var cursor =
            Pages == 1
                ? ""
                : $$$""","capitalization.cursor":{"columns":["INDEX","TOTAL","PAGESIZE"],"data":[[{{{page}}},{{{Pages}}},1]]}""";
        var roubles = Figure(1 + 3 * page) + (IsOfFirstLayout ? 0 : 40_000_000_000_000);
        var data = $"""[[{roubles}.5,"2020-02-{14 - page}"]]""";
        return $$$"""{"capitalization":{"columns":["CAPITALIZATION","TRADEDATE"],"data":{{{data}}}}{{{cursor}}}}""";
    }

    /// <summary>The text in the archive of investment.</summary>
    public string Vintage() =>
        Fdi.Text(
            Fdi.Release(20, 1990, 1992)
                .Where(row => row.Code is "0000" or "643" or "840" or "044")
                .Select(row =>
                    row switch
                    {
                        { Code: "643" } => row with
                        {
                            Value = $"{Figure(row.Year * 3 + row.Direction)}",
                            Footnote = "Estimates",
                        },
                        { Code: "044", Year: 1990 } => row with { Value = "", Missing = "Not applicable" },
                        _ => row,
                    }
                )
        );

    /// <summary>The table of OFZ from January 2018 on.</summary>
    /// <param name="months">How many.</param>
    /// <param name="scale">What shares are divided by.</param>
    public byte[] Ofz(int months = 25, int scale = 1)
    {
        var table = new TestWorkbook { Sheet = "ОФЗ", Dimension = "A1:C100" }.Add([
            "'Дата",
            "'Объем ОФЗ у нерезидентов, млрд руб.",
            "'Доля нерезидентов, %",
        ]);
        for (var month = 0; month < months; month++)
        {
            table.Add([
                new DateTime(2018, 1, 1).AddMonths(month).ToOADate().ToString(CultureInfo.InvariantCulture),
                $"{Volume(month)}",
                (Share(month) / (decimal)scale).ToString(CultureInfo.InvariantCulture),
            ]);
        }

        return table.Write();

        // A share of some 25 per cent belongs to a market of thousands of billions, and moves little in a month.
        long Volume(int month) => IsOfFirstLayout ? Figure(month) % 4000 : 2000 + Figure(month) % 2000;

        long Share(int month) => IsOfFirstLayout ? 20 + Figure(month) % 10 : 24 + Figure(month) % 4;
    }

    private string Nsd(string query)
    {
        var at = query.IndexOf("20", StringComparison.Ordinal);
        var day = at >= 0 && query.Length >= at + 10 ? query.Substring(at, 10) : "2020-03-19";
        return $$$"""[{"date":"{{{day}}}","asset_type":"OFZ","method":"By current nominal value","calculation_currency":"RUB","nominee":{"total_share_pct":29.62,"total_share_cash":{{{Figure(4)}}}},"nominee_and_banks":{"total_share_pct":"35.45","total_share_cash":null},"details":[{"date":"{{{day}}}","isin":"RU000A0JXQF2","nsd_code":"x","nominee":{"share_pct":10.5,"share_cash":1000},"nominee_and_banks":null}]}]""";
    }

    private string Holders()
    {
        var text = new StringBuilder(
            "as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation\n"
        );
        var year = 2016;
        foreach (
            var (holder, code) in ((string, string)[])
                [("United States", "US"), ("United Kingdom", "GB"), ("Germany", "DE")]
        )
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{year++}-07-05,equity,foreign_held_free_float,{holder},{code},{10 + Figure(year) % 40},,,"
                    + $"approximate,\"Exchange, by \"\"press\"\"\"\n"
            );
        }

        return text.ToString();
    }

    private string PartnersFile()
    {
        var text = new StringBuilder("year,direction,measure,partner,iso3,value_musd\n");
        for (var year = 2009; year <= 2012; year++)
        {
            foreach (
                var (name, code) in ((string, string)[])
                    [("Cyprus", "CYP"), ("Germany", "DEU"), ("\"Korea, Republic of\"", "KOR")]
            )
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"{year},inward,stock,{name},{code},"
                        + $"{(year == 2010 && code == "DEU" ? "" : Figure(year + code[0]).ToString(CultureInfo.InvariantCulture))}\n"
                );
            }
        }

        return text.ToString();
    }
}
