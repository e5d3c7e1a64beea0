using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class TimerTests(Azurite azurite)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 30, TimeSpan.Zero);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_timer_fires_at_its_occurrence_and_records_its_status()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        await using var host = await TestHost.StartAsync([typeof(Minutely)], TestHost.Storage(account), clock);
        await ReadyAsync(account, clock, nameof(Minutely));
        await clock.UntilAsync(() => host.Log.Count == 1, Second);
        Assert.Equal(["2026-03-01T12:01:00 last 0001-01-01T00:00:00 past due False"], host.Log.All);
        // The clock may have moved on a little between the reading of the time and the setting of the alarm.
        await TestHost.UntilAsync(() => Status(account, "Minutely")?.Last is { Hour: 12, Minute: 1 });
        var status = Status(account, "Minutely")!;
        Assert.Equal(new DateTime(2026, 3, 1, 12, 2, 0), status.Next);
    }

    [Fact]
    public async Task Many_missed_occurrences_are_one_past_due_run_at_the_next_start()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        await using (await TestHost.StartAsync([typeof(Minutely)], TestHost.Storage(account), clock)) await TestHost.UntilAsync(() => Status(account, "Minutely") is not null);
        clock.Advance(TimeSpan.FromMinutes(10));
        await using var host = await TestHost.StartAsync([typeof(Minutely)], TestHost.Storage(account), clock);
        await TestHost.UntilAsync(() => host.Log.Count > 0 && Status(account, "Minutely")?.Next == new DateTime(2026, 3, 1, 12, 11, 0));
        Assert.Equal(["2026-03-01T12:01:00 last 0001-01-01T00:00:00 past due True"], host.Log.All);
        await clock.UntilAsync(() => host.Log.Count == 2, Second);
        Assert.Equal("2026-03-01T12:11:00 last 2026-03-01T12:10:30 past due False", host.Log.All[1]);
    }

    [Fact]
    public async Task A_changed_schedule_does_not_fire_for_an_old_occurrence()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        var settings = TestHost.Storage(account);
        settings["SCHEDULE"] = "0 * * * * *";
        await using (await TestHost.StartAsync([typeof(Scheduled)], settings, clock)) await TestHost.UntilAsync(() => Status(account, "Scheduled") is not null);
        clock.Advance(TimeSpan.FromMinutes(10));
        settings["SCHEDULE"] = "0 0 18 * * *";
        await using var host = await TestHost.StartAsync([typeof(Scheduled)], settings, clock);
        await TestHost.UntilAsync(() => Status(account, "Scheduled")?.Next == new DateTime(2026, 3, 1, 18, 0, 0));
        Assert.Empty(host.Log.All);
    }

    [Fact]
    public async Task A_long_run_never_overlaps_itself_and_missed_occurrences_collapse_into_one()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        await using var host = await TestHost.StartAsync([typeof(Long)], TestHost.Storage(account), clock);
        await ReadyAsync(account, clock, nameof(Long));
        await clock.UntilAsync(() => host.Log.Count == 1, Second);
        for (var i = 0; i < 19; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(10)); // to 12:04:10
            await Task.Delay(5);
        }
        Assert.Equal(["begin 12:01:00"], host.Log.All);
        host.Log.Gate.SetResult();
        await TestHost.UntilAsync(() => host.Log.Count == 4);
        await clock.UntilAsync(() => host.Log.Count == 6, Second);
        Assert.Equal(["begin 12:01:00", "end", "begin 12:02:00", "end", "begin 12:05:00", "end"], host.Log.All);
    }

    [Fact]
    public async Task A_failed_run_is_not_repeated_and_the_schedule_goes_on()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        await using var host = await TestHost.StartAsync([typeof(Failing)], TestHost.Storage(account), clock);
        await ReadyAsync(account, clock, nameof(Failing));
        await clock.UntilAsync(() => host.Log.Count == 2, Second);
        Assert.Equal(["2026-03-01T12:01:00", "2026-03-01T12:02:00"], host.Log.All);
        Assert.Contains("error Failing: Executed (Failed", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_hosts_one_fires_and_the_other_takes_over_when_it_leaves()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        var first = await TestHost.StartAsync([typeof(Minutely)], TestHost.Storage(account), clock);
        await ReadyAsync(account, clock, nameof(Minutely));
        await clock.UntilAsync(() => first.Log.Count == 1, Second);
        await using var second = await TestHost.StartAsync([typeof(Minutely)], TestHost.Storage(account), clock);
        await clock.UntilAsync(() => first.Log.Count == 3, Second);
        Assert.Empty(second.Log.All);
        await first.DisposeAsync();
        await clock.UntilAsync(() => second.Log.Count == 1, Second);
    }

    [Fact]
    public async Task A_schedule_below_a_minute_has_no_status()
    {
        var (account, clock) = (azurite.NewAccount(), new TestClock(Start));
        await using var host = await TestHost.StartAsync([typeof(Rapid)], TestHost.Storage(account), clock);
        await clock.UntilAsync(() => host.Log.Count == 2, TimeSpan.FromMilliseconds(500));
        Assert.Equal(["no status", "no status"], host.Log.All);
        Assert.Null(Status(account, "Rapid"));
    }

    /// <summary>Waits until a timer that has never run has reckoned its first occurrence: until then the clock must stand still.</summary>
    private static Task ReadyAsync(string account, TestClock clock, string function) =>
        TestHost.UntilAsync(() => clock.IsSetFor(TimeSpan.FromSeconds(30)) && Status(account, function) is not null);

    private static ScheduleStatus? Status(string account, string function)
    {
        var blob = new BlobClient(account, "azure-webjobs-hosts", $"timers/testhost/Host.Functions.{function}/status");
        return blob.Exists() ? JsonSerializer.Deserialize<ScheduleStatus>(blob.DownloadContent().Value.Content) : null;
    }

    public sealed class Minutely(Events events)
    {
        [Function("Minutely")]
        public void Run([TimerTrigger("0 * * * * *")] TimerInfo timer) =>
            events.Add($"{timer.ScheduleStatus!.Next:s} last {timer.ScheduleStatus.Last:s} past due {timer.IsPastDue}");
    }

    public sealed class Scheduled(Events events)
    {
        [Function("Scheduled")]
        public void Run([TimerTrigger("%SCHEDULE%")] TimerInfo timer) => events.Add($"{timer.IsPastDue}");
    }

    public sealed class Long(Events events)
    {
        [Function("Long")]
        public async Task RunAsync([TimerTrigger("0 * * * * *")] TimerInfo timer)
        {
            events.Add($"begin {timer.ScheduleStatus!.Next:HH:mm:ss}");
            await events.Gate.Task;
            events.Add("end");
        }
    }

    public sealed class Failing(Events events)
    {
        [Function("Failing")]
        public void Run([TimerTrigger("0 * * * * *")] TimerInfo timer)
        {
            events.Add($"{timer.ScheduleStatus!.Next:s}");
            throw new InvalidOperationException("no luck");
        }
    }

    public sealed class Rapid(Events events)
    {
        [Function("Rapid")]
        public void Run([TimerTrigger("*/10 * * * * *")] TimerInfo timer) => events.Add(timer.ScheduleStatus is null ? "no status" : "status");
    }
}
