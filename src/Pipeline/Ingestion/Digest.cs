using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Exports;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// The part of Publish that concerns a source as a whole: indicators, claims and export files. It is done once when the
/// source has come to rest, not for each of its slices. What has been done is marked in the manifest of the export
/// files.
/// </summary>
/// <remarks>
/// No process has to remember that it is due: the slices say so, compared with the mark, and so do the program, its
/// claims and its settings, and files that are not those of the manifest. Whatever ends a slice asks, and so does every
/// plan.
/// </remarks>
public sealed class Digest(
    SourceCatalog sources,
    SliceBook slices,
    PlannedSlices planned,
    EmptySlices empty,
    DeadLetterBook letters,
    IDerivedTables derived,
    Exporter exporter,
    StepQueues queues,
    ProgramVersion program,
    ILogger<Digest> logger
)
{
    private static readonly ExportTable History = new(
        Names.History,
        [.. LedgerColumns.Of(Names.History).Select(column => column.Name)],
        "ValidTo"
    );

    /// <summary>Sends the message for it, if the source is at rest and something has changed.</summary>
    /// <param name="source">The source.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task RequestAsync(string source, CancellationToken cancellationToken)
    {
        var rows = await slices.ListAsync(source, cancellationToken);
        if (!await IsAtRestAsync(source, rows, cancellationToken))
            return;
        await empty.ReviewAsync(source, rows, cancellationToken);
        var done = await IsDoneAsync(source, rows, cancellationToken);
        await letters.SettleAsync(source, done, cancellationToken);
        if (done)
            return;
        await queues.SendAsync(new PublishMessage(rows[0].Slice.Id, ""), TimeSpan.Zero, cancellationToken);
    }

    /// <summary>Whether indicators, claims and files are those of the slices as they are.</summary>
    public async Task<bool> IsDoneAsync(string source, CancellationToken cancellationToken) =>
        await IsDoneAsync(source, await slices.ListAsync(source, cancellationToken), cancellationToken);

    /// <summary>Brings indicators, claims and files up to date.</summary>
    public async Task RunAsync(string source, CancellationToken cancellationToken)
    {
        // Read first: what changes from here on makes the mark an old one.
        var rows = await slices.ListAsync(source, cancellationToken);
        if (await IsDoneAsync(source, rows, cancellationToken))
        {
            logger.LogInformation("{Source}: indicators, claims and files are up to date", source);
            return;
        }
        await derived.RunAsync(source, cancellationToken);
        await exporter.RunAsync(
            Exported(source),
            source,
            Mark(rows, program.Id, derived.Fingerprint),
            cancellationToken
        );
        // A newer one may have ended while this one was at work: then its mark is gone, and no other process would ask.
        await RequestAsync(source, cancellationToken);
    }

    /// <summary>The tables whose files depend on a source.</summary>
    private IReadOnlyCollection<ExportTable> Exported(string source) =>
        [
            .. sources[source]
                .Datasets.Select(dataset => dataset.Table)
                .Distinct()
                .Select(table => ExportTable.Of(table.Name, table.RowType)),
            History,
            .. derived.Tables,
        ];

    private async Task<bool> IsAtRestAsync(
        string source,
        IReadOnlyList<SliceRow> rows,
        CancellationToken cancellationToken
    )
    {
        if (rows.Count == 0 || planned.HasPending(source, rows))
            return false;
        var underWay = rows.Where(row => !SliceState.AtRest(row.State)).Select(row => row.Slice).ToHashSet();
        if (underWay.Count == 0)
            return true;
        // A slice whose message was given up waits for an operator; nothing waits for it.
        return underWay.IsSubsetOf(
            (await letters.OpenAsync(source, cancellationToken)).Select(open => open.Letter.Slice).OfType<Slice>()
        );
    }

    private async Task<bool> IsDoneAsync(
        string source,
        IReadOnlyList<SliceRow> rows,
        CancellationToken cancellationToken
    ) =>
        rows.All(row => !row.WasLoaded)
        || await exporter.IsCurrentAsync(
            Exported(source),
            source,
            Mark(rows, program.Id, derived.Fingerprint),
            cancellationToken
        );

    /// <summary>
    /// Stands for all that indicators, claims and files are made from: it differs when any slice has changed a row of a
    /// table, and when the program, its claims or its settings are others. Then everything is derived once more, and
    /// only differences are written.
    /// </summary>
    /// <param name="rows">The slices of the source.</param>
    /// <param name="program">The version of the program: an indicator or a column may have changed.</param>
    /// <param name="derived">See <see cref="IDerivedTables.Fingerprint"/>.</param>
    internal static string Mark(IReadOnlyList<SliceRow> rows, Guid program, string derived)
    {
        var text = new StringBuilder().Append(program).Append('\n').Append(derived).Append('\n');
        foreach (var row in rows.Where(row => row.WasLoaded).OrderBy(row => row.Slice.Id, StringComparer.Ordinal))
            text.Append(row.Slice.Id).Append('|').Append(row.LastChanged.UtcTicks).Append('\n');
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
