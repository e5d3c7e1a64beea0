using Pipeline.Slices;
using Pipeline.Storage;
using Xunit;
using static Pipeline.Slices.SliceState;

namespace Pipeline.Tests.Slices;

/// <summary>The table of states and events, as <c>docs/architecture.md</c> has it.</summary>
public sealed class SliceTransitionsTests
{
    private static readonly Slice One = new("fake", "facts", "one");
    private static readonly DateTimeOffset Now = new(2024, 5, 6, 7, 8, 9, TimeSpan.Zero);
    private static readonly DateTimeOffset Due = Now.AddDays(30);

    /// <summary>Bodies in the order in which they came.</summary>
    private static readonly RawName First = Body(1),
        Second = Body(2),
        Third = Body(3);

    private static RawName Body(int day) => new(One, Now.AddDays(day - 10), $"{day:000000000000}", "txt");

    private static LoadedBody Loaded(RawName body) => new(body, new string('a', 64), 5);

    /// <summary>A slice in each state, as the steps leave it; those after the first load hold the first body.</summary>
    private static SliceRow In(SliceState? state)
    {
        var row = new SliceRow(One) { State = state, NextDue = Due };
        return state switch
        {
            null => new SliceRow(One),
            Pulled => row with { Loaded = Loaded(First), Pending = Second },
            SliceState.Loading => row with { Loaded = Loaded(First), Loading = Second },
            SliceState.Loaded or Published => row with { Loaded = Loaded(First) },
            Quarantined or SliceState.PullFailed => row with { Loaded = Loaded(First), LastError = "words" },
            Missing => row with { LastError = "words" },
            StepFailed => row with { Loaded = Loaded(First), Pending = Second, LastError = "words" },
            _ => row,
        };
    }

    private static SliceEvent Event(string name) =>
        name switch
        {
            "BodyStored" => new BodyStored(Now, null, Third, "tag", "day"),
            "SameBody" => new SameBody(Now, null, Due, IsComplete: true, "tag", "day"),
            "NotModified" => new SameBody(Now, null, Due, IsComplete: true),
            "NotPublished" => new NoData(Now, null, NotPublished, null),
            "Missing" => new NoData(Now, null, Missing, null, "words"),
            "Empty" => new NoData(Now, null, Empty, Due),
            "Split" => new NoData(Now, null, Split, Due),
            "PullFailed" => new PullFailed(Now, null, "words", null),
            "LoadStarted" => new LoadStarted(Second),
            "LoadFinished" => new LoadFinished(Loaded(Second), Due),
            "RunCompleted" => new RunCompleted(First),
            "BodyRejected" => new BodyRejected(Second, "words", "hash"),
            "StepFailedForGood" => new StepFailedForGood(Second, null, "words"),
            "Requested" => new Requested(Second),
            _ => throw new ArgumentException(name, nameof(name)),
        };

    public static TheoryData<string, SliceState?, SliceState?> Table { get; } =
        new()
        {
            { "BodyStored", null, Pulled },
            { "BodyStored", Published, Pulled },
            { "BodyStored", Pulled, Pulled },
            { "BodyStored", SliceState.Loading, SliceState.Loading },
            { "BodyStored", SliceState.Loaded, Pulled },
            { "BodyStored", Quarantined, Pulled },
            { "BodyStored", StepFailed, Pulled },
            { "LoadStarted", Pulled, SliceState.Loading },
            { "LoadStarted", StepFailed, SliceState.Loading },
            { "LoadStarted", SliceState.Loading, SliceState.Loading },
            { "LoadFinished", SliceState.Loading, SliceState.Loaded },
            { "LoadFinished", Published, Published },
            { "RunCompleted", SliceState.Loaded, Published },
            { "RunCompleted", Pulled, Pulled },
            { "RunCompleted", SliceState.Loading, SliceState.Loading },
            { "SameBody", Published, Published },
            { "SameBody", SliceState.PullFailed, Published },
            { "SameBody", Quarantined, Published },
            { "SameBody", SliceState.Loading, SliceState.Loading },
            { "NotModified", SliceState.PullFailed, Published },
            { "NotModified", Published, Published },
            { "NotPublished", null, NotPublished },
            { "NotPublished", SliceState.Loading, SliceState.Loading },
            { "Missing", null, Missing },
            { "Missing", Pulled, Pulled },
            { "Empty", NotPublished, Empty },
            { "Empty", SliceState.Loaded, SliceState.Loaded },
            { "Split", Missing, Split },
            { "PullFailed", Published, SliceState.PullFailed },
            { "PullFailed", SliceState.Loading, SliceState.Loading },
            { "PullFailed", Quarantined, SliceState.PullFailed },
            { "BodyRejected", Pulled, Quarantined },
            { "BodyRejected", StepFailed, Quarantined },
            { "StepFailedForGood", Pulled, StepFailed },
            { "StepFailedForGood", SliceState.Loading, StepFailed },
            { "StepFailedForGood", Published, Published },
            { "Requested", Quarantined, Pulled },
            { "Requested", StepFailed, Pulled },
            { "Requested", SliceState.Loading, SliceState.Loading },
        };

