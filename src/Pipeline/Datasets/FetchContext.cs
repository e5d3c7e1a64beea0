using Pipeline.Loading;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>
/// One pull of a slice, as its source sees it: what is known of the body that the tables hold, and the way to
/// the server.
/// </summary>
/// <param name="slice">The slice.</param>
/// <param name="before">How the slice stood before.</param>
/// <param name="client">The way to the server.</param>
/// <param name="context">What is known beside a body that came now: the same as when it is loaded.</param>
/// <param name="recordedOn">The day whose recordings answer, UTC; null for the newest, and from the network.</param>
public sealed class FetchContext(
    Slice slice,
    SliceRow before,
    ISourceClient client,
    BodyContext context,
    DateTimeOffset? recordedOn = null
)
{
    /// <summary>What is known beside a body that came now.</summary>
    public BodyContext Context => context;

    /// <summary>
    /// Validators only fit a body that the tables hold as a whole, without rejects that the next answer might
    /// mend.
    /// </summary>
    private readonly bool complete =
        before is { State: SliceState.Published, Loaded.Error.Length: 0, LastError.Length: 0 };

    /// <summary>The slice that is pulled.</summary>
    public Slice Slice => slice;

    /// <summary>The entity tag of the body that the tables hold; empty when there is none.</summary>
    public string ETag => complete ? before.HttpETag : "";

    /// <summary>
    /// When the publisher had changed the body that the tables hold, as the publisher writes it; empty when it
    /// is not known.
    /// </summary>
    public string LastModified => complete ? before.LastModified : "";

    /// <summary>SHA-256 of the body that the tables hold as a whole; empty without one.</summary>
    public string Sha256 => before is { Loading: null, Loaded: { } loaded } ? loaded.Sha256 : "";

    /// <summary>When the body that the tables hold, or began to, was fetched, UTC; null without one.</summary>
    public DateTimeOffset? Vintage => before.Vintage;

    /// <summary>Sends a request that every answer is new to.</summary>
    /// <param name="request">The request.</param>
    /// <param name="judge">What an answer means.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    public Task<FetchResult> SendAsync(
        SourceRequest request,
        Func<Answer, Verdict> judge,
        CancellationToken cancellationToken
    ) => client.FetchAsync(request with { RecordedOn = recordedOn }, judge, "", "", cancellationToken);

    /// <summary>
    /// Sends the request of the body that the tables may hold already: the server may answer that nothing has
    /// changed.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="judge">What an answer means.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    public Task<FetchResult> SendConditionalAsync(
        SourceRequest request,
        Func<Answer, Verdict> judge,
        CancellationToken cancellationToken
    ) => client.FetchAsync(request with { RecordedOn = recordedOn }, judge, ETag, LastModified, cancellationToken);
}
