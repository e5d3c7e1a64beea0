using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>A version of a fact that is about to end.</summary>
/// <param name="Fact">The fact as it was read; its ETag is that of the version.</param>
/// <param name="Row">The row of <c>history</c> that says how the version ended.</param>
internal readonly record struct Ending(FactRow Fact, TableEntity Row);

/// <summary>
/// Writes how versions ended before the facts are changed. Two merges that are about to end the same version write the
/// same row of <c>history</c>, and either may die at any call; whichever of them changes the fact, the row must be its
/// own.
/// </summary>
/// <remarks>
/// A row that is there is not overwritten until the fact has been written again as it is, under its ETag: the process
/// that wrote the row and has not changed the fact yet then cannot any more, and decides again. A process that has
/// changed it keeps the row.
/// </remarks>
internal sealed class EndedVersions(TableClient facts, TableClient history)
{
    /// <summary>
    /// How often rows are looked at again because of others. More in a batch is a fault of the service.
    /// </summary>
    private const int MaxConflicts = 60;

    private readonly Dictionary<string, ETag> overtaken = new(StringComparer.Ordinal);
    private int conflicts;

    /// <summary>Writes history rows of one partition, at most 100.</summary>
    /// <returns>False when others are about to end one of the versions, too: nothing is written then, and the facts are
    /// to be read again.</returns>
    public async Task<bool> TryWriteAsync(IReadOnlyList<Ending> ends, CancellationToken cancellationToken)
    {
        var present = new Dictionary<string, ETag>(overtaken, StringComparer.Ordinal);
        while (true)
        {
            try
            {
                await history.SubmitTransactionAsync(
                    ends.Select(end =>
                        present.TryGetValue(end.Row.RowKey, out var version)
                            ? new TableTransactionAction(TableTransactionActionType.UpdateReplace, end.Row, version)
                            : new TableTransactionAction(TableTransactionActionType.Add, end.Row)
                    ),
                    cancellationToken
                );
                return true;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && conflicts++ < MaxConflicts)
            {
                present.Clear();
                var rivals = new List<(FactRow Fact, TableEntity There)>();
                foreach (var (fact, row) in ends)
                {
                    if (await GetAsync(row.PartitionKey, row.RowKey, cancellationToken) is not { } there)
                        continue;
                    if (
                        AreSame(row, there)
                        || (overtaken.TryGetValue(row.RowKey, out var version) && version == there.ETag)
                    )
                    {
                        present.Add(row.RowKey, there.ETag);
                    }
                    else
                    {
                        rivals.Add((fact, there));
                    }
                }
                if (rivals.Count == 0)
                    continue;
                await OvertakeAsync(rivals, cancellationToken);
                return false;
            }
        }
    }

    private async Task OvertakeAsync(
        List<(FactRow Fact, TableEntity There)> rivals,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await facts.SubmitTransactionAsync(
                rivals.Select(rival => new TableTransactionAction(
                    TableTransactionActionType.UpdateReplace,
                    rival.Fact,
                    rival.Fact.ETag
                )),
                cancellationToken
            );
            foreach (var (_, there) in rivals)
                overtaken[there.RowKey] = there.ETag;
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            // Another process was faster: the facts are read again either way.
        }
    }

    /// <summary>Whether another copy of this run wrote it, or this one did before it was interrupted.</summary>
    private static bool AreSame(TableEntity row, TableEntity there) =>
        row.All(column => Equals(column.Value, there[column.Key]));

    private async Task<TableEntity?> GetAsync(string partition, string key, CancellationToken cancellationToken)
    {
        var answer = await history.GetEntityIfExistsAsync<TableEntity>(
            partition,
            key,
            cancellationToken: cancellationToken
        );
        return answer.HasValue ? answer.Value : null;
    }
}
