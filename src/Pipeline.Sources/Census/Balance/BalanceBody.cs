using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Census.Trade;

namespace Pipeline.Sources.Census.Balance;

/// <summary>
/// Parses the country balance file: the months before the API begins. A row of the ledger is one month and flow
/// of one country.
/// </summary>
/// <param name="from">The first month wanted.</param>
/// <param name="lastYear">The year in which the body was fetched: no row is of a later one.</param>
internal sealed class BalanceBody(DateOnly from, int lastYear = 2200) : IRowParser
{
    /// <inheritdoc/>
    public FactTable Table => TradeMonthly.Table;

    /// <inheritdoc/>
    public SliceScope Scope => CensusScope.OfBalance(from);

    /// <inheritdoc/>
    public FigurePolicy? Figures => CensusBody.Totals;

    /// <inheritdoc/>
    public string? Wanted =>
        from >= CensusSlice.FirstMonth ? null : $"a country's months from {from:yyyy-MM} to 2009-12";

    /// <inheritdoc/>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => CensusScope.InPolicy((TradeMonthly)row, vintage);

    /// <inheritdoc/>
    public async Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        var scan = new BalanceScan(from, lastYear);
        foreach (var (row, finding) in BalanceFile.Read(body))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (row is null)
                scan.Refuse(finding!);
            else
                scan.Take(row);
            await scan.Batch.HandOnIfFullAsync(take);
        }
        await scan.Batch.HandOnAsync(take);
        return scan.Result();
    }
}
