using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Sources.Moex;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// The ten largest foreign holders by asset class, basis and date, each as a statement has it:
/// <c>holders-{class}-{basis}</c> with share or value, and <c>holder-rank-{class}-{basis}</c> with the place; row
/// <c>{yyyy-MM-dd}|{country}|{hash of the citation}</c>.
/// </summary>
/// <remarks>
/// Bases never mix. Statements of one country that contradict each other stand side by side, each with the place that
/// its figure has; of another country the largest figure counts, and a lower bound counts as it stands. Countries are
/// compared with countries, so that regions and totals have no place. A country that stands alone on a day has none.
/// </remarks>
internal sealed class HoldersFamily : IndicatorFamily
{
    private const int Top = 10;

    public const string SourceName = Sources.Moex.MoexSlice.Source;

    /// <inheritdoc/>
    public override string Source => SourceName;

    /// <inheritdoc/>
    public override string Prefix => "holder";

    /// <inheritdoc/>
    public override FactRead Read { get; } =
        new(
            Holding.Table,
            TableClient.CreateQueryFilter($"PartitionKey ge {"a"} and PartitionKey lt {"~"}"),
            partition => char.IsAsciiLetterLower(partition[0])
        );

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        foreach (
            var day in facts
                .Cast<Holding>()
                .Where(row => row.HolderIso2.Length > 0)
                .GroupBy(row => (row.PartitionKey, row.AsOf))
        )
        {
            var period = day.Key.AsOf.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var vintage = day.Max(row => row.Vintage);
            var statements = day.GroupBy(row => (row.HolderIso2, Citation: row.RowKey.Split('|')[^1]))
                .Select(rows => rows.MinBy(row => row.RowKey, StringComparer.Ordinal)!)
                .ToList();
            if (statements.Count < day.Count())
            {
                notes.Add(
                    $"{Prefix}s: {day.Key.PartitionKey} has several rows of one statement for one country on "
                        + $"{period}; the first by name is taken"
                );
            }

            var ranked = Rank(statements);
            var alone = ranked.Select(pair => pair.Row.HolderIso2).Distinct().Count() == 1;
            foreach (var (row, place) in ranked)
            {
                if (place > Top)
                    continue;
                var series = $"{Ids.Slug(row.AssetClass)}-{Ids.Slug(row.PartitionKey.Split('|')[^1])}";
                var key = $"{period}|{row.HolderIso2.ToLowerInvariant()}|{row.RowKey.Split('|')[^1]}";
                var what =
                    $"foreign holders of {row.AssetClass.Replace('_', ' ')}, share of "
                    + $"{row.PartitionKey.Split('|')[^1].Replace('_', ' ')}";
                var (value, unit) = double.IsNaN(row.SharePercent)
                    ? (row.Value, row.Currency)
                    : (row.SharePercent, "percent");
                yield return Row(
                    $"holders-{series}",
                    key,
                    period,
                    $"{row.Holder} among {what}, {row.Qualifier.Replace('_', ' ')} ({row.Citation})",
                    value,
                    unit,
                    $"{Holding.Table.Name} {row.PartitionKey} {row.RowKey}",
                    vintage
                );
                if (!alone)
                {
                    yield return Row(
                        $"holder-rank-{series}",
                        key,
                        period,
                        $"Place of {row.Holder} among {what} ({row.Citation})",
                        place,
                        "place",
                        $"{Holding.Table.Name} {row.PartitionKey} {period}|*",
                        vintage
                    );
                }
            }
        }
    }

    /// <summary>Shares decide; where they are equal, or where no holder has one, values in one currency do.</summary>
    private static List<(Holding Row, int Place)> Rank(List<Holding> rows)
    {
        var shares = rows.Any(row => !double.IsNaN(row.SharePercent));
        var currency = rows.Select(row => row.Currency).Min(StringComparer.Ordinal);
        rows = [.. rows.Where(row => shares ? !double.IsNaN(row.SharePercent) : row.Currency == currency)];
        return
        [
            .. rows.Select(row =>
                    (
                        row,
                        1
                            + rows.Where(other => other.HolderIso2 != row.HolderIso2 && IsLarger(other, row))
                                .DistinctBy(other => other.HolderIso2)
                                .Count()
                    )
                )
                .OrderBy(pair => pair.Item2)
                .ThenBy(pair => pair.row.RowKey, StringComparer.Ordinal),
        ];
    }

    private static bool IsLarger(Holding other, Holding row) =>
        other.SharePercent > row.SharePercent
        || (other.SharePercent.Equals(row.SharePercent) && other.Currency == row.Currency && other.Value > row.Value);
}
