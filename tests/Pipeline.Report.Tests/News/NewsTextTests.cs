using Pipeline.Report.News;
using Xunit;

namespace Pipeline.Report.Tests.News;

/// <summary>What XML cannot hold is replaced, and nothing else.</summary>
public sealed class NewsTextTests
{
    [Theory]
    [InlineData("<b> & \"c\" ]]> é \t\n\r", "<b> & \"c\" ]]> é \t\n\r")]
    [InlineData("\0\u0001\u0008\u000B\u001F", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD")]
    [InlineData("\uFFFE\uFFFF", "\uFFFD\uFFFD")]
    [InlineData("\U0001D518\u202E\u0085", "\U0001D518\u202E\u0085")]
    public void A_text_is_one_that_XML_can_hold(string text, string clean) => Assert.Equal(clean, NewsText.Clean(text));

    [Fact]
    public void Halves_of_surrogate_pairs_are_replaced() =>
        // Attributes cannot hold them.
        Assert.Equal("a\uFFFDb\uFFFD", NewsText.Clean("a\uD800b\uDC00"));
}
