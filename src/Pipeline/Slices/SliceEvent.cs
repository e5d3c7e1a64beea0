using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>
/// What happens to a slice. The steps raise events; <see cref="SliceTransitions"/> says what follows.
/// </summary>
public abstract record SliceEvent;

/// <summary>An answer of the source to the pull of a slice.</summary>
/// <param name="At">When it was fetched, UTC.</param>
/// <param name="PlannedAt">The plan that asked for it; null when an operator did.</param>
public abstract record PullEvent(DateTimeOffset At, DateTimeOffset? PlannedAt) : SliceEvent
{
    /// <summary>The day of the recording that answered, UTC; null from the network.</summary>
    public DateTimeOffset? RecordedOn { get; init; }
}

/// <summary>A body that is not the loaded one was stored.</summary>
/// <param name="At">See <see cref="PullEvent"/>.</param>
/// <param name="PlannedAt">See <see cref="PullEvent"/>.</param>
/// <param name="Body">The body.</param>
/// <param name="ETag">The answer's entity tag; empty when it had none.</param>
/// <param name="LastModified">The answer's <c>Last-Modified</c>; empty when it had none.</param>
public sealed record BodyStored(
    DateTimeOffset At,
    DateTimeOffset? PlannedAt,
    RawName Body,
    string ETag,
    string LastModified
) : PullEvent(At, PlannedAt);

/// <summary>The body is the loaded one.</summary>
/// <param name="At">See <see cref="PullEvent"/>.</param>
/// <param name="PlannedAt">See <see cref="PullEvent"/>.</param>
/// <param name="NextDue">When the slice is to be asked for again; null for every plan.</param>
/// <param name="IsComplete">Whether the run that loaded the body is done.</param>
/// <param name="ETag">The answer's entity tag; null when the server sent none, because nothing has changed.</param>
/// <param name="LastModified">The same for its <c>Last-Modified</c>.</param>
public sealed record SameBody(
    DateTimeOffset At,
    DateTimeOffset? PlannedAt,
    DateTimeOffset? NextDue,
    bool IsComplete,
    string? ETag = null,
    string? LastModified = null
) : PullEvent(At, PlannedAt);

/// <summary>The body is one that was quarantined.</summary>
/// <param name="At">See <see cref="PullEvent"/>.</param>
/// <param name="PlannedAt">See <see cref="PullEvent"/>.</param>
/// <param name="Body">The body: the newest one, or the loaded one if a replay has refused it.</param>
public sealed record SameQuarantined(DateTimeOffset At, DateTimeOffset? PlannedAt, RawName Body)
    : PullEvent(At, PlannedAt);

/// <summary>The source has no rows for the slice.</summary>
/// <param name="At">See <see cref="PullEvent"/>.</param>
/// <param name="PlannedAt">See <see cref="PullEvent"/>.</param>
/// <param name="State">What that means: NotPublished, Missing, Empty or Split.</param>
/// <param name="NextDue">When the slice is to be asked for again; null for every plan.</param>
/// <param name="Error">Why that is a failure; empty when it is none.</param>
public sealed record NoData(
    DateTimeOffset At,
    DateTimeOffset? PlannedAt,
    SliceState State,
    DateTimeOffset? NextDue,
    string Error = ""
) : PullEvent(At, PlannedAt);

/// <summary>The source could not be asked, or gave an answer that is no body.</summary>
/// <param name="At">See <see cref="PullEvent"/>.</param>
/// <param name="PlannedAt">See <see cref="PullEvent"/>.</param>
/// <param name="Error">What went wrong.</param>
/// <param name="RetryAt">When the source wants to be asked again; null for the next plan.</param>
public sealed record PullFailed(DateTimeOffset At, DateTimeOffset? PlannedAt, string Error, DateTimeOffset? RetryAt)
    : PullEvent(At, PlannedAt);

/// <summary>The pull that a plan asked for is not made: the settings have switched the dataset off.</summary>
/// <param name="PlannedAt">The plan; null when an operator asked.</param>
public sealed record PlanDropped(DateTimeOffset? PlannedAt) : SliceEvent;

/// <summary>The first row of a body is about to be written.</summary>
/// <param name="Body">The body.</param>
/// <param name="JudgedBy">What it is read by: see <see cref="QuarantinedBody.JudgedBy"/>.</param>
public sealed record LoadStarted(RawName Body, string JudgedBy = "") : SliceEvent;

/// <summary>The last row of a body was written.</summary>
/// <param name="Loaded">The body.</param>
/// <param name="NextDue">When the slice is to be asked for again; null for every plan.</param>
public sealed record LoadFinished(LoadedBody Loaded, DateTimeOffset? NextDue) : SliceEvent;

/// <summary>What depends on a loaded body is up to date.</summary>
/// <param name="Body">The body.</param>
public sealed record RunCompleted(RawName Body) : SliceEvent;

/// <summary>A body failed a check.</summary>
/// <param name="Body">The body.</param>
/// <param name="Error">Why.</param>
/// <param name="JudgedBy">What it was judged by.</param>
public sealed record BodyRejected(RawName Body, string Error, string JudgedBy) : SliceEvent;

/// <summary>A message of the slice was given up.</summary>
/// <param name="Body">The body that it names; null for a pull, or a reload of the newest body.</param>
/// <param name="PlannedAt">The plan that sent it; null for other messages.</param>
/// <param name="Error">Why its last attempt failed.</param>
/// <param name="IsReload">Whether the message asked for rows that were loaded to be loaded again.</param>
public sealed record StepFailedForGood(RawName? Body, DateTimeOffset? PlannedAt, string Error, bool IsReload = false)
    : SliceEvent;

/// <summary>A body is to be read again: an operator asks for it, or what it was judged by has changed.</summary>
/// <param name="Body">The body.</param>
public sealed record Requested(RawName Body) : SliceEvent;

/// <summary>An operator wants the slice to be asked for by the next plan, whatever its date.</summary>
public sealed record MadeDue : SliceEvent;

/// <summary>A slice without rows must have some, as the rest of its source tells.</summary>
/// <param name="Seen">The slice as it was looked at.</param>
/// <param name="Error">Why.</param>
public sealed record FoundMissing(SliceRow Seen, string Error) : SliceEvent;
