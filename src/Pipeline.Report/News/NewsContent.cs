using System.Xml.Linq;

namespace Pipeline.Report.News;

/// <summary>Writes the changes of news as XHTML.</summary>
internal static class NewsContent
{
    private static readonly XNamespace Xhtml = "http://www.w3.org/1999/xhtml";

    /// <summary>A division, as RFC 4287, section 3.1.1.3 wants it: the changes with links to their figures.</summary>
    /// <param name="item">The news.</param>
    /// <param name="root">The path that links begin with.</param>
    public static string Of(NewsItem item, string root)
    {
        var links = new NewsLinks(root);
        var all = item.Revised + item.Removed;
        var division = new XElement(Xhtml + "div", Paragraph(NewsText.SummaryOf(item)));
        if (item.Changes.Count > 0)
        {
            var rows = item.Changes.Select(change => LineOf(item, change, links));
            division.Add(new XElement(Xhtml + "ul", rows));
        }
        if (all > item.Changes.Count)
        {
            var more = all - item.Changes.Count;
            var text = $"{NewsText.Whole(more)} more {(more == 1 ? "change is" : "changes are")} not listed here: ";
            division.Add(Paragraph(text, Anchor(links.HistoryOf(item), "all changes of the run")));
        }
        if (item.Added > 0)
            division.Add(Paragraph("Added figures are among ", Anchor(links.RowsOf(item), "the rows of the run")));
        return division.ToString(SaveOptions.DisableFormatting);
    }

    private static XElement LineOf(NewsItem item, NewsChange change, NewsLinks links)
    {
        var key = $"{change.Partition} {change.Row}";
        var values = string.Join(", ", change.Values.Select(value => NewsText.LineOf(value, change.IsRemoved)));
        // A figure that was removed has no address; its versions have.
        var link = change.IsRemoved ? links.HistoryOf(item.Table, change) : links.FigureOf(item.Table, change);
        var policy = change.InPolicy ? "inside" : "outside";
        return new XElement(
            Xhtml + "li",
            Anchor(link, key),
            Text($" {(change.IsRemoved ? "removed; " : "")}{values} ({policy} the publisher's revision policy)")
        );
    }

    private static XElement Paragraph(string text, params object[] more) => new(Xhtml + "p", Text(text), more);

    private static XElement Anchor(string address, string text) =>
        new(Xhtml + "a", new XAttribute("href", address), Text(text));

    private static XText Text(string text) => new(NewsText.Clean(text));
}
