using System.ServiceModel.Syndication;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Report.Data;
using Pipeline.Report.News;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Report.Tests.News;

/// <summary>The feed of news, from tables in memory.</summary>
public sealed class NewsFeedTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider clock = new(Start);
    private readonly FakeSource source = new();
    private readonly TestPipeline pipeline;

    public NewsFeedTests() => pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await pipeline.DisposeAsync();
        source.Dispose();
    }

    [Fact]
    public async Task A_feed_without_news_is_valid_and_as_old_as_the_window()
    {
        var feed = await ReadAsync();
        Assert.Empty(feed.Items);
        Assert.Equal(new DateTimeOffset(2025, 12, 1, 0, 0, 0, TimeSpan.Zero), feed.LastUpdatedTime);
        Assert.Equal("Trade pipeline: news of figures", feed.Title.Text);
        Assert.Equal(
            "Runs that added, revised or removed figures since 2025-12-01, the newest first, at most 50.",
            feed.Description.Text
        );
    }

    [Fact]
    public async Task A_run_is_told_with_its_numbers_old_and_new_values_and_links()
    {
        source.Body = "a=1 b=2/x c=3";
        await pipeline.RunAsync();
        var first = Assert.Single((await ReadAsync()).Items);
        Assert.Equal("fakefacts: 3 figures added (facts one)", first.Title.Text);
        Assert.Equal(
            "Fake Office, Facts: 3 figures added in the vintage of 2026-03-01 12:00:00Z. Revision policy: any time.",
            first.Summary.Text
        );
        Assert.Equal([], AtomRules.LinesOf(first));

        clock.Advance(TimeSpan.FromDays(1));
        source.Body = "a=1500000 b=3/y d=4";
        await pipeline.RunAsync();
        var feed = await ReadAsync();
        Assert.Equal(Start.AddDays(1), feed.LastUpdatedTime);
        Assert.Equal(["fakefacts: 2 figures revised, 1 added, 1 removed (facts one)", first.Title.Text], Titles(feed));
        var (news, old) = (feed.Items.First(), feed.Items.Last());
        Assert.Equal((first.Id, Start), (old.Id, old.LastUpdatedTime));
        Assert.Matches("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", news.Id);
        Assert.Equal(
            "Fake Office, Facts: 2 figures revised, 1 added, 1 removed in the vintage of 2026-03-02 12:00:00Z. "
                + "1 of the changes is outside the publisher's declared revision window. Revision policy: any time.",
            news.Summary.Text
        );
        Assert.Equal(
            [
                "fake|one a Value: 1 → 1,500,000 pieces (outside the publisher's revision policy)",
                "fake|one b Value: 2 → 3 pieces, Note: x → y (inside the publisher's revision policy)",
                "fake|one c removed; Value: 3 pieces until then (inside the publisher's revision policy)",
            ],
            AtomRules.LinesOf(news)
        );
        var run = (await pipeline.RunsAsync())[0].RunId;
        Assert.Equal(
            [
                "/api/figure/fakefacts/fake%7Cone/a",
                "/api/figure/fakefacts/fake%7Cone/b",
                "/api/data/history?PartitionKey=fakefacts%7Cfake%7Cone",
                $"/api/data/fakefacts?RunId={run}",
            ],
            AtomRules.AddressesOf(news)
        );
        Assert.Equal(
            [
                ("alternate", $"/api/data/history?PartitionKey=fakefacts%7Cfake%7Cone&RunId={run}"),
                ("related", $"/api/data/fakefacts?RunId={run}"),
            ],
            news.Links.Select(link => (link.RelationshipType, link.Uri.OriginalString))
        );
        Assert.Equal("fakefacts", Assert.Single(news.Categories).Name);
    }

    [Fact]
    public async Task The_same_tables_give_the_same_bytes_whatever_the_hour()
    {
        source.Body = "a=1";
        await pipeline.RunAsync();
        var before = await WriteAsync();
        clock.Advance(TimeSpan.FromHours(11));
        Assert.Equal(before, await WriteAsync());
    }

    [Fact]
    public async Task The_tables_are_read_again_when_a_source_was_brought_up_to_date_and_at_midnight()
    {
        source.Body = "a=1";
        await pipeline.RunAsync();
        Assert.Single((await ReadAsync()).Items);
        await AddAsync("lost", "b", Start.AddDays(-1));
        Assert.Single((await ReadAsync()).Items);
        clock.Advance(TimeSpan.FromHours(13));
        Assert.Equal(2, (await ReadAsync()).Items.Count());
        source.Body = "a=2";
        await pipeline.RunAsync();
        Assert.Equal(3, (await ReadAsync()).Items.Count());
    }

    [Fact]
    public async Task A_run_that_is_not_done_is_no_news_and_one_that_the_ledger_lacks_is()
    {
        var vintage = Start.AddDays(-1);
        var slice = new Slice("fake", "facts", "one");
        foreach (
            var (id, state) in (IEnumerable<(string, RunState)>)
                [("loading", RunState.Loading), ("same", RunState.Unchanged)]
        )
        {
            await pipeline
                .Get<RunBook>()
                .PutAsync(
                    new RunRow(id, slice, vintage)
                    {
                        State = state,
                        EndedAt = vintage,
                        Counts = new RowCounts(1, 1, 0, 0, 0, 0, 0),
                    },
                    CancellationToken.None
                );
        }
        await AddAsync("loading", "a", vintage);
        await AddAsync("lost", "b", vintage);
        await AddAsync("", "c", vintage);
        await AddAsync("other", "d", vintage, table: "elsewhere");
        await AddAsync("ancient", "e", Start.AddDays(-92));
        var news = Assert.Single((await ReadAsync()).Items);
        Assert.Equal("fakefacts: 1 figure revised", news.Title.Text);
        Assert.Equal(
            "fakefacts: 1 figure revised in the vintage of 2026-02-28 12:00:00Z. "
                + "The publisher's declared revision window covers all changes.",
            news.Summary.Text
        );
        Assert.Equal(["fake|one b Value: 1 → 2 (inside the publisher's revision policy)"], AtomRules.LinesOf(news));
    }

    [Fact]
    public async Task The_newest_50_runs_and_20_changes_of_each_are_listed()
    {
        foreach (var day in Enumerable.Range(1, 60))
            await AddAsync($"run-{day:00}", $"a{day:00}", Start.AddDays(-day));
        foreach (var row in Enumerable.Range(10, 25))
            await AddAsync("run-01", $"b{row}", Start.AddDays(-1), partition: $"fake|{row % 2}");
        var feed = await ReadAsync();
        Assert.Equal(
            Enumerable.Range(1, NewsReader.MostItems).Select(day => Start.AddDays(-day)),
            feed.Items.Select(item => item.LastUpdatedTime)
        );
        var news = feed.Items.First();
        Assert.Equal("fakefacts: 26 figures revised", news.Title.Text);
        Assert.Equal(NewsReader.MostChanges, AtomRules.LinesOf(news).Count);
        Assert.Contains(
            "6 more changes are not listed here",
            ((TextSyndicationContent)news.Content).Text,
            StringComparison.Ordinal
        );
        // Several partitions: the run alone tells its changes.
        Assert.Equal("/api/data/history?RunId=run-01", AtomRules.AddressesOf(news)[^1]);
    }

    [Fact]
    public async Task A_history_that_is_too_long_is_read_in_part_and_the_feed_says_so()
    {
        foreach (var row in Enumerable.Range(1, 4))
            await AddAsync("run", $"a{row}", Start.AddDays(-1));
        using var reader = new NewsReader(
            pipeline.Get<TableSet>(),
            pipeline.Get<RunBook>(),
            pipeline.Get<SourceCatalog>(),
            pipeline.Get<RevisionReader>(),
            pipeline.Get<Exporter>()
        )
        {
            MostRead = 3,
        };
        var feed = await WriteAsync(new NewsFeed(pipeline.Get<DataTables>(), reader));
        Assert.Equal(["fakefacts: 3 figures revised"], Titles(AtomRules.Read(feed)));
        Assert.EndsWith(
            " Only a part of the history was read: numbers of older runs may be too low.",
            AtomRules.Read(feed).Description.Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_table_has_its_own_feed()
    {
        source.Body = "a=1";
        await pipeline.RunAsync();
        var all = await ReadAsync();
        var own = AtomRules.Read(await WriteAsync(parameters: ("table", "fakefacts")));
        Assert.Equal(all.Items.Select(item => item.Id), own.Items.Select(item => item.Id));
        Assert.NotEqual(all.Id, own.Id);
        Assert.Equal("Trade pipeline: news of fakefacts", own.Title.Text);
        Assert.Equal(
            "/api/feed.atom?table=fakefacts",
            own.Links.Single(link => link.RelationshipType == "self").Uri.OriginalString
        );
    }

    [Theory]
    [InlineData(
        "table=history",
        true,
        "table: seen \"history\", expected a table of figures: fakefacts; correct the address; rows of other tables "
            + "are read with data/{table}"
    )]
    [InlineData("since=2026", false, "parameters: seen \"since\", expected table, or none; correct the name")]
    [InlineData(
        "table=fakefacts&table=fakefacts",
        false,
        "parameter table: seen two values, expected one; leave one of them out"
    )]
    public async Task A_wrong_parameter_is_told(string query, bool isMissing, string message)
    {
        var parameters = query.Split('&').Select(part => part.Split('=')).Select(part => (part[0], part[1]));
        var error = await Assert.ThrowsAsync<DataRefusedException>(() => WriteAsync(parameters: [.. parameters]));
        Assert.Equal((message, isMissing), (error.Message, error.IsMissing));
    }

    [Fact]
    public async Task A_row_of_history_that_cannot_be_understood_is_named()
    {
        await AddAsync("run", "a", Start.AddDays(-1), column: "Value,Note");
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => WriteAsync());
        Assert.Equal(
            $"history fakefacts|fake|one a|{Start.AddDays(-2).UtcTicks:D19}, columns Value,Note: seen \"1\", expected "
                + "a JSON object of texts by column; correct or remove the row of history",
            error.Message
        );
    }

    private static IEnumerable<string> Titles(SyndicationFeed feed) => feed.Items.Select(item => item.Title.Text);

    private async Task<SyndicationFeed> ReadAsync() => AtomRules.Read(await WriteAsync());

    private Task<byte[]> WriteAsync(params (string Name, string Value)[] parameters) =>
        WriteAsync(pipeline.Get<NewsFeed>(), parameters);

    /// <summary>The feed, whose validity is checked.</summary>
    private static async Task<byte[]> WriteAsync(NewsFeed feed, params (string Name, string Value)[] parameters)
    {
        var bytes = await feed.WriteAsync(
            parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value)),
            "/api/feed.atom",
            TestContext.Current.CancellationToken
        );
        Assert.Equal([], AtomRules.Faults(bytes));
        return bytes;
    }

    /// <summary>Adds a version that a run ended.</summary>
    private async Task AddAsync(
        string run,
        string row,
        DateTimeOffset until,
        string table = "fakefacts",
        string partition = "fake|one",
        string column = "Value"
    )
    {
        var history = await pipeline.TableAsync(Names.History);
        await history.AddEntityAsync(
            new TableEntity($"{table}|{partition}", $"{row}|{until.AddDays(-1).UtcTicks:D19}")
            {
                ["Column"] = column,
                ["OldValue"] = "1",
                ["NewValue"] = "2",
                ["ValidFrom"] = until.AddDays(-1),
                ["ValidTo"] = until,
                ["RunId"] = run,
                ["InPolicy"] = true,
            }
        );
    }
}
