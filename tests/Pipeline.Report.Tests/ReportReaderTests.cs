using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Report.Tests;

/// <summary>What the report says of tables that a test has filled.</summary>
public sealed class ReportReaderTests(Azurite azurite)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task An_empty_account_has_a_report_and_reading_it_creates_no_ledger_of_nothing()
    {
        using var source = new FakeSource();
        var account = azurite.NewAccount();
        await using var pipeline = new TestPipeline(account, source);
        var report = await ReadAsync(pipeline);
        Assert.Equal(["fake has never been run: start its Plan function, or wait for its timer"], report.Attention);
        Assert.Equal(
            (StatusReport.NeedsAttention, 0, 0, 0),
            (report.State, report.Claims.Count, report.Figures.Count, report.Revisions.Total)
        );
        var tables = new List<string>();
        await foreach (var table in pipeline.Get<StorageAccount>().Tables.QueryAsync())
            tables.Add(table.Name);
        Assert.Equal(["slices"], tables); // which the list of slices creates
    }

    [Fact]
    public async Task A_run_is_reported_with_its_ledger_its_revisions_and_what_is_wrong()
    {
        using var source = new FakeSource { Coverage = Pipeline.Datasets.Coverage.ByHand };
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        source.Body = "a=1 b=2 c=3 # d=";
        await pipeline.RunAsync();
        var fresh = await ReadAsync(pipeline);
        Assert.Equal((StatusReport.Ok, 0), (fresh.State, fresh.Attention.Count));
        var status = Assert.Single(fresh.Sources);
        Assert.Equal(
            (new RowCounts(5, 3, 0, 0, 1, 1, 0), true, 1),
            (status.LastRun!.Counts, status.LastRun.AddUp, status.LastRun.Slices)
        );
        Assert.Equal(
            (1, 3L, Start),
            (status.Datasets[0].Slices, status.Datasets[0].Rows, status.Datasets[0].LastPulled)
        );

        clock.Advance(TimeSpan.FromDays(1));
        source.Body = "a=9 b=2 c=? # d=";
        await pipeline.RunAsync();
        var changed = await ReadAsync(pipeline);
        Assert.Equal(1, changed.Rejects.Open);
        var revision = Assert.Single(changed.Revisions.Items, item => item.Row == "a");
        Assert.Equal(
            ("fakefacts", "fake|one", "Value", "1", "9"),
            (revision.Table, revision.Partition, revision.Column, revision.Old, revision.New)
        );
        Assert.Contains("1 open reject; see rejects", changed.Attention);
        // Each plan's runs alone: yesterday's are not counted again.
        Assert.Equal((5L, 1L), (changed.Sources[0].LastRun!.Counts.Read, changed.Sources[0].LastRun!.Counts.Rejected));
    }

    [Fact]
    public async Task A_list_of_failures_that_is_cut_begins_with_the_newest_and_says_how_many_more_there_are()
    {
        string[] keys = [.. Enumerable.Range(10, 23).Select(number => $"s{number}")];
        using var source = new FakeSource(keys);
        foreach (var key in keys)
            source.Replies[key] = new("a=1 !");
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        await pipeline.RunAsync();
        var failures = (await ReadAsync(pipeline)).Sources[0].Failures;
        Assert.Equal(StandingReader.MostListed + 1, failures.Count);
        Assert.Equal("… and 3 more lines like these; see the table slices", failures[^1]);
        clock.Advance(TimeSpan.FromDays(1));
        await pipeline.DoAsync(new Pipeline.Ingestion.PullMessage("fake/facts/s32"));
        await pipeline.DrainAsync();
        Assert.StartsWith(
            "fake/facts/s32 body: ",
            (await ReadAsync(pipeline)).Sources[0].Failures[0],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Notes_of_the_last_run_that_are_cut_say_how_many_more_there_are()
    {
        using var source = new FakeSource
        {
            Body = "a=1",
            Differences = [.. Enumerable.Range(10, 23).Select(number => $"difference {number}")],
        };
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, new FakeTimeProvider(Start));
        await pipeline.RunAsync();
        var notes = (await ReadAsync(pipeline)).Sources[0].LastRun!.Notes;
        Assert.Equal(StandingReader.MostListed + 1, notes.Count);
        Assert.Equal("fake/facts/one: difference 10", notes[0]);
        Assert.Equal("… and 3 more lines like these; see the table runs", notes[^1]);
    }

    [Fact]
    public async Task Revisions_are_counted_all_and_listed_the_latest_first_those_before_the_window_left_out()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, new FakeTimeProvider(Start));
        var history = await pipeline.TableAsync(Names.History);
        foreach (var day in Enumerable.Range(0, 200))
        {
            var until = Start.AddDays(-day);
            await history.AddEntityAsync(
                new TableEntity("fakefacts|fake|one", $"a|{until.AddDays(-1).UtcTicks:D19}")
                {
                    ["OldValue"] = $"{day}",
                    ["NewValue"] = "x",
                    ["Column"] = "Value",
                    ["ValidFrom"] = until.AddDays(-1),
                    ["ValidTo"] = until,
                    ["RunId"] = "r",
                    ["InPolicy"] = day % 10 != 0,
                }
            );
        }
        var revisions = (await ReadAsync(pipeline)).Revisions;
        Assert.Equal(
            (new DateTimeOffset(2025, 12, 1, 0, 0, 0, TimeSpan.Zero), 91, 10),
            (revisions.Since, revisions.Total, revisions.OutOfPolicy)
        );
        Assert.Equal(
            Enumerable.Range(0, RevisionReader.MostListed).Select(day => $"{day}"),
            revisions.Items.Select(item => item.Old)
        );
    }

    [Fact]
    public async Task Rows_of_history_that_nobody_can_understand_are_counted_and_do_no_harm()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, new FakeTimeProvider(Start));
        var history = await pipeline.TableAsync(Names.History);
        await history.AddEntityAsync(new TableEntity("nobody", "knows") { ["ValidTo"] = Start });
        await history.AddEntityAsync(
            new TableEntity("fakefacts|fake|one", $"a|{Start.UtcTicks:D19}")
            {
                ["ValidTo"] = Start,
                ["Column"] = "Value",
                ["OldValue"] = "1",
                ["NewValue"] = "2",
            }
        );
        var report = await ReadAsync(pipeline);
        Assert.Equal((0, 2), (report.Revisions.Total, report.Revisions.Odd));
        Assert.Contains(
            "2 rows of history that this program has not written: remove them, or whatever wrote them",
            report.Attention
        );
    }

    [Fact]
    public async Task Thousands_of_rejects_of_one_slice_hide_neither_their_number_nor_dead_letters()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var rejects = await pipeline.TableAsync(Names.Rejects);
        foreach (var batch in Enumerable.Range(0, 20_000).Chunk(100))
        {
            await rejects.SubmitTransactionAsync(
                batch.Select(row => new TableTransactionAction(
                    TableTransactionActionType.Add,
                    new RejectRow
                    {
                        PartitionKey = "fake|2026-03",
                        RowKey = $"run|{row:00000}",
                        Slice = "fake/facts/one",
                        Finding = new Finding($"row {row}, column value", $"\"{row}\"", "a figure", "look"),
                        KeptAt = Start,
                    }
                ))
            );
        }

        foreach (var key in (string[])["normalize", "pull"])
        {
            await rejects.AddEntityAsync(
                new RejectRow
                {
                    PartitionKey = "fake|2026-02",
                    RowKey = $"letter|{key}",
                    Kind = RejectKind.Message,
                    Slice = "fake/facts/one",
                    Finding = new Finding($"message {key}", "an error", "none", "replay"),
                    Message = "{\"Slice\":\"fake/facts/one\",\"RawBlob\":\"x\"}",
                    KeptAt = Start,
                }
            );
        }

        var report = await ReadAsync(pipeline);
        Assert.Equal((20_002, 1, 2), (report.Rejects.Open, report.Rejects.Causes, report.Rejects.DeadLetters.Count));
        Assert.Equal(
            "fake/facts/one: 20,000 rejects of one cause, the first: fake/facts/one row 0, column value: seen "
                + "\"0\", expected a figure; look",
            Assert.Single(report.Rejects.Groups).ToString()
        );
        Assert.Contains("20000 open rejects of 1 cause; see rejects", report.Attention);
        Assert.Contains("2 dead letters; see rejects", report.Attention);
        var verdict = await pipeline.Get<RunVerdictReader>().ReadAsync(["fake"], Start, CancellationToken.None);
        Assert.Equal(
            [
                "rejected: fake/facts/one: 20,000 rejects of one cause, the first: fake/facts/one row 0, column "
                    + "value: seen \"0\", expected a figure; look",
                "dead letter: fake/facts/one message normalize: seen an error, expected none; replay",
                "dead letter: fake/facts/one message pull: seen an error, expected none; replay",
            ],
            verdict
                .Open.OrderByDescending(line => line.StartsWith("rejected", StringComparison.Ordinal))
                .ThenBy(line => line, StringComparer.Ordinal)
        );
        Assert.Equal(2, verdict.ExitCode);
    }

    [Fact]
    public async Task Rejects_are_read_again_when_a_slice_has_changed_and_after_a_minute_and_dead_letters_always()
    {
        using var source = new FakeSource("one");
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        source.Replies["one"] = new("a=1");
        await pipeline.RunAsync();
        var rejects = await pipeline.TableAsync(Names.Rejects);
        Task AddAsync(string key, bool isMessage = false) =>
            rejects.AddEntityAsync(
                new RejectRow
                {
                    PartitionKey = "fake|2026-03",
                    RowKey = key,
                    Kind = isMessage ? RejectKind.Message : RejectKind.Row,
                    Slice = "fake/facts/one",
                    Finding = new Finding(isMessage ? "message pull" : $"row {key}", "x", "a figure", "look"),
                    Message = isMessage ? "{\"Slice\":\"fake/facts/one\"}" : "",
                    KeptAt = Start,
                }
            );
        async Task<(int Open, int Letters)> CountAsync() =>
            (await ReadAsync(pipeline)).Rejects is var status ? (status.Open, status.DeadLetters.Count) : default;
        await AddAsync("1");
        Assert.Equal((1, 0), await CountAsync());
        await AddAsync("2");
        await AddAsync("3", isMessage: true);
        Assert.Equal((2, 1), await CountAsync());
        clock.Advance(RejectSummaryReader.MaxAge);
        Assert.Equal((3, 1), await CountAsync());
        await AddAsync("4");
        Assert.Equal((3, 1), await CountAsync());
        // A run reads the rejects as they are.
        Assert.Equal(3, (await pipeline.Get<RejectSummaryReader>().ReadAsync(CancellationToken.None)).Rejects);
        var book = pipeline.Get<SliceBook>();
        await book.ApplyAsync(
            new Pipeline.Slices.Slice("fake", "facts", "one"),
            new Pipeline.Slices.PullFailed(Start, null, "", null),
            CancellationToken.None
        );
        Assert.Equal((4, 1), await CountAsync());
    }

    [Fact]
    public async Task A_second_run_soon_after_the_first_is_shown_alone_and_what_was_mended_is_over()
    {
        using var source = new FakeSource("one", "two");
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        (source.Replies["one"], source.Replies["two"]) = (new("a=1 b=2"), new("gone", 404));
        await pipeline.RunAsync();
        Assert.Equal(
            new Dictionary<string, int> { ["Done"] = 1, ["PullFailed"] = 1 },
            (await ReadAsync(pipeline)).Sources[0].LastRun!.States
        );
        clock.Advance(TimeSpan.FromSeconds(50));
        source.Replies["two"] = new("c=3");
        await pipeline.RunAsync();
        var run = (await ReadAsync(pipeline)).Sources[0].LastRun!;
        Assert.Equal(new Dictionary<string, int> { ["Done"] = 1, ["Unchanged"] = 1 }, run.States);
        Assert.Equal((1L, Start.AddSeconds(50)), (run.Counts.Read, run.StartedAt));
    }

    [Fact]
    public async Task Dead_letters_are_seen_at_once_and_nothing_else_is_read_again_for_them()
    {
        using var source = new FakeSource();
        var calls = new List<string>();
        var policy = new AroundPolicy(request =>
        {
            lock (calls)
                calls.Add($"{request.Method} {request.Uri.Path}");
            return false;
        });
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, policy);
        source.Body = "a=1 b=2";
        await pipeline.RunAsync();
        await ReadAsync(pipeline);
        calls.Clear();
        var quiet = await ReadAsync(pipeline);
        Assert.DoesNotContain(calls, call =>
            call.Contains("history", StringComparison.Ordinal)
            || call.Contains("indicators", StringComparison.Ordinal)
            || call.Contains("runs", StringComparison.Ordinal)
        );
        Assert.Equal(StatusReport.Ok, quiet.State);

        await pipeline.Queue("publish-poison").CreateAsync();
        await pipeline.Queue("publish-poison").SendMessageAsync("lost");
        var report = await ReadAsync(pipeline);
        Assert.Equal(["1 message of the queue publish given up, in publish-poison"], report.Attention);
        Assert.Equal(new QueueStatus("publish", 0, 1), report.Queues.Single(queue => queue.Name == "publish"));

        // A slice that was touched makes everything be read again.
        source.Body = "a=1 b=3";
        await pipeline.RunAsync();
        Assert.Equal(1, (await ReadAsync(pipeline)).Revisions.Total);
    }

    [Fact]
    public async Task A_slice_that_failed_keeps_the_day_it_was_due_so_that_it_is_seen_to_be_late()
    {
        using var source = new FakeSource { Due = TimeSpan.FromDays(7) };
        var clock = new FakeTimeProvider(Start);
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        source.Body = "a=1 b=2";
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromDays(7) + TimeSpan.FromHours(1));
        source.Replies["one"] = new FakeSource.Reply("gone", 404);
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromHours(9));
        var report = await ReadAsync(pipeline);
        Assert.Equal((1, 10), (report.Sources[0].Datasets[0].Failed, report.Sources[0].Datasets[0].OverdueHours));
        Assert.Contains(
            "fake/facts is 10 hours late: see whether its Plan function runs and its queue empties",
            report.Attention
        );
        Assert.Contains("fake/facts/one", Assert.Single(report.Sources[0].Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_is_JSON_whatever_is_missing_in_it()
    {
        using var source = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source);
        var claims = await pipeline.TableAsync(Names.Claims);
        await claims.AddEntityAsync(
            new Pipeline.Insight.ClaimRow
            {
                PartitionKey = "article",
                RowKey = "a",
                Statement = "x",
                Verdict = "not-checkable",
            }
        );
        using var json = JsonDocument.Parse(
            JsonSerializer.Serialize(await ReadAsync(pipeline), JsonSerializerOptions.Web)
        );
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("claims")[0].GetProperty("stated").ValueKind);
    }

    [Fact]
    public async Task An_account_that_does_not_answer_is_no_empty_report()
    {
        using var source = new FakeSource();
        var policy = new AroundPolicy(
            request => request.Uri.Path.Contains("history", StringComparison.Ordinal),
            () => throw new RequestFailedException(403, "not allowed")
        );
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, policy);
        await Assert.ThrowsAsync<RequestFailedException>(() => ReadAsync(pipeline));
    }

    private static Task<StatusReport> ReadAsync(TestPipeline pipeline) =>
        pipeline.Get<ReportReader>().ReadAsync(CancellationToken.None);
}
