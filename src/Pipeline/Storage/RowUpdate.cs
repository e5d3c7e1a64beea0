using Azure;
using Azure.Data.Tables;

namespace Pipeline.Storage;

/// <summary>
/// Changes a row by what it holds at that very moment, so that no process takes back what another has
/// written.
/// </summary>
internal static class RowUpdate
{
    /// <summary>
    /// How often a row is looked at again when others write it at the same time. Fifty losses in a row are a
    /// fault of the service.
    /// </summary>
    private const int MaxConflicts = 50;

    /// <param name="table">The table.</param>
    /// <param name="partitionKey">The row's partition.</param>
    /// <param name="rowKey">The row's key.</param>
    /// <param name="change">Gets the present row, or null when there is none, and returns the new one, or null to leave
    /// it. Called again when another process was faster.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    public static async Task ApplyAsync<T>(
        TableClient table,
        string partitionKey,
        string rowKey,
        Func<T?, T?> change,
        CancellationToken cancellationToken
    )
        where T : class, ITableEntity
    {
        for (var conflicts = 0; ; conflicts++)
        {
            var found = await table.GetEntityIfExistsAsync<T>(
                partitionKey,
                rowKey,
                cancellationToken: cancellationToken
            );
            var before = found.HasValue ? found.Value : null;
            if (change(before) is not { } after)
                return;
            try
            {
                if (before is null)
                    await table.AddEntityAsync(after, cancellationToken);
                else
                    await table.UpdateEntityAsync(after, before.ETag, TableUpdateMode.Replace, cancellationToken);
                return;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && conflicts < MaxConflicts)
            {
                // Another process wrote or removed the row since it was read: look again.
            }
        }
    }
}
