using System.Collections;
using System.Collections.Concurrent;
using Azure;
using Azure.Storage.Queues;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Settings;

namespace Standin.Functions.Worker.Queues;

/// <summary>Writes what functions return to queues, after success, and wakes this process's listeners of these queues.</summary>
internal sealed class QueueOutputs(bool base64, QueueWakes wakes)
{
    private readonly ConcurrentDictionary<(StorageAccount Account, string Queue), QueueClient> clients = new();

    /// <summary>Writes the outputs of a run. Null writes nothing; a list writes a message per element.</summary>
    public async Task WriteAsync(FunctionEntry entry, object? result)
    {
        if (result is null) return;
        foreach (var output in entry.Outputs)
        {
            var value = output.Property is null ? result : output.Property.GetValue(result);
            if (value is null) continue;
            foreach (var one in QueueBody.IsList(value) ? (IEnumerable)value : new[] { value })
                if (one is not null)
                    await SendAsync(output.Account, output.Queue, QueueBody.Encode(QueueBody.FromOutput(one), base64));
        }
    }

    /// <summary>Sends a body as it shall stand in the queue, creating the queue when it is missing.</summary>
    public async Task SendAsync(StorageAccount account, string queue, string stored)
    {
        var client = clients.GetOrAdd((account, queue), key => key.Account.Queues().GetQueueClient(key.Queue));
        try
        {
            await client.SendMessageAsync(stored);
        }
        catch (RequestFailedException error) when (error.Status == 404)
        {
            await client.CreateIfNotExistsAsync();
            await client.SendMessageAsync(stored);
        }
        wakes.Wake(account, queue);
    }
}

/// <summary>Lets a message that this process wrote cut short the wait of the listener of its queue.</summary>
internal sealed class QueueWakes
{
    private readonly ConcurrentDictionary<(StorageAccount Account, string Queue), SemaphoreSlim> signals = new();

    /// <summary>The signal of a queue; a release per message written, at most one kept.</summary>
    public SemaphoreSlim Signal(StorageAccount account, string queue) => signals.GetOrAdd((account, queue), _ => new SemaphoreSlim(0));

    public void Wake(StorageAccount account, string queue)
    {
        if (signals.TryGetValue((account, queue), out var signal) && signal.CurrentCount == 0) signal.Release();
    }
}
