using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>What a restoring did.</summary>
/// <param name="Source">The source.</param>
/// <param name="Slices">Slices that have stored bodies.</param>
/// <param name="Loaded">Bodies that were read into the tables.</param>
/// <param name="Left">Bodies that were left alone: refused or never meant for the tables, or older than what a slice
/// holds already.</param>
public sealed record Restored(string Source, int Slices, int Loaded, int Left);

/// <summary>
/// Makes lost tables again from the stored bodies. Of each slice every body that the tables once held is read, the
/// oldest first, one after the other: what only an older body has comes back too, and so does <c>history</c>.
/// </summary>
/// <remarks>
/// A body that was refused is not read: it must not replace what was good. Where the ledger of runs is lost as well,
/// all bodies are read and the steps refuse by themselves what they refused before. Doing it again goes on where it was
/// stopped. Nothing else may load bodies of the source meanwhile: what is older than a slice's newest is never loaded.
/// </remarks>
public sealed class Restore(
    SourceCatalog sources,
    SliceRecords records,
    TableSet tables,
    SliceLeases leases,
    Normalize normalize,
    CompleteRun complete,
    ILogger<Restore> logger
)
{
    /// <summary>A worker that has died holds its lease for that long at most.</summary>
    private static readonly TimeSpan Patience = SliceLeases.Duration + TimeSpan.FromSeconds(5);

    /// <summary>Restores the tables of a source from its stored bodies.</summary>
    /// <exception cref="KeyNotFoundException">There is no such source; the message names those there are.</exception>
    public async Task<Restored> RunAsync(string source, CancellationToken cancellationToken)
    {
        var name = sources[source].Name;
        tables.Forget();
        var done = new Restored(name, 0, 0, 0);
        foreach (var bodies in (await records.Bodies.ListAsync(name, cancellationToken)).GroupBy(body => body.Slice))
        {
            var (meant, isKnown) = await MeantAsync([.. bodies], cancellationToken);
            var (lease, refusedAt) = await leases.TakeAsync(bodies.Key.Id, Patience, cancellationToken);
            if (lease is null)
            {
                throw new InvalidOperationException(
                    $"restore of {name}: seen a worker at {bodies.Key} at {refusedAt:O}, expected none; stop the plans "
                        + "of the source, wait until its slices are at rest, then restore again: it goes on where it "
                        + "was"
                );
            }
            var loaded = await LoadAsync(meant, isKnown, lease);
            done = done with
            {
                Slices = done.Slices + 1,
                Loaded = done.Loaded + loaded,
                Left = done.Left + bodies.Count() - loaded,
            };
        }
        logger.LogInformation(
            "{Source}: restored {Loaded} bodies of {Slices} slices, {Left} left alone",
            name,
            done.Loaded,
            done.Slices,
            done.Left
        );
        return done;
    }

    /// <summary>Reads the bodies of a slice into the tables, and gives the lease back.</summary>
    /// <returns>How many were read.</returns>
    private async Task<int> LoadAsync(IReadOnlyList<RawName> bodies, bool wereLoaded, SliceLease lease)
    {
        await using var held = lease;
        // Ends with this method.
        lease.Guard();
        var loaded = 0;
        foreach (var body in bodies)
        {
            if (await LoadAsync(body, wereLoaded, lease))
                loaded++;
        }
        return loaded;
    }

    /// <summary>
    /// The bodies that the tables once held, oldest first; all when no run of the slice is known any more.
    /// </summary>
    private async Task<(IReadOnlyList<RawName> Bodies, bool IsKnown)> MeantAsync(
        IReadOnlyList<RawName> bodies,
        CancellationToken cancellationToken
    )
    {
        var known = new List<(RawName Body, RunRow? Run)>();
        foreach (var body in bodies)
        {
            known.Add((body, await records.Runs.GetAsync(RunRow.Of(body), cancellationToken)));
        }
        var isKnown = known.Any(pair => pair.Run is not null);
        return ([.. known.Where(pair => !isKnown || WasRead(pair.Run)).Select(pair => pair.Body)], isKnown);
    }

    /// <summary>
    /// Whether rows of the body were written. One that a newer body overtook may have been loaded before.
    /// </summary>
    private static bool WasRead(RunRow? run) =>
        run
            is { LoadedAt: not null }
                or { State: RunState.Done or RunState.Loaded or RunState.Loading }
                or { State: RunState.Superseded, Step: not nameof(Pull) };

    /// <summary>
    /// Reads a body into the tables; false when the slice holds it, or a newer one, or it was refused.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="wasLoaded">Whether the tables held it once, so that it may lack rows of the one before, as it did
    /// then.</param>
    /// <param name="lease">The lease of its slice.</param>
    private async Task<bool> LoadAsync(RawName body, bool wasLoaded, SliceLease lease)
    {
        var before = await records.Slices.GetAsync(body.Slice, lease.Token);
        if (before.Vintage > body.Vintage || (Holds(before) && before.State != SliceState.Loaded))
            return false;
        if (!Holds(before))
            await normalize.RestoreAsync(body, wasLoaded, lease);
        if (!Holds(await records.Slices.GetAsync(body.Slice, lease.Token)))
            return false;
        // At once, without waiting for other slices: the next body would find its run unfinished.
        await complete.CompleteAsync(body, acceptId: null, lease.Token);
        return true;

        bool Holds(SliceRow row) => row.Loading is null && row.Loaded?.Body == body;
    }
}
