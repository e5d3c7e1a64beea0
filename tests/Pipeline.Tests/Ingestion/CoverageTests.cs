using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>What it means that a row is not in a body any more, and how a body may be got.</summary>
public sealed class CoverageTests : IDisposable
{
    private readonly FakeSource source = new();

    public void Dispose() => source.Dispose();

    [Fact]
    public async Task A_new_vintage_that_lacks_more_than_a_twentieth_of_the_rows_is_refused_however_many_it_brings()
    {
        source.Coverage = Coverage.Vintage;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40));
        await LoadAsync(pipeline, Rows(4, 60)); // 3 of 40 are gone, 20 are new
        var slice = await SliceAsync(pipeline);
        Assert.Equal((SliceState.Quarantined, 40), (slice.State, slice.Loaded?.Rows));
        Assert.Equal(
            "fake/facts/one body: seen 3 of the 40 rows of the table not in it, the first fake|one k01, fake|one "
                + "k02, fake|one k03, expected at least 95 % of them; "
                + "the table keeps the old vintage; compare the two raw bodies, then replay the slice with accept "
                + $"if the new one is right; asked: {source.Address}one",
            slice.LastError
        );
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
        Assert.True((await pipeline.LedgerAsync()).AddUp);
    }

    [Fact]
    public async Task A_new_vintage_takes_out_what_it_lacks_and_keeps_it_in_the_history()
    {
        source.Coverage = Coverage.Vintage;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40));
        await LoadAsync(pipeline, Rows(3, 60)); // 2 of 40 are gone
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
        Assert.Equal(58, (await pipeline.RowsAsync("fakefacts")).Count);
        Assert.Equal(
            ["k01", "k02"],
            (await pipeline.RowsAsync("history")).Select(row => row.RowKey.Split('|')[0]).Order()
        );
    }

    [Fact]
    public async Task A_new_vintage_with_a_row_that_cannot_be_understood_does_not_replace_another_and_both_reasons_are_kept()
    {
        source.Coverage = Coverage.Vintage;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40));
        await LoadAsync(pipeline, Rows(2, 41) + " k42=?");
        var slice = await SliceAsync(pipeline);
        Assert.Equal((SliceState.Quarantined, 40), (slice.State, slice.Loaded?.Rows));
        Assert.Equal(
            "fake/facts/one body: seen 1 of 41 rows that cannot be understood, expected none, because a vintage "
                + "replaces the one before as a whole; "
                + "the table keeps the old vintage; the rows are in rejects; wait for a body without such rows, "
                + "or replay the slice with accept to load all others; the first row rejected: word 41: "
                + "seen \"?\", expected a whole number; kept in rejects; "
                + $"asked: {source.Address}one",
            slice.LastError
        );
        Assert.Equal(
            ["body open", "word 41 open"],
            (await pipeline.RowsAsync("rejects")).Select(row => $"{row["Position"]} {row["State"]}").Order()
        );
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
        await LoadAsync(pipeline, Rows(2, 42));
        Assert.Equal(41, (await pipeline.RowsAsync("fakefacts")).Count);
        Assert.All(await pipeline.RowsAsync("rejects"), row => Assert.Equal("replayed", row["State"]));
    }

    [Fact]
    public async Task A_new_vintage_that_ends_before_the_one_in_the_table_is_refused()
    {
        source.Coverage = Coverage.Vintage;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40));
        await LoadAsync(pipeline, Rows(1, 39));
        Assert.Equal(
            "fake/facts/one body: seen no row of k40, the newest period of the table, expected a vintage that goes "
                + "as far as the one before; "
                + "the table keeps the old vintage; compare the two raw bodies, then replay the slice with accept "
                + $"if the new one is right; asked: {source.Address}one",
            (await SliceAsync(pipeline)).LastError
        );
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Fact]
    public async Task A_body_that_lacks_rows_because_they_cannot_be_understood_says_which()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, "a=1 b=2");
        await LoadAsync(pipeline, "a=? b=2");
        Assert.EndsWith(
            $"; the first row rejected: word 1: seen \"?\", expected a whole number; kept in rejects; asked: "
                + $"{source.Address}one",
            (await SliceAsync(pipeline)).LastError,
            StringComparison.Ordinal
        );
        Assert.Equal(
            ["body", "word 1"],
            (await pipeline.RowsAsync("rejects")).Select(row => (string)row["Position"]).Order()
        );
    }

    [Fact]
    public async Task A_file_that_was_taken_away_leaves_what_was_loaded_from_it()
    {
        source.Coverage = Coverage.ByHand;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, "a=1");
        source.Replies["one"] = new("", 204);
        await pipeline.RunAsync();
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
        Assert.Single(await pipeline.RowsAsync("fakefacts"));
        Assert.Equal(
            ["Done", "Unchanged"],
            (await pipeline.RowsAsync("runs")).Select(row => (string)row["State"]).Order()
        );
    }

    [Fact]
    public async Task A_body_of_the_newest_rows_leaves_the_older_ones()
    {
        source.Coverage = Coverage.Adds;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, "monday=1 tuesday=2");
        await LoadAsync(pipeline, "wednesday=3");
        await LoadAsync(pipeline, "wednesday=4");
        await LoadAsync(pipeline, "wednesday=4 !"); // spoiled
        Assert.Equal(
            ["monday 1", "tuesday 2", "wednesday 4"],
            (await pipeline.RowsAsync("fakefacts")).Select(row => $"{row.RowKey} {row["Value"]}").Order()
        );
        // The refused body counts as one rejected row and one left out.
        Assert.Equal(new RowCounts(6, 3, 1, 0, 1, 0, 1), await pipeline.LedgerAsync());
    }

    /// <summary>
    /// The reader lists the partitions of the body in hand. Rows that another one had elsewhere are found by
    /// their number.
    /// </summary>
    [Theory]
    [InlineData("")]
    [InlineData(" k41=?")] // The body in between lacks them, too, and may not remove anything.
    public async Task A_partition_that_a_body_has_no_more_goes_to_the_history(string rejected)
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40) + " z:a=1");
        if (rejected.Length > 0)
        {
            await LoadAsync(pipeline, Rows(1, 40) + rejected);
            Assert.Equal(
                (40, 41),
                ((await SliceAsync(pipeline)).Loaded?.Rows, (await SliceAsync(pipeline)).Loaded?.InTable)
            );
        }
        await LoadAsync(pipeline, Rows(1, 40) + " #");
        Assert.Equal(
            (SliceState.Published, 40, 40),
            (
                (await SliceAsync(pipeline)).State,
                (await SliceAsync(pipeline)).Loaded?.Rows,
                (await SliceAsync(pipeline)).Loaded?.InTable
            )
        );
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
        Assert.StartsWith("z:a|", Assert.Single(await pipeline.RowsAsync("history")).RowKey, StringComparison.Ordinal);
    }

    /// <summary>A release before counted the rows of the body alone: what it left in the tables is not known.</summary>
    [Fact]
    public async Task A_partition_that_a_body_has_no_more_goes_also_where_nobody_has_counted_the_rows()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40) + " z:a=1");
        await LoadAsync(pipeline, Rows(1, 40) + " k41=?");
        var slices = await pipeline.TableAsync("slices");
        var row = (await pipeline.RowsAsync("slices")).Single();
        row.Remove("InTable");
        await slices.UpdateEntityAsync(row, Azure.ETag.All, Azure.Data.Tables.TableUpdateMode.Replace);
        await LoadAsync(pipeline, Rows(1, 40) + " #");
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    /// <summary>The row of the slice was lost, or another slice had brought rows of the same part.</summary>
    [Fact]
    public async Task Rows_that_were_there_before_a_first_load_go_with_the_second()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40) + " z:a=1");
        await (await pipeline.TableAsync("slices")).DeleteEntityAsync("fake", FakeSource.One.RowKey);
        await LoadAsync(pipeline, Rows(1, 40));
        Assert.Equal(
            (40, (long?)null),
            ((await SliceAsync(pipeline)).Loaded?.Rows, (await SliceAsync(pipeline)).Loaded?.InTable)
        );
        await LoadAsync(pipeline, Rows(1, 40) + " #");
        Assert.Equal(40, (await pipeline.RowsAsync("fakefacts")).Count);
    }

    [Fact]
    public async Task A_body_of_the_newest_rows_that_changes_nothing_leaves_the_date_of_the_last_change()
    {
        source.Coverage = Coverage.Adds;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 10));
        await LoadAsync(pipeline, Rows(9, 11));
        await LoadAsync(pipeline, Rows(9, 11) + " #");
        var before = (await SliceAsync(pipeline)).Loaded?.LastChanged;
        await LoadAsync(pipeline, Rows(9, 11) + " # #");
        Assert.Equal(before, (await SliceAsync(pipeline)).Loaded?.LastChanged);
    }

    /// <summary>Each is compared with the body before it, not with what had to be left in the table.</summary>
    [Fact]
    public async Task Bodies_that_lack_one_more_row_each_time_are_loaded()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 60));
        for (var first = 2; first <= 8; first++)
        {
            await LoadAsync(pipeline, Rows(first, 60) + " q=?");
            Assert.Equal(
                (SliceState.Published, 60),
                ((await SliceAsync(pipeline)).State, (await SliceAsync(pipeline)).Loaded?.InTable)
            );
        }
    }

    [Fact]
    public async Task A_file_that_people_maintain_may_lose_any_rows()
    {
        source.Coverage = Coverage.ByHand;
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, Rows(1, 40));
        await LoadAsync(pipeline, "k01=1");
        Assert.Equal(SliceState.Published, (await SliceAsync(pipeline)).State);
        Assert.Equal("k01", Assert.Single(await pipeline.RowsAsync("fakefacts")).RowKey);
        Assert.Equal(39, (await pipeline.RowsAsync("history")).Count);
    }

    [Fact]
    public async Task A_body_may_come_by_another_way_and_the_ledger_says_so()
    {
        source.Fetch = async (fetching, token) =>
        {
            using var first = await fetching.SendAsync(
                source.GetRequest(fetching.Slice) with
                {
                    Url = new Uri(source.GetRequest(fetching.Slice).Url, "absent"),
                },
                Judge,
                token
            );
            Assert.Equal(Meaning.Permanent, first.Verdict.Meaning);
            var second = await fetching.SendConditionalAsync(source.GetRequest(fetching.Slice), Judge, token);
            using var copy = new MemoryStream();
            await second.Body!.CopyToAsync(copy, token);
            var file = new BodyFile();
            await file.WriteAsync(copy.ToArray(), token);
            await file.WriteAsync(" c=3"u8.ToArray(), token);
            var answer = second.Answer!;
            second.Dispose();
            return FetchResult.Assembled(second.Request, answer, file, ["the first way is closed"], "2025-09-01");
        };
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        await LoadAsync(pipeline, "a=1 b=2");
        Assert.Equal(["a", "b", "c"], (await pipeline.RowsAsync("fakefacts")).Select(row => row.RowKey));
        Assert.Equal("2025-09-01", (await SliceAsync(pipeline)).LastModified);
        Assert.Equal("the first way is closed", Assert.Single(await pipeline.RowsAsync("runs"))["Notes"]);
        Assert.Contains("Warning: fake/facts/one: the first way is closed", pipeline.Log);

        static Verdict Judge(Answer answer) =>
            answer.Status == 200 ? Verdict.Good : Verdict.Permanent(answer.InWords, "status 200", "try the other way");
    }

    [Fact]
    public async Task A_source_may_say_by_itself_that_there_is_nothing_new()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        var seen = new List<string>();
        source.Fetch = async (fetching, token) =>
        {
            seen.Add(fetching.LastModified);
            var fetched = await fetching.SendAsync(
                source.GetRequest(fetching.Slice),
                answer => FakeSource.Judge(answer),
                token
            );
            return fetched with
            {
                Verdict = fetching.LastModified == "spring" ? Verdict.NotModified : fetched.Verdict,
                LastModified = "spring",
            };
        };
        await LoadAsync(pipeline, "a=1");
        await LoadAsync(pipeline, "a=2");
        Assert.Equal(["", "spring"], seen);
        Assert.Equal(1L, Assert.Single(await pipeline.RowsAsync("fakefacts"))["Value"]);
        Assert.Equal(
            ["Done", "Unchanged"],
            (await pipeline.RowsAsync("runs")).Select(row => (string)row["State"]).Order()
        );
    }

    [Theory]
    [InlineData(1, 41, "", SliceState.Published, 2)]
    [InlineData(1, 41, " k42=?", SliceState.Quarantined, 1)]
    [InlineData(20, 41, " k42=?", SliceState.Quarantined, 1)]
    public async Task A_body_is_downloaded_once_and_parsed_at_most_twice(
        int from,
        int to,
        string more,
        SliceState state,
        int expected
    )
    {
        var (parses, downloads) = (0, 0);
        source.Coverage = Coverage.Vintage;
        source.Reading = text =>
        {
            parses++;
            return text;
        };
        var policy = new AroundPolicy(request =>
        {
            downloads +=
                request.Method == Azure.Core.RequestMethod.Get
                && request.Uri.Path.EndsWith(".txt", StringComparison.Ordinal)
                    ? 1
                    : 0;
            return false;
        });
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source, policy);
        await LoadAsync(pipeline, Rows(1, 40));
        (parses, downloads) = (0, 0);
        await LoadAsync(pipeline, Rows(from, to) + more);
        Assert.Equal((state, expected, 1), ((await SliceAsync(pipeline)).State, parses, downloads));
    }

    private static string Rows(int from, int to) =>
        string.Join(' ', Enumerable.Range(from, to - from + 1).Select(number => $"k{number:00}={number}"));

    private async Task LoadAsync(TestPipeline pipeline, string body)
    {
        source.Body = body;
        await pipeline.RunAsync();
    }

    private static Task<SliceRow> SliceAsync(TestPipeline pipeline) =>
        pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
}
