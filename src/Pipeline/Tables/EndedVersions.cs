using Azure;
using Azure.Data.Tables;

namespace Pipeline.Tables;

/// <summary>
/// The history rows that a merge writes before it changes the facts they are of. Two merges that are about to end the same version write the same row; the one
/// that comes too late puts back what it found there, also when the fact has been changed several times since.
/// </summary>
internal sealed class EndedVersions(TableClient history, string runId)
{
    /// <summary>How often rows are looked at anew because of others. More in a row is a fault of the service.</summary>
    private const int MaxConflicts = 20;

    private readonly Dictionary<string, TableEntity> found = new(StringComparer.Ordinal);

    /// <summary>Writes history rows of one partition, at most 100. What is there already is remembered: an attempt that was interrupted, or somebody else's.</summary>
    public async Task WriteAsync(IReadOnlyList<TableEntity> rows, CancellationToken cancellationToken)
    {
        var present = new Dictionary<string, TableEntity>(StringComparer.Ordinal);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await history.SubmitTransactionAsync(rows.Select(row => present.TryGetValue(row.RowKey, out var there) ? new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, there.ETag)
                    : new TableTransactionAction(TableTransactionActionType.Add, row)), cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && conflicts < MaxConflicts)
            {
                present.Clear();
                foreach (var row in rows)
                    if (await GetAsync(row, cancellationToken).ConfigureAwait(false) is { } there) present.Add(row.RowKey, there);
            }
        }
        foreach (var (key, there) in present)
            if (!IsMine(there)) found[key] = there;
    }

    /// <summary>After a lost race: nothing if the winner has written the row since, else the row as it must be, or what was found there before.</summary>
    /// <param name="row">Has the keys of the row.</param>
    /// <param name="follower">The row as it must be; null when that is not known. What was found may be another's who has lost, too.</param>
    /// <param name="stands">Whether the version has not ended, so that the row has no place where nothing was found.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task TakeBackAsync(TableEntity row, TableEntity? follower, bool stands, CancellationToken cancellationToken)
    {
        if (await GetAsync(row, cancellationToken).ConfigureAwait(false) is not { } there || !IsMine(there)) return;
        try
        {
            if ((follower ?? found.GetValueOrDefault(row.RowKey)) is { } instead) await history.UpdateEntityAsync(instead, there.ETag, TableUpdateMode.Replace, cancellationToken).ConfigureAwait(false);
            else if (stands) await history.DeleteEntityAsync(row.PartitionKey, row.RowKey, there.ETag, cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // Somebody else has written or removed it since: it is theirs now.
        }
    }

    private bool IsMine(TableEntity row) => row.GetString("RunId") == runId;

    private async Task<TableEntity?> GetAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var answer = await history.GetEntityIfExistsAsync<TableEntity>(row.PartitionKey, row.RowKey, cancellationToken: cancellationToken).ConfigureAwait(false);
        return answer.HasValue ? answer.Value : null;
    }
}
