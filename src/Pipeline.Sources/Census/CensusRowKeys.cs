using System.Globalization;
using System.Text;
using Pipeline.Sources.Census.Trade;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census;

/// <summary>The partners, commodities, keys and rows of one body, each text made once.</summary>
internal sealed class CensusRowKeys(CensusSlice slice)
{
    private readonly Dictionary<ulong, PartnerKey> partners = [];
    private readonly Dictionary<ulong, Commodity> commodities = [];

    /// <summary>
    /// The commodity of the row before, which most rows share. No code is packed into 0: it has a length.
    /// </summary>
    private (ulong Packed, Commodity Commodity) last;

    /// <summary>By their place in the slice, which lies within a year.</summary>
    private readonly MonthKey?[] months = new MonthKey?[12];

    /// <summary>What the figures measure; part of every row.</summary>
    private readonly string basis =
        slice.Flow == CensusSlice.Exports
            ? "goods, Census basis, total exports (domestic and foreign), free alongside ship, nominal, not "
                + "seasonally adjusted"
            : "goods, Census basis, general imports, customs value, nominal, not seasonally adjusted";

    /// <summary>A partner in this slice, with a number of its own.</summary>
    internal sealed record PartnerKey(string Code, Partner Partner, string PartitionKey, int Number);

    /// <summary>A commodity in this slice, with a number of its own and its row keys by month.</summary>
    internal sealed record Commodity(string Code, string Name, int Number)
    {
        public string?[] RowKeys { get; } = new string?[12];
    }

    /// <summary>A month in this slice.</summary>
    private sealed class MonthKey(DateOnly month)
    {
        public string Period { get; } = month.ToString("yyyy-MM", CultureInfo.InvariantCulture);
        public int Year { get; } = month.Year;
        public int Month { get; } = month.Month;
        public DateTimeOffset Start { get; } = new(month.Year, month.Month, 1, 0, 0, 0, TimeSpan.Zero);
    }

    /// <summary>Stands for all commodities together.</summary>
    public Commodity Total { get; } = new(TotalCode, "All commodities", 0);

    /// <summary>Stands for all commodities together.</summary>
    public const string TotalCode = "TOTAL";

    public static string PartitionKeyOf(string partner, string flow, string level) => $"{partner}|{flow}|{level}";

    /// <summary>The partner's code in a partition key.</summary>
    public static string PartnerIn(string partitionKey) =>
        partitionKey[..partitionKey.IndexOf('|', StringComparison.Ordinal)];

    public PartnerKey PartnerOf(JsonRows rows, CensusHeader columns)
    {
        var packed = Pack(rows.Bytes(columns.Code));
        if (partners.TryGetValue(packed, out var partner))
            return partner;
        var code = rows.Text(columns.Code)!;
        partner = new PartnerKey(
            code,
            CensusPartners.Of(code, rows.Text(columns.Name)),
            PartitionKeyOf(code, slice.Flow, slice.Level),
            partners.Count
        );
        partners.Add(packed, partner);
        return partner;
    }

    /// <summary>A partner of a body that is not JSON.</summary>
    public PartnerKey PartnerOf(string code, string? sourceName) =>
        new(code, CensusPartners.Of(code, sourceName), PartitionKeyOf(code, slice.Flow, slice.Level), 0);

    public Commodity CommodityOf(ReadOnlySpan<byte> code, JsonRows rows, CensusHeader columns)
    {
        var packed = Pack(code);
        if (last.Packed == packed)
            return last.Commodity;
        if (!commodities.TryGetValue(packed, out var commodity))
        {
            commodity = new Commodity(
                Encoding.ASCII.GetString(code),
                rows.Text(columns.CommodityName) ?? "",
                commodities.Count
            );
            commodities.Add(packed, commodity);
        }
        last = (packed, commodity);
        return commodity;
    }

    public string RowKey(Commodity commodity, int position)
    {
        return commodity.RowKeys[position] ??= $"{slice.Start.AddMonths(position):yyyy-MM}|{commodity.Code}";
    }

    /// <summary>A row with all columns that the body tells.</summary>
    public TradeMonthly Row(PartnerKey partner, Commodity commodity, int position, long value, long? yearToDate)
    {
        var month = months[position] ??= new MonthKey(slice.Start.AddMonths(position));
        return new TradeMonthly
        {
            PartitionKey = partner.PartitionKey,
            RowKey = RowKey(commodity, position),
            Period = month.Period,
            PeriodStart = month.Start,
            Year = month.Year,
            Month = month.Month,
            Reporter = "US",
            PartnerCode = partner.Code,
            PartnerIso2 = partner.Partner.Iso2,
            PartnerName = partner.Partner.Name,
            Flow = slice.Flow,
            Level = slice.Level,
            Commodity = commodity.Code,
            CommodityName = commodity.Name,
            ValueUsd = value,
            YearToDateUsd = yearToDate,
            Basis = basis,
        };
    }

    /// <summary>
    /// Up to 7 bytes and their number as one integer. Codes have at most six digits, which is checked before
    /// they come here.
    /// </summary>
    private static ulong Pack(ReadOnlySpan<byte> code)
    {
        var packed = (ulong)code.Length;
        foreach (var c in code)
            packed = packed << 8 | c;
        return packed;
    }
}
