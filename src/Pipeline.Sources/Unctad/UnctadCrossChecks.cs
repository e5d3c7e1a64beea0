using Azure.Data.Tables;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Unctad.Partners;

namespace Pipeline.Sources.Unctad;

/// <summary>What can be said once the rows are in the tables. A difference is reported, not refused.</summary>
internal sealed class UnctadCrossChecks(FactStore facts)
{
    /// <summary>Differences that one line quotes.</summary>
    private const int Examples = 3;

    /// <summary>
    /// Economies that the program's list does not have yet: a release may bring some (unctad.md, section
    /// 4).
    /// </summary>
    public async Task<IReadOnlyList<string>> EconomiesAsync(CancellationToken cancellationToken)
    {
        var unknown = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (
            var row in facts.QueryAsync(
                FdiAnnual.Table,
                TableClient.CreateQueryFilter($"EconomyIso3 eq {""}"),
                cancellationToken
            )
        )
        {
            if (row is FdiAnnual annual && Economies.Find(annual.EconomyCode) is null)
                unknown[annual.EconomyCode] = annual.EconomyName;
        }

        return unknown.Count == 0
            ? []
            :
            [
                $"{unknown.Count} economies are not in the program's list, so that their rows have no ISO code: "
                    + $"{First([.. unknown.Select(economy => $"{economy.Key} {Finding.Quote(economy.Value)}")])}; "
                    + "add them to economies.txt",
            ];
    }

    /// <summary>
    /// Places as the table has them, and the sum over partners beside the total of the other dataset in the
    /// newest year that both have.
    /// </summary>
    public async Task<IReadOnlyList<string>> PartnersAsync(CancellationToken cancellationToken)
    {
        var rows = new List<FdiPartner>();
        await foreach (
            var row in facts.QueryAsync(
                FdiPartner.Table,
                TableClient.CreateQueryFilter($"Dataset eq {UnctadSlice.Partners}"),
                cancellationToken
            )
        )
        {
            rows.Add((FdiPartner)row);
        }

        var lines = new List<string>();
        var groups = rows.GroupBy(row => (row.PartitionKey, row.Year, row.Basis)).ToList();
        var misplaced = groups.Where(group => group.Count() > 1).SelectMany(Misplaced).ToList();
        if (misplaced.Count > 0)
            lines.Add($"{misplaced.Count} places in the table are not those of its values: {First(misplaced)}");
        // One partner alone is an estimate about that partner, no list that could add up.
        foreach (
            var partition in groups
                .Where(group => group.Count() > 1)
                .GroupBy(group => group.Key.PartitionKey)
                .OrderBy(partition => partition.Key, StringComparer.Ordinal)
        )
        {
            if (
                await BesideTotalAsync(
                    partition.OrderByDescending(group => group.Key.Year).First(),
                    cancellationToken
                ) is
                { } line
            )
            {
                lines.Add(line);
            }
        }

        return lines;
    }

    private static string First(List<string> all) =>
        $"{string.Join("; ", all.Take(Examples))}{(all.Count > Examples ? "; …" : "")}";

    private static IEnumerable<string> Misplaced(IEnumerable<FdiPartner> group)
    {
        var (at, place, last) = (0, 0, default(long?));
        foreach (var row in group.OrderByDescending(row => row.ValueUsd))
        {
            at++;
            if (last != row.ValueUsd)
                place = at;
            last = row.ValueUsd;
            if (row.Rank != place)
                yield return $"{row.PartitionKey} {row.RowKey} has {row.Rank}, its value {place}";
        }
    }

    /// <remarks>
    /// Totals were revised after the bilateral statistics ended, and moved to the directional principle: no
    /// reconciliation is tried (unctad.md, section 6).
    /// </remarks>
    private async Task<string?> BesideTotalAsync(IEnumerable<FdiPartner> group, CancellationToken cancellationToken)
    {
        var partners = group.ToList();
        var first = partners[0];
        var (partition, year) = ($"{first.HostCode}|{first.Direction}|{first.Measure}", $"{first.Year:0000}");
        await foreach (
            var row in facts.QueryAsync(
                FdiAnnual.Table,
                TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey eq {year}"),
                cancellationToken
            )
        )
        {
            var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + partner.ValueUsd);
            return $"{first.PartitionKey} {year}: {partners.Count} partners add up to {sum:N0} US dollars, the "
                + $"total in {FdiAnnual.Table.Name} is {((FdiAnnual)row).ValueUsd:N0}; the two sets are of "
                + "different vintages and principles and are not reconciled";
        }
        return null;
    }
}
