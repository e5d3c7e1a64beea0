using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>
/// Puts right what merges leave in <c>history</c> that end half way, or come too late. An old version goes to history
/// before its row is changed: when the merge ends in between and another body follows that has the row as it was, the
/// version would seem to have ended. And an older body may put a row back that a newer one has just removed; it is
/// removed once more, and the version that the older body ended must not seem to have lasted until the newer one.
/// </summary>
internal sealed class UnfinishedHistory(FactTable table, TableClient facts, TableClient history)
{
    private static readonly string[] FactColumns =
    [
        nameof(FactRow.PartitionKey),
        nameof(FactRow.RowKey),
        nameof(FactRow.LastChanged),
        nameof(FactRow.Revision),
    ];
    private static readonly string[] HistoryColumns = ["PartitionKey", "RowKey", "ValidFrom", "ValidTo"];

    /// <summary>How often a row is looked at again because of others. More in a row is a fault of the
    /// service.</summary>
    private const int MaxConflicts = 20;

    /// <summary>Repairs the history of the rows of a slice.</summary>
    /// <param name="scope">The rows.</param>
    /// <param name="run">What has just been merged: no older body may end the versions that it leaves standing.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>How many versions were said to have ended and had not, or not then.</returns>
    public async Task<int> RepairAsync(SliceScope scope, MergeRun run, CancellationToken cancellationToken)
    {
        var present = new Dictionary<(string, string), (DateTimeOffset Since, int Revision)>();
        await foreach (var row in table.QueryAsync(facts, scope.Filter, FactColumns, cancellationToken))
        {
            if (scope.Owns(row.PartitionKey, row.RowKey))
                present[(row.PartitionKey, row.RowKey)] = (row.LastChanged, row.Revision);
        }

        var (prefix, repaired) = (table.Name + "|", 0);
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {prefix} and PartitionKey lt {table.Name + "}"} and RowKey ge {scope.GapRows.From} and RowKey lt {scope.GapRows.To}"
        );
        TableEntity? last = null;
        await foreach (
            var version in history.QueryAsync<TableEntity>(filter, maxPerPage: 1000, HistoryColumns, cancellationToken)
        )
        {
            // The versions of a row come in the order in which they began.
            if (last is not null)
                await LookAsync(last, version);
            last = version;
        }
        if (last is not null)
            await LookAsync(last, null);
        return repaired;

        async Task LookAsync(TableEntity version, TableEntity? next)
        {
            var (partition, row) = (version.PartitionKey[prefix.Length..], RowOf(version));
            var (from, to) = (
                version.GetDateTimeOffset("ValidFrom")!.Value,
                version.GetDateTimeOffset("ValidTo")!.Value
            );
            (DateTimeOffset Since, int Revision)? fact = present.TryGetValue((partition, row), out var found)
                ? found
                : null;
            var follower =
                next is not null && next.PartitionKey == version.PartitionKey && RowOf(next) == row
                    ? next.GetDateTimeOffset("ValidFrom")
                    : null;
            var end = follower ?? fact?.Since;
            var isPresent = from == fact?.Since;
            var endedBefore = from < end && end < to;
            // The present version was put back, or follows one that was.
            var leadsNowhere = follower is null && (end < from || (end > to && fact?.Revision > 0));
            if (isPresent)
            {
                if (await TakeOutAsync(partition, row, from, version, run.Vintage, cancellationToken))
                    repaired++;
            }
            else if (endedBefore)
            {
                await EndAsync(version, end!.Value, cancellationToken);
                repaired++;
            }
            else if (leadsNowhere)
            {
                await BeginAsync(partition, row, fact!.Value.Since, end < from ? run : null, cancellationToken);
                repaired++;
            }
        }
    }

    private static string RowOf(TableEntity version) => version.RowKey[..version.RowKey.LastIndexOf('|')];

    private async Task EndAsync(TableEntity version, DateTimeOffset end, CancellationToken cancellationToken)
    {
        try
        {
            await history.UpdateEntityAsync(
                new TableEntity(version.PartitionKey, version.RowKey) { ["ValidTo"] = end },
                version.ETag,
                TableUpdateMode.Merge,
                cancellationToken
            );
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // Another merge is at it. It is newer and looks for itself, or older, and has the newest loaded once more.
        }
    }

    /// <summary>A version begins again: in a body that has it, or, without one, when it says that it does.</summary>
    private async Task BeginAsync(
        string partition,
        string key,
        DateTimeOffset since,
        MergeRun? run,
        CancellationToken cancellationToken
    )
    {
        if (await table.GetAsync(facts, partition, key, cancellationToken) is not { } row || row.LastChanged != since)
            return;
        if (run is not null)
            (row.Vintage, row.LastChanged, row.RawBlob, row.RunId) = (run.Vintage, run.Vintage, run.RawBlob, run.RunId);
        (row.FirstSeen, row.Revision) = (row.LastChanged, 0);
        try
        {
            await facts.SubmitTransactionAsync(
                [new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, row.ETag)],
                cancellationToken
            );
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // As above.
        }
    }

    private async Task<bool> TakeOutAsync(
        string partition,
        string key,
        DateTimeOffset since,
        TableEntity version,
        DateTimeOffset vintage,
        CancellationToken cancellationToken
    )
    {
        for (var conflicts = 0; ; conflicts++)
        {
            if (
                await table.GetAsync(facts, partition, key, cancellationToken) is not { } row
                || row.LastChanged != since
            )
            {
                return false;
            }

            if (vintage > row.Vintage)
                row.Vintage = vintage;
            try
            {
                // The row first: a process that is still about to change it sees then that a newer body left it as it
                // is, and decides again.
                await facts.SubmitTransactionAsync(
                    [new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, row.ETag)],
                    cancellationToken
                );
                await history.DeleteEntityAsync(version.PartitionKey, version.RowKey, version.ETag, cancellationToken);
                return true;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && conflicts < MaxConflicts)
            {
                var answer = await history.GetEntityIfExistsAsync<TableEntity>(
                    version.PartitionKey,
                    version.RowKey,
                    cancellationToken: cancellationToken
                );
                if (!answer.HasValue)
                    return false;
                version = answer.Value!;
            }
        }
    }
}
