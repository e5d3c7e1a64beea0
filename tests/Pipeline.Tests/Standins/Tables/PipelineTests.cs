using System.Net;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Xunit;

namespace Pipeline.Tests.Standins.Tables;

public sealed class PipelineTests(Azurite azurite)
{
    private const string Accepted = "--x\r\nHTTP/1.1 204 No Content\r\nETag: W/\"1\"\r\n\r\n--x--";

    [Fact]
    public async Task A_busy_service_is_asked_again_with_the_same_body()
    {
        var service = new FakeService(number => number < 3 ? FakeService.Answer(HttpStatusCode.ServiceUnavailable) : FakeService.Answer(HttpStatusCode.Accepted, Accepted, "multipart/mixed"));
        await TestTables.Fake(service).SubmitTransactionAsync(TestTables.Adds(new TableEntity("p", "r") { ["Text"] = "x" }));
        Assert.Equal(3, service.Seen.Count);
        Assert.Single(service.Seen.Select(seen => seen.Body).Distinct());
        Assert.Contains("\"Text\":\"x\"", service.Seen[0].Body);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again()
    {
        var service = new FakeService(number => number == 1
            ? new HttpResponseMessage(HttpStatusCode.Accepted) { Content = new StreamContent(new BrokenStream()) }
            : FakeService.Answer(HttpStatusCode.Accepted, Accepted, "multipart/mixed"));
        var responses = await TestTables.Fake(service).SubmitTransactionAsync(TestTables.Adds(new TableEntity("p", "r")));
        Assert.Equal(2, service.Seen.Count);
        Assert.Equal(new ETag("W/\"1\""), Assert.Single(responses.Value).Headers.ETag);
    }

    [Fact]
    public async Task Retries_end_where_the_options_say_and_the_service_is_quoted()
    {
        var service = new FakeService(_ => FakeService.Answer(HttpStatusCode.ServiceUnavailable, "{\"odata.error\":{\"code\":\"ServerBusy\",\"message\":{\"lang\":\"en-US\",\"value\":\"Try later.\"}}}"));
        var error = await Assert.ThrowsAsync<RequestFailedException>(() =>
            TestTables.Fake(service, new TableClientOptions { Retry = { MaxRetries = 1 } }).GetEntityAsync<TableEntity>("p", "r"));
        Assert.Equal(2, service.Seen.Count);
        Assert.Equal((503, "ServerBusy"), (error.Status, error.ErrorCode));
        Assert.StartsWith("facts: get PartitionKey 'p', RowKey 'r': Try later.", error.Message);
    }

    [Theory]
    [InlineData("<?xml version=\"1.0\"?><m:error xmlns:m=\"http://x\"><m:code>AuthenticationFailed</m:code><m:message>No.</m:message></m:error>", "AuthenticationFailed", "facts: add PartitionKey 'p', RowKey 'r': No.")]
    [InlineData("{\"code\":\"Other\",\"message\":\"No.\"}", "Other", "facts: add PartitionKey 'p', RowKey 'r': No.")]
    [InlineData("<html>", null, "facts: add PartitionKey 'p', RowKey 'r': the service gave no reason.")]
    [InlineData("{oops", null, "facts: add PartitionKey 'p', RowKey 'r': the service gave no reason.")]
    [InlineData("", null, "facts: add PartitionKey 'p', RowKey 'r': the service gave no reason.")]
    public async Task An_error_body_of_any_form_is_understood(string body, string? code, string start)
    {
        var table = TestTables.Fake(new FakeService(_ => FakeService.Answer(HttpStatusCode.Forbidden, body)));
        var error = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));
        Assert.Equal((403, code), (error.Status, error.ErrorCode));
        Assert.StartsWith(start, error.Message);
    }

    [Fact]
    public async Task Every_request_says_its_version_and_form_and_asks_for_no_echo()
    {
        var service = new FakeService(_ => FakeService.Answer(HttpStatusCode.NoContent));
        var table = TestTables.Fake(service);
        await table.UpdateEntityAsync(new TableEntity("p", "r'") { ["D"] = 1.0 }, new ETag("W/\"1\""));
        var (request, body) = Assert.Single(service.Seen);
        Assert.Equal("PATCH https://acct.table.core.windows.net/facts(PartitionKey='p',RowKey='r%27%27')", $"{request.Method} {request.RequestUri!.AbsoluteUri}");
        Assert.Equal("{\"PartitionKey\":\"p\",\"RowKey\":\"r'\",\"D@odata.type\":\"Edm.Double\",\"D\":1}", body);
        Assert.Equal("2020-12-06", request.Headers.GetValues("x-ms-version").Single());
        Assert.Equal("3.0", request.Headers.GetValues("DataServiceVersion").Single());
        Assert.Equal("application/json;odata=minimalmetadata", request.Headers.Accept.ToString());
        Assert.Equal("return-no-content", request.Headers.GetValues("Prefer").Single());
        Assert.Equal("W/\"1\"", request.Headers.IfMatch.Single().ToString());
        Assert.NotEmpty(request.Headers.GetValues("x-ms-client-request-id").Single());
    }

    [Theory]
    [InlineData(HttpPipelinePosition.PerCall, 1)]
    [InlineData(HttpPipelinePosition.PerRetry, 2)]
    [InlineData(HttpPipelinePosition.BeforeTransport, 2)]
    public async Task A_policy_of_the_caller_takes_part(HttpPipelinePosition position, int times)
    {
        var policy = new CountingPolicy();
        var options = new TableClientOptions();
        options.AddPolicy(policy, position);
        var service = new FakeService(number => number == 1 ? FakeService.Answer(HttpStatusCode.ServiceUnavailable) : FakeService.Answer(HttpStatusCode.Accepted, Accepted, "multipart/mixed"));
        await TestTables.Fake(service, options).SubmitTransactionAsync(TestTables.Adds(new TableEntity("p", "r")));
        Assert.Equal(times, policy.Sent);
    }

    [Fact]
    public async Task A_policy_of_the_caller_can_read_and_replace_the_answer_to_a_transaction()
    {
        var policy = new ReplacingPolicy();
        var options = new TableClientOptions();
        options.AddPolicy(policy, HttpPipelinePosition.PerCall);
        var service = new FakeService(_ => FakeService.Answer(HttpStatusCode.Accepted, Accepted, "multipart/mixed"));
        var error = await Assert.ThrowsAsync<TableTransactionFailedException>(() => TestTables.Fake(service, options).SubmitTransactionAsync(TestTables.Adds(new TableEntity("p", "r"))));
        Assert.Equal(Accepted, policy.Seen);
        Assert.Equal((409, "EntityAlreadyExists", 0), (error.Status, error.ErrorCode, error.FailedTransactionActionIndex));
    }

    [Fact]
    public async Task A_connection_that_was_idle_for_six_seconds_does_no_harm()
    {
        var policy = new CountingPolicy();
        var options = new TableClientOptions { Retry = { MaxRetries = 0 } };
        options.AddPolicy(policy, HttpPipelinePosition.PerRetry);
        var table = await azurite.NewTableAsync(options);
        for (var round = 0; round < 2; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(at => table.SubmitTransactionAsync(TestTables.Adds(new TableEntity("p", $"{round}|{at}")))));
            if (round == 0) await Task.Delay(TimeSpan.FromSeconds(6));
        }
        Assert.Equal(16, (await table.QueryAsync<TableEntity>().ListAsync()).Count);
        Assert.Equal(18, policy.Sent);
    }

    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled()
    {
        var table = await azurite.NewTableAsync();
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.SubmitTransactionAsync(TestTables.Adds(new TableEntity("p", "r")), source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.QueryAsync<TableEntity>(cancellationToken: source.Token).ListAsync());
    }

    private sealed class ReplacingPolicy : HttpPipelineSynchronousPolicy
    {
        public string? Seen { get; private set; }

        public override void OnReceivedResponse(HttpMessage message)
        {
            Seen = message.Response.Content.ToString();
            message.Response.ContentStream = new MemoryStream(
                "HTTP/1.1 409 Conflict\r\n\r\n{\"odata.error\":{\"code\":\"EntityAlreadyExists\",\"message\":{\"value\":\"0:There.\"}}}\r\n--x--"u8.ToArray());
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("the connection broke off");
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => throw new IOException("the connection broke off");
    }
}
