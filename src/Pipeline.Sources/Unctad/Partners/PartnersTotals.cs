using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>What must be true of the partners of a host, direction and year, and of their total.</summary>
internal static class PartnersTotals
{
    /// <summary>So many partners with a figure are nearly all that a host has.</summary>
    public const int Many = 50;

    /// <summary>
    /// What so many partners have together at the least, in US dollars and without signs. Source: the bilateral
    /// statistics of Russia, where the least is 36 billion (inward flows of 2009) of 55 to 88 partners with a figure.
    /// A small host may have less: an operator can say so.
    /// </summary>
    private const long LeastOfMany = 1_000_000_000;

    /// <summary>
    /// What the partners of one host can have together in a year, in US dollars: the largest host has some 15
    /// trillion.
    /// </summary>
    private const long MostTogether = 50_000_000_000_000;

    /// <summary>What partners have together is of a plausible magnitude, also where the file has no total.</summary>
    public static Finding? Together(PartnersGroup group, List<PartnersRow> partners)
    {
        var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + Int128.Abs(partner.Dollars ?? 0));
        var count = partners.Count(partner => partner.Dollars is not (null or 0));
        return sum <= MostTogether && (count < Many || sum >= LeastOfMany)
            ? null
            : new Finding(
                $"line {partners[0].Line}, {group}",
                $"{count} partners that have {sum} US dollars together, without signs",
                sum > MostTogether
                    ? $"at most {MostTogether} for one host"
                    : $"at least {LeastOfMany} for {Many} partners or more",
                "the table keeps the old rows; check the unit, million US dollars, put the file right and drop it "
                    + "again, or replay the slice with accept if the figures are right"
            );
    }

    /// <summary>A total without a value says nothing: the sum of its partners cannot be checked.</summary>
    public static Finding? Lacking(PartnersRow total, List<PartnersRow> partners)
    {
        var count = partners.Count(partner => partner.Dollars is not null);
        if (count == 0)
            return null;
        var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + (partner.Dollars ?? 0));
        return new Finding(
            $"{total.Group}",
            $"no value in the row {total.Partner} beside "
                + $"{(count == 1 ? "1 partner with" : $"{count} partners that add up to")} {sum} US dollars",
            $"the total that they add up to, or no such row (line {total.Line})",
            "the partners are loaded; put the row right or take it out and drop the file again, or replay the slice "
                + "with accept if the figures are right"
        );
    }

    public static Finding? Range(PartnersRow total, long stated) =>
        Math.Abs(stated) <= MostTogether
            ? null
            : new Finding(
                $"{total.Group}",
                $"{stated} US dollars in the row {total.Partner}",
                $"at most {MostTogether} for one host (line {total.Line})",
                PartnersScan.AcceptOr
            );

    /// <summary>
    /// Partners add up to the total, to the rounding of what is written. Partners without a value leave that open, all
    /// together up to the second largest figure: the largest may be the one that has slipped.
    /// </summary>
    public static Finding? Sum(PartnersRow total, long stated, List<PartnersRow> partners, UnusedRows unused)
    {
        var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + (partner.Dollars ?? 0));
        var without = partners.Count(partner => partner.Dollars is null);
        // Stocks are not negative, so that a withheld one explains no sum that is too large.
        var own = new UnusedRows(canBeNegative: total.Group.Measure == UnctadSlice.Flow);
        if (without > 0)
        {
            own.Add(
                null,
                partners
                    .Select(partner => partner.Dollars is { } dollars ? Math.Abs(dollars) : 0L)
                    .OrderDescending()
                    .ElementAtOrDefault(1)
            );
        }
        // Zeros at the end are not written: the figure with most digits says to what all are rounded.
        var half =
            total.Half
            + partners.Count * partners.Select(partner => partner.Half).Where(half => half > 0).DefaultIfEmpty().Min();
        return UnusedRows.Explain(stated - sum, own, unused, (Int128)decimal.Ceiling(half))
            ? null
            : new Finding(
                $"{total.Group}",
                $"partners that add up to {sum} US dollars{WithoutValue(without)}{UnusedRows.InWords(null, unused)}",
                $"{stated}, the row {total.Partner} (line {total.Line})",
                PartnersScan.AcceptOr
            );

        static string WithoutValue(int count) =>
            count switch
            {
                0 => "",
                1 => " without 1 partner that has no value",
                _ => $" without {count} partners that have no value",
            };
    }
}
