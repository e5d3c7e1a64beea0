using Pipeline.Datasets;
using Pipeline.Insight;
using Pipeline.Insight.Dimensions;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Report.Data;

/// <summary>
/// The tables that can be read over HTTP: figures, what is computed from them, the dimensions to join them with, and
/// how they came.
/// </summary>
public sealed class DataTables
{
    private readonly Dictionary<string, DataTable> tables;

    /// <param name="sources">The sources, whose datasets name the fact tables.</param>
    public DataTables(SourceCatalog sources)
    {
        var facts = sources
            .All.SelectMany(source => source.AllDatasets)
            .Select(dataset => dataset.Info.Table)
            .DistinctBy(table => table.Name, StringComparer.Ordinal)
            .Select(DataTable.Of);
        var computed =
            (IEnumerable<DataTable>)
                [
                    DataTable.Of(Names.Indicators, typeof(IndicatorRow), nameof(IndicatorRow.Period)) with
                    {
                        IsKeyedByPeriod = true,
                    },
                    DataTable.Of(Names.Claims, typeof(ClaimRow), period: null),
                    DataTable.Of(Names.Partners, typeof(PartnerRow), period: null),
                    DataTable.Of(Names.Commodities, typeof(CommodityRow), period: null),
                    DataTable.Of(Names.Periods, typeof(PeriodRow), period: null),
                ];
        var ledger = LedgerTables
            .All.OrderBy(table => table.Key, StringComparer.Ordinal)
            .Select(table => DataTable.Of(table.Key, table.Value, PeriodOf(table.Key)));
        All = [.. facts, .. computed, .. ledger];
        tables = All.ToDictionary(table => table.Name, StringComparer.Ordinal);
    }

    /// <summary>All tables: those of figures first.</summary>
    public IReadOnlyList<DataTable> All { get; }

    /// <summary>A table by its name.</summary>
    /// <exception cref="DataRefusedException">There is none; the message names those there are.</exception>
    public DataTable this[string name] =>
        tables.TryGetValue(name, out var table)
            ? table
            : throw DataRefusedException.NotFound(
                new Finding(
                    "table",
                    Finding.Quote(name),
                    $"one of {string.Join(", ", tables.Keys)}",
                    "correct the address"
                )
            );

    /// <summary>A table of figures by its name.</summary>
    /// <exception cref="DataRefusedException">There is none; the message names those there are.</exception>
    public FactTable Facts(string name) =>
        tables.GetValueOrDefault(name)?.Facts
        ?? throw DataRefusedException.NotFound(
            new Finding(
                "table",
                Finding.Quote(name),
                "a table of figures: "
                    + string.Join(", ", All.Where(table => table.Facts is not null).Select(table => table.Name)),
                "correct the address; rows of other tables are read with data/{table}"
            )
        );

    /// <summary>The column by which a reader of the ledger asks for a time.</summary>
    private static string? PeriodOf(string ledger) =>
        ledger switch
        {
            Names.History => "ValidTo",
            Names.Runs => "StartedAt",
            Names.Slices => "LastPulled",
            Names.Rejects => "KeptAt",
            Names.Datasets => "LastVintage",
            _ => null,
        };
}
