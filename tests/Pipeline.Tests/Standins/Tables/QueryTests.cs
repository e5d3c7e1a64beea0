using System.Net;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class QueryTests(Azurite azurite)
{
    [Fact]
    public async Task More_rows_than_a_page_holds_come_page_by_page_and_any_page_can_be_the_first()
    {
        var table = await azurite.NewTableAsync();
        foreach (var rows in Enumerable.Range(0, 1150).Chunk(100))
            await table.SubmitTransactionAsync(rows.Select(at => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p p'", $"{at:0000}") { ["A"] = at })));
        var pages = await table.QueryAsync<TableEntity>().AsPages().ListAsync();
        Assert.Equal([1000, 150], pages.Select(page => page.Values.Count));
        Assert.Equal(Enumerable.Range(0, 1150), pages.SelectMany(page => page.Values).Select(row => row.GetInt32("A")!.Value));
        var small = await table.QueryAsync<TableEntity>(maxPerPage: 500).AsPages().ListAsync();
        Assert.Equal([500, 500, 150], small.Select(page => page.Values.Count));
        Assert.Equal(150, (await table.QueryAsync<TableEntity>().AsPages(small[1].ContinuationToken).ListAsync()).Single().Values.Count);
        Assert.Equal([300, 300, 50], (await table.QueryAsync<TableEntity>().AsPages(small[0].ContinuationToken, 300).ListAsync()).Select(page => page.Values.Count));
        Assert.Equal(1150, (await table.QueryAsync<TableEntity>().ListAsync()).Count);
    }

    [Fact]
    public async Task Only_selected_columns_come()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 2L, ["C"] = "3" });
        var read = Assert.Single(await table.QueryAsync<TableEntity>(select: ["RowKey", "B"]).ListAsync());
        Assert.Equal(["B", "RowKey", "odata.etag"], read.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(2L, read["B"]);
        var one = (await table.GetEntityAsync<TableEntity>("p", "r", ["C"])).Value;
        Assert.Equal("3", one["C"]);
        Assert.False(one.ContainsKey("A"));
    }

    [Fact]
    public async Task Filters_find_by_key_range_number_and_time()
    {
        var table = await azurite.NewTableAsync();
        var day = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await table.SubmitTransactionAsync(TestTables.Adds([.. Enumerable.Range(1, 9).Select(at =>
            new TableEntity("p", $"2024-0{at}") { ["Day"] = day.AddMonths(at), ["Value"] = at * 10_000_000_000L, ["Share"] = at / 2.0, ["Id"] = new Guid(at, 0, 0, new byte[8]) })]));
        Assert.Equal(["2024-03", "2024-04"], await Keys($"PartitionKey eq {"p"} and RowKey ge {"2024-03"} and RowKey lt {"2024-05"}"));
        Assert.Equal(["2024-08", "2024-09"], await Keys($"Value gt {70_000_000_000L}"));
        Assert.Equal(["2024-04"], await Keys($"Share eq {2.0}"));
        Assert.Equal(["2024-09"], await Keys($"Day ge {day.AddMonths(9)}"));
        Assert.Equal(["2024-02"], await Keys($"Id eq {new Guid(2, 0, 0, new byte[8])}"));

        async Task<IEnumerable<string>> Keys(FormattableString filter) =>
            (await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter(filter), select: ["RowKey"]).ListAsync()).Select(row => row.RowKey);
    }

    [Fact]
    public void Values_become_literals_of_their_types()
    {
        var guid = Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e");
        var time = new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        Assert.Equal("A eq 'it''s' and B eq 1 and C eq 1L and D eq 1.0 and E eq 0.1 and F eq true and G eq null",
            TableClient.CreateQueryFilter($"A eq {"it's"} and B eq {1} and C eq {1L} and D eq {1.0} and E eq {0.1} and F eq {true} and G eq {null}"));
        Assert.Equal("A eq guid'0f8fad5b-d9cb-469f-a165-70867728950e' and B eq X'00ff' and C eq '''' and D eq 1E+300",
            TableClient.CreateQueryFilter($"A eq {guid} and B eq {new byte[] { 0, 255 }} and C eq {'\''} and D eq {1e300}"));
        Assert.Equal("A eq datetime'2024-01-02T03:04:05Z' and B eq datetime'2024-01-02T00:04:05.0000001Z'",
            TableClient.CreateQueryFilter($"A eq {time} and B eq {new DateTimeOffset(time.Ticks + 1, TimeSpan.FromHours(3))}"));
        Assert.Null(TableClient.CreateQueryFilter(null!));
    }

    [Fact]
    public void A_value_without_a_literal_is_refused()
    {
        Assert.Equal("filter \"A eq {0}\", value {0}: seen Double 'NaN', expected a text, a finite number, true, false, a time, a Guid or bytes; convert it. (Parameter 'value')",
            Assert.Throws<ArgumentException>(() => TableClient.CreateQueryFilter($"A eq {double.NaN}")).Message);
        Assert.Throws<ArgumentException>(() => TableClient.CreateQueryFilter($"A eq {TimeSpan.Zero}"));
    }

    [Fact]
    public async Task A_token_that_is_none_is_refused()
    {
        var table = TestTables.Fake(new FakeService(_ => throw new InvalidOperationException("nothing may be sent")));
        var error = await Assert.ThrowsAsync<ArgumentException>(() => table.QueryAsync<TableEntity>().AsPages("nonsense").ListAsync());
        Assert.StartsWith("continuation token: seen 'nonsense', expected two parts with one space between", error.Message);
    }

    [Fact]
    public async Task A_type_is_understood_before_and_after_its_value()
    {
        const string page =
            """{"odata.metadata":"m","value":[{"odata.etag":"W/\"1\"","PartitionKey":"p","RowKey":"r","Timestamp":"2024-01-02T03:04:05.1234567Z","A":"9007199254740993","A@odata.type":"Edm.Int64","B@odata.type":"Edm.Int64","B":"1","C":5.0,"D":5,"E":null,"F\u0041":5000000000,"nested":{"x":[1]}}]}""";
        var row = Assert.Single(await TestTables.Fake(new FakeService(_ => FakeService.Answer(HttpStatusCode.OK, page.Replace(",\"nested\":{\"x\":[1]}", "")))).QueryAsync<TableEntity>().ListAsync());
        Assert.Equal((9007199254740993L, 1L, 5.0, 5, 5000000000L), (row["A"], row["B"], row["C"], row["D"], row["FA"]));
        Assert.False(row.ContainsKey("E"));
        Assert.Equal(new ETag("W/\"1\""), row.ETag);
        Assert.Equal(new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1234567), row.Timestamp);
    }

    [Fact]
    public async Task An_entity_is_got_missed_changed_under_its_version_and_deleted()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 1 });
        var taken = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));
        Assert.True(taken.Status == 409 && taken.ErrorCode == TableErrorCode.EntityAlreadyExists);
        Assert.NotNull(taken.GetRawResponse());
        var missing = await Assert.ThrowsAsync<RequestFailedException>(() => table.GetEntityAsync<TableEntity>("p", "x"));
        Assert.Equal((404, "ResourceNotFound"), (missing.Status, missing.ErrorCode));
        var none = await table.GetEntityIfExistsAsync<TableEntity>("p", "x");
        Assert.False(none.HasValue);
        Assert.Equal(404, none.GetRawResponse().Status);
        Assert.Throws<InvalidOperationException>(() => none.Value);
        var read = await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
        Assert.True(read.HasValue);
        var version = read.Value!.ETag;
        var updated = await table.UpdateEntityAsync(new TableEntity("p", "r") { ["A"] = 2 }, version);
        Assert.NotEqual(version, updated.Headers.ETag);
        var stale = await Assert.ThrowsAsync<RequestFailedException>(() => table.UpdateEntityAsync(new TableEntity("p", "r") { ["A"] = 3 }, version, TableUpdateMode.Replace));
        Assert.Equal((412, "UpdateConditionNotSatisfied"), (stale.Status, stale.ErrorCode));
        Assert.Equal(412, (await Assert.ThrowsAsync<RequestFailedException>(() => table.DeleteEntityAsync("p", "r", version))).Status);
        Assert.Equal(1, (await table.GetEntityAsync<TableEntity>("p", "r")).Value.GetInt32("B"));
        // An entity as read can be sent back: version, time and annotations are no columns.
        await table.UpdateEntityAsync((await table.GetEntityAsync<TableEntity>("p", "r")).Value, updated.Headers.ETag!.Value, TableUpdateMode.Replace);
        Assert.Equal(204, (await table.DeleteEntityAsync(read.Value)).Status);
        Assert.Equal(404, (await table.DeleteEntityAsync("p", "r")).Status);
    }

    [Fact]
    public async Task Tables_are_made_once_listed_and_deleted()
    {
        var service = new TableServiceClient(azurite.NewAccount());
        Assert.Equal("runs", (await service.CreateTableIfNotExistsAsync("runs")).Value.Name);
        Assert.Null(await service.CreateTableIfNotExistsAsync("runs"));
        var table = service.GetTableClient("facts");
        Assert.NotNull(await table.CreateIfNotExistsAsync());
        Assert.Null(await table.CreateIfNotExistsAsync());
        var taken = await Assert.ThrowsAsync<RequestFailedException>(() => table.CreateAsync());
        Assert.True(taken.ErrorCode == TableErrorCode.TableAlreadyExists && taken.Status == 409);
        Assert.Equal(["facts", "runs"], (await service.QueryAsync().ListAsync()).Select(item => item.Name));
        Assert.Equal(["facts", "runs"], (await service.QueryAsync(maxPerPage: 1).ListAsync()).Select(item => item.Name));
        Assert.Equal(["runs"], (await service.QueryAsync("TableName eq 'runs'").ListAsync()).Select(item => item.Name));
        Assert.Equal(204, (await table.DeleteAsync()).Status);
        Assert.Equal(404, (await table.DeleteAsync()).Status);
        Assert.Equal(204, (await service.DeleteTableAsync("runs")).Status);
        Assert.Empty(await service.QueryAsync().ListAsync());
    }

    [Fact]
    public async Task A_table_that_is_being_deleted_is_not_one_that_exists()
    {
        var table = TestTables.Fake(new FakeService(_ => FakeService.Answer(HttpStatusCode.Conflict, "{\"odata.error\":{\"code\":\"TableBeingDeleted\",\"message\":{\"value\":\"Wait.\"}}}")));
        Assert.Equal("TableBeingDeleted", (await Assert.ThrowsAsync<RequestFailedException>(() => table.CreateIfNotExistsAsync())).ErrorCode);
    }
}
