using Pipeline.Datasets;

namespace Pipeline.Storage;

/// <summary>
/// What the columns of the tables mean that tell how the figures came. Their rows have no type that could carry it, as
/// those of figures have. A row has every column but those of which the meaning says when they are not there.
/// </summary>
public static class LedgerColumns
{
    /// <summary>The tables that are described, by name.</summary>
    public static IReadOnlyList<string> Tables =>
        [Names.Datasets, Names.Gaps, Names.History, Names.Rejects, Names.Runs, Names.Slices];

    /// <summary>
    /// The columns of one of <see cref="Tables"/>, keys first; for <c>history</c> it is also the order in its
    /// export files.
    /// </summary>
    /// <exception cref="ArgumentException">The table is none of them.</exception>
    public static IReadOnlyList<ColumnMeanings.Column> Of(string table) =>
        table switch
        {
            Names.Datasets => Datasets,
            Names.Gaps => Gaps,
            Names.History => History,
            Names.Rejects => Rejects,
            Names.Runs => Runs,
            Names.Slices => Slices,
            _ => throw new ArgumentException($"the table {table} has rows of a type, or there is none", nameof(table)),
        };

    private static ColumnMeanings.Column[] Datasets =>
        [
            Text("PartitionKey", "The source"),
            Text("RowKey", "The dataset"),
            Text("Title", "What it is, in one line"),
            Text("Publisher", "Who publishes it"),
            Text("Table", "The table that has its figures"),
            Text("Unit", "The publisher's own unit, before it becomes whole US dollars"),
            Text("Url", "Where it comes from"),
            Text("Terms", "What the publisher asks of those who use it"),
            Text("RevisionPolicy", "When and how far back the publisher changes figures"),
            Text("Columns", "The columns of its table, JSON: name, type, meaning"),
            Date("LastVintage", "When its newest loaded body was fetched, UTC"),
        ];

    private static ColumnMeanings.Column[] Gaps =>
        [
            Text("PartitionKey", "{table}|{partition key} of the row that would have the figure"),
            Text("RowKey", "Its row key"),
            Text("Reason", "What the publisher says in place of the figure"),
            Text("RunId", "The run that found it"),
        ];

    private static ColumnMeanings.Column[] History =>
        [
            Text("PartitionKey", "{table}|{partition key} of the row that has changed"),
            Text("RowKey", "{row key}|{ticks of ValidFrom, 19 digits}: the versions of a row in the order of time"),
            Text(
                "Column",
                "The columns that changed when the version ended, joined by commas; (removed) when the row was removed"
            ),
            Text("OldValue", "The value until then; several, or all of a row that was removed, as JSON by column"),
            Text("NewValue", "The value from then on, likewise; empty when the row was removed"),
            Date("ValidFrom", "Vintage of the body that brought the version, UTC"),
            Date("ValidTo", "Vintage of the body that ended it, UTC; the version was valid before this moment"),
            new("InPolicy", "Edm.Boolean", "Whether the publisher's declared revision window covers the change"),
            Text("RunId", "The run that ended it"),
        ];

    private static ColumnMeanings.Column[] Rejects =>
        [
            Text("PartitionKey", "{source}|{yyyy-MM} of the run"),
            Text("RowKey", "{run}|{position}, with a hash of the value behind a second finding of one position"),
            Text("Slice", "The slice, source/dataset/key"),
            Text("RawBlob", "The blob in the container raw that holds the body"),
            Text("Position", "Where it stands in the body: line, row, column"),
            Text("Seen", "What stands there"),
            Text("Expected", "What should stand there"),
            Text("Advice", "What to do"),
            Text(
                "State",
                "open; replayed: the slice has been read again without it; accepted: an operator says that the "
                    + "figure is right"
            ),
            Text("Step", "The step that could not go on: Pull, Normalize, CompleteRun or RefreshSource"),
            Text(
                "Message",
                "The message of a queue that failed too often, as it was sent; empty for what a body holds"
            ),
            Date("KeptAt", "When the row was written, UTC"),
        ];

    private static ColumnMeanings.Column[] Runs =>
        [
            Text("PartitionKey", "{source}|{yyyy-MM} of the vintage"),
            Text("RowKey", "{reverse ticks of the vintage}|{run}: the newest first"),
            Text("Source", "The source"),
            Text("Slice", "The slice, source/dataset/key"),
            Text("Step", "The step that wrote the row last: Pull, Normalize or CompleteRun"),
            Text(
                "State",
                "Pulled, Loading, Loaded, and at its end Done, Unchanged, Superseded, NotPublished, Missing, Empty, Split, "
                    + "Quarantined, PullFailed or StepFailed"
            ),
            Date("StartedAt", "When the run began, UTC; not there before that"),
            Date("EndedAt", "When its last step ended, UTC; not there before that"),
            Count("Read", "Rows of the body; each is in exactly one of the next six counts"),
            Count("Added", "Rows that the table did not have"),
            Count("Changed", "Rows that the table had with other values"),
            Count("Unchanged", "Rows that the table had as they are"),
            Count("Excluded", "Group and total rows that would count double"),
            Count("Missing", "Rows for which the publisher has no value; see gaps"),
            Count("Rejected", "Rows that could not be understood; see rejects"),
            Count("Bytes", "The size of the body in bytes"),
            Text("Error", "What went wrong; empty when nothing did"),
            Text("Notes", "What is worth knowing, a line each; empty when nothing is"),
        ];

    private static ColumnMeanings.Column[] Slices =>
        [
            Text("PartitionKey", "The source"),
            Text("RowKey", "{dataset}|{key} of the slice"),
            Text(
                "State",
                "Pulled, Loading or Loaded while a body is on its way; at rest Published, NotPublished, Missing, Empty, "
                    + "Split, Quarantined, PullFailed or StepFailed; empty before the first pull"
            ),
            Date("PlannedAt", "The plan whose pull is still to come, UTC; not there when none is"),
            Date("LastPulled", "When the newest answer was fetched, UTC; not there before the first"),
            Date("NextDue", "When the slice is to be asked for again, UTC; not there when at every plan"),
            Text("LoadedBlob", "The body that was loaded last, a blob of the container raw; empty before the first"),
            Date("Vintage", "When that body was fetched, UTC; not there before the first"),
            Text("Sha256", "Its SHA-256; empty before the first"),
            Count("Rows", "Its rows for the table of figures; not there before the first"),
            Count(
                "InTable",
                "Rows of the slice in the table of figures when that load ended; not there where they were not counted"
            ),
            Text("Newest", "Its newest period, yyyy-MM; empty when there is none"),
            Date("LastChanged", "Vintage of the body that last changed a row, UTC; not there when none did"),
            Text("LoadingBlob", "The body whose load was begun and has not ended; empty when there is none"),
            Text("PendingBlob", "The body that waits to be loaded; empty when there is none"),
            Text("HttpETag", "The entity tag of the newest answer; empty when it had none"),
            Text("LastModified", "Its Last-Modified as it was sent; empty when it had none"),
            new("Attempts", "Edm.Int32", "Pulls without success since the last success"),
            Text("LastError", "What went wrong last; empty when nothing did"),
            Text(
                "JudgedBy",
                "A hash of the program and the lists that the newest quarantined body was judged by; with others it is "
                    + "read again"
            ),
        ];

    private static ColumnMeanings.Column Text(string name, string meaning) => new(name, "Edm.String", meaning);

    private static ColumnMeanings.Column Date(string name, string meaning) => new(name, "Edm.DateTime", meaning);

    private static ColumnMeanings.Column Count(string name, string meaning) => new(name, "Edm.Int64", meaning);
}
