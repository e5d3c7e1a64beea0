using FsCheck;
using FsCheck.Fluent;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

public sealed class CensusPlanTests
{
    private const string Datasets =
        "a dataset of census-trade: exports-total, imports-total, exports-hs2, imports-hs2, exports-hs4, imports-hs4, "
        + "exports-hs6, imports-hs6, country-balance";

    private static Source Source(CensusOptions? settings = null) => RealSources.Of(settings ?? Trade.Settings());

    /// <summary>Levels, partners, first month, moment, and the slices there are, in order.</summary>
    public static TheoryData<string, string, string, string, string> Slices =>
        new()
        {
            {
                "total",
                "4621",
                "1992-01",
                "2011-03-05",
                "exports-total/2010 imports-total/2010 country-balance/1992-01 exports-total/2011 imports-total/2011"
            },
            {
                "total",
                "4621",
                "2011-07",
                "2011-03-05",
                "exports-total/2011 imports-total/2011 country-balance/2011-07"
            },
            {
                "total",
                "4621",
                "2010-01",
                "2013-03-05",
                "exports-total/2012 imports-total/2012 country-balance/2010-01 exports-total/2013 imports-total/2013 "
                    + "exports-total/2011 imports-total/2011 exports-total/2010 imports-total/2010"
            },
            { "total", "4621", "2030-01", "2011-03-05", "country-balance/2030-01" },
            {
                "HS2",
                "4621,5700",
                "2011-01",
                "2011-12-31",
                "exports-hs2/4621-2011 imports-hs2/4621-2011 country-balance/2011-01 exports-hs2/5700-2011 "
                    + "imports-hs2/5700-2011"
            },
            {
                "HS6",
                "*",
                "2010-11",
                "2011-02-01",
                "exports-hs6/all-2010-11 imports-hs6/all-2010-11 country-balance/2010-11 exports-hs6/all-2010-12 "
                    + "imports-hs6/all-2010-12 exports-hs6/all-2011-01 imports-hs6/all-2011-01 "
                    + "exports-hs6/all-2011-02 imports-hs6/all-2011-02"
            },
            {
                "total,HS4",
                "*",
                "2011-01",
                "2011-01-01",
                "exports-total/2011 imports-total/2011 exports-hs4/all-2011-01 imports-hs4/all-2011-01 "
                    + "country-balance/2011-01"
            },
        };

    [Theory, MemberData(nameof(Slices))]
    public void The_slices_there_are(string levels, string partners, string from, string now, string expected)
    {
        var source = Source(Trade.Settings(partners.Split(','), levels, from, partners == "*"));
        var slices = source.GetSlices(Trade.At(now)).ToList();
        Assert.Equal(expected, string.Join(' ', slices.Select(slice => $"{slice.Dataset}/{slice.Key}")));
    }

