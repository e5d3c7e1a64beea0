using System.Globalization;
using Azure;
using Azure.Data.Tables;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Tests.Loading;

public sealed class MergeTests(Azurite azurite)
{
    private static readonly DateTimeOffset Day0 = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly FakeSource Source = new();

    private static DateTimeOffset Day(int number) => Day0.AddDays(number);

    private static FakeFact Row(string partition, string key, long value, string note = "") =>
        new()
        {
            PartitionKey = partition,
            RowKey = key,
            Name = key,
            Value = value,
            Note = note,
            Basis = "count",
        };

    /// <summary>
    /// Loads rows as the body of a day; <paramref name="insertFirst"/> as a slice that was never loaded.
    /// </summary>
    private static async Task<MergeResult> LoadAsync(
        TestPipeline pipeline,
        int day,
        IEnumerable<FakeFact> rows,
        string partition = "p",
        bool insertFirst = false,
        Known? known = null,
        string? run = null,
        bool holdsLease = true,
        bool replay = false,
        string? ended = null
    )
    {
        var facts = pipeline.Get<FactStore>();
        if (!insertFirst)
            known ??= await KnownAsync(pipeline, partition);
        await using var merge = new Merge(
            FakeFact.Table,
            await facts.OpenAsync(FakeFact.Table),
            await facts.OpenHistoryAsync(),
            Run(day, run) with
            {
                Replay = replay,
            },
            known,
            row => ((FakeFact)row).Value < 1000,
            new MergeOthers(
                () => holdsLease ? Task.CompletedTask : throw new LeaseLostException("another worker goes on"),
                runId => Task.FromResult(runId == ended)
            )
        );
        foreach (var row in rows)
            await merge.AddAsync(row, CancellationToken.None);
        return await merge.CompleteAsync(mayRemove: true, CancellationToken.None);
    }

    /// <summary>The counts of a merge, which has written what it counts unless it says otherwise.</summary>
    private static MergeResult Counts(
        long added,
        long changed,
        long unchanged,
        long removed,
        long outOfPolicy,
        long conflicts,
        long left = 0,
        long? written = null
    ) => new(added, changed, unchanged, written ?? added + changed + removed, removed, outOfPolicy, conflicts, left);

    /// <summary>Loads rows as a worker whose lease another one has taken since: it stops when it asks for it.</summary>
    private static Task<LeaseLostException> LoseAsync(TestPipeline pipeline, int day, params FakeFact[] rows) =>
        Assert.ThrowsAsync<LeaseLostException>(() => LoadAsync(pipeline, day, rows, holdsLease: false));

    private static MergeRun Run(int day, string? run = null) =>
        new("fake", "facts", Day(day), $"blob{day}", run ?? $"run{day}");

    private static Task<Known> KnownAsync(TestPipeline pipeline, string partition) =>
        Known.ReadAsync(pipeline.Get<FactStore>(), FakeFact.Table, Scope(partition), null, CancellationToken.None);

