using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Azure;
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
        if (open.TryGetValue(name, out var task) && (task.IsFaulted || task.IsCanceled))
            open.TryRemove(new(name, task));
        return open.GetOrAdd(name, CreateAsync);
    }

    /// <summary>Makes sure again, at their next use, that tables exist: they may have been deleted.</summary>
    public void Forget() => open.Clear();

    /// <summary>
    /// The rows of a filter, null for all, with the columns of <paramref name="select"/>, null for all; none
    /// when there is no such table. Reading creates nothing.
    /// </summary>
    public async IAsyncEnumerable<T> QueryIfExistsAsync<T>(
        string name,
        string? filter,
        [EnumeratorCancellation] CancellationToken cancellationToken,
        IEnumerable<string>? select = null
    )
        where T : class, ITableEntity
    {
        await using var rows = account
            .Tables.GetTableClient(name)
            .QueryAsync<T>(filter!, maxPerPage: 1000, select, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await MoveAsync())
            yield return rows.Current;

        async Task<bool> MoveAsync()
        {
            try
            {
                return await rows.MoveNextAsync();
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return false;
            }
        }
    }

    private async Task<TableClient> CreateAsync(string name)
    {
        var client = account.Tables.GetTableClient(name);
        await client.CreateIfNotExistsAsync(CancellationToken.None);
        return client;
    }
}
