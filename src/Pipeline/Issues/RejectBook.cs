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
        await WriteAsync(run, rawBlob, findings, Accepted, cancellationToken);
    }

    /// <summary>What an operator has said is right.</summary>
    /// <param name="Finding">The place and the value.</param>
    /// <param name="RawBlob">The body that it was said of.</param>
    public sealed record AcceptedFinding(Finding Finding, string RawBlob);

    /// <summary>What an operator has said is right of a slice.</summary>
    public async Task<IReadOnlyList<AcceptedFinding>> AcceptedAsync(Slice slice, CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {slice.Source + "|"} and PartitionKey lt {slice.Source + "}"} and State eq {Accepted} and Slice eq {slice.Id}"
        );
        var found = new List<AcceptedFinding>();
        await foreach (var row in tables.QueryIfExistsAsync<TableEntity>(Names.Rejects, filter, cancellationToken))
        {
            found.Add(new AcceptedFinding(FindingOf(row), row.GetString("RawBlob")));
        }
        return found;
    }

    /// <summary>A reject of a run.</summary>
    /// <param name="Finding">The place, the value and what was expected.</param>
    /// <param name="State"><see cref="Open"/> or <see cref="Accepted"/>.</param>
    /// <param name="KeptAt">Since when it is shown, UTC.</param>
    public sealed record RunReject(Finding Finding, string State, DateTimeOffset KeptAt);

    /// <summary>What the table shows of a run: its open and its accepted rejects.</summary>
    public async Task<IReadOnlyList<RunReject>> OfRunAsync(RunRow run, CancellationToken cancellationToken)
    {
        var shown = new List<RunReject>();
        await foreach (var row in tables.QueryIfExistsAsync<TableEntity>(Names.Rejects, OfRun(run), cancellationToken))
        {
            shown.Add(new RunReject(FindingOf(row), row.GetString("State"), KeptAt(row)));
        }
        return shown;
    }

    /// <summary>What tells findings apart, as the table holds it.</summary>
    internal static (string Where, string Seen, string Expected) Key(Finding finding) =>
        (finding.Where, CellText.Cut(finding.Seen), CellText.Cut(finding.Expected));

    /// <summary>
    /// What an accepted figure is remembered by: what it was held against changes with every vintage.
    /// </summary>
    internal static (string Where, string Seen) FigureKey(Finding finding) =>
        (finding.Where, CellText.Cut(finding.Seen));

    private static Finding FindingOf(TableEntity row) =>
        new(row.GetString("Position"), row.GetString("Seen"), row.GetString("Expected"), row.GetString("Advice"));

    private static string OfRun(RunRow run)
    {
        var (from, to) = (run.RunId + "|", run.RunId + "}");
        return TableClient.CreateQueryFilter(
            $"PartitionKey eq {run.PartitionKey} and RowKey ge {from} and RowKey lt {to} and State ne {Replayed}"
        );
    }

    private static DateTimeOffset KeptAt(TableEntity row) => row.GetDateTimeOffset("KeptAt") ?? default;

    /// <summary>Writes rejects of a run; writing them again replaces them.</summary>
    public async Task PutAsync(
        RunRow run,
        string rawBlob,
        IEnumerable<Finding> findings,
        CancellationToken cancellationToken
    )
    {
        var all = findings.ToList();
        if (all.Count > 0)
            await WriteAsync(run, rawBlob, all, Open, cancellationToken);
    }

    private async Task WriteAsync(
        RunRow run,
        string rawBlob,
        IReadOnlyCollection<Finding> findings,
        string state,
        CancellationToken cancellationToken
    )
    {
        var table = await tables.OpenAsync(Names.Rejects);
        var before = new List<TableEntity>();
        await foreach (
            var row in table.QueryAsync<TableEntity>(
                OfRun(run),
                select: ["RowKey", "Position", "Seen", "Expected", "Advice", "State", "KeptAt"],
                cancellationToken: cancellationToken
            )
        )
        {
            before.Add(row);
        }
        // A word is not taken back: what was accepted and is found again is a second row.
        var same = before
            .Where(row => state == Accepted || row.GetString("State") == Open)
            .OrderBy(row => row.GetString("State") == Open)
            .GroupBy(row => Key(FindingOf(row)))
            .ToDictionary(row => row.Key, row => row.Last());
        var taken = before.Select(row => row.RowKey).ToHashSet(StringComparer.Ordinal);
        var rows = new List<TableEntity>();
        foreach (var finding in findings.DistinctBy(Key))
        {
            var row = Row(run.PartitionKey, run.RunId, run.Slice.Id, rawBlob, finding, run.Step, "", time.GetUtcNow());
            row["State"] = state;
            if (same.TryGetValue(Key(finding), out var shown))
            {
                // Shown since then: an operator's word that is on its way is about it.
                (row.RowKey, row["KeptAt"]) = (shown.RowKey, KeptAt(shown));
            }
            // Two findings about one place are two rows.
            while (shown is null && !taken.Add(row.RowKey))
            {
                var value = Encoding.UTF8.GetBytes($"{row.GetString("Seen")}\n{row.GetString("Expected")}");
                row.RowKey += $"|{Convert.ToHexStringLower(XxHash64.Hash(value))}";
            }
            rows.Add(row);
        }
        foreach (var batch in rows.Chunk(100))
        {
            await table.SubmitTransactionAsync(
                batch.Select(entity => new TableTransactionAction(TableTransactionActionType.UpsertReplace, entity)),
                cancellationToken
            );
        }
    }

    /// <summary>Whether the place of a reject is a figure of a fact table, not a row or a part of a body.</summary>
    internal static bool IsFigure(FactTable table, string place) =>
        place.StartsWith($"{table.Name} ", StringComparison.Ordinal);

    /// <summary>A row of the table, with every column.</summary>
    internal static TableEntity Row(
        string partition,
        string runId,
        string slice,
        string rawBlob,
        Finding finding,
        string step,
        string message,
        DateTimeOffset keptAt
    ) =>
        new(partition, $"{runId}|{Keys.Clean(finding.Where)}")
        {
            ["Slice"] = slice,
            ["RawBlob"] = rawBlob,
            ["Position"] = finding.Where,
            ["Seen"] = CellText.Cut(finding.Seen),
            ["Expected"] = CellText.Cut(finding.Expected),
            ["Advice"] = CellText.Cut(finding.Advice),
            ["State"] = Open,
            ["Step"] = step,
            ["Message"] = message,
            ["KeptAt"] = keptAt,
        };

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
        var filter = $"{OfSource(slice.Source)} and {TableClient.CreateQueryFilter($"Slice eq {slice.Id}")}";
        await foreach (var entity in table.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken))
        {
            if (DeadLetterBook.IsOne(entity) || !isOver(entity.RowKey.Split('|')[0], FindingOf(entity)))
                continue;

            entity["State"] = Replayed;
            try
            {
                await table.UpdateEntityAsync(entity, entity.ETag, TableUpdateMode.Replace, cancellationToken);
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

    /// <summary>An open reject as it stands in the table.</summary>
    public sealed record OpenReject(string Slice, Finding Finding, DateTimeOffset KeptAt);

    /// <summary>All open rejects of a source but its dead letters.</summary>
    public async IAsyncEnumerable<OpenReject> ReadOpenAsync(
        string source,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        string[] columns = ["Slice", "Position", "Seen", "Expected", "Advice", "KeptAt", "Message"];
        await foreach (
            var row in tables.QueryIfExistsAsync<TableEntity>(
                Names.Rejects,
                OfSource(source),
                cancellationToken,
                columns
            )
        )
        {
            if (!DeadLetterBook.IsOne(row))
            {
                yield return new OpenReject(row.GetString("Slice"), FindingOf(row), KeptAt(row));
            }
        }
    }

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
        string[] columns = ["Position", "Seen"];
        await foreach (
            var row in tables.QueryIfExistsAsync<TableEntity>(Names.Rejects, filter, cancellationToken, columns)
        )
        {
            yield return (row.GetString("Position"), row.GetString("Seen"));
        }
    }

    /// <summary>True if a slice has an open reject of a row of a table.</summary>
    internal async Task<bool> HasFlaggedAsync(Slice slice, string table, CancellationToken cancellationToken)
    {
        var (first, end) = ($"{table} ", $"{table}!");
        var filter =
            $"{OfSource(slice.Source)} and "
            + TableClient.CreateQueryFilter($"Slice eq {slice.Id} and Position ge {first} and Position lt {end}");
        await foreach (
            var _ in tables.QueryIfExistsAsync<TableEntity>(Names.Rejects, filter, cancellationToken, ["Position"])
        )
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
            var entity in tables.QueryIfExistsAsync<TableEntity>(Names.Rejects, OfSource(source), cancellationToken)
        )
        {
            if (DeadLetterBook.IsOne(entity))
                continue;
            found.Add(
                new Finding(
                    $"{entity.GetString("Slice")} {entity.GetString("Position")}",
                    entity.GetString("Seen"),
                    entity.GetString("Expected"),
                    entity.GetString("Advice")
                )
            );
            if (found.Count == most)
                break;
        }
        return found;
    }

    internal static string OfSource(string source) =>
        TableClient.CreateQueryFilter(
            $"PartitionKey ge {source + "|"} and PartitionKey lt {source + "}"} and State eq {Open}"
        );
}
