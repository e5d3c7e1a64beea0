using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;

namespace Pipeline.Report;

/// <summary>
/// How the pipeline stands and what its figures say: what <c>GET /api/report</c> shows and <c>GET
/// /api/status</c> gives as JSON.
/// </summary>
/// <param name="State"><see cref="Ok"/> or <see cref="NeedsAttention"/>.</param>
/// <param name="Attention">What an operator should look at, a line each; none when the state is ok.</param>
/// <param name="Sources">The sources, in the order they are listed in.</param>
/// <param name="Queues">The step queues.</param>
/// <param name="Rejects">What could not be understood and is still open.</param>
/// <param name="Revisions">Figures that were changed lately.</param>
/// <param name="Claims">Published statements and what became of them.</param>
/// <param name="Figures">The series that are drawn.</param>
public sealed record StatusReport(
    string State,
    IReadOnlyList<string> Attention,
    IReadOnlyList<SourceStatus> Sources,
    IReadOnlyList<QueueStatus> Queues,
    RejectStatus Rejects,
    RevisionStatus Revisions,
    IReadOnlyList<ClaimStatus> Claims,
    IReadOnlyList<Figure> Figures
)
{
    public const string Ok = "ok";
    public const string NeedsAttention = "attention";
}

/// <summary>A source: how fresh its datasets are and what its last run brought.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Datasets">The datasets that the settings ask for; none when all are switched off.</param>
/// <param name="LastRun">Null when it was never run.</param>
/// <param name="Failures">What went wrong with slices that failed or were quarantined, one line a cause, the newest
/// <see cref="StandingReader.MostListed"/> and a line with the count of the others.</param>
/// <param name="Late">Slices whose newest period is older than the publisher's calendar says, the first <see
/// cref="StandingReader.MostListed"/> and a line with the count of the others.</param>
public sealed record SourceStatus(
    string Name,
    IReadOnlyList<DatasetStatus> Datasets,
    LastRun? LastRun,
    IReadOnlyList<string> Failures,
    IReadOnlyList<string> Late
);

/// <summary>How fresh a dataset is, against its own calendar.</summary>
/// <param name="Name">The dataset's name.</param>
/// <param name="Title">What it is, in one line.</param>
/// <param name="Publisher">Who publishes it.</param>
/// <param name="Url">Where it comes from, without secrets.</param>
/// <param name="Terms">What the publisher asks of those who use it.</param>
/// <param name="Table">Where its rows are.</param>
/// <param name="Slices">Slices that were ever pulled.</param>
/// <param name="Rows">Rows of these slices in the table.</param>
/// <param name="Failed">Slices whose last pull failed, or whose last body was quarantined.</param>
/// <param name="LastPulled">When it was asked for last, UTC; null = never.</param>
/// <param name="LastChanged">When the body was fetched that last changed a row, UTC; null = never.</param>
/// <param name="NextDue">The earliest day on which one of its slices is due again, UTC; null when one is due at every
/// plan.</param>
/// <param name="OverdueHours">Whole hours since the plan that should have pulled it, see <see cref="Lateness"/>; 0 when
/// it is not late.</param>
public sealed record DatasetStatus(
    string Name,
    string Title,
    string Publisher,
    string Url,
    string Terms,
    string Table,
    int Slices,
    long Rows,
    int Failed,
    DateTimeOffset? LastPulled,
    DateTimeOffset? LastChanged,
    DateTimeOffset? NextDue,
    int OverdueHours
);

