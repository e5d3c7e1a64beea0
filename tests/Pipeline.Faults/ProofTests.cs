using Xunit;

namespace Pipeline.Faults;

/// <summary>What the README says was proved is what the command proves.</summary>
public sealed class ProofTests
{
    [Fact]
    public void The_promises_of_the_readme_are_those_of_the_command()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("UPDATE_README") == "1", "the table is being written");
        Assert.Equal(Proof.Promises, Proof.InReadme());
    }

    [Fact]
    public void A_promise_that_is_not_on_the_list_is_a_mistake_of_the_test() =>
        Assert.StartsWith("seen \"something\", expected one of Proof.Promises", Assert.Throws<ArgumentException>(() => Proof.Add("something", 1, 1, "")).Message, StringComparison.Ordinal);
}
