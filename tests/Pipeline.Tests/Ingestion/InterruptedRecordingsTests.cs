using Azure.Core.Pipeline;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>Processes that end, and messages that are given up, between the recordings of a request.</summary>
public sealed class InterruptedRecordingsTests : IDisposable
{
    private readonly FakeSource source = new() { Due = TimeSpan.FromDays(30) };
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("pipeline-recordings-");
    private readonly MemoryStorage storage = new(TimeProvider.System);

    public void Dispose()
    {
        source.Dispose();
        folder.Delete(true);
    }

    private void Record(params string[] answers)
    {
        var fake = Directory.CreateDirectory(Path.Combine(folder.FullName, "fake")).FullName;
        var entries = new List<string>();
        for (var n = 0; n < answers.Length; n++)
        {
            File.WriteAllText(Path.Combine(fake, $"{n}.txt"), answers[n][4..]);
            entries.Add(
                $$"""{"request":"one","status":{{answers[n][..3]}},"contentType":"text/plain","headers":{},"file":"{{n}}.txt","asOf":"202{{n}}-01-01"}"""
            );
        }
        File.WriteAllText(Path.Combine(fake, "answers.json"), "[" + string.Join(',', entries) + "]");
    }

    private TestPipeline Open(params HttpPipelinePolicy[] policies) =>
        new(
            storage,
            [new(TestPipeline.Planned, "fake")],
            (services, _) =>
                services.AddSingleton(provider => new SourceCatalog(
                    [source],
                    new SourceClientFactory(
                        folder.FullName,
                        provider.GetRequiredService<TimeProvider>(),
                        provider.GetRequiredService<Random>(),
                        null,
                        provider.GetRequiredService<ILoggerFactory>()
                    )
                )),
            policies
        );

