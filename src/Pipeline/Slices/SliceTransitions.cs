using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>
/// The one place where a slice changes its state: a pure function of the row and of what happened. The result is
/// written under the ETag of the row, and the function is asked again when the row was changed meanwhile.
/// </summary>
public static class SliceTransitions
{
    /// <summary>What a slice is after an event; the same row when the event changes nothing.</summary>
    /// <param name="row">The slice before.</param>
    /// <param name="what">What happened.</param>
    /// <param name="now">The present moment.</param>
    public static SliceRow Apply(SliceRow row, SliceEvent what, DateTimeOffset now) =>
        what switch
        {
            BodyStored stored => Store(Answered(row, stored), stored),
            SameBody same => Confirm(Answered(row, same), same),
            SameQuarantined quarantined => ConfirmQuarantine(Answered(row, quarantined), quarantined),
            NoData none => HaveNone(Answered(row, none), none, now),
            PullFailed failed => Fail(Answered(row, failed), failed, now),
            PlanDropped dropped => WithoutPlan(row, dropped.PlannedAt),
            LoadStarted started => Begin(row, started),
            LoadFinished finished => Finish(row, finished, now),
            RunCompleted completed => Complete(row, completed),
            BodyRejected rejected => Reject(row, rejected, now),
            StepFailedForGood failed => GiveUp(row, failed, now),
            Requested request => Request(row, request),
            MadeDue => row with { NextDue = null },
            FoundMissing missing => row.State != missing.Seen.State || row.LastPulled != missing.Seen.LastPulled
                ? row
                : row.DueAtEveryPlan(now) with
                {
                    State = SliceState.Missing,
                    Attempts = row.Attempts + 1,
                    LastError = missing.Error,
                },
            _ => throw new ArgumentException($"seen {what.GetType().Name}, expected an event of a slice", nameof(what)),
        };

    private static SliceRow Answered(SliceRow row, PullEvent answer) =>
        // What an operator asked for has done what a plan has asked for since.
        WithoutPlan(row, answer.PlannedAt ?? row.PlannedAt) with
        {
            LastPulled = answer.At,
            RecordedOn = answer.RecordedOn,
        };

    private static SliceRow WithoutPlan(SliceRow row, DateTimeOffset? plannedAt) =>
        row.PlannedAt == plannedAt ? row with { PlannedAt = null } : row;

    private static SliceRow Store(SliceRow row, BodyStored stored)
    {
        if (row.Vintage > stored.Body.Vintage || row.Pending?.Vintage > stored.Body.Vintage)
            return row;
        var next = row with { HttpETag = stored.ETag, LastModified = stored.LastModified };
        // The load of this very body was begun: it is on its way already.
        if (row.Loading == stored.Body || row.Loaded?.Body == stored.Body)
            return Recovered(next, stored.Body);
        return next with
        {
            State = row.State == SliceState.Loading ? row.State : SliceState.Pulled,
            Restoring = row.Restoring is null ? null : SliceState.Pulled,
            Pending = stored.Body,
            Quarantined = null,
        };
    }

    /// <summary>
    /// The source has sent the loaded body while its rows are restored: what had failed before is over.
    /// </summary>
    private static SliceRow Recovered(SliceRow row, RawName body) =>
        row.Loaded?.Body == body && row.Restoring.HasFailed()
            ? row with
            {
                Restoring = SliceState.Published,
                Attempts = 0,
                LastError = row.Loaded.Error,
            }
            : row;

    private static SliceRow Confirm(SliceRow row, SameBody same)
    {
        // A slice that is Loaded goes on: a process may have ended after it had completed the run and before it said
        // so.
        if (IsHalfLoaded(row) || row.State is SliceState.Pulled or SliceState.Loading)
            return row.Loaded is { } held && row.Loading == held.Body ? Recovered(row, held.Body) : row;
        // What the load of the body left out is still open.
        var error = row.State.HasFailed() ? row.Loaded?.Error ?? "" : row.LastError;
        return row with
        {
            State = same.IsComplete ? SliceState.Published : SliceState.Loaded,
            Attempts = 0,
            LastError = error,
            Quarantined = null,
            // What has rejects stays due at every plan: the publisher may have corrected it.
            NextDue = error.Length > 0 ? row.NextDue : same.NextDue,
            HttpETag = same.ETag ?? row.HttpETag,
            LastModified = same.LastModified ?? row.LastModified,
        };
    }

