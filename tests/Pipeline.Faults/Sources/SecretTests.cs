using Azure;
using Pipeline.Ingestion;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Sources;

/// <summary>
/// Keys on the way that a message takes when its step fails for good: exception, dead letter, replay, and what
/// is answered on it.
/// </summary>
public sealed class SecretTests
{
    public static TheoryData<string> Datasets => [.. SourceCase.Requests.Select(dataset => dataset.ToString())];

    [Theory, MemberData(nameof(Datasets))]
    public async Task A_key_shows_nowhere_when_a_pull_fails_for_good_at_any_storage_call_and_is_replayed(string slice)
    {
        var dataset = SourceCase.Requests.Single(dataset => dataset.ToString() == slice);
        await using var server = await SourceSimulator.StartAsync();
        (server.Data, server.Broken) = (dataset.Data(1), dataset.Path);
        var tried = 0;
        for (var failing = true; failing; tried++)
        {
            if (!Share.Current.Has(slice, tried))
                continue;
            server.Fault = ServerFault.All.Single(fault =>
                fault.Name
                == (
                    (tried + tried / Share.Parts) % 2 == 0
                        ? "a page that repeats the request"
                        : "an error that repeats the request"
                )
            );
            failing = await FailsAsync(dataset, server, tried + 1);
        }
        Assert.True(tried > 3, $"{slice}: only {tried} calls");
    }

    /// <summary>
    /// Fails the pull at a storage call, keeps its message, and replays it; false when the pull makes no such
    /// call.
    /// </summary>
    private static async Task<bool> FailsAsync(SourceCase dataset, SourceSimulator server, int at)
    {
        var clock = new VirtualClock(ServerFault.Start, SourceCase.Patience);
        var storage = new MemoryStorage(clock);
        var secrets = new Secrets();
        var left = 0;
        var busy = new AroundPolicy(
            _ => left > 0 && --left == 0,
            () => throw new RequestFailedException(503, "the server is busy", "ServerBusy", null)
        );
        await using var pipeline = dataset.Open(server, clock, secrets, busy, storage);
        await pipeline.Get<StepQueues>().EnsureAsync();
        var message = new PullMessage(dataset.SliceId);
        left = at;
        var error = await Record.ExceptionAsync(() =>
            pipeline
                .Get<DeadLetters>()
                .RunAsync(Names.PullQueue, message.ToJson().ToString(), Names.MaxAttempts, CancellationToken.None)
        );
        var failed = error is not null;
        left = 0;
        if (error is not null)
        {
            Assert.IsType<RequestFailedException>(error);
            secrets.Said.Enqueue($"{error}");
            var body = BinaryData.FromObjectAsJson(message);
            storage.Queues.Add($"{Names.PullQueue}-poison", Convert.ToBase64String(body));
            await pipeline
                .Get<DeadLetters>()
                .KeepAsync(Names.PullQueue, body, clock.GetUtcNow(), CancellationToken.None);
            Assert.NotEmpty(await pipeline.RowsAsync(Names.Rejects, "Kind eq 'message'"));
        }
        var where = $"{dataset}: {server.Fault}, call {at}";
        await secrets.SearchAsync(pipeline, storage, where);
        Assert.Equal(202, await secrets.ReplayAsync(pipeline, dataset.Slice, "?from=source"));
        await Host.DriveAsync(Host.DrainAsync(pipeline, clock, storage), server, clock);
        Assert.Equal(400, await secrets.ReplayAsync(pipeline, dataset.Slice, "?from=elsewhere"));
        await secrets.SearchAsync(pipeline, storage, where);
        return failed;
    }
}
