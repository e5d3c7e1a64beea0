using System.Collections.Concurrent;
using Azure.Data.Tables;

namespace Pipeline.Storage;

/// <summary>The tables of the data account, each created on its first use.</summary>
public sealed class TableSet(StorageAccount account)
{
    private readonly ConcurrentDictionary<string, Task<TableClient>> open = new(StringComparer.Ordinal);

    /// <summary>The table, made sure to exist.</summary>
    public Task<TableClient> OpenAsync(string name)
    {
        // A failure is not remembered: the next caller tries again.
        if (open.TryGetValue(name, out var task) && (task.IsFaulted || task.IsCanceled)) open.TryRemove(new(name, task));
        return open.GetOrAdd(name, CreateAsync);
    }

    private async Task<TableClient> CreateAsync(string name)
    {
        var client = account.Tables.GetTableClient(name);
        await client.CreateIfNotExistsAsync(CancellationToken.None).ConfigureAwait(false);
        return client;
    }
}
