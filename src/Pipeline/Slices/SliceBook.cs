using Azure;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>The table <c>slices</c>.</summary>
public sealed class SliceBook(TableSet tables, TimeProvider time)
{
    /// <summary>What the table service takes in one transaction.</summary>
    private const int MaxBatch = 100;

    /// <summary>How often a plan is noted again because of others. More is a fault of the service.</summary>
    private const int MaxConflicts = 20;

    /// <summary>The slices of a source that have ever been planned.</summary>
    public async Task<IReadOnlyList<SliceRow>> ListAsync(string source, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Slices);
        var rows = new List<SliceRow>();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {source}");
        await foreach (var entity in table.QueryAsync<SliceEntity>(filter, cancellationToken: cancellationToken))
            rows.Add(SliceRow.From(entity));
        return rows;
    }

    /// <summary>Rows that the slices of a source have brought to the tables.</summary>
    public async Task<long> RowsAsync(string source, CancellationToken cancellationToken) =>
        (await ListAsync(source, cancellationToken)).Sum(row => row.Loaded?.Rows ?? 0);

    /// <summary>The slice's row; a new one when it was never planned.</summary>
    public async Task<SliceRow> GetAsync(Slice slice, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Slices);
        var found = await table.GetEntityIfExistsAsync<SliceEntity>(
            slice.Source,
            slice.RowKey,
            cancellationToken: cancellationToken
        );
        return found.HasValue ? SliceRow.From(found.Value!) : new SliceRow(slice);
    }

    /// <summary>Writes what follows from an event, under the ETag of the row that it was applied to.</summary>
    /// <returns>The row after the event.</returns>
    public async Task<SliceRow> ApplyAsync(Slice slice, SliceEvent what, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Slices);
        var after = new SliceRow(slice);
        await RowUpdate.ApplyAsync<SliceEntity>(
            table,
            slice.Source,
            slice.RowKey,
            entity =>
            {
                var before = entity is null ? new SliceRow(slice) : SliceRow.From(entity);
                after = SliceTransitions.Apply(before, what, time.GetUtcNow());
                return after == before ? null : after.ToEntity();
            },
            cancellationToken
        );
        return after;
    }

    /// <summary>Makes every slice of a source due, whatever its next date.</summary>
    public async Task MakeDueAsync(string source, CancellationToken cancellationToken)
    {
        foreach (var row in await ListAsync(source, cancellationToken))
            await ApplyAsync(row.Slice, new MadeDue(), cancellationToken);
    }

    /// <summary>
    /// Notes that slices of one source wait to be pulled, before their messages are sent. Nothing else of their rows
    /// changes.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="slices">Its slices.</param>
    /// <param name="plannedAt">When they were planned, UTC.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task PlanAsync(
        string source,
        IReadOnlyCollection<Slice> slices,
        DateTimeOffset plannedAt,
        CancellationToken cancellationToken
    )
    {
        if (slices.Count == 0)
            return;
        var table = await tables.OpenAsync(Names.Slices);
        for (var conflicts = 0; ; conflicts++)
        {
            var known = (await ListAsync(source, cancellationToken)).Select(row => row.Slice).ToHashSet();
            try
            {
                foreach (var batch in slices.Distinct().Chunk(MaxBatch))
                {
                    await table.SubmitTransactionAsync(
                        batch.Select(slice => Planned(slice, plannedAt, known.Contains(slice))),
                        cancellationToken
                    );
                }
                return;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 && conflicts < MaxConflicts)
            {
                // Another process added a row since they were listed: look again. Planned twice is planned once.
            }
        }
    }

    private static TableTransactionAction Planned(Slice slice, DateTimeOffset plannedAt, bool isKnown) =>
        isKnown
            ? new(
                TableTransactionActionType.UpdateMerge,
                new TableEntity(slice.Source, slice.RowKey) { [nameof(SliceEntity.PlannedAt)] = plannedAt },
                ETag.All
            )
            : new(TableTransactionActionType.Add, (new SliceRow(slice) { PlannedAt = plannedAt }).ToEntity());
}
