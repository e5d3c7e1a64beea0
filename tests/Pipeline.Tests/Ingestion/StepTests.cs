using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// Messages twice, in the wrong order, at the same time; answers that are no bodies; bodies that must not be
/// loaded.
/// </summary>
public sealed class StepTests(Azurite azurite) : IDisposable
{
    /// <summary>So many rows that one more or less is no vintage that lacks rows.</summary>
    private static readonly string Many = string.Join(' ', Enumerable.Range(0, 30).Select(number => $"r{number}=1"));

    private readonly FakeSource source = new() { Body = "a=1 b=2" };

    public void Dispose() => source.Dispose();

    private TestPipeline Open(string? account = null) => new(account ?? azurite.NewAccount(), source);

    private static async Task<SliceRow> SliceAsync(TestPipeline pipeline) =>
        await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);

    /// <summary>States of the runs, oldest first.</summary>
    private static async Task<List<string>> RunsAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("runs"))
                .Select(RunRow.From)
                .OrderBy(run => run.Vintage)
                .Select(run => run.State),
        ];

    private static async Task<List<string>> RejectsAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("rejects"))
                .OrderBy(row => row.RowKey, StringComparer.Ordinal)
                .Select(row => $"{row["Position"]} {row["State"]}"),
        ];

    private static async Task<string> FactsAsync(TestPipeline pipeline) =>
        string.Join(' ', (await pipeline.RowsAsync("fakefacts")).Select(row => $"{row["Name"]}={row["Value"]}"));

    private static Task<IReadOnlyList<RawName>> BodiesAsync(TestPipeline pipeline) =>
        pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None);

    private static Task NormalizeAsync(TestPipeline pipeline, RawName body) =>
        pipeline.Get<Normalize>().RunAsync(new NormalizeMessage(body.Slice.Id, body.Blob), CancellationToken.None);

    private static Task PullAsync(TestPipeline pipeline) =>
        pipeline
            .Get<Pull>()
            .RunAsync(new PullMessage(FakeSource.One.Id, DateTimeOffset.MaxValue), CancellationToken.None);

    /// <summary>A body that is stored and not loaded; its message is lost.</summary>
    private async Task<RawName> PulledAsync(TestPipeline pipeline, string body)
    {
        source.Body = body;
        await PullAsync(pipeline);
        await pipeline.Queue("normalize").ClearMessagesAsync();
        return (await BodiesAsync(pipeline))[^1];
    }

    private async Task LoadAsync(TestPipeline pipeline, string body)
    {
        source.Body = body;
        await pipeline.RunAsync();
    }

    [Fact]
    public async Task A_store_in_which_every_second_is_taken_ends_the_pull()
    {
        var account = azurite.NewAccount();
        await using var other = Open(account);
        var twins = 0;
        await using var pipeline = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request =>
                    request.Method == Azure.Core.RequestMethod.Put
                    && request.Uri.Path.Contains("/raw/fake/", StringComparison.Ordinal),
                after: async message =>
                {
                    var blob = Uri.UnescapeDataString(message.Request.Uri.ToUri().AbsolutePath.Split("/raw/")[1]);
                    Assert.True(RawName.TryParse(blob, out var name));
                    await other
                        .Get<RawStore>()
                        .PutAsync(
                            name with
                            {
                                Sha12 = "ffffffffffff",
                            },
                            new MemoryStream([1]),
                            new Dictionary<string, string>(),
                            null,
                            CancellationToken.None
                        );
                    twins++;
                }
            )
        );
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(async () => await PullAsync(pipeline));
        Assert.Equal(
            "fake/facts/one: 20 times another body came with the second under which this one was stored; the "
                + "message comes back, and the slice is pulled again",
            failed.Message
        );
        Assert.Equal(20, twins);
    }

    [Fact]
    public async Task Late_copies_of_every_message_change_nothing()
    {
        await using var pipeline = Open();
        var planned = TimeProvider.System.GetUtcNow();
        await LoadAsync(pipeline, "a=1");
        await LoadAsync(pipeline, "a=2");
        var (slices, runs, facts) = (
            await pipeline.RowsAsync("slices"),
            await pipeline.RowsAsync("runs"),
            await pipeline.RowsAsync("fakefacts")
        );
        await pipeline.Get<Pull>().RunAsync(new PullMessage(FakeSource.One.Id, planned), CancellationToken.None);
        foreach (var body in await BodiesAsync(pipeline))
        {
            await NormalizeAsync(pipeline, body);
            await pipeline
                .Get<Publish>()
                .RunAsync(new PublishMessage(FakeSource.One.Id, body.Blob), CancellationToken.None);
        }
        await pipeline.DrainAsync();
        // An older body's message makes the newest be read once more: it is not known what a copy of it may have done.
        static IEnumerable<SliceRow> Slices(IEnumerable<Azure.Data.Tables.TableEntity> rows) =>
            rows.Select(row => SliceRow.From(row) with { Version = default, LastChanged = default, NextDue = default });
        Assert.Equal(Slices(slices), Slices(await pipeline.RowsAsync("slices")));
        static IEnumerable<RunRow> Runs(IEnumerable<Azure.Data.Tables.TableEntity> rows) =>
            rows.Select(row => RunRow.From(row) with { EndedAt = default });
        Assert.Equal(Runs(runs), Runs(await pipeline.RowsAsync("runs")));
        Assert.Equal(facts.Select(row => row.ETag), (await pipeline.RowsAsync("fakefacts")).Select(row => row.ETag));
        Assert.Equal(["done", "done"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task A_pull_message_without_a_date_is_no_stale_copy()
    {
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Body = "a=2";
        await pipeline.HandleAsync("pull", BinaryData.FromString("""{"Slice":"fake/facts/one"}"""));
        await pipeline.DrainAsync();
        Assert.Equal("a=2", await FactsAsync(pipeline));
    }

    [Fact]
    public async Task An_older_body_after_a_newer_one_is_superseded()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        source.Body = "a=7";
        await PullAsync(pipeline);
        var bodies = await BodiesAsync(pipeline);
        await NormalizeAsync(pipeline, bodies[1]);
        await NormalizeAsync(pipeline, bodies[0]);
        await pipeline.DrainAsync();
        Assert.Equal("a=7", await FactsAsync(pipeline));
        Assert.Equal(["superseded", "done"], await RunsAsync(pipeline));
        Assert.Equal(SliceState.Done, (await SliceAsync(pipeline)).State);
    }

    [Fact]
    public async Task A_run_that_was_left_behind_by_a_newer_body_does_not_stay_open()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        // Its message is lost.
        await pipeline.Queue("normalize").ClearMessagesAsync();
        await LoadAsync(pipeline, "a=2");
        Assert.Equal(["superseded", "done"], await RunsAsync(pipeline));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_older_load_that_goes_on_after_a_newer_one_is_healed(bool dies)
    {
        var account = azurite.NewAccount();
        await using var newer = Open(account);
        await LoadAsync(newer, "a=1 b=1 c=1");
        var old = await PulledAsync(newer, "a=1 b=1 c=1 d=2");
        var raced = false;
        // When the old body has decided what it adds, and before it does, a newer body is pulled and loaded.
        var race = new AroundPolicy(
            request => !raced && AroundPolicy.IsBatchOf(request, "fakefacts"),
            async () =>
            {
                raced = true;
                await LoadAsync(newer, "a=1 b=3 c=1 e=1");
            }
        );
        var end = new AroundPolicy(
            request => dies && raced && request.Uri.Path.Contains("rejects", StringComparison.Ordinal),
            () => throw new CrashException("after the merge")
        );
        await using (var slow = new TestPipeline(account, source, race, end))
        {
            if (dies)
                await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(slow, old));
            else
                await NormalizeAsync(slow, old);
        }
        await using var last = Open(account);
        // The message of the dead process comes back.
        if (dies)
            await NormalizeAsync(last, old);
        await last.DrainAsync();
        Assert.Equal("a=1 b=3 c=1 e=1", await FactsAsync(last));
        Assert.Equal(["done", "superseded", "done"], await RunsAsync(last));
        Assert.Equal(SliceState.Done, (await SliceAsync(last)).State);
        await last.LedgerAsync();
    }

    [Fact]
    public async Task An_older_load_that_has_read_the_table_after_a_newer_one_writes_nothing()
    {
        var account = azurite.NewAccount();
        await using var newer = Open(account);
        await LoadAsync(newer, "a=1 b=1");
        var old = await PulledAsync(newer, "a=2 b=1 d=2");
        var raced = false;
        var race = new AroundPolicy(
            request =>
                !raced
                && request.Method == Azure.Core.RequestMethod.Get
                && request.Uri.Path.Contains("fakefacts", StringComparison.Ordinal),
            after: async _ =>
            {
                raced = true;
                await LoadAsync(newer, "a=1 b=3");
            }
        );
        var write = new AroundPolicy(
            request => raced && AroundPolicy.IsBatchOf(request, "fakefacts"),
            () => throw new InvalidOperationException("it wrote")
        );
        await using (var slow = new TestPipeline(account, source, race, write))
            await NormalizeAsync(slow, old);
        await newer.DrainAsync();
        Assert.Equal("a=1 b=3", await FactsAsync(newer));
        Assert.Equal(["done", "superseded", "done"], await RunsAsync(newer));
    }

    [Fact]
    public async Task A_body_that_comes_while_an_older_one_asks_for_healing_is_the_one_that_is_healed()
    {
        var account = azurite.NewAccount();
        await using var newer = Open(account);
        await LoadAsync(newer, "a=1 b=1 c=1");
        var old = await PulledAsync(newer, "a=2 b=2 c=1");
        var loaded = 0;
        // The old body has announced that a and b change. A newer one changes b; another one comes when the old body,
        // which has lost, looks for the newest.
        var race = new AroundPolicy(
            request => loaded == 0 && AroundPolicy.IsBatchOf(request, "fakefacts"),
            async () =>
            {
                loaded++;
                await LoadAsync(newer, "a=1 b=3 c=1");
            }
        );
        var again = new AroundPolicy(
            request => loaded == 1 && request.Uri.Query.Contains("comp=list", StringComparison.Ordinal),
            async () =>
            {
                loaded++;
                await LoadAsync(newer, "a=1 b=3 c=2");
            }
        );
        await using (var slow = new TestPipeline(account, source, race, again))
            await NormalizeAsync(slow, old);
        Assert.Equal(2, loaded);
        await newer.DrainAsync();
        Assert.Equal("a=1 b=3 c=2", await FactsAsync(newer));
        Assert.Equal(
            ["b 1 3", "c 1 2"],
            (await newer.RowsAsync("history"))
                .Select(row => $"{row.RowKey.Split('|')[0]} {row["OldValue"]} {row["NewValue"]}")
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(["done", "superseded", "done", "done"], await RunsAsync(newer));
    }

    [Fact]
    public async Task Bodies_that_come_without_end_while_an_older_one_asks_for_healing_are_an_error()
    {
        var account = azurite.NewAccount();
        await using var newer = Open(account);
        await LoadAsync(newer, "a=0");
        var old = await PulledAsync(newer, "a=1");
        var loaded = 1;
        var race = new AroundPolicy(
            request => loaded == 1 && AroundPolicy.IsBatchOf(request, "fakefacts"),
            () => LoadAsync(newer, $"a={++loaded}")
        );
        var again = new AroundPolicy(
            request => loaded > 1 && request.Uri.Query.Contains("comp=list", StringComparison.Ordinal),
            () => LoadAsync(newer, $"a={++loaded}")
        );
        await using var slow = new TestPipeline(account, source, race, again);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => NormalizeAsync(slow, old));
        Assert.Equal(
            "fake/facts/one: 20 newer bodies came one after the other while the newest was sought, to be loaded "
                + "once more; the message comes back, and it is sought again",
            error.Message
        );
    }

    [Fact]
    public async Task A_late_copy_that_puts_a_row_back_and_dies_is_healed_although_its_run_was_done()
    {
        var account = azurite.NewAccount();
        await using var other = Open(account);
        await LoadAsync(other, Many);
        source.Body = $"{Many} x=1";
        await PullAsync(other);
        var old = (await BodiesAsync(other))[^1];
        var raced = false;
        var race = new AroundPolicy(
            request => !raced && AroundPolicy.IsBatchOf(request, "fakefacts"),
            async () =>
            {
                raced = true;
                // The message itself, then a body without x.
                await other.DrainAsync();
                await LoadAsync(other, Many.Replace("r0=1", "r0=2", StringComparison.Ordinal));
            },
            _ => throw new CrashException("x is there again")
        );
        await using (var slow = new TestPipeline(account, source, race))
            await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(slow, old));
        Assert.Contains("x=1", await FactsAsync(other), StringComparison.Ordinal);
        // The copy's message comes back.
        await NormalizeAsync(other, old);
        await other.DrainAsync();
        Assert.DoesNotContain("x=", await FactsAsync(other), StringComparison.Ordinal);
        Assert.Equal(["done", "done", "done"], await RunsAsync(other));
        await other.LedgerAsync();
    }

    [Fact]
    public async Task A_late_copy_that_meets_a_newer_body_leaves_the_counts_of_its_run()
    {
        var account = azurite.NewAccount();
        await using var other = Open(account);
        await LoadAsync(other, Many);
        source.Body = Many.Replace("r0=1", "r0=2", StringComparison.Ordinal) + " x=1";
        await PullAsync(other);
        var old = (await BodiesAsync(other))[^1];
        List<RowCounts>? counts = null;
        var race = new AroundPolicy(
            request => counts is null && AroundPolicy.IsBatchOf(request, "fakefacts"),
            async () =>
            {
                counts = [];
                await other.DrainAsync();
                await LoadAsync(other, Many.Replace("r0=1", "r0=3", StringComparison.Ordinal) + " x=1");
                counts = await CountsAsync();
            }
        );
        await using (var slow = new TestPipeline(account, source, race))
            await NormalizeAsync(slow, old);
        await other.DrainAsync();
        Assert.Equal(counts, await CountsAsync());
        Assert.Equal(["done", "done", "done"], await RunsAsync(other));

        async Task<List<RowCounts>> CountsAsync() =>
            [
                .. (await other.RowsAsync("runs"))
                    .Select(RunRow.From)
                    .OrderBy(run => run.Vintage)
                    .Select(run => run.Counts),
            ];
    }

    [Fact]
    public async Task Whoever_finds_a_body_loaded_by_another_that_died_before_it_was_published_has_it_published()
    {
        var account = azurite.NewAccount();
        await using var pipeline = Open(account);
        await PullAsync(pipeline);
        var body = Assert.Single(await BodiesAsync(pipeline));
        await pipeline.Queue("normalize").ClearMessagesAsync();
        var raced = false;
        var mute = new AroundPolicy(
            request => request.Uri.Path.Contains("/publish/messages", StringComparison.Ordinal),
            () => throw new CrashException("loaded")
        );
        await using var first = new TestPipeline(account, source, mute);
        var race = new AroundPolicy(
            request =>
                !raced
                && request.Method == Azure.Core.RequestMethod.Put
                && request.Uri.Path.Contains("/slices(", StringComparison.Ordinal),
            after: async _ =>
            {
                raced = true;
                await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(first, body));
            }
        );
        await using (var second = new TestPipeline(account, source, race))
            await NormalizeAsync(second, body);
        // Messages alone, without a plan.
        await pipeline.DrainAsync();
        Assert.Equal(SliceState.Done, (await SliceAsync(pipeline)).State);
    }

    [Fact]
    public async Task A_row_that_is_put_back_while_a_newer_body_ends_is_taken_out_when_the_newer_one_has_ended()
    {
        var account = azurite.NewAccount();
        await using var pipeline = Open(account);
        await LoadAsync(pipeline, Many);
        source.Body = $"{Many} x=1";
        await PullAsync(pipeline);
        var old = (await BodiesAsync(pipeline))[^1];
        source.Body = Many.Replace("r0=1", "r0=2", StringComparison.Ordinal);
        await PullAsync(pipeline);
        var newest = (await BodiesAsync(pipeline))[^1];
        await pipeline.Queue("normalize").ClearMessagesAsync();
        var (merged, goOn, ending) = (new TaskCompletionSource(), new TaskCompletionSource(), Task.CompletedTask);
        await using var newer = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request => request.Uri.Path.Contains("rejects", StringComparison.Ordinal),
                async () =>
                {
                    merged.TrySetResult();
                    await goOn.Task.WaitAsync(TimeSpan.FromMinutes(5));
                }
            )
        );
        var race = new AroundPolicy(
            request => ending.IsCompleted && !merged.Task.IsCompleted && AroundPolicy.IsBatchOf(request, "fakefacts"),
            async () =>
            {
                ending = NormalizeAsync(newer, newest);
                await merged.Task.WaitAsync(TimeSpan.FromMinutes(5));
            }
        );
        // The old body's row comes, and its call for healing; then the newer one says that it is loaded as a whole.
        await using (var slow = new TestPipeline(account, source, race))
            await NormalizeAsync(slow, old);
        goOn.SetResult();
        await ending;
        await pipeline.DrainAsync();
        Assert.DoesNotContain("x=", await FactsAsync(pipeline), StringComparison.Ordinal);
        Assert.Equal(["done", "superseded", "done"], await RunsAsync(pipeline));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_late_copy_of_a_message_leaves_its_run_as_it_was_settled(bool published)
    {
        var account = azurite.NewAccount();
        await using var other = Open(account);
        await PullAsync(other);
        var body = Assert.Single(await BodiesAsync(other));
        var raced = false;
        // The copy has claimed the slice. Now the message itself is worked on, so that it is not delivered again;
        // before or after it is published a newer body is loaded.
        var race = new AroundPolicy(
            request =>
                !raced
                && request.Method == Azure.Core.RequestMethod.Put
                && request.Uri.Path.Contains("/slices(", StringComparison.Ordinal),
            after: async _ =>
            {
                raced = true;
                if (published)
                {
                    await other.DrainAsync();
                }
                else
                {
                    await NormalizeAsync(other, body);
                    await other.Queue("publish").ClearMessagesAsync();
                }
                await LoadAsync(other, "a=2 b=2");
            }
        );
        var write = new AroundPolicy(
            request =>
                raced
                && (
                    AroundPolicy.IsBatchOf(request, "fakefacts")
                    || (
                        request.Method == Azure.Core.RequestMethod.Put
                        && request.Uri.Path.Contains("/runs(", StringComparison.Ordinal)
                        && published
                    )
                ),
            () => throw new InvalidOperationException("it went on")
        );
        await using (var late = new TestPipeline(account, source, race, write))
            await NormalizeAsync(late, body);
        await other.DrainAsync();
        Assert.True(raced);
        Assert.Equal([published ? "done" : "superseded", "done"], await RunsAsync(other));
        Assert.Equal("a=2 b=2", await FactsAsync(other));
    }

    [Fact]
    public async Task A_crash_while_a_superseded_load_is_healed_does_not_lose_the_healing()
    {
        var account = azurite.NewAccount();
        await using var pipeline = Open(account);
        await PullAsync(pipeline);
        var old = (await BodiesAsync(pipeline))[0];
        await pipeline.Queue("normalize").ClearMessagesAsync();
        await LoadAsync(pipeline, "a=9");
        // The old body's run was begun, and wrote a row after the newer one was done.
        await pipeline
            .Get<RunBook>()
            .UpdateAsync(
                new RunRow(old.RunId, old.Slice, old.Vintage),
                run => run! with { Step = "Normalize", State = RunState.Running },
                CancellationToken.None
            );
        await (await pipeline.TableAsync("fakefacts")).AddEntityAsync(
            new FakeFact
            {
                PartitionKey = "fake|one",
                RowKey = "b",
                Name = "b",
                Value = 2,
                RunId = old.RunId,
                Vintage = old.Vintage,
                FirstSeen = old.Vintage,
                LastChanged = old.Vintage,
            }
        );
        for (var at = 1; ; at++)
        {
            await using var dying = new TestPipeline(account, source, new CrashPolicy(at, true));
            try
            {
                await NormalizeAsync(dying, old);
                break;
            }
            catch (CrashException)
            {
                // One call further each time.
            }
        }
        await pipeline.DrainAsync();
        Assert.Equal("a=9", await FactsAsync(pipeline));
        Assert.Equal(["superseded", "done"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task A_second_worker_that_dies_late_leaves_no_open_run()
    {
        var account = azurite.NewAccount();
        await using var first = Open(account);
        await PullAsync(first);
        var body = (await BodiesAsync(first))[0];
        var raced = false;
        var race = new AroundPolicy(
            request =>
                !raced
                && request.Uri.Path.Contains("runs", StringComparison.Ordinal)
                && request.Method != Azure.Core.RequestMethod.Get
                && !request.Uri.Path.Contains("Tables", StringComparison.Ordinal),
            async () =>
            {
                raced = true;
                await first.DrainAsync();
            }
        );
        var end = new AroundPolicy(
            request => raced && request.Uri.Path.Contains("fakefacts", StringComparison.Ordinal),
            () => throw new CrashException("before the rows")
        );
        await using (var second = new TestPipeline(account, source, race, end))
            await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(second, body));
        await NormalizeAsync(first, body);
        await first.DrainAsync();
        Assert.Equal(["done"], await RunsAsync(first));
        Assert.Equal(2, (await first.LedgerAsync()).Added);
    }

    [Fact]
    public async Task A_pull_that_ends_after_its_body_was_loaded_leaves_the_run_as_it_is()
    {
        var account = azurite.NewAccount();
        await using var first = Open(account);
        await PullAsync(first);
        var raced = false;
        // The second pull of the same body has looked at the slice; before it writes the run, the first one's body is
        // loaded.
        var race = new AroundPolicy(
            request =>
                !raced
                && request.Method == Azure.Core.RequestMethod.Put
                && request.Uri.Path.Contains("/raw/", StringComparison.Ordinal),
            async () =>
            {
                raced = true;
                await first.DrainAsync();
            }
        );
        await using (var second = new TestPipeline(account, source, race))
            await PullAsync(second);
        Assert.True(raced);
        await first.DrainAsync();
        Assert.Equal(["done"], await RunsAsync(first));
        Assert.Equal(2, (await first.LedgerAsync()).Added);
    }

    [Fact]
    public async Task Pulls_of_different_bodies_in_one_second_get_vintages_of_their_own()
    {
        var account = azurite.NewAccount();
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var first = new TestPipeline(account, source, clock);
        var raced = false;
        var race = new AroundPolicy(
            request =>
                !raced
                && request.Method == Azure.Core.RequestMethod.Put
                && request.Uri.Path.Contains("/raw/", StringComparison.Ordinal),
            async () =>
            {
                raced = true;
                source.Body = "a=5";
                await PullAsync(first);
            }
        );
        await using (var second = new TestPipeline(account, source, clock, race))
            await PullAsync(second);
        var runs = (await first.RowsAsync("runs")).Select(RunRow.From).ToList();
        Assert.Equal(2, runs.Count);
        Assert.Equal(2, runs.Select(run => run.Vintage).Distinct().Count());
        await first.DrainAsync();
        Assert.All(await RunsAsync(first), state => Assert.True(state is "done" or "superseded"));
        Assert.Equal(runs.MaxBy(run => run.Vintage)!.Vintage, (await SliceAsync(first)).Vintage);
    }

    [Fact]
    public async Task A_refused_body_changes_nothing_is_kept_and_stays_due()
    {
        source.Due = TimeSpan.FromDays(300);
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Body = "a=2 !";
        await PullAsync(pipeline);
        await pipeline.DrainAsync();
        Assert.Equal("a=1", await FactsAsync(pipeline));
        var slice = await SliceAsync(pipeline);
        Assert.Equal(
            (
                SliceState.Refused,
                $"fake/facts/one body: seen \"!\", expected no \"!\"; pull again; asked: {source.Address}one",
                SliceRow.Never
            ),
            (slice.State, slice.LastError, slice.NextDue)
        );
        Assert.Equal(["body open"], await RejectsAsync(pipeline));
        Assert.Equal(2, (await BodiesAsync(pipeline)).Count);

        await pipeline.RunAsync();
        Assert.Equal(["done", "refused", "unchanged"], (await RunsAsync(pipeline)).Order());
        // The publisher may correct its body at any time: a refused slice is asked for at every plan, whatever its
        // calendar says.
        Assert.Equal(SliceRow.Never, (await SliceAsync(pipeline)).NextDue);
        await LoadAsync(pipeline, "a=3");
        Assert.Equal(
            ("a=3", SliceState.Done, ""),
            (await FactsAsync(pipeline), (await SliceAsync(pipeline)).State, (await SliceAsync(pipeline)).LastError)
        );
        Assert.Equal(["body replayed"], await RejectsAsync(pipeline));
    }

    [Fact]
    public async Task A_source_that_goes_back_from_a_refused_body_closes_its_reject_and_brings_the_right_validator()
    {
        await using var pipeline = Open();
        source.Replies["one"] = new("a=1", ETag: "\"A\"");
        await pipeline.RunAsync();
        source.Replies["one"] = new("a=2 !", ETag: "\"B\"");
        await pipeline.RunAsync();
        source.Replies["one"] = new("a=1", ETag: "\"A\"");
        await pipeline.RunAsync();
        var slice = await SliceAsync(pipeline);
        Assert.Equal((SliceState.Done, "", "\"A\""), (slice.State, slice.LastError, slice.HttpETag));
        Assert.Equal(["body replayed"], await RejectsAsync(pipeline));
        source.Validators.Clear();
        await pipeline.RunAsync();
        Assert.Equal(["\"A\""], source.Validators);
        Assert.Equal(["done", "refused", "unchanged", "unchanged"], (await RunsAsync(pipeline)).Order());
    }

    [Theory]
    [InlineData("a=2 !", 200, "refused")]
    [InlineData("", 204, "superseding nothing")]
    [InlineData("busy", 503, "fault")]
    [InlineData("<html>", 404, "permanent fault")]
    public async Task A_half_loaded_slice_is_loaded_to_its_end_whatever_its_server_says(
        string answer,
        int status,
        string _
    )
    {
        var account = azurite.NewAccount();
        await using var pipeline = Open(account);
        await LoadAsync(pipeline, "a=1 b=1 c=1");
        source.Body = "a=2 b=3 c=4";
        await PullAsync(pipeline);
        var body = (await BodiesAsync(pipeline))[^1];
        await pipeline.Queue("normalize").ClearMessagesAsync();
        var batches = 0;
        var end = new AroundPolicy(
            request => request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
            () => batches++ > 0 ? throw new CrashException("half way") : Task.CompletedTask
        );
        await using (var dying = new TestPipeline(account, source, end))
            await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(dying, body));
        Assert.Equal(SliceState.Merging, (await SliceAsync(pipeline)).State);
        source.Replies["one"] = new(answer, status);
        source.Published = true;
        await pipeline.RunAsync();
        Assert.Equal("a=2 b=3 c=4", await FactsAsync(pipeline));
        Assert.Equal((SliceState.Done, 3L), ((await SliceAsync(pipeline)).State, (await SliceAsync(pipeline)).Rows));
        var run = (await pipeline.RowsAsync("runs")).Select(RunRow.From).Single(run => run.RunId == body.RunId);
        Assert.Equal((SliceState.Done, 3L), (run.State, run.Counts.Changed));
    }

    [Fact]
    public async Task A_pulled_body_is_loaded_although_the_server_answers_an_error_page_before()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        await pipeline.Queue("normalize").ClearMessagesAsync();
        source.Replies["one"] = new("<html>gone</html>", 404);
        await pipeline.RunAsync();
        Assert.Equal("a=1 b=2", await FactsAsync(pipeline));
        Assert.Equal(SliceState.Done, (await SliceAsync(pipeline)).State);
        Assert.Equal(["answer open"], await RejectsAsync(pipeline));
    }

    [Theory]
    [InlineData("a=1", 200, true)]
    [InlineData("", 204, false)]
    [InlineData("a=8", 200, true)]
    [InlineData("again", 404, false)]
    public async Task The_reject_of_a_fault_is_closed_when_the_fault_is_over(string answer, int status, bool closed)
    {
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Replies["one"] = new("<html>gone</html>", 404);
        await pipeline.RunAsync();
        var slice = await SliceAsync(pipeline);
        Assert.Equal(
            (
                SliceState.Failed,
                1,
                $"fake/facts/one: request {source.Address}one: seen status 404, expected status 200; look at the body"
            ),
            (slice.State, slice.Attempts, slice.LastError)
        );
        Assert.Equal(["answer open"], await RejectsAsync(pipeline));
        source.Replies["one"] = new(answer, status);
        await pipeline.RunAsync();
        Assert.Equal(closed ? "answer replayed" : "answer open", (await RejectsAsync(pipeline))[0]);
        Assert.Equal(closed ? 0 : 2, (await SliceAsync(pipeline)).Attempts);
    }

    [Fact]
    public async Task Rejects_of_rows_are_closed_by_the_next_good_body_even_after_an_unchanged_answer()
    {
        await using var pipeline = Open();
        source.Replies["one"] = new("a=1 b=?", ETag: "\"A\"");
        await pipeline.RunAsync();
        var words = (await SliceAsync(pipeline)).LastError;
        Assert.Equal("1 row rejected, the first: word 2: seen \"?\", expected a whole number; kept in rejects", words);
        await pipeline.RunAsync();
        Assert.Equal(["done", "unchanged"], await RunsAsync(pipeline));
        Assert.Equal(words, (await SliceAsync(pipeline)).LastError);
        source.Replies["one"] = new("busy", 503);
        await pipeline.RunAsync();
        source.Replies["one"] = new("a=1 b=?", ETag: "\"A\"");
        await pipeline.RunAsync();
        Assert.Equal(["word 2 open", "answer replayed"], await RejectsAsync(pipeline));
        await LoadAsync(pipeline, "a=1 b=4");
        Assert.Equal(["word 2 replayed", "answer replayed"], await RejectsAsync(pipeline));
    }

    [Fact]
    public async Task A_source_that_goes_back_while_a_newer_body_waits_ends_at_what_it_said_last()
    {
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Body = "a=2";
        await PullAsync(pipeline);
        source.Body = "a=1";
        await PullAsync(pipeline);
        await pipeline.DrainAsync();
        Assert.Equal("a=1", await FactsAsync(pipeline));
        Assert.Equal(SliceState.Done, (await SliceAsync(pipeline)).State);
    }

    [Fact]
    public async Task An_unchanged_body_ends_at_pull_and_the_slice_is_due_by_its_calendar()
    {
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Due = TimeSpan.FromDays(9);
        await pipeline.RunAsync();
        Assert.Equal(["done", "unchanged"], await RunsAsync(pipeline));
        Assert.Single(await BodiesAsync(pipeline));
        var slice = await SliceAsync(pipeline);
        Assert.Equal(slice.LastPulled.AddDays(9), slice.NextDue);
        await pipeline.RunAsync();
        Assert.Equal(2, (await RunsAsync(pipeline)).Count);
    }

    [Fact]
    public async Task A_merged_body_is_published_although_another_pull_has_begun()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        var body = (await BodiesAsync(pipeline))[0];
        await NormalizeAsync(pipeline, body);
        source.Body = "a=2 !";
        await PullAsync(pipeline);
        await pipeline.DrainAsync();
        Assert.Equal(["done", "refused"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task A_dataset_that_was_switched_off_is_neither_planned_nor_in_the_way()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        source.Datasets = [];
        await pipeline.DrainAsync();
        Assert.Equal(SliceState.Done, (await SliceAsync(pipeline)).State);
        Assert.Empty(await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task Publish_waits_for_the_slices_it_is_compared_with_and_gives_up_in_the_end()
    {
        using var two = new FakeSource("one", "two") { Compared = ["facts"], Body = "a=1" };
        await using var pipeline = new TestPipeline(azurite.NewAccount(), two);
        await PullAsync(pipeline);
        await NormalizeAsync(pipeline, (await BodiesAsync(pipeline))[0]);
        await pipeline
            .Get<SliceBook>()
            .UpdateAsync(
                new Slice("fake", "facts", "two"),
                row => row with { State = SliceState.Merging },
                CancellationToken.None
            );
        var message = JsonSerializer.Deserialize<PublishMessage>(
            (await pipeline.Queue("publish").ReceiveMessageAsync()).Value.Body
        )!;
        await pipeline.Get<Publish>().RunAsync(message, CancellationToken.None);
        Assert.Equal(SliceState.Merged, (await SliceAsync(pipeline)).State);
        Assert.Equal(1, (await pipeline.Queue("publish").GetPropertiesAsync()).Value.ApproximateMessagesCount - 1);
        Assert.Null((await pipeline.Queue("publish").ReceiveMessageAsync()).Value);
        await pipeline.Get<Publish>().RunAsync(message with { Waited = 80 }, CancellationToken.None);
        Assert.Equal(SliceState.Done, (await SliceAsync(pipeline)).State);
    }

    [Theory]
    [InlineData(
        null,
        "queue normalize, property Slice: seen nothing, expected source/dataset/key, for example "
            + "census-trade/exports-total/2019; the message moves to the poison queue; send it again with a slice "
            + "of the table slices"
    )]
    [InlineData(
        "../../etc",
        "queue normalize, property Slice: seen \"../../etc\", expected source/dataset/key, for example "
            + "census-trade/exports-total/2019; the message moves to the poison queue; send it again with a slice "
            + "of the table slices"
    )]
    [InlineData(
        "Fake/facts/one",
        "queue normalize, property Slice: seen \"Fake/facts/one\", expected source/dataset/key, for example "
            + "census-trade/exports-total/2019; the message moves to the poison queue; send it again with a slice "
            + "of the table slices"
    )]
    public async Task A_message_that_names_no_slice_is_refused(string? slice, string text)
    {
        await using var pipeline = Open();
        var error = await Assert.ThrowsAsync<FormatException>(() =>
            pipeline.Get<Normalize>().RunAsync(new NormalizeMessage(slice!, ""), CancellationToken.None)
        );
        Assert.Equal(text, error.Message);
    }

    [Theory]
    [InlineData(null, "nothing")]
    [InlineData(
        "fake/facts/two/20240101T000000Z-0123456789ab.txt",
        "\"fake/facts/two/20240101T000000Z-0123456789ab.txt\""
    )]
    [InlineData(
        "fake/facts/one/../two/20240101T000000Z-0123456789ab.txt",
        "\"fake/facts/one/../two/20240101T000000Z-0123456789ab.txt\""
    )]
    [InlineData(
        "fake/facts/one/20240101T000000Z-0123456789ab.txt?snapshot=1",
        "\"fake/facts/one/20240101T000000Z-0123456789ab.txt?snapshot=1\""
    )]
    public async Task A_message_that_names_no_body_of_its_slice_is_refused(string? blob, string seen)
    {
        await using var pipeline = Open();
        var error = await Assert.ThrowsAsync<FormatException>(() =>
            pipeline.Get<Publish>().RunAsync(new PublishMessage("fake/facts/one", blob!), CancellationToken.None)
        );
        Assert.Equal(
            $"queue publish, property RawBlob: seen {seen}, expected fake/facts/one/yyyyMMddTHHmmssZ-sha12.ext; the "
                + "message moves to the poison queue; send it again with a blob of the container raw",
            error.Message
        );
    }

    [Fact]
    public async Task A_message_of_an_unknown_source_names_those_there_are()
    {
        await using var pipeline = Open();
        var error = await Assert.ThrowsAsync<KeyNotFoundException>(() =>
            pipeline
                .Get<Pull>()
                .RunAsync(new PullMessage("nobody/facts/one", TimeProvider.System.GetUtcNow()), CancellationToken.None)
        );
        Assert.Equal("source: seen \"nobody\", expected one of fake", error.Message);
    }

    [Fact]
    public async Task A_slice_that_the_trade_data_does_not_have_is_not_taken_for_the_balance_file()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var error = await Assert.ThrowsAsync<FormatException>(() =>
            pipeline
                .Get<Pull>()
                .RunAsync(
                    new PullMessage("census-trade/exports-totl/2019", TimeProvider.System.GetUtcNow()),
                    CancellationToken.None
                )
        );
        Assert.Equal(
            "slice census-trade/exports-totl/2019: seen \"exports-totl/2019\", expected a slice of the trade "
                + "source, for example exports-total/2019, imports-hs2/4621-2023 or country-balance/1992-01; the "
                + "message moves to the poison queue; send it again with a slice of the table slices",
            error.Message
        );
    }

    [Fact]
    public async Task An_empty_answer_is_asked_for_in_parts_once_the_period_is_published()
    {
        await using var pipeline = Open();
        source.Replies.Clear();
        await pipeline.RunAsync();
        Assert.Equal(SliceState.NotPublished, (await SliceAsync(pipeline)).State);
        source.Published = true;
        source.Parts = [new Slice("fake", "facts", "one-a"), new Slice("fake", "facts", "one-b")];
        source.Replies["one-a"] = new("a=1");
        await pipeline.RunAsync();
        Assert.Equal(SliceState.Narrowed, (await SliceAsync(pipeline)).State);
        Assert.Equal(
            [("one", "narrowed"), ("one-a", "done"), ("one-b", "empty")],
            (await pipeline.RowsAsync("slices")).Select(SliceRow.From).Select(row => (row.Slice.Key, row.State))
        );
    }
}
