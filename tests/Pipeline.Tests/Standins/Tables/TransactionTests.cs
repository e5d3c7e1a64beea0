using System.Net;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class TransactionTests(Azurite azurite)
{
    [Fact]
    public async Task A_hundred_actions_answer_one_by_one_with_the_new_versions()
    {
        var table = await azurite.NewTableAsync();
        var responses = (await table.SubmitTransactionAsync(TestTables.Adds([.. Rows(100)]))).Value;
        Assert.Equal(100, responses.Count);
        Assert.All(responses, response => Assert.Equal(204, response.Status));
        var read = await table.QueryAsync<TableEntity>().ListAsync();
        Assert.Equal(100, read.Count);
        foreach (var entity in read) Assert.Equal(entity.ETag, responses[int.Parse(entity.RowKey)].Headers.ETag);
    }

    [Fact]
    public async Task Answers_can_be_looked_up_by_row_key()
    {
        var actions = TestTables.Adds([.. Rows(3)]);
        var responses = (await (await azurite.NewTableAsync()).SubmitTransactionAsync(actions)).Value;
        var result = new TableTransactionResult(actions, responses);
        Assert.Equal(3, result.ResponseCount);
        Assert.Same(responses[2], result.GetResponseForEntity("2"));
        Assert.Equal("seen the RowKey 'x', expected one of the 3 that the transaction had.", Assert.Throws<InvalidOperationException>(() => result.GetResponseForEntity("x")).Message);
    }

    [Fact]
    public async Task Actions_of_all_kinds_go_together()
    {
        var table = await azurite.NewTableAsync();
        var stored = new TableEntity[5];
        foreach (var at in Enumerable.Range(0, 5))
        {
            await table.AddEntityAsync(new TableEntity("p", $"{at}") { ["A"] = 1, ["B"] = 1 });
            stored[at] = (await table.GetEntityAsync<TableEntity>("p", $"{at}")).Value;
        }
        await table.SubmitTransactionAsync([
            new(TableTransactionActionType.UpdateMerge, new TableEntity("p", "0") { ["A"] = 2 }, stored[0].ETag),
            new(TableTransactionActionType.UpdateReplace, new TableEntity("p", "1") { ["A"] = 2 }, stored[1].ETag),
            new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "2") { ["A"] = 2 }),
            new(TableTransactionActionType.UpsertReplace, new TableEntity("p", "3") { ["A"] = 2 }),
            new(TableTransactionActionType.Delete, new TableEntity("p", "4"), stored[4].ETag),
            new(TableTransactionActionType.Add, new TableEntity("p", "5") { ["A"] = 2 }),
            new(TableTransactionActionType.UpsertReplace, new TableEntity("p", "6") { ["A"] = 2 }),
        ]);
        var rows = await table.QueryAsync<TableEntity>().ListAsync();
        Assert.Equal(["0", "1", "2", "3", "5", "6"], rows.Select(row => row.RowKey));
        Assert.All(rows, row => Assert.Equal(2, row.GetInt32("A")));
        Assert.Equal([1, null, 1, null, null, null], rows.Select(row => row.GetInt32("B")));
    }

    [Fact]
    public async Task An_insert_of_an_existing_key_names_the_action_and_keeps_nothing()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "7"));
        var error = await Fails(table, TestTables.Adds([.. Rows(10)]));
        Assert.Equal((409, "EntityAlreadyExists", 7), (error.Status, error.ErrorCode, error.FailedTransactionActionIndex));
        Assert.StartsWith("facts: action 7 of 10 (Add PartitionKey 'p', RowKey '7'): seen 409 Conflict EntityAlreadyExists, expected success; nothing of the transaction was kept.", error.Message);
        Assert.Single(await table.QueryAsync<TableEntity>().ListAsync());
    }

    [Fact]
    public async Task A_stale_version_is_412_with_its_index()
    {
        var table = await azurite.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "1") { ["A"] = 1 });
        var stale = (await table.GetEntityAsync<TableEntity>("p", "1")).Value.ETag;
        await table.UpsertEntityAsync(new TableEntity("p", "1") { ["A"] = 2 });
        var error = await Fails(table, [
            new(TableTransactionActionType.Add, new TableEntity("p", "0")),
            new(TableTransactionActionType.UpdateReplace, new TableEntity("p", "1") { ["A"] = 3 }, stale),
        ]);
        Assert.Equal((412, "UpdateConditionNotSatisfied", 1), (error.Status, error.ErrorCode, error.FailedTransactionActionIndex));
        Assert.Equal(2, Assert.Single(await table.QueryAsync<TableEntity>().ListAsync()).GetInt32("A"));
    }

    [Fact]
    public async Task A_delete_of_what_is_not_there_is_404()
    {
        var table = await azurite.NewTableAsync();
        var error = await Fails(table, [new(TableTransactionActionType.Delete, new TableEntity("p", "0"))]);
        Assert.Equal(404, error.Status);
    }

    [Fact]
    public async Task A_table_that_is_not_there_is_404()
    {
        var error = await Assert.ThrowsAnyAsync<RequestFailedException>(() => new TableClient(azurite.NewAccount(), "nothing").SubmitTransactionAsync(TestTables.Adds([.. Rows(2)])));
        Assert.Equal((404, "TableNotFound"), (error.Status, error.ErrorCode));
    }

    [Fact]
    public async Task An_empty_transaction_is_refused()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Unsent().SubmitTransactionAsync([]));
        Assert.Equal("facts: seen a transaction without actions, expected 1 to 100; do not submit it.", error.Message);
        await Assert.ThrowsAsync<ArgumentNullException>(() => Unsent().SubmitTransactionAsync(null!));
    }

    public static TheoryData<string, TableEntity[], int, string, int?, string> Refused => new()
    {
        {
            "101 actions", [.. Rows(101)], 400, "InvalidInput", null,
            "facts: seen 101 actions in a transaction, expected at most 100; submit them in parts."
        },
        {
            "a key twice", [new("p", "1"), new("p", "2"), new("p", "1")], 400, "InvalidDuplicateRow", 2,
            "facts: PartitionKey 'p', RowKey '1': seen the key a second time in a transaction, expected each once; combine the actions or submit them one after the other."
        },
        {
            "two partitions", [new("p", "1"), new("q", "1")], 400, "CommandsInBatchActOnDifferentPartitions", 1,
            "facts: seen PartitionKey 'q' after 'p', expected one partition in a transaction; submit one for each partition."
        },
        {
            "a bad key", [new("p", "1"), new("p", "2#")], 400, "OutOfRangeInput", 1,
            "facts: RowKey '2#': seen '#' at position 1, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'."
        },
        {
            "more than 4 MiB", [.. Enumerable.Range(0, 80).Select(at => new TableEntity("p", $"{at}") { ["A"] = new string('x', 32000), ["B"] = new string('x', 32000) })], 413, "RequestBodyTooLarge", 65,
            "facts: seen more than 4194304 bytes after 66 of 80 actions, expected at most 4194304 (4 MiB) in a transaction; submit them in parts."
        },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task A_transaction_that_Azure_would_refuse_is_not_sent(string what, TableEntity[] entities, int status, string code, int? index, string message)
    {
        Assert.NotEmpty(what);
        var error = await Fails(Unsent(), TestTables.Adds(entities));
        Assert.Equal((status, code, index, message), (error.Status, error.ErrorCode, error.FailedTransactionActionIndex, error.Message));
    }

    public static TheoryData<string, int?, string?, string> Answers => new()
    {
        // As Azure answers (https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions).
        {
            "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" +
            "HTTP/1.1 409 Conflict\r\nContent-ID: 2\r\nDataServiceVersion: 3.0;\r\nContent-Type: application/json;odata=minimalmetadata;streaming=true;charset=utf-8\r\n\r\n" +
            "{\"odata.error\":{\"code\":\"EntityAlreadyExists\",\"message\":{\"lang\":\"en-US\",\"value\":\"1:The specified entity already exists.\\n\\nRequestId:x\"}}}\r\n--changesetresponse_1--\r\n--batchresponse_1--\r\n",
            1, "EntityAlreadyExists", "facts: action 1 of 2 (Add PartitionKey 'p', RowKey '1'): seen 409 Conflict EntityAlreadyExists, expected success; nothing of the transaction was kept.\nThe specified entity already exists.\n\nRequestId:x"
        },
        {
            "--x\nHTTP/1.1 500 Internal Server Error\n\n<?xml version=\"1.0\"?><error><code>InternalError</code><message xml:lang=\"en\">Try again.</message></error>\n--x--",
            null, "InternalError", "facts: transaction of 2 actions: seen 500 Internal Server Error InternalError, expected success; nothing of the transaction was kept.\nTry again."
        },
        {
            "--x\r\nstray\r\nHTTP/1.1 400 Bad Request\r\n\r\n{\"odata.error\":{\"code\":\"InvalidInput\",\"message\":{\"value\":\"99:An error\"}}}\r\n--x--",
            null, "InvalidInput", "facts: transaction of 2 actions: seen 400 Bad Request InvalidInput, expected success; nothing of the transaction was kept.\n99:An error"
        },
        {
            "--x\r\nHTTP/1.1 503 Busy\r\n\r\n--x--",
            null, null, "facts: transaction of 2 actions: seen 503 Busy, expected success; nothing of the transaction was kept.\nthe service gave no reason."
        },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task A_failure_inside_an_accepted_answer_is_found(string body, int? index, string? code, string message)
    {
        var error = await Fails(TestTables.Fake(new FakeService(_ => FakeService.Answer(HttpStatusCode.Accepted, body, "multipart/mixed"))), TestTables.Adds([.. Rows(2)]));
        Assert.Equal((index, code, message), (error.FailedTransactionActionIndex, error.ErrorCode, error.Message));
    }

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("--x\r\nHTTP/1.1 204 No Content\r\n\r\n--x--", 1, 37)]
    public async Task An_answer_that_does_not_cover_every_action_is_no_success(string body, int answers, int bytes)
    {
        var table = TestTables.Fake(new FakeService(_ => FakeService.Answer(HttpStatusCode.Accepted, body, "multipart/mixed")));
        var error = await Assert.ThrowsAsync<RequestFailedException>(() => table.SubmitTransactionAsync(TestTables.Adds([.. Rows(2)])));
        Assert.StartsWith($"facts: transaction of 2 actions: seen {answers} answers in {bytes} bytes, expected one for each action; read the entities to learn whether it was kept.", error.Message);
    }

    [Fact]
    public async Task The_body_is_what_the_service_documents()
    {
        var service = new FakeService(_ => FakeService.Answer(HttpStatusCode.Accepted, "HTTP/1.1 204 No Content\r\nETag: W/\"1\"\r\n\r\n--x\r\nHTTP/1.1 204 No Content\r\n\r\n--x--", "multipart/mixed"));
        var answer = await TestTables.Fake(service).SubmitTransactionAsync([
            new(TableTransactionActionType.Add, new TableEntity("p", "1") { ["N"] = 1L }),
            new(TableTransactionActionType.Delete, new TableEntity("p", "it's")),
        ]);
        Assert.Equal([new ETag("W/\"1\""), null], answer.Value.Select(response => response.Headers.ETag));
        var (request, body) = Assert.Single(service.Seen);
        Assert.Equal("https://acct.table.core.windows.net/$batch", request.RequestUri!.AbsoluteUri);
        var boundary = request.Content!.Headers.ContentType!.Parameters.Single().Value!;
        Assert.StartsWith("batch_", boundary);
        var changeset = boundary.Replace("batch_", "changeset_");
        Assert.Equal(
            $"""
             --{boundary}
             Content-Type: multipart/mixed; boundary={changeset}

             --{changeset}
             Content-Type: application/http
             Content-Transfer-Encoding: binary

             POST https://acct.table.core.windows.net/facts HTTP/1.1
             Accept: application/json;odata=minimalmetadata
             Prefer: return-no-content
             DataServiceVersion: 3.0;
             Content-Type: application/json

             {"{"}"PartitionKey":"p","RowKey":"1","N@odata.type":"Edm.Int64","N":"1"{"}"}
             --{changeset}
             Content-Type: application/http
             Content-Transfer-Encoding: binary

             DELETE https://acct.table.core.windows.net/facts(PartitionKey='p',RowKey='it%27%27s') HTTP/1.1
             Accept: application/json;odata=minimalmetadata
             Prefer: return-no-content
             DataServiceVersion: 3.0;
             If-Match: *


             --{changeset}--
             --{boundary}--

             """.ReplaceLineEndings("\r\n"), body);
    }

    private static IEnumerable<TableEntity> Rows(int count) => Enumerable.Range(0, count).Select(at => new TableEntity("p", $"{at}") { ["A"] = at });
    private static TableClient Unsent() => TestTables.Fake(new FakeService(_ => throw new InvalidOperationException("nothing may be sent")));

    private static Task<TableTransactionFailedException> Fails(TableClient table, IEnumerable<TableTransactionAction> actions) =>
        Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(actions));
}
