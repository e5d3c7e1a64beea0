using Azure;
using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Letters;

/// <summary>
/// A step that fails at the same storage call five times in a row, at each call of each step in turn; then the
/// cause is gone and an operator replays.
/// </summary>
public sealed class DeadLetterProofTests
{
    private const string First = "a=1 b=2 c=3 d=4 e= f=6 #",
        Revised = "a=1 b=5/x c=3 e=7 f=6 g= d=4";

    private string wanted = "";
    private int open;

    [Fact]
    public async Task A_step_that_fails_for_good_at_any_call_is_kept_and_a_replay_ends_at_the_tables_of_a_quiet_run()
    {
        using var source = SimulatedSource.Offline(new FakeSource());
        var prepared = new MemoryStorage(new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15)));
        source.Body = First;
        await using (
            var pipeline = new TestPipeline(
                MemoryStorage.ConnectionString,
                source,
                new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15)),
                prepared
            )
        )
        {
            await pipeline.RunAsync();
        }

        source.Body = Revised;
        (wanted, _) = await RunAsync(source, prepared, "", 0);
        using var proof = Proof.Try(Proof.DeadLetter, "every storage call of every step");
        foreach (var queue in Names.Queues)
        {
            for (var at = 1; ; at++)
            {
                if (!Share.Current.Has(queue, at))
                    continue;
                var (seen, dead) = await RunAsync(source, prepared, queue, at);
                if (dead == 0)
                    break;
                proof.Next($"{queue}, call {at}");
                Assert.Equal($"{queue}, call {at}\n{wanted}", $"{queue}, call {at}\n{seen}");
            }
        }

        proof.Held();
        Assert.True(
            proof.Count > (Share.Current.IsFull ? 30 : 0) && open > (Share.Current.IsFull ? 20 : 0),
            $"only {proof.Count} calls, of which {open} left something to be done"
        );
    }

    /// <summary>Also the keeping itself may end at any call: the host hands the message over again.</summary>
    [Theory]
    [InlineData(Names.NormalizeQueue, false)]
    [InlineData(Names.NormalizeQueue, true)]
    [InlineData(Names.PublishQueue, false)]
    public async Task A_message_whose_keeping_ends_at_any_call_is_kept_once_with_its_error(
        string queue,
        bool unreadable
    )
    {
        using var source = SimulatedSource.Offline(new FakeSource { Body = First });
        var start = SourceCase.Start;
        var prepared = new MemoryStorage(new VirtualClock(start, TimeSpan.FromSeconds(15)));
        await using (
            var pipeline = new TestPipeline(
                MemoryStorage.ConnectionString,
                source,
                new VirtualClock(start, TimeSpan.FromSeconds(15)),
                prepared
            )
        )
        {
            await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
            await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        }
        using var proof = Proof.Try(Proof.DeadLetter, "every storage call of keeping it");
        var calls = int.MaxValue;
        for (var at = 1; at <= calls; at++)
        {
            foreach (var after in (bool[])[false, true])
            {
                if (!Share.Current.HasCrash($"keeping {queue} {unreadable}", at, after))
                    continue;
                var clock = new VirtualClock(start.AddMinutes(1), TimeSpan.FromSeconds(15));
                var storage = prepared.Copy(clock);
                var crash = new CrashPolicy(at, after);
                string message;
                await using (
                    var dying = new TestPipeline(MemoryStorage.ConnectionString, source, clock, crash, storage)
                )
                {
                    await using var quiet = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
                    var bodies = await quiet.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None);
                    var blob = unreadable ? "nonsense" : bodies.Single().Blob;
                    StepMessage kind =
                        queue == Names.NormalizeQueue
                            ? new NormalizeMessage(FakeSource.One.Id, blob)
                            : new CompleteRunMessage(FakeSource.One.Id, blob);
                    message = kind.ToJson().ToString();
                    if (await Record.ExceptionAsync(() => FailAndKeepAsync(dying)) is null)
                        calls = at - 1;
                }
                if (calls < at)
                    break;
                proof.Next($"{queue}, keeping ended {(after ? "after" : "before")} call {at}");
                await using var next = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
                await FailAndKeepAsync(next);
                var kept = Assert.Single(await next.RowsAsync(Names.Rejects));
                Assert.Equal(("open", message), (kept["State"], kept["Message"]));
                Assert.StartsWith(
                    unreadable
                        ? $"queue {queue}, property RawBlob: seen \"nonsense\""
                        : "InvalidOperationException: no disk",
                    kept.GetString("Seen"),
                    StringComparison.Ordinal
                );

                async Task FailAndKeepAsync(TestPipeline pipeline)
                {
                    await Assert.ThrowsAsync<InvalidOperationException>(() =>
                        pipeline
                            .Get<DeadLetters>()
                            .GuardAsync(queue, message, Names.MaxAttempts, () =>
                                throw new InvalidOperationException("no disk")
                            )
                    );
                    await pipeline
                        .Get<DeadLetters>()
                        .KeepAsync(queue, BinaryData.FromString(message), start, CancellationToken.None);
                }
            }
        }

        proof.Held();
        Assert.True(calls > 2, $"only {calls} calls");
    }

    private async Task<(string Seen, int Dead)> RunAsync(
        FakeSource source,
        MemoryStorage prepared,
        string queue,
        int at
    )
    {
        var clock = new VirtualClock(SourceCase.Start.AddDays(1), TimeSpan.FromSeconds(15));
        var storage = prepared.Copy(clock);
        var busy = new BusyPolicy();
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, source, clock, busy, storage);
        await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
        var dead = new List<DeadLetter>();
        while (
            storage
                .Queues.All.OrderBy(entry => entry.Message.VisibleAt)
                .Select(entry => (entry.Queue, entry.Message))
                .FirstOrDefault()
                is { Message: { } message } next
        )
        {
            if (message.VisibleAt > clock.GetUtcNow())
                clock.Advance(message.VisibleAt - clock.GetUtcNow());
            var (id, receipt, count) = storage.Queues.Take(message, TimeSpan.FromMinutes(10));
            var body = BinaryData.FromBytes(Convert.FromBase64String(message.Text));
            // Only the first message of the step is the unlucky one; its copies at a replay are not.
            busy.FailAt(next.Queue == queue && dead.Count == 0 ? at : 0);
            try
            {
                await pipeline.Get<DeadLetters>().RunAsync(next.Queue, body.ToString(), count, CancellationToken.None);
            }
            catch (RequestFailedException) when (count < Names.MaxAttempts)
            {
                storage.Queues.Release(next.Queue, id, receipt, TimeSpan.FromSeconds(10));
                continue;
            }
            catch (RequestFailedException)
            {
                busy.FailAt(0);
                await pipeline
                    .Get<DeadLetters>()
                    .KeepAsync(next.Queue, body, clock.GetUtcNow(), CancellationToken.None);
                dead.Add(DeadLetter.Read(next.Queue, body.ToString()));
            }
            storage.Queues.Remove(next.Queue, id, receipt);
        }
        busy.FailAt(0);
        foreach (var letter in dead)
        {
            var kept = Assert.Single(await pipeline.RowsAsync(Names.Rejects, "Kind eq 'message'"));
            Assert.Equal("RequestFailedException: the server is busy", kept["Seen"]);
            // What had been done but for the last words is settled without a replay: nothing is left to be done.
            if (kept.GetString("State") != "open")
            {
                Assert.True(
                    wanted == await TablesAsync(),
                    $"{queue}, call {at}: {kept["Message"]} is said to be replayed:\n{await TablesAsync()}"
                );
            }
            else
            {
                open++;
            }

            await ReplayAsync(letter);
            Assert.Equal(
                "replayed",
                Assert.Single(await pipeline.RowsAsync(Names.Rejects, "Kind eq 'message'"))["State"]
            );
            // Once more nothing is changed.
            var versions = await VersionsAsync();
            await ReplayAsync(letter);
            Assert.Equal(versions, await VersionsAsync());
        }
        Assert.Empty(await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"));
        return (await TablesAsync(), dead.Count);

        async Task<string> TablesAsync() =>
            string.Join(
                '\n',
                (await Snapshot.TakeAsync(pipeline))
                    .Split('\n')
                    .Where(line => !line.StartsWith("rejects ", StringComparison.Ordinal))
            );

        // What depends on the source as a whole is asked for again by every plan.
        async Task ReplayAsync(DeadLetter letter)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            if (letter.Slice is { } slice)
            {
                var replay = pipeline.Get<Replay>();
                Assert.Null((await replay.RunAsync(slice.Id, "", false, CancellationToken.None)).Refusal);
            }
            else
            {
                await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
            }
            await Host.DrainAsync(pipeline, clock, storage);
        }

        async Task<List<string>> VersionsAsync()
        {
            var all = new List<string>();
            foreach (var table in (string[])["fakefacts", Names.History, Names.Gaps, Names.Indicators])
            {
                all.AddRange(
                    (await pipeline.RowsAsync(table)).Select(row =>
                        $"{table} {row.PartitionKey} {row.RowKey} {row.ETag}"
                    )
                );
            }

            return all;
        }
    }
}
