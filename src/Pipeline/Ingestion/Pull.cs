using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 2: gets the body of a slice from its source, stores the body untouched, and sends it on. A body that the tables
/// hold already ends here.
/// </summary>
public sealed class Pull(
    SourceCatalog sources,
    SliceRecords records,
    PullWithoutBody without,
    PullEnding ending,
    NextSteps next,
    Judgement judgement,
    TimeProvider time,
    ILogger<Pull> logger
)
{
    /// <summary>Pulls the slice of a message.</summary>
    public async Task RunAsync(PullMessage message, SliceLease lease)
    {
        var (slice, cancellationToken) = (message.Subject.Slice!, lease.Token);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        if (message.PlannedAt is not null && before.PlannedAt != message.PlannedAt)
        {
            // A copy of a message that was worked on: the queue delivers at least once.
            logger.LogInformation("{Slice}: the plan of {PlannedAt:O} was worked on already", slice, message.PlannedAt);
            await next.RequestRefreshAsync(slice.Source, cancellationToken);
            return;
        }
        var dataset = sources.Of(slice);
        if (!dataset.IsOn)
        {
            logger.LogInformation("{Slice}: the settings have switched off the dataset; nothing is asked for", slice);
            await records.Slices.ApplyAsync(slice, new PlanDropped(message.PlannedAt), cancellationToken);
            await next.RequestRefreshAsync(slice.Source, cancellationToken);
            return;
        }
        var startedAt = time.GetUtcNow();
        var recordedOn = sources.NextRecording(before);
        var context = judgement.Context(slice, recordedOn ?? startedAt);
        var fetching = new FetchContext(slice, before, sources.Client(slice.Source), context, recordedOn);
        using var fetched = await dataset.FetchAsync(fetching, cancellationToken);
        foreach (var note in fetched.Notes)
            logger.LogWarning("{Slice}: {Note}", slice, note);
        var judgedBy = await judgement.HashAsync(slice, context, cancellationToken);
        var parser = await dataset.CreateParserAsync(slice, context, cancellationToken);
        // Listed before the lease is confirmed: a newer body that another worker stores after this one has lost its
        // lease gets a later vintage than this one.
        var bodies = fetched.Body is null ? [] : await records.Bodies.ListAsync(slice, cancellationToken);
        // The storage's time orders bodies, not this worker's clock.
        await lease.ConfirmAsync();
        var outcome = new PullOutcome(message, dataset, parser, fetched)
        {
            JudgedBy = judgedBy,
            StartedAt = startedAt,
            Now = time.GetUtcNow(),
            Bodies = bodies,
            StorageTime = lease.StorageTime,
            RecordedOn = recordedOn,
        };
        switch (fetched.Verdict.Meaning)
        {
            case Meaning.Body:
                await BodyAsync(outcome, cancellationToken);
                break;
            case Meaning.NotModified:
                await ending.SameAsync(outcome, before, cancellationToken);
                break;
            case Meaning.Empty:
                await without.EmptyAsync(outcome, cancellationToken);
                break;
            default:
                await without.FaultAsync(outcome, cancellationToken);
                break;
        }
    }

    private async Task BodyAsync(PullOutcome outcome, CancellationToken cancellationToken)
    {
        var (slice, fetched) = (outcome.Slice, outcome.Result);
        var before = await records.Slices.GetAsync(slice, cancellationToken);
        var newest = outcome.Newest;
        // Not while another body is on its way: then the source has gone back to the loaded body, which is loaded
        // again.
        if (
            before is { Loading: null, Loaded: { } loaded }
            && before.Pending is null
            && loaded.Sha256 == fetched.Sha256
        )
        {
            await SameBodyAsync(outcome, before, loaded, cancellationToken);
            return;
        }
        if (
            before.State == SliceState.Quarantined
            && before.Quarantined?.JudgedBy == outcome.JudgedBy
            && newest?.Sha12 == outcome.Sha12
            && await IsQuarantinedAsync(newest, cancellationToken)
        )
        {
            var again = new SameQuarantined(outcome.Now, outcome.PlannedAt, newest);
            await ending.EndAsync(outcome, RunState.Unchanged, again, before.LastError, "", cancellationToken);
            return;
        }
        // The newest stored body is this one: its run was interrupted and is continued. Otherwise a name of its own,
        // later than all others.
        var name =
            newest?.Sha12 == outcome.Sha12 && !(newest.Vintage < before.Vintage)
                ? newest
                : outcome.NewName(fetched.Request.Extension);
        await ending.StoreAsync(outcome, name, cancellationToken);
        // A run that is continued keeps its row: it may have been begun.
        var run = outcome.Run(name.RunId, name.Vintage) with
        {
            State = RunState.Pulled,
            Notes = string.Join('\n', fetched.Notes),
        };
        await records.Runs.UpdateAsync(run, existing => existing ?? run, cancellationToken);
        await next.SendAsync(new NormalizeMessage(slice.Id, name.Blob), cancellationToken);
        // After the message, so that a crash in between leaves the pull message to be worked on again.
        await records.Slices.ApplyAsync(
            slice,
            new BodyStored(outcome.Now, outcome.PlannedAt, name, fetched.ETag, fetched.LastModified)
            {
                RecordedOn = outcome.RecordedOn,
            },
            cancellationToken
        );
        logger.LogInformation("{Slice}: {Bytes} bytes stored as {Blob}", slice, fetched.Answer!.Length, name.Blob);
    }

    /// <summary>The body is the one that the tables hold.</summary>
    private async Task SameBodyAsync(
        PullOutcome outcome,
        SliceRow before,
        LoadedBody loaded,
        CancellationToken cancellationToken
    )
    {
        var slice = outcome.Slice;
        // The source is back at this body: what was wrong with later answers is over.
        if (before.State != SliceState.Published)
        {
            // A body that adds rows says nothing of the figures of others.
            var parser = outcome.Parser;
            var adds = parser.Scope.Coverage == Coverage.Adds;
            await records.Rejects.CloseAsync(
                slice,
                (runId, finding) =>
                    runId != loaded.Body.RunId && !(adds && RejectBook.IsFigure(parser.Table, finding.Where)),
                cancellationToken
            );
        }
        // A replay has quarantined the body that the tables hold: it is read again until it is believed or replaced.
        if (await IsQuarantinedAsync(loaded.Body, cancellationToken))
        {
            await next.SendAsync(new NormalizeMessage(slice.Id, loaded.Body.Blob, Replay: true), cancellationToken);
            var again = new SameQuarantined(outcome.Now, outcome.PlannedAt, loaded.Body)
            {
                RecordedOn = outcome.RecordedOn,
            };
            await records.Slices.ApplyAsync(slice, again, cancellationToken);
            return;
        }
        // Figures that stood out may be confirmed by what was loaded since.
        if (
            before is { State: SliceState.Published, LastError.Length: > 0 }
            && outcome.Parser is { Figures.Neighbours: not null } flagging
            && await records.Rejects.HasFlaggedAsync(slice, flagging.Table.Name, cancellationToken)
        )
        {
            await next.SendAsync(new NormalizeMessage(slice.Id, loaded.Body.Blob, Replay: true), cancellationToken);
        }
        await ending.SameAsync(outcome, before, cancellationToken);
    }

    /// <summary>
    /// Whether a stored body has been quarantined. The slice does not tell: a process may have ended after it had
    /// stored a newer body and before it sent its message.
    /// </summary>
    private async Task<bool> IsQuarantinedAsync(RawName body, CancellationToken cancellationToken) =>
        await records.Runs.GetAsync(RunRow.Of(body), cancellationToken) is { State: RunState.Quarantined };
}