    /// <summary>
    /// Slice, newest month of its body, moment, and when it is due again. Figures appear from the second of
    /// the second month after.
    /// </summary>
    public static TheoryData<string, string?, string, string> Due =>
        new()
        {
            // The open year: when the next month may appear, and daily while it is overdue.
            { "exports-total/2025", "2025-08", "2025-10-08T13:15", "2025-11-02T12:00" },
            { "exports-total/2025", "2025-08", "2025-11-05T13:15", "2025-11-06T09:15" },
            { "exports-total/2025", "2025-11", "2026-01-10T13:15", "2026-02-02T12:00" },
            { "exports-total/2026", null, "2026-01-10T13:15", "2026-03-02T12:00" },
            { "exports-total/2026", null, "2026-03-10T13:15", "2026-03-11T09:15" },
            // Unchanged, so that the newest month is not known.
            { "exports-total/2025", null, "2025-10-08T13:15", "2025-10-09T09:15" },
            // A year is closed with its December, or two months after its December should have come.
            { "exports-total/2025", "2025-12", "2026-02-20T13:15", "2026-06-12T14:00" },
            { "exports-total/2025", "2025-11", "2026-04-01T13:15", "2026-04-02T09:15" },
            { "exports-total/2025", "2025-11", "2026-04-03T13:15", "2026-06-12T14:00" },
            { "exports-total/2025", null, "2026-04-03T13:15", "2026-06-12T14:00" },
            { "imports-hs2/4621-2023", "2023-01", "2025-04-03T13:15", "2025-06-12T14:00" },
            // Three closed years are revised every June, then no more.
            { "exports-total/2025", "2025-12", "2026-06-12T14:00", "2027-06-12T14:00" },
            { "exports-total/2023", "2023-12", "2026-06-12T13:59", "2026-06-12T14:00" },
            { "exports-total/2023", "2023-12", "2026-06-12T14:00", "9999-12-31T00:00" },
            { "exports-total/2022", "2022-12", "2026-03-01T00:00", "9999-12-31T00:00" },
            // Months.
            { "imports-hs2/all-2025-08", null, "2025-09-10T13:15", "2025-10-02T12:00" },
            { "imports-hs2/all-2025-08", null, "2025-10-10T13:15", "2025-10-11T09:15" },
            { "imports-hs2/all-2025-08", "2025-08", "2025-10-10T13:15", "2026-06-12T14:00" },
            { "imports-hs2/all-2025-08", null, "2025-12-03T13:15", "2026-06-12T14:00" },
            { "exports-total/2022-03", "2022-03", "2026-02-10T13:15", "9999-12-31T00:00" },
            // The balance file: once a month.
            { "country-balance/1992-01", "2009-12", "2025-10-10T13:15", "2025-11-02T12:00" },
            { "country-balance/1992-01", null, "2025-12-31T23:00", "2026-01-02T12:00" },
            { "country-balance/1992-01", null, "2025-11-01T00:00", "2025-12-02T12:00" },
        };

    [Theory, MemberData(nameof(Due))]
    public void A_slice_is_due_again(string slice, string? newest, string now, string expected) =>
        Assert.Equal(Trade.At(expected), Source().GetNextDue(Trade.Slice(slice), newest, Trade.At(now)));

    [Fact]
    public void A_year_is_narrowed_to_its_months_and_a_month_of_all_partners_to_its_chapters()
    {
        // A year of totals is never too big, and a retired partner has no rows in any part.
        Assert.Empty(Source().Split(Trade.Slice("exports-total/2019")));
        Assert.Empty(Source().Split(Trade.Slice("imports-hs2/4799-2023")));
        Assert.Equal(
            Enumerable.Range(1, 12).Select(month => $"census-trade/imports-hs2/4621-2023-{month:00}"),
            Source().Split(Trade.Slice("imports-hs2/4621-2023")).Select(slice => slice.Id)
        );
        var chapters = Source().Split(Trade.Slice("imports-hs6/all-2023-01"));
        Assert.Equal(98, chapters.Count);
        Assert.Equal(
            ("census-trade/imports-hs6/all-2023-01-01", "census-trade/imports-hs6/all-2023-01-99"),
            (chapters[0].Id, chapters[^1].Id)
        );
        Assert.DoesNotContain(chapters, slice => slice.Key.EndsWith("-77", StringComparison.Ordinal));
    }

    [Theory]
    [
        InlineData("exports-total/2019-01"),
        InlineData("imports-hs2/4621-2023-01"),
        InlineData("imports-hs2/all-2023-01-27"),
        InlineData("country-balance/1992-01")
    ]
    public void The_smallest_parts_are_not_narrowed(string slice) => Assert.Empty(Source().Split(Trade.Slice(slice)));

    [Theory]
    [InlineData("exports-total/2019", "", 0, false)]
    [InlineData("exports-total/2019", "exports-total/2019", 0, false)]
    [InlineData("exports-total/2019", "exports-total/2019", 12, true)]
    [InlineData("exports-total/2019", "imports-total/2020", 1, true)]
    [InlineData("exports-total/2019", "exports-total/2018", 12, false)]
    [InlineData("exports-total/2019-05", "exports-total/2019-06", 1, true)]
    [InlineData("exports-total/2019-05", "exports-total/2019-04", 1, false)]
    [InlineData("exports-total/2019-05", "country-balance/1992-01", 500, false)]
    [InlineData("country-balance/1992-01", "exports-total/2019", 12, false)]
    public void A_period_is_published_when_something_as_new_has_rows(
        string slice,
        string known,
        long rows,
        bool expected
    ) =>
        Assert.Equal(
            expected,
            Source().IsPublished(Trade.Slice(slice), known.Length == 0 ? [] : [Loaded(Trade.Slice(known), rows)])
        );

