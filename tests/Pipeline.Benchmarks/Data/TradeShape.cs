using System.Globalization;

namespace Pipeline.Benchmarks.Data;

/// <summary>
/// Made-up trade of some partners in some HS6 commodities: the same rows for everybody who is measured, computed from
/// their place and never stored. Rows that count are partners × commodities × months.
/// </summary>
/// <param name="Partners">1 to 200. The codes are none that the publisher uses, so that names come from the
/// body.</param>
/// <param name="Commodities">1 to 900,000.</param>
/// <param name="Year">The year.</param>
/// <param name="Months">1, January, or 12.</param>
/// <param name="Revision">0: the first figures; 1: one row in a hundred has another value.</param>
public sealed record TradeShape(int Partners, int Commodities, int Year = 2023, int Months = 1, int Revision = 0)
{
    public const string Basis = "goods, Census basis, general imports, customs value, nominal, not seasonally adjusted";

    /// <summary>A year for what is loaded before anything is measured.</summary>
    public const int WarmYear = 2011;

    private const int FirstPartner = 8300,
        FirstCommodity = 100_000,
        OneIn = 100;

    /// <summary>
    /// A shape of so many rows, with 1,000 commodities or more for each partner, so that transactions can be
    /// full.
    /// </summary>
    public static TradeShape OfRows(int rows, int year = 2023, int revision = 0)
    {
        var partners = Math.Clamp(rows / 1000, 1, 200);
        return new TradeShape(partners, rows / partners, year, 1, revision);
    }

    /// <summary>Rows for the table.</summary>
    public int Rows => Partners * Commodities * Months;

    /// <summary>The key of the slice that asks for all of it.</summary>
    public string SliceKey => Months == 1 ? $"all-{Year}-01" : $"all-{Year}";

    public static string PartnerCode(int partner) => (FirstPartner + partner).ToString(CultureInfo.InvariantCulture);

    public static string PartnerName(int partner) => $"PARTNER NO. {partner}";

    public static string CommodityCode(int commodity) =>
        (FirstCommodity + commodity).ToString(CultureInfo.InvariantCulture);

    public static string CommodityName(int commodity) =>
        $"ARTICLES OF GROUP {FirstCommodity + commodity}, NESOI, OTHER THAN TOYS";

    public static string PartitionKey(int partner) => $"{PartnerCode(partner)}|imports|HS6";

    public string RowKey(int commodity, int month) => $"{Year:0000}-{month:00}|{CommodityCode(commodity)}";

    /// <summary>The month's value in US dollars.</summary>
    public long Value(int partner, int commodity, int month)
    {
        var mixed = Mix(partner, commodity, month);
        return 1 + mixed % 50_000_000 + (Revision > 0 && IsRevised(partner, commodity, month) ? 7 : 0);
    }

    /// <summary>January to a month.</summary>
    public long YearToDate(int partner, int commodity, int month)
    {
        var sum = 0L;
        for (var to = 1; to <= month; to++)
            sum += Value(partner, commodity, to);
        return sum;
    }

    /// <summary>Rows that the revision changes: their own value, or that of a month before in the year.</summary>
    public int RevisedRows()
    {
        var count = 0;
        for (var partner = 0; partner < Partners; partner++)
        {
            for (var commodity = 0; commodity < Commodities; commodity++)
            {
                for (var (month, revised) = (1, false); month <= Months; month++)
                {
                    if (revised |= IsRevised(partner, commodity, month))
                        count++;
                }
            }
        }

        return count;
    }

    /// <summary>The sum of all values.</summary>
    public long Sum()
    {
        var sum = 0L;
        for (var partner = 0; partner < Partners; partner++)
        {
            for (var commodity = 0; commodity < Commodities; commodity++)
                sum += YearToDate(partner, commodity, Months);
        }

        return sum;
    }

    private static bool IsRevised(int partner, int commodity, int month) =>
        Mix(partner, commodity, month) / 7919 % OneIn == 0;

    private static long Mix(int partner, int commodity, int month)
    {
        var mixed = (ulong)(partner * 1_000_003L + commodity * 4099L + month * 131L + 17);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (long)((mixed ^ (mixed >> 31)) >> 8);
    }
}
