using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>A row of the table <c>gaps</c>: a value that the source says it does not have.</summary>
[Ledger(Names.Gaps, "{table}|{partition key} of the row that would have the figure", "Its row key")]
internal sealed record GapRow : LedgerRow
{
    [Meaning("What the publisher says in place of the figure")]
    public string Reason { get; init; } = "";

    [Meaning("The run that found it")]
    public string RunId { get; init; } = "";
}
