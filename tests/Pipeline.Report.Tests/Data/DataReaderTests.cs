using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Parquet;
using Pipeline.Report.Data;
using Pipeline.Sources.Census;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Report.Tests.Data;

/// <summary>Rows as a response has them: by filter, in parts, in each format, and as they were on a day.</summary>
public sealed class DataReaderTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static async Task<DataPage> ReadAsync(TestPipeline pipeline, string request)
    {
        var parts = request.Split('?', 2);
        var parameters = parts[1]
            .Split('&')
            .Select(parameter => parameter.Split('=', 2))
            .Select(pair => new KeyValuePair<string, string>(pair[0], Uri.UnescapeDataString(pair[1])));
        var query = pipeline.Get<DataQueryReader>().Read(parts[0], parameters);
        return await pipeline.Get<DataReader>().ReadAsync(query, CancellationToken.None);
    }

    private static async Task<TestPipeline> TradeAsync(params HttpPipelinePolicy[] policies)
    {
        var clock = new FakeTimeProvider(Start);
        var pipeline = new TestPipeline(new MemoryStorage(clock), settings: null, clock, policies);
        var client = await pipeline.TableAsync(TradeMonthly.Table.Name);
        foreach (
            var (flow, table) in (IEnumerable<(string, string)>)[("imports", Facts.Imports), ("exports", Facts.Exports)]
        )
        {
            foreach (var row in Facts.Trade(flow, table).Cast<TradeMonthly>())
                await client.AddEntityAsync(row);
        }
        return pipeline;
    }

    private static List<string> Keys(DataPage page) => [.. page.Rows.Select(row => $"{row[0]} {row[1]}")];

    [Fact]
    public async Task Filters_by_column_and_period_bring_the_rows_that_fit()
    {
        await using var pipeline = await TradeAsync();
        var page = await ReadAsync(
            pipeline,
            "trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2019-11&to=2019"
        );
        Assert.Equal(["4621|imports|total 2019-11|TOTAL", "4621|imports|total 2019-12|TOTAL"], Keys(page));
        var value = page.Columns.Select(column => column.Name).ToList().IndexOf("ValueUsd");
        Assert.Equal([1_767_751_720L, 2_360_241_432L], page.Rows.Select(row => row[value]));
        Assert.Null(page.Next);

        // Two partitions, and a filter by a column that is no key.
        page = await ReadAsync(
            pipeline,
            "trademonthly?PartnerCode=4621&Flow=imports&Flow=exports&Level=total&Month=7&Year=2018&Year=2019"
        );
        Assert.Equal(
            [
                "4621|exports|total 2018-07|TOTAL",
                "4621|exports|total 2019-07|TOTAL",
                "4621|imports|total 2018-07|TOTAL",
                "4621|imports|total 2019-07|TOTAL",
            ],
            Keys(page)
        );
        Assert.Empty((await ReadAsync(pipeline, "trademonthly?PartnerCode=1220")).Rows);
        Assert.Empty((await ReadAsync(pipeline, "fdiannual?EconomyCode=643")).Rows);
    }

    [Theory]
    [InlineData("PartnerCode=4621&Flow=exports&Flow=imports&Level=total", 7)]
    [InlineData("PartnerCode=4621", 100)]
    [InlineData("Month=3", 5)]
    [InlineData("Month=3&Month=4&Level=total", 228)]
    public async Task The_parts_of_a_list_are_the_list(string filters, int limit)
    {
        await using var pipeline = await TradeAsync();
        var whole = Keys(await ReadAsync(pipeline, $"trademonthly?{filters}&limit=10000"));
        var parts = new List<string>();
        var next = $"?{filters}&limit={limit}";
        var count = 0;
        while (next is not null)
        {
            var page = await ReadAsync(pipeline, "trademonthly" + next);
            Assert.InRange(page.Rows.Count, 0, limit);
            parts.AddRange(Keys(page));
            next = page.Next is { } cursor ? page.Query.AddressOf(cursor) : null;
            Assert.InRange(++count, 1, 60);
        }
        Assert.NotEmpty(whole);
        Assert.Equal(whole, parts);
    }

    [Fact]
    public async Task A_response_ends_after_so_many_calls_or_so_much_time_and_the_next_goes_on()
    {
        var slow = new SlowPolicy();
        await using var pipeline = await TradeAsync(slow);
        slow.Clock = (FakeTimeProvider)pipeline.Get<TimeProvider>();
        slow.Took = DataReader.MostTime / 2;
        slow.Calls = 0;
        // One row a page: the service is free to give fewer rows than it is asked for.
        slow.Top = 1;
        var page = await ReadAsync(pipeline, "trademonthly?Flow=exports");
        Assert.Equal((3, 3), (slow.Calls, page.Rows.Count));
        Assert.NotNull(page.Next);
        slow.Took = TimeSpan.Zero;
        slow.Calls = 0;
        page = await ReadAsync(pipeline, "trademonthly" + page.Query.AddressOf(page.Next));
        Assert.Equal((33, 33), (slow.Calls, page.Rows.Count));
        Assert.Null(page.Next);
        slow.Calls = 0;
        page = await ReadAsync(pipeline, "trademonthly?limit=10000");
        Assert.Equal((DataReader.MostCalls, DataReader.MostCalls), (slow.Calls, page.Rows.Count));
        Assert.NotNull(page.Next);
    }

    [Fact]
    public async Task Each_format_has_the_same_rows()
    {
        await using var pipeline = await TradeAsync();
        const string Request = "trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2019-07&to=2019-08&limit=1";
        var json = await WriteAsync("json");
        Assert.Equal("application/json", json.ContentType);
        using var document = JsonDocument.Parse(json.Bytes);
        var root = document.RootElement;
        Assert.Equal("trademonthly", root.GetProperty("table").GetString());
        var row = Assert.Single(root.GetProperty("rows").EnumerateArray());
        Assert.Equal(
            ("2019-07", "2019-07-01", 2_066_401_200L, "2025-10-01T12:00:00Z"),
            (
                row.GetProperty("Period").GetString(),
                row.GetProperty("PeriodStart").GetString(),
                row.GetProperty("ValueUsd").GetInt64(),
                row.GetProperty("Vintage").GetString()
            )
        );
        var value = root.GetProperty("columns")
            .EnumerateArray()
            .Single(column => column.GetProperty("name").GetString() == "ValueUsd");
        Assert.Equal(
            "{\"name\":\"ValueUsd\",\"type\":\"int64\",\"unit\":\"US dollars\","
                + "\"meaning\":\"The month's value in whole US dollars\"}",
            value.GetRawText()
        );
        Assert.Equal(json.Next, root.GetProperty("next").GetString());
        Assert.StartsWith(
            "/api/data/trademonthly?PartnerCode=4621&Flow=imports&Level=total&from=2019-07&to=2019-08&",
            json.Next,
            StringComparison.Ordinal
        );

        var csv = await WriteAsync("csv");
        Assert.Equal("text/csv; charset=utf-8", csv.ContentType);
        var lines = Encoding.UTF8.GetString(csv.Bytes).Split("\r\n");
        Assert.StartsWith("PartitionKey,RowKey,Period,PeriodStart,", lines[0], StringComparison.Ordinal);
        Assert.StartsWith(
            "4621|imports|total,2019-07|TOTAL,2019-07,2019-07-01,2019,7,US,",
            lines[1],
            StringComparison.Ordinal
        );
        Assert.Equal(3, lines.Length);

        var parquet = await WriteAsync("parquet");
        Assert.Equal("application/vnd.apache.parquet", parquet.ContentType);
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(parquet.Bytes));
        Assert.Equal(1, reader.RowGroupCount);
        Assert.Equal(root.GetProperty("columns").GetArrayLength(), reader.Schema.DataFields.Length);

        async Task<DataDocument> WriteAsync(string format) =>
            await DataWriter.WriteAsync(
                await ReadAsync(pipeline, $"{Request}&format={format}"),
                "/api/data/trademonthly",
                CancellationToken.None
            );
    }

    [Fact]
    public async Task What_was_known_before_between_and_after_revisions_is_found_again()
    {
        using var source = new FakeSource { Coverage = Pipeline.Datasets.Coverage.ByHand };
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        // The value of a on the first of March and after; b is removed on the third and comes back.
        foreach (var body in (string[])["a=1 b=5", "a=2 b=5", "a=2/note", "a=4 b=6"])
        {
            source.Body = body;
            await pipeline.RunAsync();
            clock.Advance(TimeSpan.FromDays(1));
        }
        Assert.Equal("", await OnAsync("2026-02-28"));
        Assert.Equal("a=1// b=5//", await OnAsync("2026-03-01"));
        Assert.Equal("a=2// b=5//", await OnAsync("2026-03-02"));
        Assert.Equal("a=2/note/", await OnAsync("2026-03-03"));
        Assert.Equal("a=4// b=6//", await OnAsync("2026-03-04"));
        Assert.Equal("a=4// b=6//", await OnAsync("2026-03-05"));
        // Filters go by what the row was then.
        Assert.Equal("a=1//", await OnAsync("2026-03-01", "&Value=1"));
        Assert.Equal("", await OnAsync("2026-03-02", "&Value=1"));
        Assert.Equal("", await OnAsync("2026-03-02", "&Value=4"));

        var first = await ReadAsync(pipeline, "fakefacts?PartitionKey=fake|one&asof=2026-03-01&limit=1");
        Assert.Equal("a", Assert.Single(first.Rows)[1]);
        var second = await ReadAsync(pipeline, "fakefacts" + first.Query.AddressOf(first.Next!));
        Assert.Equal("b", Assert.Single(second.Rows)[1]);
        Assert.Null(second.Next);
        // What only the present row knows is left out.
        Assert.Equal(
            ["PartitionKey", "RowKey", "Name", "Value", "Note", "Vintage", "LastChanged", "Basis"],
            first.Columns.Select(column => column.Name)
        );

        async Task<string> OnAsync(string day, string more = "")
        {
            var page = await ReadAsync(pipeline, $"fakefacts?PartitionKey=fake|one&asof={day}{more}");
            return string.Join(' ', page.Rows.Select(row => $"{row[1]}={row[3]}/{row[4]}/"));
        }
    }

    [Theory]
    [InlineData(
        "trademonthly?asof=2026-02-01",
        "parameter asof: seen filters that leave more than single partitions, expected a value for each of "
            + "PartnerCode, Flow, Level; add them, or PartitionKey: the versions of rows are found by partition"
    )]
    [InlineData(
        "trademonthly?asof=2026-02-01&Flow=imports&Level=total",
        "parameter asof: seen filters that leave more than single partitions, expected a value for each of "
            + "PartnerCode, Flow, Level; add them, or PartitionKey: the versions of rows are found by partition"
    )]
    [InlineData(
        "trademonthly?asof=2026-02-01&PartnerCode=4621&Flow=imports&Level=total&Revision=0",
        "parameter Revision: seen a filter beside asof, expected a column that is known of an earlier day: "
            + "PartitionKey, RowKey, Period, PeriodStart, Year, Month, Reporter, PartnerCode, PartnerIso2, "
            + "PartnerName, Flow, Level, Commodity, CommodityName, ValueUsd, YearToDateUsd, Vintage, LastChanged, "
            + "Basis; leave it out, or ask without asof"
    )]
    public async Task A_day_in_the_past_needs_filters_that_name_partitions(string request, string message)
    {
        await using var pipeline = await TradeAsync();
        Assert.Equal(
            message,
            (await Assert.ThrowsAsync<DataRefusedException>(() => ReadAsync(pipeline, request))).Message
        );
    }

    [Fact]
    public async Task A_day_in_the_past_of_too_many_rows_says_which_filter_to_add()
    {
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), settings: null, clock);
        var client = await pipeline.TableAsync(TradeMonthly.Table.Name);
        const string Partition = "4621|imports|HS6";
        foreach (var batch in Enumerable.Range(0, DataReader.MostRowsAsOf + 1).Chunk(100))
        {
            await client.SubmitTransactionAsync(
                batch.Select(number => new TableTransactionAction(
                    TableTransactionActionType.Add,
                    new TableEntity(Partition, $"2019-{1 + number % 12:00}|{number:000000}")
                    {
                        ["LastChanged"] = Start.AddDays(-10),
                        ["Period"] = $"2019-{1 + number % 12:00}",
                        ["PartnerCode"] = "4621",
                        ["Flow"] = "imports",
                        ["Level"] = "HS6",
                    }
                ))
            );
        }
        const string Request = "trademonthly?PartnerCode=4621&Flow=imports&Level=HS6&asof=2026-02-25";
        Assert.Equal(
            "parameter asof: seen more than 50000 rows of trademonthly and history to read, expected at most 50000; "
                + "add or narrow from and to",
            (await Assert.ThrowsAsync<DataRefusedException>(() => ReadAsync(pipeline, Request))).Message
        );
        Assert.Equal(10, (await ReadAsync(pipeline, $"{Request}&from=2019-03&to=2019-04&limit=10")).Rows.Count);
    }

    [Fact]
    public async Task A_mark_that_the_service_does_not_take_is_a_wrong_continuation()
    {
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(
            new MemoryStorage(clock),
            settings: null,
            clock,
            new RefusePolicy()
        );
        var query = pipeline.Get<DataQueryReader>().Read("trademonthly", []);
        var refused = await Assert.ThrowsAsync<DataRefusedException>(() =>
            pipeline
                .Get<DataReader>()
                .ReadAsync(query with { Cursor = new DataCursor(0, "x y") }, CancellationToken.None)
        );
        Assert.Equal(
            "parameter continuation: seen \"x y\", expected a mark that the table service has made; begin again "
                + "without it",
            refused.Message
        );
        await Assert.ThrowsAsync<Azure.RequestFailedException>(() =>
            pipeline.Get<DataReader>().ReadAsync(query, CancellationToken.None)
        );
    }

    /// <summary>Counts queries of rows, lets time pass with each, and asks for fewer rows.</summary>
    private sealed class SlowPolicy : HttpPipelineSynchronousPolicy
    {
        public FakeTimeProvider? Clock { get; set; }
        public TimeSpan Took { get; set; }
        public int Calls { get; set; }
        public int Top { get; set; }

        public override void OnSendingRequest(HttpMessage message)
        {
            if (Top == 0 || message.Request.Method != RequestMethod.Get)
                return;
            Calls++;
            Clock!.Advance(Took);
            var address = message.Request.Uri.Query;
            message.Request.Uri.Query = System.Text.RegularExpressions.Regex.Replace(
                address,
                @"(%24|\$)top=\d+",
                string.Create(CultureInfo.InvariantCulture, $"$$top={Top}")
            );
        }
    }

    /// <summary>Answers as the service does to a mark that it has not made.</summary>
    private sealed class RefusePolicy : HttpPipelinePolicy
    {
        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException();

        public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            var refusal = MemoryResponse.TableError(400, "InvalidInput");
            refusal.Refused = true;
            message.Response = refusal;
            return ValueTask.CompletedTask;
        }
    }
}
