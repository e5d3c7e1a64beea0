using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Report.Data;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Report.Tests.Data;

/// <summary>What a request for rows asks of the table service, and what is said of a wrong one.</summary>
public sealed class DataQueryTests : IAsyncDisposable
{
    private static readonly FakeTimeProvider Clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TestPipeline pipeline = new(new MemoryStorage(Clock), settings: null, Clock);

    private DataQuery Read(string request)
    {
        var parts = request.Split('?');
        return pipeline.Get<DataQueryReader>().Read(parts[0], parts.Length == 1 ? [] : Parameters(parts[1]));
    }

    private static IEnumerable<KeyValuePair<string, string>> Parameters(string query) =>
        query
            .Split('&')
            .Select(parameter => parameter.Split('='))
            .Select(pair => new KeyValuePair<string, string>(pair[0], Uri.UnescapeDataString(pair[1])));

    /// <summary>Requests, and the reads of the service that they become.</summary>
    public static TheoryData<string, string[]> Reads =>
        new()
        {
            { "trademonthly", [""] },
            { "trademonthly?PartnerCode=4621", ["PartitionKey ge '4621|' and PartitionKey lt '4621}'"] },
            {
                "trademonthly?PartnerCode=4621&Flow=imports",
                ["PartitionKey ge '4621|imports|' and PartitionKey lt '4621|imports}'"]
            },
            {
                "trademonthly?Level=total&Flow=imports&PartnerCode=4621&from=2018&to=2019-06",
                ["PartitionKey eq '4621|imports|total' and RowKey ge '2018' and RowKey lt '2019-06}'"]
            },
            {
                "trademonthly?PartnerCode=4621&PartnerCode=1220&Flow=imports&Level=total",
                ["PartitionKey eq '1220|imports|total'", "PartitionKey eq '4621|imports|total'"]
            },
            { "trademonthly?Flow=imports&Year=2019", ["Flow eq 'imports' and Year eq 2019"] },
            {
                "trademonthly?Commodity=27&Commodity=71&ValueUsd=-5",
                ["(Commodity eq '27' or Commodity eq '71') and ValueUsd eq -5L"]
            },
            { "trademonthly?PartitionKey=4621|imports|total", ["PartitionKey eq '4621|imports|total'"] },
            {
                "fdiannual?EconomyCode=643&from=2000",
                ["PartitionKey ge '643|' and PartitionKey lt '643}' and RowKey ge '2000'"]
            },
            {
                "holders?AssetClass=ofz&to=2021-01-31",
                ["PartitionKey ge 'ofz|' and PartitionKey lt 'ofz}' and RowKey lt '2021-01-31}'"]
            },
            { "holders?AsOf=2021-01-01", ["AsOf eq datetime'2021-01-01T00:00:00Z'"] },
            {
                "runs?Source=census-trade&from=2026-02&to=2026-02",
                [
                    "StartedAt ge datetime'2026-02-01T00:00:00Z' and StartedAt lt "
                        + "datetime'2026-03-01T00:00:00Z' and Source eq 'census-trade'",
                ]
            },
            { "history?InPolicy=false", ["InPolicy eq false"] },
            {
                "indicators?PartitionKey=us-ru-imports-12m&from=2019",
                ["PartitionKey eq 'us-ru-imports-12m' and RowKey ge '2019'"]
            },
            { "claims?Verdict=' or Verdict ne '", ["Verdict eq ''' or Verdict ne '''"] },
            { "trademonthly?code=secret&clientId=x&Flow=exports", ["Flow eq 'exports'"] },
        };

    [Theory]
    [MemberData(nameof(Reads))]
    public void A_request_becomes_reads_by_key_where_the_filters_tell_it(string request, string[] reads) =>
        Assert.Equal(reads, Read(request).Reads());

    private const string TradeColumns =
        "PartitionKey, RowKey, Period, PeriodStart, Year, Month, Reporter, PartnerCode, PartnerIso2, PartnerName, "
        + "Flow, Level, Commodity, CommodityName, ValueUsd, YearToDateUsd, Source, Dataset, Vintage, FirstSeen, "
        + "LastChanged, Revision, Basis, RawBlob, RunId, RowHash, SchemaVersion";

    private const string Words = "from, to, asof, format, limit, continuation";

