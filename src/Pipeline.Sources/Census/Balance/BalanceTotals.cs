using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Balance;

/// <summary>What countries and the world have in the months of the country balance file.</summary>
internal sealed class BalanceTotals
{
    /// <summary>The first year of the file.</summary>
    public const int FirstYear = 1985;

    /// <summary>
    /// From here on the countries of a month add up to the world, to the rounding; before, the world is of another
    /// vintage.
    /// </summary>
    private const int AddsUpFrom = 1992;

    /// <summary>
    /// Fewer countries in a month are an extract; the file has 220 or more. With so many the world row must have a
    /// figure.
    /// </summary>
    private const int ManyPartners = 150;

    /// <summary>The code of the world, not seasonally adjusted.</summary>
    public const string World = "0015";

    private readonly Dictionary<(int Year, int Month, bool Imports), Total> totals = [];

    private sealed class Total
    {
        public Int128 Sum;
        public long? World;
        public int Partners;

        /// <summary>What rounding explains: the world has months in whole millions.</summary>
        public long Half = 500_000;

        public UnusedRows Unused { get; } = new(canBeNegative: false);
    }

    /// <summary>Countries add up to the world, which lies in a range that no slip of a unit stays in.</summary>
    public IEnumerable<Finding> Findings()
    {
        foreach (var ((year, month, imports), total) in totals.OrderBy(pair => pair.Key))
        {
            // A month that is not published has 0 for all; a body of a few countries is an extract.
            if (total.Partners < ManyPartners || (total.World is null or 0 && total.Sum == 0))
                continue;
            var where = $"{BalanceFile.Column(imports, month)} of {year}";
            if (total.World is not { } world || world == 0)
            {
                yield return new Finding(
                    where,
                    $"{total.Partners} countries that add up to {total.Sum} US dollars, and "
                        + (total.World is null ? "no figure of the world" : "a world row of 0"),
                    $"the world row, {World}, with what the countries add up to",
                    CensusChecks.CheckAndAccept
                );
                continue;
            }

            if (world is < CensusChecks.LeastWorld or > CensusChecks.MostWorld)
            {
                yield return new Finding(
                    where,
                    $"{world} US dollars as the world row, {World}",
                    $"{CensusChecks.LeastWorld} to {CensusChecks.MostWorld}, which holds every month since "
                        + $"{FirstYear}",
                    CensusChecks.CheckAndAccept
                );
            }

            if (year < AddsUpFrom || UnusedRows.Explain(world - total.Sum, total.Unused, null, total.Half))
                continue;
            yield return new Finding(
                where,
                $"countries that add up to {total.Sum} US dollars{UnusedRows.InWords(total.Unused, null)}",
                $"{world}, the world row, {World}",
                CensusChecks.CheckAndAccept
            );
        }
    }

    /// <summary>Notes a month of the world or of a country.</summary>
    public void Count(BalanceFile.Row row, int year, bool isWorld)
    {
        foreach (var imports in (bool[])[true, false])
        {
            for (var month = 0; month < 12; month++)
            {
                if (new DateOnly(year, month + 1, 1) >= CensusSlice.FirstMonth)
                    continue;
                var key = (year, month, imports);
                if (!totals.TryGetValue(key, out var total))
                    totals.Add(key, total = new Total());
                if (!BalanceFile.TryDollars((imports ? row.Imports : row.Exports)[month], out var dollars))
                {
                    if (!isWorld)
                        total.Unused.Add(null, null);
                    continue;
                }
                // Up to 2002 the file has one decimal of a million.
                total.Half += year <= 2002 ? 50_000 : 1;
                if (isWorld)
                {
                    total.World = dollars;
                }
                else
                {
                    total.Sum += dollars;
                    total.Partners++;
                }
            }
        }
    }
}