    private static SliceRow ConfirmQuarantine(SliceRow row, SameQuarantined same) =>
        // The source was asked, and is back at the loaded body: what had failed, and a newer body, are over.
        row is { Loading: null }
        && row.Loaded?.Body == same.Body
        && row.State.IsAtRest()
            ? row with
            {
                State = SliceState.Quarantined,
                Quarantined = null,
            }
            : row;

    private static SliceRow HaveNone(SliceRow row, NoData none, DateTimeOffset now)
    {
        if (none.Error.Length > 0)
        {
            var failed = row.DueAtEveryPlan(now) with { Attempts = row.Attempts + 1, LastError = none.Error };
            return Rests(row, failed, none.State);
        }
        // The tables hold a part of a body: what went wrong with its load is still so.
        if (IsHalfLoaded(row) && row.State == SliceState.StepFailed)
            return Rests(row, row, none.State);
        var next = row with { Attempts = 0, LastError = "", NextDue = none.NextDue };
        return Rests(row, next, none.State);
    }

    private static SliceRow Fail(SliceRow row, PullFailed failed, DateTimeOffset now)
    {
        var next = failed.RetryAt is { } retry ? row with { NextDue = retry } : row.DueAtEveryPlan(now);
        return Rests(row, next with { Attempts = row.Attempts + 1, LastError = failed.Error }, SliceState.PullFailed);
    }

    /// <summary>
    /// The source has said what state the slice is in. While a body is on its way, the slice stays as it is; a slice
    /// whose rows are being restored has that state afterwards.
    /// </summary>
    private static SliceRow Rests(SliceRow row, SliceRow next, SliceState state)
    {
        if (row.Restoring.IsAtRest())
            return next with { Restoring = state };
        return IsHalfLoaded(row) || row.State.IsUnderWay() ? next : next with { State = state };
    }

    private static SliceRow Begin(SliceRow row, LoadStarted started) =>
        // The worker has lost its lease: another one has begun or loaded a newer body.
        row.Vintage > started.Body.Vintage
            ? row
            : row with
            {
                State = SliceState.Loading,
                Restoring = row.Loaded?.Body == started.Body ? row.Restoring ?? Otherwise(row) : null,
                Loading = started.Body,
                // An older body that waited is not loaded any more.
                Pending = row.Pending?.Vintage > started.Body.Vintage ? row.Pending : null,
                // The body says nothing of a newer one that was quarantined.
                Quarantined = row.Quarantined?.Body.Vintage > started.Body.Vintage ? row.Quarantined : null,
                LoadingJudgedBy = started.JudgedBy,
            };

    /// <summary>What a slice is apart from the loaded body, whose rows are written again.</summary>
    private static SliceState? Otherwise(SliceRow row) =>
        row is { State: SliceState.Quarantined, Quarantined: null } ? SliceState.Published : row.State;

    private static SliceRow Finish(SliceRow row, LoadFinished finished, DateTimeOffset now)
    {
        if (row.Loading != finished.Loaded.Body)
            return row;
        var ended = row with { Loaded = finished.Loaded, Loading = null, LoadingJudgedBy = "", Restoring = null };
        if (row.Restoring is { } before)
        {
            // The rows are those of the body again. What the source has said since, and what is due, stays.
            return ended with
            {
                State = before,
                LastError = before == SliceState.Published ? finished.Loaded.Error : row.LastError,
                // What has rejects is due at every plan: the publisher may have corrected it.
                NextDue = finished.Loaded.Error.Length > 0 ? row.DueAtEveryPlan(now).NextDue : row.NextDue,
            };
        }
        // A newer body was quarantined while this one waited, or while its load had failed.
        if (row is { Quarantined: not null, Pending: null })
            return ended with { State = SliceState.Quarantined };
        return ended with
        {
            State = row.Pending is null ? SliceState.Loaded : SliceState.Pulled,
            NextDue = finished.NextDue,
            Attempts = 0,
            LastError = finished.Loaded.Error,
        };
    }

    private static SliceRow Request(SliceRow row, Requested request) =>
        // The loaded body is read again as the slice stands: the source was not asked.
        row.State == SliceState.Loading
        || row.Vintage >= request.Body.Vintage
            ? row
            : row with
            {
                State = SliceState.Pulled,
                Restoring = row.Restoring is null ? null : SliceState.Pulled,
                // A newer body that waits is loaded after the one that is asked for.
                Pending = row.Pending?.Vintage > request.Body.Vintage ? row.Pending : request.Body,
            };

