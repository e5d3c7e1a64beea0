using Xunit;

namespace Pipeline.Insight.Tests.Dimensions;

/// <summary>The dimensions of the samples, as joins use them.</summary>
public sealed class DimensionTests(Exports exports) : IClassFixture<Exports>
{
    [Theory]
    [InlineData("ScheduleC")]
    [InlineData("Iso2")]
    [InlineData("Iso3")]
    [InlineData("M49")]
    [InlineData("RowKey")]
    public void A_code_is_on_one_partner_at_most(string code)
    {
        Assert.Empty(
            exports.Query(
                $"select {code} from '{{exports}}/partners.parquet' where {code} <> '' group by all having count(*) > 1"
            )
        );
        Assert.True(
            exports.Value<long>($"select count(*) from '{{exports}}/partners.parquet' where {code} <> ''") > 200
        );
    }

    [Theory]
    [InlineData("trademonthly/*", "PartnerCode", "partners", "ScheduleC")]
    [InlineData("trademonthly/*", "PartnerIso2", "partners", "Iso2")]
    [InlineData("fdiannual", "EconomyCode", "partners", "M49")]
    [InlineData("fdiannual", "EconomyIso3", "partners", "Iso3")]
    [InlineData("fdipartners", "HostCode", "partners", "M49")]
    [InlineData("fdipartners", "HostIso3", "partners", "Iso3")]
    [InlineData("fdipartners", "PartnerIso3", "partners", "Iso3")]
    [InlineData("holders", "HolderIso2", "partners", "Iso2")]
    [InlineData("trademonthly/*", "Commodity", "commodities", "RowKey")]
    [InlineData("trademonthly/*", "Period", "periods", "RowKey")]
    [InlineData("trademonthly/*", "Year", "periods", "RowKey")]
    [InlineData("fdiannual", "Year", "periods", "RowKey")]
    [InlineData("commodities", "Parent", "commodities", "RowKey")]
    public void Every_code_of_the_facts_joins_and_no_join_multiplies_rows(
        string table,
        string column,
        string dimension,
        string code
    )
    {
        var facts = $"from '{{exports}}/{table}.parquet' f";
        Assert.Empty(
            exports.Query(
                $"select distinct f.{column} {facts} where f.{column}::varchar <> '' and f.{column}::varchar not in "
                    + $"(select {code} from '{{exports}}/{dimension}.parquet')"
            )
        );
        Assert.Equal(
            exports.Value<long>($"select count(*) {facts}"),
            exports.Value<long>(
                $"select count(*) {facts} left join '{{exports}}/{dimension}.parquet' d on "
                    + $"d.{code} = f.{column}::varchar and d.{code} <> ''"
            )
        );
    }

    [Theory]
    [InlineData("RUS", "country", "4621", "RU", "643", "Europe", "Eastern Europe", null, null)]
    [InlineData("ISR", "country", "5081", "IL", "376", "Asia", "Western Asia", null, null)]
    [InlineData("SDN", "country", "7321", "SD", "729", "Africa", "Northern Africa", null, null)]
    [InlineData("SUN", "former", "4610", "SU", "810", "", "", null, 1992)]
    [InlineData("BUR", "former", "", "BU", "", "Asia", "South-eastern Asia", null, 1989)]
    [InlineData("PSE", "country", "", "PS", "275", "Asia", "Western Asia", null, null)]
    [InlineData("C5082", "other", "5082", "", "", "Asia", "Western Asia", null, null)]
    [InlineData("C4802", "former", "4802", "", "", "Europe", "Southern Europe", null, 2008)]
    [InlineData("M736", "former", "7320", "", "736", "", "", null, 2011)]
    [InlineData("XKX", "country", "4803", "XK", "412", "Europe", "Southern Europe", 2008, null)]
    public void A_partner_has_its_codes_region_and_years(
        string key,
        string kind,
        string scheduleC,
        string iso2,
        string m49,
        string region,
        string subRegion,
        int? from,
        int? to
    ) =>
        Assert.Equal(
            [kind, scheduleC, iso2, m49, region, subRegion, from, to],
            Assert.Single(
                exports.Query(
                    "select Kind, ScheduleC, Iso2, M49, Region, SubRegion, ValidFrom, ValidTo from "
                        + $"'{{exports}}/partners.parquet' where RowKey = '{key}'"
                )
            )
        );

    [Fact]
    public void Every_country_of_today_has_a_region() =>
        Assert.Empty(
            exports.Query(
                "select RowKey from '{exports}/partners.parquet' where Kind = 'country' and (Region = '' or SubRegion = '')"
            )
        );

    [Fact]
    public void Commodities_have_level_parent_and_name() =>
        Assert.Equal(
            [
                ["27", "HS2", "TOTAL", true],
                ["TOTAL", "total", "", true],
            ],
            exports.Query(
                "select RowKey, Level, Parent, Name <> '' from '{exports}/commodities.parquet' where RowKey in "
                    + "('27', 'TOTAL') order by all"
            )
        );

    [Fact]
    public void Periods_have_their_days() =>
        Assert.Equal(
            [
                ["2020", "year", 2020, null, null, new DateOnly(2020, 1, 1), new DateOnly(2020, 12, 31)],
                ["2020-02", "month", 2020, 1, 2, new DateOnly(2020, 2, 1), new DateOnly(2020, 2, 29)],
                ["2020-Q1", "quarter", 2020, 1, null, new DateOnly(2020, 1, 1), new DateOnly(2020, 3, 31)],
            ],
            exports.Query(
                "select RowKey, Kind, Year, Quarter, Month, FirstDay, LastDay from '{exports}/periods.parquet' "
                    + "where RowKey in ('2020', '2020-02', '2020-Q1') order by all"
            )
        );
}
