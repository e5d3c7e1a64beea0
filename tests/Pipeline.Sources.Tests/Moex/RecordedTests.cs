using System.Net;
using System.Text;
using System.Web;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Pipeline.Sources.Moex.Capitalisation;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

/// <summary>
/// The samples of the repository, and recorded answers and reference figures that are not part of it: where
/// those are missing, their tests are skipped.
/// </summary>
public sealed class RecordedTests
{
    private static byte[] File(string name)
    {
        for (var folder = new DirectoryInfo(Repository.Root).Parent; folder is not null; folder = folder.Parent)
        {
            if (
                Path.Combine(folder.FullName, "shared", "data", "moex", name) is var path
                && System.IO.File.Exists(path)
            )
            {
                return System.IO.File.ReadAllBytes(path);
            }
        }

        Assert.Skip($"{name} is not in ../shared/data/moex");
        return [];
    }

    [Fact]
    public async Task Samples_give_the_published_figures_and_a_second_run_writes_no_fact()
    {
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            [new(TestPipeline.Planned, "moex-holders")]
        );
        await pipeline.RunAsync();
        var rows = await pipeline.RowsAsync("holders");
        string Of(string partition, string day, string holder) =>
            string.Join(
                "; ",
                rows.Where(row =>
                        row.PartitionKey == partition
                        && row.RowKey.StartsWith($"{day}|{holder}|", StringComparison.Ordinal)
                    )
                    .Select(row =>
                        FormattableString.Invariant($"{row["SharePercent"]} {row["Qualifier"]}, {row["Citation"]}")
                    )
                    .Order(StringComparer.Ordinal)
            );
        Assert.Equal(
            "56 approximate, Moscow Exchange statement via Reuters, 2018-07-05",
            Of("equity|foreign_held_free_float", "2018-07-05", "United States")
        );
        Assert.Equal(
            "55 exact, Moscow Exchange statement via TASS, 2018-09-06",
            Of("equity|foreign_held_free_float", "2018-09-06", "United States")
        );
        Assert.Equal(
            "38 exact, Moscow Exchange statement via Reuters, 2018-07-05; 40 approximate, Moscow Exchange statement "
                + "via TASS, 2018-09-06",
            Of("equity|foreign_held_free_float", "2013-12-31", "United States")
        );
        Assert.Equal(
            "6.9 exact, Bank of Russia risk review, 2021-02; TASS, 2021-03-09",
            Of("ofz|market_outstanding", "2021-01-01", "United States")
        );
        Assert.Equal(
            "6.9 exact, Bank of Russia risk review, 2021-02; TASS, 2021-03-09",
            Of("ofz|market_outstanding", "2021-01-01", "United Kingdom")
        );
        // Anchors of moex.md, section 5.
        foreach (
            var (day, share) in (IEnumerable<(string, string)>)
                [
                    ("2012-12-01", "17.4"),
                    ("2017-10-01", "33.2"),
                    ("2020-03-01", "34.9"),
                    ("2021-01-01", "23.3"),
                    ("2022-08-01", "17.9"),
                    ("2023-02-01", "9.9"),
                    ("2026-01-01", "3.4"),
                ]
        )
        {
            Assert.Equal(
                $"{share} exact, Bank of Russia, table_ofz",
                Of("ofz|market_outstanding_cbr_monthly", day, "All non-residents")
            );
        }

        Assert.Equal(
            32370425050077.613,
            Assert.Single(rows, row => row.PartitionKey == "equity|market_capitalisation")["Value"]
        );
        var ledger = await pipeline.LedgerAsync();
        Assert.Equal(
            (38 + 37 + 1, 0, 0, 2),
            ((int)ledger.Added, (int)ledger.Rejected, (int)ledger.Missing, (int)ledger.Excluded)
        );
        Assert.Equal(rows.Count, (int)ledger.Added);
        Assert.All(await pipeline.RowsAsync("runs"), run => Assert.Equal("", run["Error"]));

        await pipeline.RunAsync();

