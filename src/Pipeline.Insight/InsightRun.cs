using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Insight.Claims;
using Pipeline.Insight.Dimensions;
using Pipeline.Insight.Indicators;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Storage;

namespace Pipeline.Insight;

/// <summary>
/// Brings the tables <c>indicators</c> and <c>claims</c> and the dimensions <c>partners</c>, <c>commodities</c> and
/// <c>periods</c> up to date with the facts of a source. Only differences are written, so that a second run writes
/// nothing; several runs at once, in any number of processes, end with the newest facts.
/// </summary>
public sealed class InsightRun(
    IOptions<CensusOptions> census,
    ClaimBook claims,
    TableSet tables,
    FactStore facts,
    ILogger<InsightRun> logger
) : IDerivedTables
{
    /// <summary>How often everything is read and computed again when others write at the same time.</summary>
    private const int MaxConflicts = 20;

    /// <summary>The most lines about figures that were left out.</summary>
    private const int MaxNotes = 20;

    private readonly IReadOnlyList<IndicatorFamily> families =
    [
        new TradeFamily(census.Value.Partners),
        new PartnerRankFamily(),
        new FdiFamily(),
        new FdiSourcesFamily(),
        new HoldersFamily(),
        new OfzFamily(),
    ];

    private readonly IReadOnlyList<ExportTable> exported =
    [
        ExportTable.Of(Names.Indicators, typeof(IndicatorRow)) with
        {
            Title = "Figures computed from the facts",
        },
        ExportTable.Of(Names.Claims, typeof(ClaimRow)) with
        {
            Title = "Published statements and what the facts say about them",
        },
        Dimension<PartnerRow>(Names.Partners, "Partners, economies and holders with their codes in all lists"),
        Dimension<CommodityRow>(Names.Commodities, "Commodities of the Harmonized System"),
        Dimension<PeriodRow>(Names.Periods, "Months, quarters and years that facts cover"),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<ExportTable> TablesOf(string source) =>
        families.Any(family => family.Source == source) ? exported : [];

    /// <inheritdoc/>
    public string Fingerprint { get; } =
        $"{claims.Fingerprint} {(census.Value.Partners is { } partners ? string.Join(',', partners) : "*")}";

    /// <summary>
    /// Computes what depends on a source. Facts that change while it runs are for the run that follows their
    /// change.
    /// </summary>
    /// <param name="source">The source, for example <c>census-trade</c>; one without indicators has nothing to
    /// do.</param>
    /// <param name="cancellationToken">Stops the run; what was written is right, and the next run completes it.</param>
    /// <returns>How many rows were written.</returns>
    public async Task<InsightCounts> RunAsync(string source, CancellationToken cancellationToken)
    {
        var mine = families.Where(family => family.Source == source).ToList();
        if (mine.Count == 0)
            return default;
        var counts =
            await AgainAsync(() => IndicatorsAsync(mine, cancellationToken))
            + await AgainAsync(() => ClaimsAsync(cancellationToken))
            + await AgainAsync(() => DimensionsAsync(cancellationToken));
        if (counts != default)
        {
            logger.LogInformation(
                "{Source}: indicators, claims and dimensions: {Added} added, {Changed} changed, {Removed} removed",
                source,
                counts.Added,
                counts.Changed,
                counts.Removed
            );
        }

        return counts;
    }

    Task IDerivedTables.RunAsync(string source, CancellationToken cancellationToken) =>
        RunAsync(source, cancellationToken);

    private async Task<InsightCounts> IndicatorsAsync(List<IndicatorFamily> mine, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Indicators);
        // In this order: see Difference.
        var filter = string.Join(
            " or ",
            mine.Select(family => family.Prefix).Distinct().Select(prefix => $"({Partitions(prefix)})")
        );
        var difference = await Difference<IndicatorRow>.ReadAsync(table, filter, cancellationToken);
        var read = new Dictionary<(FactTable, string), List<FactRow>>();
        foreach (var wanted in mine.Select(family => family.Read))
        {
            if (read.ContainsKey((wanted.Table, wanted.Filter)))
                continue;
            var rows = read[(wanted.Table, wanted.Filter)] = [];
            await foreach (var row in facts.QueryAsync(wanted.Table, wanted.Filter, wanted.Columns, cancellationToken))
                rows.Add(row);
        }
        var notes = new List<string>();
        var counts = await difference.WriteAsync(
            mine.SelectMany(family => family.Compute(read[(family.Read.Table, family.Read.Filter)], notes)),
            cancellationToken
        );
        foreach (var note in notes.Take(MaxNotes))
            logger.LogInformation("{Note}", note);
        if (notes.Count > MaxNotes)
            logger.LogInformation("{Count} more figures were left out", notes.Count - MaxNotes);
        return counts;
    }

    private async Task<InsightCounts> ClaimsAsync(CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Claims);
        var difference = await Difference<ClaimRow>.ReadAsync(table, null, cancellationToken);
        var rows = new List<ClaimRow>();
        foreach (var group in claims.Claims.GroupBy(claim => claim.Vintage))
        {
            var ids = ClaimBook.IndicatorsOf(group);
            var indicators = group.Key is { } day
                ? await AsOfAsync(ids, day, cancellationToken)
                : await StoredAsync(ids, cancellationToken);
            rows.AddRange(group.Select(new ClaimChecker(new IndicatorRows(indicators)).Check));
        }
        return await difference.WriteAsync(rows, cancellationToken);
    }

    private async Task<InsightCounts> DimensionsAsync(CancellationToken cancellationToken)
    {
        // In this order: see Difference.
        var partners = await ReadAsync<PartnerRow>(Names.Partners, cancellationToken);
        var commodities = await ReadAsync<CommodityRow>(Names.Commodities, cancellationToken);
        var periods = await ReadAsync<PeriodRow>(Names.Periods, cancellationToken);
        var rows = await DimensionRows.ReadAsync(facts, cancellationToken);
        return await partners.WriteAsync(rows.Partners, cancellationToken)
            + await commodities.WriteAsync(rows.Commodities, cancellationToken)
            + await periods.WriteAsync(rows.Periods, cancellationToken);
    }

    private async Task<Difference<T>> ReadAsync<T>(string table, CancellationToken cancellationToken)
        where T : InsightRow, new() =>
        await Difference<T>.ReadAsync(await tables.OpenAsync(table), null, cancellationToken);

    private static ExportTable Dimension<T>(string name, string title)
        where T : InsightRow => ExportTable.Of(name, typeof(T)) with { Title = title, VintageColumn = "" };

    private async Task<List<IndicatorRow>> StoredAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var indicators = await tables.OpenAsync(Names.Indicators);
        var rows = new List<IndicatorRow>();
        foreach (var id in ids)
        {
            await foreach (
                var row in indicators.QueryAsync<IndicatorRow>(
                    TableClient.CreateQueryFilter($"PartitionKey eq {id}"),
                    maxPerPage: 1000,
                    select: null,
                    cancellationToken
                )
            )
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    /// <summary>
    /// Indicators as they would have been at the end of a day: computed from the facts of that moment, and
    /// stored nowhere.
    /// </summary>
    private async Task<List<IndicatorRow>> AsOfAsync(
        IReadOnlyList<string> ids,
        DateOnly day,
        CancellationToken cancellationToken
    )
    {
        var moment = new DateTimeOffset(day.AddDays(1).ToDateTime(default), TimeSpan.Zero).AddTicks(-1);
        var rows = new List<IndicatorRow>();
        foreach (
            var family in families.Where(family =>
                ids.Any(id => id.StartsWith(family.Prefix, StringComparison.Ordinal))
            )
        )
        {
            var read = family.Read;
            var then = await FactsAsOf.ReadAsync(facts, read.Table, read.Filter, read.Holds, moment, cancellationToken);
            rows.AddRange(family.Compute(then, []).Where(row => ids.Contains(row.PartitionKey)));
        }
        return rows;
    }

    private static async Task<InsightCounts> AgainAsync(Func<Task<InsightCounts>> step)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                return await step();
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && conflicts < MaxConflicts)
            {
                // Another process works on the same rows, perhaps with newer facts: read both again.
            }
        }
    }

    /// <summary>The partitions whose keys begin with a text.</summary>
    private static string Partitions(string prefix) =>
        TableClient.CreateQueryFilter($"PartitionKey ge {prefix} and PartitionKey lt {prefix + "~"}");
}