    private static SliceRow Loaded(Slice slice, long rows) =>
        new(slice)
        {
            Loaded = new LoadedBody(
                new RawName(slice, Trade.At("2025-01-01"), new string('a', 12), "json"),
                new string('a', 64),
                rows
            ),
        };

    [Fact]
    public void The_balance_file_that_is_switched_off_is_not_listed()
    {
        var source = Source(Trade.Settings() with { CountryFileUrl = null });
        Assert.DoesNotContain(source.GetSlices(Trade.At("2025-01-01")), slice => slice.Dataset == "country-balance");
        Assert.DoesNotContain(source.Datasets, dataset => dataset.Info.Name == "country-balance");
    }

    [Theory]
    [
        InlineData("exports-hs9/4621-2019", Datasets),
        InlineData("country-balance/2019", "a slice such as country-balance/1992-01"),
        InlineData("exports-total/1899", "a slice such as exports-total/2019"),
        InlineData("exports-total/9999-12", "a slice such as exports-total/2019"),
        InlineData("imports-hs2/2019", "a slice such as imports-hs2/4621-2023"),
        InlineData("nothing/2019", Datasets)
    ]
    public void A_slice_that_does_not_exist_is_refused_instead_of_taken_for_another(string slice, string expected)
    {
        var words = Assert.Throws<FormatException>(() => Source().GetRequest(Trade.Slice(slice))).Message;
        Assert.Equal(
            $"slice census-trade/{slice}: seen \"{slice}\", expected {expected}; "
                + "the message moves to the poison queue; send it again with a slice of the table slices",
            words
        );
        Assert.Null(Source().Find(Trade.Slice(slice)));
    }

    [Theory]
    [InlineData("exports-total/2019", "exports/hs?get=CTY_CODE,CTY_NAME,ALL_VAL_MO,ALL_VAL_YR&time=2019")]
    [InlineData("imports-total/2019-03", "imports/hs?get=CTY_CODE,CTY_NAME,GEN_VAL_MO,GEN_VAL_YR&time=2019-03")]
    [InlineData(
        "exports-hs2/4621-2019",
        "exports/hs?get=E_COMMODITY,E_COMMODITY_SDESC,CTY_CODE,CTY_NAME,ALL_VAL_MO,"
            + "ALL_VAL_YR&COMM_LVL=HS2&CTY_CODE=4621&time=2019"
    )]
    [InlineData(
        "imports-hs6/all-2019-03-27",
        "imports/hs?get=I_COMMODITY,I_COMMODITY_SDESC,CTY_CODE,CTY_NAME,GEN_VAL_MO,"
            + "GEN_VAL_YR&COMM_LVL=HS6&I_COMMODITY=27*&time=2019-03"
    )]
    public void The_request_of_a_slice(string slice, string expected)
    {
        foreach (
            var address in (string[])
                [
                    "https://api.census.gov/data/timeseries/intltrade",
                    "https://api.census.gov/data/timeseries/intltrade/",
                ]
        )
        {
            var request = Source(Trade.Settings(baseUrl: new Uri(address))).GetRequest(Trade.Slice(slice));
            Assert.Equal("https://api.census.gov/data/timeseries/intltrade/" + expected, request.Url.AbsoluteUri);
            Assert.Equal($"{request.Url.AbsoluteUri}&key={Trade.Canary}", request.SentUrl.AbsoluteUri);
        }
    }