    private static SliceRow Reject(SliceRow row, BodyRejected rejected, DateTimeOffset now)
    {
        if (row.Loading == rejected.Body)
        {
            // It was loaded in part and cannot be read any more. A newer body that waits is loaded over it.
            return row.DueAtEveryPlan(now) with { State = SliceState.StepFailed, LastError = rejected.Error };
        }
        // A newer body waits, or was loaded: it says what the slice is.
        if (row.Vintage > rejected.Body.Vintage || row.Pending?.Vintage > rejected.Body.Vintage)
            return row;
        if (row.Loaded?.Body == rejected.Body)
        {
            // A replay: the source was not asked. What failed since then, and a newer body that was quarantined, stay.
            var hasOther = row.State.HasFailed() && row is not { State: SliceState.Quarantined, Quarantined: null };
            return row.DueAtEveryPlan(now) with
            {
                State = hasOther ? row.State : SliceState.Quarantined,
                Pending = null,
                LastError = hasOther ? row.LastError : rejected.Error,
            };
        }
        var next = row.DueAtEveryPlan(now) with
        {
            Pending = null,
            // They are those of the rejected body: asked with them, the source would not send it again.
            HttpETag = "",
            LastModified = "",
            // Rejected once more by a replay: the source was not asked again.
            Attempts = row.Quarantined is null ? row.Attempts + 1 : row.Attempts,
            LastError = rejected.Error,
            Quarantined = new QuarantinedBody(rejected.Body, rejected.JudgedBy),
        };
        if (IsHalfLoaded(row))
        {
            next = next with { Restoring = row.Restoring is null ? null : SliceState.Quarantined };
            return row.State == SliceState.Loading ? next : next with { State = SliceState.StepFailed };
        }
        return next with { State = SliceState.Quarantined };
    }

    private static SliceRow GiveUp(SliceRow row, StepFailedForGood failed, DateTimeOffset now)
    {
        var next = WithoutPlan(row, failed.PlannedAt);
        if (!Concerns(row, failed))
            return next;
        next = next.DueAtEveryPlan(now) with { LastError = failed.Error };
        // A request to read a body that waits is no load of what the tables hold.
        var isReload = failed.IsReload && (failed.Body is null || failed.Body == row.Loaded?.Body);
        var isLoad = isReload || (failed.Body is { } body && body == row.Loading);
        if (row.Restoring is not null && !isLoad)
            return next with { Restoring = SliceState.StepFailed };
        // The rows may not be those of the loaded body. The next plan loads it again, as one whose load was begun.
        if (isReload && row is { Loading: null, Loaded: { } loaded })
            next = next with { Loading = loaded.Body, LoadingJudgedBy = loaded.JudgedBy, Restoring = Otherwise(row) };
        return next with { State = SliceState.StepFailed };
    }

    /// <summary>Whether what a message asked for is not done by other means.</summary>
    private static bool Concerns(SliceRow row, StepFailedForGood failed)
    {
        if (failed.Body is { } body)
        {
            return body == row.Pending
                || body == row.Loading
                || (body == row.Loaded?.Body && (failed.IsReload || row.State == SliceState.Loaded));
        }
        if (failed.IsReload)
            return row.Loaded is not null || row.Loading is not null || !row.State.IsUnderWay();
        // A plan that was worked on is no longer noted.
        var isOpen = failed.PlannedAt is null || row.PlannedAt == failed.PlannedAt;
        return isOpen && (row.Restoring.IsAtRest() || !row.State.IsUnderWay());
    }

    private static SliceRow Complete(SliceRow row, RunCompleted completed)
    {
        if (row.Loading is not null || row.Loaded?.Body != completed.Body)
            return row;
        // The message that has completed the run may be a copy of one that was given up.
        var wasGivenUp = row is { State: SliceState.StepFailed, Pending: null, Quarantined: null };
        return row.State == SliceState.Loaded || wasGivenUp
            ? row with
            {
                State = SliceState.Published,
                LastError = row.Loaded.Error,
            }
            : row;
    }

    /// <summary>Whether the tables hold a part of a body whose load was begun and not ended.</summary>
    private static bool IsHalfLoaded(SliceRow row) => row.Loading is not null;
}
