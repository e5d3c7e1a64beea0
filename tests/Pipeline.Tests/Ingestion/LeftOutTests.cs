using Azure.Core;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>Rows that are left out of a load, and what <c>rejects</c> shows of them.</summary>
public sealed class LeftOutTests : IAsyncDisposable
{
    private readonly MemoryStorage account = new(TimeProvider.System);
    private readonly FakeSource source = new();
    private readonly TestPipeline pipeline;

    public LeftOutTests() => pipeline = new TestPipeline(account, source);

    public async ValueTask DisposeAsync()
    {
        await pipeline.DisposeAsync();
        source.Dispose();
    }

    /// <summary>Rows of which the first ones of every 25 are a thousand times too large.</summary>
    private static string Words(int count, int slips, int more) =>
        string.Join(
            ' ',
            Enumerable
                .Range(0, count)
                .Select(number =>
                {
                    var isSlip = number % 25 == 3 && number / 25 < slips;
                    return $"k{number:0000}={(number + 1000) * 10_000L * (isSlip ? 1000 : 1) + more + number}";
                })
        );

    private async Task<RawName> PulledAsync(string body)
    {
        source.Body = body;
        await pipeline.DoAsync(new PullMessage(FakeSource.One.Id));
        await pipeline.Queue(Names.NormalizeQueue).ClearMessagesAsync();
        return await NewestAsync();
    }

