using Pipeline.Sources.Formats;
using Xunit;

namespace Pipeline.Sources.Tests.Formats;

public sealed class UnusedRowsTests
{
    private static UnusedRows Of(params long[] values)
    {
        var rows = new UnusedRows();
        foreach (var value in values)
            rows.Add(value, null);
        return rows;
    }

    [Fact]
    public void A_row_that_belongs_nowhere_yet_explains_one_sum_only()
    {
        var others = Of(50);
        Assert.True(UnusedRows.Explain(50, null, others));
        Assert.False(UnusedRows.Explain(50, null, others));
        Assert.True(UnusedRows.Explain(50, null, others.Copy()));
    }

    [Fact]
    public void Of_several_ways_the_one_with_the_fewest_other_rows_is_meant()
    {
        var others = Of(60, 40, 100);
        Assert.True(UnusedRows.Explain(100, null, others));
        Assert.True(UnusedRows.Explain(100, null, others));
        Assert.False(UnusedRows.Explain(100, null, others));
        others = Of(100);
        Assert.True(UnusedRows.Explain(100, Of(100), others));
        Assert.True(UnusedRows.Explain(100, null, others));
    }

    [Fact]
    public void Of_many_rows_no_more_is_taken_than_a_sum_lacks()
    {
        var others = Of([.. Enumerable.Repeat(10L, 20)]);
        Assert.True(UnusedRows.Explain(100, null, others));
        Assert.True(UnusedRows.Explain(100, null, others));
        Assert.False(UnusedRows.Explain(10, null, others));
        Assert.False(UnusedRows.Explain(-10, null, Of([.. Enumerable.Repeat(10L, 20)])));
    }

    [Fact]
    public void A_row_that_two_lists_have_is_taken_in_both()
    {
        var unplaced = Of(50);
        Assert.True(UnusedRows.Explain(57, null, unplaced.With(Of(7))));
        Assert.False(UnusedRows.Explain(50, null, unplaced));
    }

    [Theory]
    [InlineData(true, 30, true)]
    [InlineData(true, -30, true)]
    [InlineData(false, 30, true)]
    [InlineData(false, -30, false)]
    public void A_bound_says_nothing_of_a_sum_that_is_too_large_where_no_figure_is_negative(
        bool canBeNegative,
        int difference,
        bool expected
    )
    {
        var own = new UnusedRows(canBeNegative);
        own.Add(null, 40);
        Assert.Equal(expected, UnusedRows.Explain(difference, own, null));
        Assert.False(UnusedRows.Explain(41 * Math.Sign(difference), own, null));
        Assert.Equal(" without 1 row that was not understood", UnusedRows.InWords(own, null));
    }
}
