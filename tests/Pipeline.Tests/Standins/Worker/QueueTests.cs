using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class QueueTests(Azurite azurite)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_message_is_bound_by_type_and_deleted_after_success()
    {
        var account = azurite.NewAccount();
        var text = await TestHost.QueueAsync(account, "text", "plain");
        var poco = await TestHost.QueueAsync(account, "poco", """{ "SLICE": "a/b", "count": 3, "id": "mine" }""");
        var raw = await TestHost.QueueAsync(account, "raw", "bytes");
        var whole = await TestHost.QueueAsync(account, "whole", "message");
        await using var host = await TestHost.StartAsync([typeof(Readers)], TestHost.Storage(account));
        await TestHost.UntilAsync(() => host.Log.Count == 4);
        foreach (var queue in new[] { text, poco, raw, whole }) await TestHost.UntilAsync(async () => await TotalAsync(queue) == 0);
        Assert.Equal(["bytes 5", "message 1", "poco a/b 3, Id mine, DequeueCount 1", "text plain"], host.Log.All.Order());
    }

    [Fact]
    public async Task A_failing_message_is_tried_five_times_and_then_copied_to_poison_and_deleted()
    {
        var account = azurite.NewAccount();
        var queue = await TestHost.QueueAsync(account, "fail", "bad");
        await using var host = await TestHost.StartAsync([typeof(Failing)], TestHost.Storage(account));
        var poison = Queue(account, "fail-poison");
        await TestHost.UntilAsync(async () => await TotalAsync(poison) == 1 && await TotalAsync(queue) == 0);
        var copy = (await poison.PeekMessageAsync()).Value;
        Assert.Equal(("bad", 0L), (copy.Body.ToString(), copy.DequeueCount));
        Assert.Equal(["1", "2", "3", "4", "5"], host.Log.All);
        Assert.Contains("warn  Fail: Message has reached MaxDequeueCount of 5. Moving message to queue 'fail-poison'.", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_failure_the_message_waits_for_the_visibility_timeout()
    {
        var account = azurite.NewAccount();
        var queue = await TestHost.QueueAsync(account, "fail", "bad");
        await using var host = await TestHost.StartAsync([typeof(Failing)], TestHost.Storage(account), queues: """, "visibilityTimeout": "01:00:00" """);
        await TestHost.UntilAsync(() => host.Error.Contains("Failed", StringComparison.Ordinal));
        await Task.Delay(500);
        Assert.Equal(["1"], host.Log.All);
        Assert.Null((await queue.PeekMessageAsync()).Value);
        Assert.Equal(1, await TotalAsync(queue));
    }

    [Fact]
    public async Task A_body_that_is_not_base64_goes_to_poison_as_it_is_without_a_call()
    {
        var account = azurite.NewAccount();
        await new QueueClient(account, "text").CreateAsync();
        await new QueueClient(account, "text").SendMessageAsync("not base64!");
        await using var host = await TestHost.StartAsync([typeof(Readers)], TestHost.Storage(account));
        var poison = new QueueClient(account, "text-poison");
        await TestHost.UntilAsync(async () => await TotalAsync(poison) == 1);
        Assert.Equal("not base64!", (await poison.PeekMessageAsync()).Value.MessageText);
        Assert.Empty(host.Log.All);
        Assert.Contains("Message decoding has failed! Check MessageEncoding settings.", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_does_not_fit_the_type_fails_and_ends_in_poison()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "poco", "this is no JSON");
        await using var host = await TestHost.StartAsync([typeof(Readers)], TestHost.Storage(account), queues: """, "maxDequeueCount": 2 """);
        await TestHost.UntilAsync(async () => await TotalAsync(Queue(account, "poco-poison")) == 1);
        Assert.Empty(host.Log.All);
        Assert.Contains("InvalidOperationException: the message does not fit Item", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_poison_queue_has_no_poison_queue()
    {
        var account = azurite.NewAccount();
        var queue = await TestHost.QueueAsync(account, "some-poison", "bad");
        await using var host = await TestHost.StartAsync([typeof(FailingPoison)], TestHost.Storage(account), queues: """, "maxDequeueCount": 1 """);
        await TestHost.UntilAsync(() => host.Error.Contains("Failed", StringComparison.Ordinal));
        await Task.Delay(300);
        Assert.False(await Queue(account, "some-poison-poison").ExistsAsync());
        Assert.Equal(1, await TotalAsync(queue)); // invisible until its ten minutes end
        Assert.Null((await queue.PeekMessageAsync()).Value);
        Assert.Single(host.Log.All);
    }

    [Fact]
    public async Task When_the_copy_to_poison_fails_the_original_stays()
    {
        var account = azurite.NewAccount();
        var queue = await TestHost.QueueAsync(account, "fail", "bad");
        await using var refusing = await RefusingProxy.StartAsync(azurite.QueuePort, "/fail-poison");
        var through = account.Replace($":{azurite.QueuePort}/", $":{refusing.Port}/", StringComparison.Ordinal);
        await using var host = await TestHost.StartAsync([typeof(Failing)], TestHost.Storage(through), queues: """, "maxDequeueCount": 1 """);
        await TestHost.UntilAsync(() => host.Error.Contains("stays as it is and comes back when its invisibility ends", StringComparison.Ordinal));
        Assert.Equal(1, await TotalAsync(queue));
        Assert.False(await Queue(account, "fail-poison").ExistsAsync());
        Assert.Equal(["1"], host.Log.All);
    }

    [Fact]
    public async Task The_invisibility_of_a_message_is_renewed_every_five_minutes_while_it_runs()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        var queue = await TestHost.QueueAsync(account, "gate", "slow");
        await using var host = await TestHost.StartAsync([typeof(Gated)], TestHost.Storage(account), clock);
        await clock.UntilAsync(() => host.Log.Count == 1, TimeSpan.FromMilliseconds(50));
        var seen = host.Log.All[0];
        clock.Advance(TimeSpan.FromMinutes(4));
        await Task.Delay(200);
        // The receipt that was handed out still fits: nothing was renewed yet.
        var receipt = (await queue.UpdateMessageAsync(seen.Split(' ')[0], seen.Split(' ')[1], visibilityTimeout: TimeSpan.FromMinutes(10))).Value.PopReceipt;
        clock.Advance(TimeSpan.FromMinutes(2));
        await TestHost.UntilAsync(() => host.Error.Contains("is no longer ours while it runs", StringComparison.Ordinal)); // the renewal met our own update
        host.Log.Gate.SetResult();
        await TestHost.UntilAsync(() => host.Log.Count == 2);
        await queue.DeleteMessageAsync(seen.Split(' ')[0], receipt); // the lost message was left alone
    }

    [Fact]
    public async Task A_renewed_message_is_deleted_with_its_new_receipt()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        var queue = await TestHost.QueueAsync(account, "gate", "slow");
        await using var host = await TestHost.StartAsync([typeof(Gated)], TestHost.Storage(account), clock);
        await clock.UntilAsync(() => host.Log.Count == 1, TimeSpan.FromMilliseconds(50));
        var (id, receipt) = (host.Log.All[0].Split(' ')[0], host.Log.All[0].Split(' ')[1]);
        clock.Advance(TimeSpan.FromMinutes(5));
        // Renewed, and waiting for the next time: five minutes from when it was, which may have been before the clock came to its end.
        await TestHost.UntilAsync(() => clock.IsSetFor(TimeSpan.FromMinutes(4.5), TimeSpan.FromMinutes(5)));
        var lost = await Assert.ThrowsAsync<Azure.RequestFailedException>(() => queue.DeleteMessageAsync(id, receipt));
        Assert.Equal("PopReceiptMismatch", lost.ErrorCode);
        host.Log.Gate.SetResult();
        await clock.UntilAsync(() => host.Log.Count == 2, TimeSpan.FromMilliseconds(50));
        await TestHost.UntilAsync(async () => await TotalAsync(queue) == 0);
    }

    [Fact]
    public async Task No_more_run_in_parallel_than_batch_size_and_threshold()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "gate", [.. Enumerable.Range(0, 12).Select(n => $"{n}")]);
        await using var host = await TestHost.StartAsync([typeof(Gated)], TestHost.Storage(account));
        await TestHost.UntilAsync(() => host.Log.Count >= 4);
        await Task.Delay(700);
        Assert.Equal(4, host.Log.Count); // batchSize 4; the next batch waits until no more than newBatchThreshold (2) run
        host.Log.Gate.SetResult();
        await TestHost.UntilAsync(() => host.Log.Count == 24);
    }

    [Fact]
    public async Task A_graceful_stop_awaits_running_functions_and_deletes_their_messages()
    {
        var account = azurite.NewAccount();
        var queue = await TestHost.QueueAsync(account, "gate", "slow");
        await using var host = await TestHost.StartAsync([typeof(Gated)], TestHost.Storage(account));
        await TestHost.UntilAsync(() => host.Log.Count == 1);
        var stopping = host.Host.StopAsync();
        await Task.Delay(300);
        Assert.False(stopping.IsCompleted);
        host.Log.Gate.SetResult();
        await stopping;
        Assert.Equal(0, await TotalAsync(queue));
        Assert.Equal("end, cancelled True", host.Log.All[1]);
    }

    [Fact]
    public async Task Outputs_are_written_after_success_only_one_message_an_element_and_none_for_null()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "orders", "list", "null", "fail");
        await using var host = await TestHost.StartAsync([typeof(Producers)], TestHost.Storage(account), queues: """, "maxDequeueCount": 1 """);
        await TestHost.UntilAsync(async () => await TotalAsync(Queue(account, "orders-poison")) == 1 && await TotalAsync(Queue(account, "orders")) == 0);
        var written = (await Queue(account, "items").PeekMessagesAsync(10)).Value.Select(message => message.Body.ToString()).Order();
        Assert.Equal(["""{"Slice":"a","Count":1}""", """{"Slice":"b","Count":2}"""], written);
        Assert.Equal("kept", (await Queue(account, "texts").PeekMessageAsync()).Value.Body.ToString());
    }

    private static QueueClient Queue(string account, string name) => new(account, name, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });

    // Visible or not.
    private static async Task<int> TotalAsync(QueueClient queue)
    {
        try
        {
            return (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount;
        }
        catch (Azure.RequestFailedException error) when (error.Status == 404)
        {
            return 0;
        }
    }

    public sealed record Item(string Slice, int Count);

    public sealed class Readers(Events events)
    {
        [Function("Text")]
        public void Text([QueueTrigger("TEXT")] string message) => events.Add($"text {message}");

        [Function("Poco")]
        public Task Poco([QueueTrigger("poco", Connection = "PipelineStorage")] Item item, FunctionContext context)
        {
            events.Add($"poco {item.Slice} {item.Count}, Id {context.BindingContext.BindingData["Id"]}, DequeueCount {context.BindingContext.BindingData["DequeueCount"]}");
            return Task.CompletedTask;
        }

        [Function("Raw")]
        public ValueTask Raw([QueueTrigger("raw")] byte[] body, CancellationToken cancellation)
        {
            Assert.True(cancellation.CanBeCanceled);
            events.Add($"bytes {body.Length}");
            return ValueTask.CompletedTask;
        }

        [Function("Whole")]
        public void Whole([QueueTrigger("whole")] QueueMessage message) => events.Add($"{message.Body} {message.DequeueCount}");
    }

    public sealed class Failing(Events events)
    {
        [Function("Fail")]
        public void Run([QueueTrigger("fail")] string message, long dequeueCount)
        {
            events.Add($"{dequeueCount}");
            throw new InvalidOperationException(message);
        }
    }

    public sealed class FailingPoison(Events events)
    {
        [Function("FailPoison")]
        public void Run([QueueTrigger("some-poison")] string message)
        {
            events.Add(message);
            throw new InvalidOperationException(message);
        }
    }

    public sealed class Gated(Events events)
    {
        [Function("Gate")]
        public async Task RunAsync([QueueTrigger("gate")] QueueMessage message, CancellationToken cancellation)
        {
            events.Add($"{message.MessageId} {message.PopReceipt}");
            await events.Gate.Task;
            events.Add($"end, cancelled {cancellation.IsCancellationRequested}");
        }
    }

    public sealed class Producers
    {
        [Function("Produce")]
        public static Produced? Run([QueueTrigger("orders")] string message) => message switch
        {
            "list" => new Produced([new Item("a", 1), new Item("b", 2)], null),
            "null" => new Produced(null, "kept"),
            _ => throw new InvalidOperationException("nothing may be written"),
        };
    }

    public sealed record Produced([property: QueueOutput("items")] IReadOnlyList<Item>? Items, [property: QueueOutput("texts")] string? Text);
}
