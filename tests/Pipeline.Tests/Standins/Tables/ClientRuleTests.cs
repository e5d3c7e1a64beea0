using Azure;
using Azure.Data.Tables;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class ClientRuleTests
{
    private static readonly DateTimeOffset Early = new(1600, 12, 31, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<TableEntity, string, string> Bad => new()
    {
        { new TableEntity("a/b", "r"), "OutOfRangeInput", "facts: PartitionKey 'a/b': seen '/' at position 1, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "a\\b"), "OutOfRangeInput", "facts: RowKey 'a\\b': seen '\\' at position 1, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "#"), "OutOfRangeInput", "facts: RowKey '#': seen '#' at position 0, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "a?"), "OutOfRangeInput", "facts: RowKey 'a?': seen '?' at position 1, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "a\n"), "OutOfRangeInput", "facts: RowKey 'a\\u000A': seen U+000A at position 1, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "\u007f"), "OutOfRangeInput", "facts: RowKey '\\u007F': seen U+007F at position 0, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "\u009f"), "OutOfRangeInput", "facts: RowKey '\\u009F': seen U+009F at position 0, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'." },
        { new TableEntity("p", "\ud83d"), "OutOfRangeInput", "facts: RowKey '\\uD83D': seen U+D83D, half of a surrogate pair, at position 0, expected whole characters; correct the key." },
        { new TableEntity("p", new string('k', 513)), "KeyValueTooLarge", "facts: RowKey 'kkkkkkkkkkkkkkkkkkkk…': seen 513 characters, expected at most 512 (1 KiB); shorten the key." },
        { new TableEntity { RowKey = "r" }, "PropertiesNeedValue", "facts: PartitionKey: seen null, expected a text; set it." },
        { With("A", new string('x', 32769)), "PropertyValueTooLarge", "facts: PartitionKey 'p', RowKey 'r', property 'A': seen a text of 32769 characters (65538 bytes), expected at most 65536; shorten it or keep it in a blob." },
        { With("A", new byte[65537]), "PropertyValueTooLarge", "facts: PartitionKey 'p', RowKey 'r', property 'A': seen 65537 bytes, expected at most 65536; shorten it or keep it in a blob." },
        { With("A", "x\udc00"), "InvalidInput", "facts: PartitionKey 'p', RowKey 'r', property 'A': seen half of a surrogate pair (U+DC00) at position 1, expected whole characters; correct the text." },
        { With("A", Early), "OutOfRangeInput", "facts: PartitionKey 'p', RowKey 'r', property 'A': seen 1600-12-31T00:00:00, expected a time from 1601-01-01 on; leave the property null where there is no time." },
        { With("my-name", 1), "PropertyNameInvalid", "facts: PartitionKey 'p', RowKey 'r', property 'my-name': seen '-' at position 2 of the name, expected an identifier as in C#; rename the property." },
        { With("1st", 1), "PropertyNameInvalid", "facts: PartitionKey 'p', RowKey 'r', property '1st': seen '1' at position 0 of the name, expected an identifier as in C#; rename the property." },
        { With("", 1), "PropertyNameInvalid", "facts: PartitionKey 'p', RowKey 'r', property '': seen an empty name, expected an identifier as in C#; name the property." },
        { With(new string('n', 256), 1), "PropertyNameTooLong", $"facts: PartitionKey 'p', RowKey 'r', property '{new string('n', 256)}': seen a name of 256 characters, expected at most 255; shorten the name." },
        { Many(253, 1), "TooManyProperties", "facts: PartitionKey 'p', RowKey 'r': seen 253 properties, expected at most 252 besides keys and Timestamp; split the entity." },
        { Many(17, new string('x', 32000)), "EntityTooLarge", "facts: PartitionKey 'p', RowKey 'r': seen 1088348 bytes, expected at most 1048576; split the entity." },
    };

    [Theory, MemberData(nameof(Bad))]
    public async Task An_entity_that_Azure_would_refuse_is_not_sent(TableEntity entity, string code, string message)
    {
        var service = new FakeService(_ => throw new InvalidOperationException("nothing may be sent"));
        var table = TestTables.Fake(service);
        var error = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(entity));
        Assert.Equal((400, code, message), (error.Status, error.ErrorCode, error.Message));
        var inTransaction = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(TestTables.Adds(entity)));
        Assert.Equal((400, code, message, 0), (inTransaction.Status, inTransaction.ErrorCode, inTransaction.Message, inTransaction.FailedTransactionActionIndex));
        Assert.Empty(service.Seen);
    }

    public static TheoryData<TableEntity> Good => new()
    {
        new TableEntity("", ""),
        new TableEntity(new string('k', 512), new string('ж', 512)),
        Many(252, 1),
        With(new string('n', 255), 1),
        With("Größe_1", new string('x', 32768)),
    };

    [Theory, MemberData(nameof(Good))]
    public async Task An_entity_at_the_limit_is_sent(TableEntity entity)
    {
        var service = new FakeService(_ => FakeService.Answer(System.Net.HttpStatusCode.NoContent));
        await TestTables.Fake(service).AddEntityAsync(entity);
        Assert.Single(service.Seen);
    }

    [Theory]
    [InlineData(DateTimeKind.Local)]
    [InlineData(DateTimeKind.Unspecified)]
    public async Task A_time_that_is_not_in_UTC_is_refused(DateTimeKind kind)
    {
        var error = await Assert.ThrowsAsync<NotSupportedException>(() =>
            TestTables.Fake(new FakeService(_ => FakeService.Answer(System.Net.HttpStatusCode.NoContent))).AddEntityAsync(With("A", new DateTime(2024, 1, 2, 3, 4, 5, kind))));
        Assert.Equal(
            $"facts: PartitionKey 'p', RowKey 'r', property 'A': seen 2024-01-02T03:04:05 of kind {kind}, expected kind Utc; say what it is with DateTime.SpecifyKind, or use DateTimeOffset.", error.Message);
    }

    [Fact]
    public async Task Misuse_is_refused_as_by_the_real_client()
    {
        var table = TestTables.Fake(new FakeService(_ => throw new InvalidOperationException("nothing may be sent")));
        var entity = new TableEntity("p", "r");
        Assert.Equal("ifMatch", (await Assert.ThrowsAsync<ArgumentException>(() => table.UpdateEntityAsync(entity, default))).ParamName);
        Assert.Equal("entity", (await Assert.ThrowsAsync<ArgumentNullException>(() => table.AddEntityAsync<TableEntity>(null!))).ParamName);
        Assert.Equal("partitionKey", (await Assert.ThrowsAsync<ArgumentNullException>(() => table.GetEntityAsync<TableEntity>(null!, "r"))).ParamName);
        Assert.Equal("rowKey", (await Assert.ThrowsAsync<ArgumentNullException>(() => table.DeleteEntityAsync("p", null!))).ParamName);
        Assert.Equal("mode", (await Assert.ThrowsAsync<ArgumentException>(() => table.UpsertEntityAsync(entity, (TableUpdateMode)7))).ParamName);
        Assert.Throws<ArgumentException>(() => new TableClient("UseDevelopmentStorage=true", ""));
    }

    private static TableEntity With(string name, object value) => new("p", "r") { Properties = { [name] = value } };
    private static TableEntity Many(int count, object value) => new(Enumerable.Range(0, count).ToDictionary(at => $"A{at:000}", _ => value)) { PartitionKey = "p", RowKey = "r" };
}
