using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Loading;
using Pipeline.Sources.Census.Balance;

namespace Pipeline.Sources.Census;

/// <summary>
/// Compares what different slices say of the same thing: commodities with totals, the balance file with the
/// API.
/// </summary>
/// <remarks>A difference is reported, not refused: the two sides may be of different vintages.</remarks>
internal sealed class CensusCrossChecks(CensusOptions settings, FactStore facts)
{
    /// <summary>Differences that one line quotes.</summary>
    private const int Examples = 3;

    /// <summary>Chapters of a partner add up to its total, exact to the dollar (census.md, section 2.1).</summary>
    public async Task<IReadOnlyList<string>> CommoditiesAsync(
        CensusSlice slice,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    )
    {
        var lines = new List<string>();
        IReadOnlyList<string>? partners = slice.Partner is { } one ? [one] : settings.Partners;
        foreach (
            var level in slice.Level == CensusSlice.Total
                ? settings.Levels.Where(level => level != CensusSlice.Total)
                : [slice.Level]
        )
        {
            // With all partners this is read once per commodity slice, not again per total.
            if (settings.Partners is null && (slice.Level == CensusSlice.Total || slice.Chapter is not null))
                continue;
            // … so that there is but one level to compare here.
            partners ??= await PartnersAsync(slice, rows, cancellationToken);
            var totals = await SumsAsync(slice, partners, CensusSlice.Total, cancellationToken);
            var parts = await SumsAsync(slice, partners, level, cancellationToken);
            Compare(
                lines,
                parts
                    .Where(part => totals.ContainsKey(part.Key))
                    .Select(part => (part.Key.Partner, part.Key.Period, part.Value, totals[part.Key])),
                (partner, count) =>
                    $"{level} of {slice.Flow} with {partner} does not add up to the total in {count} months",
                level,
                "total"
            );
        }
        return lines;
    }

    /// <summary>The first month of a slice in which its partner's total has trade; null without one.</summary>
    public static async Task<TradeMonthly?> TotalAsync(
        CensusSlice slice,
        string partner,
        FactStore facts,
        CancellationToken cancellationToken
    )
    {
        var key = CensusRowKeys.PartitionKeyOf(partner, slice.Flow, CensusSlice.Total);
        var (from, to) = ($"{slice.Start:yyyy-MM}|", $"{slice.End:yyyy-MM}}}");
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key} and RowKey ge {from} and RowKey lt {to}");
        await foreach (var row in facts.QueryAsync(TradeMonthly.Table, filter, cancellationToken))
        {
            if (row is TradeMonthly { ValueUsd: > 0 } total)
                return total;
        }

