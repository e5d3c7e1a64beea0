using Pipeline.Runs;
using Xunit;

namespace Pipeline.Tests.Runs;

/// <summary>Which runs are under way and which have failed.</summary>
public sealed class RunStateTests
{
    [Theory]
    [InlineData(RunState.Pulled, true, false)]
    [InlineData(RunState.Loading, true, false)]
    [InlineData(RunState.Loaded, true, false)]
    [InlineData(RunState.Done, false, false)]
    [InlineData(RunState.Unchanged, false, false)]
    [InlineData(RunState.Superseded, false, false)]
    [InlineData(RunState.NotPublished, false, false)]
    [InlineData(RunState.Missing, false, true)]
    [InlineData(RunState.Empty, false, false)]
    [InlineData(RunState.Split, false, false)]
    [InlineData(RunState.Quarantined, false, true)]
    [InlineData(RunState.PullFailed, false, true)]
    [InlineData(RunState.StepFailed, false, true)]
    public void A_run_is_under_way_failed_or_neither(RunState state, bool underWay, bool failed) =>
        Assert.Equal((underWay, failed), (state.IsUnderWay(), state.HasFailed()));
}