        Assert.Equal(ledger, await pipeline.LedgerAsync());
        Assert.Equal(rows.Select(row => row.ETag), (await pipeline.RowsAsync("holders")).Select(row => row.ETag));
    }

    [Fact]
    public async Task The_reference_statements_load_without_a_reject_and_the_samples_say_the_same()
    {
        var reference = await Holders.RowsAsync("holders-by-country/all", File("holders.csv"));
        Assert.Equal(
            "38 of 38 kept, 0 excluded",
            await Holders.OutcomeAsync("holders-by-country/all", File("holders.csv"))
        );
        var sample = await Holders.RowsAsync(
            "holders-by-country/all",
            await System.IO.File.ReadAllBytesAsync(
                Path.Combine(AppContext.BaseDirectory, "samples", "moex-holders", "holders.csv")
            )
        );
        Assert.Equal(reference.Order(), sample.Order());
    }

    [Fact]
    public async Task The_sample_of_the_central_banks_table_has_the_reference_figures()
    {
        var sample = await Holders.RowsAsync(
            "ofz-nonresidents/all",
            await System.IO.File.ReadAllBytesAsync(
                Path.Combine(AppContext.BaseDirectory, "samples", "moex-holders", "table_ofz.xlsx")
            )
        );
        var reference = Encoding
            .UTF8.GetString(File("ofz_nonresident.csv"))
            .Split('\n')
            .Select(line => line.Split(','))
            .Where(cells => cells.Length > 4 && cells[4] == "cbr_monthly" && cells[0].Length == 10)
            .Select(cells =>
                $"ofz|market_outstanding_cbr_monthly {cells[0]} All non-residents  "
                + $"{(cells[1].EndsWith(".0", StringComparison.Ordinal) ? cells[1][..^2] : cells[1])} "
                + (cells[2].Length > 0 ? $"{cells[2]}000000000 RUB" : "-1 ")
                + " exact [Bank of Russia, table_ofz]"
            );
        Assert.Equal(reference, sample);
    }

    [Fact]
    public async Task The_recorded_capitalisation_is_read() =>
        Assert.Equal(
            [
                "equity|market_capitalisation 2017-06-23 All holders  NaN 32370425050077.6 RUB exact [Moscow "
                    + "Exchange ISS, capitalization, 2017-06-23]",
            ],
            await Holders.RowsAsync("market-capitalisation/last-day", File("stock_engine_capitalization.json"))
        );

    [Fact]
    public void Recorded_answers_with_metadata_an_empty_block_and_side_blocks_are_read()
    {
        var (engines, finding) = IssAnswer.Read(File("engines_with_metadata.json"));
        Assert.Null(finding);
        Assert.Equal((10, "stock"), (engines!.Block("ENGINES")!.Rows.Count, engines.Block("engines")!.Rows[0][1].Text));
        (var trades, finding) = IssAnswer.Read(File("trades_with_empty_block.json"));
        Assert.Null(finding);
        Assert.Equal(
            (5, 1, 0),
            (
                trades!.Block("trades")!.Rows.Count,
                trades.Block("dataversion")!.Rows.Count,
                trades.Block("trades_yields")!.Rows.Count
            )
        );
        Assert.Equal(161.98m, trades.Block("trades")!.Rows[0][trades.Block("trades")!.Find("price", out _)].Number);
    }

    [Fact]
    public async Task Recorded_pages_go_through_the_pager_from_the_first_to_the_short_last_one()
    {
        var (first, last) = (File("collection_securities_page1.json"), File("collection_securities_page4.json"));
        var clock = new HastyClock(new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromSeconds(100));
        using var client = new SourceClient(Holders.Source.Courtesy, new Pages(first, last), clock, () => 0.5);
        using var fetched = await new IssPages("securities", paged: false).FetchAsync(
            new FetchContext(
                Holders.Slice("market-capitalisation/last-day"),
                new SliceRow(Holders.Slice("market-capitalisation/last-day")),
                client,
                Holders.Context
            ),
            new SourceRequest(new Uri("https://iss.example/securities.json"), "json", 1 << 20),
            _ => Verdict.Good,
            CancellationToken.None
        );
        Assert.Equal(Meaning.Body, fetched.Verdict.Meaning);
        var (pages, finding) = await IssAnswer.ReadAsync(fetched.Body!, CancellationToken.None);
        Assert.Null(finding);
        Assert.Equal([20, 20, 20, 11], pages.Select(page => page.Block("securities")!.Rows.Count));
    }

    /// <summary>
    /// The first and the last page as recorded; those between are the first with other rows: each security's
    /// code begins with a digit.
    /// </summary>
    private sealed class Pages(byte[] first, byte[] last) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            var body = HttpUtility.ParseQueryString(request.RequestUri!.Query)["start"] switch
            {
                null => first,
                "60" => last,
                var start => Encoding.UTF8.GetBytes(
                    Encoding
                        .UTF8.GetString(first)
                        .Replace("[0, 71, 20]", $"[{start}, 71, 20]", StringComparison.Ordinal)
                        .Replace("[\"A", $"[\"{start}A", StringComparison.Ordinal)
                ),
            };
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(body) });
        }
    }
}
