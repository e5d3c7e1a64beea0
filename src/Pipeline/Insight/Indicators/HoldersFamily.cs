using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Tables;

namespace Pipeline.Insight.Indicators;

/// <summary>
/// The ten largest foreign holders by asset class, basis and date, statement by statement: <c>holders-{class}-{basis}</c> with
/// share or value, and <c>holder-rank-{class}-{basis}</c> with the place; row <c>{yyyy-MM-dd}|{country}|{hash of the citation}</c>.
/// </summary>
/// <remarks>
/// Bases never mix, and neither do publishers: those that contradict each other stand side by side. Countries are compared with
/// countries, so that regions and totals have no place. A statement that names one country only says nothing about places,
/// unless it holds more than half.
/// </remarks>
internal sealed class HoldersFamily : IndicatorFamily
{
    private const int Top = 10;

    public const string SourceName = "moex-holders";

    /// <inheritdoc/>
    public override string Source => SourceName;

    /// <inheritdoc/>
    public override string Prefix => "holder";

    /// <inheritdoc/>
    public override FactRead Read { get; } = new(Holding.Table, TableClient.CreateQueryFilter($"PartitionKey ge {"a"} and PartitionKey lt {"~"} and HolderIso2 ne {""}"));

    /// <inheritdoc/>
    public override IEnumerable<IndicatorRow> Compute(IReadOnlyList<FactRow> facts, ICollection<string> notes)
    {
        foreach (var statement in facts.Cast<Holding>().GroupBy(row => (row.PartitionKey, row.AsOf, row.Citation)))
        {
            var period = statement.Key.AsOf.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            var vintage = statement.Max(row => row.Vintage);
            var countries = statement.GroupBy(row => row.HolderIso2).Select(rows => rows.MinBy(row => row.RowKey, StringComparer.Ordinal)!).ToList();
            if (countries.Count < statement.Count()) notes.Add($"{Prefix}s: \"{statement.Key.Citation}\" has several rows for one country on {period}; the first by name is taken");
            var ranked = Rank(countries);
            foreach (var (row, place) in ranked)
            {
                if (place > Top) continue;
                var series = $"{Ids.Slug(row.AssetClass)}-{Ids.Slug(row.PartitionKey.Split('|')[^1])}";
                var key = $"{period}|{row.HolderIso2.ToLowerInvariant()}|{row.RowKey.Split('|')[^1]}";
                var what = $"foreign holders of {row.AssetClass.Replace('_', ' ')}, share of {row.PartitionKey.Split('|')[^1].Replace('_', ' ')}";
                var (value, unit) = double.IsNaN(row.SharePercent) ? (row.Value, row.Currency) : (row.SharePercent, "percent");
                yield return Row($"holders-{series}", key, period, $"{row.Holder} among {what}, {row.Qualifier.Replace('_', ' ')} ({row.Citation})", value, unit, $"{Holding.Table.Name} {row.PartitionKey} {row.RowKey}", vintage);
                if (ranked.Count > 1 || (unit == "percent" && value > 50))
                    yield return Row($"holder-rank-{series}", key, period, $"Place of {row.Holder} among {what} ({row.Citation})", place, "place",
                        string.Join("; ", ranked.Select(other => $"{Holding.Table.Name} {other.Row.PartitionKey} {other.Row.RowKey}")), vintage);
            }
        }
    }

    /// <summary>Shares decide; where they are equal or there are none, values in one currency do.</summary>
    private static List<(Holding Row, int Place)> Rank(List<Holding> rows)
    {
        if (rows.Any(row => !double.IsNaN(row.SharePercent))) rows.RemoveAll(row => double.IsNaN(row.SharePercent));
        else rows.RemoveAll(row => row.Currency != rows.Min(other => other.Currency));
        var sameCurrency = rows.All(row => !double.IsNaN(row.Value)) && rows.Select(row => row.Currency).Distinct().Count() == 1;
        (double Share, double Value) Order(Holding row) => (double.IsNaN(row.SharePercent) ? 0 : row.SharePercent, sameCurrency || NextTo(row) ? row.Value : 0);
        bool NextTo(Holding row) => !double.IsNaN(row.Value) && rows.Where(other => other.SharePercent == row.SharePercent).All(other => other.Currency == row.Currency);
        return [.. rows.Select(row => (row, 1 + rows.Count(other => Order(other).CompareTo(Order(row)) > 0))).OrderBy(pair => pair.Item2).ThenBy(pair => pair.row.RowKey, StringComparer.Ordinal)];
    }
}
