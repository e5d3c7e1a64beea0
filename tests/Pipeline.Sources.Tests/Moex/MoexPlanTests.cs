using Pipeline.Sources.Moex;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

public sealed class MoexPlanTests
{
    private static readonly DateTimeOffset Now = Trade.At("2026-11-22T18:00:00");

    [Fact]
    public void Each_part_has_a_switch_of_its_own()
    {
        static string Of(MoexOptions settings)
        {
            var source = RealSources.Of(settings);
            Assert.Equal(
                source.Datasets.Select(dataset => dataset.Info.Name).Order(),
                source.GetSlices(Now).Select(slice => slice.Dataset).Distinct().Order()
            );
            return string.Join(' ', source.GetSlices(Now).Select(slice => $"{slice.Dataset}/{slice.Key}"));
        }

        Assert.Equal(
            "holders-by-country/all market-capitalisation/last-day ofz-nonresidents/all nsd-holders/2026-11-21 "
                + "nsd-holders/2026-11-20 nsd-holders/2026-11-19 nsd-holders/2026-11-18 "
                + "nsd-holders/2026-11-17 nsd-holders/2026-11-16 nsd-holders/2026-11-15",
            Of(Holders.Settings)
        );
        Assert.Equal(
            "holders-by-country/all market-capitalisation/last-day",
            Of(Holders.Settings with { OfzTableUrl = null, NsdApiKey = "" })
        );
        Assert.Equal(
            "market-capitalisation/last-day",
            Of(Holders.Settings with { OfzTableUrl = null, NsdUrl = null, HoldersFile = "" })
        );
        Assert.Equal("", Of(new MoexOptions(null, null, null, "", "")));
    }

    /// <summary>Slice, newest period of its body, the present moment, and when the slice is due again.</summary>
    [Theory]
    [InlineData("market-capitalisation/last-day", "2026-11", "2026-11-22T18:00:00", "2026-11-23T14:00:00")]
    [InlineData("market-capitalisation/last-day", null, "2026-11-22T18:00:00", "2026-11-23T14:00:00")]
    [InlineData("nsd-holders/2026-11-21", "2026-11", "2026-11-22T18:00:00", "2026-11-23T14:00:00")]
    [InlineData("ofz-nonresidents/all", "2026-10", "2026-11-05T18:00:00", "2026-11-20T00:00:00")]
    [InlineData("ofz-nonresidents/all", "2026-10", "2026-11-22T18:00:00", "2026-11-23T14:00:00")]
    [InlineData("ofz-nonresidents/all", "2026-11", "2026-11-22T18:00:00", "2026-12-20T00:00:00")]
    [InlineData("ofz-nonresidents/all", "2026-12", "2026-12-24T18:00:00", "2027-01-20T00:00:00")]
    [InlineData("ofz-nonresidents/all", null, "2026-11-22T18:00:00", "2026-11-23T14:00:00")]
    [InlineData("holders-by-country/all", "2024-06", "2026-11-22T18:00:00", null)]
    public void Slices_are_due_when_there_may_be_something_new(string slice, string? newest, string now, string? due) =>
        Assert.Equal(
            due is null ? null : Trade.At(due),
            Holders.Source.GetNextDue(Holders.Slice(slice), newest, Trade.At(now))
        );

    [Fact]
    public void Requests_are_written_as_the_servers_want_them_and_the_key_is_only_in_what_is_sent()
    {
        string Of(string slice)
        {
            var request = Holders.Source.GetRequest(Holders.Slice(slice));
            Assert.DoesNotContain(Holders.Canary, request.Url.AbsoluteUri + request, StringComparison.Ordinal);
            return request.Url.AbsoluteUri;
        }

        Assert.Equal(
            "https://iss.moex.com/iss/statistics/engines/stock/capitalization.json?iss.meta=off&lang=en",
            Of("market-capitalisation/last-day")
        );
        Assert.Equal("https://cbr.example/table_ofz.xlsx", Of("ofz-nonresidents/all"));
        Assert.Equal(
            "https://nsddata.ru/api/get/assetholders?limit=1000&filter=%7B%22date%22%3A%222026-11-20%22%7D",
            Of("nsd-holders/2026-11-20")
        );
        Assert.Equal("curated:///holders.csv", Of("holders-by-country/all"));
        Assert.DoesNotContain(
            Holders.Canary,
            string.Join(' ', Holders.Source.Datasets.Select(dataset => dataset.Info)) + Holders.Settings,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("market-capitalisation/2026-11-20", "a slice such as market-capitalisation/last-day")]
    [InlineData("nsd-holders/2026-02-30", "a slice such as nsd-holders/2026-11-20")]
    [InlineData("nsd-holders/all", "a slice such as nsd-holders/2026-11-20")]
    [InlineData(
        "foreignholders/all",
        "a dataset of moex-holders: holders-by-country, market-capitalisation, ofz-nonresidents, nsd-holders"
    )]
    public void There_are_no_other_slices(string slice, string expected) =>
        Assert.Equal(
            $"slice moex-holders/{slice}: seen \"{slice}\", expected {expected}; "
                + "the message moves to the poison queue; send it again with a slice of the table slices",
            Assert.Throws<FormatException>(() => Holders.Source.GetRequest(Holders.Slice(slice))).Message
        );

    [Fact]
    public void Servers_on_this_machine_need_no_spacing_and_others_250_ms_and_one_request_at_a_time()
    {
        Assert.Equal(
            (TimeSpan.FromMilliseconds(250), 1),
            (Holders.Source.Courtesy.Spacing, Holders.Source.Courtesy.Concurrency)
        );
        Assert.Equal(
            TimeSpan.Zero,
            RealSources.Of(new MoexOptions(new Uri("http://127.0.0.1:1/iss"), null, null, "", "")).Courtesy.Spacing
        );
        Assert.Equal(
            TimeSpan.FromMilliseconds(250),
            RealSources.Of(Holders.Settings with { IssUrl = new Uri("http://127.0.0.1:1/iss") }).Courtesy.Spacing
        );
    }

    [Fact]
    public void No_two_datasets_answer_for_one_partition_and_every_basis_has_one()
    {
        var readers = (
            (string[])
                [
                    "market-capitalisation/last-day",
                    "ofz-nonresidents/all",
                    "nsd-holders/2026-11-20",
                    "holders-by-country/all",
                ]
        )
            .Select(Holders.Reader)
            .ToList();
        foreach (var basis in HolderBasis.All)
        {
            foreach (var asset in (string[])["equity", "ofz"])
            {
                var owners = readers.Count(reader => reader.Scope.Owns($"{asset}|{basis}", "2026-11-20|All|x"));
                var only =
                    basis == HolderBasis.MarketCapitalisation
                        ? asset == "equity"
                        : basis != HolderBasis.CbrMonthly || asset == "ofz";
                Assert.Equal((basis, only ? 1 : 0), (basis, owners));
            }
        }

        Assert.Equal(11, HolderBasis.All.Distinct().Count());
    }
}
