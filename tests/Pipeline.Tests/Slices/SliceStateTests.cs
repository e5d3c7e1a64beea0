using Pipeline.Slices;
using Xunit;
using static Pipeline.Slices.SliceState;

namespace Pipeline.Tests.Slices;

/// <summary>Which states are under way, at rest and failed.</summary>
public sealed class SliceStateTests
{
    [Theory]
    [InlineData(null, false, false, false)]
    [InlineData(Pulled, true, false, false)]
    [InlineData(SliceState.Loading, true, false, false)]
    [InlineData(SliceState.Loaded, true, false, false)]
    [InlineData(Published, false, true, false)]
    [InlineData(NotPublished, false, true, false)]
    [InlineData(Missing, false, true, true)]
    [InlineData(Empty, false, true, false)]
    [InlineData(Split, false, true, false)]
    [InlineData(Quarantined, false, true, true)]
    [InlineData(SliceState.PullFailed, false, true, true)]
    [InlineData(StepFailed, false, true, true)]
    public void A_state_is_under_way_at_rest_or_failed(SliceState? state, bool underWay, bool atRest, bool failed) =>
        Assert.Equal((underWay, atRest, failed), (state.IsUnderWay(), state.IsAtRest(), state.HasFailed()));
}
