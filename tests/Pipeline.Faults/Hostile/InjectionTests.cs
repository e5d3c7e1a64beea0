using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Faults.Sources;
using Pipeline.Report;
using Pipeline.Report.News;
using Pipeline.Report.Page;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Hostile;

/// <summary>Names that people and publishers write, and what they must not reach.</summary>
public sealed class InjectionTests
{
    internal static readonly string[] Given =
    [
        "x' or PartitionKey ne '",
        "a/b",
        "a\\b",
        "a#b",
        "a?b",
        "a|b",
        "a%b",
        "..",
        "../../raw/x",
        "=HYPERLINK(\"http://x\")",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\"quoted\"",
        "both ' and \"",
        "a,b",
        "a;b",
        "line\nbreak",
        "<script>alert(1)</script>",
        "&amp;",
        "é",
        "𝔘",
        "\u202Eabc",
        "null",
        "CON",
        " lead",
        "trail ",
        "tab\tname",
        "bell\u0007name",
        "\u0001",
    ];

    [Fact]
    public async Task A_holder_stays_a_name_in_keys_filters_files_and_cells()
    {
        using var proof = Proof.Try(Proof.Injection, "names of holders and citations", Given.Length);
        var rows = Given.Select(
            (name, number) =>
                $"2018-07-{1 + number:00},equity,foreign_held_free_float,{Cell(name)},,{10 + number},,,approximate,"
                + $"{Cell("cited by " + name)}"
        );
        var loaded = await LoadAsync(
            server => SourceCase.Moex(server, nsd: false),
            "holders",
            "Holder",
            "AssetClass eq 'equity' and Dataset eq 'holders-by-country'",
            1,
            (
                "holders.csv",
                "as_of,asset_class,basis,holder,holder_iso2,share_percent,value,currency,qualifier,citation\n"
                    + string.Join('\n', rows)
                    + "\n"
            )
        );
        Assert.All(loaded, row => Assert.Equal("equity|foreign_held_free_float", row.PartitionKey));
        proof.Held();
    }

    [Fact]
    public async Task A_partner_of_investment_stays_a_name_in_keys_filters_files_and_cells()
    {
        using var proof = Proof.Try(Proof.Injection, "names of partners", Given.Length);
        var rows = Given.Select(
            (name, number) =>
                $"{2001 + number % 12},{(number < 12 ? "inward" : "outward")},{(number < 24 ? "flow" : "stock")},"
                + $"{Cell(name)},DEU,{10 + number}"
        );
        var loaded = await LoadAsync(
            server => SourceCase.Unctad(server),
            "fdipartners",
            "PartnerName",
            "",
            1,
            ("fdi-partners.csv", "year,direction,measure,partner,iso3,value_musd\n" + string.Join('\n', rows) + "\n")
        );
        Assert.All(loaded, row => Assert.Matches(@"^643\|(inward|outward)\|(flow|stock)\|host$", row.PartitionKey));
        Assert.All(loaded, row => Assert.Matches(@"^20\d\d\|DEU$", row.RowKey));
        proof.Held();
    }

