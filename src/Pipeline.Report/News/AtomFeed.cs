using System.Security.Cryptography;
using System.ServiceModel.Syndication;
using System.Text;
using System.Xml;

namespace Pipeline.Report.News;

/// <summary>Writes news as a feed, Atom 1.0 (RFC 4287).</summary>
public static class AtomFeed
{
    /// <summary>The media type of a feed.</summary>
    public const string MediaType = "application/atom+xml";

    /// <summary>The last part of the feed's address.</summary>
    public const string Name = "feed.atom";

    private const string Author = "Trade pipeline";

    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        Indent = true,
        NewLineChars = "\n",
    };

    /// <summary>Writes a feed. It depends on its parameters alone, and holds no key and no host.</summary>
    /// <param name="news">The news, the newest first.</param>
    /// <param name="table">The table that the news are about; null if they are about all.</param>
    /// <param name="root">The path of the addresses that the links begin with, <c>/api/</c> for example.</param>
    public static byte[] Write(NewsList news, string? table, string root)
    {
        var about = table is null ? "figures" : table;
        var feed = new SyndicationFeed
        {
            Id = IdOf("feed", table ?? ""),
            Title = new TextSyndicationContent($"{Author}: news of {about}"),
            Description = new TextSyndicationContent(
                $"Runs that added, revised or removed {about} since {Day(news.Since)}, the newest first, at most "
                    + $"{NewsReader.MostItems}."
                    + (news.IsPart ? " Only a part of the history was read: numbers of older runs may be too low." : "")
            ),
            // A feed must have a time, also without news. That of the request would change with every request.
            LastUpdatedTime = news.Items.Count > 0 ? news.Items[0].Vintage : news.Since,
            Items = news.Items.Select(item => Entry(item, root)),
        };
        feed.Authors.Add(new SyndicationPerson { Name = Author });
        var self = table is null ? Name : $"{Name}?{NewsFeed.Table}={Uri.EscapeDataString(table)}";
        feed.Links.Add(Link("self", root + self, MediaType, "This feed"));
        feed.Links.Add(Link("alternate", root + "report", "text/html", "The report"));
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, Settings))
            feed.GetAtom10Formatter().WriteTo(xml);
        return bytes.ToArray();
    }

    private static SyndicationItem Entry(NewsItem item, string root)
    {
        var entry = new SyndicationItem
        {
            Id = IdOf(item.Table, item.RunId),
            Title = new TextSyndicationContent(NewsText.Clean(NewsText.TitleOf(item))),
            Summary = new TextSyndicationContent(NewsText.Clean(NewsText.SummaryOf(item))),
            LastUpdatedTime = item.Vintage,
            Content = new TextSyndicationContent(NewsContent.Of(item, root), TextSyndicationContentKind.XHtml),
        };
        entry.Categories.Add(new SyndicationCategory(item.Table));
        var links = new NewsLinks(root);
        var isChange = item.Revised + item.Removed > 0;
        if (isChange)
            entry.Links.Add(Link("alternate", links.HistoryOf(item), "application/json", "What changed"));
        if (item.Added > 0)
        {
            var rows = links.RowsOf(item);
            entry.Links.Add(Link(isChange ? "related" : "alternate", rows, "application/json", "Rows of the run"));
        }
        return entry;
    }

    private static SyndicationLink Link(string relation, string address, string mediaType, string title) =>
        // Relative: an absolute address would need the host, which a proxy may hide.
        new(new Uri(address, UriKind.Relative), relation, title, mediaType, length: 0);

    /// <summary>A day, UTC.</summary>
    internal static string Day(DateTimeOffset moment) => $"{moment.UtcDateTime:yyyy-MM-dd}";

    /// <summary>
    /// The same name for the same table and run on every host: a UUID of version 8, made of SHA-256 as RFC 9562,
    /// appendix B.2 does.
    /// </summary>
    private static string IdOf(string table, string run)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{table}\n{run}")).AsSpan(0, 16);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return $"urn:uuid:{new Guid(hash, bigEndian: true)}";
    }
}
