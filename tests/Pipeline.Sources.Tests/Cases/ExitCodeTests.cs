using Pipeline.Runs;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>Which end has which exit code.</summary>
public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(0, 0, 0, 0, 0)]
    [InlineData(0, 0, 1, 1, 0)]
    [InlineData(0, 1, 0, 0, 2)]
    [InlineData(0, 1, 1, 1, 2)]
    [InlineData(1, 0, 0, 0, 1)]
    [InlineData(1, 1, 1, 1, 1)]
    public void The_lowest_number_but_0_wins(int failed, int open, int late, int notes, int code)
    {
        static string[] Lines(int count, string word) => [.. Enumerable.Repeat(word, count)];
        var verdict = new RunVerdict(
            Lines(failed, "failed"),
            Lines(open, "open"),
            Lines(late, "late"),
            Lines(notes, "note")
        );
        Assert.Equal(code, verdict.ExitCode);
        Assert.Equal(failed + open + late + notes, verdict.Lines.Count);
    }
}