/// <summary>What the newest plan of a source brought: of each slice the newest run.</summary>
/// <param name="StartedAt">When the first began, UTC.</param>
/// <param name="EndedAt">When the last ended, UTC.</param>
/// <param name="Slices">How many slices were run.</param>
/// <param name="States">How many runs ended in which state.</param>
/// <param name="Bytes">Size of the bodies.</param>
/// <param name="Counts">What became of the rows.</param>
/// <param name="AddUp">Whether every run's rows are accounted for.</param>
/// <param name="Notes">What is worth knowing, such as differences that a cross-check found; the first
/// <see cref="StandingReader.MostListed"/>, and a line with the count of the others.</param>
public sealed record LastRun(
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt,
    int Slices,
    IReadOnlyDictionary<string, int> States,
    long Bytes,
    RowCounts Counts,
    bool AddUp,
    IReadOnlyList<string> Notes
);

/// <summary>A step queue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Waiting">Messages in it, about.</param>
/// <param name="Poison">Messages that were given up, in its poison queue, about.</param>
public sealed record QueueStatus(string Name, long Waiting, long Poison);

/// <summary>Open rejects.</summary>
/// <param name="Open">How many there are in all, dead letters among them.</param>
/// <param name="Groups">Rejects by slice and cause, newest first, the first <see
/// cref="StandingReader.MostListed"/>.</param>
/// <param name="Causes">How many groups there are.</param>
/// <param name="DeadLetters">Every dead letter, newest first.</param>
public sealed record RejectStatus(
    int Open,
    IReadOnlyList<RejectGroup> Groups,
    int Causes,
    IReadOnlyList<Finding> DeadLetters
);

/// <summary>Figures that were changed lately; table <c>history</c>.</summary>
/// <param name="Since">From when on, UTC.</param>
/// <param name="Total">Versions of rows that ended since then, up to <see cref="RevisionReader.MostRead"/>.</param>
/// <param name="IsPart">Whether there are more than that; the latest may then not be listed.</param>
/// <param name="OutOfPolicy">Those outside the publisher's declared revision window.</param>
/// <param name="Odd">Rows of the table that are no versions of rows: another program has written them.</param>
/// <param name="Items">The latest <see cref="RevisionReader.MostListed"/>.</param>
public sealed record RevisionStatus(
    DateTimeOffset Since,
    int Total,
    bool IsPart,
    int OutOfPolicy,
    int Odd,
    IReadOnlyList<Revision> Items
);

/// <summary>A version of a row that ended.</summary>
/// <param name="Table">The fact table.</param>
/// <param name="Partition">The row's partition.</param>
/// <param name="Row">The row's key.</param>
/// <param name="Column">The columns that changed, or <c>(removed)</c>.</param>
/// <param name="Old">What they held.</param>
/// <param name="New">What they hold; empty when the row was removed.</param>
/// <param name="ValidTo">When the version ended, UTC.</param>
/// <param name="InPolicy">Whether the change lies inside the publisher's revision window.</param>
public sealed record Revision(
    string Table,
    string Partition,
    string Row,
    string Column,
    string Old,
    string New,
    DateTimeOffset ValidTo,
    bool InPolicy
);

/// <summary>A published statement; table <c>claims</c>.</summary>
/// <param name="Article">The article's id.</param>
/// <param name="Title">The article's title; empty when the program does not know the article any more.</param>
/// <param name="Date">The article's date; null likewise.</param>
/// <param name="Id">The claim's id in it.</param>
/// <param name="Statement">What was published.</param>
/// <param name="Stated">The figure as printed; null where there is none.</param>
/// <param name="StatedUnit">Its unit.</param>
/// <param name="Computed">The figure of the tables; null where there is not one.</param>
/// <param name="ComputedUnit">Its unit.</param>
/// <param name="Verdict">confirmed, unit-error, refuted, partly, depends-on-basis, not-checkable.</param>
/// <param name="Explanation">Why, in one sentence.</param>
/// <param name="Evidence">Table and keys of each figure that was looked at.</param>
public sealed record ClaimStatus(
    string Article,
    string Title,
    DateOnly? Date,
    string Id,
    string Statement,
    double? Stated,
    string StatedUnit,
    double? Computed,
    string ComputedUnit,
    string Verdict,
    string Explanation,
    IReadOnlyList<string> Evidence
);
