using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>
/// One thing that a source publishes: which slices it is cut into, how one is asked for, and how its body is read.
/// Adding a dataset is a class of its own and a line that registers it.
/// </summary>
/// <remarks>
/// See <see cref="ISplittable"/> and <see cref="ICrossChecked"/> for what some datasets can do besides.
/// </remarks>
public interface IDataset
{
    /// <summary>What it is, for those who read the tables.</summary>
    DatasetInfo Info { get; }

    /// <summary>False when the settings switch it off: nothing is asked for, and what was loaded stays.</summary>
    bool IsOn => true;

    /// <summary>A key of a slice, for messages.</summary>
    string ExampleKey { get; }

    /// <summary>
    /// Whether a text is the key of a slice of this dataset; by default only <see cref="ExampleKey"/>, for a dataset of
    /// one slice.
    /// </summary>
    bool IsKey(string key) => key == ExampleKey;

    /// <summary>The slices that exist at a moment, in the order they are best pulled.</summary>
    IEnumerable<Slice> GetSlices(DateTimeOffset now);

    /// <summary>When a slice should be asked for again.</summary>
    /// <param name="slice">The slice that has just ended.</param>
    /// <param name="newest">The newest period its body held, as <c>yyyy-MM</c>; null when it held none.</param>
    /// <param name="now">The present moment.</param>
    /// <returns>The moment, UTC; null for every plan.</returns>
    DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now);

    /// <summary>When the first rows of a slice must exist, UTC; null where nothing is promised.</summary>
    DateTimeOffset? GetReleaseDate(Slice slice) => null;

    /// <summary>
    /// The newest period that a slice should have at a moment, in the form of <see cref="BodyCheck.Newest"/>; null
    /// where nothing is promised.
    /// </summary>
    string? GetExpectedPeriod(Slice slice, DateTimeOffset now) => null;

    /// <summary>
    /// Whether a released slice that cannot be cut further may honestly have no rows; as long as nothing is promised,
    /// by default.
    /// </summary>
    bool MayBeEmpty(Slice slice) => GetReleaseDate(slice) is null;

    /// <summary>The request of a slice; of several, the first choice.</summary>
    SourceRequest GetRequest(Slice slice);

    /// <summary>
    /// What a response to the request of a slice means; by default what its status says, see <see cref="Verdict.Of"/>.
    /// </summary>
    Verdict Classify(SourceRequest request, Answer answer) => Verdict.Of(answer);

    /// <summary>
    /// Gets the body of a slice; by default with one request, which lets the server say that nothing has changed. Never
    /// throws for what the server does.
    /// </summary>
    Task<FetchResult> FetchAsync(FetchContext context, CancellationToken cancellationToken)
    {
        var request = GetRequest(context.Slice);
        return context.SendConditionalAsync(request, answer => Classify(request, answer), cancellationToken);
    }

    /// <summary>Makes the parser of a slice's bodies.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="context">What is known beside the body.</param>
    /// <param name="cancellationToken">Stops the reading of lists that operators maintain.</param>
    ValueTask<IRowParser> CreateParserAsync(Slice slice, BodyContext context, CancellationToken cancellationToken);

    /// <summary>
    /// What an operator may change that the checks of a slice's bodies rest on, such as a list in a file. A body that
    /// was quarantined is read again when it differs.
    /// </summary>
    ValueTask<string> ReadListsAsync(BodyContext context, CancellationToken cancellationToken) => new("");
}
