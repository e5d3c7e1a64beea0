using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>What became of a pull: the verdict and, where there is one, the body in a temporary file.</summary>
public sealed class Fetched(
    SourceRequest request,
    Verdict verdict,
    Answer? answer,
    Stream? body,
    string sha256,
    string? contentType
) : IDisposable
{
    private readonly string? etag,
        lastModified;

    /// <summary>The request that the answer is an answer to; of several, the one that decided.</summary>
    public SourceRequest Request => request;

    public Verdict Verdict { get; set; } = verdict;

    /// <summary>The answer; null when none came.</summary>
    public Answer? Answer => answer;

    /// <summary>The body from its beginning; null when there is none.</summary>
    public Stream? Body
    {
        get
        {
            if (body is not null)
                body.Position = 0;
            return body;
        }
    }

    /// <summary>SHA-256 of the body, 64 hexadecimal digits; empty without a body.</summary>
    public string Sha256 => sha256;

    /// <summary>The content type as it was sent, parameters included.</summary>
    public string? ContentType => contentType;

    /// <summary>How long the server asks to be left alone; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The entity tag to ask with the next time; empty when there is none.</summary>
    public string ETag
    {
        get => etag ?? answer?.Header("ETag") ?? "";
        init => etag = value;
    }

    /// <summary>
    /// When the publisher changed the body last, in the publisher's own words; empty when it does not say.
    /// </summary>
    public string LastModified
    {
        get => lastModified ?? answer?.LastModified ?? "";
        init => lastModified = value;
    }

    /// <summary>What the reader of the ledger should know of how the body came; each a line.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>A body that was put together from several answers.</summary>
    /// <param name="request">The request to name as the body's.</param>
    /// <param name="last">The answer that came last.</param>
    /// <param name="file">The body; it becomes the result's.</param>
    /// <param name="notes">See <see cref="Notes"/>.</param>
    /// <param name="lastModified">See <see cref="LastModified"/>.</param>
    public static Fetched Assembled(
        SourceRequest request,
        Answer last,
        BodyFile file,
        IReadOnlyList<string>? notes = null,
        string lastModified = ""
    )
    {
        var answer = last with { Head = file.Head, Tail = file.Tail, Length = file.Length };
        var (body, sha256) = file.Complete();
        // A tag of one of the answers says nothing about the others.
        return new Fetched(request, Verdict.Good, answer, body, sha256, last.ContentType)
        {
            Notes = notes ?? [],
            ETag = "",
            LastModified = lastModified,
        };
    }

    public void Dispose() => body?.Dispose();
}
