using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>Messages that the host has given up.</summary>
public sealed class DeadLetterTests(Azurite azurite) : IDisposable
{
    private static readonly DateTimeOffset Arrived = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);
    private readonly FakeSource source = new("one", "two") { Replies = { ["one"] = new("a=1"), ["two"] = new("b=1") } };

    public void Dispose() => source.Dispose();

    private static Task KeepAsync(TestPipeline pipeline, string queue, StepMessage message) =>
        KeepAsync(pipeline, queue, Text(message));

    private static string Text(StepMessage message) => message.ToJson().ToString();

    private static Task KeepAsync(TestPipeline pipeline, string queue, string body) =>
        pipeline.Get<DeadLetters>().KeepAsync(queue, BinaryData.FromString(body), Arrived, CancellationToken.None);

    private static async Task<TableEntity> OnlyAsync(TestPipeline pipeline) =>
        Assert.Single(await pipeline.RowsAsync("rejects"));

    [Fact]
    public void The_host_tries_as_often_as_the_program_believes()
    {
        using var host = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(Repository.Root, "src", "Pipeline.Functions", "host.json"))
        );
        Assert.Equal(
            Names.MaxAttempts,
            host.RootElement.GetProperty("extensions").GetProperty("queues").GetProperty("maxDequeueCount").GetInt32()
        );
    }

    [Fact]
    public async Task The_error_of_the_last_attempt_is_kept_and_stays_when_the_host_hands_over_its_copy()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var message = new PullMessage(FakeSource.One.Id, Arrived);
        Task FailAsync(long attempt) =>
            Assert.ThrowsAsync<InvalidOperationException>(() =>
                pipeline
                    .Get<DeadLetters>()
                    .GuardAsync("pull", Text(message), attempt, () =>
                        throw new InvalidOperationException("no disk\nmore")
                    )
            );
        for (var attempt = 1; attempt < Names.MaxAttempts; attempt++)
            await FailAsync(attempt);
        Assert.Empty(await pipeline.RowsAsync("rejects"));
        await FailAsync(Names.MaxAttempts);
        await KeepAsync(pipeline, "pull", message);
        var kept = await OnlyAsync(pipeline);
        Assert.Equal(
            ("fake|2024-05", RawName.RunIdOf(FakeSource.One, Arrived) + "|message pull"),
            (kept.PartitionKey, kept.RowKey)
        );
        Assert.Equal(
            (
                "fake/facts/one",
                "",
                "message pull",
                "InvalidOperationException: no disk",
                "processing to succeed within 5 attempts",
                "open",
                "Pull",
                Text(message)
            ),
            (
                kept["Slice"],
                kept["RawBlob"],
                kept["Position"],
                kept["Seen"],
                kept["Expected"],
                kept["State"],
                kept["Step"],
                kept["Message"]
            )
        );
        Assert.Equal(
            "correct the cause, then replay the slice: POST /api/replay/fake/facts/one, or --replay fake/facts/one",
            kept["Advice"]
        );
    }

    [Fact]
    public async Task A_message_of_a_process_that_died_is_kept_without_an_error()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await KeepAsync(pipeline, "publish", new RefreshSourceMessage(FakeSource.One.Source));
        Assert.Equal(DeadLetterBook.NoError, (await OnlyAsync(pipeline))["Seen"]);
    }

    [Fact]
    public async Task A_step_that_succeeds_at_its_last_attempt_leaves_nothing()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await pipeline
            .Get<DeadLetters>()
            .GuardAsync("pull", Text(new PullMessage("x")), Names.MaxAttempts, () => Task.CompletedTask);
        Assert.Empty(await pipeline.RowsAsync("rejects"));
    }

    public static TheoryData<string, string> Bodies { get; } =
        new()
        {
            {
                "",
                "queue normalize: seen an empty message, expected a JSON object whose Kind is Normalize or ReloadNewest"
                    + "; "
            },
            {
                "null",
                "queue normalize: seen \"null\", expected a JSON object whose Kind is Normalize or ReloadNewest" + "; "
            },
            { "{}", "queue normalize: seen \"{}\", expected a JSON object whose Kind is " },
            { "[]", "queue normalize: seen \"[]\", expected a JSON object whose Kind is " },
            { "{\"Slice\":", "queue normalize: seen " },
            { "{\"Kind\":\"Normalize\",\"Slice\":7}", "queue normalize: seen " },
            { "{\"Kind\":\"Pull\",\"Slice\":\"fake/facts/one\"}", "queue normalize: seen " },
            { "{\"Kind\":\"Anything\",\"Slice\":\"fake/facts/one\"}", "queue normalize: seen " },
            {
                "{\"Kind\":\"Normalize\"}",
                "queue normalize, property Slice: seen nothing, expected source/dataset/key, for example "
                    + "census-trade/exports-total/2019; "
            },
            { "\u0001\u0000\uFFFD", "queue normalize: seen " },
            {
                "{\"Kind\":\"Normalize\",\"Slice\":\"a' or PartitionKey ne 'b/c/d\"}",
                "queue normalize, property Slice: seen \"a' or PartitionKey ne 'b/c/d\", expected "
                    + "source/dataset/key, for example census-trade/exports-total/2019; "
            },
        };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_message_that_names_no_slice_is_kept_as_it_is(string body, string seen)
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await KeepAsync(pipeline, "normalize", body);
        await KeepAsync(pipeline, "normalize", body);
        var kept = await OnlyAsync(pipeline);
        Assert.Equal(("unknown|2024-05", "", body), (kept.PartitionKey, kept["Slice"], kept["Message"]));
        Assert.StartsWith(seen, kept.GetString("Seen"), StringComparison.Ordinal);
        Assert.Equal(Close(kept), kept["Advice"]);
        Assert.Equal(
            "unknown message normalize",
            Assert.Single(await pipeline.Get<DeadLetterBook>().OpenAsync(null, CancellationToken.None)).Finding.Where
        );
    }

    [Fact]
    public async Task A_message_as_long_as_a_queue_takes_is_kept_up_to_what_a_cell_takes()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        // 48 KiB. Of one byte each: Azurite may cut a character in two where a request comes in pieces, and reads both
        // halves as unknown ones.
        var message = new string('x', 49_152);
        await KeepAsync(pipeline, "pull", message);
        var kept = (await OnlyAsync(pipeline)).GetString("Message");
        Assert.Equal(message[..16_000], kept[..16_000]);
        Assert.InRange(kept.Length, 16_001, 16_003);
    }

    [Fact]
    public async Task Messages_of_one_slice_that_no_step_understands_are_all_kept_and_stay_open()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        string[] bodies =
        [
            """{"Kind":"KIND","Slice":"fake/facts/one","RawBlob":"nonsense"}""",
            """{"Kind":"KIND","Slice":"fake/facts/one","RawBlob":"fake/facts/two/20240506T070809Z-0123456789ab.txt"}""",
            """{"Kind":"KIND","Slice":"fake/facts/one"}""",
            $$"""{"Kind":"KIND","Slice":"fake/facts/one","RawBlob":"{{new string('x', 20_000)}}"}""",
        ];
        foreach (var queue in (string[])["normalize", "publish"])
        {
            var kind = queue == "normalize" ? "Normalize" : "CompleteRun";
            foreach (var body in bodies.Select(body => body.Replace("KIND", kind, StringComparison.Ordinal)))
            {
                await KeepAsync(pipeline, queue, body);
                await KeepAsync(pipeline, queue, body); // The host hands over at least once.
            }
        }

        await pipeline.RunAsync();
        await pipeline.Get<DeadLetterBook>().SettleAsync("fake", isRefreshed: true, CancellationToken.None);
        var kept = await pipeline.RowsAsync("rejects");
        Assert.Equal(2 * bodies.Length, kept.Count);
        Assert.All(kept, row =>
        {
            Assert.Equal(("fake|2024-05", "fake/facts/one", "open"), (row.PartitionKey, row["Slice"], row["State"]));
            Assert.Matches(
                "^queue (normalize|publish), property RawBlob: seen (nothing|\".*), expected "
                    + "fake/facts/one/yyyyMMddTHHmmssZ-sha12.ext; the message moves to the poison queue; ",
                row.GetString("Seen")
            );
            Assert.Equal(Close(row), row["Advice"]);
        });
        // Also of a message that its cell does not hold as a whole the slice is known.
        Assert.All(await pipeline.Get<DeadLetterBook>().OpenAsync("fake", CancellationToken.None), open =>
            Assert.Equal(FakeSource.One, open.Letter.Slice)
        );
    }

    [Fact]
    public async Task A_slice_that_no_source_knows_is_not_said_to_be_replayable()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await KeepAsync(pipeline, "pull", new PullMessage("fake/nothing/one", Arrived));
        var only = await OnlyAsync(pipeline);
        Assert.Equal(Close(only), only["Advice"]);
        Assert.NotNull(
            (await pipeline.Get<Replay>().RunAsync("fake/nothing/one", "", false, CancellationToken.None)).Refusal
        );
    }

    [Fact]
    public async Task Wishes_to_read_one_body_in_different_ways_are_kept_apart()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await pipeline.RunAsync();
        var blob = (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None)).Single().Blob;
        foreach (var (replay, accept) in ((bool, int?)[])[(false, null), (true, null), (true, 1)])
            await KeepAsync(pipeline, "normalize", new NormalizeMessage(FakeSource.One.Id, blob, replay, accept));
        Assert.Equal(3, (await pipeline.RowsAsync("rejects")).Count);
    }

    [Fact]
    public async Task A_pull_that_fails_once_more_does_not_settle_the_message_that_asked_for_it()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await KeepAsync(pipeline, "pull", new PullMessage(FakeSource.One.Id, Arrived));
        var good = source.Replies["one"];
        source.Replies["one"] = new("gone", 404);
        await ReplayAsync();
        Assert.Equal("open", await StateAsync());
        source.Replies["one"] = good;
        await ReplayAsync();
        Assert.Equal("replayed", await StateAsync());

        async Task ReplayAsync()
        {
            await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, Replay.Source, false, CancellationToken.None);
            await pipeline.DrainAsync();
        }

        async Task<object> StateAsync() => (await pipeline.RowsAsync("rejects", "Kind eq 'message'")).Single()["State"];
    }

    [Fact]
    public async Task A_message_that_is_null_says_what_it_lacks()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var error = await Assert.ThrowsAsync<FormatException>(() =>
            pipeline.Get<DeadLetters>().RunAsync("pull", "null", Names.MaxAttempts, CancellationToken.None)
        );
        Assert.StartsWith(
            "queue pull: seen \"null\", expected a JSON object whose Kind is Pull; ",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.Empty(await pipeline.RowsAsync("rejects"));
    }

    [Fact]
    public async Task An_error_that_cannot_be_kept_is_said_and_takes_the_place_of_none()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(
            account,
            source,
            new AroundPolicy(
                request => request.Uri.Path.Contains("rejects", StringComparison.Ordinal),
                () => throw new RequestFailedException(403, "not allowed")
            )
        );
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            pipeline
                .Get<DeadLetters>()
                .GuardAsync("pull", Text(new PullMessage(FakeSource.One.Id, Arrived)), Names.MaxAttempts, () =>
                    throw new InvalidOperationException("no disk")
                )
        );
        Assert.Equal("no disk", error.Message);
        Assert.Contains(pipeline.Log, line =>
            line.StartsWith(
                "Error: the error of a message of queue pull could not be kept; the host puts the message aside "
                    + "without it",
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public async Task A_message_of_a_source_that_is_not_there_any_more_is_kept_under_its_name()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await KeepAsync(pipeline, "pull", new PullMessage("gone/facts/one", Arrived));
        Assert.Equal(
            ("gone|2024-05", "gone/facts/one"),
            ((await OnlyAsync(pipeline)).PartitionKey, (await OnlyAsync(pipeline))["Slice"])
        );
    }

    [Fact]
    public async Task What_a_dead_letter_asked_for_settles_it_once_it_is_done_and_not_before()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var at = TimeProvider.System.GetUtcNow();
        await KeepAsync(pipeline, "pull", new PullMessage(FakeSource.One.Id, at));
        await KeepAsync(pipeline, "pull", new PullMessage(FakeSource.One.Id, at.AddHours(1)));
        await KeepAsync(pipeline, "publish", new RefreshSourceMessage(FakeSource.One.Source));
        await pipeline.RunAsync();
        var body = (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None)).Single();
        // That of the digest was settled when it was done, and asked whether there is more to do.
        Assert.Equal(["message pull open later"], await StatesAsync());
        await KeepAsync(pipeline, "normalize", new NormalizeMessage(FakeSource.One.Id, body.Blob));
        await KeepAsync(pipeline, "publish", new CompleteRunMessage(FakeSource.One.Id, body.Blob));
        // It may have been to compare the body again.
        Assert.Equal(["message publish", "message pull open later"], await StatesAsync());
        await pipeline.DoAsync(new CompleteRunMessage(FakeSource.One.Id, body.Blob));
        Assert.Equal(["message pull open later"], await StatesAsync());
        // A request to read it again is not settled by its having been read before, but by the next plan, which loads
        // it again.
        await KeepAsync(pipeline, "normalize", new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true));
        Assert.Equal(["message normalize", "message pull open later"], await StatesAsync());
        await pipeline.RunAsync();
        Assert.Equal(["message pull open later"], await StatesAsync());

        async Task<string[]> StatesAsync() =>
            [
                .. (await pipeline.RowsAsync("rejects"))
                    .Where(row => row.GetString("State") == "open")
                    .Select(row =>
                        row.GetString("Position")
                        + (
                            row.GetString("Position") == "message pull"
                            && row.RowKey.StartsWith(
                                RawName.RunIdOf(FakeSource.One, at.AddHours(1)),
                                StringComparison.Ordinal
                            )
                                ? " open later"
                                : ""
                        )
                    )
                    .Order(StringComparer.Ordinal),
            ];
    }

    [Fact]
    public async Task The_rest_of_a_source_goes_on_without_a_slice_whose_message_was_given_up()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, source);
        await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
        await pipeline.WorkAsync();
        await pipeline.WorkAsync();
        // One body is loaded; the message of the other is put aside.
        var two = (
            await pipeline.Get<RawStore>().ListAsync(new Slice("fake", "facts", "two"), CancellationToken.None)
        ).Single();
        await pipeline.Queue("normalize").ClearMessagesAsync();
        await pipeline.DoAsync(
            new NormalizeMessage(
                FakeSource.One.Id,
                (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None)).Single().Blob
            )
        );
        await pipeline.DrainAsync();
        Assert.Null((await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)).GetValueOrDefault("fake"));
        await KeepAsync(pipeline, "normalize", new NormalizeMessage("fake/facts/two", two.Blob));
        await pipeline.DrainAsync();
        Assert.NotNull((await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)).GetValueOrDefault("fake"));
        Assert.Equal("open", (await OnlyAsync(pipeline))["State"]);
        // The next plan pulls the slice again, and that settles it.
        await pipeline.RunAsync();
        Assert.Equal("replayed", (await OnlyAsync(pipeline))["State"]);
        Assert.Equal(2, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Fact]
    public async Task A_slice_whose_pull_was_given_up_is_not_waited_for_by_the_process_that_planned_it()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await pipeline.Get<Plan>().RunAsync("fake", CancellationToken.None);
        var message = (await pipeline.Queue("pull").ReceiveMessagesAsync(2)).Value.Single(message =>
            message.Body.ToString().Contains("two", StringComparison.Ordinal)
        );
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.DrainAsync();
        Assert.Null((await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)).GetValueOrDefault("fake"));
        await KeepAsync(pipeline, "pull", message.Body.ToString());
        await pipeline.DrainAsync();
        Assert.NotNull((await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)).GetValueOrDefault("fake"));
    }

    /// <summary>The key of a wish has an end of its own, which the command must have too.</summary>
    [Theory]
    [InlineData("{\"Kind\":\"Normalize\",\"Slice\":\"none\",\"Replay\":true}", "|replay")]
    [InlineData("{\"Kind\":\"Normalize\",\"Slice\":\"none\",\"Replay\":true,\"AcceptId\":1}", "|accept")]
    public async Task The_command_that_closes_a_wish_names_the_row_that_is_kept(string body, string end)
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        await KeepAsync(pipeline, "normalize", body);
        var row = await OnlyAsync(pipeline);
        Assert.EndsWith(end, row.RowKey, StringComparison.Ordinal);
        Assert.Equal(Close(row), row["Advice"]);
    }

    /// <summary>What closes a dead letter that nothing can replay.</summary>
    private static string Close(TableEntity row) =>
        "the message is malformed; find its origin, then set its State to replayed: "
        + "az storage entity merge --connection-string \"$PipelineStorage\" -t rejects -e "
        + $"PartitionKey='{row.PartitionKey}' RowKey='{row.RowKey}' State=replayed";
}
