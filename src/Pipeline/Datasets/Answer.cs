using System.Net.Http.Headers;
using System.Text;
using Pipeline.Issues;

namespace Pipeline.Datasets;

/// <summary>What a server answered: status, headers, and the two ends of the body.</summary>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Headers">The response headers.</param>
/// <param name="ContentType">The media type without parameters, lower case; empty when none was sent.</param>
/// <param name="Head">The first bytes of the body, at most <see cref="EndBytes"/>.</param>
/// <param name="Tail">The last bytes of the body, at most <see cref="EndBytes"/>.</param>
/// <param name="Length">The size of the body in bytes.</param>
public sealed record Answer(
    int Status,
    HttpResponseHeaders Headers,
    string ContentType,
    ReadOnlyMemory<byte> Head,
    ReadOnlyMemory<byte> Tail,
    long Length
)
{
    /// <summary>How much of each end of the body is kept for judging it.</summary>
    public const int EndBytes = 2048;

    private const int MaxOpening = 400;

    /// <summary>The header <c>Last-Modified</c> as it was sent; null when it was not.</summary>
    public string? LastModified { get; init; }

    /// <summary>The request, whose secrets no message may repeat, even if the server does.</summary>
    public SourceRequest? Request { get; init; }

    /// <summary>The beginning of the body as text, for messages.</summary>
    public string Opening
    {
        get
        {
            // Secrets are taken out before the text is cut, so that no part of one is left at the end.
            var text = Hide(Encoding.UTF8.GetString(Head.Span)).Trim().TrimStart('\uFEFF');
            return text.Length <= MaxOpening ? text : text[..MaxOpening];
        }
    }

    /// <summary>The value of a response header without secrets, or null.</summary>
    public string? Header(string name) =>
        Headers.TryGetValues(name, out var values) ? Hide(string.Join(", ", values)) : null;

    private string Hide(string text) => Request?.Hide(text) ?? text;

    /// <summary>The answer in a few words, for messages.</summary>
    public string InWords =>
        Length == 0
            ? $"status {Status} without a body"
            : $"status {Status}, {(ContentType.Length == 0 ? "no content type" : ContentType)}, starting "
                + $"{Finding.Quote(Opening)}";
}