        return null;
    }

    /// <summary>
    /// The partners on the program's list; null where one query for all that there are is faster. One that is not on
    /// the list yet is compared then alone.
    /// </summary>
    private static async Task<IReadOnlyList<string>?> PartnersAsync(
        CensusSlice slice,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    )
    {
        var partitions = CensusScope.Of(slice).Partitions!;
        return TradeMonthly.Table.PaysByPartition(partitions.Count, await rows(cancellationToken))
            ? [.. partitions.Select(CensusRowKeys.PartnerIn)]
            : null;
    }

    private async Task<Dictionary<(string Partner, string Period), long>> SumsAsync(
        CensusSlice slice,
        IReadOnlyList<string>? partners,
        string level,
        CancellationToken cancellationToken
    )
    {
        var sums = new Dictionary<(string, string), long>();
        var (from, to) = ($"{slice.Start:yyyy-MM}|", $"{slice.End:yyyy-MM}}}");
        var filters = partners is null
            ?
            [
                TableClient.CreateQueryFilter(
                    $"RowKey ge {from} and RowKey lt {to} and Flow eq {slice.Flow} and Level eq {level}"
                ),
            ]
            : partners.Select(partner =>
                TableClient.CreateQueryFilter(
                    $"PartitionKey eq {CensusRowKeys.PartitionKeyOf(partner, slice.Flow, level)} and RowKey ge {from} and RowKey lt {to}"
                )
            );
        foreach (var filter in filters)
        {
            await foreach (var row in facts.QueryAsync(TradeMonthly.Table, filter, cancellationToken))
            {
                var trade = (TradeMonthly)row;
                sums[(trade.PartnerCode, trade.Period)] =
                    sums.GetValueOrDefault((trade.PartnerCode, trade.Period)) + trade.ValueUsd;
            }
        }

        return sums;
    }

    /// <summary>
    /// Where both cover a month the API is what the tables hold; the file's figure is compared with it. Months that the
    /// file has not published (world 0) say nothing.
    /// </summary>
    public async Task<IReadOnlyList<string>> BalanceAsync(Stream body, CancellationToken cancellationToken)
    {
        var published = new HashSet<(int Year, int Month, bool Imports)>();
        var file = new Dictionary<(string Partner, bool Imports), List<(int Year, int Month, long Value)>>();
        foreach (var (row, _) in BalanceFile.Read(body))
        {
            if (
                row is null
                || !int.TryParse(
                    Convert.ToString(row.Year, CultureInfo.InvariantCulture),
                    CultureInfo.InvariantCulture,
                    out var year
                )
                || year < CensusSlice.FirstMonth.Year
            )
            {
                continue;
            }

            var code = Convert.ToString(row.Code, CultureInfo.InvariantCulture) ?? "";
            var compared =
                CensusPartners.KindOf(code) == CensusPartners.Kind.Country
                && settings.Partners?.Contains(code) != false;
            if (!compared && code != "0015")
                continue;
            foreach (var imports in (bool[])[true, false])
            {
                for (var month = 1; month <= 12; month++)
                {
                    if (!BalanceFile.TryDollars((imports ? row.Imports : row.Exports)[month - 1], out var value))
                        continue;
                    if (!compared)
                    {
                        if (value != 0)
                            published.Add((year, month, imports));
                        continue;
                    }
                    if (!file.TryGetValue((code, imports), out var values))
                        file.Add((code, imports), values = []);
                    values.Add((year, month, value));
                }
            }
        }
        var lines = new List<string>();
        foreach (var ((partner, imports), values) in file)
        {
            var flow = imports ? CensusSlice.Imports : CensusSlice.Exports;
            var api = new Dictionary<string, long>(StringComparer.Ordinal);
            var filter = TableClient.CreateQueryFilter(
                $"PartitionKey eq {CensusRowKeys.PartitionKeyOf(partner, flow, CensusSlice.Total)} and RowKey ge {"2010-01|"}"
            );
            await foreach (var row in facts.QueryAsync(TradeMonthly.Table, filter, cancellationToken))
                api[((TradeMonthly)row).Period] = ((TradeMonthly)row).ValueUsd;
            Compare(
                lines,
                values
                    .Where(value => published.Contains((value.Year, value.Month, imports)))
                    .Select(value => (partner, Period: $"{value.Year:0000}-{value.Month:00}", value.Value))
                    .Where(value => api.ContainsKey(value.Period))
                    .OrderBy(value => value.Period, StringComparer.Ordinal)
                    .Select(value => (partner, value.Period, value.Value, api[value.Period])),
                (code, count) => $"the file and the API differ for {flow} with {code} in {count} months",
                "file",
                "API"
            );
        }
        return lines;
    }

    /// <summary>One line per partner: how many months differ by a dollar or more, and the first of them.</summary>
    private static void Compare(
        List<string> lines,
        IEnumerable<(string Partner, string Period, long One, long Other)> pairs,
        Func<string, int, string> words,
        string one,
        string other
    )
    {
        foreach (var partner in pairs.Where(pair => pair.One != pair.Other).GroupBy(pair => pair.Partner))
        {
            var all = partner.ToList();
            lines.Add(
                $"{words(partner.Key, all.Count)}: "
                    + $"{string.Join("; ", all.Take(Examples).Select(pair => $"{pair.Period} {one} {pair.One:N0}, {other} {pair.Other:N0}"))}{(all.Count > Examples ? "; …" : "")}"
            );
        }
    }
}