    private static readonly Gen<CensusSlice> AnySlice =
        from flow in Gen.Elements("exports", "imports")
        from level in Gen.Elements("total", "HS2", "HS4", "HS6")
        from partner in Gen.Choose(1000, 8999)
        from all in Gen.Elements(true, false)
        from year in Gen.Choose(1900, 2200)
        from month in Gen.Choose(0, 12)
        from chapter in Gen.Choose(0, 99)
        select new CensusSlice(
            flow,
            level,
            level == "total" || all ? null : $"{partner}",
            year,
            month == 0 ? null : month,
            level == "total" || month == 0 || chapter == 0 ? null : $"{chapter:00}"
        );

    [Fact]
    public void Slices_are_read_back_from_their_keys_ids_and_blob_names() =>
        Prop.ForAll(AnySlice.ToArbitrary(), Gen.Choose(0, 2_000_000_000).ToArbitrary(), (part, seconds) =>
            {
                var slice = new Slice("census-trade", part.Dataset, part.Key);
                Assert.True(CensusSlice.TryParse(slice, out var parsed));
                Assert.Equal(part, parsed);
                Assert.True(Slice.TryParse(slice.Id, out var again));
                Assert.Equal(slice, again);
                var name = new RawName(slice, DateTimeOffset.UnixEpoch.AddSeconds(seconds), $"{seconds:x12}", "json");
                Assert.True(RawName.TryParse(name.Blob, out var read));
                Assert.Equal(name, read);
                Assert.Equal(name.RunId, read.RunId);
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Requests_are_well_formed_and_carry_the_key_only_when_they_are_sent() =>
        Prop.ForAll(AnySlice.ToArbitrary(), part =>
            {
                var request = Source().GetRequest(new Slice("census-trade", part.Dataset, part.Key));
                Assert.True(Uri.IsWellFormedUriString(request.Url.OriginalString, UriKind.Absolute));
                Assert.DoesNotContain(Trade.Canary, request.Url.AbsoluteUri, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("key=", request.Url.AbsoluteUri, StringComparison.OrdinalIgnoreCase);
                Assert.EndsWith($"&key={Trade.Canary}", request.SentUrl.Query);
                Assert.Single(request.Url.Query.Split("time=").Skip(1));
                Assert.DoesNotContain(Trade.Canary, Trade.Settings().ToString(), StringComparison.Ordinal);
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Every_month_since_2010_is_covered_by_exactly_one_slice_whatever_the_settings() =>
        Prop.ForAll(
                (
                    from days in Gen.Choose(0, 6000)
                    from first in Gen.Choose(0, 500)
                    from partners in Gen.Elements("*", "4621", "4621,5700,2010")
                    from levels in Gen.SubListOf(CensusOptions.AllLevels.ToArray())
                    select (
                        Now: new DateTimeOffset(2010, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(days),
                        From: new DateOnly(1985, 1, 1).AddMonths(first),
                        Partners: partners,
                        Levels: levels
                    )
                ).ToArbitrary(),
                given =>
                {
                    var settings = Trade.Settings(given.Partners.Split(','), "total", all: given.Partners == "*") with
                    {
                        Levels = [.. given.Levels],
                        From = given.From,
                    };
                    var covered = Source(settings)
                        .GetSlices(given.Now)
                        .Where(slice => slice.Dataset != "country-balance")
                        .SelectMany(slice =>
                        {
                            Assert.True(CensusSlice.TryParse(slice, out var part));
                            return Enumerable
                                .Range(0, part.Months)
                                .Select(month => (part.Dataset, part.Partner, Month: part.Start.AddMonths(month)));
                        })
                        .ToList();
                    var months = covered.ToHashSet();
                    Assert.Equal(covered.Count, months.Count);
                    var first = given.From > CensusSlice.FirstMonth ? given.From : CensusSlice.FirstMonth;
                    for (
                        var month = first;
                        month <= DateOnly.FromDateTime(given.Now.UtcDateTime);
                        month = month.AddMonths(1)
                    )
                    {
                        foreach (var level in given.Levels)
                        {
                            foreach (
                                var partner in level == "total" || given.Partners == "*"
                                    ? (string?[])[null]
                                    : given.Partners.Split(',')
                            )
                            {
                                Assert.Contains((CensusSlice.DatasetOf("imports", level), partner, month), months);
                            }
                        }
                    }
                }
            )
            .QuickCheckThrowOnFailure();
}