    /// <summary>Wrong requests, and the whole message.</summary>
    public static TheoryData<string, string> Wrong =>
        new()
        {
            {
                "nothing",
                "table: seen \"nothing\", expected one of {facts}, indicators, claims, partners, "
                    + "commodities, periods, datasets, gaps, history, rejects, runs, slices; correct the address"
            },
            {
                "TradeMonthly",
                "table: seen \"TradeMonthly\", expected one of {facts}, indicators, claims, partners, "
                    + "commodities, periods, datasets, gaps, history, rejects, runs, slices; correct the address"
            },
            {
                "trademonthly?Partner=4621",
                $"parameters: seen \"Partner\", expected a column of trademonthly: {TradeColumns}; or {Words}; correct "
                    + "the name"
            },
            {
                "gaps?reason=x",
                "parameters: seen \"reason\", expected a column of gaps: PartitionKey, RowKey, Reason, RunId; or "
                    + $"{Words}; correct the name"
            },
            {
                "gaps?Value=1",
                "parameters: seen \"Value\", expected a column of gaps: PartitionKey, RowKey, Reason, RunId; or "
                    + $"{Words}; correct the name"
            },
            {
                "trademonthly?Year=two",
                "parameter Year: seen \"two\", expected a whole number of at most 32 bits; correct the value"
            },
            {
                "trademonthly?ValueUsd=1.5",
                "parameter ValueUsd: seen \"1.5\", expected a whole number of at most 64 bits; correct the value"
            },
            {
                "trademonthly?ValueUsd=99999999999999999999",
                "parameter ValueUsd: seen \"99999999999999999999\", expected a whole number of at most 64 bits; "
                    + "correct the value"
            },
            {
                "holders?SharePercent=NaN",
                "parameter SharePercent: seen \"NaN\", expected a number with a decimal point; correct the value"
            },
            {
                "holders?AsOf=2021-02-30",
                "parameter AsOf: seen \"2021-02-30\", expected a day or a moment in UTC, such as 2019-07-01 or "
                    + "2019-07-01T12:00:00Z; correct the value"
            },
            {
                "trademonthly?Vintage=0001-01-01",
                "parameter Vintage: seen \"0001-01-01\", expected a day or a moment in UTC, such as 2019-07-01 or "
                    + "2019-07-01T12:00:00Z; correct the value"
            },
            { "history?InPolicy=yes", "parameter InPolicy: seen \"yes\", expected true or false; correct the value" },
            {
                "trademonthly?from=2019-07-15",
                "parameter from: seen \"2019-07-15\", expected a year or a month, yyyy or yyyy-MM; correct the value"
            },
            { "fdiannual?to=2019-07", "parameter to: seen \"2019-07\", expected a year, yyyy; correct the value" },
            {
                "holders?from=2019-02-30",
                "parameter from: seen \"2019-02-30\", expected a year, a month or a day, yyyy, yyyy-MM or yyyy-MM-dd; "
                    + "correct the value"
            },
            {
                "trademonthly?from=",
                "parameter from: seen \"\", expected a year or a month, yyyy or yyyy-MM; correct the value"
            },
            {
                "trademonthly?from=2020&to=2019-12",
                "parameter from: seen \"2020\", expected a period up to 2019-12; correct one of the two"
            },
            {
                "gaps?from=2019",
                "parameter from: seen \"2019\", expected no period, because the rows of gaps have none; leave it out, "
                    + "or filter by a column"
            },
            {
                "trademonthly?from=2018&from=2019",
                "parameter from: seen two values, expected one; leave one of them out"
            },
            {
                "history?asof=2026-01-01",
                "parameter asof: seen \"2026-01-01\", expected no day, because history keeps versions of figures, and "
                    + "history has none; leave it out, or ask for a table of figures"
            },
            {
                "indicators?asof=2026-01-01",
                "parameter asof: seen \"2026-01-01\", expected no day, because history keeps versions of figures, and "
                    + "indicators has none; leave it out, or ask for a table of figures"
            },
            {
                "trademonthly?asof=2026-03-02",
                "parameter asof: seen \"2026-03-02\", expected a day up to today, 2026-03-01; correct the value"
            },
            {
                "trademonthly?asof=2026-1-1",
                "parameter asof: seen \"2026-1-1\", expected a day up to today, 2026-03-01; correct the value"
            },
            {
                "trademonthly?format=xml",
                "parameter format: seen \"xml\", expected json, csv or parquet; correct the value"
            },
            {
                "trademonthly?limit=0",
                "parameter limit: seen \"0\", expected a whole number from 1 to 10000 with this format; correct "
                    + "the value, and read on with the address in next"
            },
            {
                "trademonthly?limit=10001",
                "parameter limit: seen \"10001\", expected a whole number from 1 to 10000 with this format; correct "
                    + "the value, and read on with the address in next"
            },
            {
                "trademonthly?limit=100001&format=csv",
                "parameter limit: seen \"100001\", expected a whole number from 1 to 100000 with this format; correct "
                    + "the value, and read on with the address in next"
            },
            {
                "trademonthly?continuation=abc",
                "parameter continuation: seen \"abc\", expected the text of next of a response to the same filters; "
                    + "take the address in next as it is, or begin again without it"
            },
            {
                "trademonthly?continuation=%2F..%2F",
                "parameter continuation: seen \"/../\", expected the text of next of a response to the same filters; "
                    + "take the address in next as it is, or begin again without it"
            },
            {
                "fdiannual?"
                    + "Year=2000&Year=2001&Year=2002&Year=2003&Year=2004&Year=2005&Year=2006&Year=2007"
                    + "&Year=2008&Year=2009&Year=2010",
                "parameters: seen 11 values of columns, expected at most 10; ask for fewer at a time"
            },
        };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_request_is_refused_in_words(string request, string message)
    {
        var facts = pipeline
            .Get<SourceCatalog>()
            .All.SelectMany(source => source.AllDatasets)
            .Select(dataset => dataset.Info.Table.Name)
            .Distinct();
        Assert.Equal(
            message.Replace("{facts}", string.Join(", ", facts), StringComparison.Ordinal),
            Assert.Throws<DataRefusedException>(() => Read(request)).Message
        );
    }

