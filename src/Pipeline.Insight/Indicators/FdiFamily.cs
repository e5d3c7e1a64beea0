using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Sources.Unctad;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// Inward and outward flow and stock of every economy and group: <c>fdi-{economy}-{direction}-{measure}</c>,
/// row <c>{yyyy}</c>.
/// </summary>
internal sealed class FdiFamily : IndicatorFamily
{
    public const string SourceName = Sources.Unctad.UnctadSlice.Source;

    /// <inheritdoc/>
    public override string Source => SourceName;

    /// <inheritdoc/>
    public override string Prefix => "fdi-";

    /// <inheritdoc/>
    public override FactRead Read { get; } =
        new(
            FdiAnnual.Table,
            TableClient.CreateQueryFilter($"PartitionKey ge {"0"} and PartitionKey lt {":"}"),
            partition => char.IsAsciiDigit(partition[0])
        );

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        foreach (var row in facts.Cast<FdiAnnual>())
        {
            var period = row.Year.ToString("0000", CultureInfo.InvariantCulture);
            yield return Row(
                $"{Prefix}{Ids.Economy(row.EconomyCode, row.EconomyIso3)}-{row.Direction}-{row.Measure}",
                period,
                period,
                $"{row.EconomyName}: {row.Direction} foreign direct investment, "
                    + $"{(row.Measure == "stock" ? "stock at the end of the year" : "flow of the year")}"
                    + $"{(row.Footnote.Length > 0 ? $" ({row.Footnote.TrimEnd('.')})" : "")}",
                row.ValueUsd,
                TradeTotals.Dollars,
                $"{FdiAnnual.Table.Name} {row.PartitionKey} {row.RowKey}",
                row.Vintage
            );
        }
    }
}
