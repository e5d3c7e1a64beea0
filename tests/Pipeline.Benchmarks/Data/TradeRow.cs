using System.Globalization;

namespace Pipeline.Benchmarks.Data;

/// <summary>
/// One row as its writer is given it: all columns of <c>trademonthly</c>, their texts made once and shared by the rows
/// that have them.
/// </summary>
public readonly record struct TradeRow(
    string PartitionKey,
    string RowKey,
    string PartnerCode,
    string PartnerName,
    string Commodity,
    string CommodityName,
    long Value,
    long YearToDate
)
{
    /// <summary>The run that the rows would be of.</summary>
    public const string RunId = "20260101T000000Z-0123456789abcdef",
        RawBlob = "census-trade/imports-hs6/all-2023-01/20260101T000000Z-0123456789ab.json",
        RowHash = "0123456789abcdef0123456789abcdef";

    /// <summary>When the body would have been fetched.</summary>
    public static readonly DateTimeOffset Vintage = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All rows of a shape by batches of 100 of one partition.</summary>
    public static List<TradeRow[]> Batches(TradeShape shape)
    {
        var batches = new List<TradeRow[]>();
        var rowKeys = Enumerable.Range(0, shape.Commodities).Select(commodity => shape.RowKey(commodity, 1)).ToArray();
        var codes = Enumerable.Range(0, shape.Commodities).Select(TradeShape.CommodityCode).ToArray();
        var names = Enumerable.Range(0, shape.Commodities).Select(TradeShape.CommodityName).ToArray();
        for (var partner = 0; partner < shape.Partners; partner++)
        {
            var (partition, code, name) = (
                TradeShape.PartitionKey(partner),
                TradeShape.PartnerCode(partner),
                TradeShape.PartnerName(partner)
            );
            foreach (var part in Enumerable.Range(0, shape.Commodities).Chunk(100))
            {
                batches.Add([
                    .. part.Select(commodity =>
                    {
                        var value = shape.Value(partner, commodity, 1);
                        return new TradeRow(
                            partition,
                            rowKeys[commodity],
                            code,
                            name,
                            codes[commodity],
                            names[commodity],
                            value,
                            value
                        );
                    }),
                ]);
            }
        }
        return batches;
    }

    /// <summary>The year that a shape's rows are of.</summary>
    public int Year => int.Parse(RowKey.AsSpan(0, 4), CultureInfo.InvariantCulture);
}
