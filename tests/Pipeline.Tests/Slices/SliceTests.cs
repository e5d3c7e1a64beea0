using Pipeline.Slices;
using Xunit;

namespace Pipeline.Tests.Slices;

/// <summary>The written form of a slice, which stands in messages, paths of blobs and addresses of replays.</summary>
public sealed class SliceTests
{
    [Theory]
    [InlineData("census-trade/exports-hs2/4621-2019")]
    [InlineData("a/b/0")]
    public void A_slice_is_read_as_it_is_written(string text)
    {
        Assert.True(Slice.TryParse(text, out var slice));
        Assert.Equal(text, slice.Id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a/b/")]
    [InlineData("/b/c")]
    [InlineData("a//c")]
    [InlineData("a/b/c/d")]
    [InlineData("a/b/c/")]
    [InlineData("A/b/c")]
    [InlineData("a/b.c/d")]
    [InlineData("a/../c")]
    [InlineData("a/b_/c")]
    [InlineData("a/b/c ")]
    [InlineData("a/b/c'")]
    [InlineData("a/é/c")]
    [InlineData("a/b/٣")]
    public void A_text_that_has_not_three_parts_of_small_letters_digits_and_hyphens_is_none(string? text) =>
        Assert.False(Slice.TryParse(text, out _));

    [Theory]
    [InlineData(200, true)]
    [InlineData(201, false)]
    public void No_slice_is_longer_than_200_characters(int length, bool fits) =>
        Assert.Equal(fits, Slice.TryParse("a/b/" + new string('c', length - 4), out _));
}