    private static async Task<string> SeenAsync(TestPipeline pipeline)
    {
        var row = await SliceAsync(pipeline);
        var values = string.Join(
            ' ',
            (await pipeline.RowsAsync("fakefacts")).Select(fact => $"{fact["Name"]}={fact["Value"]}")
        );
        var bodies = string.Join(
            ' ',
            (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None)).Select(body =>
                $"{body.Vintage:yyyy-MM-dd HH:mm:ss}/{body.Sha12[..4]}"
            )
        );
        var history = string.Join(
            "; ",
            (await pipeline.RowsAsync("history")).Select(version =>
                $"{version.RowKey.Split('|')[0]} {version["OldValue"]}->{version["NewValue"]} {version["ValidFrom"]:yyyy-MM-dd HH:mm:ss}..{version["ValidTo"]:yyyy-MM-dd HH:mm:ss}"
            )
        );
        return $"{row.State} {values} bodies {bodies} history {history}";
    }

    /// <summary>A dataset that the settings switch off while a newer recording is there.</summary>
    [Fact]
    public async Task A_dataset_that_is_off_is_not_asked_for_its_next_recording()
    {
        Record("200 a=1 b=1");
        await using (var first = Open())
            await first.RunAsync();
        // Samples of a later version have one more day, and the dataset is switched off.
        Record("200 a=1 b=1", "200 a=2 b=1");
        source.IsOn = false;
        await using var pipeline = Open();
        await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
        var count = 0;
        while (await pipeline.WorkAsync() && count < 60)
            count++;
        Assert.True(count < 60, $"{count} messages and no end: {string.Join('\n', pipeline.Log.TakeLast(4))}");
    }

    /// <summary>The pull of the second day dies between its message and its state.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pull_that_ends_after_its_message_asks_for_no_older_recording(bool duringLoad)
    {
        Record("200 a=1 b=1", "200 a=2 b=1");
        await using (var pipeline = Open())
        {
            await pipeline.Get<StepQueues>().EnsureAsync();
            await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
            for (var n = 0; n < 20; n++)
            {
                var slice = await SliceAsync(pipeline);
                if (slice is { State: SliceState.Published })
                    break;
                Assert.True(await pipeline.WorkAsync());
            }
            var row = await SliceAsync(pipeline);
            Assert.Equal(SliceState.Published, row.State);
            var pull = await TakeAsync(pipeline, Names.PullQueue);
            // Dies as it writes the slice after the message.
            var sent = false;
            var dies = new AroundPolicy(
                request =>
                {
                    sent |= request.Uri.Path.Contains("/normalize/messages", StringComparison.Ordinal);
                    return sent
                        && request.Uri.Path.Contains("/slices", StringComparison.Ordinal)
                        && request.Method != Azure.Core.RequestMethod.Get;
                },
                () => throw new CrashException("slices")
            );
            await DieAsync(pull, dies);
            // The message of the body is worked on first.
            var normalize = await TakeAsync(pipeline, Names.NormalizeQueue);
            if (duringLoad)
            {
                await DieAsync(
                    normalize,
                    new AroundPolicy(
                        request => AroundPolicy.IsBatchOf(request, "fakefacts"),
                        () => throw new CrashException("half")
                    )
                );
                await pipeline.DoAsync(pull);
                await pipeline.DoAsync(normalize);
            }
            else
            {
                await pipeline.DoAsync(normalize);
                await pipeline.DoAsync(pull);
            }
            await pipeline.DrainAsync();
            for (var n = 0; n < 2; n++)
                await pipeline.RunAsync();
            var seen = await SeenAsync(pipeline);
            Assert.True(!seen.Contains("00:00:01", StringComparison.Ordinal), seen);
        }
    }

    /// <summary>A replay of the loaded body dies half way and is given up; the plan loads the body again.</summary>
    [Fact]
    public async Task A_replay_that_was_given_up_leaves_no_run_that_is_loading()
    {
        Record("200 a=1 b=1");
        await using var pipeline = Open();
        await pipeline.RunAsync();
        var facts = await pipeline.TableAsync("fakefacts");
        foreach (var row in await pipeline.RowsAsync("fakefacts"))
            await facts.DeleteEntityAsync(row.PartitionKey, row.RowKey);
        var body = (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None))[0];
        var replay = new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true);
        await DieAsync(
            replay,
            new AroundPolicy(
                request => AroundPolicy.IsBatchOf(request, "fakefacts"),
                () => throw new CrashException("half")
            )
        );
        await pipeline.Get<DeadLetters>().KeepAsync(replay.Queue, replay.ToJson(), null, CancellationToken.None);
        for (var n = 0; n < 2; n++)
        {
            await PlanAsync(pipeline);
        }
        var run = (await pipeline.RunsAsync()).Single(row => row.RunId == body.RunId);
        Assert.True(
            run is { State: RunState.Done, LoadingSince: null } && run.Counts.AddUp && run.Counts.Read == 2,
            $"{run} {await SeenAsync(pipeline)}"
        );
    }

    /// <summary>The step dies before it has sent the message for the next recording.</summary>
    [Fact]
    public async Task A_step_that_ends_before_it_requests_the_next_recording_requests_it_again()
    {
        Record("200 a=1 b=1", "200 a=2 b=1");
        await using var pipeline = Open();
        await pipeline.Get<StepQueues>().EnsureAsync();
        await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
        for (var n = 0; n < 2; n++)
            Assert.True(await pipeline.WorkAsync());
        var complete = await TakeAsync(pipeline, Names.PublishQueue);
        var dies = new AroundPolicy(
            request => request.Uri.Path.Contains("/pull/messages", StringComparison.Ordinal),
            () => throw new CrashException("pull message")
        );
        await DieAsync(complete, dies);
        // The queue delivers the message again.
        await pipeline.DoAsync(complete);
        await pipeline.DrainAsync();
        Assert.Equal(2021, (await SliceAsync(pipeline)).RecordedOn?.Year);
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
    }

    /// <summary>A replay of the loaded body is given up; from then on the source answers otherwise.</summary>
    [Theory]
    [InlineData("200 a=9 b=1 !")]
    [InlineData("204 ")]
    [InlineData("404 gone")]
    public async Task A_reload_that_was_given_up_is_done_by_the_plan_whatever_the_source_answers(string second)
    {
        Record("200 a=1 b=1", second);
        await using (var first = Open())
            await first.RunAsync();
        Record("200 a=1 b=1", second, "200 a=3 b=1");
        await using var pipeline = Open();
        var facts = await pipeline.TableAsync("fakefacts");
        foreach (var row in await pipeline.RowsAsync("fakefacts"))
            await facts.DeleteEntityAsync(row.PartitionKey, row.RowKey);
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await pipeline.Get<DeadLetters>().KeepAsync(reload.Queue, reload.ToJson(), null, CancellationToken.None);
        await pipeline.DrainAsync();
        for (var n = 0; n < 6; n++)
        {
            await PlanAsync(pipeline);
        }
        var seen = await SeenAsync(pipeline);
        Assert.True(seen.StartsWith("Published a=3 b=1", StringComparison.Ordinal), seen);
    }

    /// <summary>The same where the files are those of the loaded body: nothing waits, exit code 0.</summary>
    [Fact]
    public async Task A_pull_of_the_same_body_that_ends_before_it_requests_the_next_recording_requests_it_again()
    {
        Record("200 a=1 b=1");
        await using (var first = Open())
            await first.RunAsync();
        Record("200 a=1 b=1", "200 a=1 b=1", "200 a=2 b=1");
        await using var pipeline = Open();
        await pipeline.Get<SliceBook>().MakeDueAsync("fake", CancellationToken.None);
        await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
        var pull = await TakeAsync(pipeline, Names.PullQueue);
        var dies = new AroundPolicy(
            request => request.Uri.Path.Contains("/pull/messages", StringComparison.Ordinal),
            () => throw new CrashException("pull message")
        );
        await DieAsync(pull, dies);
        await pipeline.DoAsync(pull);
        await pipeline.DrainAsync();
        Assert.Equal(2022, (await SliceAsync(pipeline)).RecordedOn?.Year);
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
    }

    /// <summary>An accept that was given up is not done by a pull that reads the body again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_accept_that_was_given_up_stays_open_until_it_is_carried_out(bool wasBegun)
    {
        await using var pipeline = new TestPipeline(storage, source);
        source.Body = string.Join(' ', Enumerable.Range(1, 30).Select(number => $"k{number:00}=1"));
        await pipeline.RunAsync();
        source.Body = "k01=1 k02=2";
        await PlanAsync(pipeline);
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        var accept = await TakeAsync(pipeline, Names.NormalizeQueue);
        if (wasBegun)
        {
            var end = new AroundPolicy(
                request => request.Uri.Path.Contains("/rejects", StringComparison.Ordinal),
                () => throw new CrashException("while it judges")
            );
            await using var dying = new TestPipeline(storage, source, end);
            await Assert.ThrowsAsync<CrashException>(() => dying.DoAsync(accept));
        }
        await pipeline.Get<DeadLetters>().KeepAsync(accept.Queue, accept.ToJson(), null, CancellationToken.None);
        await pipeline.DrainAsync();
        for (var plans = 0; plans < 3; plans++)
            await PlanAsync(pipeline);
        var row = await SliceAsync(pipeline);
        var open = await pipeline.Get<DeadLetterBook>().OpenAsync("fake", CancellationToken.None);
        Assert.Equal((SliceState.Quarantined, 1), (row.State, open.Count));
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        await pipeline.DrainAsync();
        open = await pipeline.Get<DeadLetterBook>().OpenAsync("fake", CancellationToken.None);
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync(pipeline)).State, open.Count));
    }

    /// <summary>Works on a message in a process that ends.</summary>
    private async Task DieAsync(StepMessage message, AroundPolicy end)
    {
        await using var dying = Open(end);
        await Assert.ThrowsAsync<CrashException>(() => dying.DoAsync(message));
    }

    private static Task<SliceRow> SliceAsync(TestPipeline pipeline) =>
        pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);

    /// <summary>Makes the slice due and works until nothing is left.</summary>
    private static async Task PlanAsync(TestPipeline pipeline)
    {
        await pipeline.Get<SliceBook>().MakeDueAsync("fake", CancellationToken.None);
        await pipeline.RunAsync();
    }

    /// <summary>Takes the next message off a queue.</summary>
    private static async Task<StepMessage> TakeAsync(TestPipeline pipeline, string queue)
    {
        var client = pipeline.Queue(queue);
        var got = (await client.ReceiveMessageAsync(TimeSpan.FromHours(1))).Value;
        await client.DeleteMessageAsync(got.MessageId, got.PopReceipt);
        return StepMessage.Read(queue, got.Body.ToString());
    }
}
