using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Insight.Indicators;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Sources.Unctad;

namespace Pipeline.Insight.Views;

/// <summary>The views of trade and of investment.</summary>
public sealed class FactViews(FactStore facts) : IExportViews
{
    /// <inheritdoc/>
    public IReadOnlyList<ExportTable> ViewsOf(string source) =>
        source switch
        {
            CensusSlice.Source =>
            [
                ExportTable.OfView(
                    "trade_by_year",
                    [nameof(TradeByYear.PartnerCode), nameof(TradeByYear.Year)],
                    cancellationToken => OfTradeAsync(TradeByYear.Compute, cancellationToken)
                ) with
                {
                    Title = "US trade in goods by partner and year: exports, imports, balance",
                },
                ExportTable.OfView(
                    "trade_latest",
                    [nameof(TradeLatest.PartnerCode), nameof(TradeLatest.Flow)],
                    cancellationToken => OfTradeAsync(TradeLatest.Compute, cancellationToken)
                ) with
                {
                    Title =
                        "US trade in goods by partner and flow: newest month, and the same month of the year before",
                },
            ],
            UnctadSlice.Source =>
            [
                ExportTable.OfView("fdi_latest", [nameof(FdiLatest.EconomyCode)], cancellationToken =>
                    OfFactsAsync<FdiAnnual, FdiLatest>(
                        FdiAnnual.Table,
                        TableClient.CreateQueryFilter($"PartitionKey ge {""}"),
                        null,
                        FdiLatest.Compute,
                        cancellationToken
                    )
                ) with
                {
                    Title = "Foreign direct investment by economy: newest year of flows and stocks, change on a year",
                },
            ],
            _ => [],
        };

    private IAsyncEnumerable<TView> OfTradeAsync<TView>(
        Func<IEnumerable<TradeMonthly>, IEnumerable<TView>> compute,
        CancellationToken cancellationToken
    ) =>
        OfFactsAsync(
            TradeMonthly.Table,
            TradeTotals.Read.Filter,
            [.. TradeTotals.Read.Columns!, nameof(TradeMonthly.Period)],
            compute,
            cancellationToken
        );

    private async IAsyncEnumerable<TView> OfFactsAsync<TFact, TView>(
        FactTable table,
        string filter,
        IReadOnlyList<string>? columns,
        Func<IEnumerable<TFact>, IEnumerable<TView>> compute,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
        where TFact : FactRow
    {
        var rows = new List<TFact>();
        await foreach (var row in facts.QueryAsync(table, filter, columns, cancellationToken))
            rows.Add((TFact)row);
        foreach (var row in compute(rows))
            yield return row;
    }
}
