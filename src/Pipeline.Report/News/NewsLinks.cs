using Pipeline.Storage;

namespace Pipeline.Report.News;

/// <summary>The addresses that news lead to. They hold no key: their readers add their own.</summary>
/// <param name="root">The path that they begin with, <c>/api/</c> for example.</param>
internal sealed class NewsLinks(string root)
{
    /// <summary>One figure: its value, unit, basis, vintage and versions.</summary>
    public string FigureOf(string table, NewsChange change) =>
        $"{root}figure/{Escape(table)}/{Escape(change.Partition)}/{Escape(change.Row)}";

    /// <summary>The versions of the partition of a figure.</summary>
    public string HistoryOf(string table, NewsChange change) =>
        $"{root}data/{Names.History}?PartitionKey={Escape($"{table}|{change.Partition}")}";

    /// <summary>All versions that a run ended.</summary>
    public string HistoryOf(NewsItem item)
    {
        // Where there is one partition, its key: the service finds it without reading the table.
        var partition = item.Partition is { } one ? $"PartitionKey={Escape($"{item.Table}|{one}")}&" : "";
        return $"{root}data/{Names.History}?{partition}RunId={Escape(item.RunId)}";
    }

    /// <summary>The rows that a run wrote and that no later one has changed.</summary>
    public string RowsOf(NewsItem item) => $"{root}data/{Escape(item.Table)}?RunId={Escape(item.RunId)}";

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
