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
    PlannedSlices planned,
    Digest digest,
    TimeProvider time,
    ILogger<Plan> logger
)
{
    private const int Parallelism = 8;

    /// <summary>Plans a source.</summary>
    /// <returns>The slices that were sent.</returns>
    public async Task<IReadOnlyList<Slice>> RunAsync(string sourceName, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await queues.EnsureAsync();
        var (all, due) = await ReadAsync(sourceName, now, cancellationToken);
        // In order, so many at a time, and on no thread of their own.
        foreach (var some in due.Chunk(Parallelism))
        {
            await Task.WhenAll(
                some.Select(slice => queues.SendAsync(new PullMessage(slice.Id, now), cancellationToken))
            );
        }

        planned.Add(sourceName, due, now);
        if (due.Count == 0)
            await digest.RequestAsync(sourceName, cancellationToken);
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
            known.TryGetValue(slice, out var row) && row.State == SliceState.Narrowed
                ? WithNarrower(source, source.Narrow(slice), known).Prepend(slice)
                : [slice]
        );

    /// <summary>Never pulled; or left half done by a process that ended; or its date has come.</summary>
    private static bool IsDue(SliceRow? row, DateTimeOffset now) =>
        row is null || !SliceState.AtRest(row.State) || row.NextDue <= now;
}

/// <summary>The slices that this process has planned, for the process that waits for them.</summary>
public sealed class PlannedSlices
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Dictionary<Slice, DateTimeOffset>> sources = new(StringComparer.Ordinal);
    private readonly HashSet<Slice> givenUp = [];

    /// <summary>Per source that was planned: its slices, none when nothing was due.</summary>
    public IReadOnlyDictionary<string, IReadOnlyCollection<Slice>> BySource
    {
        get
        {
            lock (gate)
            {
                return sources.ToDictionary(
                    pair => pair.Key,
                    IReadOnlyCollection<Slice> (pair) => [.. pair.Value.Keys],
                    StringComparer.Ordinal
                );
            }
        }
    }

    internal void Add(string source, IEnumerable<Slice> slices, DateTimeOffset at)
    {
        lock (gate)
        {
            if (!sources.TryGetValue(source, out var set))
                sources.Add(source, set = []);
            foreach (var slice in slices)
            {
                set[slice] = at;
                givenUp.Remove(slice);
            }
        }
    }

    /// <summary>A message of the slice failed too often: it is not waited for until it is planned again.</summary>
    internal void GiveUp(Slice slice)
    {
        lock (gate)
            givenUp.Add(slice);
    }

    /// <summary>
    /// Whether any slice that was planned here has not been pulled since. After a while it is not waited for
    /// any more: its message may be lost to another process.
    /// </summary>
    internal bool HasPending(string source, IReadOnlyList<SliceRow> rows)
    {
        lock (gate)
        {
            if (!sources.TryGetValue(source, out var set))
                return false;
            var pulled = rows.ToDictionary(row => row.Slice, row => row.LastPulled);
            var newest = rows.Max(row => row.LastPulled);
            return set.Any(pair =>
                !givenUp.Contains(pair.Key)
                && pulled.GetValueOrDefault(pair.Key, SliceRow.Never) < pair.Value
                && newest < pair.Value + Patience
            );
        }
    }
}
