using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>A <see cref="SliceRow"/> as the table <c>slices</c> holds it.</summary>
[Ledger(Names.Slices, "The source", "{dataset}|{key} of the slice")]
internal sealed record SliceEntity : LedgerRow
{
    [Meaning(
        "Pulled, Loading or Loaded while a body is on its way; at rest Published, NotPublished, Missing, Empty, Split, "
            + "Quarantined, PullFailed or StepFailed; empty before the first pull"
    )]
    public string State { get; init; } = "";

    [Meaning(
        "While the rows of a loaded body are written again: the state that the slice returns to afterwards; empty "
            + "otherwise"
    )]
    public string Restoring { get; init; } = "";

    [Meaning("The plan whose pull is still to come, UTC; not there when none is")]
    public DateTimeOffset? PlannedAt { get; init; }

    [Meaning("When the newest answer was fetched, UTC; not there before the first")]
    public DateTimeOffset? LastPulled { get; init; }

    [Meaning("The day of the recording that answered last, UTC; not there from the network")]
    public DateTimeOffset? RecordedOn { get; init; }

    [Meaning("When the slice is to be asked for again, UTC; not there when at every plan")]
    public DateTimeOffset? NextDue { get; init; }

    [Meaning("The body that was loaded last, a blob of the container raw; empty before the first")]
    public string LoadedBlob { get; init; } = "";

    [Meaning("When that body was fetched, UTC; not there before the first")]
    public DateTimeOffset? Vintage { get; init; }

    [Meaning("Its SHA-256; empty before the first")]
    public string Sha256 { get; init; } = "";

    [Meaning("Its rows for the table of figures; not there before the first")]
    public long? Rows { get; init; }

    [Meaning("Rows of the slice in the table of figures when that load ended; not there where they were not counted")]
    public long? InTable { get; init; }

    [Meaning("Its newest period, yyyy-MM; empty when there is none")]
    public string Newest { get; init; } = "";

    [Meaning(
        "Vintage of the body that last changed a row, UTC, and a tick later for each replay that changed rows since; "
            + "not there when none did"
    )]
    public DateTimeOffset? LastChanged { get; init; }

    [Meaning("What the load of that body left out; empty when nothing")]
    public string LoadedError { get; init; } = "";

    [Meaning("A hash of the program and the lists that it was read by; empty before the first")]
    public string LoadedJudgedBy { get; init; } = "";

    [Meaning("The body whose load was begun and has not ended; empty when there is none")]
    public string LoadingBlob { get; init; } = "";

    [Meaning("A hash of the program and the lists that it is read by; empty when there is none")]
    public string LoadingJudgedBy { get; init; } = "";

    [Meaning("The body that waits to be loaded; empty when there is none")]
    public string PendingBlob { get; init; } = "";

    /// <summary>Not <c>ETag</c>, which the table client takes for the row's own version and never sends.</summary>
    [Meaning("The entity tag of the newest answer whose body was not rejected; empty when it had none")]
    public string HttpETag { get; init; } = "";

    [Meaning("Its Last-Modified as it was sent; empty when it had none")]
    public string LastModified { get; init; } = "";

    [Meaning("Pulls without success since the last success")]
    public int Attempts { get; init; }

    [Meaning("What went wrong last; empty when nothing did")]
    public string LastError { get; init; } = "";

    [Meaning("The body that was quarantined and is newer than the loaded one; empty when there is none")]
    public string QuarantinedBlob { get; init; } = "";

    [Meaning("A hash of the program and the lists that it was judged by; with others it is read again")]
    public string JudgedBy { get; init; } = "";
}
