using Pipeline.Runs;
using Pipeline.Slices;
using Xunit;

namespace Pipeline.Report.Tests;

/// <summary>What the report asks an operator to look at, word for word.</summary>
public sealed class AttentionTests
{
    private static readonly DateTimeOffset Day = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DatasetStatus Fresh = new(
        "exports-total",
        "",
        "",
        "",
        "",
        "trademonthly",
        3,
        10,
        0,
        Day,
        Day,
        null,
        0
    );
    private static readonly LastRun Run = new(Day, Day, 3, new Dictionary<string, int>(), 0, default, true, []);
    private static readonly SourceStatus Source = new("census-trade", [Fresh], Run, [], []);
    private static readonly RejectStatus NoRejects = new(0, [], 0, []);
    private static readonly RevisionStatus NoRevisions = new(Day, 0, false, 0, 0, []);

    [Fact]
    public void All_is_well_when_every_source_is_fresh_and_nothing_lies_about() => Assert.Empty(Of(Source));

    [Fact]
    public void A_source_that_is_switched_off_is_left_alone() =>
        Assert.Empty(Of(Source with { Datasets = [], LastRun = null }));

    [Fact]
    public void A_source_that_never_ran_says_how_to_start_it() =>
        Assert.Equal(
            ["census-trade has never been run: start its Plan function, or wait for its timer"],
            Of(Source with { LastRun = null })
        );

    [Theory]
    [InlineData(1, "census-trade/exports-total: 1 slice failed; the reason is in slices, LastError")]
    [InlineData(2, "census-trade/exports-total: 2 slices failed; the reason is in slices, LastError")]
    public void Slices_that_failed_are_counted(int failed, string line) =>
        Assert.Equal([line], Of(Source with { Datasets = [Fresh with { Failed = failed }] }));

    [Fact]
    public void A_dataset_is_late_after_the_time_that_a_pull_may_take()
    {
        Assert.Empty(Of(Source with { Datasets = [Fresh with { OverdueHours = Lateness.ToleratedHours }] }));
        Assert.Equal(
            ["census-trade/exports-total is 7 hours late: see whether its Plan function runs and its queue empties"],
            Of(Source with { Datasets = [Fresh with { OverdueHours = Lateness.ToleratedHours + 1 }] })
        );
    }

    [Fact]
    public void A_ledger_that_does_not_add_up_is_said() =>
        Assert.Equal(
            ["census-trade: the rows of the last run do not add up; see runs"],
            Of(Source with { LastRun = Run with { Counts = new RowCounts(2, 1, 0, 0, 0, 0, 0), AddUp = false } })
        );

    [Fact]
    public void Dead_letters_rejects_and_odd_revisions_are_counted_with_the_place_to_look_at()
    {
        Assert.Equal(
            ["1 message of the queue pull given up, in pull-poison"],
            Attention.Of([Source], [new("pull", 4, 1), new("publish", 0, 0)], NoRejects, NoRevisions)
        );
        Assert.Equal(
            ["3 open rejects; see rejects"],
            Attention.Of([Source], [], NoRejects with { Open = 3, Causes = 3 }, NoRevisions)
        );
        Assert.Equal(
            ["20000 open rejects of 1 cause; see rejects", "2 dead letters; see rejects"],
            Attention.Of(
                [Source],
                [],
                NoRejects with
                {
                    Open = 20_002,
                    Causes = 1,
                    DeadLetters = [new("a", "b", "c", "d"), new("e", "f", "g", "h")],
                },
                NoRevisions
            )
        );
        Assert.Equal(
            ["2 rows of history that this program has not written: remove them, or whatever wrote them"],
            Attention.Of([Source], [], NoRejects, NoRevisions with { Odd = 2 })
        );
        Assert.Equal(
            ["1 figure changed outside the publisher's revision window since 2026-03-01; see history, InPolicy"],
            Attention.Of([Source], [], NoRejects, NoRevisions with { Total = 5, OutOfPolicy = 1 })
        );
    }

    [Fact]
    public void A_slice_that_is_late_is_said_and_has_not_failed() =>
        Assert.Equal(
            ["census-trade/exports-total/2026 is late: …"],
            Of(Source with { Late = ["census-trade/exports-total/2026 is late: …"] })
        );

    private static IEnumerable<string> Of(SourceStatus source) =>
        Attention.Of([source], [new("pull", 0, 0)], NoRejects, NoRevisions);
}
