using System.Collections.Concurrent;
using System.Diagnostics;
using Azure.Storage.Queues;
using Pipeline.Ingestion;

namespace Pipeline.Storage;

/// <summary>Sends messages to the step queues, each created on its first use.</summary>
public sealed class StepQueues(StorageAccount account)
{
    /// <summary>What the host adds to a queue's name for its queue of messages that failed too often.</summary>
    public const string PoisonSuffix = "-poison";

    private readonly ConcurrentDictionary<string, Task<QueueClient>> open = new(StringComparer.Ordinal);

    /// <summary>Sends a message to its queue.</summary>
    public Task SendAsync(StepMessage message, CancellationToken cancellationToken) =>
        SendAsync(message, TimeSpan.Zero, cancellationToken);

    /// <summary>Sends a message to its queue.</summary>
    /// <param name="message">The message.</param>
    /// <param name="delay">How long the message stays invisible, at most 7 days.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task SendAsync(StepMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        var client = await OpenAsync(message.Queue);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } span })
            message = message with { TraceParent = span };
        await client.SendMessageAsync(message.ToJson(), delay, cancellationToken: cancellationToken);
    }

    /// <summary>
    /// Creates the step queues. The host's triggers wait for queues that do not exist, and for their first
    /// message up to a minute.
    /// </summary>
    public Task EnsureAsync() => Task.WhenAll(Names.Queues.Select(OpenAsync));

    private Task<QueueClient> OpenAsync(string name)
    {
        // A failure is not remembered: the next caller tries again.
        if (open.TryGetValue(name, out var task) && (task.IsFaulted || task.IsCanceled))
            open.TryRemove(new(name, task));
        return open.GetOrAdd(name, CreateAsync);
    }

    private async Task<QueueClient> CreateAsync(string name)
    {
        var client = account.Queues.GetQueueClient(name);
        await client.CreateIfNotExistsAsync(cancellationToken: CancellationToken.None);
        return client;
    }
}
