using Azure.Data.Tables;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class EdmRoundTripTests(Azurite azurite)
{
    public static TheoryData<string, object> Values => new()
    {
        { "text", "plain" },
        { "empty text", "" },
        { "quotes and brackets", "{\"a\":[1,'2',\\\"]}" },
        { "Cyrillic", "Российская Федерация" },
        { "line ends", "one\r\ntwo\nthree" },
        { "separators that end a line in JavaScript", "a\u2028b\u2029c" },
        { "boundaries", "--batch_x\r\n--changeset_y HTTP/1.1 500 https://x/y/z" },
        { "an emoji", "\ud83d\ude80" },
        { "control characters", "\u0001\t\u007f\u0085" },
        { "largest text", new string('ж', 32768) },
        { "Int32 minimum", int.MinValue },
        { "Int32 maximum", int.MaxValue },
        { "Int64 minimum", long.MinValue },
        { "Int64 maximum", long.MaxValue },
        { "Int64 just above 2^53", (1L << 53) + 1 },
        { "Int64 zero", 0L },
        { "Double that is whole", 5.0 },
        { "Double zero", 0.0 },
        { "Double with a fraction", 0.1 },
        { "Double smallest", double.Epsilon },
        { "Double largest", double.MaxValue },
        { "Double 2^53", 9007199254740992.0 },
        { "Double above 10^21", 1e300 },
        { "not a number", double.NaN },
        { "infinity", double.PositiveInfinity },
        { "minus infinity", double.NegativeInfinity },
        { "true", true },
        { "false", false },
        { "a Guid", Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e") },
        { "a time to 100 ns", new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.Zero).AddTicks(1234567) },
        { "the first time", new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero) },
        { "the last time", DateTimeOffset.MaxValue },
        { "bytes", new byte[] { 0, 1, 127, 128, 255 } },
        { "no bytes", Array.Empty<byte>() },
        { "most bytes", new byte[65536] },
    };

    [Theory, MemberData(nameof(Values))]
    public async Task Every_type_comes_back_from_a_transaction_as_it_went(string what, object value)
    {
        var table = await Shared();
        var entity = new TableEntity("batch", what) { ["Value"] = value, ["After"] = 1 };
        await table.SubmitTransactionAsync(TestTables.Adds(entity));
        await AssertSame(table, "batch", what, value);
    }

    [Theory, MemberData(nameof(Values))]
    public async Task Every_type_comes_back_from_a_single_write_as_it_went(string what, object value)
    {
        var table = await Shared();
        await table.UpsertEntityAsync(new TableEntity("single", what) { ["Value"] = value, ["After"] = 1 }, TableUpdateMode.Replace);
        await AssertSame(table, "single", what, value);
    }

    [Fact]
    public async Task A_column_named_ETag_is_a_column_like_any_other()
    {
        var table = await Shared();
        await table.AddEntityAsync(new TableEntity("tag", "r") { ["ETag"] = "\"abc\"" });
        var read = (await table.GetEntityAsync<TableEntity>("tag", "r")).Value;
        Assert.Equal("\"abc\"", read.GetString("ETag"));
        Assert.StartsWith("W/", read.ETag.ToString(), StringComparison.Ordinal);
    }

    private static async Task AssertSame(TableClient table, string partition, string row, object value)
    {
        var read = (await table.GetEntityAsync<TableEntity>(partition, row)).Value;
        Assert.Equal(value, read["Value"]);
        Assert.IsType(value.GetType(), read["Value"]);
        Assert.Equal(1, read.GetInt32("After"));
        Assert.NotNull(read.Timestamp);
        var queried = Assert.Single(await table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey eq {row}")).ListAsync());
        Assert.Equal(value, queried["Value"]);
        Assert.Equal(read.ETag, queried.ETag);
    }

    private static TableClient? shared;

    private async Task<TableClient> Shared()
    {
        // One account for all rows of the tables above: the keys keep them apart.
        if (shared is { } ready) return ready;
        return shared = await azurite.NewTableAsync();
    }
}
