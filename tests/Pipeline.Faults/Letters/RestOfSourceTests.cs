using Azure;
using Pipeline.Faults.Simulation;
using Pipeline.Faults.Sources;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults.Letters;

/// <summary>
/// A step of one slice of three fails at the same storage call five times, at each call of each step in turn. The
/// others are published, the source is refreshed, the verdict names the slice, and a replay or a newer body repairs it.
/// </summary>
public sealed class RestOfSourceTests
{
    private const string First = "a=1 b=2 c=3 d=4 e= f=6 #",
        Revised = "a=1 b=5 c=3 e=7 f=6 g= d=4",
        Newer = "a=1 b=2 c=8 e=7 f=9 g=1 h=3";

    private static readonly string[] Keys = ["one", "two", "three"];

    private static readonly Slice Unlucky = FakeSource.One;

    [Fact]
    public async Task A_step_that_fails_for_good_does_not_stop_the_rest_of_its_source()
    {
        using var source = SimulatedSource.Offline(new FakeSource(Keys));
        var prepared = await PrepareAsync(source);
        var wanted = (await RunAsync(source, prepared, "", 0)).Tables;
        using var proof = Proof.Try(Proof.Rest, "every storage call of every step of one slice of three");
        foreach (var queue in Names.Queues)
        {
            for (var (at, died) = (1, true); died; at++)
            {
                if (!Share.Current.Has($"rest {queue}", at))
                    continue;
                Say(source, Revised);
                await using var run = await StartAsync(source, prepared, queue, at);
                died = run.HasDied;
                if (!died)
                    break;
                var clock = new VirtualClock(run.Clock.GetUtcNow().AddDays(1), TimeSpan.FromSeconds(15));
                var same = run.Storage.Copy(clock);
                await proof.RunAsync($"{queue}, call {at}", () => CheckAsync(run, wanted));
                await proof.RunAsync($"{queue}, call {at}, and a newer body", () => NewerAsync(source, same, clock));
            }
        }
        proof.End();
        Assert.True(proof.Count > (Share.Current.IsFull ? 60 : 4), $"only {proof.Count} calls");
    }

    private static async Task<MemoryStorage> PrepareAsync(FakeSource source)
    {
        var clock = new VirtualClock(SourceCase.Start, TimeSpan.FromSeconds(15));
        var storage = new MemoryStorage(clock);
        Say(source, First);
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
        await PlanAsync(pipeline);
        await Host.DrainAsync(pipeline, clock, storage);
        Say(source, Revised);
        return storage;
    }

    private static void Say(FakeSource source, string body)
    {
        foreach (var key in Keys)
            source.Replies[key] = new FakeSource.Reply(body);
    }

    private static Task<IReadOnlyList<Slice>> PlanAsync(TestPipeline pipeline) =>
        pipeline.Get<Plan>().RunAsync(Unlucky.Source, CancellationToken.None);

