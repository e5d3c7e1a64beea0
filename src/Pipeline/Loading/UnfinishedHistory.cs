using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>
/// Takes back what a load that ended half way left in <c>history</c>: a version goes to history before its row is
/// changed, so that a version may be said to have ended that is still the present one.
/// </summary>
internal sealed class UnfinishedHistory(FactTable table, TableClient facts, TableClient history)
{
    /// <summary>Removes the versions that a run said to have ended and whose rows it did not change.</summary>
    /// <param name="scope">The rows of the slice.</param>
    /// <param name="runId">The run.</param>
    /// <param name="cancellationToken">Stops the work; doing it again goes on.</param>
    public async Task RemoveAsync(SliceScope scope, string runId, CancellationToken cancellationToken)
    {
        var prefix = table.Name + "|";
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {prefix} and PartitionKey lt {table.Name + "}"} and RowKey ge {scope.RowRange.From} and RowKey lt {scope.RowRange.To} and RunId eq {runId}"
        );
        await foreach (var version in history.QueryAsync<HistoryRow>(filter, maxPerPage: 1000, null, cancellationToken))
        {
            var partition = version.PartitionKey[prefix.Length..];
            var row = version.RowKey[..version.RowKey.LastIndexOf('|')];
            if (scope.Owns(partition, row))
                await RemoveAsync(partition, row, version, cancellationToken);
        }
    }

    private async Task RemoveAsync(
        string partition,
        string key,
        HistoryRow version,
        CancellationToken cancellationToken
    )
    {
        var row = await table.GetAsync(facts, partition, key, cancellationToken);
        if (row is null || row.LastChanged != version.ValidFrom)
            return;
        try
        {
            // The row first: a worker that has lost its lease and is about to change it meets another version of it.
            await facts.SubmitTransactionAsync([Fence(row)], cancellationToken);
            // Only as it was read before the row: if this worker has lost its lease, the version may have ended for
            // good since.
            await history.DeleteEntityAsync(version.PartitionKey, version.RowKey, version.ETag, cancellationToken);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // Another worker was faster: the version has ended.
        }
    }

    /// <summary>Writes a row again as it is, under its ETag: who has read it before cannot write it any more.</summary>
    public static TableTransactionAction Fence(FactRow row) =>
        new(TableTransactionActionType.UpdateReplace, row, row.ETag);
}
