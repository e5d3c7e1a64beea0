using Azure;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Invocations;
using Standin.Functions.Worker.Queues;
using Standin.Functions.Worker.Timers;

namespace Standin.Functions.Worker.Hosting;

/// <summary>Runs a function by hand. A timer's schedule is not changed by it.</summary>
internal sealed class ManualRuns(Invoker invoker, ScheduleMonitor? monitor, ILogger logger)
{
    private readonly List<Task> started = [];

    /// <summary>Runs a function and waits for it.</summary>
    /// <returns>Null after success, else why it failed.</returns>
    public async Task<Exception?> RunAsync(FunctionEntry entry, string input, CancellationToken cancellation)
    {
        TriggerInput value = entry.Trigger switch
        {
            TimerTrigger { UseMonitor: true } when monitor is not null => new TimerInput(await monitor.ReadAsync(entry.Name, cancellation), pastDue: false),
            TimerTrigger => new TimerInput(null, pastDue: false),
            _ => new QueueInput(BinaryData.FromString(input), null),
        };
        return await invoker.RunAsync(entry, value, cancellation);
    }

    /// <summary>Runs a function in the background.</summary>
    public void Start(FunctionEntry entry, string input, CancellationToken cancellation)
    {
        lock (started)
        {
            started.RemoveAll(task => task.IsCompleted);
            started.Add(Task.Run(() => RunLoggedAsync(entry, input, cancellation), CancellationToken.None));
        }
    }

    private async Task RunLoggedAsync(FunctionEntry entry, string input, CancellationToken cancellation)
    {
        try
        {
            await RunAsync(entry, input, cancellation); // a failure inside the function is logged by the run itself
        }
        catch (Exception error) when (error is RequestFailedException or AggregateException or OperationCanceledException)
        {
            logger.LogError(error, "the manual run of '{Function}' could not start:", entry.Name);
        }
    }

    /// <summary>Waits for the background runs.</summary>
    public Task WaitAsync()
    {
        lock (started) return Task.WhenAll(started);
    }
}
