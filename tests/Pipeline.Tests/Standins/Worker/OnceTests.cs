using Microsoft.Azure.Functions.Worker;
using Spectre.Console;
using Standin.Functions.Worker;
using Standin.Functions.Worker.Hosting;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class OnceTests(Azurite azurite)
{
    private static readonly CommandLine Once = new(Once: true);

    [Fact]
    public async Task Once_drains_a_chain_of_two_queues_and_ends_with_the_apps_summary()
    {
        await using var host = new TestHost([typeof(Chain), typeof(Report)], TestHost.Storage(azurite.NewAccount()), Once);
        Assert.Equal(0, await host.RunAsync());
        Assert.Equal(["begin", "plan", "first a", "first b", "second a", "second b", "finish"], host.Log.All.OrderBy(text => text switch { "begin" => 0, "plan" => 1, "finish" => 3, _ => 2 }).ThenBy(text => text));
        Assert.Contains("│ slices │ 2 ", host.Out, StringComparison.Ordinal);
        Assert.Contains("all good", host.Out, StringComparison.Ordinal);
        Assert.Equal("", host.Error);
    }

    [Fact]
    public async Task Without_a_report_of_the_app_once_ends_when_nothing_is_left()
    {
        await using var host = new TestHost([typeof(Chain)], TestHost.Storage(azurite.NewAccount()), Once);
        Assert.Equal(0, await host.RunAsync());
        Assert.Equal(5, host.Log.Count);
    }

    [Fact]
    public async Task The_exit_code_is_the_one_the_app_says()
    {
        await using var host = new TestHost([typeof(Chain), typeof(ReportOfRejects)], TestHost.Storage(azurite.NewAccount()), Once);
        Assert.Equal(2, await host.RunAsync());
    }

    [Fact]
    public async Task A_named_plan_runs_alone_and_an_unknown_one_is_answered_with_the_known_ones()
    {
        var account = azurite.NewAccount();
        await using (var host = new TestHost([typeof(TwoPlans)], TestHost.Storage(account), new CommandLine(Once: true, Plan: "planb")))
        {
            Assert.Equal(0, await host.RunAsync());
            Assert.Equal(["B"], host.Log.All);
        }
        await using var unknown = new TestHost([typeof(TwoPlans)], TestHost.Storage(account), new CommandLine(Once: true, Plan: "PlanC"));
        Assert.Equal(1, await unknown.RunAsync());
        Assert.Equal("--once: seen \"PlanC\", expected one of PlanA, PlanB" + Environment.NewLine, unknown.Error);
        Assert.Empty(unknown.Log.All);
    }

    [Fact]
    public async Task A_plan_that_fails_is_exit_1_after_the_rest_was_drained()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "first", "a");
        await using var host = new TestHost([typeof(FailingPlan), typeof(Chain)], TestHost.Storage(account), new CommandLine(Once: true, Plan: "PlanBroken"));
        Assert.Equal(1, await host.RunAsync());
        Assert.Equal(["first a", "second a"], host.Log.All);
        Assert.Contains("error: PlanBroken: Executed (Failed", host.Error, StringComparison.Ordinal);
        Assert.Contains("InvalidOperationException: no plan", host.Error, StringComparison.Ordinal);
        Assert.Contains("PlanBroken: failed; its error is above", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letters_are_named_and_exit_2()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "fail", "bad");
        await using var host = new TestHost([typeof(QueueTests.Failing)], TestHost.Storage(account), Once);
        Assert.Equal(2, await host.RunAsync());
        Assert.Contains("dead letters: queue 'fail-poison' holds 1 message; see the errors above", host.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replay_asks_the_app_instead_of_the_plans_and_drains_the_queues()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "first", "a");
        await using (var host = new TestHost([typeof(Chain), typeof(Replaying)], TestHost.Storage(account), new CommandLine(Once: true, Replay: new OnceReplay("x", "raw", true))))
        {
            Assert.Equal(0, await host.RunAsync());
            // A message that was there before may come first.
            Assert.Equal(["first a", "replay x raw True", "second a"], host.Log.All.Order(StringComparer.Ordinal));
        }
        await using (var refused = new TestHost([typeof(Chain), typeof(Replaying)], TestHost.Storage(azurite.NewAccount()), new CommandLine(Once: true, Replay: new OnceReplay("y", null, false))))
        {
            Assert.Equal(1, await refused.RunAsync());
            Assert.Equal("no y" + Environment.NewLine, refused.Error);
        }
        foreach (var types in (Type[][])[[typeof(Chain)], [typeof(Chain), typeof(ReportOfRejects)]])
        {
            await using var unable = new TestHost(types, TestHost.Storage(azurite.NewAccount()), new CommandLine(Once: true, Replay: new OnceReplay("x", null, false)));
            Assert.Equal(1, await unable.RunAsync());
            Assert.Equal("--replay: this app has nothing that can be run again" + Environment.NewLine, unable.Error);
        }
    }

    [Fact]
    public async Task When_nothing_moves_the_plans_run_again_three_times_and_then_it_gives_up()
    {
        var clock = new TestClock(new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var host = new TestHost([typeof(TwoPlans), typeof(NeverDone)], TestHost.Storage(azurite.NewAccount()), new CommandLine(Once: true, Plan: "PlanA"), clock);
        var run = host.RunAsync();
        await clock.UntilAsync(() => run.IsCompleted, TimeSpan.FromMilliseconds(500));
        Assert.Equal(1, await run);
        Assert.Equal(["A", "A", "A", "A"], host.Log.All);
        Assert.Contains("not done: nothing has moved for 30 s, after planning 3 times more; last seen: slices 1 of 2", host.Error, StringComparison.Ordinal);
        Assert.InRange(clock.GetUtcNow() - new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(180));
    }

    [Fact]
    public async Task A_stop_during_once_is_exit_1_with_a_line()
    {
        var account = azurite.NewAccount();
        await TestHost.QueueAsync(account, "gate", "slow");
        await using var host = new TestHost([typeof(QueueTests.Gated)], TestHost.Storage(account), Once);
        var run = host.RunAsync();
        await TestHost.UntilAsync(() => host.Log.Count == 1);
        host.Log.Gate.SetResult();
        await host.Host.StopAsync();
        Assert.Equal(1, await run);
        Assert.Contains("stopped before everything was done; run --once again to complete it", host.Error, StringComparison.Ordinal);
    }

    public sealed class Chain(Events events)
    {
        [Function("PlanAll")]
        [QueueOutput("first")]
        public string[] Plan([TimerTrigger("0 0 3 * * *")] TimerInfo timer)
        {
            events.Add("plan");
            return ["a", "b"];
        }

        [Function("First")]
        [QueueOutput("second")]
        public string First([QueueTrigger("first")] string message)
        {
            events.Add($"first {message}");
            return message;
        }

        [Function("Second")]
        public void Second([QueueTrigger("second")] string message) => events.Add($"second {message}");
    }

    public sealed class TwoPlans(Events events)
    {
        [Function("PlanA")]
        public void A([TimerTrigger("0 0 3 * * *")] TimerInfo timer) => events.Add("A");

        [Function("PlanB")]
        public void B([TimerTrigger("0 0 3 * * *")] TimerInfo timer) => events.Add("B");

        [Function("Monitor")]
        public void Monitor([TimerTrigger("0 0 3 * * *")] TimerInfo timer) => events.Add("must not run");
    }

    public sealed class FailingPlan
    {
        [Function("PlanBroken")]
        public static void Run([TimerTrigger("0 0 3 * * *")] TimerInfo timer) => throw new InvalidOperationException("no plan");
    }

    internal sealed class Report(Events events) : IOnceRun
    {
        public Task BeginAsync(CancellationToken cancellationToken)
        {
            events.Add("begin");
            return Task.CompletedTask;
        }

        public Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken)
        {
            var done = events.All.Count(text => text.StartsWith("second", StringComparison.Ordinal));
            return Task.FromResult(new OnceProgress(done == 2, [new("slices", $"{done} of 2")], $"{done}"));
        }

        public Task<OnceSummary> FinishAsync(CancellationToken cancellationToken)
        {
            events.Add("finish");
            return Task.FromResult(new OnceSummary(0, new Table().Border(TableBorder.Square).AddColumns("what", "count").AddRow("slices", "2"), ["all good"]));
        }
    }

    internal sealed class ReportOfRejects : IOnceRun
    {
        public Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken) => Task.FromResult(new OnceProgress(true, [], ""));
        public Task<OnceSummary> FinishAsync(CancellationToken cancellationToken) => Task.FromResult(new OnceSummary(2, null, ["1 reject"]));
    }

    internal sealed class Replaying(Events events) : IOnceRun
    {
        public Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<string?> ReplayAsync(OnceReplay replay, CancellationToken cancellationToken)
        {
            if (replay.What == "y") return Task.FromResult<string?>("no y");
            events.Add($"replay {replay.What} {replay.From} {replay.Accept}");
            return Task.FromResult<string?>(null);
        }

        public Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken) => Task.FromResult(new OnceProgress(events.All.Contains("second a"), [], ""));
        public Task<OnceSummary> FinishAsync(CancellationToken cancellationToken) => Task.FromResult(new OnceSummary(0, null, []));
    }

    internal sealed class NeverDone : IOnceRun
    {
        public Task BeginAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task<OnceProgress> GetProgressAsync(CancellationToken cancellationToken) => Task.FromResult(new OnceProgress(false, [new("slices", "1 of 2")], "1"));
        public Task<OnceSummary> FinishAsync(CancellationToken cancellationToken) => Task.FromResult(new OnceSummary(0, null, []));
    }
}
