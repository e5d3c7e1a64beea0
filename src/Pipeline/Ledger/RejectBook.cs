using Azure;
using Azure.Data.Tables;
using Pipeline.Sources;
using Pipeline.Storage;
using Pipeline.Tables;

namespace Pipeline.Ledger;

/// <summary>The table <c>rejects</c>: what could not be understood, where it stands and what to do.</summary>
public sealed class RejectBook(TableSet tables)
{
    /// <summary>State of a reject that somebody still has to look at.</summary>
    public const string Open = "open";

    /// <summary>State of a reject whose slice has been read again without it.</summary>
    public const string Replayed = "replayed";

    /// <summary>Writes rejects of a run; writing them again replaces them.</summary>
    public async Task PutAsync(RunRow run, string rawBlob, IEnumerable<Finding> findings, CancellationToken cancellationToken)
    {
        var rows = findings.Select(finding => new TableEntity(run.PartitionKey, $"{run.RunId}|{Keys.Clean(finding.Where)}")
        {
            ["Slice"] = run.Slice.Id,
            ["RawBlob"] = rawBlob,
            ["Position"] = finding.Where,
            ["Seen"] = CellText.Cut(finding.Seen),
            ["Expected"] = CellText.Cut(finding.Expected),
            ["Advice"] = CellText.Cut(finding.Advice),
            ["State"] = Open
        }).DistinctBy(entity => entity.RowKey).ToList();
        if (rows.Count == 0) return;
        var table = await tables.OpenAsync(Names.Rejects).ConfigureAwait(false);
        foreach (var batch in rows.Chunk(100))
            await table.SubmitTransactionAsync(batch.Select(entity => new TableTransactionAction(TableTransactionActionType.UpsertReplace, entity)), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Marks the open rejects of a slice's earlier runs as replayed: a body has been read without them.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="loaded">The body that was read; its own rejects stay open, and so do those of later bodies.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public Task CloseAsync(Slice slice, RawName loaded, CancellationToken cancellationToken) =>
        CloseAsync(slice, (runId, _) => runId != loaded.RunId && string.CompareOrdinal(runId, loaded.RunId) < 0, cancellationToken);

    /// <summary>Marks the open rejects of a slice as replayed that <paramref name="isOver"/> tells, by run and position.</summary>
    public async Task CloseAsync(Slice slice, Func<string, string, bool> isOver, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Rejects).ConfigureAwait(false);
        var filter = $"{OfSource(slice.Source)} and {TableClient.CreateQueryFilter($"Slice eq {slice.Id}")}";
        await foreach (var entity in table.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (!isOver(entity.RowKey.Split('|')[0], entity.GetString("Position") ?? "")) continue;
            entity["State"] = Replayed;
            await table.UpdateEntityAsync(entity, ETag.All, TableUpdateMode.Replace, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The open rejects of a source, as messages.</summary>
    public Task<IReadOnlyList<Finding>> OpenAsync(string source, CancellationToken cancellationToken) => OpenAsync(source, int.MaxValue, cancellationToken);

    /// <summary>The first open rejects of a source, by their keys; no more are read.</summary>
    public async Task<IReadOnlyList<Finding>> OpenAsync(string source, int most, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        if (most <= 0) return found;
        await foreach (var entity in tables.QueryIfExistsAsync<TableEntity>(Names.Rejects, OfSource(source), cancellationToken).ConfigureAwait(false))
        {
            found.Add(new Finding($"{entity.GetString("Slice")} {entity.GetString("Position")}", entity.GetString("Seen"), entity.GetString("Expected"), entity.GetString("Advice")));
            if (found.Count == most) break;
        }
        return found;
    }

    private static string OfSource(string source) => TableClient.CreateQueryFilter($"PartitionKey ge {source + "|"} and PartitionKey lt {source + "}"} and State eq {Open}");
}
