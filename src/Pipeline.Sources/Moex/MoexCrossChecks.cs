using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Loading;

namespace Pipeline.Sources.Moex;

/// <summary>
/// Compares the Bank of Russia's table with the statements in the curated file. A difference is told, never
/// mended.
/// </summary>
internal sealed class MoexCrossChecks(FactStore facts)
{
    /// <summary>Differences that one line quotes.</summary>
    private const int Examples = 3;

    /// <summary>Statements print one decimal: so far a correct rounding may be off, in points.</summary>
    private const double Rounding = 0.0500001;

    /// <summary>The share of all non-residents in OFZ, day by day, where both have an exact one.</summary>
    public async Task<IReadOnlyList<string>> OfzAsync(CancellationToken cancellationToken)
    {
        var table = new Dictionary<DateTimeOffset, double>();
        await foreach (var row in RowsAsync(HolderBasis.CbrMonthly, cancellationToken))
            table[row.AsOf] = row.SharePercent;
        var differences = new List<string>();
        if (table.Count == 0)
            return differences;
        await foreach (var row in RowsAsync(HolderBasis.MarketOutstanding, cancellationToken))
        {
            if (
                row.Holder == HoldingRow.AllNonResidents
                && row.Qualifier == HoldingRow.Exact
                && table.TryGetValue(row.AsOf, out var share)
                && Math.Abs(share - row.SharePercent) > Rounding
            )
            {
                differences.Add(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{row.AsOf:yyyy-MM-dd} {row.SharePercent} ({row.Citation}), table {share}"
                    )
                );
            }
        }

        return differences.Count == 0
            ? []
            :
            [
                $"statements and the Bank of Russia's table differ about the share of non-residents in OFZ on "
                    + $"{differences.Count} days: "
                    + $"{string.Join("; ", differences.Take(Examples))}{(differences.Count > Examples ? "; …" : "")}",
            ];
    }

    private async IAsyncEnumerable<Holding> RowsAsync(
        string basis,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {HoldingRow.PartitionKey(HoldingRow.Ofz, basis)}");
        await foreach (var row in facts.QueryAsync(Holding.Table, filter, cancellationToken))
            yield return (Holding)row;
    }
}
