using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Configuration;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Storage;

/// <summary>
/// What Azure refuses and Azurite accepts is refused before it is sent, by the real clients on a development
/// account.
/// </summary>
public sealed class AzureLimitsTests(Azurite azurite)
{
    private const string Keys =
        @"expected none of / \ # ? %, no control character and whole characters; write the key by Keys.Clean";

    private readonly List<string> sent = [];

    public static TheoryData<TableEntity, string, string> Bad =>
        new()
        {
            {
                new TableEntity("a/b", "r"),
                "OutOfRangeInput",
                $"facts: PartitionKey 'a/b': seen '/' at position 1, {Keys}"
            },
            {
                new TableEntity("p", "a\\b"),
                "OutOfRangeInput",
                $"facts: RowKey 'a\\b': seen '\\' at position 1, {Keys}"
            },
            { new TableEntity("p", "#"), "OutOfRangeInput", $"facts: RowKey '#': seen '#' at position 0, {Keys}" },
            { new TableEntity("p", "a?"), "OutOfRangeInput", $"facts: RowKey 'a?': seen '?' at position 1, {Keys}" },
            { new TableEntity("p", "5%"), "OutOfRangeInput", $"facts: RowKey '5%': seen '%' at position 1, {Keys}" },
            {
                new TableEntity("p", "a\n"),
                "OutOfRangeInput",
                $"facts: RowKey 'a\\u000A': seen U+000A at position 1, {Keys}"
            },
            {
                new TableEntity("p", "\u007f"),
                "OutOfRangeInput",
                $"facts: RowKey '\\u007F': seen U+007F at position 0, {Keys}"
            },
            {
                new TableEntity("p", "\u009f"),
                "OutOfRangeInput",
                $"facts: RowKey '\\u009F': seen U+009F at position 0, {Keys}"
            },
            {
                new TableEntity("p", "x\ud83d"),
                "OutOfRangeInput",
                $"facts: RowKey 'x\uFFFD': seen U+FFFD, which is written for half of a surrogate pair, at position "
                    + $"1, {Keys}"
            },
            {
                new TableEntity("p", new string('k', 513)),
                "KeyValueTooLarge",
                "facts: RowKey 'kkkkkkkkkkkkkkkkkkkk…': seen 513 characters, expected at most 512 (1 KiB); shorten "
                    + "the key"
            },
            {
                With("A", new string('x', 32769)),
                "PropertyValueTooLarge",
                "facts: PartitionKey 'p', RowKey 'r', property 'A': seen a text of 32769 characters, expected at "
                    + "most 32768 (64 KiB); shorten it or keep it in a blob"
            },
            {
                With("A", new byte[65537]),
                "PropertyValueTooLarge",
                "facts: PartitionKey 'p', RowKey 'r', property 'A': seen 65537 bytes, expected at most 65536; keep "
                    + "them in a blob"
            },
            {
                With("A", new DateTimeOffset(1600, 12, 31, 0, 0, 0, TimeSpan.Zero)),
                "OutOfRangeInput",
                "facts: PartitionKey 'p', RowKey 'r', property 'A': seen 1600-12-31T00:00:00.0000000Z, expected a "
                    + "time from 1601-01-01 on; leave the property null if there is no time"
            },
            {
                Many(253, 1),
                "TooManyProperties",
                "facts: PartitionKey 'p', RowKey 'r': seen 253 properties, expected at most 252 besides keys and "
                    + "Timestamp; split the entity"
            },
            {
                Many(17, new string('x', 32000)),
                "EntityTooLarge",
                "facts: PartitionKey 'p', RowKey 'r': seen 1088348 bytes, expected at most 1048576; split the entity"
            },
        };

