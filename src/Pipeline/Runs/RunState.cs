namespace Pipeline.Runs;

/// <summary>How a run stands. The names are the texts of the column <c>State</c> of <c>runs</c>.</summary>
public enum RunState
{
    /// <summary>The body is stored and waits to be loaded.</summary>
    Pulled,

    /// <summary>Its rows are being written.</summary>
    Loading,

    /// <summary>Its rows are in the tables; what depends on them is still to be brought up to date.</summary>
    Loaded,

    /// <summary>Everything is done: the commit point.</summary>
    Done,

    /// <summary>The body is the one that the tables hold already.</summary>
    Unchanged,

    /// <summary>A newer body of the slice was loaded before this one could be.</summary>
    Superseded,

    /// <summary>The source has published nothing for the period yet.</summary>
    NotPublished,

    /// <summary>The slice must exist by now, and brought nothing.</summary>
    Missing,

    /// <summary>The period is published, and honestly without rows.</summary>
    Empty,

    /// <summary>The slice was asked for in smaller slices.</summary>
    Split,

    /// <summary>The body failed a check, and was not loaded.</summary>
    Quarantined,

    /// <summary>The source could not be asked.</summary>
    PullFailed,

    /// <summary>The counts of the run do not add up: a fault of the program.</summary>
    StepFailed,
}

/// <summary>What the states have in common.</summary>
public static class RunStates
{
    /// <summary>Whether a step of the run is still to come.</summary>
    public static bool IsUnderWay(this RunState state) =>
        state is RunState.Pulled or RunState.Loading or RunState.Loaded;

    /// <summary>Whether the run has failed.</summary>
    public static bool HasFailed(this RunState state) =>
        state is RunState.Missing or RunState.Quarantined or RunState.PullFailed or RunState.StepFailed;
}
