using Microsoft.Extensions.Time.Testing;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// Messages twice, in the wrong order, at the same time; answers that are no bodies; bodies that must not be
/// loaded.
/// </summary>
public sealed class StepTests(Azurite azurite) : IDisposable
{
    private readonly FakeSource source = new() { Body = "a=1 b=2" };

    public void Dispose() => source.Dispose();

    private TestPipeline Open(string? account = null) => new(account ?? azurite.NewAccount(), source);

    private static async Task<SliceRow> SliceAsync(TestPipeline pipeline) =>
        await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);

    private static Task<IReadOnlyList<SliceRow>> SlicesAsync(TestPipeline pipeline) =>
        pipeline.Get<SliceBook>().ListAsync("fake", CancellationToken.None);

    /// <summary>States of the runs, oldest first.</summary>
    private static async Task<List<string>> RunsAsync(TestPipeline pipeline) =>
        [.. (await pipeline.RunsAsync()).OrderBy(run => run.Vintage).Select(run => $"{run.State}")];

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
        pipeline.DoAsync(new NormalizeMessage(body.Slice.Id, body.Blob));

    private static Task PullAsync(TestPipeline pipeline) => pipeline.DoAsync(new PullMessage(FakeSource.One.Id));

    private async Task LoadAsync(TestPipeline pipeline, string body)
    {
        source.Body = body;
        await pipeline.RunAsync();
    }

    [Fact]
    public async Task Late_copies_of_every_message_change_nothing()
    {
        await using var pipeline = Open();
        var planned = TimeProvider.System.GetUtcNow();
        await LoadAsync(pipeline, "a=1");
        await LoadAsync(pipeline, "a=2");
        var (slices, runs, facts) = (
            await SlicesAsync(pipeline),
            await pipeline.RunsAsync(),
            await pipeline.RowsAsync("fakefacts")
        );
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id, planned));
        foreach (var body in await BodiesAsync(pipeline))
        {
            await NormalizeAsync(pipeline, body);
            await pipeline.DoAsync(new CompleteRunMessage(FakeSource.One.Id, body.Blob));
        }
        await pipeline.DrainAsync();
        // An older body's message makes the newest be read once more: it is not known what a copy of it may have done.
        static IEnumerable<SliceRow> Slices(IEnumerable<SliceRow> rows) =>
            rows.Select(row => row with { Version = default, Loaded = null, NextDue = null });
        Assert.Equal(Slices(slices), Slices(await SlicesAsync(pipeline)));
        static IEnumerable<RunRow> Runs(IEnumerable<RunRow> rows) => rows.Select(row => row with { EndedAt = null });
        Assert.Equal(Runs(runs), Runs(await pipeline.RunsAsync()));
        Assert.Equal(facts.Select(row => row.ETag), (await pipeline.RowsAsync("fakefacts")).Select(row => row.ETag));
        Assert.Equal(["Done", "Done"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task A_pull_message_without_a_date_is_no_stale_copy()
    {
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Body = "a=2";
        await pipeline.HandleAsync("pull", BinaryData.FromString("""{"Kind":"Pull","Slice":"fake/facts/one"}"""));
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
        Assert.Equal(["Superseded", "Done"], await RunsAsync(pipeline));
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
    }

    [Fact]
    public async Task A_run_that_was_left_behind_by_a_newer_body_does_not_stay_open()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        // Its message is lost.
        await pipeline.Queue("normalize").ClearMessagesAsync();
        await LoadAsync(pipeline, "a=2");
        Assert.Equal(["Superseded", "Done"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task A_crash_while_the_newest_body_is_read_again_leaves_no_row_of_an_older_one()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var account = new MemoryStorage(clock);
        await using var pipeline = new TestPipeline(account, source, clock);
        await PullAsync(pipeline);
        var old = (await BodiesAsync(pipeline))[0];
        await pipeline.Queue("normalize").ClearMessagesAsync();
        await LoadAsync(pipeline, "a=9");
        // The old body's run was begun, and wrote a row after the newer one was done.
        await pipeline
            .Get<RunBook>()
            .UpdateAsync(
                new RunRow(old.RunId, old.Slice, old.Vintage),
                run => run! with { Step = "Normalize", State = RunState.Loading },
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
            await using var dying = new TestPipeline(account, source, clock, new CrashPolicy(at, true));
            try
            {
                await NormalizeAsync(dying, old);
                break;
            }
            catch (CrashException)
            {
                // One call further each time. The lease of a dead process ends by itself.
                clock.Advance(SliceLeases.Duration + TimeSpan.FromSeconds(1));
            }
        }
        await pipeline.DrainAsync();
        Assert.Equal("a=9", await FactsAsync(pipeline));
        Assert.Equal(["Superseded", "Done"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task Pulls_of_different_bodies_in_one_second_get_vintages_of_their_own()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        await PullAsync(pipeline);
        source.Body = "a=5 b=2";
        await PullAsync(pipeline);
        var runs = (await pipeline.RunsAsync()).OrderBy(run => run.Vintage).ToList();
        Assert.Equal(2, runs.Count);
        Assert.Equal(TimeSpan.FromSeconds(1), runs[1].Vintage - runs[0].Vintage);
        await pipeline.DrainAsync();
        Assert.Equal(runs[1].Vintage, (await SliceAsync(pipeline)).Vintage);
        Assert.Equal("a=5 b=2", await FactsAsync(pipeline));
    }

    [Fact]
    public async Task Slices_that_are_made_due_are_planned_before_their_date()
    {
        source.Due = TimeSpan.FromDays(300);
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        Assert.Empty(await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None));
        await pipeline.Get<SliceBook>().MakeDueAsync("fake", CancellationToken.None);
        Assert.Equal([FakeSource.One], await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None));
        await pipeline.DrainAsync();
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
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
                SliceState.Quarantined,
                $"fake/facts/one body: seen \"!\", expected no \"!\"; pull again; asked: {source.Address}one",
                (DateTimeOffset?)null
            ),
            (slice.State, slice.LastError, slice.NextDue)
        );
        Assert.Equal(["body open"], await RejectsAsync(pipeline));
        Assert.Equal(2, (await BodiesAsync(pipeline)).Count);

        await pipeline.RunAsync();
        Assert.Equal(["Done", "Quarantined", "Unchanged"], (await RunsAsync(pipeline)).Order());
        // The publisher may correct its body at any time: a refused slice is asked for at every plan, whatever its
        // calendar says.
        Assert.Null((await SliceAsync(pipeline)).NextDue);
        await LoadAsync(pipeline, "a=3");
        Assert.Equal(
            ("a=3", SliceState.Published, ""),
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
        Assert.Equal((SliceState.Published, "", "\"A\""), (slice.State, slice.LastError, slice.HttpETag));
        Assert.Equal(["body replayed"], await RejectsAsync(pipeline));
        source.Validators.Clear();
        await pipeline.RunAsync();
        Assert.Equal(["\"A\""], source.Validators);
        Assert.Equal(["Done", "Quarantined", "Unchanged", "Unchanged"], (await RunsAsync(pipeline)).Order());
    }

    [Theory]
    [InlineData("a=2 !", 200, SliceState.Quarantined)]
    [InlineData("", 204, SliceState.Published)]
    [InlineData("busy", 503, SliceState.Published)]
    [InlineData("<html>", 404, SliceState.Published)]
    public async Task A_half_loaded_slice_is_loaded_to_its_end_whatever_its_server_says(
        string answer,
        int status,
        SliceState after
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
        Assert.Equal(SliceState.Loading, (await SliceAsync(pipeline)).State);
        source.Replies["one"] = new(answer, status);
        source.Published = true;
        await pipeline.RunAsync();
        Assert.Equal("a=2 b=3 c=4", await FactsAsync(pipeline));
        Assert.Equal((after, 3L), ((await SliceAsync(pipeline)).State, (await SliceAsync(pipeline)).Loaded?.Rows));
        var run = (await pipeline.RunsAsync()).Single(run => run.RunId == body.RunId);
        Assert.Equal((RunState.Done, 3L), (run.State, run.Counts.Changed));
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
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
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
                SliceState.PullFailed,
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
        Assert.Equal(["Done", "Unchanged"], await RunsAsync(pipeline));
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
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
    }

    [Fact]
    public async Task An_unchanged_body_ends_at_pull_and_the_slice_is_due_by_its_calendar()
    {
        await using var pipeline = Open();
        await LoadAsync(pipeline, "a=1");
        source.Due = TimeSpan.FromDays(9);
        await pipeline.RunAsync();
        Assert.Equal(["Done", "Unchanged"], await RunsAsync(pipeline));
        Assert.Single(await BodiesAsync(pipeline));
        var slice = await SliceAsync(pipeline);
        Assert.Equal(slice.LastPulled?.AddDays(9), slice.NextDue);
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
        Assert.Equal(["Done", "Quarantined"], await RunsAsync(pipeline));
    }

    [Fact]
    public async Task A_dataset_that_was_switched_off_is_neither_planned_nor_in_the_way()
    {
        await using var pipeline = Open();
        await PullAsync(pipeline);
        source.IsOn = false;
        await pipeline.DrainAsync();
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
        Assert.Empty(await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None));
    }

    [Fact]
    public async Task Publish_waits_for_the_slices_it_is_compared_with_and_gives_up_in_the_end()
    {
        using var two = new FakeSource("one", "two") { Compared = ["facts"], Body = "a=1" };
        await using var pipeline = new TestPipeline(azurite.NewAccount(), two);
        await PullAsync(pipeline);
        await NormalizeAsync(pipeline, (await BodiesAsync(pipeline))[0]);
        await pipeline.ChangeAsync(new Slice("fake", "facts", "two"), row => row with { State = SliceState.Loading });
        var message = StepMessage.Read(
            "publish",
            (await pipeline.Queue("publish").ReceiveMessageAsync()).Value.Body.ToString()
        );
        await pipeline.DoAsync(message);
        Assert.Equal(SliceState.Loaded, (await SliceAsync(pipeline)).State);
        Assert.Equal(1, (await pipeline.Queue("publish").GetPropertiesAsync()).Value.ApproximateMessagesCount - 1);
        Assert.Null((await pipeline.Queue("publish").ReceiveMessageAsync()).Value);
        await pipeline.DoAsync(
            ((CompleteRunMessage)message) with
            {
                ComparisonWaitingSince = TimeProvider.System.GetUtcNow().AddMinutes(-6),
            }
        );
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
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
        var error = await Assert.ThrowsAsync<FormatException>(() => pipeline.DoAsync(new NormalizeMessage(slice!, "")));
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
            pipeline.DoAsync(new CompleteRunMessage("fake/facts/one", blob!))
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
            pipeline.DoAsync(new PullMessage("absent/facts/one"))
        );
        Assert.Equal("source: seen \"absent\", expected one of fake", error.Message);
    }

    [Fact]
    public async Task A_slice_that_the_trade_data_does_not_have_is_not_taken_for_the_balance_file()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        var error = await Assert.ThrowsAsync<FormatException>(() =>
            pipeline.DoAsync(new PullMessage("census-trade/exports-totl/2019"))
        );
        Assert.Equal(
            "slice census-trade/exports-totl/2019: seen \"exports-totl/2019\", expected a dataset of "
                + "census-trade: exports-total, imports-total, exports-hs2, imports-hs2, exports-hs4, imports-hs4, "
                + "exports-hs6, imports-hs6, country-balance; the message moves to the poison queue; send it again with "
                + "a slice of the table slices",
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
        Assert.Equal(SliceState.Split, (await SliceAsync(pipeline)).State);
        Assert.Equal(
            [("one", SliceState.Split), ("one-a", SliceState.Published), ("one-b", SliceState.Empty)],
            (await SlicesAsync(pipeline)).Select(row => (row.Slice.Key, row.State!.Value))
        );
    }
}
