using System.Text.Json;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Census.Trade;

/// <summary>Parses a response of the trade API: header, rows, and what must be true of all rows together.</summary>
/// <param name="slice">The slice.</param>
/// <param name="settings">The settings.</param>
/// <param name="last">The last month that the publisher's calendar allows; null where the day of the fetch is not
/// known.</param>
internal sealed class CensusBody(CensusSlice slice, CensusOptions settings, DateOnly? last = null) : IRowParser
{
    /// <summary>
    /// How far a month's total may stand out. Source: the balance file, all partners, both flows, 1985-01 to 2024-06,
    /// as one series, as closed and open years, with and without the stored months around them. With a median of at
    /// least 20 million the largest is 25.2 times it (exports to Equatorial Guinea, 7380, in 2013-02), so that
    /// the factor leaves room for twice as much. With 10 million it is 64.7 times, with 5 million 79.6 times.
    /// Commodities of one partner have no such history: their sums are checked.
    /// </summary>
    internal static readonly FigurePolicy Totals = new() { Spikes = _ => Monthly };
    private static readonly SpikeLimit Monthly = new(20_000_000, 50);

    /// <summary>The months before and after a year that its months are held against.</summary>
    private const int MonthsAround = 12;

    /// <summary>
    /// Commodities of a partner and month add up to its total. The stored total may be of another vintage: ten times
    /// leaves room for every revision, and a slip of a thousand shows from 10 million US dollars on.
    /// </summary>
    private const double WholeFactor = 10,
        WholeFloor = 10_000_000;

    /// <inheritdoc/>
    public FactTable Table => TradeMonthly.Table;

    /// <inheritdoc/>
    public SliceScope Scope => CensusScope.Of(slice);

    /// <inheritdoc/>
    public FigurePolicy? Figures =>
        slice.Level == CensusSlice.Total ? Totals with { Neighbours = Around } : Commodities;

    /// <summary>No commodity of a partner is worth more than all trade of a month.</summary>
    private FigurePolicy Commodities =>
        new()
        {
            Plausible = _ => (0, CensusChecks.MostWorld),
            Whole = new WholeLimit(
                Table,
                row =>
                    (
                        CensusRowKeys.PartitionKeyOf(
                            CensusRowKeys.PartnerIn(row.PartitionKey),
                            slice.Flow,
                            CensusSlice.Total
                        ),
                        $"{row.RowKey[..7]}|{CensusRowKeys.TotalCode}"
                    ),
                WholeFloor,
                WholeFactor,
                slice.Chapter is null ? 1 : int.MaxValue,
                settings.Levels.Contains(CensusSlice.Total)
            ),
        };

    /// <summary>The stored months of a partition around the slice.</summary>
    private string Around(string partition)
    {
        var (from, start) = ($"{slice.Start.AddMonths(-MonthsAround):yyyy-MM}|", $"{slice.Start:yyyy-MM}|");
        var (end, to) = ($"{slice.End:yyyy-MM}}}", $"{slice.End.AddMonths(MonthsAround):yyyy-MM}}}");
        return TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and ((RowKey ge {from} and RowKey lt {start}) or (RowKey ge {end} and RowKey lt {to}))"
        );
    }

    /// <inheritdoc/>
    public string Wanted =>
        $"{slice.Flow} with {(slice.Partner is { } partner ? $"partner {partner}" : "a country")} in {slice.Key}";

    /// <inheritdoc/>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => CensusScope.InPolicy((TradeMonthly)row, vintage);

    /// <inheritdoc/>
    public async Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        var scan = new CensusScan(slice, settings, last);
        using var rows = new JsonRows(body);
        while (!scan.IsOver && await MoveNextAsync(rows, scan, cancellationToken))
        {
            scan.Take(rows);
            await scan.Batch.HandOnIfFullAsync(take);
        }
        await scan.Batch.HandOnAsync(take);
        return scan.Result();
    }

    /// <summary>Moves to the next row; false at the end of the body, or where it is no JSON.</summary>
    private static async ValueTask<bool> MoveNextAsync(
        JsonRows rows,
        CensusScan scan,
        CancellationToken cancellationToken
    )
    {
        try
        {
            while (!rows.TryNext())
            {
                if (!await rows.FillAsync(cancellationToken))
                    return false;
            }
            return true;
        }
        catch (JsonException e)
        {
            scan.Refuse(
                new Finding(
                    scan.Next,
                    Finding.Quote(e.Message),
                    "a JSON array of arrays",
                    "the body is kept; the table keeps the old rows; pull the slice again"
                )
            );
            return false;
        }
    }
}
