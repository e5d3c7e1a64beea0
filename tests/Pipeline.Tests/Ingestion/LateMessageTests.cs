using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// Messages that come late or twice, and reloads, beside bodies that were refused and pulls that failed: they must not
/// hide what is wrong, and not load what was refused.
/// </summary>
public sealed class LateMessageTests : OneSliceTests
{
    public static TheoryData<string> Late { get; } = new("reload", "a copy of the first body's message");

    private async Task SendLateAsync(string late) =>
        await DoAsync(
            late == "reload" ? new ReloadNewestMessage(FakeSource.One.Id) : Normalize((await BodiesAsync())[0])
        );

    [Theory, MemberData(nameof(Late))]
    public async Task A_failed_pull_stays_failed_and_due(string late)
    {
        await RunAsync("a=1 b=1");
        await RunAsync("a=2 b=1");
        await RunAsync("", 503);
        var before = await SliceAsync();
        Assert.Equal((SliceState.PullFailed, 1), (before.State, await ExitCodeAsync()));
        await SendLateAsync(late);
        var after = await SliceAsync();
        Assert.Equal((before.State, before.LastError, before.NextDue), (after.State, after.LastError, after.NextDue));
        Assert.Equal((1, "a=2 b=1"), (await ExitCodeAsync(), await ValuesAsync()));
        Assert.Single(await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None));
    }

    [Theory, MemberData(nameof(Late))]
    public async Task A_quarantined_body_stays_quarantined_and_is_asked_for_without_validators(string late)
    {
        await RunAsync("a=1 b=1", etag: "\"1\"");
        await RunAsync("a=2 b=1 !", etag: "\"2\"");
        Assert.Equal((SliceState.Quarantined, 2), ((await SliceAsync()).State, await ExitCodeAsync()));
        await SendLateAsync(late);
        Assert.Equal((SliceState.Quarantined, 2), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal("a=1 b=1", await ValuesAsync());
        source.Validators.Clear();
        await RunAsync("a=2 b=1 !", etag: "\"2\"");
        Assert.Equal([""], source.Validators.Select(validator => $"{validator}"));
    }

    /// <summary>A new program reads half of the rows: refused. A reload must not let it in.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reload_does_not_load_a_body_that_is_read_otherwise_now(bool replayed)
    {
        await RunAsync(Rows(40));
        source.Reading = text => string.Join(' ', text.Split(' ').Take(20));
        if (replayed)
            await DoAsync(Normalize((await BodiesAsync())[0], replay: true));
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        Assert.Equal((SliceState.Quarantined, 2), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Fact]
    public async Task A_reload_restores_the_rows_of_the_loaded_body_and_leaves_its_run_as_it_was()
    {
        await RunAsync("a=1 b=1 c=?");
        var (slice, run) = (await SliceAsync(), Assert.Single(await pipeline.RowsAsync(Names.Runs)));
        var facts = await pipeline.TableAsync("fakefacts");
        var row = (await pipeline.RowsAsync("fakefacts"))[0];
        await facts.DeleteEntityAsync(row.PartitionKey, row.RowKey);
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        Assert.Equal("a=1 b=1", await ValuesAsync());
        var after = await SliceAsync();
        Assert.Equal((slice.State, slice.LastError), (after.State, after.LastError));
        Assert.True(after.Loaded!.LastChanged > slice.Loaded!.LastChanged, "its outputs are to be derived again");
        var now = Assert.Single(await pipeline.RowsAsync(Names.Runs));
        Assert.Equal((run["State"], run["Added"], run["LoadedAt"]), (now["State"], now["Added"], now["LoadedAt"]));
        // Nothing differs any more: nothing is derived again.
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        Assert.Equal(after.Loaded.LastChanged, (await SliceAsync()).Loaded!.LastChanged);
    }

    [Fact]
    public async Task A_reload_that_is_interrupted_and_given_up_fails_the_slice_until_a_body_is_loaded()
    {
        await RunAsync("a=1 b=1");
        var facts = await pipeline.TableAsync("fakefacts");
        foreach (var row in await pipeline.RowsAsync("fakefacts"))
            await facts.DeleteEntityAsync(row.PartitionKey, row.RowKey);
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await DieAsync(reload);
        Assert.Equal(SliceState.Loading, (await SliceAsync()).State);
        await KeepAsync(reload);
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        await RunAsync("a=1 b=2");
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal("a=1 b=2", await ValuesAsync());
    }

    [Fact]
    public async Task A_refused_body_over_a_half_loaded_one_leaves_the_slice_failed_and_its_source_at_rest()
    {
        await RunAsync("a=1 b=1");
        source.Replies["one"] = new FakeSource.Reply("a=2 b=2");
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var message = Normalize((await BodiesAsync())[^1]);
        await DieAsync(message);
        await KeepAsync(message);
        await RunAsync("a=3 b=3 !");
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
        await RunAsync("a=4 b=4");
        Assert.Equal((SliceState.Published, "a=4 b=4"), ((await SliceAsync()).State, await ValuesAsync()));
    }

    [Fact]
    public async Task A_failed_pull_does_not_hide_the_rejects_of_the_loaded_body()
    {
        await RunAsync("a=1 b=?", etag: "\"1\"");
        await RunAsync("", 503);
        source.Validators.Clear();
        await RunAsync("a=1 b=?", etag: "\"1\"");
        var row = await SliceAsync();
        Assert.Equal((SliceState.Published, 2), (row.State, await ExitCodeAsync()));
        Assert.StartsWith("1 row rejected, the first: ", row.LastError, StringComparison.Ordinal);
        Assert.Single(await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None));
        Assert.Equal([""], source.Validators.Select(validator => $"{validator}"));
    }

    [Fact]
    public async Task A_dataset_that_is_switched_off_before_its_first_pull_does_not_keep_its_source_waiting()
    {
        using var two = new FakeSource("one", "two") { Body = "a=1" };
        await using var both = new TestPipeline(new MemoryStorage(TimeProvider.System), two);
        await both.Get<Plan>().RunAsync("fake", CancellationToken.None);
        // They are sent at the same time, in any order.
        var messages = (await both.Queue(Names.PullQueue).ReceiveMessagesAsync(10))
            .Value.OrderBy(message => $"{message.Body}", StringComparer.Ordinal)
            .ToList();
        await both.HandleAsync(Names.PullQueue, messages[0].Body);
        two.IsOn = false;
        await both.HandleAsync(Names.PullQueue, messages[1].Body);
        two.IsOn = true;
        await both.Queue(Names.PullQueue).ClearMessagesAsync();
        await both.DrainAsync();
        var states = (await both.Get<SliceBook>().ListAsync("fake", CancellationToken.None)).Select(row => row.State);
        Assert.Equal([SliceState.Published, null], states);
        Assert.True(await both.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task A_copy_of_a_pull_that_is_given_up_after_its_plan_was_worked_on_fails_nothing()
    {
        await RunAsync("a=1");
        var planned = (await SliceAsync()).LastPulled!.Value.AddHours(-1);
        await KeepAsync(new PullMessage(FakeSource.One.Id, planned));
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Empty(await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"));
    }

    [Fact]
    public async Task A_copy_that_is_given_up_while_the_run_waits_does_not_keep_it_from_being_published()
    {
        source.Body = "a=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        var message = Normalize((await BodiesAsync())[0]);
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        await pipeline.DoAsync(message);
        await KeepAsync(message);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
    }

    /// <summary>The clock of the worker that judges plays no part.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(5)]
    public async Task An_accept_that_is_delivered_twice_covers_only_what_was_shown(int minutes)
    {
        var clock = new Shifted(TimeSpan.FromMinutes(minutes));
        await using var worker = new TestPipeline(MemoryStorage.ConnectionString, source, clock, storage);
        await RunAsync(Rows(40));
        source.Replies["one"] = new FakeSource.Reply(Rows(20));
        await worker.Get<SliceBook>().MakeDueAsync("fake", CancellationToken.None);
        await worker.RunAsync();
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        var accept = (await pipeline.Queue(Names.NormalizeQueue).ReceiveMessageAsync(TimeSpan.FromMinutes(10))).Value;
        // Another version of the program reads even fewer rows.
        source.Reading = text => string.Join(' ', text.Split(' ').Take(10));
        for (var delivery = 0; delivery < 2; delivery++)
        {
            await worker.HandleAsync(Names.NormalizeQueue, accept.Body);
            await worker.DrainAsync();
            Assert.Equal(SliceState.Quarantined, (await SliceAsync()).State);
            Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
        }
        source.Reading = text => text;
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "raw", accept: false, CancellationToken.None);
        await worker.DrainAsync();
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        await worker.DrainAsync();
        Assert.Equal(SliceState.Published, (await SliceAsync()).State);
        Assert.Equal(20, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Fact]
    public async Task A_replay_of_the_loaded_body_does_not_forget_a_newer_one_that_waits()
    {
        await RunAsync("a=1 b=1");
        var replay = Normalize((await BodiesAsync())[0], replay: true);
        source.Replies["one"] = new FakeSource.Reply("a=2 b=2");
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        var waiting = (await pipeline.Queue(Names.NormalizeQueue).ReceiveMessageAsync(TimeSpan.FromHours(1))).Value;
        await DoAsync(replay);
        Assert.Equal(SliceState.Pulled, (await SliceAsync()).State);
        await KeepAsync(StepMessage.Read(Names.NormalizeQueue, waiting.Body.ToString()));
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
    }

    [Fact]
    public async Task A_restore_reads_a_body_that_the_tables_held_although_a_replay_of_it_was_refused()
    {
        await RunAsync(Rows(40));
        source.Reading = text => string.Join(' ', text.Split(' ').Take(20));
        await DoAsync(Normalize((await BodiesAsync())[0], replay: true));
        source.Reading = text => text;
        foreach (var table in (string[])["fakefacts", Names.Slices, Names.History])
        {
            foreach (var row in await pipeline.RowsAsync(table))
                await (await pipeline.TableAsync(table)).DeleteEntityAsync(row.PartitionKey, row.RowKey);
        }
        var restored = await pipeline.Get<Restore>().RunAsync("fake", CancellationToken.None);
        Assert.Equal((1, 0), (restored.Loaded, restored.Left));
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    /// <summary>
    /// A replay is interrupted and given up. What its worker still writes into history, while a newer body is loaded,
    /// is no version that has ended.
    /// </summary>
    [Fact]
    public async Task History_of_an_interrupted_replay_that_comes_late_is_replaced()
    {
        await RunAsync("a=1 b=1");
        source.Reading = text => text.Replace("a=1", "a=2", StringComparison.Ordinal);
        var replay = Normalize((await BodiesAsync())[0], replay: true);
        await DieAsync(replay);
        var late = Assert.Single(await pipeline.RowsAsync(Names.History));
        await KeepAsync(replay);
        await pipeline.DrainAsync();
        source.Reading = text => text;
        source.Replies["one"] = new FakeSource.Reply("a=3 b=1");
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        var (table, once) = (await pipeline.TableAsync(Names.History), 0);
        var stale = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, Names.History),
            () => once++ == 0 ? table.AddEntityAsync(late) : Task.CompletedTask
        );
        await using (var worker = new TestPipeline(storage, source, stale))
            await worker.DrainAsync();
        Assert.True(once > 1, "the late row was met");
        var version = Assert.Single(await pipeline.RowsAsync(Names.History));
        Assert.Equal(("1", "3"), (version.GetString("OldValue"), version.GetString("NewValue")));
        var fact = (await pipeline.RowsAsync("fakefacts"))[0];
        Assert.Equal((3L, 1), (fact.GetInt64("Value"), fact.GetInt32("Revision")));
    }

    /// <summary>A reload dies half way; a new program reads the body otherwise.</summary>
    [Theory]
    [InlineData("reload", false)]
    [InlineData("copy", false)]
    [InlineData("plan", false)]
    [InlineData("reload", true)]
    [InlineData("plan", true)]
    public async Task An_interrupted_reload_does_not_load_another_reading_without_judging_it(
        string then,
        bool isGivenUp
    )
    {
        await RunAsync(Rows(40));
        await LoseRowsAsync();
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await DieAsync(reload);
        if (isGivenUp)
            await KeepAsync(reload);
        source.Reading = text =>
            string.Join(' ', text.Replace("=1", "=9", StringComparison.Ordinal).Split(' ').Take(20));
        await DoAsync(reload);
        var refused = await pipeline.RowsAsync("fakefacts");
        Assert.DoesNotContain(refused, row => row.GetInt64("Value") == 9);
        switch (then)
        {
            case "reload":
                await DoAsync(reload);
                break;
            case "copy":
                await DoAsync(Normalize((await BodiesAsync())[0]));
                break;
            default:
                await RunAsync(Rows(40));
                break;
        }
        Assert.DoesNotContain(await pipeline.RowsAsync("fakefacts"), row => row.GetInt64("Value") == 9);
        Assert.NotEqual(0, await ExitCodeAsync());
        source.Reading = text => text;
        await RunAsync(Rows(41));
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal(41, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    /// <summary>The reload is judged, because the program reads the body otherwise; what had failed stays.</summary>
    [Fact]
    public async Task A_reload_with_another_reading_does_not_hide_a_failed_pull()
    {
        await RunAsync("a=1 b=1 c=");
        await RunAsync("", 503);
        source.Reading = text => text.Replace("c=", "c=1", StringComparison.Ordinal);
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        Assert.Equal((SliceState.PullFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal("a=1 b=1 c=1", await ValuesAsync());
        var run = (await pipeline.RowsAsync(Names.Runs)).Single(row => row.GetString("State") == "Done");
        Assert.Equal((3L, 0L), (run.GetInt64("Added") + run.GetInt64("Unchanged"), run.GetInt64("Missing")));
        Assert.Single(await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task A_replay_that_is_given_up_after_a_reload_does_not_leave_the_slice_waiting()
    {
        await RunAsync("a=1 b=1");
        var replay = Normalize((await BodiesAsync())[0], replay: true);
        var end = new AroundPolicy(
            request => request.Uri.Path.Contains("/rejects", StringComparison.Ordinal),
            () => throw new CrashException("while it judges")
        );
        await using (var dying = new TestPipeline(storage, source, end))
            await Assert.ThrowsAsync<CrashException>(() => dying.DoAsync(replay));
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        await KeepAsync(replay);
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
    }

    [Fact]
    public async Task A_reload_and_a_waiting_body_that_are_both_refused_leave_the_slice_failed()
    {
        await RunAsync("a=1 b=1");
        await LoseRowsAsync();
        source.Replies["one"] = new FakeSource.Reply("a=2 b=2");
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await DieAsync(new ReloadNewestMessage(FakeSource.One.Id));
        source.Reading = text => text + " !";
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        source.Reading = text => text;
        await RunAsync("a=3 b=3");
        Assert.Equal((SliceState.Published, "a=3 b=3"), ((await SliceAsync()).State, await ValuesAsync()));
    }

    [Fact]
    public async Task A_replay_restores_the_rows_of_a_reload_that_was_given_up_although_a_newer_body_is_refused()
    {
        await RunAsync("a=1 b=1");
        await RunAsync("a=2 b=1 !");
        await LoseRowsAsync();
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await DieAsync(reload);
        await KeepAsync(reload);
        Assert.Equal(SliceState.StepFailed, (await SliceAsync()).State);
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "raw", accept: false, CancellationToken.None);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Quarantined, "a=1 b=1"), ((await SliceAsync()).State, await ValuesAsync()));
        Assert.Equal(2, await ExitCodeAsync());
        Assert.DoesNotContain(await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"), row =>
            row.GetString("Kind") == "message"
        );
    }

    [Fact]
    public async Task A_second_reload_heals_one_that_was_given_up()
    {
        await RunAsync("a=1 b=1");
        await LoseRowsAsync();
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await DieAsync(reload);
        await KeepAsync(reload);
        await DoAsync(reload);
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal("a=1 b=1", await ValuesAsync());
    }

    [Fact]
    public async Task A_late_completion_does_not_end_the_run_of_a_body_that_is_loaded_again()
    {
        await RunAsync("a=1 b=1");
        var body = (await BodiesAsync())[0];
        source.Reading = text => text.Replace("a=1", "a=2", StringComparison.Ordinal);
        await DieAsync(Normalize(body, replay: true));
        await pipeline.DoAsync(new CompleteRunMessage(FakeSource.One.Id, body.Blob));
        var run = Assert.Single(await pipeline.RowsAsync(Names.Runs));
        Assert.Equal(("Loading", SliceState.Loading), (run.GetString("State"), (await SliceAsync()).State));
    }

    [Fact]
    public async Task A_comparison_that_is_given_up_stays_open_until_it_is_made()
    {
        await RunAsync("a=1 b=1");
        var complete = new CompleteRunMessage(FakeSource.One.Id, (await BodiesAsync())[0].Blob);
        await KeepAsync(complete);
        Assert.Equal(2, await ExitCodeAsync());
        await DoAsync(complete);
        Assert.Equal(0, await ExitCodeAsync());
    }

    [Fact]
    public async Task An_accept_that_comes_while_a_step_writes_the_rejects_is_kept()
    {
        await RunAsync(Rows(40));
        await RunAsync(Rows(20));
        var body = (await BodiesAsync())[^1];
        var once = 0;
        var between = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, Names.Rejects),
            () =>
                once++ == 0
                    ? pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None)
                    : Task.CompletedTask
        );
        await using (var worker = new TestPipeline(storage, source, between))
            await worker.DoAsync(Normalize(body, replay: true));
        Assert.True(once > 1, "the rows were written again");
        await pipeline.DrainAsync();
        Assert.Equal(
            (SliceState.Published, 20),
            ((await SliceAsync()).State, (await pipeline.RowsAsync("fakefacts")).Count)
        );
    }

    private sealed class Shifted(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
