using Pipeline.Testing;
using Xunit;

namespace Pipeline.Faults;

public sealed class ShareTests
{
    private static readonly Share[] Tenths =
    [
        .. Enumerable.Range(1, Share.Parts).Select(part => Share.Parse($"{part}")),
    ];

    [Theory]
    [InlineData("a proof")]
    [InlineData("another")]
    [InlineData("")]
    public void Ten_tenths_are_the_full_length(string proof)
    {
        Assert.Equal(Enumerable.Range(3, 95), Tenths.SelectMany(share => share.Of(proof, 3, 95)).Order());
        Assert.All(Tenths, share => Assert.InRange(share.Of(proof, 3, 95).Count, 9, 10));
        Assert.Equal(Enumerable.Range(3, 95), Share.Parse("full").Of(proof, 3, 95));
        Assert.Equal(Tenths[0].Of(proof, 0, 100), Share.Parse(null).Of(proof, 0, 100));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("11")]
    [InlineData("Full")]
    [InlineData("1 ")]
    public void Another_length_is_refused(string text) =>
        Assert.Equal(
            $"FAULTS_LENGTH: seen \"{text}\", expected full, or 1 to 10 for one tenth of the cases; unset it to run "
                + "the first tenth",
            Assert.Throws<FormatException>(() => Share.Parse(text)).Message
        );
}
