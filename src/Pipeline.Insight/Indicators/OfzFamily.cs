using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Sources.Moex;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// The share of OFZ that non-residents hold, <c>ofz-nonresident-share</c>, row <c>{yyyy-MM-dd}</c>: the Bank
/// of Russia's monthly table and no other series.
/// </summary>
public sealed class OfzFamily : IndicatorFamily
{
    private const string Partition = "ofz|market_outstanding_cbr_monthly";

    public const string Id = "ofz-nonresident-share";

    /// <inheritdoc/>
    public override string Source => HoldersFamily.SourceName;

    /// <inheritdoc/>
    public override string Prefix => "ofz-";

    /// <inheritdoc/>
    public override FactRead Read { get; } =
        new(Holding.Table, TableClient.CreateQueryFilter($"PartitionKey eq {Partition}"), partition =>
            partition == Partition
        );

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        foreach (
            var day in facts
                .Cast<Holding>()
                .Where(row => row.HolderIso2.Length == 0 && !double.IsNaN(row.SharePercent))
                .GroupBy(row => row.AsOf)
        )
        {
            var period = day.Key.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            if (day.Count() > 1)
            {
                notes.Add($"{Id}: {period} is left out: {day.Count()} statements on one day");
            }
            else if (day.Single() is var row)
            {
                yield return Row(
                    Id,
                    period,
                    period,
                    "Share of federal bonds (OFZ) held by non-residents, Bank of Russia's monthly table",
                    row.SharePercent,
                    "percent",
                    $"{Holding.Table.Name} {row.PartitionKey} {row.RowKey}",
                    row.Vintage
                );
            }
        }
    }
}
