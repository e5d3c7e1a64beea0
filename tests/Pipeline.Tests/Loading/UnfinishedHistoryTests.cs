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
    public async Task A_version_that_the_run_ended_and_that_still_stands_is_taken_out_and_no_other()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        // The first change came to pass, the second did not.
        await PutAsync(pipeline, "p", "a", since: 2, (0, 2), (2, 4));
        await PutAsync(pipeline, "p", "b", since: 4, (0, 4));
        await PutAsync(pipeline, "other", "a", since: 2, (2, 4));
        await AddHistoryAsync(pipeline, "p", "gone", 2, 4);
        var before = await VersionsAsync(pipeline);
        await RemoveAsync(pipeline, "another");
        Assert.Equal(before, await VersionsAsync(pipeline));
        await RemoveAsync(pipeline, "run");
        Assert.Equal(["other a 2-4", "p a 0-2", "p b 0-4", "p gone 2-4"], await HistoryAsync(pipeline));
        // Only the row of the version was written again, as it was.
        Assert.Equal(["p a"], (await VersionsAsync(pipeline)).Except(before).Select(row => row.Key));
        Assert.Equal(["other a 2 1", "p a 2 1", "p b 4 1"], await FactsAsync(pipeline));
    }

    /// <summary>A worker that has lost its lease changes the row just before it is written again.</summary>
    [Fact]
    public async Task A_version_whose_row_is_changed_in_between_stays_in_history()
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
                    await PutAsync(other, "p", "a", since: 4);
                }
            )
        );
        await RemoveAsync(pipeline, "run");
        Assert.True(done);
        Assert.Equal(["p a 2-4"], await HistoryAsync(other));
    }

    private static async Task RemoveAsync(TestPipeline pipeline, string runId)
    {
        var store = pipeline.Get<FactStore>();
        var scope = new SliceScope(TableClient.CreateQueryFilter($"PartitionKey eq {"p"}"), ("", "~"), (partition, _) =>
            partition == "p"
        );
        await new UnfinishedHistory(
            FakeFact.Table,
            await store.OpenAsync(FakeFact.Table),
            await store.OpenHistoryAsync()
        ).RemoveAsync(scope, runId, CancellationToken.None);
    }

    private static async Task<Dictionary<string, string>> VersionsAsync(TestPipeline pipeline) =>
        (await pipeline.RowsAsync("fakefacts")).ToDictionary(
            row => $"{row.PartitionKey} {row.RowKey}",
            row => row.ETag.ToString(),
            StringComparer.Ordinal
        );

    /// <summary>
    /// A row of the first body whose value stands since a day, and versions that history says to have
    /// ended.
    /// </summary>
    private static async Task PutAsync(
        TestPipeline pipeline,
        string partition,
        string key,
        int since,
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