    [Theory, MemberData(nameof(Table))]
    public void An_event_leads_to_the_state_of_the_table(string name, SliceState? before, SliceState? after) =>
        Assert.Equal(after, SliceTransitions.Apply(In(before), Event(name), Now).State);

    /// <summary>A message may be worked on twice.</summary>
    [Theory, MemberData(nameof(Table))]
    public void An_event_that_happens_twice_leaves_the_state_of_the_first(
        string name,
        SliceState? before,
        SliceState? after
    )
    {
        var once = SliceTransitions.Apply(In(before), Event(name), Now);
        Assert.Equal(after, SliceTransitions.Apply(once, Event(name), Now).State);
    }

    [Theory]
    [InlineData(SliceState.Loaded)]
    [InlineData(SliceState.Loading)]
    public void A_load_of_an_older_body_does_not_begin_after_that_of_a_newer_one(SliceState state)
    {
        var row = In(state) with { Loading = state == SliceState.Loading ? Third : null, Loaded = Loaded(Third) };
        Assert.Equal(row, SliceTransitions.Apply(row, new LoadStarted(Second), Now));
    }

    [Fact]
    public void A_body_that_comes_during_a_load_is_noted_and_loaded_after_it()
    {
        var row = SliceTransitions.Apply(In(SliceState.Loading), Event("BodyStored"), Now);
        Assert.Equal((SliceState.Loading, Second, Third), (row.State, row.Loading, row.Pending));
        row = SliceTransitions.Apply(row, Event("LoadFinished"), Now);
        Assert.Equal((Pulled, null, Third, Second), (row.State, row.Loading, row.Pending, row.Loaded?.Body));
    }

    [Fact]
    public void An_older_body_changes_neither_state_nor_validators()
    {
        var before = In(Published) with { Loaded = Loaded(Third), HttpETag = "newer" };
        var stored = new BodyStored(Now, null, Second, "older", "older");
        Assert.Equal(before with { LastPulled = Now }, SliceTransitions.Apply(before, stored, Now));
        Assert.Equal(before, SliceTransitions.Apply(before, Event("BodyRejected"), Now));
    }

    /// <summary>The tables hold a part of a body, whatever the source says of others.</summary>
    [Theory]
    [InlineData("SameBody")]
    [InlineData("NotPublished")]
    [InlineData("PullFailed")]
    public void A_slice_whose_load_failed_for_good_stays_so_until_a_body_is_loaded(string name)
    {
        var half = In(StepFailed) with { Loading = Second, Pending = null };
        var row = SliceTransitions.Apply(half, Event(name), Now);
        Assert.Equal((StepFailed, Second), (row.State, row.Loading));
    }

    [Fact]
    public void The_plan_whose_pull_was_worked_on_is_taken_off_and_no_later_one()
    {
        var planned = In(Published) with { PlannedAt = Now };
        PullFailed Failed(DateTimeOffset? plan) => new(Now, plan, "words", null);
        Assert.Null(SliceTransitions.Apply(planned, Failed(Now), Now).PlannedAt);
        Assert.Equal(Now, SliceTransitions.Apply(planned, Failed(Now.AddDays(-1)), Now).PlannedAt);
        // An operator's own pull has done what the plan asks for.
        Assert.Null(SliceTransitions.Apply(planned, Failed(null), Now).PlannedAt);
        Assert.Null(SliceTransitions.Apply(planned, new PlanDropped(Now), Now).PlannedAt);
        var dead = new StepFailedForGood(null, Now, "words");
        Assert.Equal(
            (StepFailed, null),
            (SliceTransitions.Apply(planned, dead, Now) is var row ? (row.State, row.PlannedAt) : default)
        );
    }

    [Fact]
    public void A_same_body_whose_run_is_not_complete_waits_for_its_completion()
    {
        var row = SliceTransitions.Apply(
            In(SliceState.PullFailed),
            new SameBody(Now, null, Due, IsComplete: false),
            Now
        );
        Assert.Equal((SliceState.Loaded, ""), (row.State, row.LastError));
    }

    [Theory]
    [InlineData("PullFailed", true)]
    [InlineData("Missing", true)]
    [InlineData("BodyRejected", true)]
    [InlineData("SameBody", false)]
    public void What_failed_is_due_at_every_plan(string name, bool always)
    {
        var row = SliceTransitions.Apply(In(name == "BodyRejected" ? Pulled : Published), Event(name), Now);
        Assert.Equal(always ? null : Due, row.NextDue);
    }

    [Theory]
    [InlineData(Published)]
    [InlineData(SliceState.Loading)]
    [InlineData(StepFailed)]
    public void A_slice_that_is_made_due_stays_as_it_is_and_loses_its_date(SliceState state)
    {
        var row = In(state) with { NextDue = Due };
        Assert.Equal(row with { NextDue = null }, SliceTransitions.Apply(row, new MadeDue(), Now));
    }

    [Fact]
    public void An_event_of_no_slice_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => SliceTransitions.Apply(In(null), new Nothing(), Now));
        Assert.StartsWith("seen Nothing, expected an event of a slice", error.Message, StringComparison.Ordinal);
    }

    private sealed record Nothing : SliceEvent;
}