    [Theory, MemberData(nameof(Bad))]
    public async Task An_entity_that_Azure_refuses_is_not_sent(TableEntity entity, string code, string message)
    {
        var table = Open().Tables.GetTableClient("facts");
        message += ". Azure refuses it, so it was not sent.";
        var error = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(entity));
        Assert.Equal((400, code, message), (error.Status, error.ErrorCode, error.Message));
        var failed = await Assert.ThrowsAsync<TableTransactionFailedException>(() =>
            table.SubmitTransactionAsync([Add("p", "other"), new(TableTransactionActionType.Add, entity)])
        );
        Assert.Equal((400, code, 1), (failed.Status, failed.ErrorCode, failed.FailedTransactionActionIndex));
        Assert.StartsWith(message, failed.Message, StringComparison.Ordinal);
        Assert.Empty(sent);
    }

    [Fact]
    public async Task A_key_is_refused_in_the_address_of_a_request_too()
    {
        var table = Open().Tables.GetTableClient("facts");
        const string message =
            $"facts: RowKey 'it's 5%': seen '%' at position 6, {Keys}. Azure refuses it, so it was not sent.";
        foreach (
            var call in (Func<Task>[])
                [
                    () => table.GetEntityAsync<TableEntity>("p", "it's 5%"),
                    () => table.DeleteEntityAsync("p", "it's 5%"),
                    () => table.UpsertEntityAsync(new TableEntity("p", "it's 5%")),
                    () => table.UpdateEntityAsync(new TableEntity("p", "it's 5%"), ETag.All),
                ]
        )
        {
            Assert.Equal(message, (await Assert.ThrowsAsync<RequestFailedException>(call)).Message);
        }

        var failed = await Assert.ThrowsAsync<TableTransactionFailedException>(() =>
            table.SubmitTransactionAsync([
                new(TableTransactionActionType.Delete, new TableEntity("p", "it's 5%"), ETag.All),
            ])
        );
        Assert.StartsWith(message, failed.Message, StringComparison.Ordinal);
        Assert.Empty(sent);
    }

    [Fact]
    public async Task A_transaction_has_one_partition_a_row_once_a_hundred_entities_and_four_mebibytes()
    {
        await RefusedAsync(
            [Add("a", "1"), Add("a", "2"), Add("b", "1")],
            400,
            "CommandsInBatchActOnDifferentPartitions",
            2,
            "facts: PartitionKey 'b', RowKey '1': seen another partition than 'a', that of the first entity, "
                + "expected one partition in a transaction; send a transaction for each partition"
        );
        await RefusedAsync(
            [Add("a", "1"), new(TableTransactionActionType.Delete, new TableEntity("a", "1"), ETag.All)],
            400,
            "InvalidDuplicateRow",
            1,
            "facts: PartitionKey 'a', RowKey '1': seen the row a second time in a transaction, expected each row "
                + "once; send the second change in a later transaction"
        );
        await RefusedAsync(
            [.. Enumerable.Range(0, 101).Select(row => Add("a", $"{row}"))],
            400,
            "InvalidInput",
            100,
            "transaction: seen more than 100 entities, expected at most 100; send several transactions"
        );
        var error = await Assert.ThrowsAsync<RequestFailedException>(() =>
            SubmitAsync([
                .. Enumerable
                    .Range(0, 100)
                    .Select(row => new TableTransactionAction(
                        TableTransactionActionType.Add,
                        new TableEntity("a", $"{row:00}")
                        {
                            ["A"] = new string('x', 32000),
                            ["B"] = new string('x', 10000),
                        }
                    )),
            ])
        );
        Assert.Equal((413, "RequestBodyTooLarge"), (error.Status, error.ErrorCode));
        Assert.Matches(
            "^transaction: seen 42[0-9]{5} bytes, expected at most 4194304; send fewer entities at once. Azure "
                + "refuses it, so it was not sent.$",
            error.Message
        );
        Assert.Empty(sent);

        async Task RefusedAsync(TableTransactionAction[] actions, int status, string code, int index, string message)
        {
            var failed = await Assert.ThrowsAsync<TableTransactionFailedException>(() => SubmitAsync(actions));
            Assert.Equal((status, code, index), (failed.Status, failed.ErrorCode, failed.FailedTransactionActionIndex));
            Assert.StartsWith(
                $"{message}. Azure refuses it, so it was not sent.",
                failed.Message,
                StringComparison.Ordinal
            );
        }

        Task SubmitAsync(TableTransactionAction[] actions) =>
            Open().Tables.GetTableClient("facts").SubmitTransactionAsync(actions);
    }

    [Fact]
    public async Task A_message_has_at_most_64_KiB_as_it_is_sent()
    {
        var queue = Open().Queues.GetQueueClient("pull");
        await queue.CreateAsync();
        sent.Clear();
        var error = await Assert.ThrowsAsync<RequestFailedException>(() =>
            queue.SendMessageAsync(BinaryData.FromBytes(new byte[49153]))
        );
        Assert.Equal((413, "RequestBodyTooLarge"), (error.Status, error.ErrorCode));
        Assert.Matches(
            "^.*pull/messages: seen a message of 65540 bytes as it is sent, expected at most 65536; keep the text "
                + "in a blob and send its name. Azure refuses it, so it was not sent.$",
            error.Message
        );
        Assert.Empty(sent);
        await queue.SendMessageAsync(BinaryData.FromBytes(new byte[49152]));
        Assert.Equal(49152, (await queue.ReceiveMessageAsync()).Value.Body.ToMemory().Length);
    }

    [Theory]
    [InlineData("a-b", 1, "InvalidMetadata", "seen metadata 'a-b', expected an identifier as in C#; rename it")]
    [InlineData("1a", 1, "InvalidMetadata", "seen metadata '1a', expected an identifier as in C#; rename it")]
    [InlineData(
        "a",
        8192,
        "MetadataTooLarge",
        "seen 8193 bytes of metadata, expected at most 8192; keep them in the blob"
    )]
    public async Task Metadata_that_Azure_refuses_is_not_sent(string name, int length, string code, string message)
    {
        var blob = Open().Blobs.GetBlobContainerClient("raw").GetBlobClient("a/b.json");
        var error = await Assert.ThrowsAsync<RequestFailedException>(() =>
            blob.UploadAsync(
                BinaryData.FromString("{}"),
                new BlobUploadOptions { Metadata = new Dictionary<string, string> { [name] = new('v', length) } }
            )
        );
        Assert.Equal((400, code), (error.Status, error.ErrorCode));
        Assert.EndsWith(
            $"raw/a/b.json: {message}. Azure refuses it, so it was not sent.",
            Uri.UnescapeDataString(error.Message),
            StringComparison.Ordinal
        );
        Assert.Empty(sent);
    }

    [Fact]
    public async Task What_is_at_the_limit_is_sent_unchanged()
    {
        var account = Open();
        var table = account.Tables.GetTableClient("facts");
        await table.CreateAsync();
        foreach (
            var entity in (TableEntity[])
                [
                    new("p", new string('ж', 256)), // Azurite takes fewer characters than Azure.
                    Many(252, 1),
                    With("A", new string('x', 32768)),
                    With("A", new byte[65536]),
                    With("A", new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero)),
                    With("A", "1600-01-01T00:00:00.0000000Z"), // A text.
                    new("it's (a) 'key'", "RowKey='x',~") { ["Void"] = null },
                ]
        )
        {
            await table.UpsertEntityAsync(entity, TableUpdateMode.Replace);
            await table.SubmitTransactionAsync([
                new(TableTransactionActionType.UpsertReplace, entity),
                Add(entity.PartitionKey, "beside"),
            ]);
            var read = (await table.GetEntityAsync<TableEntity>(entity.PartitionKey, entity.RowKey)).Value;
            Assert.All(
                entity.Where(property => property.Value is not null && property.Key is not "odata.etag"),
                property => Assert.Equal(property.Value, read[property.Key])
            );
            await table.SubmitTransactionAsync([
                new(TableTransactionActionType.Delete, new TableEntity(entity.PartitionKey, "beside"), ETag.All),
                new(TableTransactionActionType.UpsertMerge, entity),
            ]);
        }
        var container = account.Blobs.GetBlobContainerClient("raw");
        await container.CreateAsync();
        await container
            .GetBlobClient("a/b.json")
            .UploadAsync(
                BinaryData.FromString("{}"),
                new BlobUploadOptions { Metadata = new Dictionary<string, string> { ["sha256"] = new('v', 4000) } }
            );
        Assert.Equal(
            4000,
            (await container.GetBlobClient("a/b.json").GetPropertiesAsync()).Value.Metadata["sha256"].Length
        );
    }

    [Fact]
    public async Task Azure_itself_is_asked_without_the_check()
    {
        // The transport is the end of the pipeline: a request that gets there was not refused.
        var stop = new AroundPolicy(_ => true, () => throw new CrashException("sent"));
        var account = Open(
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=AAAA;EndpointSuffix=core.windows.net",
            stop
        );
        await Assert.ThrowsAsync<CrashException>(() =>
            account.Tables.GetTableClient("facts").AddEntityAsync(new TableEntity("p", "5%"))
        );
    }

    private StorageAccount Open() =>
        Open(
            azurite.NewAccount(),
            new AroundPolicy(request =>
            {
                sent.Add($"{request.Method} {request.Uri}");
                return false;
            })
        );

    private static StorageAccount Open(string connection, AroundPolicy policy) =>
        StorageAccount.Open(
            new ConfigurationBuilder().AddInMemoryCollection([new("Data", connection)]).Build(),
            "Data",
            [],
            policy
        )!;

    private static TableTransactionAction Add(string partition, string row) =>
        new(TableTransactionActionType.Add, new TableEntity(partition, row));

    private static TableEntity With(string name, object value) => new("p", "r") { [name] = value };

    private static TableEntity Many(int count, object value)
    {
        var entity = new TableEntity("p", "r");
        for (var at = 0; at < count; at++)
            entity[$"A{at:000}"] = value;
        return entity;
    }
}
