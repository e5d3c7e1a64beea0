using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Loading;

/// <summary>A row of the table <c>history</c>: a version of a fact row that is no longer the present one.</summary>
[Ledger(
    Names.History,
    "{table}|{partition key} of the row that has changed",
    "{row key}|{ticks of ValidFrom, 19 digits}: the versions of a row in the order of time"
)]
public sealed record HistoryRow : LedgerRow
{
    /// <summary>
    /// What the column <c>Column</c> says of a row that was removed; its columns are in <c>OldValue</c>, as
    /// JSON.
    /// </summary>
    public const string Removed = "(removed)";

    [Meaning("The columns that changed when the version ended, joined by commas; (removed) when the row was removed")]
    public string Column { get; init; } = "";

    [Meaning("The value until then; several, or all of a row that was removed, as JSON by column")]
    public string OldValue { get; init; } = "";

    [Meaning("The value from then on, likewise; empty when the row was removed")]
    public string NewValue { get; init; } = "";

    [Meaning("Vintage of the body that brought the version, UTC")]
    public DateTimeOffset ValidFrom { get; init; }

    [Meaning("Vintage of the body that ended it, UTC; the version was valid before this moment")]
    public DateTimeOffset ValidTo { get; init; }

    [Meaning("Whether the publisher's declared revision window covers the change")]
    public bool InPolicy { get; init; }

    [Meaning("The run that ended it")]
    public string RunId { get; init; } = "";

    /// <param name="table">The fact table.</param>
    /// <param name="before">The version that ends.</param>
    /// <param name="after">The version that follows; null when the row is removed.</param>
    /// <param name="validTo">When it ended, UTC.</param>
    /// <param name="runId">The run that ended it.</param>
    /// <param name="inPolicy">Whether the change lies inside the publisher's declared revision window.</param>
    public static HistoryRow Of(
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
        return new HistoryRow
        {
            PartitionKey = $"{table.Name}|{before.PartitionKey}",
            RowKey = KeyOf(before),
            Column = column,
            OldValue = old,
            NewValue = next,
            ValidFrom = before.LastChanged,
            ValidTo = validTo,
            InPolicy = inPolicy,
            RunId = runId,
        };
    }

    /// <summary>The row key: that of the fact, and when the version began.</summary>
    public static string KeyOf(FactRow version) =>
        $"{version.RowKey}|{version.LastChanged.UtcTicks.ToString("D19", CultureInfo.InvariantCulture)}";
}
