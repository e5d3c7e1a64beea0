using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// Steps that come late, twice or after they were given up, beside requests of an operator and newer bodies: the slice
/// ends as its bodies say, and none waits for ever.
/// </summary>
public sealed class StepOrderTests : OneSliceTests
{
    /// <summary>A replay of the loaded body ends while the body is judged, and is given up.</summary>
    private async Task GiveUpReplayAsync()
    {
        var replay = Normalize((await BodiesAsync())[0], replay: true);
        await DieAsync(replay, IsRejects);
        await KeepAsync(replay);
        await pipeline.DrainAsync();
    }

    [Fact]
    public async Task A_replay_that_was_given_up_then_a_reload_leave_the_slice_published()
    {
        await RunAsync("a=1 b=1");
        await GiveUpReplayAsync();
        Assert.Equal(SliceState.StepFailed, (await SliceAsync()).State);
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        for (var plans = 0; plans < 3; plans++)
            await RunAsync("a=1 b=1");
        var row = await SliceAsync();
        Assert.Equal((SliceState.Published, (RawName?)null), (row.State, row.Pending));
    }

    [Fact]
    public async Task A_reload_after_a_replay_that_was_given_up_leaves_the_source_at_rest()
    {
        await RunAsync("a=1 b=1");
        await GiveUpReplayAsync();
        await RunAsync("a=1 b=1");
        Assert.Equal(SliceState.Published, (await SliceAsync()).State);
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        for (var plans = 0; plans < 3; plans++)
            await RunAsync("a=1 b=1");
        var row = await SliceAsync();
        Assert.Equal((SliceState.Published, (RawName?)null), (row.State, row.Pending));
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"1\"")]
    public async Task Lost_rows_come_back_after_a_reload_that_was_given_up_before_it_began(string etag)
    {
        await RunAsync("a=1 b=1", etag: etag);
        await LoseRowsAsync();
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await DieAsync(reload, request => request.Uri.Path.Contains("/raw/", StringComparison.Ordinal));
        await KeepAsync(reload);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        await RunAsync("a=1 b=1", etag: etag);
        Assert.Equal((0, "a=1 b=1"), (await ExitCodeAsync(), await ValuesAsync()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_late_message_of_an_older_body_leaves_a_newer_one_quarantined(bool wasLoaded)
    {
        await RunAsync("a=1 b=1");
        NormalizeMessage late;
        if (wasLoaded)
        {
            // An operator's replay of the loaded body waits in the queue.
            late = Normalize((await BodiesAsync())[0], replay: true);
        }
        else
        {
            source.Replies["one"] = new FakeSource.Reply("a=2 b=1");
            await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
            await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
            late = Normalize((await BodiesAsync())[^1]);
        }
        await RunAsync("a=3 b=1 !");
        Assert.Equal((SliceState.Quarantined, 2), ((await SliceAsync()).State, await ExitCodeAsync()));
        var before = await SliceAsync();
        await DoAsync(late);
        var after = await SliceAsync();
        Assert.Equal(
            (SliceState.Quarantined, 2, before.LastError, before.Quarantined, before.NextDue),
            (after.State, await ExitCodeAsync(), after.LastError, after.Quarantined, after.NextDue)
        );
    }

    [Fact]
    public async Task A_load_interrupted_by_a_new_program_is_judged_by_it()
    {
        await RunAsync(Rows(40));
        source.Replies["one"] = new FakeSource.Reply(Rows(41).Replace("k01=1", "k01=2", StringComparison.Ordinal));
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var message = Normalize((await BodiesAsync())[^1]);
        await DieAsync(message);
        source.Reading = text =>
            string.Join(' ', text.Replace("=1", "=9", StringComparison.Ordinal).Split(' ').Take(5));
        await DoAsync(message);
        var (state, code, rows) = (
            (await SliceAsync()).State,
            await ExitCodeAsync(),
            (await pipeline.RowsAsync("fakefacts")).Count
        );
        Assert.True(code != 0 || rows >= 38, $"{state} exit {code}, {rows} of 41 rows left");
    }

    [Fact]
    public async Task A_reload_that_leaves_out_rows_keeps_the_slice_due()
    {
        await RunAsync(Rows(40));
        Assert.Empty(await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None));
        source.Reading = text => text.Replace("k07=1", "k07=?", StringComparison.Ordinal);
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        var row = await SliceAsync();
        Assert.NotEqual("", row.LastError);
        Assert.Single(await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task A_slice_that_is_half_loaded_and_then_empty_stays_due_and_says_why()
    {
        source.Published = true;
        source.Body = "a=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var message = Normalize((await BodiesAsync())[^1]);
        await DieAsync(message);
        await KeepAsync(message);
        await pipeline.DrainAsync();
        Assert.Equal(SliceState.StepFailed, (await SliceAsync()).State);
        await RunAsync("", 204);
        var row = await SliceAsync();
        Assert.True(
            row.LastError.Length > 0
                && (await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None)).Count == 1,
            $"{row}"
        );
    }

    [Fact]
    public async Task A_replay_from_raw_does_not_hide_a_failed_pull()
    {
        await RunAsync("a=1 b=1");
        await RunAsync("", 503);
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "raw", accept: false, CancellationToken.None);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.PullFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Single(await pipeline.Get<Plan>().ListDueAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task An_accept_is_kept_when_its_worker_dies_and_a_reload_comes_first()
    {
        await RunAsync(Rows(40));
        await RunAsync(Rows(20));
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: true, CancellationToken.None);
        var accept = (await pipeline.Queue(Names.NormalizeQueue).ReceiveMessageAsync(TimeSpan.FromHours(1))).Value;
        await DieAsync(StepMessage.Read(Names.NormalizeQueue, accept.Body.ToString()));
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        await DoAsync(StepMessage.Read(Names.NormalizeQueue, accept.Body.ToString()));
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.Equal(20, (await pipeline.RowsAsync("fakefacts")).Count);
        await pipeline.LedgerAsync();
    }

    [Theory]
    [InlineData("complete")]
    [InlineData("replay")]
    public async Task A_dead_letter_of_a_replaced_body_is_settled(string kind)
    {
        await RunAsync("a=1 b=1");
        var body = (await BodiesAsync())[0];
        StepMessage message =
            kind == "complete" ? new CompleteRunMessage(FakeSource.One.Id, body.Blob) : Normalize(body, replay: true);
        await KeepAsync(message);
        await RunAsync("a=2 b=1");
        await RunAsync("a=3 b=1");
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", accept: false, CancellationToken.None);
        await pipeline.DrainAsync();
        await RunAsync("a=3 b=1");
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
    }

    [Fact]
    public async Task A_reload_does_not_make_a_failed_slice_one_that_waits()
    {
        await RunAsync("a=1 b=1");
        source.Replies["one"] = new FakeSource.Reply("a=2 b=1");
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var message = Normalize((await BodiesAsync())[^1]);
        await KeepAsync(message);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        await DoAsync(new ReloadNewestMessage(FakeSource.One.Id));
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        Assert.True(await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task A_stray_row_is_removed_after_a_reload_that_was_given_up()
    {
        await RunAsync(Rows(40) + " x=1");
        var stray = (await pipeline.RowsAsync("fakefacts")).Single(row => row.GetString("Name") == "x");
        await RunAsync(Rows(40));
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
        await (await pipeline.TableAsync("fakefacts")).AddEntityAsync(stray);
        var reload = new ReloadNewestMessage(FakeSource.One.Id);
        await KeepAsync(reload);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.StepFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
        await RunAsync(Rows(40));
        Assert.Equal((0, 40), (await ExitCodeAsync(), (await pipeline.RowsAsync("fakefacts")).Count));
    }

    [Fact]
    public async Task A_replay_whose_message_is_lost_leaves_the_slice_published()
    {
        await RunAsync("a=1 b=1");
        await GiveUpReplayAsync();
        await RunAsync("a=1 b=1");
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "raw", accept: false, CancellationToken.None);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
        await DieAsync(Normalize((await BodiesAsync())[0], replay: true), IsRejects);
        // The message of that replay is lost with nothing kept; plans come.
        for (var plans = 0; plans < 3; plans++)
            await RunAsync("a=1 b=1");
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
    }

    /// <summary>
    /// One crash: a pull has sent the message of its body and ends before it notes the body; that body is loaded
    /// before the pull comes back. An older body waits, whose message is late, or was given up.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_older_body_that_waits_does_not_keep_the_slice_waiting_for_ever(bool isGivenUp)
    {
        source.Body = "a=1 b=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        var older = Normalize((await BodiesAsync())[0]);
        if (isGivenUp)
        {
            await KeepAsync(older);
            await pipeline.DrainAsync();
        }
        source.Body = "a=2 b=1";
        var pull = new PullMessage(FakeSource.One.Id);
        var end = new AroundPolicy(
            request =>
                request.Method == Azure.Core.RequestMethod.Post
                && request.Uri.Path.Contains($"/{Names.NormalizeQueue}/messages", StringComparison.Ordinal),
            after: _ => throw new CrashException("after the message")
        );
        await using (var dying = new TestPipeline(storage, source, end))
            await Assert.ThrowsAsync<CrashException>(() => dying.DoAsync(pull));
        Assert.Equal(2, (await BodiesAsync()).Count);
        // The message of the newer body, then that of the older one, then the pull comes back.
        await pipeline.DrainAsync();
        if (!isGivenUp)
            await DoAsync(older);
        await DoAsync(pull);
        for (var plans = 0; plans < 3; plans++)
            await RunAsync("a=2 b=1");
        var row = await SliceAsync();
        Assert.True(
            row.State == SliceState.Published,
            $"{row.State}, pending {row.Pending?.Blob}, loaded {row.Loaded?.Body.Blob}, exit {await ExitCodeAsync()}, "
                + $"refreshed {await pipeline.Get<RefreshRequests>().IsDoneAsync("fake", CancellationToken.None)}"
        );
    }

    [Fact]
    public async Task A_refused_replay_of_the_loaded_body_leaves_a_failed_pull()
    {
        await RunAsync(Rows(40));
        await RunAsync("", 503);
        source.Reading = text => string.Join(' ', text.Split(' ').Take(20));
        await DoAsync(Normalize((await BodiesAsync())[0], replay: true));
        Assert.Equal((SliceState.PullFailed, 1), ((await SliceAsync()).State, await ExitCodeAsync()));
    }

    [Fact]
    public async Task A_refusal_is_settled_when_the_source_goes_back_to_the_loaded_body()
    {
        await RunAsync("a=1 b=1");
        var late = Normalize((await BodiesAsync())[0], replay: true);
        await RunAsync("a=3 b=1 !");
        await DoAsync(late);
        for (var plans = 0; plans < 3; plans++)
            await RunAsync("a=1 b=1");
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await ExitCodeAsync()));
    }
}
