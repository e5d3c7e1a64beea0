using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Step 1: decides which slices of a source are due, from the slice table and the source's revision policy, and sends a
/// pull message for each. It does nothing else, so that planning twice, late or never does no harm.
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
        var (all, due) = await ReadAsync(sourceName, now, cancellationToken);
        await next.PullAsync(sourceName, due, now, cancellationToken);
        if (due.Count == 0)
            await next.RequestRefreshAsync(sourceName, cancellationToken);
        logger.LogInformation("{Source}: {Due} of {All} slices are due", sourceName, due.Count, all);
        return due;
    }

    /// <summary>The slices of a source that a plan would send at this moment.</summary>
    public async Task<IReadOnlyList<Slice>> ListDueAsync(string sourceName, CancellationToken cancellationToken) =>
        (await ReadAsync(sourceName, time.GetUtcNow(), cancellationToken)).Due;

    private async Task<(int All, IReadOnlyList<Slice> Due)> ReadAsync(
        string sourceName,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var source = sources[sourceName];
        var known = (await slices.ListAsync(sourceName, cancellationToken)).ToDictionary(row => row.Slice);
        var all = Slices(source, known, now).Where(sources.CanAnswer).ToList();
        return (all.Count, [.. all.Where(slice => IsDue(known.GetValueOrDefault(slice), now))]);
    }

    /// <summary>The slices of a source, and those that it was once asked for instead of one that is too big.</summary>
    public static IEnumerable<Slice> Slices(ISource source, Dictionary<Slice, SliceRow> known, DateTimeOffset now) =>
        WithNarrower(source, source.Slices(now), known);

    private static IEnumerable<Slice> WithNarrower(
        ISource source,
        IEnumerable<Slice> slices,
        Dictionary<Slice, SliceRow> known
    ) =>
        slices.SelectMany(slice =>
            known.TryGetValue(slice, out var row) && row.State == SliceState.Split
                ? WithNarrower(source, source.Narrow(slice), known).Prepend(slice)
                : [slice]
        );

    /// <summary>Never pulled; or left half done by a process that ended; or its date has come.</summary>
    private static bool IsDue(SliceRow? row, DateTimeOffset now) =>
        row is null or { NextDue: null } or { PlannedAt: not null } || !row.State.IsAtRest() || row.NextDue <= now;
}
