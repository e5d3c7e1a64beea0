using System.Globalization;
using System.ServiceModel.Syndication;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Pipeline.Testing;

/// <summary>What RFC 4287 demands of a feed and its entries.</summary>
internal static class AtomRules
{
    public static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    public static readonly XNamespace Xhtml = "http://www.w3.org/1999/xhtml";

    private static readonly string[] Once = ["id", "title", "updated"];

    private static readonly string[] AtMostOnce =
    [
        "content",
        "generator",
        "icon",
        "logo",
        "rights",
        "subtitle",
        "summary",
    ];

    private static readonly string[] Texts = ["title", "subtitle", "summary", "rights"];

    /// <summary>Reads a feed as strictly as XML and the library's reader do.</summary>
    public static SyndicationFeed Read(byte[] feed)
    {
        using var xml = XmlReader.Create(new MemoryStream(feed), Strict);
        var formatter = new Atom10FeedFormatter();
        formatter.ReadFrom(xml);
        return formatter.Feed;
    }

    /// <summary>Where a feed breaks a rule, a line each; none if it is valid.</summary>
    public static IReadOnlyList<string> Faults(byte[] feed)
    {
        XElement root;
        try
        {
            using var xml = XmlReader.Create(new MemoryStream(feed), Strict);
            root = XDocument.Load(xml).Root!;
        }
        catch (XmlException e)
        {
            return [$"not well-formed: {e.Message}"];
        }
        if (root.Name != Atom + "feed")
            return [$"root {root.Name}"];
        var entries = root.Elements(Atom + "entry").ToList();
        var faults = new List<string>(Common(root, "feed"));
        foreach (var entry in entries)
            faults.AddRange(Common(entry, $"entry {entry.Element(Atom + "id")?.Value}").Concat(OfEntry(entry)));
        foreach (var id in entries.GroupBy(entry => entry.Element(Atom + "id")?.Value).Where(id => id.Count() > 1))
            faults.Add($"id {id.Key}: {id.Count()} entries");
        // 4.1.1: an author of the feed, or of each entry.
        if (root.Element(Atom + "author") is null && entries.Exists(entry => entry.Element(Atom + "author") is null))
            faults.Add("feed: no author");
        if (!root.Elements(Atom + "link").Any(link => (string?)link.Attribute("rel") == "self"))
            faults.Add("feed: no link to itself");
        return faults;
    }

    private static XmlReaderSettings Strict => new() { DtdProcessing = DtdProcessing.Prohibit, CheckCharacters = true };

    private static IEnumerable<string> Common(XElement element, string where)
    {
        foreach (var name in Once.Where(name => element.Elements(Atom + name).Count() != 1))
            yield return $"{where}: {element.Elements(Atom + name).Count()} {name}";
        foreach (var name in AtMostOnce.Where(name => element.Elements(Atom + name).Count() > 1))
            yield return $"{where}: more than one {name}";
        // 4.2.6: an IRI, which is absolute.
        if (!Uri.TryCreate(element.Element(Atom + "id")?.Value, UriKind.Absolute, out _))
            yield return $"{where}: id is no absolute IRI";
        // 3.3: RFC 3339, with an upper-case T and Z.
        if (element.Element(Atom + "updated") is { } updated && !IsTime(updated.Value))
            yield return $"{where}: updated {updated.Value}";
        foreach (var author in element.Elements(Atom + "author"))
        {
            if (author.Elements(Atom + "name").Count() != 1 || author.Element(Atom + "name")!.Value.Length == 0)
                yield return $"{where}: author without one name";
        }
        foreach (var text in element.Elements().Where(text => Texts.Contains(text.Name.LocalName)))
        {
            if ((string?)text.Attribute("type") is not (null or "text" or "html" or "xhtml"))
                yield return $"{where}: type of {text.Name.LocalName}";
            if ((string?)text.Attribute("type") is null or "text" && text.HasElements)
                yield return $"{where}: elements in {text.Name.LocalName}";
        }
        foreach (var link in element.Elements(Atom + "link"))
        {
            // Relative ones are allowed: 3, RFC 3987 of a reference; a space or a bar is not.
            if (!Uri.IsWellFormedUriString((string?)link.Attribute("href") ?? "", UriKind.RelativeOrAbsolute))
                yield return $"{where}: href {(string?)link.Attribute("href")}";
        }
        // 4.1.1 and 4.1.2: alternates differ in type or language.
        var alternates = element
            .Elements(Atom + "link")
            .Where(link => ((string?)link.Attribute("rel") ?? "alternate") == "alternate")
            .GroupBy(link => ((string?)link.Attribute("type"), (string?)link.Attribute("hreflang")));
        if (alternates.Any(same => same.Count() > 1))
            yield return $"{where}: two alternates of one type";
        if (
            element
                .Elements(Atom + "category")
                .Any(category => string.IsNullOrEmpty((string?)category.Attribute("term")))
        )
        {
            yield return $"{where}: category without term";
        }
    }

    private static IEnumerable<string> OfEntry(XElement entry)
    {
        var where = $"entry {entry.Element(Atom + "id")?.Value}";
        var content = entry.Element(Atom + "content");
        if (
            content is null
            && !entry.Elements(Atom + "link").Any(link => (string?)link.Attribute("rel") == "alternate")
        )
        {
            yield return $"{where}: neither content nor alternate";
        }
        // 4.1.3.3: one division, which is no part of the content.
        if ((string?)content?.Attribute("type") == "xhtml")
        {
            if (content.Elements().Count() != 1 || content.Element(Xhtml + "div") is null)
                yield return $"{where}: content is not one div";
            var hrefs = content.Descendants(Xhtml + "a").Select(anchor => (string?)anchor.Attribute("href") ?? "");
            foreach (var href in hrefs.Where(href => !Uri.IsWellFormedUriString(href, UriKind.RelativeOrAbsolute)))
                yield return $"{where}: href {href}";
            if (content.Descendants().Any(element => element.Name.Namespace != Xhtml))
                yield return $"{where}: content with elements that are not XHTML";
        }
        if (entry.Elements().Any(element => element.Name.Namespace != Atom))
            yield return $"{where}: elements that are not Atom";
    }

    private static bool IsTime(string text) =>
        DateTimeOffset.TryParseExact(
            text,
            (string[])["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"],
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out _
        );

    /// <summary>The text of a feed.</summary>
    public static string TextOf(byte[] feed) => Encoding.UTF8.GetString(feed);

    /// <summary>The lines of the content of an entry.</summary>
    public static IReadOnlyList<string> LinesOf(SyndicationItem entry) =>
        [.. DivisionOf(entry).Descendants(Xhtml + "li").Select(line => line.Value)];

    /// <summary>The addresses in the content of an entry.</summary>
    public static IReadOnlyList<string> AddressesOf(SyndicationItem entry) =>
        [.. DivisionOf(entry).Descendants(Xhtml + "a").Select(anchor => anchor.Attribute("href")!.Value)];

    private static XElement DivisionOf(SyndicationItem entry) =>
        XElement.Parse(((TextSyndicationContent)entry.Content).Text);
}