    private static SliceScope Scope(string partition) =>
        new(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), ("", "~"), (owner, _) => owner == partition);

    private static async Task<List<FakeFact>> FactsAsync(TestPipeline pipeline, string filter = "")
    {
        var rows = new List<FakeFact>();
        await foreach (var row in pipeline.Get<FactStore>().QueryAsync(FakeFact.Table, filter, CancellationToken.None))
            rows.Add((FakeFact)row);
        return rows;
    }

    [Fact]
    public async Task A_new_row_carries_the_columns_of_its_run()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        Assert.Equal(Counts(1, 0, 0, 0, 0, 0), await LoadAsync(pipeline, 1, [Row("p", "a", 1)]));
        var row = Assert.Single(await FactsAsync(pipeline));
        Assert.Equal(
            ("fake", "facts", Day(1), Day(1), Day(1), 0, "count", "blob1", "run1", FactRow.CurrentSchema),
            (
                row.Source,
                row.Dataset,
                row.Vintage,
                row.FirstSeen,
                row.LastChanged,
                row.Revision,
                row.Basis,
                row.RawBlob,
                row.RunId,
                row.SchemaVersion
            )
        );
        Assert.Equal(RowHash.Of(row), row.RowHash);
        Assert.Empty(await pipeline.RowsAsync("history"));
    }

    [Fact]
    public async Task A_body_that_changed_nothing_writes_nothing()
    {
        var writes = 0;
        var account = azurite.NewAccount();
        await using var first = new TestPipeline(account, Source);
        await LoadAsync(first, 1, [Row("p", "a", 1), Row("p", "b", 2)]);
        var before = await FactsAsync(first);
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(
                request => request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
                () => Task.FromResult(writes++)
            )
        );
        Assert.Equal(Counts(0, 0, 2, 0, 0, 0), await LoadAsync(pipeline, 2, [Row("p", "a", 1), Row("p", "b", 2)]));
        Assert.Equal(0, writes);
        Assert.Equal(before.Select(row => row.ETag), (await FactsAsync(pipeline)).Select(row => row.ETag));
    }

    [Fact]
    public async Task A_changed_row_keeps_its_first_date_and_its_old_value_goes_to_history()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await LoadAsync(pipeline, 1, [Row("p", "a", 1), Row("p", "b", 2), Row("p", "c", 3)]);
        Assert.Equal(
            Counts(0, 2, 1, 0, 1, 0),
            await LoadAsync(pipeline, 2, [Row("p", "a", 5), Row("p", "b", 2000, "new"), Row("p", "c", 3)])
        );
        var facts = await FactsAsync(pipeline);
        Assert.Equal(
            [(5L, 1, Day(1), Day(2)), (2000, 1, Day(1), Day(2)), (3, 0, Day(1), Day(1))],
            facts.Select(row => (row.Value, row.Revision, row.FirstSeen, row.LastChanged))
        );
        var history = await pipeline.RowsAsync("history");
        Assert.All(history, row =>
            Assert.Equal(
                ("fakefacts|p", Day(1), Day(2), "run2"),
                (
                    row.PartitionKey,
                    row.GetDateTimeOffset("ValidFrom"),
                    row.GetDateTimeOffset("ValidTo"),
                    row.GetString("RunId")
                )
            )
        );
        Assert.Equal([$"a|{Day(1).UtcTicks:D19}", $"b|{Day(1).UtcTicks:D19}"], history.Select(row => row.RowKey));
        Assert.Equal(
            [
                ("Value", "1", "5", true),
                ("Value,Note", """{"Value":"2","Note":""}""", """{"Value":"2000","Note":"new"}""", false),
            ],
            history.Select(row =>
                (
                    row.GetString("Column"),
                    row.GetString("OldValue"),
                    row.GetString("NewValue"),
                    row.GetBoolean("InPolicy")!.Value
                )
            )
        );
    }

    /// <summary>
    /// Old versions of changed rows: some that lie close together are one query, those far apart are read one
    /// by one.
    /// </summary>
    [Theory]
    [InlineData(10, 1, 10, 0)]
    [InlineData(11, 1, 0, 1)]
    [InlineData(11, 20, 0, 1)]
    [InlineData(11, 25, 11, 0)]
    public async Task Changed_rows_are_read_by_the_cheaper_of_two_ways(int changes, int apart, int points, int ranges)
    {
        var account = azurite.NewAccount();
        await using var first = new TestPipeline(account, Source);
        FakeFact[] Body(int value) =>
            [
                .. Enumerable
                    .Range(0, changes * apart)
                    .Select(number => Row("p", $"{number:0000}", number % apart == 0 ? value : 1)),
            ];
        await LoadAsync(first, 1, Body(1));
        var (ones, queries) = (0, 0);
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new AroundPolicy(request =>
            {
                var address = Uri.UnescapeDataString(request.Uri.ToUri().PathAndQuery);
                if (address.Contains("/fakefacts(PartitionKey=", StringComparison.Ordinal))
                    ones++;
                // What is known of the slice was read without a lower end of the keys.
                if (
                    address.Contains("RowKey ge '0000'", StringComparison.Ordinal)
                    && !address.Contains("NextRowKey", StringComparison.Ordinal)
                )
                {
                    queries++;
                }

                return false;
            })
        );
        Assert.Equal(Counts(0, changes, changes * (apart - 1), 0, 0, 0), await LoadAsync(pipeline, 2, Body(2)));
        Assert.Equal((points, ranges), (ones, queries));
        Assert.All(await FactsAsync(pipeline), row =>
            Assert.Equal(
                int.Parse(row.RowKey, CultureInfo.InvariantCulture) % apart == 0 ? (2, 1, Day(2)) : (1, 0, Day(1)),
                (row.Value, row.Revision, row.LastChanged)
            )
        );
        Assert.Equal(changes, (await pipeline.RowsAsync("history")).Count);
    }

    /// <summary>Merging would leave a column that the row's layout has no more.</summary>
    [Theory]
    [InlineData(FactRow.CurrentSchema, true)]
    [InlineData(FactRow.CurrentSchema - 1, false)]
    public async Task A_row_of_another_layout_is_replaced_as_a_whole(int schema, bool stays)
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await LoadAsync(pipeline, 1, [Row("p", "a", 1)]);
        await (await pipeline.TableAsync("fakefacts")).UpdateEntityAsync(
            new TableEntity("p", "a") { ["SchemaVersion"] = schema, ["Gone"] = "x" },
            ETag.All,
            TableUpdateMode.Merge
        );
        await LoadAsync(pipeline, 2, [Row("p", "a", 2)]);
        var row = Assert.Single(await pipeline.RowsAsync("fakefacts"));
        Assert.Equal((2L, FactRow.CurrentSchema, stays), (row["Value"], row["SchemaVersion"], row.ContainsKey("Gone")));
    }

    [Fact]
    public async Task A_vanished_row_goes_to_history_with_all_its_columns_and_may_come_back()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await LoadAsync(pipeline, 1, [Row("p", "a", 1), Row("p", "b", 2)]);
        Assert.Equal(Counts(0, 0, 1, 1, 0, 0), await LoadAsync(pipeline, 2, [Row("p", "a", 1)]));
        var history = Assert.Single(await pipeline.RowsAsync("history"));
        Assert.Equal(
            ("(removed)", """{"Name":"b","Value":"2","Note":"","Basis":"count"}""", "", Day(1), Day(2)),
            (
                history.GetString("Column"),
                history.GetString("OldValue"),
                history.GetString("NewValue"),
                history.GetDateTimeOffset("ValidFrom"),
                history.GetDateTimeOffset("ValidTo")
            )
        );
        Assert.Equal(Counts(1, 0, 1, 0, 0, 0), await LoadAsync(pipeline, 3, [Row("p", "a", 1), Row("p", "b", 2)]));
        Assert.Equal(
            [(0, Day(1)), (0, Day(3))],
            (await FactsAsync(pipeline)).Select(row => (row.Revision, row.FirstSeen))
        );
    }

    [Fact]
    public async Task Insert_first_finds_the_rows_that_are_there_and_a_redo_counts_its_own_rows()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await LoadAsync(pipeline, 1, [Row("p", "a", 1), Row("p", "b", 2)]);
        FakeFact[] Body() => [Row("p", "a", 1), Row("p", "b", 3), Row("p", "c", 4)];
        Assert.Equal(Counts(1, 1, 1, 0, 0, 1), await LoadAsync(pipeline, 2, Body(), insertFirst: true));
        var facts = await FactsAsync(pipeline);
        Assert.Equal(Counts(1, 1, 1, 0, 0, 1, written: 0), await LoadAsync(pipeline, 2, Body(), insertFirst: true));
        Assert.Equal(Counts(1, 1, 1, 0, 0, 0, written: 0), await LoadAsync(pipeline, 2, Body()));
        Assert.Equal(facts.Select(row => row.ETag), (await FactsAsync(pipeline)).Select(row => row.ETag));
        Assert.Single(await pipeline.RowsAsync("history"));
    }

    [Fact]
    public async Task An_older_body_changes_no_row_of_a_newer_one()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await LoadAsync(pipeline, 2, [Row("p", "a", 2), Row("p", "b", 2)]);
        Assert.Equal(Counts(0, 0, 1, 0, 0, 0, 1), await LoadAsync(pipeline, 1, [Row("p", "a", 1)]));
        Assert.Equal(Counts(0, 0, 1, 0, 0, 1), await LoadAsync(pipeline, 1, [Row("p", "a", 1)], insertFirst: true));
        Assert.Equal([2, 2], (await FactsAsync(pipeline)).Select(row => row.Value));
        Assert.Empty(await pipeline.RowsAsync("history"));
    }

    [Fact]
    public async Task An_older_body_leaves_a_row_that_a_newer_one_is_about_to_change()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var pipeline = new TestPipeline(
            account,
            Source,
            Once("fakefacts", () => LoseAsync(other, 2, Row("p", "a", 2)))
        );
        Assert.Equal(Counts(0, 1, 0, 0, 0, 0), await LoadAsync(pipeline, 3, [Row("p", "a", 3)]));
        var fact = Assert.Single(await FactsAsync(pipeline));
        Assert.Equal((3L, 1, Day(1), Day(3)), (fact.Value, fact.Revision, fact.FirstSeen, fact.LastChanged));
        Assert.Equal([("1", "3", Day(1), Day(3), "run3")], await HistoryAsync(pipeline));
    }

    [Fact]
    public async Task A_newer_body_overtakes_an_older_one_that_is_about_to_change_the_same_row()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        MergeResult? newer = null;
        await using var pipeline = new TestPipeline(
            account,
            Source,
            Once("fakefacts", async () => newer = await LoadAsync(other, 3, [Row("p", "a", 3)]))
        );
        await LoseAsync(pipeline, 2, Row("p", "a", 2), Row("p", "b", 2));
        Assert.Equal(Counts(0, 1, 0, 0, 0, 1), newer);
        // What it had not written by then it leaves: the newer body may have removed it.
        Assert.Equal(["a"], (await FactsAsync(pipeline)).Select(row => row.RowKey));
        Assert.Equal([("1", "3", Day(1), Day(3), "run3")], await HistoryAsync(pipeline));
    }

    [Theory]
    [InlineData(1)] // Before the row is written again as it was.
    [InlineData(2)] // Before it is changed.
    public async Task Whoever_dies_while_it_overtakes_history_ends_as_the_fact_says(int call)
    {
        var account = azurite.NewAccount();
        await using var quiet = new TestPipeline(account, Source);
        await LoadAsync(quiet, 1, [Row("p", "a", 1)]);
        var calls = 0;
        await using var dying = new TestPipeline(
            account,
            Source,
            new AroundPolicy(
                request => AroundPolicy.IsBatchOf(request, "fakefacts") && ++calls == call,
                () => throw new CrashException("dead")
            )
        );
        await using var older = new TestPipeline(
            account,
            Source,
            Once("fakefacts", () => Assert.ThrowsAsync<CrashException>(() => LoadAsync(dying, 3, [Row("p", "a", 3)])))
        );
        // As if no process knew of the newer body: the row of history must be that of who changes the fact.
        if (call == 1)
        {
            await LoadAsync(older, 2, [Row("p", "a", 2)]);
            Assert.Equal([("1", "2", Day(1), Day(2), "run2")], await HistoryAsync(quiet));
        }
        else
        {
            await LoseAsync(older, 2, Row("p", "a", 2));
            Assert.Equal(1, Assert.Single(await FactsAsync(quiet)).Value);
        }

        await LoadAsync(quiet, 3, [Row("p", "a", 3)]);
        Assert.Equal(
            call == 1
                ? [("1", "2", Day(1), Day(2), "run2"), ("2", "3", Day(2), Day(3), "run3")]
                : [("1", "3", Day(1), Day(3), "run3")],
            await HistoryAsync(quiet)
        );
    }

    [Theory]
    [InlineData("history", 1)] // Announced, and a newer body has changed the row before the client asks again.
    [InlineData("fakefacts", 2)] // Changed, and a newer body has changed it once more.
    public async Task An_answer_that_is_lost_while_a_newer_body_comes_leaves_history_as_the_facts_are(
        string table,
        int revision
    )
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var pipeline = new TestPipeline(
            account,
            Source,
            new TwicePolicy(
                request => AroundPolicy.IsBatchOf(request, table),
                () => LoadAsync(other, 3, [Row("p", "a", 3)])
            )
        );
        await LoseAsync(pipeline, 2, Row("p", "a", 2));
        var fact = Assert.Single(await FactsAsync(pipeline));
        Assert.Equal((3L, revision), (fact.Value, fact.Revision));
        Assert.Equal(
            revision == 1
                ? [("1", "3", Day(1), Day(3), "run3")]
                : [("1", "2", Day(1), Day(2), "run2"), ("2", "3", Day(2), Day(3), "run3")],
            await HistoryAsync(pipeline)
        );
    }

    [Fact]
    public async Task Whoever_overtakes_and_does_not_hear_the_answer_overtakes_all_the_same()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var newer = new TestPipeline(
            account,
            Source,
            new TwicePolicy(request => AroundPolicy.IsBatchOf(request, "fakefacts"), () => Task.CompletedTask)
        );
        MergeResult? overtaking = null;
        await using var pipeline = new TestPipeline(
            account,
            Source,
            Once("fakefacts", async () => overtaking = await LoadAsync(newer, 3, [Row("p", "a", 3)]))
        );
        await LoseAsync(pipeline, 2, Row("p", "a", 2));
        Assert.Equal(Counts(0, 1, 0, 0, 0, 1), overtaking);
        Assert.Equal([("1", "3", Day(1), Day(3), "run3")], await HistoryAsync(pipeline));
    }

    [Fact]
    public async Task What_somebody_announced_for_a_later_day_and_never_did_is_overtaken_like_anything_else()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, Source);
        await LoadAsync(pipeline, 1, [Row("p", "a", 1)]);
        var dead = new AroundPolicy(
            request => AroundPolicy.IsBatchOf(request, "fakefacts"),
            () => throw new CrashException("dead")
        );
        await using (var later = new TestPipeline(account, Source, dead))
            await Assert.ThrowsAsync<CrashException>(() => LoadAsync(later, 5, [Row("p", "a", 5)]));
        Assert.Equal(Counts(0, 1, 0, 0, 0, 1), await LoadAsync(pipeline, 3, [Row("p", "a", 3)]));
        Assert.Equal([("1", "3", Day(1), Day(3), "run3")], await HistoryAsync(pipeline));
    }

    [Fact]
    public async Task A_version_that_began_in_the_body_which_a_replay_reads_otherwise_lasts_a_tick()
    {
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, Source);
        await LoadAsync(pipeline, 5, [Row("p", "a", 1)], run: "another");
        await LoadAsync(pipeline, 5, [Row("p", "a", 7)], replay: true);
        await LoadAsync(pipeline, 6, [Row("p", "a", 8)]);
        Assert.Equal(
            [("1", "7", Day(5), Day(5).AddTicks(1), "run5"), ("7", "8", Day(5).AddTicks(1), Day(6), "run6")],
            await HistoryAsync(pipeline)
        );
    }

    [Fact]
    public async Task Who_is_overtaken_before_it_writes_history_leaves_the_history_of_the_winner()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var pipeline = new TestPipeline(
            account,
            Source,
            Once("history", () => LoadAsync(other, 2, [Row("p", "a", 2)]))
        );
        Assert.Equal(Counts(0, 1, 0, 0, 0, 1), await LoadAsync(pipeline, 3, [Row("p", "a", 3)]));
        Assert.Equal(
            [("1", "2", Day(1), Day(2), "run2"), ("2", "3", Day(2), Day(3), "run3")],
            await HistoryAsync(pipeline)
        );
    }

    [Fact]
    public async Task An_older_body_that_finds_its_row_confirmed_by_a_newer_one_changes_nothing()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var pipeline = new TestPipeline(account, Source, Once("fakefacts", async () =>
            {
                var row = Assert.Single(await FactsAsync(other));
                row.Vintage = Day(3);
                await (await other.Get<FactStore>().OpenAsync(FakeFact.Table)).SubmitTransactionAsync([
                    new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, row.ETag),
                ]);
            }));
        await LoseAsync(pipeline, 2, Row("p", "a", 5));
        Assert.Equal(1, Assert.Single(await FactsAsync(pipeline)).Value);
    }

    /// <summary>
    /// A worker without its lease inserts a row of the first day again, after the second day removed it.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_row_that_is_inserted_after_its_end_leaves_history_as_it_was(bool comesBack)
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        await LoadAsync(pipeline, 1, [Row("p", "a", 1), Row("p", "b", 1)]);
        await LoadAsync(pipeline, 2, [Row("p", "b", 1)]);
        var history = Assert.Single(await pipeline.RowsAsync("history"));
        await LoadAsync(pipeline, 1, [Row("p", "a", 1)], insertFirst: true);
        FakeFact[] rows = comesBack ? [Row("p", "a", 3), Row("p", "b", 1)] : [Row("p", "b", 1)];
        var result = await LoadAsync(pipeline, 3, rows, ended: "run2");
        Assert.Equal((comesBack ? 1 : 0, 0), (result.Added, result.Changed));
        Assert.Equal(history.ETag, Assert.Single(await pipeline.RowsAsync("history")).ETag);
        var facts = (await FactsAsync(pipeline)).Select(fact =>
            (fact.RowKey, fact.Value, fact.FirstSeen, fact.Revision)
        );
        Assert.Equal(comesBack ? [("a", 3, Day(3), 0), ("b", 1, Day(1), 0)] : [("b", 1, Day(1), 0)], facts);
    }

    [Fact]
    public async Task A_removal_that_loses_a_race_leaves_the_history_of_the_winner()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var pipeline = new TestPipeline(
            account,
            Source,
            Once("fakefacts", () => LoadAsync(other, 3, [Row("p", "a", 3)]))
        );
        await LoseAsync(pipeline, 2);
        Assert.Equal(3, Assert.Single(await FactsAsync(pipeline)).Value);
        Assert.Equal([("1", "3", Day(1), Day(3), "run3")], await HistoryAsync(pipeline));
    }

    [Fact]
    public async Task A_row_that_vanishes_while_it_is_changed_is_new_again()
    {
        var account = azurite.NewAccount();
        await using var other = new TestPipeline(account, Source);
        await LoadAsync(other, 1, [Row("p", "a", 1)]);
        await using var pipeline = new TestPipeline(account, Source, Once("history", () => LoadAsync(other, 2, [])));
        Assert.Equal(Counts(1, 0, 0, 0, 0, 1), await LoadAsync(pipeline, 3, [Row("p", "a", 3)]));
        var fact = Assert.Single(await FactsAsync(pipeline));
        Assert.Equal((0, Day(3)), (fact.Revision, fact.FirstSeen));
    }

    [Theory]
    [InlineData(100, 1)]
    [InlineData(101, 2)]
    public async Task A_transaction_takes_a_hundred_rows(int rows, int transactions)
    {
        var sent = 0;
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            Source,
            new AroundPolicy(
                request => request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
                () => Task.FromResult(sent++)
            )
        );
        Assert.Equal(
            rows,
            (
                await LoadAsync(
                    pipeline,
                    1,
                    Enumerable.Range(0, rows).Select(n => Row("p", $"{n:000}", n)),
                    insertFirst: true
                )
            ).Added
        );
        Assert.Equal(transactions, sent);
        Assert.Equal(rows, (await LoadAsync(pipeline, 2, [])).Removed);
        Assert.Empty(await FactsAsync(pipeline));
    }

    [Fact]
    public async Task More_rows_than_are_held_back_over_many_partitions_are_all_written_once()
    {
        const int partitions = 301,
            rows = 67;
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        var body = Enumerable
            .Range(0, rows)
            .SelectMany(
                _ => Enumerable.Range(0, partitions),
                (row, partition) => Row($"p{partition:000}", $"{row:000}", row)
            );
        Assert.Equal(partitions * rows, (await LoadAsync(pipeline, 1, body, insertFirst: true)).Added);
        var keys = new HashSet<(string, string)>();
        await foreach (
            var row in FakeFact.Table.QueryAsync(
                await pipeline.TableAsync("fakefacts"),
                "",
                ["PartitionKey", "RowKey"],
                CancellationToken.None
            )
        )
        {
            keys.Add((row.PartitionKey, row.RowKey));
        }

        Assert.Equal(partitions * rows, keys.Count);
    }

    [Fact]
    public async Task A_merge_that_fails_writes_nothing_after_it_is_disposed_of()
    {
        var sent = 0;
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            Source,
            new AroundPolicy(
                request => request.Uri.Path.Contains("$batch", StringComparison.Ordinal),
                async () =>
                {
                    var mine = Interlocked.Increment(ref sent);
                    if (mine == 1)
                        throw new CrashException("the first");
                    await Task.Delay(200);
                }
            )
        );
        await Assert.ThrowsAsync<CrashException>(() =>
            LoadAsync(
                pipeline,
                1,
                Enumerable.Range(0, 4000).Select(n => Row($"p{n / 100}", $"{n}", n)),
                insertFirst: true
            )
        );
        var atOnce = (await FactsAsync(pipeline)).Count;
        await Task.Delay(500);
        Assert.Equal(atOnce, (await FactsAsync(pipeline)).Count);
    }

    [Fact]
    public async Task Two_merges_of_one_body_at_the_same_time_write_each_row_once()
    {
        var account = azurite.NewAccount();
        await using var one = new TestPipeline(account, Source);
        await using var two = new TestPipeline(account, Source);
        await LoadAsync(one, 1, Enumerable.Range(0, 300).Select(n => Row("p", $"{n:000}", n)));
        IEnumerable<FakeFact> Body() =>
            Enumerable.Range(100, 400).Select(n => Row("p", $"{n:000}", n % 2 == 0 ? n : n + 1));
        var results = await Task.WhenAll(LoadAsync(one, 2, Body()), LoadAsync(two, 2, Body()));
        Assert.All(results, result => Assert.Equal((200, 100, 100), (result.Added, result.Changed, result.Unchanged)));
        var facts = await FactsAsync(one);
        Assert.Equal(Body().Select(row => (row.RowKey, row.Value)), facts.Select(row => (row.RowKey, row.Value)));
        Assert.All(facts, row => Assert.InRange(row.Revision, 0, 1));
        Assert.Equal(200, (await one.RowsAsync("history")).Count);
    }

    /// <summary>
    /// Any bodies one after the other: the table is the last one, and history gives back every one before.
    /// </summary>
    [Fact]
    public async Task Facts_and_history_together_give_every_body_back()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), Source);
        var number = 0;
        var body = Gen.Choose(0, 3).ArrayOf(4);
        var bodies = body.ArrayOf().Select(list => list.Take(5).ToArray());
        var check = Prop.ForAll(bodies.ToArbitrary(), sequence =>
            CheckAsync(sequence, $"case{Interlocked.Increment(ref number)}").GetAwaiter().GetResult()
        );
        await Task.Run(() => check.Check(Config.QuickThrowOnFailure.WithMaxTest(25)));

        async Task CheckAsync(int[][] sequence, string partition)
        {
            // A number is the value of the key at its place; 0 = the body has no such row.
            for (var day = 0; day < sequence.Length; day++)
            {
                await LoadAsync(
                    pipeline,
                    day,
                    sequence[day].Select((value, key) => Row(partition, $"k{key}", value)).Where(row => row.Value > 0),
                    partition,
                    insertFirst: day == 0
                );
            }

            var facts = await FactsAsync(pipeline, $"PartitionKey eq '{partition}'");
            var history = await pipeline.RowsAsync("history", $"PartitionKey eq 'fakefacts|{partition}'");
            for (var day = 0; day < sequence.Length; day++)
            {
                for (var key = 0; key < sequence[day].Length; key++)
                {
                    var past = history
                        .Where(row =>
                            row.RowKey.StartsWith($"k{key}|", StringComparison.Ordinal)
                            && row.GetDateTimeOffset("ValidFrom") <= Day(day)
                            && row.GetDateTimeOffset("ValidTo") > Day(day)
                        )
                        .ToList();
                    var present = facts.Where(row => row.RowKey == $"k{key}" && row.LastChanged <= Day(day)).ToList();
                    var value = (past.Count, present.Count) switch
                    {
                        (0, 0) => 0,
                        (0, _) => Assert.Single(present).Value,
                        _ => ValueOf(Assert.Single(past)),
                    };
                    Assert.True(past.Count + present.Count <= 1);
                    Assert.Equal(sequence[day][key], value);
                }
            }

            static long ValueOf(TableEntity row) =>
                row.GetString("Column") == "(removed)"
                    ? long.Parse(
                        System
                            .Text.Json.JsonDocument.Parse(row.GetString("OldValue"))
                            .RootElement.GetProperty("Value")
                            .GetString()!,
                        CultureInfo.InvariantCulture
                    )
                    : long.Parse(row.GetString("OldValue"), CultureInfo.InvariantCulture);
        }
    }

    private static async Task<List<(string, string, DateTimeOffset?, DateTimeOffset?, string)>> HistoryAsync(
        TestPipeline pipeline
    ) =>
        [
            .. (await pipeline.RowsAsync("history")).Select(row =>
                (
                    row.GetString("OldValue"),
                    row.GetString("NewValue"),
                    row.GetDateTimeOffset("ValidFrom"),
                    row.GetDateTimeOffset("ValidTo"),
                    row.GetString("RunId")
                )
            ),
        ];

    /// <summary>Lets another process write before the first transaction of a table is sent.</summary>
    private static AroundPolicy Once(string table, Func<Task> work)
    {
        var done = false;
        return new AroundPolicy(
            request => !done && AroundPolicy.IsBatchOf(request, table),
            async () =>
            {
                done = true;
                await work();
            }
        );
    }
}
