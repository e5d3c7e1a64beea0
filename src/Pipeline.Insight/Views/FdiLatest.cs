using Pipeline.Datasets;
using Pipeline.Sources.Unctad;

namespace Pipeline.Insight.Views;

/// <summary>
/// The newest year of foreign direct investment of one economy or group, flows and stocks; view <c>fdi_latest</c>.
/// </summary>
public sealed record FdiLatest
{
    private const string NoYear = "The newest year with a figure of ";
    private const string NoFigure = "; not there without a figure";
    private const string NoChange = "; not there without a figure of the year before";

    [Meaning("The economy, three digits of UN M49, text with its leading zeros; groups have four digits")]
    public required string EconomyCode { get; init; }

    [Meaning("The economy, ISO 3166-1 alpha-3; empty where none exists")]
    public required string EconomyIso3 { get; init; }

    [Meaning("The economy's name as the publisher writes it")]
    public required string EconomyName { get; init; }

    [Meaning(NoYear + "the inward flow" + NoFigure)]
    public required int? InwardFlowYear { get; init; }

    [Meaning("The inward flow of that year" + NoFigure, Unit = "US dollars")]
    public required long? InwardFlowUsd { get; init; }

    [Meaning("The change of the inward flow on the year before" + NoChange, Unit = "US dollars")]
    public required long? InwardFlowChangeUsd { get; init; }

    [Meaning(NoYear + "the outward flow" + NoFigure)]
    public required int? OutwardFlowYear { get; init; }

    [Meaning("The outward flow of that year" + NoFigure, Unit = "US dollars")]
    public required long? OutwardFlowUsd { get; init; }

    [Meaning("The change of the outward flow on the year before" + NoChange, Unit = "US dollars")]
    public required long? OutwardFlowChangeUsd { get; init; }

    [Meaning(NoYear + "the inward stock" + NoFigure)]
    public required int? InwardStockYear { get; init; }

    [Meaning("The inward stock at the end of that year" + NoFigure, Unit = "US dollars")]
    public required long? InwardStockUsd { get; init; }

    [Meaning("The change of the inward stock on the year before" + NoChange, Unit = "US dollars")]
    public required long? InwardStockChangeUsd { get; init; }

    [Meaning(NoYear + "the outward stock" + NoFigure)]
    public required int? OutwardStockYear { get; init; }

    [Meaning("The outward stock at the end of that year" + NoFigure, Unit = "US dollars")]
    public required long? OutwardStockUsd { get; init; }

    [Meaning("The change of the outward stock on the year before" + NoChange, Unit = "US dollars")]
    public required long? OutwardStockChangeUsd { get; init; }

    [Meaning("The newest vintage of the facts of the economy, UTC")]
    public required DateTimeOffset Vintage { get; init; }

    /// <summary>Computes the rows, by economy.</summary>
    internal static IEnumerable<FdiLatest> Compute(IEnumerable<FdiAnnual> facts) =>
        facts
            .GroupBy(fact => fact.EconomyCode)
            .OrderBy(economy => economy.Key, StringComparer.Ordinal)
            .Select(economy =>
            {
                var newest = economy.MaxBy(fact => fact.Year)!;
                var inwardFlow = Latest.Of(economy, UnctadSlice.Inward, UnctadSlice.Flow);
                var outwardFlow = Latest.Of(economy, UnctadSlice.Outward, UnctadSlice.Flow);
                var inwardStock = Latest.Of(economy, UnctadSlice.Inward, UnctadSlice.Stock);
                var outwardStock = Latest.Of(economy, UnctadSlice.Outward, UnctadSlice.Stock);
                return new FdiLatest
                {
                    EconomyCode = economy.Key,
                    EconomyIso3 = newest.EconomyIso3,
                    EconomyName = newest.EconomyName,
                    InwardFlowYear = inwardFlow.Year,
                    InwardFlowUsd = inwardFlow.Value,
                    InwardFlowChangeUsd = inwardFlow.Change,
                    OutwardFlowYear = outwardFlow.Year,
                    OutwardFlowUsd = outwardFlow.Value,
                    OutwardFlowChangeUsd = outwardFlow.Change,
                    InwardStockYear = inwardStock.Year,
                    InwardStockUsd = inwardStock.Value,
                    InwardStockChangeUsd = inwardStock.Change,
                    OutwardStockYear = outwardStock.Year,
                    OutwardStockUsd = outwardStock.Value,
                    OutwardStockChangeUsd = outwardStock.Change,
                    Vintage = economy.Max(fact => fact.Vintage),
                };
            });

    private readonly record struct Latest(int? Year, long? Value, long? Change)
    {
        public static Latest Of(IEnumerable<FdiAnnual> economy, string direction, string measure)
        {
            var series = economy.Where(fact => fact.Direction == direction && fact.Measure == measure).ToList();
            var newest = series.MaxBy(fact => fact.Year);
            var before = series.SingleOrDefault(fact => fact.Year == newest?.Year - 1);
            return new Latest(newest?.Year, newest?.ValueUsd, newest?.ValueUsd - before?.ValueUsd);
        }
    }
}
