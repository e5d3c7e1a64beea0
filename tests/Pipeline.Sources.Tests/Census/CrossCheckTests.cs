using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

/// <summary>Commodities against totals, in tables that hold both.</summary>
public sealed class CrossCheckTests
{
    private static readonly FakeSource Source = new();

    /// <summary>
    /// Russia's chapters lack 1 in February; China's add up; Mexico has no total to compare with, and is in
    /// the tables without being in the body.
    /// </summary>
    private static readonly (string Partner, string Level, int Month, string Commodity, long Value)[] Rows =
    [
        ("4621", "total", 1, "TOTAL", 5),
        ("4621", "HS2", 1, "01", 2),
        ("4621", "HS2", 1, "27", 3),
        ("4621", "total", 2, "TOTAL", 5000),
        ("4621", "HS2", 2, "27", 4999),
        ("5700", "total", 1, "TOTAL", 7),
        ("5700", "HS2", 1, "27", 7),
        ("2010", "HS2", 1, "27", 8),
    ];

    private const string Line =
        "HS2 of imports with 4621 does not add up to the total in 1 months: 2023-02 HS2 4,999, total 5,000";

    /// <summary>
    /// A query for all partners goes through the whole table, again for every slice: only a small table is
    /// read so.
    /// </summary>
    [Theory]
    [InlineData("imports-hs2/4621-2023", "4621", 0, 0, Line)]
    [InlineData("imports-hs2/5700-2023", "5700", 0, 0, "")]
    [InlineData("imports-total/2023", "4621,5700", 0, 0, Line)]
    [InlineData("imports-hs2/all-2023", "", 246000, 0, Line)] // As many pages as partners on the list.
    [InlineData("imports-hs2/all-2023", "", 245999, 2, Line)]
    [InlineData("imports-hs2/all-2023-01-27", "", 0, 0, "")] // A chapter alone tells nothing.
    [InlineData("imports-total/2023", "", 0, 0, "")] // Told by the slice of the commodities.
    public async Task Commodities_that_do_not_add_up_to_the_total_are_named(
        string slice,
        string partners,
        long tableRows,
        int expectedScans,
        string expected
    )
    {
        var account = new MemoryStorage(TimeProvider.System);
        await using (var first = new TestPipeline(account, Source))
        {
            var facts = await first.Get<FactStore>().OpenAsync(TradeMonthly.Table);
            var moment = Trade.At("2024-01-01");
            foreach (var (partner, level, month, commodity, value) in Rows)
            {
                await facts.AddEntityAsync(
                    new TradeMonthly
                    {
                        PartitionKey = $"{partner}|imports|{level}",
                        RowKey = $"2023-{month:00}|{commodity}",
                        Period = $"2023-{month:00}",
                        Flow = "imports",
                        Level = level,
                        PartnerCode = partner,
                        ValueUsd = value,
                        Vintage = moment,
                        FirstSeen = moment,
                        LastChanged = moment,
                        PeriodStart = moment,
                    }
                );
            }
        }
        var scans = 0;
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(request =>
            {
                var query = Uri.UnescapeDataString(request.Uri.ToUri().Query);
                if (
                    query.Contains("$filter", StringComparison.Ordinal)
                    && !query.Contains("PartitionKey eq '", StringComparison.Ordinal)
                )
                {
                    scans++;
                }

                return false;
            })
        );
        var body = Trade.Body(
            "[['I_COMMODITY','I_COMMODITY_SDESC','CTY_CODE','CTY_NAME','GEN_VAL_MO','GEN_VAL_YR','COMM_LVL',"
                + "'CTY_CODE','time'],"
                + "['27','FUELS','4621','RUSSIA','3','3','HS2','4621','2023-01'],['27','FUELS','5700','CHINA','7',"
                + "'7','HS2','5700','2023-01'],['27','FUELS','-','ALL','10','10','HS2','-','2023-01']]"
        );
        var source = RealSources.Of(
            Trade.Settings(partners.Length > 0 ? partners.Split(',') : null, all: partners.Length == 0)
        );
        var dataset = Assert.IsType<ICrossChecked>(source.Of(Trade.Slice(slice)), exactMatch: false);
        var lines = await dataset.CrossCheckAsync(
            new CrossCheckContext(
                Trade.Slice(slice),
                _ => Task.FromResult<Stream>(new MemoryStream(body)),
                pipeline.Get<FactStore>(),
                _ => Task.FromResult(tableRows)
            ),
            CancellationToken.None
        );
        Assert.Equal(expected, string.Join('\n', lines));
        Assert.Equal(expectedScans, scans);
    }
}
