using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>A row of the table <c>history</c>: a version of a fact row that is no longer the present one.</summary>
public static class HistoryRow
{
    /// <summary>
    /// What the column <c>Column</c> says of a row that was removed; its columns are in <c>OldValue</c>, as
    /// JSON.
    /// </summary>
    public const string Removed = "(removed)";

    /// <param name="table">The fact table.</param>
    /// <param name="before">The version that ends.</param>
    /// <param name="after">The version that follows; null when the row is removed.</param>
    /// <param name="validTo">When it ended, UTC.</param>
    /// <param name="runId">The run that ended it.</param>
    /// <param name="inPolicy">Whether the change lies inside the publisher's declared revision window.</param>
    public static TableEntity Of(
        FactTable table,
        FactRow before,
        FactRow? after,
        DateTimeOffset validTo,
        string runId,
        bool inPolicy
    )
    {
        var (column, old, next) = after is null
            ? (Removed, ColumnTexts.All(before), "")
            : ColumnTexts.Difference(before, after);
        return new TableEntity($"{table.Name}|{before.PartitionKey}", KeyOf(before))
        {
            ["OldValue"] = old,
            ["NewValue"] = next,
            ["Column"] = column,
            ["ValidFrom"] = before.LastChanged,
            ["ValidTo"] = validTo,
            ["RunId"] = runId,
            ["InPolicy"] = inPolicy,
        };
    }

    /// <summary>The row key: that of the fact, and when the version began.</summary>
    public static string KeyOf(FactRow version) =>
        $"{version.RowKey}|{version.LastChanged.UtcTicks.ToString("D19", CultureInfo.InvariantCulture)}";
}
