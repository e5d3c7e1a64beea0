using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Runs;

/// <summary>The table <c>runs</c>.</summary>
public sealed class RunBook(TableSet tables)
{
    /// <summary>Writes the run as it stands; writing it again replaces it.</summary>
    public async Task PutAsync(RunRow run, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Runs);
        await table.UpsertEntityAsync(run.ToEntity(), TableUpdateMode.Replace, cancellationToken);
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
        await RowUpdate.ApplyAsync(
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
            if (await GetAsync(new RunRow(body.RunId, body.Slice, body.Vintage), cancellationToken) is { } run)
                return (body, run);
        }

        return null;
    }

    /// <summary>The run as the table holds it, or null.</summary>
    public async Task<RunRow?> GetAsync(RunRow key, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Runs);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(
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
        await foreach (var entity in tables.QueryIfExistsAsync<TableEntity>(Names.Runs, filter, cancellationToken))
            rows.Add(RunRow.From(entity));
        return rows;
    }
}