    /// <summary>A run that has come to rest, and whether a message of it was given up.</summary>
    private sealed record Ended(
        TestPipeline Pipeline,
        VirtualClock Clock,
        MemoryStorage Storage,
        DateTimeOffset StartedAt,
        bool HasDied
    ) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Pipeline.DisposeAsync();
    }

    private static async Task<(string Tables, bool HasDied)> RunAsync(
        FakeSource source,
        MemoryStorage prepared,
        string queue,
        int at
    )
    {
        await using var run = await StartAsync(source, prepared, queue, at);
        return (await TablesAsync(run.Pipeline), run.HasDied);
    }

    private static async Task<Ended> StartAsync(FakeSource source, MemoryStorage prepared, string queue, int at)
    {
        var clock = new VirtualClock(SourceCase.Start.AddDays(1), TimeSpan.FromSeconds(15));
        var storage = prepared.Copy(clock);
        var busy = new BusyPolicy();
        var pipeline = new TestPipeline(MemoryStorage.ConnectionString, source, clock, busy, storage);
        var startedAt = clock.GetUtcNow();
        await PlanAsync(pipeline);
        var died = false;
        while (
            storage.Queues.All.OrderBy(entry => entry.Message.VisibleAt).FirstOrDefault()
                is { Message: { } message } next
        )
        {
            if (message.VisibleAt > clock.GetUtcNow())
                clock.Advance(message.VisibleAt - clock.GetUtcNow());
            var (id, receipt, count) = storage.Queues.Take(message, TimeSpan.FromMinutes(10));
            var body = BinaryData.FromBytes(Convert.FromBase64String(message.Text));
            var isUnlucky =
                !died && next.Queue == queue && StepMessage.Read(next.Queue, body.ToString()).Subject.Slice == Unlucky;
            busy.FailAt(isUnlucky ? at : 0);
            try
            {
                await pipeline.Get<DeadLetters>().RunAsync(next.Queue, body.ToString(), count, CancellationToken.None);
            }
            catch (RequestFailedException) when (isUnlucky && count < Names.MaxAttempts)
            {
                storage.Queues.Release(next.Queue, id, receipt, TimeSpan.FromSeconds(10));
                continue;
            }
            catch (RequestFailedException) when (isUnlucky)
            {
                busy.FailAt(0);
                await pipeline
                    .Get<DeadLetters>()
                    .KeepAsync(next.Queue, body, clock.GetUtcNow(), CancellationToken.None);
                died = true;
            }
            busy.FailAt(0);
            storage.Queues.Remove(next.Queue, id, receipt);
        }
        return new Ended(pipeline, clock, storage, startedAt, died);
    }

    private static async Task CheckAsync(Ended run, string wanted)
    {
        var pipeline = run.Pipeline;
        var rows = await pipeline.Get<SliceBook>().ListAsync(Unlucky.Source, CancellationToken.None);
        foreach (var row in rows)
        {
            Assert.True(
                row.Slice == Unlucky || row is { State: SliceState.Published, LastError: "", PlannedAt: null },
                $"{row} had to go on"
            );
        }
        var (facts, gaps) = (await pipeline.RowsAsync("fakefacts"), await pipeline.RowsAsync(Names.Gaps));
        var exported = await ExportedAsync(pipeline);
        foreach (var key in Keys.Skip(1))
        {
            var meaning = SimulatedSource.Meaning(key, Revised).Order(StringComparer.Ordinal).ToList();
            Assert.Equal(meaning, Truth.Lines(facts, gaps, key));
            Assert.Equal(meaning.Where(line => line.StartsWith("fact ", StringComparison.Ordinal)), exported[key]);
        }
        Assert.True(
            await pipeline.Get<RefreshRequests>().IsDoneAsync(Unlucky.Source, CancellationToken.None),
            "indicators and files are not up to date"
        );
        var verdict = await ReadAsync(run);
        var isFailed = rows.Single(row => row.Slice == Unlucky).State.HasFailed();
        Assert.Equal(isFailed, verdict.Failed.Any(line => line.Contains($"{Unlucky}", StringComparison.Ordinal)));
        // What had been done but for the last words needs no replay.
        if (verdict.ExitCode == 0)
        {
            Snapshot.AssertOneOf("the verdict is that all is well", [wanted], await TablesAsync(pipeline));
        }
        else
        {
            List<string> grave = [.. verdict.Failed, .. verdict.Open];
            Assert.All(grave, line => Assert.Contains($"{Unlucky}", line, StringComparison.Ordinal));
        }
        run.Clock.Advance(TimeSpan.FromSeconds(1));
        var replaying = await pipeline.Get<Replay>().RunAsync(Unlucky.Id, "", accept: false, CancellationToken.None);
        Assert.Null(replaying.Refusal);
        await Host.DrainAsync(pipeline, run.Clock, run.Storage);
        Snapshot.AssertOneOf("after the replay", [wanted], await TablesAsync(pipeline));
        Assert.Equal(0, (await ReadAsync(run)).ExitCode);
    }

    /// <summary>The slice is not replayed: the next plan brings a newer body of it.</summary>
    private static async Task NewerAsync(FakeSource source, MemoryStorage storage, VirtualClock clock)
    {
        Say(source, Newer);
        await using var pipeline = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
        await PlanAsync(pipeline);
        await Host.DrainAsync(pipeline, clock, storage);
        Assert.All(await pipeline.Get<SliceBook>().ListAsync(Unlucky.Source, CancellationToken.None), row =>
            Assert.True(row is { State: SliceState.Published, LastError: "", Loading: null }, $"{row}")
        );
        Assert.All(await pipeline.RunsAsync(), run => Assert.False(run.State.IsUnderWay(), $"not at rest: {run}"));
        var (facts, gaps) = (await pipeline.RowsAsync("fakefacts"), await pipeline.RowsAsync(Names.Gaps));
        foreach (var key in Keys)
        {
            Assert.Equal(
                SimulatedSource.Meaning(key, Newer).Order(StringComparer.Ordinal),
                Truth.Lines(facts, gaps, key)
            );
        }
        await Truth.CheckAsync(pipeline, newest: false);
    }

    private static Task<RunVerdict> ReadAsync(Ended run) =>
        run.Pipeline.Get<RunVerdictReader>().ReadAsync([Unlucky.Source], run.StartedAt, CancellationToken.None);

    /// <summary>The facts of the export file by slice, in the words of the source's meaning.</summary>
    private static async Task<ILookup<string, string>> ExportedAsync(TestPipeline pipeline)
    {
        var blob = pipeline
            .Get<StorageAccount>()
            .Blobs.GetBlobContainerClient(Names.ExportsContainer)
            .GetBlobClient("fakefacts.csv");
        var records = CsvText.Read((await blob.DownloadContentAsync()).Value.Content.ToString().TrimStart('\uFEFF'));
        var (partition, row, value) = (
            records[0].IndexOf("PartitionKey"),
            records[0].IndexOf("RowKey"),
            records[0].IndexOf("Value")
        );
        return records
            .Skip(1)
            .OrderBy(cells => cells[row], StringComparer.Ordinal)
            .ToLookup(
                cells => cells[partition].Split('|')[1],
                cells => $"fact {cells[partition]} {cells[row]} {cells[value]}"
            );
    }

    private static async Task<string> TablesAsync(TestPipeline pipeline) =>
        string.Join(
            '\n',
            (await Snapshot.TakeAsync(pipeline, sums: false))
                .Split('\n')
                .Where(line => !line.StartsWith("rejects ", StringComparison.Ordinal))
        );
}
