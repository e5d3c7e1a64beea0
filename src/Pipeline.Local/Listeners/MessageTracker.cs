using System.Collections.Concurrent;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.WebJobs.Host.Executors;
using Microsoft.Azure.WebJobs.Host.Queues;

namespace Pipeline.Local.Listeners;

/// <summary>
/// The messages that this host has in hand: those whose function runs, and those that failed and are hidden until their
/// next attempt. Peeking at a queue shows neither.
/// </summary>
/// <param name="time">The clock by which hidden messages come back.</param>
internal sealed class MessageTracker(TimeProvider time) : IQueueProcessorFactory
{
    /// <summary>From when a message comes back until a peek is sure to have shown it.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    /// <summary>Until when each message is in hand: without end while its function runs.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> inHand = new(StringComparer.Ordinal);
    private readonly TimeProvider time = time;
    private long taken;

    /// <summary>The number of messages in hand.</summary>
    public int Count
    {
        get
        {
            // A message that has come back may be with another host by now, which this one is not told.
            foreach (var past in inHand.Where(message => message.Value < time.GetUtcNow()))
            {
                inHand.TryRemove(past);
            }
            return inHand.Count;
        }
    }

    /// <summary>The number of messages that failed and wait for their next attempt.</summary>
    public int Retrying => inHand.Count(message => message.Value < DateTimeOffset.MaxValue);

    /// <summary>How often a message was taken from a queue.</summary>
    public long Taken => Interlocked.Read(ref taken);

    /// <inheritdoc/>
    public QueueProcessor Create(QueueProcessorOptions queueProcessorOptions) =>
        new Processor(this, queueProcessorOptions);

    /// <summary>Microsoft's own handling of a message, told of when it begins and ends.</summary>
    private sealed class Processor : QueueProcessor
    {
        private readonly MessageTracker tracker;
        private readonly int maxDequeueCount;
        private readonly TimeSpan retryDelay;

        public Processor(MessageTracker tracker, QueueProcessorOptions options)
            : base(options)
        {
            this.tracker = tracker;
            maxDequeueCount = options.Options.MaxDequeueCount;
            retryDelay = options.Options.VisibilityTimeout;
        }

        protected override async Task<bool> BeginProcessingMessageAsync(
            QueueMessage message,
            CancellationToken cancellationToken
        )
        {
            tracker.inHand[message.MessageId] = DateTimeOffset.MaxValue;
            Interlocked.Increment(ref tracker.taken);
            var isToRun = false;
            try
            {
                isToRun = await base.BeginProcessingMessageAsync(message, cancellationToken);
                return isToRun;
            }
            finally
            {
                if (!isToRun)
                {
                    // It was tried too often before and is in the poison queue now, or the storage does not answer.
                    tracker.inHand.TryRemove(message.MessageId, out _);
                }
            }
        }

        protected override async Task CompleteProcessingMessageAsync(
            QueueMessage message,
            FunctionResult result,
            CancellationToken cancellationToken
        )
        {
            var isHidden = false;
            try
            {
                await base.CompleteProcessingMessageAsync(message, result, cancellationToken);
                // A message that succeeded was deleted; one that failed for the last time was copied to the poison
                // queue, where it is visible.
                isHidden = !result.Succeeded && message.DequeueCount < maxDequeueCount;
            }
            finally
            {
                if (isHidden)
                {
                    tracker.inHand[message.MessageId] = tracker.time.GetUtcNow() + retryDelay + Margin;
                }
                else
                {
                    tracker.inHand.TryRemove(message.MessageId, out _);
                }
            }
        }
    }
}
