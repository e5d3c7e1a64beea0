namespace Pipeline.Sources.Http;

/// <summary>What became of one request: the verdict and, where there is one, the body in a temporary file.</summary>
public sealed class Fetched(Verdict verdict, Answer? answer, Stream? body, string sha256, string? contentType) : IDisposable
{
    public Verdict Verdict { get; internal set; } = verdict;

    /// <summary>The answer; null when none came.</summary>
    public Answer? Answer => answer;

    /// <summary>The body from its beginning; null when there is none.</summary>
    public Stream? Body
    {
        get
        {
            if (body is not null) body.Position = 0;
            return body;
        }
    }

    /// <summary>SHA-256 of the body, 64 hexadecimal digits; empty without a body.</summary>
    public string Sha256 => sha256;

    /// <summary>The content type as it was sent, parameters included.</summary>
    public string? ContentType => contentType;

    /// <summary>How long the server asks to be left alone; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public void Dispose() => body?.Dispose();
}
