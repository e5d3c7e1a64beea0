using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Sources.Moex;

/// <summary>
/// Which rows of <c>holders</c> a slice answers for. All datasets of the source share the table: each has bases, and so
/// partitions, of its own.
/// </summary>
internal static class MoexScope
{
    /// <summary>After every row key, all of which begin with a year.</summary>
    private const string End = "~";

    /// <summary>The market's capitalisation on all days; a body has the last one.</summary>
    public static SliceScope OfCapitalisation { get; } =
        SliceScope.OfPartition(
            HoldingRow.PartitionKey(HoldingRow.Equity, HolderBasis.MarketCapitalisation),
            Coverage.Adds
        );

    /// <summary>The whole table of the Bank of Russia.</summary>
    public static SliceScope OfOfz { get; } =
        SliceScope.OfPartition(HoldingRow.PartitionKey(HoldingRow.Ofz, HolderBasis.CbrMonthly), Coverage.Vintage);

    /// <summary>One day of the depository, all types of assets.</summary>
    public static SliceScope OfNsd(DateOnly day)
    {
        var (from, to) = ($"{day:yyyy-MM-dd}|", $"{day:yyyy-MM-dd}}}");
        return new SliceScope(
            TableClient.CreateQueryFilter($"RowKey ge {from} and RowKey lt {to} and Dataset eq {MoexSlice.Nsd}"),
            (from, to),
            (pk, rk) =>
                HasBasis(pk, HolderBasis.Nsd)
                && string.CompareOrdinal(rk, from) >= 0
                && string.CompareOrdinal(rk, to) < 0
        );
    }

    /// <summary>The whole curated file.</summary>
    public static SliceScope OfHolders { get; } =
        new(
            TableClient.CreateQueryFilter($"Dataset eq {MoexSlice.Holders}"),
            ("", End),
            (pk, _) => HasBasis(pk, HolderBasis.Curated),
            Coverage.ByHand
        );

    private static bool HasBasis(string partition, IReadOnlyList<string> bases) =>
        bases.Contains(partition[(partition.IndexOf('|', StringComparison.Ordinal) + 1)..]);
}
