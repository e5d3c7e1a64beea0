using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 4: brings up to date what depends on a loaded body (cross-checks, the description of the dataset) and completes
/// its run; when its source has come to rest, what depends on the source as a whole (<see cref="Digest"/>). The run row
/// with state <c>done</c> is the commit point.
/// </summary>
public sealed class Publish(
    SourceCatalog sources,
    SliceRecords records,
    DatasetBook datasets,
    SliceComparison comparison,
    NextSteps next,
    TimeProvider time,
    ILogger<Publish> logger
)
{
    /// <summary>
    /// How long a cross-check waits for the slices it compares with: this often <see cref="WaitStep"/>, then
    /// it takes what is there.
    /// </summary>
    private const int MaxWaits = 80;

    private static readonly TimeSpan WaitStep = TimeSpan.FromSeconds(1);

    /// <summary>Publishes the body of a message.</summary>
    public async Task RunAsync(PublishMessage message, CancellationToken cancellationToken)
    {
        var slice = Messages.SliceOf(message.Slice, Names.PublishQueue);
        if (message.RawBlob is { Length: 0 })
        {
            await next.DigestAsync(slice.Source, cancellationToken);
            return;
        }
        var name = Messages.BodyOf(message.RawBlob, slice, Names.PublishQueue);
        var source = sources[slice.Source];
        var row = await records.Slices.GetAsync(slice, cancellationToken);
        var key = new RunRow(name.RunId, slice, name.Vintage) { StartedAt = time.GetUtcNow() };
        var run = await records.Runs.GetAsync(key, cancellationToken);
        // The run may be open although the slice went on: another pull has begun, or a late copy of a message was at
        // work.
        var loaded = row.Vintage == name.Vintage && row.Sha256.StartsWith(name.Sha12, StringComparison.Ordinal);
        if (loaded && message.Again)
        {
            await comparison.RunAsync(name, run ?? key, null, cancellationToken);
            return;
        }
        if (!loaded || (row.State != SliceState.Merged && run?.State == SliceState.Done))
        {
            // A newer body was claimed while this one was read once more: no other process will end its run.
            if (row.Vintage > name.Vintage)
            {
                await records.Runs.UpdateAsync(
                    key,
                    now =>
                        now?.State == SliceState.Merged
                            ? now with
                            {
                                State = RunState.Superseded,
                                EndedAt = time.GetUtcNow(),
                            }
                            : null,
                    cancellationToken
                );
            }

            logger.LogInformation("{Slice}: {Blob} is published already or superseded", slice, name.Blob);
            await next.RequestDigestAsync(slice.Source, cancellationToken);
            return;
        }
        if (
            message.Waited < MaxWaits
            && source.ComparedWith(slice).Count > 0
            && await AreUnderWayAsync(source, slice, cancellationToken)
        )
        {
            await next.PublishAsync(message with { Waited = message.Waited + 1 }, WaitStep, cancellationToken);
            return;
        }
        var differences = await comparison.RunAsync(
            name,
            key with
            {
                Step = nameof(Publish),
            },
            message.Accept ? message.SpokenAt : null,
            cancellationToken
        );
        foreach (var difference in differences)
            logger.LogInformation("{Slice}: {Difference}", slice, difference);
        await datasets.PutAsync(source, slice.Dataset, name.Vintage, cancellationToken);
        // Before the run is done: after that no message would ask again.
        if (row.LastChanged >= name.Vintage)
            await comparison.RequestAsync(slice, cancellationToken);
        await records.Runs.UpdateAsync(
            key,
            now =>
                // A replay has refused the body since: that stands until it is read again.
                now?.State == SliceState.Refused
                    ? null
                    : (now ?? key) with
                    {
                        Step = nameof(Publish),
                        State = SliceState.Done,
                        EndedAt = time.GetUtcNow(),
                        Error = Notes(now, differences),
                    },
            cancellationToken
        );
        await records.Slices.UpdateAsync(
            slice,
            now =>
                now.Vintage == name.Vintage && now.State == SliceState.Merged
                    ? now with
                    {
                        State = SliceState.Done,
                    }
                    : null,
            cancellationToken
        );
        await next.RequestDigestAsync(slice.Source, cancellationToken);
    }

    /// <summary>
    /// What the pull noted, and what the comparison found; each line once, so that publishing again changes
    /// nothing.
    /// </summary>
    private static string Notes(RunRow? run, IReadOnlyList<string> differences) =>
        string.Join('\n', (run?.Error ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Union(differences));

    /// <summary>
    /// Whether what a slice is compared with is still to be pulled for the first time, or on its way.
    /// </summary>
    private async Task<bool> AreUnderWayAsync(ISource source, Slice compared, CancellationToken cancellationToken)
    {
        var pulled = (await records.Slices.ListAsync(source.Name, cancellationToken)).ToDictionary(
            row => row.Slice,
            row => row.State
        );
        return source
            .Slices(time.GetUtcNow())
            .Where(slice => source.IsComparedWith(compared, slice) && sources.CanAnswer(slice))
            .Any(slice =>
                !pulled.TryGetValue(slice, out var state) || !(SliceState.AtRest(state) || state == SliceState.Merged)
            );
    }
}
