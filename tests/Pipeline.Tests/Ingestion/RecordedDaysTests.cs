using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>A request that was recorded on several days: what the first run makes of the answers.</summary>
public sealed class RecordedDaysTests : IDisposable
{
    private readonly FakeSource source = new();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("pipeline-recordings-");
    private readonly MemoryStorage storage = new(TimeProvider.System);

    public void Dispose()
    {
        source.Dispose();
        folder.Delete(recursive: true);
    }

    /// <summary>Writes recordings, each of a request and a day, with the status and the body of its answer.</summary>
    private void Record(params (string Request, string Day, int Status, string Body)[] answers)
    {
        var fake = Directory.CreateDirectory(Path.Combine(folder.FullName, "fake")).FullName;
        var entries = new List<string>();
        foreach (var (request, day, status, body) in answers)
        {
            var file = $"{request}-{day}.txt";
            File.WriteAllText(Path.Combine(fake, file), body);
            entries.Add(
                $$"""{"request":"{{request}}","asOf":"{{day}}","status":{{status}},"contentType":"text/plain","""
                    + $$""" "headers":{},"file":"{{file}}"}"""
            );
        }
        File.WriteAllText(Path.Combine(fake, "answers.json"), $"[{string.Join(',', entries)}]");
    }

    /// <summary>Writes a recording a year of the slice's request: the status, a space, the body.</summary>
    private void RecordYears(string[] answers) =>
        Record([
            .. answers.Select(
                (answer, year) =>
                    (
                        "one",
                        $"202{year}-01-01",
                        int.Parse(answer[..3], System.Globalization.CultureInfo.InvariantCulture),
                        answer[4..]
                    )
            ),
        ]);

    private TestPipeline Open(FakeSource? other = null) =>
        new(storage, [new(TestPipeline.Planned, "fake")], TimeProvider.System, (services, _) =>
            services.AddSingleton(provider => new SourceCatalog(
                [other ?? source],
                new SourceClientFactory(
                    folder.FullName,
                    provider.GetRequiredService<TimeProvider>(),
                    provider.GetRequiredService<Random>(),
                    null,
                    provider.GetRequiredService<ILoggerFactory>()
                )
            ))
        );

    private static async Task<string> EndAsync(TestPipeline pipeline)
    {
        await pipeline.RunAsync();
        var row = await pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);
        var values = string.Join(
            ' ',
            (await pipeline.RowsAsync("fakefacts")).Select(fact => $"{fact["Name"]}={fact["Value"]}")
        );
        return $"{row.State} {values}";
    }

    [Theory]
    // Two recordings, as a control.
    [InlineData("control", "Published a=2 b=1", "200 a=1 b=1", "200 a=2 b=1")]
    [InlineData("control of three", "Published a=3 b=1", "200 a=1 b=1", "200 a=2 b=1", "200 a=3 b=1")]
    [InlineData("back to the first", "Published a=1 b=1", "200 a=1 b=1", "200 a=2 b=1", "200 a=1 b=1")]
    // The second recording is as the first one.
    [InlineData("the second is as the first", "Published a=3 b=1", "200 a=1 b=1", "200 a=1 b=1", "200 a=3 b=1")]
    // What was recorded first is refused.
    [InlineData("the first is refused", "Published a=2 b=1", "200 a=1 b=1 !", "200 a=2 b=1")]
    [InlineData("the second is refused", "Published a=3 b=1", "200 a=1 b=1", "200 a=2 b=1 !", "200 a=3 b=1")]
    // The first recording says that there is nothing yet.
    [InlineData("the first is empty", "Published a=2 b=1", "204 ", "200 a=2 b=1")]
    [InlineData("the first is a fault", "Published a=2 b=1", "404 gone", "200 a=2 b=1")]
    [InlineData("the second is empty", "Published a=3 b=1", "200 a=1 b=1", "204 ", "200 a=3 b=1")]
    [InlineData("the second is a fault", "Published a=3 b=1", "200 a=1 b=1", "404 gone", "200 a=3 b=1")]
    public async Task The_first_run_ends_with_the_newest_recording(
        string name,
        string expected,
        params string[] answers
    )
    {
        RecordYears(answers);
        await using var pipeline = Open();
        Assert.True(
            expected == await EndAsync(pipeline),
            $"{name}: expected {expected}, seen {await EndAsync(pipeline)}"
        );
        await pipeline.LedgerAsync();
    }

    /// <summary>A slice that is compared with one whose two recordings are the same body.</summary>
    [Theory]
    [InlineData("a=1 b=1")]
    [InlineData("a=2 b=1")]
    public async Task A_comparison_waits_only_for_what_is_still_to_come(string second)
    {
        using var two = new FakeSource("one", "two") { Compared = ["facts"] };
        Record(
            ("one", "2021-01-01", 200, "a=1 b=1"),
            ("one", "2022-01-01", 200, second),
            ("two", "2023-01-01", 200, "z=1")
        );
        await using var pipeline = Open(two);
        await pipeline.RunAsync();
        var row = await pipeline.Get<SliceBook>().GetAsync(new Slice("fake", "facts", "two"), CancellationToken.None);
        Assert.Equal(SliceState.Published, row.State);
    }

    /// <summary>Tables are lost and restored.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restore_makes_both_vintages_again(bool loseRuns)
    {
        RecordYears(["200 a=1 b=1", "200 a=2 b=1", "200 a=2 b=3"]);
        await using var pipeline = Open();
        await EndAsync(pipeline);
        var before = await AllAsync();
        foreach (var table in (string[])["fakefacts", "history", "slices", loseRuns ? "runs" : "gaps"])
        {
            foreach (var row in await pipeline.RowsAsync(table))
                await (await pipeline.TableAsync(table)).DeleteEntityAsync(row.PartitionKey, row.RowKey);
        }
        await pipeline.Get<Restore>().RunAsync("fake", CancellationToken.None);
        await pipeline.DrainAsync();
        Assert.Equal(before, await AllAsync());
        Assert.Equal("Published a=2 b=3", await EndAsync(pipeline));
        Assert.Equal(before, await AllAsync());

        async Task<string> AllAsync() =>
            string.Join(
                "; ",
                (await pipeline.RowsAsync("history")).Select(version =>
                    $"{version.RowKey.Split('|')[0]} {version["OldValue"]}->{version["NewValue"]} {version["ValidFrom"]}"
                )
            )
            + string.Join(
                "; ",
                (await pipeline.RowsAsync("fakefacts")).Select(fact =>
                    $"{fact["Value"]} {fact["Vintage"]} {fact["Revision"]}"
                )
            )
            + string.Join(
                "; ",
                (await pipeline.RunsAsync())
                    .Where(run => run.State != RunState.Unchanged)
                    .Select(run => $"{run.Vintage:yyyy} {run.State} {run.Counts}")
            );
    }
}
