using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Report.Tests.News;

/// <summary>The rules find what they are there for.</summary>
public sealed class AtomRulesTests
{
    private const string Valid = """
        <feed xmlns="http://www.w3.org/2005/Atom"><title>a</title><id>urn:x:1</id>
        <updated>2026-03-01T12:00:00Z</updated><author><name>b</name></author><link rel="self" href="/feed"/>
        <entry><id>urn:x:2</id><title>c</title><updated>2026-03-01T12:00:00Z</updated><category term="t"/>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><a href="/a%7Cb">d</a></div></content></entry>
        </feed>
        """;

    [Theory]
    [InlineData("<title>c</title>", "", "entry urn:x:2: 0 title")]
    [InlineData("<id>urn:x:1</id>", "<id>x</id>", "feed: id is no absolute IRI")]
    [InlineData("<id>urn:x:1</id>", "<id>urn:x:1</id><id>urn:x:1</id>", "feed: 2 id")]
    [InlineData("<updated>2026-03-01T12:00:00Z</updated><cat", "<cat", "entry urn:x:2: 0 updated")]
    [InlineData(
        "<updated>2026-03-01T12:00:00Z</updated><cat",
        "<updated>1 March 2026</updated><cat",
        "entry urn:x:2: updated 1 March 2026"
    )]
    [InlineData("<author><name>b</name></author>", "", "feed: no author")]
    [InlineData("<name>b</name>", "<name/>", "feed: author without one name")]
    [InlineData(" rel=\"self\"", " rel=\"via\"", "feed: no link to itself")]
    [InlineData("href=\"/feed\"", "href=\"/a|b\"", "feed: href /a|b")]
    [InlineData("href=\"/a%7Cb\"", "href=\"/a|b\"", "entry urn:x:2: href /a|b")]
    [InlineData("term=\"t\"", "", "entry urn:x:2: category without term")]
    [InlineData("<title>c</title>", "<title type=\"x\">c</title>", "entry urn:x:2: type of title")]
    [InlineData("<title>c</title>", "<title><b/></title>", "entry urn:x:2: elements in title")]
    [InlineData("<title>c</title>", "<title>c</title><summary/><summary/>", "entry urn:x:2: more than one summary")]
    [InlineData("<title>c</title>", "<title>c</title><x xmlns=\"y\"/>", "entry urn:x:2: elements that are not Atom")]
    [InlineData("type=\"xhtml\">", "type=\"xhtml\">e<p/>", "entry urn:x:2: content is not one div")]
    [InlineData("d</a>", "d<x xmlns=\"y\"/></a>", "entry urn:x:2: content with elements that are not XHTML")]
    [InlineData(
        "</entry>",
        "<link href=\"/1\"/><link href=\"/2\"/></entry>",
        "entry urn:x:2: two alternates of one type"
    )]
    [InlineData("<id>urn:x:2</id>", "<id>urn:x:2</id><!-- -- -->", "not well-formed: ")]
    public void A_feed_that_breaks_a_rule_is_told(string part, string wrong, string fault)
    {
        Assert.Equal([], AtomRules.Faults(Encoding.UTF8.GetBytes(Valid)));
        Assert.Contains(part, Valid, StringComparison.Ordinal);
        var feed = Valid.Replace(part, wrong, StringComparison.Ordinal);
        Assert.Contains(AtomRules.Faults(Encoding.UTF8.GetBytes(feed)), told =>
            told.StartsWith(fault, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Two_entries_with_one_id_and_an_entry_without_content_or_alternate_are_told()
    {
        const string Entry =
            "<entry><id>urn:x:2</id><title>c</title><updated>2026-03-01T12:00:00Z</updated></entry></feed>";
        var feed = Valid.Replace("</feed>", Entry, StringComparison.Ordinal);
        Assert.Equal(
            ["entry urn:x:2: neither content nor alternate", "id urn:x:2: 2 entries"],
            AtomRules.Faults(Encoding.UTF8.GetBytes(feed))
        );
    }
}
