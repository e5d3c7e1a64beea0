using Xunit;

namespace Pipeline.Faults;

/// <summary>What docs/proofs.md says was proved is what the command proves.</summary>
public sealed class ProofTests
{
    [Fact]
    public void The_promises_of_the_page_are_those_of_the_command()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("UPDATE_README") == "1", "the table is being written");
        Assert.Equal(Proof.Promises, Proof.InPage().Select(cells => cells[0]));
        Assert.All(Proof.InPage(), cells =>
            Assert.True(cells[1] == cells[2] && cells[1] != "0", $"{cells[0]}: tried {cells[1]}, survived {cells[2]}")
        );
    }

    [Fact]
    public void A_promise_that_is_not_on_the_list_is_a_mistake_of_the_test() =>
        Assert.StartsWith(
            "seen \"something\", expected one of Proof.Promises",
            Assert.Throws<ArgumentException>(() => Proof.Try("something", "")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task A_promise_that_does_not_hold_is_marked_counted_and_told()
    {
        var table = new ProofTable(["a", "b", "c", "d", "e"]);
        using (var whole = table.Try("a", "all at once", 7))
            whole.Held();
        Assert.False(table.AllHeld);
        var single = table.Try("b", "one by one", 0);
        await single.RunAsync("first", () => Task.CompletedTask);
        await single.RunAsync("second", () => throw new InvalidOperationException("seen 3, expected 4"));
        await single.RunAsync("third", () => Task.CompletedTask);
        Assert.StartsWith(
            "1 of 3 did not hold\nsecond: System.InvalidOperationException: seen 3, expected 4",
            Assert.ThrowsAny<Exception>(single.End).Message,
            StringComparison.Ordinal
        );
        using (table.Try("c", "ended early", 2)) { }
        using (var inTurn = table.Try("d", "in turn", 0))
        {
            inTurn.Next("first");
            inTurn.Next("second");
        }
        Assert.Equal(
            """
            | promise | cases run | passed | what was tried |
            |---|---:|---:|---|
            | a | 7 | 7 | all at once |
            | b | 3 | 2 | FAILED: one by one |
            | c | 2 | 0 | FAILED: ended early |
            | d | 2 | 1 | FAILED: in turn |
            | e | 0 | 0 | not run |

            """,
            table.Text()
        );
        Assert.StartsWith(
            "FAILED: b\nsecond: System.InvalidOperationException: seen 3, expected 4",
            table.Differences(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "FAILED: c\nPipeline.Faults.ProofTests.A_promise_that_does_not_hold_is_marked_counted_and_told: did not "
                + "come to its end, see its failure above",
            table.Differences(),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "told: second did not come to its end, see its failure above",
            table.Differences(),
            StringComparison.Ordinal
        );
        Assert.False(table.AllHeld);
    }

    [Fact]
    public async Task A_promise_that_fails_everywhere_is_not_tried_to_the_end()
    {
        var trial = new ProofTable(["a"]).Try("a", "", 0);
        for (var number = 0; number < 4; number++)
            await trial.RunAsync($"{number}", () => throw new InvalidOperationException("no"));
        Assert.StartsWith(
            "5 of 5 did not hold",
            (
                await Assert.ThrowsAnyAsync<Exception>(() =>
                    trial.RunAsync("4", () => throw new InvalidOperationException("no"))
                )
            ).Message,
            StringComparison.Ordinal
        );
    }
}
