using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Storage;

namespace Pipeline.Report.News;

/// <summary>
/// Reads which runs added, revised or removed figures lately. The tables are read again when a source was brought up to
/// date, and at midnight, when the window moves.
/// </summary>
public sealed class NewsReader(
    TableSet stored,
    RunBook runs,
    SourceCatalog sources,
    RevisionReader revisions,
    Exporter exporter
) : IDisposable
{
    /// <summary>The most news of a table that are kept, and the most of a feed.</summary>
    public const int MostItems = 50;

    /// <summary>The most changes of an item that are listed.</summary>
    public const int MostChanges = 20;

    private readonly SemaphoreSlim one = new(1);
    private (string Key, NewsList News)? last;

    /// <summary>The most rows of <c>history</c> that are read, see <see cref="RevisionReader.MostRead"/>.</summary>
    internal int MostRead { get; init; } = RevisionReader.MostRead;

    /// <summary>The news of the last 90 days, at most <see cref="MostItems"/>.</summary>
    /// <param name="table">A fact table; null for all.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidDataException">A row of <c>history</c> or <c>runs</c> cannot be understood.</exception>
    public async Task<NewsList> ReadAsync(string? table, CancellationToken cancellationToken)
    {
        var news = await AllAsync(cancellationToken);
        return news with
        {
            Items = [.. news.Items.Where(item => table is null || item.Table == table).Take(MostItems)],
        };
    }

    /// <summary>The newest of each table.</summary>
    private async Task<NewsList> AllAsync(CancellationToken cancellationToken)
    {
        // One reader at a time: many feed readers that ask at the same hour cost one reading of the tables.
        await one.WaitAsync(cancellationToken);
        try
        {
            // Read first: what changes from here on makes the key an old one.
            var marks = await exporter.MarksAsync(cancellationToken);
            var lines = marks
                .OrderBy(mark => mark.Key, StringComparer.Ordinal)
                .Select(mark => $"{mark.Key} {mark.Value}");
            var since = revisions.Since;
            var key = $"{since:yyyy-MM-dd}\n{string.Join('\n', lines)}";
            if (last is { } known && known.Key == key)
                return known.News;
            var news = await FreshAsync(since, cancellationToken);
            last = (key, news);
            return news;
        }
        finally
        {
            one.Release();
        }
    }

    private async Task<NewsList> FreshAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var ledger = await RunsAsync(since, cancellationToken);
        var facts = sources
            .All.SelectMany(source => source.AllDatasets)
            .Select(dataset => dataset.Info.Table)
            .DistinctBy(table => table.Name, StringComparer.Ordinal)
            .ToDictionary(table => table.Name, StringComparer.Ordinal);
        var found = new Dictionary<(string Table, string RunId), RunNews>();
        foreach (var run in ledger.Values.Where(run => run.State == RunState.Done && run.Vintage >= since))
        {
            if ((run.Counts.Added > 0 || run.Counts.Changed > 0) && sources.Find(run.Slice)?.Info is { } info)
                found.Add((info.Table.Name, run.RunId), new RunNews(info.Table, run.RunId, run.Vintage, run, info));
        }
        var filter = TableClient.CreateQueryFilter($"ValidTo ge {since}");
        var (read, isPart) = (0, false);
        await foreach (var row in stored.QueryIfExistsAsync<HistoryRow>(Names.History, filter, cancellationToken))
        {
            if (isPart = read++ == MostRead)
                break;
            if (RevisionReader.FigureOf(row) is not { } figure || !facts.TryGetValue(figure.Table, out var table))
                continue;
            var run = ledger.GetValueOrDefault(row.RunId);
            // The numbers of a run grow until it is done; it is no news before that.
            if (run?.State.IsUnderWay() == true)
                continue;
            if (!found.TryGetValue((figure.Table, row.RunId), out var item))
            {
                var info = run is null ? null : sources.Find(run.Slice)?.Info;
                item = new RunNews(table, row.RunId, run?.Vintage ?? row.ValidTo, run, info);
                found.Add((figure.Table, row.RunId), item);
            }
            item.Add(figure.Partition, figure.Row, row);
        }
        var kept = found
            .Values.Where(item => item.Vintage >= since)
            .GroupBy(item => item.Table.Name)
            .SelectMany(table => NewestFirst(table).Take(MostItems));
        return new NewsList(since, isPart, [.. NewestFirst(kept).Select(item => item.ToItem())]);
    }

    private static IOrderedEnumerable<RunNews> NewestFirst(IEnumerable<RunNews> items) =>
        items
            .OrderByDescending(item => item.Vintage)
            .ThenBy(item => item.Table.Name, StringComparer.Ordinal)
            .ThenBy(item => item.RunId, StringComparer.Ordinal);

    /// <summary>The runs of all sources that ended lately, by their ids.</summary>
    private async Task<Dictionary<string, RunRow>> RunsAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, RunRow>(StringComparer.Ordinal);
        foreach (var source in sources.All)
        {
            foreach (var run in await runs.RecentAsync(source.Name, since, cancellationToken))
                all[run.RunId] = run;
        }
        return all;
    }

    /// <inheritdoc/>
    public void Dispose() => one.Dispose();
}
