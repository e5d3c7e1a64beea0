using Microsoft.Azure.Cosmos.Table;
using Pipeline.Benchmarks.Data;

namespace Pipeline.Benchmarks.CosmosPeer;

/// <summary>The columns of <c>trademonthly</c> as a user of this client would declare them.</summary>
internal sealed class TradeEntity : TableEntity
{
    public TradeEntity() { }

    public TradeEntity(TradeRow row)
        : base(row.PartitionKey, row.RowKey) =>
        (PartnerCode, PartnerName, Commodity, CommodityName, ValueUsd, YearToDateUsd, Year) = (
            row.PartnerCode,
            row.PartnerName,
            row.Commodity,
            row.CommodityName,
            row.Value,
            row.YearToDate,
            row.Year
        );

    public string Source { get; set; } = "census-trade";
    public string Dataset { get; set; } = "imports-hs6";
    public DateTimeOffset Vintage { get; set; } = TradeRow.Vintage;
    public DateTimeOffset FirstSeen { get; set; } = TradeRow.Vintage;
    public DateTimeOffset LastChanged { get; set; } = TradeRow.Vintage;
    public int Revision { get; set; }
    public string Basis { get; set; } = TradeShape.Basis;
    public string RawBlob { get; set; } = TradeRow.RawBlob;
    public string RunId { get; set; } = TradeRow.RunId;
    public string RowHash { get; set; } = TradeRow.RowHash;
    public int SchemaVersion { get; set; } = 1;
    public string Period { get; set; } = "2023-01";
    public DateTimeOffset PeriodStart { get; set; } = new(2023, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public int Year { get; set; }
    public int Month { get; set; } = 1;
    public string Reporter { get; set; } = "US";
    public string PartnerCode { get; set; } = "";
    public string PartnerIso2 { get; set; } = "";
    public string PartnerName { get; set; } = "";
    public string Flow { get; set; } = "imports";
    public string Level { get; set; } = "HS6";
    public string Commodity { get; set; } = "";
    public string CommodityName { get; set; } = "";
    public long ValueUsd { get; set; }
    public long YearToDateUsd { get; set; }
}
