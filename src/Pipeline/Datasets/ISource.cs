using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>
/// A publisher of figures, seen in the order data flows: which slices there are, how one is asked for, what an answer
/// means, how its body is read, and what can be checked once it is in the tables.
/// </summary>
public interface ISource
{
    /// <summary>The name in slices, blob names and tables; lower-case letters, digits and hyphens.</summary>
    string Name { get; }

    /// <summary>The datasets it publishes, as the settings ask for them.</summary>
    IReadOnlyList<Dataset> Datasets { get; }

    /// <summary>How its server wants to be treated.</summary>
    Courtesy Courtesy { get; }

    /// <summary>The slices that exist at a moment, in the order they are best pulled.</summary>
    IEnumerable<Slice> Slices(DateTimeOffset now);

    /// <summary>When a slice should be asked for again.</summary>
    /// <param name="slice">The slice that has just ended.</param>
    /// <param name="newest">The newest period its body held, as <c>yyyy-MM</c>; null when it held none.</param>
    /// <param name="now">The present moment.</param>
    /// <returns>The moment, UTC; null for every plan.</returns>
    DateTimeOffset? NextDue(Slice slice, string? newest, DateTimeOffset now);

    /// <summary>The request of a slice; of several, the first choice.</summary>
    SourceRequest Request(Slice slice);

    /// <summary>
    /// What an answer to that request means, from its status, headers and the beginning and end of its
    /// body.
    /// </summary>
    Verdict Judge(Slice slice, Answer answer);

    /// <summary>
    /// Gets the body of a slice: by default with its one request. A source that asks first whether there is anything
    /// new, that has a second way, or that gets its body in parts says here how.
    /// </summary>
    Task<Fetched> FetchAsync(Fetching fetching, CancellationToken cancellationToken) =>
        fetching.SendConditionalAsync(
            Request(fetching.Slice),
            answer => Judge(fetching.Slice, answer),
            cancellationToken
        );

    /// <summary>
    /// Smaller slices that together cover this one, for sources that answer "too much" with "nothing"; empty
    /// when it cannot be cut.
    /// </summary>
    IReadOnlyList<Slice> Narrow(Slice slice);

    /// <summary>
    /// True when rows of this slice's period must exist by now because the dataset already holds rows as new
    /// or newer.
    /// </summary>
    bool IsPublished(Slice slice, IReadOnlyCollection<SliceRow> known);

    /// <summary>When the first rows of a slice must exist, UTC; null where nothing is promised.</summary>
    DateTimeOffset? ReleaseDate(Slice slice) => null;

    /// <summary>
    /// The newest period that a slice should have at a moment, in the form of <see cref="BodyCheck.Newest"/>; null
    /// where nothing is promised.
    /// </summary>
    string? ExpectedPeriod(Slice slice, DateTimeOffset now) => null;

    /// <summary>
    /// Why a slice has no rows and will have none, such as a partner that is retired; empty when that is not known.
    /// </summary>
    string Absence(Slice slice) => "";

    /// <summary>
    /// Why a slice that brought no rows must have some, by what else the tables hold; null when it may have none.
    /// </summary>
    /// <param name="slice">The slice.</param>
    /// <param name="isWhole">Whether it was asked for in parts, and none of them brought any either.</param>
    /// <param name="facts">The tables.</param>
    /// <param name="known">The slices of the source.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    Task<string?> WhyRowsAsync(
        Slice slice,
        bool isWhole,
        FactStore facts,
        IReadOnlyCollection<SliceRow> known,
        CancellationToken cancellationToken
    ) => Task.FromResult<string?>(null);

    /// <summary>
    /// What an operator may change that the checks of a slice's bodies rest on, such as a list in a file. A body that
    /// was quarantined is read again when it differs.
    /// </summary>
    ValueTask<string> ListsAsync(Slice slice, BodyContext context, CancellationToken cancellationToken) => new("");

    /// <summary>Whether a published slice that cannot be cut further may honestly have no rows.</summary>
    bool MayBeEmpty(Slice slice) => true;

    /// <summary>Reads the slice's bodies.</summary>
    ISliceReader Reader(Slice slice);

    /// <summary>Reads the slice's bodies with what is known beside them.</summary>
    ValueTask<ISliceReader> ReaderAsync(Slice slice, BodyContext context, CancellationToken cancellationToken) =>
        new(Reader(slice));

    /// <summary>
    /// Datasets whose slices should be at rest before <see cref="CrossCheckAsync"/> of this slice says
    /// anything.
    /// </summary>
    IReadOnlyList<string> ComparedWith(Slice slice);

    /// <summary>Whether a slice is compared with this other one.</summary>
    bool IsComparedWith(Slice slice, Slice other) => ComparedWith(slice).Contains(other.Dataset);

    /// <summary>Compares what the slice brought with other slices of the tables; each difference is one line.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="body">Opens its body.</param>
    /// <param name="facts">The tables.</param>
    /// <param name="rows">Counts the rows that the source has in them.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    Task<IReadOnlyList<string>> CrossCheckAsync(
        Slice slice,
        Func<CancellationToken, Task<Stream>> body,
        FactStore facts,
        Func<CancellationToken, Task<long>> rows,
        CancellationToken cancellationToken
    );
}
