using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 1: decides which slices of a source are due, from the slice table and the source's revision policy, and sends a
/// pull message for each. If none is due, it asks for what depends on the source to be brought up to date. Planning
/// twice, late or never does no harm.
/// </summary>
public sealed class Plan(
    SourceCatalog sources,
    SliceBook slices,
    StepQueues queues,
    NextSteps next,
    TimeProvider time,
    ILogger<Plan> logger
)
{
    /// <summary>Plans a source.</summary>
    /// <returns>The slices that were sent.</returns>
    public async Task<IReadOnlyList<Slice>> RunAsync(string sourceName, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await queues.EnsureAsync();
        var (all, due, unrestored) = await ReadAsync(sourceName, now, cancellationToken);
        foreach (var slice in unrestored)
            await queues.SendAsync(new ReloadNewestMessage(slice.Id), cancellationToken);
        await next.PullAsync(sourceName, due, now, cancellationToken);
        if (due.Count == 0)
            await next.RequestRefreshAsync(sourceName, cancellationToken);
        logger.LogInformation("{Source}: {Due} of {All} slices are due", sourceName, due.Count, all);
        return due;
    }

    /// <summary>The slices of a source that a plan would send at this moment.</summary>
    public async Task<IReadOnlyList<Slice>> ListDueAsync(string sourceName, CancellationToken cancellationToken) =>
        (await ReadAsync(sourceName, time.GetUtcNow(), cancellationToken)).Due;

    /// <summary>
    /// How many slices there are, those that are due, and those whose loaded rows were to be loaded again by a message
    /// that was given up: whatever the source sends, they are.
    /// </summary>
    private async Task<(int All, IReadOnlyList<Slice> Due, IReadOnlyList<Slice> Unrestored)> ReadAsync(
        string sourceName,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var known = (await slices.ListAsync(sourceName, cancellationToken)).ToDictionary(row => row.Slice);
        var all = sources.GetSlices(sourceName, known, now).ToList();
        return (
            all.Count,
            [.. all.Where(slice => IsDue(known.GetValueOrDefault(slice), now))],
            [
                .. known
                    .Values.Where(row =>
                        row is { State: SliceState.StepFailed, Loading: { } begun } && begun == row.Loaded?.Body
                    )
                    .Select(row => row.Slice),
            ]
        );
    }

    /// <summary>Never pulled; or left half done by a process that ended; or its date has come.</summary>
    private static bool IsDue(SliceRow? row, DateTimeOffset now) =>
        row is null or { NextDue: null } or { PlannedAt: not null } || !row.State.IsAtRest() || row.NextDue <= now;
}
