using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Issues;

/// <summary>The values that a source says it does not have.</summary>
public sealed class GapBookTests(Azurite azurite)
{
    [Fact]
    public async Task Gaps_are_those_of_the_newest_body_also_when_it_has_none()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        foreach (
            var (body, gaps) in ((string, string)[])
                [("a=1 b= c=", "b c"), ("a=1 b=2 c= d=", "c d"), ("a=1 b=2 c=3 d=4", ""), ("a=1 b=2 c=3 d=4 e=", "e")]
        )
        {
            source.Body = body;
            await pipeline.RunAsync();
            Assert.Equal(gaps, string.Join(' ', (await pipeline.RowsAsync(Names.Gaps)).Select(row => row.RowKey)));
        }
    }
}
