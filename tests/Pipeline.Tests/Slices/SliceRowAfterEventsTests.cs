using Pipeline.Slices;
using Pipeline.Storage;
using Xunit;
using static Pipeline.Slices.SliceState;

namespace Pipeline.Tests.Slices;

/// <summary>What an event leaves in the other columns of a slice, beside its state.</summary>
public sealed class SliceRowAfterEventsTests
{
    private static readonly Slice One = new("fake", "facts", "one");
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);
    private static readonly DateTimeOffset Due = Now.AddDays(30);
    private static readonly DateTimeOffset Overdue = Now.AddDays(-2);

    private static readonly RawName First = Body(1),
        Second = Body(2),
        Third = Body(3);

    private static RawName Body(int day) => new(One, Now.AddDays(day - 10), $"{day:000000000000}", "txt");

    private static LoadedBody Loaded(RawName body) => new(body, new string('a', 64), 5);

    private static SliceRow Row(SliceState? state) => new(One) { State = state, LastPulled = Now };

    private static SliceRow After(SliceRow row, SliceEvent what) => SliceTransitions.Apply(row, what, Now);

    [Fact]
    public void A_new_body_waits_and_takes_off_the_judgement_of_the_one_before()
    {
        var row = Row(Quarantined) with
        {
            Loaded = Loaded(First),
            Quarantined = new QuarantinedBody(Second, "hash"),
            LastError = "words",
            Attempts = 2,
        };
        Assert.Equal(
            row with
            {
                State = Pulled,
                Pending = Second,
                Quarantined = null,
                HttpETag = "tag",
                LastModified = "day",
            },
            After(row, new BodyStored(Now, null, Second, "tag", "day"))
        );
    }

    public static TheoryData<string> Known { get; } = new("loaded", "loading", "waiting");

    [Theory, MemberData(nameof(Known))]
    public void A_body_that_is_stored_twice_changes_only_the_validators(string where)
    {
        var row = where switch
        {
            "loaded" => Row(Published) with { Loaded = Loaded(Second) },
            "loading" => Row(SliceState.Loading) with { Loaded = Loaded(First), Loading = Second },
            _ => Row(Pulled) with { Loaded = Loaded(First), Pending = Second },
        };
        Assert.Equal(
            row with
            {
                HttpETag = "tag",
                LastModified = "day",
            },
            After(row, new BodyStored(Now, null, Second, "tag", "day"))
        );
    }

    [Fact]
    public void A_same_body_after_a_failure_takes_off_what_failed()
    {
        var row = Row(SliceState.PullFailed) with
        {
            Loaded = Loaded(First),
            NextDue = Overdue,
            Quarantined = new QuarantinedBody(Second, "hash"),
            LastError = "words",
            Attempts = 2,
            HttpETag = "old",
            LastModified = "old",
        };
        var sound = row with { State = Published, NextDue = Due, Quarantined = null, LastError = "", Attempts = 0 };
        Assert.Equal(sound, After(row, new SameBody(Now, null, Due, IsComplete: true)));
        Assert.Equal(
            sound with
            {
                HttpETag = "tag",
                LastModified = "day",
            },
            After(row, new SameBody(Now, null, Due, IsComplete: true, "tag", "day"))
        );
    }

    [Fact]
    public void A_same_body_with_rejects_keeps_them_and_its_due_date()
    {
        var row = Row(Published) with { Loaded = Loaded(First), NextDue = Overdue, LastError = "3 rejects" };
        Assert.Equal(row, After(row, new SameBody(Now, null, Due, IsComplete: true)));
    }

    [Fact]
    public void A_slice_that_honestly_has_no_rows_is_due_when_the_event_says()
    {
        var row = Row(Missing) with { NextDue = Overdue, LastError = "words", Attempts = 2 };
        Assert.Equal(
            row with
            {
                State = Empty,
                NextDue = Due,
                LastError = "",
                Attempts = 0,
            },
            After(row, new NoData(Now, null, Empty, Due))
        );
    }

    [Fact]
    public void A_slice_that_must_have_rows_and_has_none_counts_the_attempt_and_keeps_a_date_that_has_passed()
    {
        var row = Row(NotPublished) with { NextDue = Overdue, Attempts = 2 };
        var missing = row with { State = Missing, LastError = "words", Attempts = 3 };
        Assert.Equal(missing, After(row, new NoData(Now, null, Missing, Due, "words")));
        Assert.Equal(
            missing with
            {
                NextDue = null,
            },
            After(row with { NextDue = Due }, new NoData(Now, null, Missing, Due, "words"))
        );
    }

    [Fact]
    public void A_failed_pull_counts_the_attempt_and_waits_as_long_as_the_source_says()
    {
        var row = Row(Published) with { Loaded = Loaded(First), NextDue = Overdue, Attempts = 2 };
        var failed = row with { State = SliceState.PullFailed, LastError = "words", Attempts = 3 };
        Assert.Equal(failed, After(row, new PullFailed(Now, null, "words", null)));
        Assert.Equal(failed with { NextDue = Due }, After(row, new PullFailed(Now, null, "words", Due)));
    }

    [Fact]
    public void A_load_takes_its_body_off_the_waiting_one_and_leaves_another_waiting()
    {
        var row = Row(Pulled) with { Loaded = Loaded(First), Pending = Second };
        var loading = row with { State = SliceState.Loading, Loading = Second, Pending = null };
        Assert.Equal(loading, After(row, new LoadStarted(Second)));
        Assert.Equal(loading with { Pending = Third }, After(row with { Pending = Third }, new LoadStarted(Second)));
    }

    [Theory]
    [InlineData(Published)]
    [InlineData(SliceState.PullFailed)]
    [InlineData(Quarantined)]
    public void A_request_for_the_loaded_body_leaves_the_slice_as_it_is(SliceState state)
    {
        var row = Row(state) with { Loaded = Loaded(Second), NextDue = Overdue, LastError = "words" };
        Assert.Equal(row, After(row, new Requested(Second)));
        Assert.Equal(row, After(row, new Requested(First)));
    }

    [Fact]
    public void An_older_body_that_waited_is_not_loaded_after_a_newer_one()
    {
        var row = Row(Pulled) with { Pending = First };
        var begun = After(row, new LoadStarted(Second));
        Assert.Null(begun.Pending);
        Assert.Equal(SliceState.Loaded, After(begun, new LoadFinished(Loaded(Second), Due)).State);
    }

    [Fact]
    public void A_loaded_body_that_was_refused_and_is_loaded_again_is_published()
    {
        var row = Row(Quarantined) with { Loaded = Loaded(First), LastError = "words" };
        var ended = After(After(row, new LoadStarted(First)), new LoadFinished(Loaded(First), Due));
        Assert.Equal((Published, ""), (ended.State, ended.LastError));
    }

    [Fact]
    public void A_loaded_body_that_leaves_out_rows_when_it_is_written_again_is_due_at_every_plan()
    {
        var row = Row(Published) with { Loaded = Loaded(First), NextDue = Due };
        var loaded = Loaded(First) with { Error = "3 rejects" };
        var ended = After(After(row, new LoadStarted(First)), new LoadFinished(loaded, Due));
        Assert.Equal((Published, "3 rejects", null), (ended.State, ended.LastError, ended.NextDue));
    }

    [Theory]
    [InlineData(Published)]
    [InlineData(SliceState.Loaded)]
    public void A_reload_that_was_given_up_is_made_up_for_by_the_next_plan(SliceState state)
    {
        var row = Row(state) with { Loaded = Loaded(First), NextDue = Due };
        var failed = After(row, new StepFailedForGood(null, null, "words", IsReload: true));
        Assert.Equal(
            (StepFailed, First, state, null),
            (failed.State, failed.Loading, failed.Restoring, failed.NextDue)
        );
        // The same body is no success before its rows were written again.
        Assert.Equal(failed, After(failed, new SameBody(Now, null, Due, IsComplete: true)));
        var ended = After(After(failed, new LoadStarted(First)), new LoadFinished(Loaded(First), Due));
        Assert.Equal((state, null, null), (ended.State, ended.Loading, ended.Restoring));
    }

    [Fact]
    public void A_request_for_a_waiting_body_that_was_given_up_leaves_the_loaded_rows()
    {
        var row = Row(Pulled) with { Loaded = Loaded(First), Pending = Second };
        var failed = After(row, new StepFailedForGood(Second, null, "words", IsReload: true));
        Assert.Equal((StepFailed, null, null), (failed.State, failed.Loading, failed.Restoring));
    }

    [Fact]
    public void A_late_load_of_an_older_body_leaves_a_newer_one_quarantined()
    {
        var row = Row(Quarantined) with
        {
            Loaded = Loaded(First),
            Quarantined = new QuarantinedBody(Third, "hash"),
            LastError = "words",
            NextDue = Overdue,
        };
        var ended = After(After(row, new LoadStarted(Second)), new LoadFinished(Loaded(Second), Due));
        Assert.Equal(row with { Loaded = Loaded(Second) }, ended);
    }

    [Fact]
    public void An_empty_answer_says_nothing_of_a_load_that_failed()
    {
        var half = Row(StepFailed) with { Loading = First, LastError = "half" };
        Assert.Equal(half, After(half, new NoData(Now, null, Empty, Due)));
        var restoring = half with { Loaded = Loaded(First), Restoring = Published };
        Assert.Equal(restoring with { Restoring = Empty }, After(restoring, new NoData(Now, null, Empty, Due)));
    }

    [Fact]
    public void A_load_that_ends_takes_off_its_own_body_and_what_failed_before()
    {
        var row = Row(SliceState.Loading) with
        {
            Loaded = Loaded(First),
            Loading = Second,
            NextDue = Overdue,
            LastError = "words",
            Attempts = 2,
        };
        var loaded = Loaded(Second) with { Error = "3 rejects" };
        Assert.Equal(
            Row(SliceState.Loaded) with
            {
                Loaded = loaded,
                NextDue = Due,
                LastError = "3 rejects",
            },
            After(row, new LoadFinished(loaded, Due))
        );
    }

    /// <summary>Whatever the source has said last, and what is due, stays.</summary>
    [Theory]
    [InlineData(Published)]
    [InlineData(Quarantined)]
    [InlineData(SliceState.PullFailed)]
    [InlineData(Missing)]
    [InlineData(StepFailed)]
    [InlineData(SliceState.Loaded)]
    public void A_loaded_body_that_is_written_again_leaves_the_slice_as_it_was(SliceState state)
    {
        var row = Row(state) with
        {
            Loaded = Loaded(First),
            NextDue = Overdue,
            Quarantined = new QuarantinedBody(Second, "hash"),
            LastError = state == Published ? "" : "words",
            Attempts = 2,
            HttpETag = "tag",
        };
        var begun = After(row, new LoadStarted(First));
        Assert.Equal((SliceState.Loading, state, First), (begun.State, begun.Restoring, begun.Loading));
        // A process ended, and another one begins again.
        Assert.Equal(begun, After(begun, new LoadStarted(First)));
        Assert.Equal(row, After(begun, new LoadFinished(Loaded(First), Due)));
    }

    [Fact]
    public void What_the_source_says_while_a_body_is_written_again_holds_afterwards()
    {
        var row = Row(Published) with { Loaded = Loaded(First), NextDue = Due };
        var begun = After(row, new LoadStarted(First));
        var failed = After(begun, new PullFailed(Now, null, "words", null));
        Assert.Equal((SliceState.Loading, SliceState.PullFailed), (failed.State, failed.Restoring));
        Assert.Equal(
            row with
            {
                State = SliceState.PullFailed,
                NextDue = null,
                LastError = "words",
                Attempts = 1,
            },
            After(failed, new LoadFinished(Loaded(First), Due))
        );
        var stored = After(begun, new BodyStored(Now, null, Second, "tag", "day"));
        var waiting = After(stored, new LoadFinished(Loaded(First), Due));
        Assert.Equal((Pulled, Second, null), (waiting.State, waiting.Pending, waiting.Restoring));
    }

    [Fact]
    public void A_body_that_is_written_again_and_fails_for_good_fails_the_slice_until_a_load_ends()
    {
        var row = Row(Published) with { Loaded = Loaded(First) };
        var begun = After(row, new LoadStarted(First));
        var failed = After(begun, new StepFailedForGood(null, null, "words", IsReload: true));
        Assert.Equal((StepFailed, Published, First), (failed.State, failed.Restoring, failed.Loading));
        Assert.Equal(failed, After(failed, new SameBody(Now, null, Due, IsComplete: true)));
        // Another message of the slice that was given up says nothing of it.
        Assert.Equal(begun, After(begun, new StepFailedForGood(Second, null, "words")));
    }

    [Fact]
    public void A_load_that_goes_on_after_a_newer_body_was_quarantined_leaves_the_slice_quarantined()
    {
        var half = Row(StepFailed) with { Loaded = Loaded(First), Loading = Second, LastError = "half" };
        var stored = After(half, new BodyStored(Now, null, Third, "tag", "day"));
        var rejected = After(stored, new BodyRejected(Third, "words", "hash"));
        Assert.Equal((StepFailed, Second, null), (rejected.State, rejected.Loading, rejected.Pending));
        var again = After(rejected, new LoadStarted(Second));
        var ended = After(again, new LoadFinished(Loaded(Second), Due));
        Assert.Equal((Quarantined, "hash", "words"), (ended.State, ended.Quarantined?.JudgedBy, ended.LastError));
        Assert.Equal((Second, null), (ended.Loaded?.Body, ended.Loading));
        Assert.Equal("", ended.LoadingJudgedBy);
        // An operator who has the newer body loaded ends that.
        var asked = After(ended, new Requested(Third));
        var loaded = After(After(asked, new LoadStarted(Third)), new LoadFinished(Loaded(Third), Due));
        Assert.Equal((SliceState.Loaded, null, ""), (loaded.State, loaded.Quarantined, loaded.LastError));
    }

    [Fact]
    public void A_body_that_cannot_be_read_while_it_is_loaded_fails_the_slice()
    {
        var row = Row(SliceState.Loading) with { Loaded = Loaded(First), Loading = Second };
        Assert.Equal(StepFailed, After(row, new BodyRejected(Second, "words", "hash")).State);
        // Also if a newer one waits, which is loaded over it.
        var waiting = After(row with { Pending = Third }, new BodyRejected(Second, "words", "hash"));
        Assert.Equal((StepFailed, Third), (waiting.State, waiting.Pending));
        // A worker without its lease has judged another one.
        Assert.Equal(SliceState.Loading, After(row, new BodyRejected(Third, "words", "hash")).State);
        var restoring = row with { Loading = First, Restoring = Published };
        Assert.Equal(Quarantined, After(restoring, new BodyRejected(Third, "words", "hash")).Restoring);
    }

    [Theory]
    [InlineData(SliceState.PullFailed)]
    [InlineData(Missing)]
    [InlineData(StepFailed)]
    public void A_loaded_body_that_is_refused_does_not_replace_what_has_failed_since(SliceState state)
    {
        var row = Row(state) with { Loaded = Loaded(First), LastError = "failed" };
        Assert.Equal(row, After(row, new BodyRejected(First, "words", "hash")));
        var published = row with { State = Published, LastError = "" };
        var refused = After(published, new BodyRejected(First, "words", "hash"));
        Assert.Equal((Quarantined, "words", null), (refused.State, refused.LastError, refused.Quarantined));
    }

    [Fact]
    public void The_source_can_recover_and_fail_while_a_body_is_restored()
    {
        var row = Row(SliceState.PullFailed) with { Loaded = Loaded(First), LastError = "words", Attempts = 2 };
        var begun = After(row, new LoadStarted(First));
        var recovered = After(begun, new BodyStored(Now, null, First, "tag", "day"));
        Assert.Equal((Published, "", 0), (recovered.Restoring, recovered.LastError, recovered.Attempts));
        var planned = recovered with { PlannedAt = Now };
        var failed = After(planned, new StepFailedForGood(null, Now, "given up"));
        Assert.Equal((SliceState.Loading, StepFailed), (failed.State, failed.Restoring));
    }

    [Fact]
    public void A_run_that_is_completed_late_does_not_publish_a_slice_whose_newer_body_failed()
    {
        var waiting = Row(StepFailed) with { Loaded = Loaded(First), Pending = Second, LastError = "words" };
        Assert.Equal(waiting, After(waiting, new RunCompleted(First)));
        var judged = waiting with { Pending = null, Quarantined = new QuarantinedBody(Second, "hash") };
        Assert.Equal(judged, After(judged, new RunCompleted(First)));
    }

    [Fact]
    public void A_failed_pull_does_not_forget_what_the_loaded_body_left_out()
    {
        var loaded = Loaded(First) with { Error = "3 rejects" };
        var row = Row(Published) with { Loaded = loaded, LastError = "3 rejects" };
        var failed = After(row, new PullFailed(Now, null, "words", null));
        var same = After(failed, new SameBody(Now, null, Due, IsComplete: true));
        Assert.Equal((Published, "3 rejects", null), (same.State, same.LastError, same.NextDue));
    }

    [Fact]
    public void A_request_for_the_loaded_body_leaves_a_newer_one_waiting()
    {
        var row = Row(Pulled) with { Loaded = Loaded(First), Pending = Second };
        Assert.Equal(Second, After(row, new Requested(First)).Pending);
        Assert.Equal(Third, After(row, new Requested(Third)).Pending);
    }

    [Fact]
    public void A_pull_that_was_given_up_fails_no_slice_whose_plan_was_worked_on()
    {
        var row = Row(Published) with { Loaded = Loaded(First) };
        Assert.Equal(row, After(row, new StepFailedForGood(null, Now, "words")));
        var planned = row with { PlannedAt = Now };
        Assert.Equal(StepFailed, After(planned, new StepFailedForGood(null, Now, "words")).State);
    }

    [Fact]
    public void A_run_that_is_completed_after_a_message_was_given_up_is_published()
    {
        var row = Row(StepFailed) with { Loaded = Loaded(First), LastError = "words" };
        Assert.Equal(row with { State = Published, LastError = "" }, After(row, new RunCompleted(First)));
        var half = row with { Loading = Second };
        Assert.Equal(half, After(half, new RunCompleted(First)));
    }

    [Fact]
    public void A_rejected_body_counts_once_however_often_it_is_judged()
    {
        var row = Row(Pulled) with { Loaded = Loaded(First), Pending = Second, NextDue = Overdue, Attempts = 2 };
        var rejected = row with
        {
            State = Quarantined,
            Pending = null,
            Quarantined = new QuarantinedBody(Second, "hash"),
            LastError = "words",
            Attempts = 3,
        };
        // The next request must not be answered with "not modified since the rejected body".
        Assert.Equal(
            rejected,
            After(row with { HttpETag = "tag", LastModified = "day" }, new BodyRejected(Second, "words", "hash"))
        );
        Assert.Equal(
            rejected with
            {
                Quarantined = new QuarantinedBody(Second, "another"),
            },
            After(rejected with { State = Pulled, Pending = Second }, new BodyRejected(Second, "words", "another"))
        );
    }

    [Fact]
    public void A_body_that_the_tables_hold_can_be_rejected_by_a_replay()
    {
        var row = Row(Published) with { Loaded = Loaded(Second) };
        Assert.Equal(Quarantined, After(row, new BodyRejected(Second, "words", "hash")).State);
    }

    [Fact]
    public void A_rejected_body_changes_nothing_while_a_newer_one_waits()
    {
        var row = Row(Pulled) with { Loaded = Loaded(First), Pending = Third };
        Assert.Equal(row, After(row, new BodyRejected(Second, "words", "hash")));
    }

    [Fact]
    public void A_rejected_body_leaves_the_state_of_a_slice_with_half_a_load()
    {
        var row = Row(StepFailed) with { Loading = First, Pending = Second, LastError = "half" };
        var after = After(row, new BodyRejected(Second, "words", "hash"));
        Assert.Equal((StepFailed, First, null, "words"), (after.State, after.Loading, after.Pending, after.LastError));
    }

    /// <summary>The body of a message that was given up, and whether that is the slice's failure.</summary>
    [Theory]
    [InlineData(SliceState.Loaded, 1, true)]
    [InlineData(SliceState.Loaded, 2, false)]
    [InlineData(Published, 1, false)]
    [InlineData(Published, null, true)]
    [InlineData(SliceState.Loaded, null, false)]
    public void A_message_that_was_given_up_fails_the_slice_it_concerns(SliceState state, int? day, bool fails)
    {
        var row = Row(state) with { Loaded = Loaded(First), NextDue = Overdue };
        var body = day is { } known ? Body(known) : null;
        Assert.Equal(
            fails ? row with { State = StepFailed, LastError = "words" } : row,
            After(row, new StepFailedForGood(body, null, "words"))
        );
    }

    [Fact]
    public void A_slice_that_was_found_missing_has_failed_unless_it_has_changed_since()
    {
        var row = Row(Empty) with { NextDue = Overdue, Attempts = 2 };
        var missing = row with { State = Missing, LastError = "words", Attempts = 3 };
        Assert.Equal(missing, After(row, new FoundMissing(row, "words")));
        var pulled = row with { LastPulled = Now.AddHours(1) };
        Assert.Equal(pulled, After(pulled, new FoundMissing(row, "words")));
        var published = row with { State = Published };
        Assert.Equal(published, After(published, new FoundMissing(row, "words")));
    }
}