    [Fact]
    public void A_continuation_fits_the_query_that_it_is_of_whatever_its_limit_and_format()
    {
        var query = Read("trademonthly?PartnerCode=4621&Flow=imports&limit=5&format=csv&code=secret");
        var address = query.AddressOf(new DataCursor(3, "1!8!a 1!8!b"));
        Assert.DoesNotContain("secret", address, StringComparison.Ordinal);
        Assert.Equal(new DataCursor(3, "1!8!a 1!8!b"), Read("trademonthly" + address).Cursor);
        var other = address
            .Replace("limit=5", "limit=50", StringComparison.Ordinal)
            .Replace("format=csv", "format=json", StringComparison.Ordinal);
        Assert.Equal(new DataCursor(3, "1!8!a 1!8!b"), Read("trademonthly" + other).Cursor);
        Assert.Throws<DataRefusedException>(() =>
            Read("trademonthly" + address.Replace("imports", "exports", StringComparison.Ordinal))
        );
        var last = address[^1] == 'A' ? 'B' : 'A';
        Assert.Throws<DataRefusedException>(() => Read($"trademonthly{address[..^1]}{last}"));
    }

    [Fact]
    public void No_column_has_the_name_of_a_parameter()
    {
        Assert.All(pipeline.Get<DataTables>().All, table =>
            Assert.Empty(
                table
                    .Columns.Select(column => column.Name)
                    .Intersect([.. DataQueryReader.Names, "code", "clientId"], StringComparer.Ordinal)
            )
        );
    }

    [Fact]
    public void Every_fact_table_of_the_sources_can_be_read_by_partition_and_period()
    {
        var tables = pipeline.Get<DataTables>().All.Where(table => table.Facts is not null).ToList();
        Assert.Equal(
            pipeline
                .Get<SourceCatalog>()
                .All.SelectMany(source => source.AllDatasets)
                .Select(dataset => dataset.Info.Table.Name)
                .Distinct(),
            tables.Select(table => table.Name)
        );
        Assert.All(tables, table => Assert.True(table.PartitionColumns.Count > 0 && table.IsKeyedByPeriod, table.Name));
    }

    public ValueTask DisposeAsync() => pipeline.DisposeAsync();
}