    [
        Theory,
        InlineData("PartnerName", "ALL_VAL_YR&time=2019"),
        InlineData("CommodityName", "ALL_VAL_YR&COMM_LVL=HS2&CTY_CODE=4621&time=2019")
    ]
    public async Task A_country_and_a_commodity_stay_names_in_keys_filters_files_and_cells(
        string column,
        string request
    )
    {
        using var proof = Proof.Try(Proof.Injection, "names of countries and commodities", Given.Length);
        var isCountry = column == "PartnerName";
        var rows = new List<string[]>
        {
            isCountry
                ? ["CTY_CODE", "CTY_NAME", "ALL_VAL_MO", "ALL_VAL_YR", "time"]
                :
                [
                    "E_COMMODITY",
                    "E_COMMODITY_SDESC",
                    "CTY_CODE",
                    "CTY_NAME",
                    "ALL_VAL_MO",
                    "ALL_VAL_YR",
                    "COMM_LVL",
                    "CTY_CODE",
                    "time",
                ],
        };
        for (var month = 1; month <= 12; month++)
        {
            rows.AddRange(
                Given.Select(
                    (name, number) =>
                        isCountry
                            ? (string[])[$"{8900 + number}", name, "5", $"{5 * month}", $"2019-{month:00}"]
                            :
                            [
                                $"{1 + number:00}",
                                name,
                                "4621",
                                "RUSSIA",
                                "5",
                                $"{5 * month}",
                                "HS2",
                                "4621",
                                $"2019-{month:00}",
                            ]
                )
            );
            if (isCountry)
            {
                rows.Add([
                    "-",
                    "TOTAL FOR ALL COUNTRIES",
                    $"{5 * Given.Length}",
                    $"{5 * Given.Length * month}",
                    $"2019-{month:00}",
                ]);
            }
        }
        var body = JsonSerializer.SerializeToUtf8Bytes(rows);
        var loaded = await LoadAsync(
            server => SourceCase.Census(server, balance: false),
            "trademonthly",
            column,
            $"Flow eq 'exports' and Level eq '{(isCountry ? "total" : "HS2")}'",
            12,
            fault: (
                request,
                new ServerFault(
                    "names",
                    _ => null,
                    (_, context, _) =>
                    {
                        context.Response.ContentType = SourceData.Json;
                        return context.Response.Body.WriteAsync(body).AsTask();
                    }
                )
            )
        );
        Assert.All(loaded, row =>
            Assert.Matches(isCountry ? @"^89\d\d\|exports\|total$" : @"^4621\|exports\|HS2$", row.PartitionKey)
        );
        Assert.All(loaded, row => Assert.Matches(isCountry ? @"^2019-\d\d\|TOTAL$" : @"^2019-\d\d\|\d\d$", row.RowKey));
        proof.Held();
    }

