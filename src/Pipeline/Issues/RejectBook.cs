using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>The table <c>rejects</c>: what could not be understood, where it stands and what to do.</summary>
public sealed class RejectBook(TableSet tables, TimeProvider time)
{
    /// <summary>State of a reject that an operator still has to look at.</summary>
    public const string Open = "open";

    /// <summary>State of a reject whose slice has been read again without it.</summary>
    public const string Replayed = "replayed";

    /// <summary>State of a reject whose figure an operator says is right: it is not asked about again.</summary>
    public const string Accepted = "accepted";

    /// <summary>Maximum times that rows are read again because a step changes them at the same time.</summary>
    private const int MaxConflicts = 10;

    /// <summary>What is read of many rows.</summary>
    private static readonly string[] Shown =
    [
        nameof(RejectRow.RowKey),
        nameof(RejectRow.Kind),
        nameof(RejectRow.Slice),
        nameof(RejectRow.Position),
        nameof(RejectRow.Seen),
        nameof(RejectRow.Expected),
        nameof(RejectRow.Advice),
        nameof(RejectRow.State),
        nameof(RejectRow.AcceptId),
        nameof(RejectRow.KeptAt),
    ];

    /// <summary>Remembers what an operator says is right, by its place and value.</summary>
    public async Task AcceptAsync(
        RunRow run,
        string rawBlob,
        IReadOnlyCollection<Finding> findings,
        CancellationToken cancellationToken
    )
    {
        if (findings.Count == 0)
            return;
        await WriteAsync(run, rawBlob, findings, [], Accepted, cancellationToken);
    }

