using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Loading;

/// <summary>History of changes that a merge announced and did not make, because it ended in between.</summary>
public sealed class UnfinishedHistoryTests(Azurite azurite)
{
    private static readonly DateTimeOffset Day0 = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly FakeSource Source = new();

    private static DateTimeOffset Day(int number) => Day0.AddDays(number);

    [Fact]
    public async Task A_version_that_still_stands_is_taken_out_and_no_other()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        // The first change came to pass, the second did not.
        await PutAsync(pipeline, "p", "a", since: 2, (0, 2), (2, 4));
        await PutAsync(pipeline, "p", "b", since: 4, (0, 4));
        await PutAsync(pipeline, "other", "a", since: 2, (2, 4));
        await AddHistoryAsync(pipeline, "p", "gone", 2, 4);
        Assert.Equal(1, await RepairAsync(pipeline, 5));
        Assert.Equal(["other a 2-4", "p a 0-2", "p b 0-4", "p gone 2-4"], await HistoryAsync(pipeline));
        // No older body may end the version that this one leaves standing; the rows of which nothing was repaired stay
        // as they are.
        Assert.Equal(["other a 2 1", "p a 2 5", "p b 4 1"], await FactsAsync(pipeline));
        Assert.Equal(0, await RepairAsync(pipeline, 6));
    }

    [Fact]
    public async Task A_row_of_a_newer_body_keeps_its_vintage()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await PutAsync(pipeline, "p", "a", since: 1, (1, 4));
        Assert.Equal(1, await RepairAsync(pipeline, 0));
        Assert.Equal(["p a 1 1"], await FactsAsync(pipeline));
        Assert.Empty(await HistoryAsync(pipeline));
    }

    [Fact]
    public async Task A_version_ends_where_the_next_one_begins()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        // A body of day 2 put the row back that one of day 4 had removed; the same, and the row is there again.
        await AddHistoryAsync(pipeline, "p", "a", 0, 4);
        await AddHistoryAsync(pipeline, "p", "a", 2, 4);
        await PutAsync(pipeline, "p", "b", since: 3, (0, 1), (1, 4));
        await PutAsync(pipeline, "p", "c", since: 3, (0, 1), (1, 3));
        await AddHistoryAsync(pipeline, "p", "d", 0, 2);
        Assert.Equal(2, await RepairAsync(pipeline, 5));
        Assert.Equal(
            ["p a 0-2", "p a 2-4", "p b 0-1", "p b 1-3", "p c 0-1", "p c 1-3", "p d 0-2"],
            await HistoryAsync(pipeline)
        );
        Assert.Equal(0, await RepairAsync(pipeline, 5));
    }

    [Fact]
    public async Task A_row_that_was_put_back_begins_anew_in_the_body_that_has_it()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await PutAsync(pipeline, "p", "a", since: 1, (2, 4));
        // Changed since: it follows the version that was put back, which ended before the last one began.
        await PutAsync(pipeline, "p", "b", since: 5, revision: 1, (1, 2), (2, 4));
        await PutAsync(pipeline, "p", "c", since: 4, revision: 1, (2, 4));
        await PutAsync(pipeline, "p", "d", since: 5, revision: 0, (2, 4));
        Assert.Equal(2, await RepairAsync(pipeline, 6));
        Assert.Equal(["p a 6 6", "p b 5 1", "p c 4 1", "p d 5 1"], await FactsAsync(pipeline));
        Assert.Equal(
            ["0 run6 blob6", "0  ", "1  ", "0  "],
            (await pipeline.RowsAsync("fakefacts")).Select(row => $"{row["Revision"]} {row["RunId"]} {row["RawBlob"]}")
        );
        Assert.Equal(["p a 2-4", "p b 1-2", "p b 2-4", "p c 2-4", "p d 2-4"], await HistoryAsync(pipeline));
        Assert.Equal(0, await RepairAsync(pipeline, 6));
    }

    [Theory]
    [InlineData(2, 1, new string[0])] // Written again as it was: looked at again, and repaired.
    [InlineData(4, 0, new[] { "p a 2-4" })] // The change has come to pass in between: its history stands.
    public async Task A_row_that_another_process_writes_in_between_is_looked_at_again(
        int since,
        int repaired,
        string[] history
    )
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await PutAsync(other, "p", "a", since: 2, (2, 4));
        var done = false;
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(
                request => !done && request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
                async () =>
                {
                    done = true;
                    await PutAsync(other, "p", "a", since);
                }
            )
        );
        Assert.Equal(repaired, await RepairAsync(pipeline, 5));
        Assert.True(done);
        Assert.Equal(history, await HistoryAsync(other));
    }

    private static async Task<int> RepairAsync(TestPipeline pipeline, int vintage)
    {
        var store = pipeline.Get<FactStore>();
        var scope = new SliceScope(TableClient.CreateQueryFilter($"PartitionKey eq {"p"}"), ("", "~"), (partition, _) =>
            partition == "p"
        );
        return await new UnfinishedHistory(
            FakeFact.Table,
            await store.OpenAsync(FakeFact.Table),
            await store.OpenHistoryAsync()
        ).RepairAsync(
            scope,
            new MergeRun("fake", "facts", Day(vintage), $"blob{vintage}", $"run{vintage}"),
            CancellationToken.None
        );
    }

    /// <summary>
    /// A row of the first body whose value stands since a day, and versions that history says to have
    /// ended.
    /// </summary>
    private static Task PutAsync(
        TestPipeline pipeline,
        string partition,
        string key,
        int since,
        params (int From, int To)[] ended
    ) => PutAsync(pipeline, partition, key, since, 0, ended);

    private static async Task PutAsync(
        TestPipeline pipeline,
        string partition,
        string key,
        int since,
        int revision,
        params (int From, int To)[] ended
    )
    {
        var table = await pipeline.Get<FactStore>().OpenAsync(FakeFact.Table);
        await table.UpsertEntityAsync(
            new FakeFact
            {
                PartitionKey = partition,
                RowKey = key,
                Name = key,
                Vintage = Day(1),
                FirstSeen = Day(0),
                LastChanged = Day(since),
                Revision = revision,
            },
            TableUpdateMode.Replace
        );
        foreach (var (from, to) in ended)
            await AddHistoryAsync(pipeline, partition, key, from, to);
    }

    private static async Task AddHistoryAsync(TestPipeline pipeline, string partition, string key, int from, int to) =>
        await (await pipeline.Get<FactStore>().OpenHistoryAsync()).UpsertEntityAsync(
            HistoryRow.Of(
                FakeFact.Table,
                new FakeFact
                {
                    PartitionKey = partition,
                    RowKey = key,
                    LastChanged = Day(from),
                },
                null,
                Day(to),
                "run",
                true
            ),
            TableUpdateMode.Replace
        );

    private static async Task<List<string>> HistoryAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("history"))
                .Select(row =>
                    $"{row.PartitionKey["fakefacts|".Length..]} {row.RowKey.Split('|')[0]} "
                    + $"{Number(row.GetDateTimeOffset("ValidFrom"))}-{Number(row.GetDateTimeOffset("ValidTo"))}"
                )
                .Order(StringComparer.Ordinal),
        ];

    private static async Task<List<string>> FactsAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync("fakefacts"))
                .Select(row =>
                    $"{row.PartitionKey} {row.RowKey} {Number(row.GetDateTimeOffset("LastChanged"))} "
                    + $"{Number(row.GetDateTimeOffset("Vintage"))}"
                )
                .Order(StringComparer.Ordinal),
        ];

    private static string Number(DateTimeOffset? day) =>
        (day!.Value - Day0).TotalDays.ToString(CultureInfo.InvariantCulture);
}
