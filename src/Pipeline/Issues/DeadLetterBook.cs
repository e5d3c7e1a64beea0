using System.IO.Hashing;
using System.Text;
using Azure.Data.Tables;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>
/// The rows of <c>rejects</c> that are messages: what the host gave up after <see cref="Names.MaxAttempts"/> attempts,
/// with the last error. The host's own copy expires after seven days; this one stays.
/// </summary>
public sealed class DeadLetterBook(TableSet tables, SliceBook slices, RunBook runs, TimeProvider time)
{
    /// <summary>The position of a reject that is a message, before the name of its queue.</summary>
    private const string Position = "message";

    /// <summary>What is said when only the host's copy of a message is left.</summary>
    public const string NoError = "no error: the process ended during the last attempt, or the storage did not answer";

    /// <summary>A message of a step is far below; a cell takes twice as much.</summary>
    private const int MessageLimit = 16_000;

    /// <summary>Keeps a message.</summary>
    /// <param name="letter">The message.</param>
    /// <param name="isReplayable">Whether there is a way to have done what it asks for.</param>
    /// <param name="arrived">When the host put it aside, UTC. Of a message that no step understands, its place in the
    /// table follows from it.</param>
    /// <param name="error">Why its last attempt failed; null when that is not known. Then what was known before
    /// stays.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The row as a message.</returns>
    public async Task<Finding> PutAsync(
        DeadLetter letter,
        bool isReplayable,
        DateTimeOffset arrived,
        string? error,
        CancellationToken cancellationToken
    )
    {
        var row = Row(letter, isReplayable, arrived, error ?? letter.Fault ?? NoError);
        var table = await tables.OpenAsync(Names.Rejects);
        await RowUpdate.ApplyAsync<RejectRow>(
            table,
            row.PartitionKey,
            row.RowKey,
            before =>
            {
                if (error is null && before?.State == RejectBook.Open)
                    row = row with { Seen = before.Seen };
                return row;
            },
            cancellationToken
        );
        return row.FindingOfSlice;
    }

    /// <summary>The open dead letters of a source, or of all and of none.</summary>
    /// <param name="source">The source; null for every dead letter there is.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public Task<IReadOnlyList<OpenLetter>> OpenAsync(string? source, CancellationToken cancellationToken) =>
        OpenAsync(source, int.MaxValue, cancellationToken);

    /// <summary>The first open dead letters, by their keys; no more are read.</summary>
    public async Task<IReadOnlyList<OpenLetter>> OpenAsync(
        string? source,
        int most,
        CancellationToken cancellationToken
    ) =>
        most <= 0
            ? []
            :
            [
                .. (await RowsAsync(source, most, cancellationToken)).Select(row => new OpenLetter(
                    Read(row),
                    row.FindingOfSlice,
                    row.KeptAt
                )),
            ];

    /// <summary>Marks as replayed what has been done since, by whatever message: the slices and runs say so.</summary>
    /// <param name="source">The source.</param>
    /// <param name="isRefreshed">Whether what depends on the source as a whole is up to date.</param>
    /// <param name="cancellationToken">Stops the call; the next one goes on.</param>
    public async Task SettleAsync(string source, bool isRefreshed, CancellationToken cancellationToken)
    {
        foreach (var row in await RowsAsync(source, int.MaxValue, cancellationToken))
        {
            if (!await IsOverAsync(Read(row), row.KeptAt, isRefreshed, cancellationToken))
                continue;
            var table = await tables.OpenAsync(Names.Rejects);
            // Under its ETag: it may have failed once more in the meantime.
            await RowUpdate.ApplyAsync<RejectRow>(
                table,
                row.PartitionKey,
                row.RowKey,
                now => now?.ETag == row.ETag ? now with { State = RejectBook.Replayed } : null,
                cancellationToken
            );
        }
    }