    private async Task<RawName> NewestAsync() =>
        (await pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None))[^1];

    private async Task<SliceRow> SliceAsync() =>
        await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);

    private async Task<int> OpenAsync() => (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'")).Count;

    private static Task NormalizeAsync(TestPipeline pipeline, NormalizeMessage message) => pipeline.DoAsync(message);

    /// <summary>An operator accepts what is shown of a body.</summary>
    private async Task<NormalizeMessage> AcceptAsync(RawName body)
    {
        var id = await pipeline.Get<RejectBook>().CoverAsync(RunRow.Of(body), CancellationToken.None);
        return new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true, AcceptId: id);
    }

    /// <summary>A process ends before the load that it has judged is begun, and a newer body is loaded first.</summary>
    [Theory]
    [InlineData("slices", Coverage.Whole)]
    [InlineData("rejects", Coverage.Whole)]
    [InlineData("slices", Coverage.Adds)]
    public async Task Rows_left_out_of_a_body_that_is_overtaken_are_not_open(string table, Coverage coverage)
    {
        source.Coverage = coverage;
        source.Body = Words(40, 0, 0);
        await pipeline.RunAsync();
        var (older, newer) = (await PulledAsync(Words(40, 1, 1)), await PulledAsync(Words(40, 0, 2)));
        var message = new NormalizeMessage(FakeSource.One.Id, older.Blob);
        var end = new AroundPolicy(
            request => IsWriteOf(request, table),
            () => throw new CrashException("before the load")
        );
        await using (var dying = new TestPipeline(account, source, end))
            await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(dying, message));
        await NormalizeAsync(pipeline, new NormalizeMessage(FakeSource.One.Id, newer.Blob));
        await NormalizeAsync(pipeline, message);
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await OpenAsync()));
        Assert.DoesNotContain(await pipeline.RowsAsync("fakefacts"), row => row.GetInt64("Value") > 1_000_000_000);

        static bool IsWriteOf(Request request, string table) =>
            AroundPolicy.IsBatchOf(request, table)
            || (
                request.Method != RequestMethod.Get && request.Uri.Path.Contains($"/{table}(", StringComparison.Ordinal)
            );
    }

    /// <summary>
    /// A load that ends before its first row, or half way, leaves out the same rows when it goes on, also those that no
    /// list had room for.
    /// </summary>
    [Theory]
    [InlineData("rejects", 3, false)]
    [InlineData("rejects", 3, true)]
    [InlineData("fakefacts", 1, false)]
    [InlineData("fakefacts", 10, false)]
    [InlineData("fakefacts", 10, true)]
    public async Task A_load_that_goes_on_leaves_out_what_was_left_out(string table, int batch, bool newerIsRefused)
    {
        source.Body = Words(4000, 0, 0);
        await pipeline.RunAsync();
        source.Body = Words(3500, 120, 1);
        await pipeline.RunAsync();
        // Refused because it has shrunk; of the figures that stand out 100 are shown, and are accepted with it.
        Assert.Equal((SliceState.Quarantined, 101), ((await SliceAsync()).State, await OpenAsync()));
        var batches = 0;
        var end = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, table),
            () => ++batches == batch ? throw new CrashException("half way") : Task.CompletedTask
        );
        var body = await NewestAsync();
        var accept = await AcceptAsync(body);
        await using (var dying = new TestPipeline(account, source, end))
            await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(dying, accept));
        if (table == "fakefacts")
            Assert.Equal(20, await OpenAsync());
        if (newerIsRefused)
        {
            // Then the body that was begun is to be loaded to its end.
            var newer = await PulledAsync("!");
            await NormalizeAsync(pipeline, new NormalizeMessage(FakeSource.One.Id, newer.Blob));
            await pipeline.DrainAsync();
            await (await pipeline.TableAsync(Names.Rejects)).DeleteEntityAsync(
                Assert.Single(await pipeline.RowsAsync(Names.Rejects, $"RawBlob eq '{newer.Blob}'"))
            );
        }
        // The next message may be one that accepts nothing.
        await NormalizeAsync(pipeline, new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true));
        await pipeline.DrainAsync();
        var high = (await pipeline.RowsAsync("fakefacts")).Count(row => row.GetInt64("Value") > 1_000_000_000);
        var expected = newerIsRefused ? SliceState.Quarantined : SliceState.Published;
        Assert.Equal((expected, 20, 100), ((await SliceAsync()).State, await OpenAsync(), high));
    }

    [Fact]
    public async Task A_body_that_is_refused_again_has_only_what_was_found_now_open()
    {
        source.Coverage = Coverage.Vintage;
        source.Body = string.Join(' ', Enumerable.Range(101, 40).Select(number => $"k{number}={number}"));
        await pipeline.RunAsync();
        source.Body = $"{string.Join(' ', Enumerable.Range(101, 30).Select(number => $"k{number}={number}"))} bad";
        source.Reading = text => text.Replace("bad", "k200=?", StringComparison.Ordinal);
        await pipeline.RunAsync();
        Assert.Equal(
            [
                "\"?\"",
                "1 of 31 rows that cannot be understood",
                "30 rows",
                "no row of k140, the newest period of the table",
            ],
            (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"))
                .Select(row => row.GetString("Seen"))
                .Order(StringComparer.Ordinal)
        );
        var body = await NewestAsync();
        var early = await AcceptAsync(body);
        // Another version of the program can read one row more.
        source.Reading = text => text.Replace("bad", "k200=1", StringComparison.Ordinal);
        await NormalizeAsync(pipeline, new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true));
        Assert.Equal(
            ["31 rows", "no row of k140, the newest period of the table"],
            (await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"))
                .Select(row => row.GetString("Seen"))
                .Order(StringComparer.Ordinal)
        );

        // The accept covers what was shown before that, although it was written again.
        await NormalizeAsync(pipeline, early);
        Assert.Equal(SliceState.Quarantined, (await SliceAsync()).State);
        Assert.Equal(
            ["31 rows: open", "no row of k140, the newest period of the table: accepted"],
            (await pipeline.RowsAsync(Names.Rejects, "State ne 'replayed'"))
                .Select(row => $"{row["Seen"]}: {row["State"]}")
                .Order(StringComparer.Ordinal)
        );
        await NormalizeAsync(pipeline, await AcceptAsync(body));
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await OpenAsync()));
    }

    /// <summary>
    /// A word is about the figure, also when the figure of the table that it was shown beside is another one by then.
    /// </summary>
    [Fact]
    public async Task A_figure_that_was_shown_is_accepted_whatever_it_is_held_against_by_then()
    {
        source.Body = Words(40, 0, 0);
        await pipeline.RunAsync();
        source.Body = Words(40, 1, 0);
        await pipeline.RunAsync();
        Assert.Equal((SliceState.Published, 1), ((await SliceAsync()).State, await OpenAsync()));
        var shown = Assert.Single(await pipeline.RowsAsync(Names.Rejects));
        var fact = (await pipeline.RowsAsync("fakefacts", "RowKey eq 'k0003'"))[0];
        fact["Value"] = fact.GetInt64("Value") + 1;
        await (await pipeline.Get<TableSet>().OpenAsync("fakefacts")).UpsertEntityAsync(fact);
        await NormalizeAsync(pipeline, await AcceptAsync(await NewestAsync()));
        await pipeline.DrainAsync();
        Assert.Equal(0, await OpenAsync());
        var accepted = Assert.Single(await pipeline.RowsAsync(Names.Rejects, "State eq 'accepted'"));
        Assert.Equal(shown["Seen"], accepted["Seen"]);
        Assert.NotEqual(shown["Expected"], accepted["Expected"]);
        Assert.Equal(10_030_000_003L, (await pipeline.RowsAsync("fakefacts", "RowKey eq 'k0003'"))[0]["Value"]);
    }

    /// <summary>A word about many figures is about these and no others.</summary>
    [Fact]
    public async Task A_word_about_too_many_figures_holds_for_none_that_was_not_among_them()
    {
        static string Body(int slips, int more) =>
            string.Join(
                ' ',
                Enumerable
                    .Range(0, 40)
                    .Select(number =>
                        $"k{number:00}={(number + 1000) * 10_000L * (number < slips ? 1000 : 1) + more * number}"
                    )
            );
        source.Body = Body(0, 0);
        await pipeline.RunAsync();
        source.Body = Body(5, 1);
        await pipeline.RunAsync();
        Assert.Equal(SliceState.Quarantined, (await SliceAsync()).State);
        // By the time of the word the last of the five agrees with the table, and another row does not.
        var table = await pipeline.Get<TableSet>().OpenAsync("fakefacts");
        var four = (await pipeline.RowsAsync("fakefacts", "RowKey eq 'k04'"))[0];
        four["Value"] = four.GetInt64("Value")!.Value * 1000;
        await table.UpsertEntityAsync(four);
        var twenty = (await pipeline.RowsAsync("fakefacts", "RowKey eq 'k20'"))[0];
        twenty["Value"] = twenty.GetInt64("Value")!.Value / 1000;
        await table.UpsertEntityAsync(twenty);
        await NormalizeAsync(pipeline, await AcceptAsync(await NewestAsync()));
        await pipeline.DrainAsync();
        Assert.Equal(twenty["Value"], (await pipeline.RowsAsync("fakefacts", "RowKey eq 'k20'"))[0]["Value"]);
        Assert.Contains(await pipeline.RowsAsync(Names.Rejects, "State eq 'open'"), row =>
            row.GetString("Position").EndsWith("k20", StringComparison.Ordinal)
        );
    }

    /// <summary>The run of the body is that of the first load, which is done.</summary>
    [Fact]
    public async Task A_replay_of_a_loaded_body_that_ends_before_its_rejects_leaves_out_what_it_found()
    {
        source.Body = Words(4000, 0, 0);
        await pipeline.RunAsync();
        source.Body = Words(3500, 0, 1);
        await pipeline.RunAsync();
        var body = await NewestAsync();
        await NormalizeAsync(pipeline, await AcceptAsync(body));
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await OpenAsync()));
        // Another version of the program reads a figure a thousand times too large.
        source.Reading = text => text.Replace("k0003=10030004", "k0003=10030004000", StringComparison.Ordinal);
        var message = new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true);
        var end = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, Names.Rejects),
            () => throw new CrashException("before the rejects")
        );
        await using (var dying = new TestPipeline(account, source, end))
            await Assert.ThrowsAsync<CrashException>(() => NormalizeAsync(dying, message));
        await NormalizeAsync(pipeline, message);
        await pipeline.DrainAsync();
        Assert.Equal(10_030_004L, (await pipeline.RowsAsync("fakefacts", "RowKey eq 'k0003'"))[0]["Value"]);
        Assert.Equal(1, await OpenAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_loaded_body_that_a_replay_refused_is_read_again_when_the_source_brings_it_again(bool isAway)
    {
        source.Body = "a=1 b=2";
        await pipeline.RunAsync();
        source.Reading = text => text + " !";
        await NormalizeAsync(
            pipeline,
            new NormalizeMessage(FakeSource.One.Id, (await NewestAsync()).Blob, Replay: true)
        );
        await pipeline.DrainAsync();
        Assert.Equal((SliceState.Quarantined, 1), ((await SliceAsync()).State, await OpenAsync()));
        if (isAway)
        {
            source.Replies["one"] = new("gone", 404);
            await pipeline.RunAsync();
            Assert.Equal((SliceState.PullFailed, 2), ((await SliceAsync()).State, await OpenAsync()));
            source.Body = "a=1 b=2";
        }
        await pipeline.RunAsync();
        Assert.Equal((SliceState.Quarantined, 1), ((await SliceAsync()).State, await OpenAsync()));
        source.Reading = text => text;
        await pipeline.RunAsync();
        Assert.Equal((SliceState.Published, 0), ((await SliceAsync()).State, await OpenAsync()));
    }

    /// <summary>A refusal stands until the body is read again.</summary>
    [Fact]
    public async Task A_complete_run_message_that_comes_late_does_not_end_the_run_of_a_body_that_was_refused()
    {
        source.Body = "a=1 b=2";
        await pipeline.RunAsync();
        var body = await NewestAsync();
        source.Reading = text => text + " !";
        await NormalizeAsync(pipeline, new NormalizeMessage(FakeSource.One.Id, body.Blob, Replay: true));
        await pipeline.DoAsync(new CompleteRunMessage(FakeSource.One.Id, body.Blob));
        Assert.Equal("Quarantined", Assert.Single(await pipeline.RowsAsync(Names.Runs))["State"]);
        Assert.Equal(SliceState.Quarantined, (await SliceAsync()).State);
    }
}
