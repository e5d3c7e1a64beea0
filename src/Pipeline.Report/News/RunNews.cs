using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Report.Data;
using Pipeline.Runs;
using Pipeline.Storage;

namespace Pipeline.Report.News;

/// <summary>Gathers what one run did to the figures of one table.</summary>
/// <param name="table">The table.</param>
/// <param name="runId">The run.</param>
/// <param name="vintage">When its body was fetched, UTC.</param>
/// <param name="run">Its row in <c>runs</c>; null if there is none.</param>
/// <param name="info">Its dataset; null if it is unknown.</param>
internal sealed class RunNews(FactTable table, string runId, DateTimeOffset vintage, RunRow? run, DatasetInfo? info)
{
    /// <summary>The longest text of a value, in characters.</summary>
    private const int LongestValue = 200;

    private readonly List<NewsChange> changes = [];
    private readonly HashSet<string> figureColumns = [.. table.FigureColumns];
    private readonly Dictionary<string, ColumnMeanings.Column> columns = ColumnMeanings
        .Of(table)
        .ToDictionary(column => column.Name, StringComparer.Ordinal);
    private long revised;
    private long removed;
    private long outside;
    private string? partition;
    private bool hasPartitions;

    /// <summary>The table.</summary>
    public FactTable Table => table;

    /// <summary>The run.</summary>
    public string RunId => runId;

    /// <summary>When the body of the run was fetched, UTC.</summary>
    public DateTimeOffset Vintage => vintage;

    /// <summary>Adds a version that the run ended.</summary>
    /// <param name="partitionKey">The partition key of the figure.</param>
    /// <param name="rowKey">The row key of the figure.</param>
    /// <param name="version">The row of <c>history</c>.</param>
    /// <exception cref="InvalidDataException">The row cannot be understood.</exception>
    public void Add(string partitionKey, string rowKey, HistoryRow version)
    {
        var isRemoved = version.Column == HistoryRow.Removed;
        (revised, removed) = isRemoved ? (revised, removed + 1) : (revised + 1, removed);
        if (!version.InPolicy)
            outside++;
        hasPartitions |= partition is not null && partition != partitionKey;
        partition = partitionKey;
        if (changes.Count == NewsReader.MostChanges)
            return;
        var texts = HistoryChanges.Of(version);
        var unitOfRow = texts.Find(text => text.Column == table.UnitColumn);
        var values = texts
            .Where(text => !isRemoved || figureColumns.Contains(text.Column))
            .Select(text => new NewsValue(
                text.Column,
                Readable(text.Column, text.Old),
                Readable(text.Column, text.New),
                UnitOf(text.Column, unitOfRow)
            ));
        changes.Add(new NewsChange(partitionKey, rowKey, isRemoved, version.InPolicy, [.. values]));
    }

    /// <summary>What was gathered.</summary>
    public NewsItem ToItem() =>
        new(table.Name, runId, vintage)
        {
            Slice = run?.Slice,
            Dataset = info,
            Added = run?.Counts.Added ?? 0,
            // The run counts all of them, also if not all of history was read.
            Revised = Math.Max(run?.Counts.Changed ?? 0, revised),
            Removed = removed,
            Outside = outside,
            Partition = hasPartitions ? null : partition,
            Changes = changes,
        };

    /// <summary>The unit of a column: its own, that of the row where it is told, or that of the dataset.</summary>
    private string UnitOf(string column, FigureChange? unitOfRow)
    {
        if (columns.GetValueOrDefault(column)?.Unit is { Length: > 0 } unit)
            return unit;
        if (!figureColumns.Contains(column))
            return "";
        return table.UnitColumn.Length > 0 ? unitOfRow?.Old ?? "" : info?.Unit ?? "";
    }

    /// <summary>A number with commas between thousands, a text as it is, both of a printable length.</summary>
    private string Readable(string column, string text) =>
        columns.GetValueOrDefault(column)?.Type switch
        {
            "Edm.Int64" when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole) =>
                FigureCitation.Number(whole),
            "Edm.Double" when double.TryParse(text, CultureInfo.InvariantCulture, out var number) => double.IsFinite(
                number
            )
                ? FigureCitation.Number(number)
                : "",
            _ => CellText.Cut(text, LongestValue),
        };
}
