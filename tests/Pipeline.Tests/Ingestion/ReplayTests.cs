using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>A slice that an operator runs again.</summary>
public sealed class ReplayTests(Azurite azurite) : IDisposable
{
    private readonly FakeSource source = new() { Due = TimeSpan.FromDays(1) };

    public void Dispose() => source.Dispose();

    private async Task<TestPipeline> LoadedAsync(params string[] bodies)
    {
        var pipeline = new TestPipeline(azurite.NewAccount(), source);
        foreach (var body in bodies)
        {
            source.Body = body;
            await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
            await pipeline.DrainAsync();
        }
        return pipeline;
    }

    private static async Task<Replaying> ReplayAsync(TestPipeline pipeline, string? from = null, bool accept = false)
    {
        var answer = await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, from, accept, CancellationToken.None);
        await pipeline.DrainAsync();
        return answer;
    }

    private static async Task<string> FactsAsync(TestPipeline pipeline) =>
        string.Join(
            ' ',
            (await pipeline.RowsAsync("fakefacts")).Select(row => $"{row["Name"]}={row["Value"]}r{row["Revision"]}")
        );

    private static async Task<List<string>> HistoryAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("history")).Select(row =>
            {
                Assert.True(row.GetDateTimeOffset("ValidFrom") < row.GetDateTimeOffset("ValidTo"));
                return $"{row.RowKey[..1]} {row["Column"]} {row["OldValue"]} {row["NewValue"]}";
            }),
        ];

    [Fact]
    public async Task A_replay_of_what_is_loaded_writes_no_fact_and_leaves_the_ledger_as_it_was()
    {
        await using var pipeline = await LoadedAsync("a=1 b=2 c= #", "a=1 b=3 c= #");
        var facts = await pipeline.RowsAsync("fakefacts");
        var ledger = await pipeline.LedgerAsync();
        for (var time = 0; time < 2; time++)
        {
            Assert.Equal(
                ("raw", null),
                (await ReplayAsync(pipeline)) is { } answer ? (answer.From, answer.Refusal) : default
            );
            Assert.Equal(
                facts.Select(row => row.ETag),
                (await pipeline.RowsAsync("fakefacts")).Select(row => row.ETag)
            );
            Assert.Equal(ledger, await pipeline.LedgerAsync());
            Assert.Equal(["b Value 2 3"], await HistoryAsync(pipeline));
            Assert.All(await pipeline.RunsAsync(), run => Assert.Equal(RunState.Done, run.State));
            Assert.Equal(
                SliceState.Published,
                (await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None)).State
            );
        }
    }

    [Fact]
    public async Task A_mended_reader_puts_rows_right_closes_their_rejects_and_keeps_what_was_read_before()
    {
        await using var pipeline = await LoadedAsync("a=1 b=2 c=3 d=? e=?");
        var mark = (await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)).GetValueOrDefault("fake");
        source.Reading = text => text.Replace("b=2 c=3 d=?", "b=20 # d=4", StringComparison.Ordinal);
        await ReplayAsync(pipeline);
        // c may be what e is: nothing is removed while a row is not understood.
        Assert.Equal("a=1r0 b=20r0 c=3r0 d=4r0", await FactsAsync(pipeline));
        Assert.Equal(["b Value 2 20"], await HistoryAsync(pipeline));
        Assert.Equal(
            ["word 4 replayed", "word 5 open"],
            (await pipeline.RowsAsync("rejects")).Select(row => $"{row["Position"]} {row["State"]}")
        );
        Assert.NotEqual(
            mark,
            (await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None)).GetValueOrDefault("fake")
        );
        source.Reading = text => text.Replace("b=2 c=3 d=? e=?", "b=21 # d=4 e=5", StringComparison.Ordinal);
        await ReplayAsync(pipeline);
        Assert.Equal("a=1r0 b=21r0 d=4r0 e=5r0", await FactsAsync(pipeline));
        Assert.Equal(
            [
                "b Value 2 20",
                "b Value 20 21",
                "c (removed) {\"Name\":\"c\",\"Value\":\"3\",\"Note\":\"\",\"Basis\":\"count\"} ",
            ],
            await HistoryAsync(pipeline)
        );
        Assert.Equal(["replayed", "replayed"], (await pipeline.RowsAsync("rejects")).Select(row => $"{row["State"]}"));
        Assert.Equal(4, (await pipeline.LedgerAsync()).Added);
        // The publisher's next change is a revision like any other.
        source.Reading = text => text;
        source.Body = "a=1 b=30 d=4 e=5";
        await ReplayAsync(pipeline, Replay.Source);
        Assert.Equal("a=1r0 b=30r1 d=4r0 e=5r0", await FactsAsync(pipeline));
        Assert.Equal(4, (await HistoryAsync(pipeline)).Count);
    }

    [Fact]
    public async Task A_body_that_was_refused_for_lacking_rows_is_loaded_once_somebody_accepts_it()
    {
        await using var pipeline = await LoadedAsync("a=1 b=2 c=3", "a=1");
        Assert.Equal("a=1r0 b=2r0 c=3r0", await FactsAsync(pipeline));
        await ReplayAsync(pipeline);
        Assert.Equal("a=1r0 b=2r0 c=3r0", await FactsAsync(pipeline));
        var refused = await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
        Assert.Equal((SliceState.Quarantined, 1), (refused.State, refused.Attempts));
        await ReplayAsync(pipeline, accept: true);
        Assert.Equal("a=1r0", await FactsAsync(pipeline));
        const string accepted =
            "Done accepted by an operator: body: seen 1 rows, expected at least 3, 95 % of the 3 rows of the body "
            + "before";
        Assert.Equal(
            [accepted, "Done "],
            (await pipeline.RowsAsync("runs")).Select(row => $"{row["State"]} {row["Notes"]}")
        );
        Assert.Equal("accepted", Assert.Single(await pipeline.RowsAsync("rejects"))["State"]);
        Assert.Equal(
            (SliceState.Published, 0, ""),
            await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None) is { } row
                ? (row.State, row.Attempts, row.LastError)
                : default
        );
    }

    /// <summary>What an operator has not seen, no word of theirs is about.</summary>
    [Fact]
    public async Task A_word_about_a_body_holds_for_nothing_that_was_not_shown_before_it()
    {
        await using var pipeline = await LoadedAsync("a=1 b=2 c=3");
        source.Body = "a=1";
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id, default));
        await pipeline.Queue("normalize").ClearMessagesAsync();
        await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, Replay.Raw, accept: true, CancellationToken.None);
        var message = (await pipeline.Queue("normalize").ReceiveMessageAsync()).Value.Body;
        // Also when it is delivered once more: by then the finding is shown.
        for (var delivered = 0; delivered < 2; delivered++)
        {
            await pipeline.HandleAsync("normalize", message);
            Assert.Equal("a=1r0 b=2r0 c=3r0", await FactsAsync(pipeline));
            Assert.Equal("open", Assert.Single(await pipeline.RowsAsync("rejects"))["State"]);
        }
        await ReplayAsync(pipeline, accept: true);
        Assert.Equal("a=1r0", await FactsAsync(pipeline));
    }

    [Fact]
    public async Task To_accept_is_to_read_a_stored_body()
    {
        await using var pipeline = await LoadedAsync("a=1 b=2");
        source.Replies["one"] = new("away", 503);
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        // After a failed pull it is the source that is asked, but not for what an operator has compared.
        Assert.Equal(
            Replay.Raw,
            (await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, "", true, CancellationToken.None)).From
        );
        var refusal = (
            await pipeline.Get<Replay>().RunAsync(FakeSource.One.Id, Replay.Source, true, CancellationToken.None)
        ).Refusal;
        Assert.Equal(
            "replay, accept: seen \"source\", expected raw: only a body that is stored can have been compared; "
                + "replay it from its source first",
            refusal?.ToString()
        );
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("missing")]
    [InlineData("failing")]
    public async Task A_reject_stays_open_when_the_replay_of_its_body_does_not_succeed(string what)
    {
        await using var pipeline = await LoadedAsync("a=1 b=?");
        var reject = Assert.Single(await pipeline.RowsAsync("rejects"));
        source.Reading = what switch
        {
            "refused" => text => text + " !",
            "failing" => _ => throw new InvalidOperationException("no disk"),
            _ => text => text,
        };
        if (what == "missing")
        {
            await pipeline
                .Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.RawContainer)
                .GetBlobClient(reject.GetString("RawBlob"))
                .DeleteAsync();
        }

        await pipeline
            .DoAsync(new NormalizeMessage(FakeSource.One.Id, reject.GetString("RawBlob"), Replay: true))
            .ContinueWith(_ => { }, TaskScheduler.Default);
        await pipeline.DrainAsync();
        Assert.Equal("open", (await pipeline.RowsAsync("rejects")).Single(row => row.RowKey == reject.RowKey)["State"]);
        if (what == "missing")
            return;
        source.Reading = text => text.Replace("b=?", "b=2", StringComparison.Ordinal);
        await ReplayAsync(pipeline, Replay.Raw);
        Assert.All(await pipeline.RowsAsync("rejects"), row => Assert.Equal("replayed", row["State"]));
    }

    [Fact]
    public async Task A_body_that_is_wrong_in_itself_is_refused_also_when_it_is_accepted()
    {
        await using var pipeline = await LoadedAsync("a=1 b=2 c=3", "a=2 !");
        await ReplayAsync(pipeline, accept: true);
        Assert.Equal("a=1r0 b=2r0 c=3r0", await FactsAsync(pipeline));
        Assert.Equal("open", Assert.Single(await pipeline.RowsAsync("rejects"))["State"]);
    }

    [Fact]
    public async Task A_slice_whose_pull_failed_or_that_was_never_pulled_is_asked_for_at_its_source()
    {
        await using var pipeline = await LoadedAsync();
        source.Body = "a=1";
        Assert.Equal(("source", ""), await ReplayAsync(pipeline) is { } first ? (first.From, first.RawBlob) : default);
        Assert.Equal("raw", (await ReplayAsync(pipeline)).From);
        source.Replies["one"] = new("gone", 404);
        await ReplayAsync(pipeline, Replay.Source);
        source.Body = "a=2";
        Assert.Equal("source", (await ReplayAsync(pipeline)).From);
        Assert.Equal("a=2r1", await FactsAsync(pipeline));
        await pipeline
            .Get<DeadLetters>()
            .KeepAsync("pull", new PullMessage(FakeSource.One.Id).ToJson(), null, CancellationToken.None);
        Assert.Equal("source", (await ReplayAsync(pipeline)).From);
        Assert.Equal(
            "replayed",
            (await pipeline.RowsAsync("rejects")).Single(row => $"{row["Position"]}" == "message pull")["State"]
        );
    }

    [Theory]
    [InlineData(
        null,
        null,
        "replay: seen nothing, expected source/dataset/key, for example census-trade/exports-total/2019; see the "
            + "table slices"
    )]
    [InlineData(
        "fake/facts",
        null,
        "replay: seen \"fake/facts\", expected source/dataset/key, for example census-trade/exports-total/2019; see "
            + "the table slices"
    )]
    [InlineData(
        "other/facts/one",
        null,
        "replay: seen \"other/facts/one\", expected a source: {sources}; see the table slices"
    )]
    [InlineData(
        "census-trade/exports-total/19",
        null,
        "replay: seen \"census-trade/exports-total/19\", expected a slice of census-trade; see the table slices"
    )]
    [InlineData(
        "census-trade/exports-hs6/4621-2019",
        null,
        "replay: seen \"census-trade/exports-hs6/4621-2019\", expected a dataset that is switched on; look at the "
            + "settings of the source"
    )]
    [InlineData(
        "census-trade/exports-total/2019",
        "disk",
        "replay, from: seen \"disk\", expected raw or source; or leave it out"
    )]
    [InlineData(
        "census-trade/exports-total/2019",
        "raw",
        "replay census-trade/exports-total/2019: seen no stored body, expected a body that was pulled before; "
            + "replay it from source"
    )]
    public async Task What_cannot_be_replayed_is_said_and_nothing_is_sent(string? slice, string? from, string words)
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount());
        await pipeline.Get<StepQueues>().EnsureAsync();
        var sources = string.Join(", ", SourceServices.Settings.Select(source => source.Source));
        Assert.Equal(
            words.Replace("{sources}", sources, StringComparison.Ordinal),
            (await pipeline.Get<Replay>().RunAsync(slice, from, false, CancellationToken.None)).Refusal?.ToString()
        );
        Assert.False(await pipeline.WorkAsync());
    }
}
