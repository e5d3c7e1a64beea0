using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Runs;

/// <summary>The table <c>runs</c>.</summary>
public sealed class RunBook(TableSet tables)
{
    /// <summary>How often others may write a run of this worker's. More is a fault of the service.</summary>
    private const int MaxConflicts = 10;

    /// <summary>Writes the run as it stands; writing it again replaces it.</summary>
    public async Task PutAsync(RunRow run, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Runs);
        await table.UpsertEntityAsync(run.ToEntity(), TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>
    /// Takes a run on from where this worker has left it. If the row is another one, a worker that has lost its lease
    /// has written it, or this one has lost its own.
    /// </summary>
    /// <param name="before">The run as this worker read or wrote it last.</param>
    /// <param name="after">The run from now on.</param>
    /// <param name="confirm">Confirms the lease; throws when it is lost.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The run from now on.</returns>
    public async Task<RunRow> AdvanceAsync(
        RunRow before,
        RunRow after,
        Func<Task> confirm,
        CancellationToken cancellationToken
    )
    {
        for (var conflicts = 0; conflicts < MaxConflicts; conflicts++)
        {
            RunRow? other = null;
            await UpdateAsync(
                after,
                present =>
                {
                    other = present is null || present.IsSame(before) || present.IsSame(after) ? null : present;
                    return other is null ? after : null;
                },
                cancellationToken
            );
            if (other is null)
                return after;
            await confirm();
            before = other;
        }
        throw new InvalidOperationException(
            $"{after.Slice}: the run {after.RunId} was changed {MaxConflicts} times under the lease of this worker; "
                + "the message comes back"
        );
    }

    /// <summary>
    /// Changes the run by what its row holds at that very moment, so that a late copy of a message never takes back
    /// what another worker has written: <paramref name="change"/> gets the present row, or null, and returns the new
    /// one, or null to leave it.
    /// </summary>
    /// <returns>The row as it is now; null when there is none.</returns>
    public async Task<RunRow?> UpdateAsync(
        RunRow key,
        Func<RunRow?, RunRow?> change,
        CancellationToken cancellationToken
    )
    {
        var table = await tables.OpenAsync(Names.Runs);
        RunRow? now = null;
        await RowUpdate.ApplyAsync<RunEntity>(
            table,
            key.PartitionKey,
            key.RowKey,
            entity =>
            {
                var before = entity is null ? null : RunRow.From(entity);
                now = change(before) ?? before;
                return now == before ? null : now!.ToEntity();
            },
            cancellationToken
        );
        return now;
    }

    /// <summary>
    /// The newest of some bodies that has a run. Bodies without one are answers that were kept as rejects
    /// only.
    /// </summary>
    /// <param name="bodies">The bodies, oldest first.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<(RawName Body, RunRow Run)?> NewestAsync(
        IEnumerable<RawName> bodies,
        CancellationToken cancellationToken
    )
    {
        foreach (var body in bodies.Reverse())
        {
            if (await GetAsync(RunRow.Of(body), cancellationToken) is { } run)
                return (body, run);
        }

        return null;
    }

    /// <summary>The run as the table holds it, or null.</summary>
    public async Task<RunRow?> GetAsync(RunRow key, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Runs);
        var found = await table.GetEntityIfExistsAsync<RunEntity>(
            key.PartitionKey,
            key.RowKey,
            cancellationToken: cancellationToken
        );
        return found.HasValue ? RunRow.From(found.Value!) : null;
    }

    /// <summary>
    /// The runs of a source that ended at or after a moment, also of bodies that were fetched long before.
    /// </summary>
    public Task<IReadOnlyList<RunRow>> EndedSinceAsync(
        string source,
        DateTimeOffset since,
        CancellationToken cancellationToken
    ) => ReadAsync(source, "", since, cancellationToken);

    /// <summary>
    /// The same, of bodies that were fetched in the month of that moment or later: only those months of the
    /// table are read.
    /// </summary>
    public Task<IReadOnlyList<RunRow>> RecentAsync(
        string source,
        DateTimeOffset since,
        CancellationToken cancellationToken
    ) => ReadAsync(source, $"{since.UtcDateTime:yyyy-MM}", since, cancellationToken);

    private async Task<IReadOnlyList<RunRow>> ReadAsync(
        string source,
        string month,
        DateTimeOffset since,
        CancellationToken cancellationToken
    )
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {source + "|" + month} and PartitionKey lt {source + "}"} and EndedAt ge {since}"
        );
        var rows = new List<RunRow>();
        await foreach (var entity in tables.QueryIfExistsAsync<RunEntity>(Names.Runs, filter, cancellationToken))
            rows.Add(RunRow.From(entity));
        return rows;
    }
}
