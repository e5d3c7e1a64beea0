using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Sources.Census;

/// <summary>Which rows of <c>trademonthly</c> a slice answers for.</summary>
internal static class CensusScope
{
    public static SliceScope Of(CensusSlice slice)
    {
        var from = $"{slice.Start:yyyy-MM}|";
        var to = $"{slice.End:yyyy-MM}}}"; // "}" follows "|" in the order of keys.
        var suffix = $"|{slice.Flow}|{slice.Level}";
        var partition = slice.Partner is null
            ? null
            : CensusRowKeys.PartitionKeyOf(slice.Partner, slice.Flow, slice.Level);
        var filter = partition is not null
            ? TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {to}")
            : TableClient.CreateQueryFilter(
                $"RowKey ge {from} and RowKey lt {to} and Flow eq {slice.Flow} and Level eq {slice.Level}"
            );
        return new SliceScope(filter, (from, to), (pk, rk) =>
            pk.EndsWith(suffix, StringComparison.Ordinal)
            && (partition is null || pk == partition)
            && string.CompareOrdinal(rk, from) >= 0
            && string.CompareOrdinal(rk, to) < 0
            && (slice.Chapter is null || rk.AsSpan(8).StartsWith(slice.Chapter, StringComparison.Ordinal))
        )
        {
            Partitions = slice.Partner is null ? PartitionsOf(slice.Flow, slice.Level) : null,
        };
    }

    /// <summary>The partitions of all partners on the program's list.</summary>
    private static string[] PartitionsOf(string flow, string level) =>
        [.. CensusPartners.All.Select(partner => CensusRowKeys.PartitionKeyOf(partner.Code, flow, level))];

    /// <summary>The months before the API begins, of the balance file.</summary>
    /// <param name="first">The first month wanted; months before it are left as they are.</param>
    public static SliceScope OfBalance(DateOnly first)
    {
        const string to = "2010-01|";
        var from = $"{first:yyyy-MM}|";
        return new SliceScope(
            TableClient.CreateQueryFilter($"RowKey ge {from} and RowKey lt {to} and Level eq {CensusSlice.Total}"),
            (from, to),
            (pk, rk) =>
                pk.EndsWith("|total", StringComparison.Ordinal)
                && string.CompareOrdinal(rk, from) >= 0
                && string.CompareOrdinal(rk, to) < 0
        )
        {
            Partitions =
            [
                .. PartitionsOf(CensusSlice.Exports, CensusSlice.Total),
                .. PartitionsOf(CensusSlice.Imports, CensusSlice.Total),
            ],
        };
    }

    /// <summary>The June release changes about three closed years; the open year may change at any time.</summary>
    public static bool InPolicy(TradeMonthly row, DateTimeOffset vintage) =>
        row.Year >= vintage.Year - CensusCalendar.RevisedYears;
}