    /// <summary>
    /// Marks what the table shows of a run as covered by an operator's accept. The steps find the rows by its id, also
    /// when its message is delivered again after they have found more.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Stops the call; then the accept covers nothing.</param>
    /// <returns>The number of the accept among those of the run, from 1. It also covers what earlier ones do.</returns>
    public async Task<int> CoverAsync(RunRow run, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Rejects);
        for (var conflicts = 0; ; conflicts++)
        {
            var rows = await OfRunAsync(run, cancellationToken);
            var acceptId = rows.Select(row => row.AcceptId ?? 0).DefaultIfEmpty().Max() + 1;
            try
            {
                foreach (var batch in rows.Where(row => row.AcceptId is null).Chunk(100))
                {
                    await table.SubmitTransactionAsync(
                        batch.Select(row => new TableTransactionAction(
                            TableTransactionActionType.UpdateReplace,
                            row with
                            {
                                AcceptId = acceptId,
                            },
                            row.ETag
                        )),
                        cancellationToken
                    );
                }
                return acceptId;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && conflicts < MaxConflicts)
            {
                // A step has changed a row since it was read: what the table shows now is covered.
            }
        }
    }

    /// <summary>What an operator has said is right of a slice.</summary>
    public Task<IReadOnlyList<RejectRow>> AcceptedAsync(Slice slice, CancellationToken cancellationToken) =>
        ReadAsync($"{OfSource(slice.Source, Accepted)} and {OfSlice(slice)}", cancellationToken);

    /// <summary>What the table shows of a run: its open and its accepted rejects.</summary>
    public Task<IReadOnlyList<RejectRow>> OfRunAsync(RunRow run, CancellationToken cancellationToken) =>
        ReadAsync(OfRun(run), cancellationToken);

    private async Task<IReadOnlyList<RejectRow>> ReadAsync(string filter, CancellationToken cancellationToken)
    {
        var found = new List<RejectRow>();
        await foreach (var row in tables.QueryIfExistsAsync<RejectRow>(Names.Rejects, filter, cancellationToken))
            found.Add(row);
        return found;
    }

    /// <summary>What tells findings apart, as the table holds it.</summary>
    internal static (string Where, string Seen, string Expected) Key(Finding finding) =>
        (finding.Where, CellText.Cut(finding.Seen), CellText.Cut(finding.Expected));

    /// <summary>
    /// What an accepted figure is remembered by: what it was held against changes with every vintage.
    /// </summary>
    internal static (string Where, string Seen) FigureKey(Finding finding) =>
        (finding.Where, CellText.Cut(finding.Seen));

    private static string OfRun(RunRow run)
    {
        var (from, to) = (run.RunId + "|", run.RunId + "}");
        return TableClient.CreateQueryFilter(
            $"PartitionKey eq {run.PartitionKey} and RowKey ge {from} and RowKey lt {to} and State ne {Replayed}"
        );
    }

    /// <summary>Writes rejects of a run; writing them again replaces them.</summary>
    /// <param name="run">The run.</param>
    /// <param name="rawBlob">The body.</param>
    /// <param name="rows">What was found of rows, figures and sums.</param>
    /// <param name="body">What was found of the body as a whole.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task PutAsync(
        RunRow run,
        string rawBlob,
        IReadOnlyCollection<Finding> rows,
        IReadOnlyCollection<Finding> body,
        CancellationToken cancellationToken
    )
    {
        if (rows.Count + body.Count > 0)
            await WriteAsync(run, rawBlob, rows, body, Open, cancellationToken);
    }

    private async Task WriteAsync(
        RunRow run,
        string rawBlob,
        IReadOnlyCollection<Finding> ofRows,
        IReadOnlyCollection<Finding> ofBody,
        string state,
        CancellationToken cancellationToken
    )
    {
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await WriteOnceAsync(run, rawBlob, ofRows, ofBody, state, cancellationToken);
                return;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && conflicts < MaxConflicts)
            {
                // An operator has accepted a row since it was read: the row keeps the number of the accept.
            }
        }
    }

    private async Task WriteOnceAsync(
        RunRow run,
        string rawBlob,
        IReadOnlyCollection<Finding> ofRows,
        IReadOnlyCollection<Finding> ofBody,
        string state,
        CancellationToken cancellationToken
    )
    {
        var table = await tables.OpenAsync(Names.Rejects);
        var before = await OfRunAsync(run, cancellationToken);
        // A word is not taken back: what was accepted and is found again is a second row.
        var same = before
            .Where(row => state == Accepted || row.State == Open)
            .OrderBy(row => row.State == Open)
            .GroupBy(row => Key(row.Finding))
            .ToDictionary(row => row.Key, row => row.Last());
        var taken = before.Select(row => row.RowKey).ToHashSet(StringComparer.Ordinal);
        var writes = new List<TableTransactionAction>();
        List<(string Kind, Finding Finding)> findings =
        [
            .. ofBody.Select(finding => (RejectKind.Body, finding)),
            .. ofRows.Select(finding => (RejectKind.Row, finding)),
        ];
        foreach (var (kind, finding) in findings.DistinctBy(found => Key(found.Finding)))
        {
            var shown = same.GetValueOrDefault(Key(finding));
            var row = new RejectRow
            {
                PartitionKey = run.PartitionKey,
                RowKey = shown?.RowKey ?? RejectRow.KeyOf(run.RunId, finding.Where),
                Kind = shown?.Kind ?? kind,
                Slice = run.Slice.Id,
                RawBlob = rawBlob,
                Finding = finding,
                State = state,
                Step = run.Step,
                // An accept that is on its way covers it.
                AcceptId = shown?.AcceptId,
                KeptAt = shown?.KeptAt ?? time.GetUtcNow(),
            };
            // Two findings about one place are two rows.
            while (shown is null && !taken.Add(row.RowKey))
            {
                var value = Encoding.UTF8.GetBytes($"{row.Seen}\n{row.Expected}");
                row.RowKey += $"|{Convert.ToHexStringLower(XxHash64.Hash(value))}";
            }
            writes.Add(
                shown is null
                    ? new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)
                    : new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, shown.ETag)
            );
        }
        foreach (var batch in writes.Chunk(100))
            await table.SubmitTransactionAsync(batch, cancellationToken);
    }

    /// <summary>Whether the place of a reject is a figure of a fact table, not a row or a part of a body.</summary>
    internal static bool IsFigure(FactTable table, string place) =>
        place.StartsWith($"{table.Name} ", StringComparison.Ordinal);

    /// <summary>
    /// Marks the open rejects of a slice's earlier runs as replayed, and those of this run that it does not
    /// have any more: a body has been read without them.
    /// </summary>
    /// <param name="slice">The slice.</param>
    /// <param name="loaded">The body that was read; rejects of later bodies stay open.</param>
    /// <param name="rejected">The rejects that the body has now: exactly these stay open.</param>
    /// <param name="covers">Whether the body says anything about a place; of other places rejects stay open.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public Task CloseAsync(
        Slice slice,
        RawName loaded,
        IEnumerable<Finding> rejected,
        Func<string, bool> covers,
        CancellationToken cancellationToken
    )
    {
        var present = rejected.Select(Key).ToHashSet();
        return CloseAsync(
            slice,
            (runId, finding) =>
                covers(finding.Where)
                && (
                    runId == loaded.RunId
                        ? !present.Contains(Key(finding))
                        : string.CompareOrdinal(runId, loaded.RunId) < 0
                ),
            cancellationToken
        );
    }

    /// <summary>
    /// Marks the open rejects of a slice as replayed that <paramref name="isOver"/> tells, by run and
    /// finding. Dead letters are none of them: see <see cref="DeadLetterBook"/>.
    /// </summary>
    public async Task CloseAsync(Slice slice, Func<string, Finding, bool> isOver, CancellationToken cancellationToken)
    {
        var table = await tables.OpenAsync(Names.Rejects);
        var filter = $"{OpenOf(slice.Source)} and {OfSlice(slice)}";
        await foreach (var row in table.QueryAsync<RejectRow>(filter, cancellationToken: cancellationToken))
        {
            if (!isOver(row.RowKey.Split('|')[0], row.Finding))
                continue;
            var closed = row with { State = Replayed };
            try
            {
                await table.UpdateEntityAsync(closed, row.ETag, TableUpdateMode.Replace, cancellationToken);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412)
            {
                // It was rejected once more, or closed, since it was read: that stands.
            }
        }
    }

    /// <summary>
    /// The open rejects of a source, as messages; for those that are messages of queues see
    /// <see cref="DeadLetterBook"/>.
    /// </summary>
    public Task<IReadOnlyList<Finding>> OpenAsync(string source, CancellationToken cancellationToken) =>
        OpenAsync(source, int.MaxValue, cancellationToken);

    /// <summary>All open rejects of a source but its dead letters.</summary>
    public IAsyncEnumerable<RejectRow> ReadOpenAsync(string source, CancellationToken cancellationToken) =>
        tables.QueryIfExistsAsync<RejectRow>(Names.Rejects, OpenOf(source), cancellationToken, Shown);

    /// <summary>
    /// Rows of a table that were flagged since a month, whatever has become of the reject: the place and the figure.
    /// </summary>
    internal async IAsyncEnumerable<(string Where, string Seen)> ReadFlaggedAsync(
        string source,
        string table,
        DateTimeOffset since,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var (from, to) = ($"{source}|{since.UtcDateTime:yyyy-MM}", $"{source}}}");
        var (first, end) = ($"{table} ", $"{table}!"); // "!" follows the blank in the order of text.
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {from} and PartitionKey lt {to} and Position ge {first} and Position lt {end}"
        );
        string[] columns = [nameof(RejectRow.Position), nameof(RejectRow.Seen)];
        await foreach (
            var row in tables.QueryIfExistsAsync<RejectRow>(Names.Rejects, filter, cancellationToken, columns)
        )
        {
            yield return (row.Position, row.Seen);
        }
    }

    /// <summary>True if a slice has an open reject of a row of a table.</summary>
    internal async Task<bool> HasFlaggedAsync(Slice slice, string table, CancellationToken cancellationToken)
    {
        var (first, end) = ($"{table} ", $"{table}!");
        var filter =
            $"{OpenOf(slice.Source)} and {OfSlice(slice)} and "
            + TableClient.CreateQueryFilter($"Position ge {first} and Position lt {end}");
        string[] columns = [nameof(RejectRow.Position)];
        await foreach (var _ in tables.QueryIfExistsAsync<RejectRow>(Names.Rejects, filter, cancellationToken, columns))
        {
            return true;
        }
        return false;
    }

    /// <summary>The first open rejects of a source, by their keys; no more are read.</summary>
    public async Task<IReadOnlyList<Finding>> OpenAsync(string source, int most, CancellationToken cancellationToken)
    {
        var found = new List<Finding>();
        if (most <= 0)
            return found;
        await foreach (
            var row in tables.QueryIfExistsAsync<RejectRow>(Names.Rejects, OpenOf(source), cancellationToken)
        )
        {
            found.Add(row.FindingOfSlice);
            if (found.Count == most)
                break;
        }
        return found;
    }

    /// <summary>The open rejects of a source but its dead letters.</summary>
    private static string OpenOf(string source) =>
        $"{OfSource(source, Open)} and {TableClient.CreateQueryFilter($"Kind ne {RejectKind.Message}")}";

    private static string OfSlice(Slice slice) => TableClient.CreateQueryFilter($"Slice eq {slice.Id}");

    /// <summary>The rejects and dead letters of a source in a state.</summary>
    internal static string OfSource(string source, string state) =>
        TableClient.CreateQueryFilter(
            $"PartitionKey ge {source + "|"} and PartitionKey lt {source + "}"} and State eq {state}"
        );
}
