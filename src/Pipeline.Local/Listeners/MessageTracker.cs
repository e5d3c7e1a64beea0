using System.Collections.Concurrent;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.WebJobs.Host.Executors;
using Microsoft.Azure.WebJobs.Host.Queues;

namespace Pipeline.Local.Listeners;

/// <summary>
/// The messages that this host has in hand: those whose function runs, and those that failed and are hidden until their next attempt. Peeking at
/// a queue shows neither.
/// </summary>
internal sealed class MessageTracker : IQueueProcessorFactory
{
    private readonly ConcurrentDictionary<string, byte> inHand = new(StringComparer.Ordinal);
    private long taken;

    /// <summary>The number of messages in hand.</summary>
    public int Count => inHand.Count;

    /// <summary>How often a message was taken from a queue.</summary>
    public long Taken => Interlocked.Read(ref taken);

    /// <inheritdoc/>
    public QueueProcessor Create(QueueProcessorOptions queueProcessorOptions) => new Processor(this, queueProcessorOptions);

    /// <summary>Microsoft's own handling of a message, told of when it begins and ends.</summary>
    private sealed class Processor : QueueProcessor
    {
        private readonly MessageTracker tracker;
        private readonly int maxDequeueCount;

        public Processor(MessageTracker tracker, QueueProcessorOptions options) : base(options)
        {
            this.tracker = tracker;
            maxDequeueCount = options.Options.MaxDequeueCount;
        }

        protected override async Task<bool> BeginProcessingMessageAsync(QueueMessage message, CancellationToken cancellationToken)
        {
            tracker.inHand[message.MessageId] = 0;
            Interlocked.Increment(ref tracker.taken);
            var isToRun = await base.BeginProcessingMessageAsync(message, cancellationToken);
            if (!isToRun)
            {
                // It was tried too often before, and is in the poison queue now.
                tracker.inHand.TryRemove(message.MessageId, out _);
            }
            return isToRun;
        }

        protected override async Task CompleteProcessingMessageAsync(QueueMessage message, FunctionResult result, CancellationToken cancellationToken)
        {
            await base.CompleteProcessingMessageAsync(message, result, cancellationToken);
            // Deleted, or copied to the poison queue, where it is visible. Otherwise it comes back.
            if (result.Succeeded || message.DequeueCount >= maxDequeueCount)
            {
                tracker.inHand.TryRemove(message.MessageId, out _);
            }
        }
    }
}
