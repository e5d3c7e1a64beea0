using Pipeline.Sources.Census;

namespace Pipeline.Insight.Indicators;

/// <summary>The months of one flow with one partner, and which longer periods they make up completely.</summary>
/// <remarks>
/// The API has no row for a partner before its first trade of a year, and a row in every month after it (census.md,
/// section 2). So the months before the first row are zero when that row's year to date is its own value, and a period
/// from January on is complete when its months add up to the year to date of its last one: a month that was refused, or
/// that the source had no value for, shows as a difference. The balance file has all twelve months of every year; there
/// a month without a row is a gap.
/// </remarks>
public sealed class TradeSeries
{
    private readonly SortedDictionary<int, TradeMonthly> rows = [];
    private readonly Dictionary<int, TradeMonthly> zeros = [];

    public TradeSeries(IEnumerable<TradeMonthly> months)
    {
        foreach (var row in months)
            rows.Add(Index(row.Year, row.Month), row);
        foreach (var year in rows.Values.GroupBy(row => row.Year))
        {
            var first = year.First();
            if (first.Dataset == CensusSlice.BalanceDataset || first.ValueUsd != first.YearToDateUsd)
                continue;
            for (var month = 1; month < first.Month; month++)
                zeros.Add(Index(year.Key, month), first);
        }
    }

    /// <summary>The months with a row, in order.</summary>
    public IEnumerable<TradeMonthly> Months => rows.Values;

    /// <summary>The years with a row, in order.</summary>
    public IEnumerable<int> Years => rows.Values.Select(row => row.Year).Distinct();

    /// <summary>A period's sum and the newest vintage in it.</summary>
    public readonly record struct Sum(long Value, DateTimeOffset Vintage);

    /// <summary>A month.</summary>
    public Sum? Month(int year, int month) =>
        rows.TryGetValue(Index(year, month), out var row) ? new Sum(row.ValueUsd, row.Vintage) : null;

    /// <summary>January to a month; null when it is not complete.</summary>
    public Sum? YearToDate(int year, int month) =>
        rows.TryGetValue(Index(year, month), out var last)
        && Add(Index(year, 1), Index(year, month)) is { } sum
        && (last.YearToDateUsd is null || sum.Value == last.YearToDateUsd)
            ? sum
            : null;

    /// <summary>A calendar year; null when it is not complete.</summary>
    public Sum? Year(int year) => YearToDate(year, 12);

    /// <summary>Twelve months to a month; null when one is not known.</summary>
    public Sum? Rolling(int year, int month) =>
        rows.ContainsKey(Index(year, month)) ? Add(Index(year, month) - 11, Index(year, month)) : null;

    private Sum? Add(int from, int to)
    {
        var sum = new Sum(0, DateTimeOffset.MinValue);
        for (var index = from; index <= to; index++)
        {
            var value = 0L;
            if (rows.TryGetValue(index, out var row))
                value = row.ValueUsd;
            else if (!zeros.TryGetValue(index, out row))
                return null;
            sum = new Sum(sum.Value + value, row.Vintage > sum.Vintage ? row.Vintage : sum.Vintage);
        }
        return sum;
    }

    private static int Index(int year, int month) => year * 12 + month - 1;
}
