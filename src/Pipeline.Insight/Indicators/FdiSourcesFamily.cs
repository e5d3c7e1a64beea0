using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Sources.Unctad.Partners;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// Where direct investment in a host comes from, by measure, reporter and basis, which never mix: the ten largest
/// sources, <c>fdi-top-sources-{host}-{measure}-{reporter}-{basis}</c> with row <c>{yyyy}|{place}|{partner}</c> and
/// their value, and the place of every source, <c>fdi-source-rank-…</c> with row <c>{yyyy}|{partner}</c>.
/// </summary>
public sealed class FdiSourcesFamily : IndicatorFamily
{
    private const int Top = 10;

    /// <summary>Fewer than these have no places.</summary>
    internal const int FewestRanked = 2;

    /// <inheritdoc/>
    public override string Source => FdiFamily.SourceName;

    /// <inheritdoc/>
    public override string Prefix => "fdi-";

    /// <inheritdoc/>
    public override FactRead Read { get; } =
        new(
            FdiPartner.Table,
            TableClient.CreateQueryFilter(
                $"PartitionKey ge {"0"} and PartitionKey lt {":"} and Direction eq {"inward"}"
            ),
            partition => char.IsAsciiDigit(partition[0]) && partition.Split('|')[1] == "inward"
        );

    /// <summary>The bases that ids name.</summary>
    internal static IReadOnlyList<string> Bases { get; } = ["immediate-investor", "ultimate-investor"];

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        foreach (
            var group in facts
                .Cast<FdiPartner>()
                .GroupBy(row => (row.Year, row.HostCode, row.Measure, row.ReportedBy, Basis: Basis(row.Basis)))
        )
        {
            var period = group.Key.Year.ToString("0000", CultureInfo.InvariantCulture);
            // A place depends on every row of the group.
            var vintage = group.Max(row => row.Vintage);
            // A place among fewer than two is no place, and no list to lead.
            if (group.Select(row => row.PartnerIso3).Distinct().Count() < FewestRanked)
                continue;
            var (place, seen, last) = (0, 0, 0L);
            foreach (
                var row in group
                    .OrderByDescending(row => row.ValueUsd)
                    .ThenBy(row => row.PartnerIso3, StringComparer.Ordinal)
            )
            {
                if (++seen == 1 || row.ValueUsd != last)
                    (place, last) = (seen, row.ValueUsd);
                var series =
                    $"{Ids.Economy(row.HostCode, row.HostIso3)}-{row.Measure}-{row.ReportedBy}-{group.Key.Basis}";
                var what =
                    $"inward direct investment in {row.HostIso3}, {row.Measure}, reported by the {row.ReportedBy}, "
                    + $"{group.Key.Basis.Replace('-', ' ')}";
                var partner = Ids.Economy(row.PartnerIso3, row.PartnerIso3);
                yield return Row(
                    $"{Prefix}source-rank-{series}",
                    $"{period}|{partner}",
                    period,
                    $"Place of {row.PartnerName} among the sources of {what}",
                    place,
                    "place",
                    $"{FdiPartner.Table.Name} {row.PartitionKey} {period}|*",
                    vintage
                );
                if (place <= Top)
                {
                    yield return Row(
                        $"{Prefix}top-sources-{series}",
                        $"{period}|{place:00}|{partner}",
                        period,
                        $"No. {place} of the sources of {what}: {row.PartnerName}",
                        row.ValueUsd,
                        TradeTotals.Dollars,
                        $"{FdiPartner.Table.Name} {row.PartitionKey} {row.RowKey}",
                        vintage
                    );
                }
            }
        }
    }

    /// <summary>Whose investment is counted, out of the words of the fact.</summary>
    public static string Basis(string words)
    {
        var slug = Ids.Slug(words);
        return Bases.FirstOrDefault(basis => slug.Contains(basis, StringComparison.Ordinal)) ?? slug;
    }
}
