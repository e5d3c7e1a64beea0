using Microsoft.Extensions.Time.Testing;
using Pipeline.Report.Monitoring;
using Pipeline.Runs;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Report.Tests.Monitoring;

public sealed class PipelineMonitorTests(Azurite azurite) : IDisposable
{
    private const string Facts = "fake/facts";

    private readonly FakeSource source = new();
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => source.Dispose();

    [Fact]
    public async Task All_that_is_watched_is_read_and_a_quiet_pipeline_is_at_rest()
    {
        source.Due = TimeSpan.FromDays(10);
        source.Body = "a=1 b=2";
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromHours(30));
        Assert.Equal(
            [
                new Gauge("pipeline.queue.messages", "queue", "pull", 0),
                new Gauge("pipeline.queue.oldest.minutes", "queue", "pull", 0),
                new Gauge("pipeline.poison.messages", "queue", "pull-poison", 0),
                new Gauge("pipeline.queue.oldest.minutes", "queue", "pull-poison", 0),
                new Gauge("pipeline.queue.messages", "queue", "normalize", 0),
                new Gauge("pipeline.queue.oldest.minutes", "queue", "normalize", 0),
                new Gauge("pipeline.poison.messages", "queue", "normalize-poison", 0),
                new Gauge("pipeline.queue.oldest.minutes", "queue", "normalize-poison", 0),
                new Gauge("pipeline.queue.messages", "queue", "publish", 0),
                new Gauge("pipeline.queue.oldest.minutes", "queue", "publish", 0),
                new Gauge("pipeline.poison.messages", "queue", "publish-poison", 0),
                new Gauge("pipeline.queue.oldest.minutes", "queue", "publish-poison", 0),
                new Gauge("pipeline.data.age.hours", "dataset", Facts, 30),
                new Gauge("pipeline.data.overdue.hours", "dataset", Facts, 0),
                new Gauge("pipeline.slices.quarantined", "dataset", Facts, 0),
                new Gauge("pipeline.run.age.hours", "source", "fake", 30),
                new Gauge("pipeline.rejects.open", "source", "fake", 0),
                new Gauge("pipeline.ledger.gaps", "source", "fake", 0),
                new Gauge("pipeline.revisions.outofpolicy", "table", "fakefacts", 0),
            ],
            await ReadAsync(pipeline)
        );
    }

    [Fact]
    public async Task Messages_are_counted_and_the_one_that_waits_longest_is_told()
    {
        var account = azurite.NewAccount();
        // The storage stamps messages with its own clock, so that this test's clock starts from it.
        var later = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var pipeline = new TestPipeline(account, source, later);
        await pipeline.Get<StepQueues>().EnsureAsync();
        await pipeline.Queue("pull-poison").CreateAsync();
        await pipeline.Queue("pull-poison").SendMessageAsync("given up");
        for (var sent = 0; sent < 2; sent++)
            await pipeline.Queue("normalize").SendMessageAsync("waiting");
        later.Advance(TimeSpan.FromMinutes(90));
        var gauges = await ReadAsync(pipeline);
        Assert.Equal(1, Value(gauges, Gauges.PoisonMessages, "pull-poison"));
        Assert.Equal(2, Value(gauges, Gauges.QueueMessages, "normalize"));
        Assert.Equal(0, Value(gauges, Gauges.QueueMessages, "pull"));
        foreach (var queue in (string[])["pull-poison", "normalize"])
            Assert.InRange(Value(gauges, Gauges.QueueOldestMinutes, queue), 80, 95);
    }

    [Fact]
    public async Task A_slice_that_is_due_and_not_asked_for_is_overdue_from_its_due_date_on()
    {
        source.Due = TimeSpan.FromDays(10);
        source.Body = "a=1";
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromDays(10));
        Assert.Equal(0, await OverdueAsync(pipeline));
        clock.Advance(TimeSpan.FromHours(50));
        Assert.Equal(50, await OverdueAsync(pipeline));
        await pipeline.RunAsync();
        Assert.Equal(0, await OverdueAsync(pipeline));
    }

    [Fact]
    public async Task What_is_not_planned_any_more_is_never_late()
    {
        var account = azurite.NewAccount();
        source.Due = TimeSpan.FromDays(1);
        source.Body = "a=1";
        await using (var pipeline = new TestPipeline(account, source, clock))
            await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromDays(9));
        await using (var pipeline = new TestPipeline(account, source, clock))
            Assert.Equal(192, await OverdueAsync(pipeline));
        using var another = new FakeSource("two");
        await using var after = new TestPipeline(account, another, clock);
        Assert.Equal(0, await OverdueAsync(after));
    }

    [Theory]
    [InlineData("", 500)]
    [InlineData("!", 200)]
    public async Task A_slice_that_fails_or_is_refused_at_every_plan_is_overdue_from_its_first_failure_on(
        string body,
        int status
    )
    {
        source.Due = TimeSpan.FromDays(1);
        source.Body = "a=1";
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromDays(1));
        source.Replies["one"] = new FakeSource.Reply(body, status);
        for (var day = 0; day < 3; day++)
        {
            await pipeline.RunAsync();
            Assert.Equal(24 * day, await OverdueAsync(pipeline));
            clock.Advance(TimeSpan.FromDays(1));
        }
        source.Body = "a=2";
        await pipeline.RunAsync();
        Assert.Equal(0, await OverdueAsync(pipeline));
    }

    [Fact]
    public async Task Of_a_source_that_never_ran_nothing_is_late_and_no_age_is_made_up()
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        var gauges = await ReadAsync(pipeline);
        Assert.Equal(0, Value(gauges, Gauges.DataOverdueHours, Facts));
        Assert.DoesNotContain(gauges, gauge => gauge.Name == Gauges.DataAgeHours);
    }

    [Fact]
    public async Task The_age_is_that_of_the_last_news_not_of_the_last_answer()
    {
        source.Body = "a=1";
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromDays(2));
        await pipeline.RunAsync();
        Assert.Equal(48, Value(await ReadAsync(pipeline), Gauges.DataAgeHours, Facts));
    }

    [Fact]
    public async Task Open_rejects_are_counted_until_they_are_dealt_with()
    {
        source.Body = "a=1 b=? c=?";
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        await pipeline.RunAsync();
        Assert.Equal(2, Value(await ReadAsync(pipeline), Gauges.RejectsOpen, "fake"));
        clock.Advance(TimeSpan.FromDays(1));
        source.Body = "a=1 b=2 c=3";
        await pipeline.RunAsync();
        Assert.Equal(0, Value(await ReadAsync(pipeline), Gauges.RejectsOpen, "fake"));
    }

    [Theory]
    [InlineData(RunState.Done, 6, 0, 1)]
    [InlineData(RunState.Done, 7, 0, 0)]
    [InlineData(RunState.Loading, 6, 0, 0)]
    [InlineData(RunState.Quarantined, 6, 6, 1)]
    [InlineData(RunState.Quarantined, 6, 8, 0)]
    public async Task A_run_whose_counts_do_not_add_up_is_a_gap_for_a_week_once_it_has_ended(
        RunState state,
        long accounted,
        int daysAgo,
        int gaps
    )
    {
        await using var pipeline = new TestPipeline(azurite.NewAccount(), source, clock);
        var ended = clock.GetUtcNow() - TimeSpan.FromDays(daysAgo);
        await pipeline
            .Get<RunBook>()
            .PutAsync(
                new RunRow("run", FakeSource.One, ended)
                {
                    State = state,
                    EndedAt = ended,
                    Counts = new RowCounts(7, accounted, 0, 0, 0, 0, 0),
                },
                CancellationToken.None
            );
        Assert.Equal(gaps, Value(await ReadAsync(pipeline), Gauges.LedgerGaps, "fake"));
    }

    [Fact]
    public async Task A_slice_is_quarantined_until_a_body_of_it_is_loaded()
    {
        source.Body = "a=1";
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        await pipeline.RunAsync();
        foreach (var (body, quarantined) in ((string, double)[])[("a=9 !", 1), ("a=2", 0)])
        {
            clock.Advance(TimeSpan.FromDays(1));
            source.Body = body;
            await pipeline.RunAsync();
            Assert.Equal(quarantined, Value(await ReadAsync(pipeline), Gauges.SlicesQuarantined, Facts));
        }
    }

    [Fact]
    public async Task Revisions_outside_the_publishers_window_are_counted_for_a_week()
    {
        source.Body = "a=1 b=1";
        await using var pipeline = new TestPipeline(new MemoryStorage(clock), source, clock);
        await pipeline.RunAsync();
        clock.Advance(TimeSpan.FromHours(1));
        source.Body = "a=2000 b=2"; // The fake's window ends at 1000.
        await pipeline.RunAsync();
        Assert.Equal(1, Value(await ReadAsync(pipeline), Gauges.RevisionsOutOfPolicy, "fakefacts"));
        clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(0, Value(await ReadAsync(pipeline), Gauges.RevisionsOutOfPolicy, "fakefacts"));
    }

    private static Task<IReadOnlyList<Gauge>> ReadAsync(TestPipeline pipeline) =>
        pipeline.Get<PipelineMonitor>().ReadAsync(CancellationToken.None);

    private static async Task<double> OverdueAsync(TestPipeline pipeline) =>
        Value(await ReadAsync(pipeline), Gauges.DataOverdueHours, Facts);

    [Fact]
    public async Task A_reader_that_miscounts_is_seen_in_the_ledger()
    {
        using var miscounting = new FakeSource();
        await using var pipeline = new TestPipeline(azurite.NewAccount(), miscounting);
        miscounting.Body = "a=1 b=2 +";
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => pipeline.RunAsync());
        Assert.Equal(
            "fake/facts/one: the ledger does not add up: RowCounts { Read = 4, Added = 2, Changed = 0, Unchanged = "
                + "0, Excluded = 0, Missing = 1, Rejected = 0, AddUp = False }",
            fault.Message
        );
        Assert.Equal(1, Value(await ReadAsync(pipeline), Gauges.LedgerGaps, "fake"));
        Assert.Equal(fault.Message, Assert.Single(await pipeline.RowsAsync("runs")).GetString("Error"));
    }

    private static double Value(IEnumerable<Gauge> gauges, string name, string of) =>
        Assert.Single(gauges, gauge => gauge.Name == name && gauge.Of == of).Value;
}
