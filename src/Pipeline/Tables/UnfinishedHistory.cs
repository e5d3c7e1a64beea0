using Azure;
using Azure.Data.Tables;
using Pipeline.Sources;

namespace Pipeline.Tables;

/// <summary>
/// Takes out what <c>history</c> says of changes that never came to pass. An old version goes to history before its row is changed; when the
/// merge ends in between and another body follows that has the row as it was, the version would seem to have ended.
/// </summary>
internal sealed class UnfinishedHistory(FactTable table, TableClient facts, TableClient history)
{
    private static readonly string[] FactColumns = [nameof(FactRow.PartitionKey), nameof(FactRow.RowKey), nameof(FactRow.LastChanged)];
    private static readonly string[] HistoryColumns = ["PartitionKey", "RowKey", "ValidFrom"];

    /// <summary>How often a row is looked at anew because of others. More in a row is a fault of the service.</summary>
    private const int MaxConflicts = 20;

    /// <summary>Mends the history of the rows of a slice.</summary>
    /// <param name="scope">The rows.</param>
    /// <param name="vintage">Of the body that has just been merged: no older one may end the versions that it leaves standing.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>How many versions were said to have ended and had not.</returns>
    public async Task<int> MendAsync(SliceScope scope, DateTimeOffset vintage, CancellationToken cancellationToken)
    {
        var present = new Dictionary<(string, string), DateTimeOffset>();
        await foreach (var row in table.QueryAsync(facts, scope.Filter, FactColumns, cancellationToken).ConfigureAwait(false))
            if (scope.Owns(row.PartitionKey, row.RowKey)) present[(row.PartitionKey, row.RowKey)] = row.LastChanged;
        var (prefix, mended) = (table.Name + "|", 0);
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {prefix} and PartitionKey lt {table.Name + "}"} and RowKey ge {scope.GapRows.From} and RowKey lt {scope.GapRows.To}");
        await foreach (var version in history.QueryAsync<TableEntity>(filter, maxPerPage: 1000, HistoryColumns, cancellationToken).ConfigureAwait(false))
        {
            var (partition, row) = (version.PartitionKey[prefix.Length..], version.RowKey[..version.RowKey.LastIndexOf('|')]);
            // The present version has not ended.
            if (present.TryGetValue((partition, row), out var since) && version.GetDateTimeOffset("ValidFrom") == since
                && await MendAsync(partition, row, since, version, vintage, cancellationToken).ConfigureAwait(false)) mended++;
        }
        return mended;
    }

    private async Task<bool> MendAsync(string partition, string key, DateTimeOffset since, TableEntity version, DateTimeOffset vintage, CancellationToken cancellationToken)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            if (await table.GetAsync(facts, partition, key, cancellationToken).ConfigureAwait(false) is not { } row || row.LastChanged != since) return false;
            if (vintage > row.Vintage) row.Vintage = vintage;
            try
            {
                // The row first: whoever is still about to change it sees then that a newer body left it as it is, and decides anew.
                await facts.SubmitTransactionAsync([new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, row.ETag)], cancellationToken).ConfigureAwait(false);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && conflicts < MaxConflicts)
            {
                continue;
            }
            await history.DeleteEntityAsync(version.PartitionKey, version.RowKey, ETag.All, cancellationToken).ConfigureAwait(false);
            return true;
        }
    }
}
