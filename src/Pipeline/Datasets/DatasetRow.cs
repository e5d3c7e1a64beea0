using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>A row of the table <c>datasets</c>: what a dataset is, for those who read the tables.</summary>
[Ledger(Names.Datasets, "The source", "The dataset")]
internal sealed record DatasetRow : LedgerRow
{
    [Meaning("What it is, in one line")]
    public string Title { get; init; } = "";

    [Meaning("Who publishes it")]
    public string Publisher { get; init; } = "";

    [Meaning("The table that has its figures")]
    public string Table { get; init; } = "";

    [Meaning("The publisher's own unit, before it becomes whole US dollars")]
    public string Unit { get; init; } = "";

    [Meaning("Where it comes from")]
    public string Url { get; init; } = "";

    [Meaning("What the publisher asks of those who use it")]
    public string Terms { get; init; } = "";

    [Meaning("When and how far back the publisher changes figures")]
    public string RevisionPolicy { get; init; } = "";

    [Meaning("The columns of its table, JSON: name, type, meaning, unit, logicalType")]
    public string Columns { get; init; } = "";

    [Meaning("When its newest loaded body was fetched, UTC")]
    public DateTimeOffset LastVintage { get; init; }
}
