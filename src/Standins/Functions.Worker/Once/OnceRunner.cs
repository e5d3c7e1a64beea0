using System.Globalization;
using Azure;
using Azure.Storage.Queues;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Invocations;
using Standin.Functions.Worker.Queues;

namespace Standin.Functions.Worker.Once;

/// <summary>
/// <c>--once</c>: runs the plan functions (<c>--replay</c>: what the app runs again instead), lets the queue listeners drain, and ends when the app says that everything is done, nothing runs and no queue
/// holds a visible message.
/// </summary>
internal sealed class OnceRunner(
    IReadOnlyList<FunctionEntry> plans, IReadOnlyList<QueueListener> listeners, IOnceRun? app, Invoker invoker, ManualRuns manual, OnceView view, HostSetup setup, ILogger logger)
{
    private readonly long began = setup.Time.GetTimestamp();
    private readonly List<string> failedPlans = [];

    /// <summary>Runs to the end and returns the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var (complete, last) = await view.WhileAsync(() => DrainAsync(stop));
        if (complete) setup.Log.Say(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds:0} s  done"));
        var summary = app is null ? new OnceSummary(0, null, []) : await app.FinishAsync(stop);
        view.Summarise(summary, setup.Out);
        var code = summary.ExitCode;
        foreach (var plan in failedPlans) setup.Log.Complain($"{plan}: failed; its error is above");
        if (!complete)
            setup.Log.Complain($"not done: nothing has moved for {HostRules.OnceStandstill.TotalSeconds:0} s, after planning {HostRules.OnceReplans} times more; last seen: {OnceView.Line(last)}");
        if (failedPlans.Count > 0 || !complete) code = 1;
        foreach (var listener in listeners.DistinctBy(listener => (listener.Trigger.Account, listener.Trigger.Queue)))
            if (listener.Trigger.Poison is { } poison && await CountAsync(listener.Trigger.Account.Queues().GetQueueClient(poison), stop) is > 0 and var count)
            {
                setup.Log.Complain($"dead letters: queue '{poison}' holds {count} message{(count == 1 ? "" : "s")}; see the errors above, correct the cause and replay them");
                if (code != 1) code = Math.Max(code, 2);
            }
        return code;
    }

    private async Task<(bool Complete, OnceState Last)> DrainAsync(CancellationToken stop)
    {
        if (app is not null) await app.BeginAsync(stop);
        await PlanAsync(stop);
        var (replans, mark, moved) = (0, "", setup.Time.GetTimestamp());
        while (true)
        {
            var progress = app is null ? null : await app.GetProgressAsync(stop);
            var (state, visible) = await LookAsync(progress, stop);
            view.Show(state);
            var idle = invoker.Running == 0 && listeners.All(listener => listener.Running == 0);
            if (idle && visible == 0 && progress?.Complete != false && await StayedEmptyAsync(stop)) return (true, state);
            var now = $"{progress?.Mark}|{visible}|{listeners.Sum(listener => listener.Received)}";
            if (now != mark || !idle) (mark, moved) = (now, setup.Time.GetTimestamp());
            else if (setup.Time.GetElapsedTime(moved) >= HostRules.OnceStandstill)
            {
                if (replans++ == HostRules.OnceReplans) return (false, state);
                logger.LogWarning("nothing has moved for {Seconds:0} s although not everything is done; planning again ({Number} of {Count})", HostRules.OnceStandstill.TotalSeconds, replans, HostRules.OnceReplans);
                await PlanAsync(stop);
                moved = setup.Time.GetTimestamp();
            }
            await Task.Delay(HostRules.OncePeriod, setup.Time, stop);
        }
    }

    private async Task PlanAsync(CancellationToken stop)
    {
        if (setup.Asked.Replay is { } replay)
        {
            if (app is null) throw new StartupException("--replay: this app has nothing that can be run again");
            if (await app.ReplayAsync(replay, stop) is { } refusal) throw new StartupException(refusal);
            return;
        }
        foreach (var plan in plans)
        {
            view.Show(new OnceState(Elapsed, $"running {plan.Name}", [], []));
            var error = await manual.RunAsync(plan, "", stop);
            stop.ThrowIfCancellationRequested();
            if (error is not null && !failedPlans.Contains(plan.Name)) failedPlans.Add(plan.Name);
        }
    }

    private TimeSpan Elapsed => setup.Time.GetElapsedTime(began);

    private async Task<(OnceState State, int Visible)> LookAsync(OnceProgress? progress, CancellationToken stop)
    {
        var steps = new List<StepState>();
        foreach (var listener in listeners) steps.Add(new(listener.Trigger.Parameter.Member.Name, listener.Trigger.Queue, await CountAsync(listener.Queue, stop), listener.Running));
        return (new OnceState(Elapsed, "", steps, progress?.Figures ?? []), steps.Sum(step => step.Waiting));
    }

    // A message may be on its way from the queue to its run just now: everything stayed empty only when each listener has since looked twice and found nothing.
    private async Task<bool> StayedEmptyAsync(CancellationToken stop)
    {
        var before = listeners.Select(listener => (listener.Received, listener.EmptyLooks)).ToList();
        while (true)
        {
            if (invoker.Running > 0 || listeners.Where((listener, at) => listener.Received != before[at].Received).Any()) return false;
            if (listeners.Select((listener, at) => listener.EmptyLooks - before[at].EmptyLooks).All(looks => looks >= 2)) return true;
            await Task.Delay(HostRules.PollingMinimum, setup.Time, stop);
        }
    }

    // Only visible messages: peeking does not see those that wait out an invisibility.
    private static async Task<int> CountAsync(QueueClient queue, CancellationToken stop)
    {
        try
        {
            var seen = (await queue.PeekMessagesAsync(HostRules.BatchMaximum, stop)).Value.Length;
            return seen < HostRules.BatchMaximum ? seen : Math.Max(seen, (await queue.GetPropertiesAsync(stop)).Value.ApproximateMessagesCount);
        }
        catch (RequestFailedException error) when (error.Status == 404)
        {
            return 0;
        }
    }
}
