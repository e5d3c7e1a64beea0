using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Indexing;

namespace Standin.Functions.Worker.Queues;

/// <summary>
/// Receives the messages of one function's queue and runs them in parallel: a batch, and the next one when no more than newBatchThreshold still run.
/// The queue is never created here. Rule: WebJobs' QueueListener.
/// </summary>
internal sealed class QueueListener(
    FunctionEntry entry, QueueTrigger trigger, MessageRun run, QueueWakes wakes, HostJson json, Random random, TimeProvider time, ILogger logger, Action<string> fail)
{
    private readonly QueueClient queue = trigger.Account.Queues().GetQueueClient(trigger.Queue);
    private readonly HashSet<Task> runs = [];
    private readonly Lock gate = new();
    private TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int emptyLooks;
    private long received;
    private bool complained;

    public QueueTrigger Trigger => trigger;
    public QueueClient Queue => queue;

    /// <summary>Messages received so far.</summary>
    public long Received => Volatile.Read(ref received);

    /// <summary>Looks that found nothing so far.</summary>
    public int EmptyLooks => Volatile.Read(ref emptyLooks);

    /// <summary>Messages now being run.</summary>
    public int Running
    {
        get
        {
            lock (gate) return runs.Count;
        }
    }

    /// <summary>Listens until stopped, then waits for the runs in progress.</summary>
    /// <param name="stop">Ends the fetching.</param>
    /// <param name="cancelRuns">Cancels the tokens of runs.</param>
    public async Task ListenAsync(CancellationToken stop, CancellationToken cancelRuns)
    {
        var backoff = new PollingBackoff(json.MaxPollingInterval, random);
        var wake = wakes.Signal(trigger.Account, trigger.Queue);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await BelowThresholdAsync(stop);
                var messages = await ReceiveAsync();
                if (stop.IsCancellationRequested) await ReturnAsync(messages);
                else if (messages.Count > 0)
                {
                    backoff.Reset();
                    foreach (var message in messages) Start(message, cancelRuns);
                }
                else
                {
                    Interlocked.Increment(ref emptyLooks);
                    await WaitAsync(backoff.Next(), wake, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // stopping while waiting
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            fail($"function '{entry.Name}', queue '{trigger.Queue}': the listener ended with {Logging.LogLineProvider.OneLine(error)}; check the account in setting '{trigger.Account.Setting}'");
        }
        Task[] left;
        lock (gate) left = [.. runs];
        await Task.WhenAll(left);
    }

    private void Start(QueueMessage message, CancellationToken cancelRuns)
    {
        Interlocked.Increment(ref received);
        lock (gate)
        {
            // Held back until it stands in the set, so that it cannot leave the set before it entered.
            var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task? task = null;
            task = Task.Run(async () =>
            {
                await entered.Task;
                await run.ProcessAsync(queue, message, cancelRuns);
                TaskCompletionSource signal;
                lock (gate)
                {
                    runs.Remove(task!);
                    (signal, ended) = (ended, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                }
                signal.TrySetResult();
            }, CancellationToken.None);
            runs.Add(task);
            entered.SetResult();
        }
    }

    private async Task BelowThresholdAsync(CancellationToken stop)
    {
        while (true)
        {
            Task one;
            lock (gate)
            {
                if (runs.Count <= json.NewBatchThreshold) return;
                one = ended.Task;
            }
            await one.WaitAsync(stop);
        }
    }

    private async Task<IReadOnlyList<QueueMessage>> ReceiveAsync()
    {
        try
        {
            // Not cancelled on stop: messages whose answer is dropped would stay invisible for ten minutes.
            var messages = (await queue.ReceiveMessagesAsync(json.BatchSize, HostRules.Invisibility)).Value;
            complained = false;
            return messages;
        }
        catch (RequestFailedException error) when (error.Status is 404 or 409 or >= 500)
        {
            return [];
        }
        catch (Exception error) when (error is AggregateException or RequestFailedException { Status: 0 } or TaskCanceledException)
        {
            // No answer at all: the storage is away. Said once, then waited for.
            if (!complained) logger.LogWarning(error, "queue '{Queue}' does not answer and is tried again:", trigger.Queue);
            complained = true;
            return [];
        }
    }

    private async Task ReturnAsync(IReadOnlyList<QueueMessage> messages)
    {
        foreach (var message in messages) await run.ReleaseAsync(queue, message.MessageId, message.PopReceipt, TimeSpan.Zero);
    }

    private async Task WaitAsync(TimeSpan wait, SemaphoreSlim wake, CancellationToken stop)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var delay = Task.Delay(wait, time, enough.Token);
        var woken = wake.WaitAsync(enough.Token);
        await Task.WhenAny(delay, woken);
        await enough.CancelAsync();
        await Task.WhenAll(delay, woken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.ThrowIfCancellationRequested();
    }
}
