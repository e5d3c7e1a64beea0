using Pipeline.Storage;

namespace Pipeline.Datasets;

/// <summary>What became of a pull: the verdict and, where there is one, the body in a temporary file.</summary>
/// <param name="Request">The request that the answer is an answer to; of several, the one that decided.</param>
/// <param name="Verdict">What the answer means.</param>
/// <param name="Answer">The answer; null when none came.</param>
/// <param name="Content">The body; null when there is none. <see cref="Body"/> gives it from its beginning.</param>
/// <param name="Sha256">SHA-256 of the body, 64 hexadecimal digits; empty without a body.</param>
/// <param name="ContentType">The content type as it was sent, parameters included.</param>
public sealed record FetchResult(
    SourceRequest Request,
    Verdict Verdict,
    Answer? Answer = null,
    Stream? Content = null,
    string Sha256 = "",
    string? ContentType = null
) : IDisposable
{
    private readonly string? etag,
        lastModified;

    /// <summary>The body from its beginning; null when there is none.</summary>
    public Stream? Body
    {
        get
        {
            if (Content is not null)
                Content.Position = 0;
            return Content;
        }
    }

    /// <summary>How long the server asks to be left alone; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The entity tag to ask with the next time; empty when there is none.</summary>
    public string ETag
    {
        get => etag ?? Answer?.Header("ETag") ?? "";
        init => etag = value;
    }

    /// <summary>
    /// When the publisher changed the body last, in the publisher's own words; empty when it does not say.
    /// </summary>
    public string LastModified
    {
        get => lastModified ?? Answer?.LastModified ?? "";
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
    public static FetchResult Assembled(
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
        return new FetchResult(request, Verdict.Good, answer, body, sha256, last.ContentType)
        {
            Notes = notes ?? [],
            ETag = "",
            LastModified = lastModified,
        };
    }

    public void Dispose() => Content?.Dispose();
}
