using Azure.Data.Tables;
using Pipeline.Loading;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.Partners;

namespace Pipeline.Insight.Dimensions;

/// <summary>The rows of the dimensions: what the facts of all sources name, from one reading of each table.</summary>
internal sealed class DimensionRows
{
    /// <summary>Every row.</summary>
    private static readonly string All = TableClient.CreateQueryFilter($"PartitionKey ge {""}");

    private const string TotalCode = "TOTAL";

    private readonly PartnerList partners = new();
    private readonly Dictionary<string, (string Period, string Level, string Name)> commodities = new(
        StringComparer.Ordinal
    )
    {
        // Chapters belong to it also where no fact is a total. A fact of any month has its own name for it.
        [TotalCode] = ("", CensusSlice.Total, "Total of all commodities"),
    };
    private readonly HashSet<(int Year, int? Month)> covered = [];

    /// <summary>Partners, by key.</summary>
    public IEnumerable<PartnerRow> Partners => partners.Rows;

    /// <summary>Commodities and the total, by code.</summary>
    public IEnumerable<CommodityRow> Commodities =>
        commodities
            .OrderBy(commodity => commodity.Key, StringComparer.Ordinal)
            .Select(commodity => new CommodityRow
            {
                PartitionKey = CommodityRow.Partition,
                RowKey = commodity.Key,
                Level = commodity.Value.Level,
                Parent = ParentOf(commodity.Key, commodity.Value.Level),
                Name = commodity.Value.Name,
            });

    /// <summary>Years, quarters and months.</summary>
    public IEnumerable<PeriodRow> Periods =>
        [
            .. covered.Select(period => period.Year).Distinct().Select(PeriodRow.OfYear),
            .. covered
                .Where(period => period.Month is not null)
                .Select(period => (period.Year, Quarter: PeriodRow.QuarterOf(period.Month!.Value)))
                .Distinct()
                .Select(quarter => PeriodRow.OfQuarter(quarter.Year, quarter.Quarter)),
            .. covered
                .Where(period => period.Month is not null)
                .Select(period => PeriodRow.OfMonth(period.Year, period.Month!.Value)),
        ];

    /// <summary>Reads the facts of all sources.</summary>
    public static async Task<DimensionRows> ReadAsync(FactStore facts, CancellationToken cancellationToken)
    {
        var rows = new DimensionRows();
        await foreach (
            var row in facts.QueryAsync(
                TradeMonthly.Table,
                All,
                [
                    nameof(TradeMonthly.Period),
                    nameof(TradeMonthly.Year),
                    nameof(TradeMonthly.Month),
                    nameof(TradeMonthly.PartnerCode),
                    nameof(TradeMonthly.PartnerName),
                    nameof(TradeMonthly.PartnerIso2),
                    nameof(TradeMonthly.Level),
                    nameof(TradeMonthly.Commodity),
                    nameof(TradeMonthly.CommodityName),
                ],
                cancellationToken
            )
        )
        {
            rows.Add((TradeMonthly)row);
        }
        await foreach (
            var row in facts.QueryAsync(
                FdiAnnual.Table,
                All,
                [
                    nameof(FdiAnnual.Year),
                    nameof(FdiAnnual.EconomyCode),
                    nameof(FdiAnnual.EconomyIso3),
                    nameof(FdiAnnual.EconomyName),
                ],
                cancellationToken
            )
        )
        {
            var fdi = (FdiAnnual)row;
            rows.covered.Add((fdi.Year, null));
            rows.partners.AddEconomy(fdi.EconomyCode, fdi.EconomyIso3, fdi.EconomyName);
        }
        await foreach (
            var row in facts.QueryAsync(
                FdiPartner.Table,
                All,
                [
                    nameof(FdiPartner.Year),
                    nameof(FdiPartner.HostCode),
                    nameof(FdiPartner.HostIso3),
                    nameof(FdiPartner.PartnerIso3),
                    nameof(FdiPartner.PartnerName),
                ],
                cancellationToken
            )
        )
        {
            var fdi = (FdiPartner)row;
            rows.covered.Add((fdi.Year, null));
            rows.partners.AddEconomy(fdi.HostCode, fdi.HostIso3, fdi.HostIso3);
            rows.partners.AddIso3(fdi.PartnerIso3, fdi.PartnerName);
        }
        await foreach (
            var row in facts.QueryAsync(
                Holding.Table,
                All,
                [nameof(Holding.AsOf), nameof(Holding.Holder), nameof(Holding.HolderIso2)],
                cancellationToken
            )
        )
        {
            var holding = (Holding)row;
            rows.covered.Add((holding.AsOf.UtcDateTime.Year, holding.AsOf.UtcDateTime.Month));
            rows.partners.AddIso2(holding.HolderIso2, holding.Holder);
        }
        return rows;
    }

    private void Add(TradeMonthly row)
    {
        covered.Add((row.Year, row.Month));
        partners.AddPartner(CensusPartners.Of(row.PartnerCode, row.PartnerName));
        // The newest month decides, and of several names in it the first in the order of the alphabet.
        if (
            !commodities.TryGetValue(row.Commodity, out var known)
            || string.CompareOrdinal(row.Period, known.Period) > 0
            || (row.Period == known.Period && string.CompareOrdinal(row.CommodityName, known.Name) < 0)
        )
        {
            commodities[row.Commodity] = (row.Period, row.Level, row.CommodityName);
        }
    }

    private static string ParentOf(string code, string level) =>
        level switch
        {
            CensusSlice.Total => "",
            "HS2" => TotalCode,
            _ => code[..Math.Max(0, code.Length - 2)],
        };
}