    private async Task<bool> IsOverAsync(
        DeadLetter letter,
        DateTimeOffset keptAt,
        bool isRefreshed,
        CancellationToken cancellationToken
    )
    {
        if (letter.Message is RefreshSourceMessage)
            return isRefreshed;
        if (letter is not { Fault: null, Slice: { } slice })
            return false;
        var row = await slices.GetAsync(slice, cancellationToken);
        if (letter.Message is PullMessage)
        {
            return row.State is not (SliceState.PullFailed or SliceState.Missing or SliceState.StepFailed)
                && row.LastPulled >= (letter.PlannedAt ?? keptAt);
        }
        // A reload that was given up has failed its slice, until the rows are restored or a body is loaded over them.
        if (letter.Message is ReloadNewestMessage)
            return row is { Loading: null, State: not SliceState.StepFailed } && row.State.IsAtRest();
        if (letter.Raw is not { } raw)
            return false;
        var run = await runs.GetAsync(RunRow.Of(raw), cancellationToken);
        // A run that is loaded only has not ended: the message that goes on with it may not have been sent. A run that
        // is read or compared again had ended before.
        var endedBefore = letter.IsRequest || letter.Message is CompleteRunMessage;
        if (run?.State is not (RunState.Done or RunState.Quarantined or RunState.Superseded))
            return false;
        // A newer body has taken its place: nothing is left to do for it.
        if (row.Vintage > raw.Vintage)
            return true;
        // What an operator accepted is still refused: the request was not carried out.
        if (letter.Message is NormalizeMessage { AcceptId: not null } && row.State == SliceState.Quarantined)
            return false;
        return (!endedBefore || run.EndedAt > keptAt)
            && (row.Vintage != raw.Vintage || (row.State.IsAtRest() && row.State != SliceState.StepFailed));
    }

    private async Task<List<RejectRow>> RowsAsync(string? source, int most, CancellationToken cancellationToken)
    {
        var open = source is null
            ? TableClient.CreateQueryFilter($"State eq {RejectBook.Open}")
            : RejectBook.OfSource(source, RejectBook.Open);
        var filter = $"{open} and {TableClient.CreateQueryFilter($"Kind eq {RejectKind.Message}")}";
        var rows = new List<RejectRow>();
        await foreach (var row in tables.QueryIfExistsAsync<RejectRow>(Names.Rejects, filter, cancellationToken))
        {
            rows.Add(row);
            if (rows.Count == most)
                break;
        }
        return rows;
    }

    private RejectRow Row(DeadLetter letter, bool isReplayable, DateTimeOffset arrived, string error)
    {
        var source = letter.Source;
        var at = letter.Fault is not null ? arrived : letter.Raw?.Vintage ?? letter.PlannedAt ?? default;
        // Of what is not understood the body alone tells one message from another.
        var runId = letter.Raw?.RunId
            ?? RawName.RunIdOf(
                letter is { Fault: null, Slice: { } slice }
                    ? slice
                    : new Slice(
                        source,
                        letter.Queue,
                        letter.Fault is null
                            ? "source"
                            : $"{XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(letter.Body)):x16}"
                    ),
                at
            );
        // Several wishes of one body are as many messages.
        var position = $"{Position} {letter.Queue}";
        var key = (
            Partition: $"{source}|{at.UtcDateTime:yyyy-MM}",
            Row: RejectRow.KeyOf(runId, position) + letter.Wish
        );
        var finding = new Finding(
            position,
            error,
            $"processing to succeed within {Names.MaxAttempts} attempts",
            (isReplayable, letter.Message) switch
            {
                (true, RefreshSourceMessage) => "correct the cause; the next plan of the source asks again",
                (true, _) => $"correct the cause, then replay the slice: POST /api/replay/{letter.Slice}, or --replay "
                    + $"{letter.Slice}",
                _ => "the message is malformed; find its origin, then set its State to replayed: " + CloseCommand(key),
            }
        );
        return new RejectRow
        {
            PartitionKey = key.Partition,
            RowKey = key.Row,
            Kind = RejectKind.Message,
            Slice = letter.Slice?.Id ?? "",
            RawBlob = letter.Raw?.Blob ?? "",
            Finding = finding,
            Step = letter.Step,
            Message = CellText.Cut(letter.Body, MessageLimit),
            KeptAt = time.GetUtcNow(),
        };
    }

    /// <summary>The command that closes a row by hand.</summary>
    private static string CloseCommand((string Partition, string Row) key) =>
        $"az storage entity merge --connection-string \"$PipelineStorage\" -t {Names.Rejects} "
        + $"-e PartitionKey='{key.Partition}' RowKey='{key.Row}' State={RejectBook.Replayed}";

    /// <summary>
    /// The message of a row. What was too long for its cell is not understood any more, but for its slice.
    /// </summary>
    private static DeadLetter Read(RejectRow row)
    {
        var letter = DeadLetter.Read(row.Position[(Position.Length + 1)..], row.Message);
        return letter.Slice is null && Slice.TryParse(row.Slice, out var slice)
            ? letter with
            {
                Slice = slice,
            }
            : letter;
    }
}

/// <summary>A dead letter that is still open.</summary>
/// <param name="Letter">The message.</param>
/// <param name="Finding">What went wrong and what to do.</param>
/// <param name="KeptAt">When it was kept, UTC.</param>
public sealed record OpenLetter(DeadLetter Letter, Finding Finding, DateTimeOffset KeptAt);
