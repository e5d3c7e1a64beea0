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
            SameQuarantined quarantined => Answered(row, quarantined),
            NoData none => HaveNone(Answered(row, none), none, now),
            PullFailed failed => Fail(Answered(row, failed), failed, now),
            PlanDropped dropped => WithoutPlan(row, dropped.PlannedAt),
            LoadStarted started => Begin(row, started),
            LoadFinished finished => Finish(row, finished),
            RunCompleted completed => Complete(row, completed),
            BodyRejected rejected => Reject(row, rejected, now),
            StepFailedForGood failed => GiveUp(row, failed, now),
            Requested request => row.State == SliceState.Loading
                ? row
                : row with
                {
                    State = SliceState.Pulled,
                    // A newer body that waits is loaded after the one that is asked for.
                    Pending = row.Pending?.Vintage > request.Body.Vintage ? row.Pending : request.Body,
                },
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
            Pending = stored.Body,
            JudgedBy = "",
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
            JudgedBy = "",
            // What has rejects stays due at every plan: the publisher may have corrected it.
            NextDue = error.Length > 0 ? row.NextDue : same.NextDue,
            HttpETag = same.ETag ?? row.HttpETag,
            LastModified = same.LastModified ?? row.LastModified,
        };
    }

    private static SliceRow HaveNone(SliceRow row, NoData none, DateTimeOffset now)
    {
        var failed = none.Error.Length > 0;
        var next = row with
        {
            Attempts = failed ? row.Attempts + 1 : 0,
            LastError = none.Error,
            NextDue = none.NextDue,
        };
        if (failed)
            next = (next with { NextDue = row.NextDue }).DueAtEveryPlan(now);
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
                Restoring = started.Kind == LoadKind.Restoring ? row.Restoring ?? row.State : null,
                Loading = started.Body,
                // A request to read the body that is restored stays.
                Pending = row.Pending == started.Body && started.Kind != LoadKind.Restoring ? null : row.Pending,
                // A body that is loaded as it was judged before says nothing of a newer one that was quarantined.
                JudgedBy = started.Kind == LoadKind.Judged ? "" : row.JudgedBy,
                LoadingJudgedBy = started.JudgedBy,
            };

    private static SliceRow Finish(SliceRow row, LoadFinished finished)
    {
        if (row.Loading != finished.Loaded.Body)
            return row;
        var pending = row.Pending == finished.Loaded.Body ? null : row.Pending;
        if (row.Restoring is { } before)
        {
            // The rows are those of the body again. What the source has said since, and what is due, stays.
            return row with
            {
                State = row.Pending is null ? before : SliceState.Pulled,
                Restoring = null,
                Loaded = finished.Loaded,
                Loading = null,
                LoadingJudgedBy = "",
                LastError = before == SliceState.Published ? finished.Loaded.Error : row.LastError,
            };
        }
        if (row.JudgedBy.Length > 0 && pending is null)
        {
            // The load goes on after it had failed. A newer body was quarantined in between.
            return row with
            {
                State = SliceState.Quarantined,
                Loaded = finished.Loaded,
                Loading = null,
                LoadingJudgedBy = "",
                Pending = null,
            };
        }
        return row with
        {
            State = pending is null ? SliceState.Loaded : SliceState.Pulled,
            Loaded = finished.Loaded,
            Loading = null,
            LoadingJudgedBy = "",
            Pending = pending,
            NextDue = finished.NextDue,
            Attempts = 0,
            LastError = finished.Loaded.Error,
            JudgedBy = "",
        };
    }

    private static SliceRow Reject(SliceRow row, BodyRejected rejected, DateTimeOffset now)
    {
        if (row.Loading == rejected.Body)
        {
            // It was loaded in part and cannot be read any more. A newer body that waits is loaded over it.
            return row.DueAtEveryPlan(now) with
            {
                State = SliceState.StepFailed,
                Restoring = null,
                LastError = rejected.Error,
            };
        }
        // A newer body waits, or was loaded: it says what the slice is.
        if (row.Vintage > rejected.Body.Vintage || row.Pending?.Vintage > rejected.Body.Vintage)
            return row;
        if (row.Loaded?.Body == rejected.Body)
        {
            // A replay: the source was not asked. What failed since then, and a newer body that was quarantined, stay.
            var hasOther = row.State.HasFailed() && (row.State != SliceState.Quarantined || row.JudgedBy.Length > 0);
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
            Attempts = row.JudgedBy.Length > 0 ? row.Attempts : row.Attempts + 1,
            LastError = rejected.Error,
            JudgedBy = rejected.JudgedBy,
        };
        if (row.State == SliceState.Loading)
            return row.Restoring is null ? next : next with { Restoring = SliceState.Quarantined };
        return next with { State = IsHalfLoaded(row) ? SliceState.StepFailed : SliceState.Quarantined };
    }

    private static SliceRow GiveUp(SliceRow row, StepFailedForGood failed, DateTimeOffset now)
    {
        var next = WithoutPlan(row, failed.PlannedAt);
        if (!Concerns(row, failed))
            return next;
        next = next.DueAtEveryPlan(now) with { LastError = failed.Error };
        var isPull = failed is { Body: null, IsReload: false };
        return isPull && row.Restoring is not null
            ? next with
            {
                Restoring = SliceState.StepFailed,
            }
            : next with
            {
                State = SliceState.StepFailed,
                Restoring = null,
            };
    }

    /// <summary>Whether what a message asked for is not done by other means.</summary>
    private static bool Concerns(SliceRow row, StepFailedForGood failed)
    {
        if (failed.Body is { } body)
        {
            return body == row.Pending
                || body == row.Loading
                || (row.State == SliceState.Loaded && body == row.Loaded?.Body);
        }
        if (failed.IsReload)
            return row.State == SliceState.Loading || !row.State.IsUnderWay();
        // A plan that was worked on is no longer noted.
        var isOpen = failed.PlannedAt is null || row.PlannedAt == failed.PlannedAt;
        return isOpen && (row.Restoring.IsAtRest() || !row.State.IsUnderWay());
    }

    private static SliceRow Complete(SliceRow row, RunCompleted completed)
    {
        if (row.Loading is not null || row.Loaded?.Body != completed.Body)
            return row;
        // The message that has completed the run may be a copy of one that was given up.
        var wasGivenUp = row is { State: SliceState.StepFailed, Pending: null, JudgedBy: "" };
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