    /// <summary>
    /// Names in every place of a version that the feed shows: its markup stays the feed's, and what XML cannot hold is
    /// replaced.
    /// </summary>
    [Fact]
    public async Task A_name_in_the_history_stays_a_text_in_the_feed()
    {
        using var proof = Proof.Try(Proof.Injection, "names in the feed", Given.Length);
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            SourceCase.Moex(new Uri("http://127.0.0.1:1"), nsd: false),
            clock,
            new MemoryStorage(clock)
        );
        var history = await pipeline.TableAsync(Names.History);
        var until = SourceCase.Start.AddDays(-1);
        foreach (var (number, name) in Given.Index())
        {
            var key = name.IndexOfAny(['/', '\\', '#', '?', '%']) >= 0 || name.Any(char.IsControl) ? "plain" : name;
            await history.AddEntityAsync(
                new TableEntity($"holders|equity|{key}", $"2018-07-31|{key}|{number}|{until.UtcTicks:D19}")
                {
                    // A comma would make it the names of several columns.
                    ["Column"] = name.Replace(',', ' '),
                    ["OldValue"] = name,
                    ["NewValue"] = $"new {name}",
                    ["ValidTo"] = until,
                    ["RunId"] = $"{number} {name}",
                }
            );
        }
        var feed = await pipeline.Get<NewsFeed>().WriteAsync([], "/api/feed.atom", CancellationToken.None);
        Assert.Equal([], AtomRules.Faults(feed));
        var shown = AtomRules.Read(feed).Items.SelectMany(AtomRules.LinesOf).ToList();
        Assert.Equal(Given.Length, shown.Count);
        Assert.All(Given, name =>
        {
            var clean = name.Replace('\u0001', '\uFFFD').Replace('\u0007', '\uFFFD');
            Assert.Contains(shown, line =>
                line.Contains($" {clean.Replace(',', ' ')}: {clean} → new {clean} (", StringComparison.Ordinal)
            );
        });
        proof.Held();
    }

    /// <summary>
    /// Loads a source in which the names stand, and looks for them wherever they may come to; gives the rows
    /// that carry them.
    /// </summary>
    /// <param name="make">The source.</param>
    /// <param name="table">Its table.</param>
    /// <param name="column">The column with the names.</param>
    /// <param name="filter">The rows with the names.</param>
    /// <param name="times">How many rows each name has.</param>
    /// <param name="file">A file of people with the names.</param>
    /// <param name="fault">Or the answer with them, and what its request holds.</param>
    private static async Task<List<TableEntity>> LoadAsync(
        Func<Uri, Source> make,
        string table,
        string column,
        string filter,
        int times,
        (string Name, string Text)? file = null,
        (string Broken, ServerFault Fault)? fault = null
    )
    {
        await using var server = await SourceSimulator.StartAsync();
        var clock = new VirtualClock(SourceCase.Start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        await using var pipeline = new TestPipeline(
            MemoryStorage.ConnectionString,
            make(server.Address),
            clock,
            storage
        );
        await SourceCase.PutCuratedAsync(pipeline, server.Data);
        if (file is { } put)
        {
            await pipeline
                .Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.CuratedContainer)
                .GetBlobClient(put.Name)
                .UploadAsync(BinaryData.FromString(put.Text), overwrite: true);
        }

        if (fault is { } given)
            (server.Broken, server.Fault) = given;
        // The whole source, so that indicators and files are made from it.
        await pipeline.RunAsync();
        await Host.DrainAsync(pipeline, clock, storage);
        var loaded = await pipeline.RowsAsync(table, filter.Length > 0 ? filter : null);
        var rejected = await pipeline.RowsAsync(Names.Rejects, "State eq 'open'");
        Assert.True(
            loaded.Count + rejected.Count == Given.Length * times,
            string.Join(
                '\n',
                loaded
                    .Select(row => row.GetString(column))
                    .Concat(rejected.Select(row => $"rejected {row["Position"]} {row["Seen"]}"))
            )
        );
        Assert.True(
            loaded.Count >= Given.Length * times * 3 / 4,
            string.Join('\n', rejected.Select(row => $"{row["Position"]} {row["Seen"]}"))
        );
        Assert.All(loaded, row =>
            Assert.Contains(row.GetString(column), Given.Concat(Given.Select(name => name.Trim())))
        );
        Assert.All(loaded, row =>
            Assert.DoesNotContain(row.PartitionKey + row.RowKey, c =>
                c is '/' or '\\' or '#' or '?' || char.IsControl(c)
            )
        );
        foreach (var row in loaded)
        {
            var found = await pipeline.RowsAsync(
                table,
                TableClient.CreateQueryFilter(
                    FormattableStringFactory.Create(
                        $"{column} eq {{0}} and PartitionKey eq {{1}} and RowKey eq {{2}}",
                        row.GetString(column),
                        row.PartitionKey,
                        row.RowKey
                    )
                )
            );
            Assert.Equal(row.RowKey, Assert.Single(found).RowKey);
            Assert.All(
                await pipeline.RowsAsync(
                    table,
                    TableClient.CreateQueryFilter(
                        FormattableStringFactory.Create($"{column} eq {{0}}", row.GetString(column))
                    )
                ),
                other => Assert.Equal(row.GetString(column), other.GetString(column))
            );
        }
        var exports = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
        await foreach (var blob in exports.GetBlobsAsync())
            Assert.Matches(@"^[a-z_]+(/[0-9]{4})?\.(csv|parquet)$|^catalog\.json$", blob.Name);
        var lines = new List<List<string>>();
        await foreach (var blob in exports.GetBlobsAsync())
        {
            if (Regex.IsMatch(blob.Name, $@"^{table}(/[0-9]+)?\.csv$"))
            {
                var text = (await exports.GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content.ToString();
                lines.AddRange(CsvText.Read(text).Skip(lines.Count == 0 ? 0 : 1));
            }
        }
        Assert.All(lines, cells => Assert.Equal(lines[0].Count, cells.Count));
        var records = lines
            .Skip(1)
            .Select(cells => lines[0].Zip(cells).ToDictionary(pair => pair.First, pair => pair.Second))
            .ToDictionary(record => (record["PartitionKey"], record["RowKey"]));
        Assert.Equal((await pipeline.RowsAsync(table)).Count, records.Count);
        foreach (var row in loaded)
        {
            // A cell that a spreadsheet would take for a formula carries an apostrophe before it.
            var (name, cell) = (row.GetString(column), records[(row.PartitionKey, row.RowKey)][column]);
            Assert.Equal(
                name.Length > 0 && "=+-@\t\r\n".Contains(name[0], StringComparison.Ordinal) ? "'" + name : name,
                cell
            );
        }
        // The page shows rejects as they came; what looks like a tag of theirs is none.
        var page = await pipeline
            .Get<PageRenderer>()
            .RenderAsync(await pipeline.Get<ReportReader>().ReadAsync(CancellationToken.None));
        Assert.Contains("rejected", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script>alert", page, StringComparison.OrdinalIgnoreCase);
        var feed = await pipeline.Get<NewsFeed>().WriteAsync([], "/api/feed.atom", CancellationToken.None);
        Assert.Equal([], AtomRules.Faults(feed));
        Assert.NotEmpty(AtomRules.Read(feed).Items);
        return loaded;
    }

    private static string Cell(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
