using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Sources.Census;

namespace Pipeline.Insight.Indicators;

/// <summary>The totals of all partners, which the trade families share.</summary>
public static class TradeTotals
{
    public const string Source = CensusSlice.Source;
    public const string Prefix = "us-";
    public const string Dollars = "US dollars";

    /// <summary>Countries have codes from 1 to 8; commodities stay on the server.</summary>
    public static FactRead Read { get; } =
        new(
            TradeMonthly.Table,
            TableClient.CreateQueryFilter(
                $"PartitionKey ge {"1"} and PartitionKey lt {"9"} and Level eq {CensusSlice.Total}"
            ),
            partition =>
                partition[0] is >= '1' and < '9'
                && partition.EndsWith($"|{CensusSlice.Total}", StringComparison.Ordinal),
            [
                nameof(FactRow.PartitionKey),
                nameof(FactRow.RowKey),
                nameof(FactRow.Vintage),
                nameof(FactRow.Dataset),
                nameof(TradeMonthly.Year),
                nameof(TradeMonthly.Month),
                nameof(TradeMonthly.PartnerCode),
                nameof(TradeMonthly.PartnerIso2),
                nameof(TradeMonthly.PartnerName),
                nameof(TradeMonthly.Flow),
                nameof(TradeMonthly.ValueUsd),
                nameof(TradeMonthly.YearToDateUsd),
            ]
        );

    /// <summary>A partner with its two flows; either may have no row at all.</summary>
    public sealed record Partner(string Code, string Id, string Name, TradeSeries Exports, TradeSeries Imports);

    /// <summary>The partners, by code.</summary>
    public static List<Partner> Partners(IReadOnlyList<FactRow> facts) =>
        [
            .. facts
                .Cast<TradeMonthly>()
                .GroupBy(row => row.PartnerCode)
                .OrderBy(rows => rows.Key, StringComparer.Ordinal)
                .Select(rows =>
                {
                    var newest = rows.MaxBy(row => (row.Year, row.Month))!;
                    return new Partner(
                        rows.Key,
                        Ids.Partner(rows.Key, newest.PartnerIso2),
                        Ids.Name(newest.PartnerName),
                        new TradeSeries(rows.Where(row => row.Flow == CensusSlice.Exports)),
                        new TradeSeries(rows.Where(row => row.Flow == CensusSlice.Imports))
                    );
                }),
        ];

    /// <summary>
    /// The rows of a flow from one month to another, as <see cref="IndicatorRow.Inputs"/> names them.
    /// </summary>
    public static string Inputs(string partner, string flow, string from, string to) =>
        $"{TradeMonthly.Table.Name} {partner}|{flow}|{CensusSlice.Total} "
        + $"{(from == to ? $"{to}|TOTAL" : $"{from}|TOTAL..{to}|TOTAL")}";
}
