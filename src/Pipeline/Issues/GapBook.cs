using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>The table <c>gaps</c>: values that the source says it does not have.</summary>
public sealed class GapBook(TableSet tables)
{
    /// <summary>How often the gaps are compared again when others write them at the same time.</summary>
    private const int MaxConflicts = 20;

    /// <summary>
    /// Makes the gaps of a slice those of its newest body: new ones are written, filled ones are removed, the
    /// others stay as they are.
    /// </summary>
    public async Task ReplaceAsync(
        FactTable facts,
        SliceScope scope,
        IReadOnlyCollection<MissingRow> missing,
        bool wasLoaded,
        string runId,
        CancellationToken cancellationToken
    )
    {
        if (missing.Count == 0 && !wasLoaded)
            return;
        var table = await tables.OpenAsync(Names.Gaps);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await ReplaceAsync(table, facts, scope, missing, wasLoaded, runId, cancellationToken);
                return;
            }
            catch (RequestFailedException e) when (e.Status == 404 && conflicts < MaxConflicts)
            {
                // A gap that was to be removed is gone already, with its whole batch undone: another process works on
                // the same body. Look again.
            }
        }
    }

    private static async Task ReplaceAsync(
        TableClient table,
        FactTable facts,
        SliceScope scope,
        IReadOnlyCollection<MissingRow> missing,
        bool wasLoaded,
        string runId,
        CancellationToken cancellationToken
    )
    {
        var prefix = facts.Name + "|";
        var wanted = new Dictionary<(string Partition, string Row), string>();
        foreach (var gap in missing)
            wanted[(prefix + gap.PartitionKey, gap.RowKey)] = gap.Reason;
        var actions = new List<(string Partition, TableTransactionAction Action)>();
        if (wasLoaded)
        {
            var filter = TableClient.CreateQueryFilter(
                $"PartitionKey ge {prefix} and PartitionKey lt {facts.Name + "}"} and RowKey ge {scope.RowRange.From} and RowKey lt {scope.RowRange.To}"
            );
            await foreach (var entity in table.QueryAsync<GapRow>(filter, cancellationToken: cancellationToken))
            {
                if (!scope.Owns(entity.PartitionKey[prefix.Length..], entity.RowKey))
                    continue;
                if (!wanted.TryGetValue((entity.PartitionKey, entity.RowKey), out var reason))
                {
                    actions.Add(
                        (
                            entity.PartitionKey,
                            new TableTransactionAction(TableTransactionActionType.Delete, entity, ETag.All)
                        )
                    );
                }
                else if (reason == entity.Reason)
                {
                    wanted.Remove((entity.PartitionKey, entity.RowKey));
                }
            }
        }
        actions.AddRange(
            wanted.Select(gap =>
                (
                    gap.Key.Partition,
                    new TableTransactionAction(
                        TableTransactionActionType.UpsertReplace,
                        new GapRow
                        {
                            PartitionKey = gap.Key.Partition,
                            RowKey = gap.Key.Row,
                            Reason = gap.Value,
                            RunId = runId,
                        }
                    )
                )
            )
        );
        foreach (var partition in actions.GroupBy(action => action.Partition, action => action.Action))
        {
            foreach (var batch in partition.Chunk(100))
                await table.SubmitTransactionAsync(batch, cancellationToken);
        }
    }
}
