using Azure;
using Pipeline.Slices;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Tests.Slices;

/// <summary>A slice as the table <c>slices</c> holds it.</summary>
public sealed class SliceRowTests
{
    private static readonly Slice One = new("fake", "facts", "one");
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);

    private static readonly SliceRow Full = new(One)
    {
        State = SliceState.Loading,
        PlannedAt = Now,
        LastPulled = Now.AddHours(1),
        NextDue = Now.AddHours(2),
        Loaded = new LoadedBody(Body(1), new string('a', 64), 5)
        {
            InTable = 6,
            Newest = "2024-04",
            LastChanged = Now.AddHours(3),
        },
        Loading = Body(2),
        Pending = Body(3),
        HttpETag = "tag",
        LastModified = "day",
        Attempts = 2,
        LastError = "words",
        Quarantined = new QuarantinedBody(Body(4), "hash"),
        RecordedOn = Now.AddDays(-1),
    };

    private static RawName Body(int day) => new(One, Now.AddDays(day), $"{day:000000000000}", "txt");

    [Fact]
    public void A_row_is_read_as_it_was_written()
    {
        Assert.Equal(Full, SliceRow.From(Full.ToEntity()));
        Assert.Equal(new SliceRow(One), SliceRow.From(new SliceRow(One).ToEntity()));
        Assert.Equal(new ETag("3"), SliceRow.From(Full.ToEntity() with { ETag = new ETag("3") }).Version);
    }

    [Fact]
    public void A_slice_before_its_first_pull_has_empty_texts_and_no_numbers()
    {
        var entity = new SliceRow(One).ToEntity();
        Assert.Equal(("fake", "facts|one", ""), (entity.PartitionKey, entity.RowKey, entity.State));
        Assert.Equal(("", "", "", ""), (entity.LoadedBlob, entity.LoadingBlob, entity.PendingBlob, entity.Newest));
        Assert.Equal(("", null, null, null), (entity.Sha256, entity.Vintage, entity.Rows, entity.InTable));
        Assert.Equal(
            ("", "", "", ""),
            (entity.HttpETag, entity.LastModified, entity.LastError, entity.QuarantinedBlob)
        );
    }

    [Fact]
    public void A_validator_that_is_too_long_for_a_cell_is_left_out_and_an_error_is_cut()
    {
        var (fits, tooLong) = (new string('x', CellText.Limit), new string('x', CellText.Limit + 1));
        var entity = (Full with { HttpETag = tooLong, LastModified = fits, LastError = tooLong }).ToEntity();
        Assert.Equal(("", fits, fits + "…"), (entity.HttpETag, entity.LastModified, entity.LastError));
        entity = (Full with { HttpETag = fits, LastModified = tooLong }).ToEntity();
        Assert.Equal((fits, ""), (entity.HttpETag, entity.LastModified));
    }

    [Fact]
    public void The_tables_hold_rows_of_the_body_that_is_being_loaded_before_those_of_the_loaded_one()
    {
        Assert.Equal(Body(2).Vintage, Full.Vintage);
        Assert.Equal(Body(1).Vintage, (Full with { Loading = null }).Vintage);
        Assert.Null((Full with { Loading = null, Loaded = null }).Vintage);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void A_slice_that_is_due_at_every_plan_keeps_a_date_that_has_come(int hours)
    {
        var due = Now.AddHours(hours);
        Assert.Equal(hours > 0 ? null : due, (Full with { NextDue = due }).DueAtEveryPlan(Now).NextDue);
    }
}
