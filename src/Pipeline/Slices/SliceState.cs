namespace Pipeline.Slices;

/// <summary>
/// Where a slice stands. Changed by <see cref="SliceTransitions"/> alone; the names are the texts of the column
/// <c>State</c> of <c>slices</c>.
/// </summary>
public enum SliceState
{
    /// <summary>A body is stored and waits to be loaded.</summary>
    Pulled,

    /// <summary>Rows are being written; <see cref="SliceRow.Loading"/> says of which body.</summary>
    Loading,

    /// <summary>All rows are in the tables; the run waits to be completed.</summary>
    Loaded,

    /// <summary>Everything is done.</summary>
    Published,

    /// <summary>The source has published nothing for this period, and need not have.</summary>
    NotPublished,

    /// <summary>The slice must exist by now, and brought nothing: a failure. The next plan asks again.</summary>
    Missing,

    /// <summary>The period is published, and honestly without rows; the run says why.</summary>
    Empty,

    /// <summary>The slice was asked for in smaller slices.</summary>
    Split,

    /// <summary>The newest body failed a check. It is kept; the tables keep what they had.</summary>
    Quarantined,

    /// <summary>The source could not be asked. The next plan asks again.</summary>
    PullFailed,

    /// <summary>A step failed for good. A replay or a newer body goes on.</summary>
    StepFailed,
}

/// <summary>What the states have in common.</summary>
public static class SliceStates
{
    /// <summary>Whether nothing more happens to a slice in this state until it is planned again.</summary>
    public static bool IsAtRest(this SliceState? state) =>
        state is { } known && known is not (SliceState.Pulled or SliceState.Loading or SliceState.Loaded);

    /// <summary>Whether a body of the slice is on its way into the tables.</summary>
    public static bool IsUnderWay(this SliceState? state) =>
        state is SliceState.Pulled or SliceState.Loading or SliceState.Loaded;

    /// <summary>Whether the slice has failed: nothing came, or nothing that was loaded.</summary>
    public static bool HasFailed(this SliceState? state) =>
        state is SliceState.PullFailed or SliceState.Missing or SliceState.Quarantined or SliceState.StepFailed;
}
