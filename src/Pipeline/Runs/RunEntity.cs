using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Runs;

/// <summary>A <see cref="RunRow"/> as the table <c>runs</c> holds it.</summary>
[Ledger(Names.Runs, "{source}|{yyyy-MM} of the vintage", "{reverse ticks of the vintage}|{run}: the newest first")]
internal sealed record RunEntity : LedgerRow
{
    [Meaning("The source")]
    public string Source { get; init; } = "";

    [Meaning("The slice, source/dataset/key")]
    public string Slice { get; init; } = "";

    [Meaning("The step that wrote the row last: Pull, Normalize or CompleteRun")]
    public string Step { get; init; } = "";

    [Meaning(
        "Pulled, Loading, Loaded, and at its end Done, Unchanged, Superseded, NotPublished, Missing, Empty, Split, "
            + "Quarantined, PullFailed or StepFailed"
    )]
    public string State { get; init; } = "";

    [Meaning("When the run began, UTC; not there before that")]
    public DateTimeOffset? StartedAt { get; init; }

    [Meaning("When its last step ended, UTC; not there before that")]
    public DateTimeOffset? EndedAt { get; init; }

    [Meaning("When a load of the body ended last, UTC; not there before the first did")]
    public DateTimeOffset? LoadedAt { get; init; }

    [Meaning("When the load under way, or one that was interrupted, began, UTC; not there without one")]
    public DateTimeOffset? LoadingSince { get; init; }

    [Meaning("Rows of the body; each is in exactly one of the next six counts")]
    public long Read { get; init; }

    [Meaning("Rows that the table did not have")]
    public long Added { get; init; }

    [Meaning("Rows that the table had with other values")]
    public long Changed { get; init; }

    [Meaning("Rows that the table had as they are")]
    public long Unchanged { get; init; }

    [Meaning("Group and total rows that would count double")]
    public long Excluded { get; init; }

    [Meaning("Rows for which the publisher has no value; see gaps")]
    public long Missing { get; init; }

    [Meaning("Rows that could not be understood; see rejects")]
    public long Rejected { get; init; }

    [Meaning("The size of the body in bytes", Unit = "bytes")]
    public long Bytes { get; init; }

    [Meaning("What went wrong; empty when nothing did")]
    public string Error { get; init; } = "";

    [Meaning("What is worth knowing, a line each; empty when nothing is")]
    public string Notes { get; init; } = "";

    [Meaning("What the last comparison with other slices found, a line each; empty when nothing")]
    public string Differences { get; init; } = "";
}
