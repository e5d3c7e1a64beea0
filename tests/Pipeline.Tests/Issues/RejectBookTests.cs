using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Issues;

public sealed class RejectBookTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Moment = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Slice Other = new(FakeSource.One.Source, FakeSource.One.Dataset, "other");
    private static readonly RawName Body = new(FakeSource.One, Moment, "0123456789ab", "txt");
    private static readonly RunRow Run = new(Body.RunId, FakeSource.One, Moment);
    private static readonly Finding First = new("body", "30 rows", "at least 38", "advice"),
        Second = new("body", "no row of 2025", "rows of 2025", "advice");

    private readonly FakeSource source = new();
    private readonly FixedClock clock = new() { Now = Moment };
    private readonly TestPipeline pipeline;
    private readonly RejectBook book;

    public RejectBookTests()
    {
        pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), source);
        book = new RejectBook(pipeline.Get<TableSet>(), clock);
    }

    public async ValueTask DisposeAsync()
    {
        await pipeline.DisposeAsync();
        source.Dispose();
    }

    private sealed class FixedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private Task PutAsync(params Finding[] findings) =>
        book.PutAsync(Run, Body.Blob, [], findings, CancellationToken.None);

    private Task AcceptAsync(params Finding[] findings) =>
        book.AcceptAsync(Run, Body.Blob, findings, CancellationToken.None);

    private async Task<IEnumerable<string>> RowsAsync() =>
        (await pipeline.RowsAsync(Names.Rejects))
            .Select(row => $"{row["Seen"]}, {row["Expected"]}: {row["State"]}")
            .Order(StringComparer.Ordinal);

    [Fact]
    public async Task An_accept_covers_a_finding_that_is_written_again_and_none_that_is_written_later()
    {
        await PutAsync(First, Second);
        var id = await book.CoverAsync(Run, CancellationToken.None);
        var changed = Second with { Expected = "rows of 2024" };
        await PutAsync(First, changed);
        var shown = new ShownFindings(await book.OfRunAsync(Run, CancellationToken.None), id);
        Assert.True(shown.Contains(First));
        Assert.True(shown.Contains(Second));
        Assert.False(shown.Contains(changed));
    }

    [Fact]
    public async Task A_word_about_one_of_two_findings_of_a_place_leaves_the_other_open()
    {
        await PutAsync(First, Second);
        await AcceptAsync(Second);
        Assert.Equal(["30 rows, at least 38: open", "no row of 2025, rows of 2025: accepted"], await RowsAsync());
        // What was not shown takes no row of another finding, either.
        await AcceptAsync(First with { Expected = "at least 40" });
        Assert.Equal(
            ["30 rows, at least 38: open", "30 rows, at least 40: accepted", "no row of 2025, rows of 2025: accepted"],
            await RowsAsync()
        );
    }

    [Fact]
    public async Task A_word_is_about_a_reject_of_the_same_kind()
    {
        var figure = new Finding("facts p k", "5000", "about 5", "advice");
        await book.PutAsync(Run, Body.Blob, [figure], [First], CancellationToken.None);
        await AcceptAsync(figure, First, figure with { Where = "facts p unseen" });
        Assert.Equal(
            ["body body", "facts p k row", "facts p unseen row"],
            (await pipeline.RowsAsync(Names.Rejects)).Select(row => $"{row["Position"]} {row["Kind"]}").Order()
        );
    }

    [Fact]
    public async Task A_word_is_not_taken_back_when_its_finding_is_written_again()
    {
        await PutAsync(First, Second);
        await AcceptAsync(First, Second);
        await PutAsync(First, Second);
        await PutAsync(First, Second);
        Assert.Equal(
            [
                "30 rows, at least 38: accepted",
                "30 rows, at least 38: open",
                "no row of 2025, rows of 2025: accepted",
                "no row of 2025, rows of 2025: open",
            ],
            await RowsAsync()
        );
    }

    [Fact]
    public async Task Exactly_what_a_body_has_now_stays_open_of_it()
    {
        var (other, later) = (First with { Expected = "at least 40" }, First with { Seen = "31 rows" });
        await PutAsync(First, Second);
        await PutAsync(First, other, later);
        await book.CloseAsync(FakeSource.One, Body, [other], _ => true, CancellationToken.None);
        Assert.Equal(
            [
                "30 rows, at least 38: replayed",
                "30 rows, at least 40: open",
                "31 rows, at least 38: replayed",
                "no row of 2025, rows of 2025: replayed",
            ],
            await RowsAsync()
        );
    }

    [Fact]
    public async Task A_second_word_is_about_the_finding_that_is_open_again()
    {
        await PutAsync(First);
        await AcceptAsync(First);
        await PutAsync(First);
        await AcceptAsync(First);
        Assert.Equal(["30 rows, at least 38: accepted", "30 rows, at least 38: accepted"], await RowsAsync());
    }

    [Fact]
    public async Task A_body_closes_what_earlier_bodies_of_its_own_slice_left_open()
    {
        var (loaded, later) = (Body with { Vintage = Moment.AddDays(1) }, Body with { Vintage = Moment.AddDays(2) });
        await PutAsync(First);
        await book.PutAsync(RunRow.Of(later), later.Blob, [], [Second], CancellationToken.None);
        var ofOther = new RunRow(RawName.RunIdOf(Other, Moment), Other, Moment);
        await book.PutAsync(ofOther, "", [], [First with { Expected = "at least 40" }], CancellationToken.None);
        await book.CloseAsync(FakeSource.One, loaded, [], _ => true, CancellationToken.None);
        Assert.Equal(
            ["30 rows, at least 38: replayed", "30 rows, at least 40: open", "no row of 2025, rows of 2025: open"],
            await RowsAsync()
        );
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public async Task No_more_open_rejects_are_read_than_asked_for(int most, int read)
    {
        await PutAsync(First, Second);
        Assert.Equal(read, (await book.OpenAsync(FakeSource.One.Source, most, CancellationToken.None)).Count);
        Assert.Empty(await book.OpenAsync("other", most, CancellationToken.None));
    }

    [Fact]
    public async Task A_flagged_row_is_found_by_its_slice_and_its_table()
    {
        var figure = new Finding("facts p k", "5000", "about 5", "advice");
        await book.PutAsync(Run, Body.Blob, [figure, figure with { Where = "facts2 p k" }], [First], default);
        Assert.True(await book.HasFlaggedAsync(FakeSource.One, "facts", CancellationToken.None));
        Assert.False(await book.HasFlaggedAsync(FakeSource.One, "other", CancellationToken.None));
        Assert.False(await book.HasFlaggedAsync(Other, "facts", CancellationToken.None));
        Assert.Equal([("facts p k", "5000")], await FlaggedAsync(Moment));
        Assert.Empty(await FlaggedAsync(Moment.AddMonths(1)));

        async Task<List<(string Where, string Seen)>> FlaggedAsync(DateTimeOffset since)
        {
            var found = new List<(string Where, string Seen)>();
            await foreach (
                var flagged in book.ReadFlaggedAsync(FakeSource.One.Source, "facts", since, CancellationToken.None)
            )
            {
                found.Add(flagged);
            }
            return found;
        }
    }

    [Fact]
    public async Task What_is_accepted_of_a_slice_is_neither_open_nor_of_another()
    {
        await PutAsync(First, Second);
        await AcceptAsync(Second);
        Assert.Equal(
            [Second],
            (await book.AcceptedAsync(FakeSource.One, CancellationToken.None)).Select(reject => reject.Finding)
        );
        Assert.Empty(await book.AcceptedAsync(Other, CancellationToken.None));
    }

    [Fact]
    public async Task An_accept_covers_only_its_own_run_and_what_was_written_before_it()
    {
        await PutAsync(First);
        var other = new RawName(Other, Moment, "0123456789ab", "txt");
        Assert.Equal(1, await book.CoverAsync(RunRow.Of(other), CancellationToken.None));
        Assert.Null(Assert.Single(await book.OfRunAsync(Run, CancellationToken.None)).AcceptId);
        Assert.Equal(1, await book.CoverAsync(Run, CancellationToken.None));
        await PutAsync(First, Second);
        Assert.Equal(2, await book.CoverAsync(Run, CancellationToken.None));
        var rows = await book.OfRunAsync(Run, CancellationToken.None);
        Assert.Equal([1, 2], rows.OrderBy(row => row.AcceptId).Select(row => row.AcceptId));
        Assert.False(new ShownFindings(rows, 1).Contains(Second));
        Assert.True(new ShownFindings(rows, 2).Contains(First));
    }
}
