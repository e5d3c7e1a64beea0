using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Tests.Runs;

/// <summary>A run as the table <c>runs</c> holds it.</summary>
public sealed class RunRowTests
{
    private static readonly Slice One = new("fake", "facts", "one");
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

    private static readonly RunRow Full = new("run", One, Now)
    {
        Step = "normalize",
        State = RunState.Loading,
        StartedAt = Now,
        EndedAt = Now.AddHours(1),
        Counts = new RowCounts(21, 1, 2, 3, 4, 5, 6),
        Bytes = 7,
        Error = "error",
        Notes = "notes",
    };

    [Fact]
    public void A_run_is_read_as_it_was_written()
    {
        Assert.Equal(Full, RunRow.From(Full.ToEntity()));
        var bare = RunRow.Of(new RawName(One, Now, "0123456789ab", "txt"));
        Assert.Equal(bare, RunRow.From(bare.ToEntity()));
        Assert.Equal(("", "", ""), (bare.Step, bare.Error, bare.Notes));
    }

    [Fact]
    public void A_newer_run_comes_first_in_its_month()
    {
        Assert.Equal("fake|2024-05", Full.PartitionKey);
        Assert.Equal("2516873215109999999|run", Full.RowKey);
        var newer = Full with { Vintage = Now.AddSeconds(1) };
        Assert.True(string.CompareOrdinal(newer.RowKey, Full.RowKey) < 0);
    }

    [Fact]
    public void A_row_that_no_run_wrote_is_refused_with_its_place()
    {
        var entity = Full.ToEntity();
        var place = $"runs {Full.PartitionKey} {Full.RowKey}, column ";
        Assert.Equal(
            place + "Slice: seen \"fake\", expected source/dataset/key",
            Assert.Throws<InvalidDataException>(() => RunRow.From(entity with { Slice = "fake" })).Message
        );
        Assert.Equal(
            place
                + "State: seen \"Ready\", expected one of Pulled, Loading, Loaded, Done, Unchanged, Superseded, "
                + "NotPublished, Missing, Empty, Split, Quarantined, PullFailed, StepFailed",
            Assert.Throws<InvalidDataException>(() => RunRow.From(entity with { State = "Ready" })).Message
        );
    }

    [Fact]
    public void Runs_that_differ_in_their_texts_alone_are_the_same()
    {
        Assert.True(Full.IsSame(Full with { Error = "", Notes = "" }));
        Assert.False(Full.IsSame(Full with { Bytes = 8 }));
        Assert.False(Full.IsSame(Full with { State = RunState.Loaded }));
    }

    [Fact]
    public void Counts_add_up_when_every_row_read_is_in_one_of_the_others()
    {
        Assert.True(Full.Counts.AddUp);
        Assert.False((Full.Counts with { Read = 20 }).AddUp);
        Assert.Equal(
            new RowCounts(31, 11, 12, 13, 14, 15, 16),
            Full.Counts + new RowCounts(10, 10, 10, 10, 10, 10, 10)
        );
    }
}
