using Pipeline.Issues;
using Pipeline.Report.Data;

namespace Pipeline.Report.News;

/// <summary>Answers requests for the feed of news.</summary>
public sealed class NewsFeed(DataTables tables, NewsReader news)
{
    /// <summary>The parameter that names a table of figures.</summary>
    public const string Table = "table";

    /// <summary>What the Functions host reads of a query, for itself.</summary>
    private static readonly string[] OfTheHost = ["code", "clientid"];

    /// <summary>The feed as bytes of UTF-8, see <see cref="AtomFeed"/>.</summary>
    /// <param name="parameters">The parameters of the address.</param>
    /// <param name="path">The path of the address. The links begin with all of it but its last part.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataRefusedException">There is no such table, or a parameter is wrong.</exception>
    /// <exception cref="InvalidDataException">A row of <c>history</c> or <c>runs</c> cannot be understood.</exception>
    public async Task<byte[]> WriteAsync(
        IEnumerable<KeyValuePair<string, string>> parameters,
        string path,
        CancellationToken cancellationToken
    )
    {
        var table = TableOf(parameters);
        var root = path[..(path.LastIndexOf('/') + 1)];
        return AtomFeed.Write(await news.ReadAsync(table, cancellationToken), table, root);
    }

    /// <summary>The table that a request names; null if it names none.</summary>
    private string? TableOf(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        string? table = null;
        foreach (var (name, value) in parameters)
        {
            if (OfTheHost.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            if (name != Table)
                throw Refuse("parameters", Finding.Quote(name), $"{Table}, or none", "correct the name");
            if (table is not null)
                throw Refuse($"parameter {Table}", "two values", "one", "leave one of them out");
            table = tables.Facts(value).Name;
        }
        return table;
    }

    private static DataRefusedException Refuse(string where, string seen, string expected, string advice) =>
        new(new Finding(where, seen, expected, advice));
}
