using System.Text;

namespace Pipeline.Datasets;

/// <summary>One request to a source.</summary>
/// <param name="Url">The address without any secret; this is what logs and metadata show. The scheme <c>curated</c>
/// stands for the container of that name.</param>
/// <param name="Extension">The file name extension of the expected body.</param>
/// <param name="MaxBytes">The largest body accepted, in bytes.</param>
public sealed record SourceRequest(Uri Url, string Extension, long MaxBytes)
{
    /// <summary>The scheme of addresses that name a file which people put into the container <c>curated</c>.</summary>
    public const string CuratedScheme = "curated";

    /// <summary>What only the request itself carries, such as an API key.</summary>
    public IReadOnlyList<SourceSecret> Secrets { get; init; } = [];

    /// <summary>
    /// The day on which a server that is played from recordings answers, UTC: with the newest recording up to that day,
    /// or with the oldest if all are newer. Null: with the newest. The network does not know it.
    /// </summary>
    public DateTimeOffset? RecordedOn { get; init; }

    /// <summary>The property of a sent message that has <see cref="RecordedOn"/>.</summary>
    public static HttpRequestOptionsKey<DateTimeOffset> RecordedOnKey { get; } = new(nameof(RecordedOn));

    /// <summary>The fields of a form; with any, the request is a POST.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Form { get; init; } = [];

    /// <summary>The request for a file that people maintain.</summary>
    /// <param name="name">The blob in the container <c>curated</c>.</param>
    /// <param name="extension">The file name extension of the body.</param>
    /// <param name="maxBytes">The largest file accepted, in bytes.</param>
    public static SourceRequest Curated(string name, string extension, long maxBytes) =>
        new(new Uri($"{CuratedScheme}:///{Uri.EscapeDataString(name)}"), extension, maxBytes);

    /// <summary>The address as messages name it, with the host that was asked; secrets are no part of it.</summary>
    public string Where =>
        Url.Scheme == CuratedScheme
            ? Url.AbsoluteUri
            : Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.PathAndQuery, UriFormat.UriEscaped);

    /// <summary>The record must not print what is sent, which holds the secrets.</summary>
    public override string ToString() => Where;

    /// <summary>A text of the server's without the secrets, should it repeat what it was asked with.</summary>
    public string Hide(string text)
    {
        foreach (var secret in Secrets.Where(secret => secret.Value.Length > 0))
        {
            text = text.Replace(secret.Value, "***", StringComparison.OrdinalIgnoreCase)
                .Replace(Uri.EscapeDataString(secret.Value), "***", StringComparison.OrdinalIgnoreCase);
        }

        return text;
    }

    /// <summary>A shorter secret could be a word of the data, which is stored as it comes.</summary>
    private const int MinHidden = 12;

    /// <summary>The secrets in the forms in which a server may repeat them in a body, which is stored.</summary>
    public IReadOnlyList<byte[]> Hidden =>
        [
            .. Secrets
                .Where(secret => secret.Value.Length >= MinHidden)
                .SelectMany(secret => (string[])[secret.Value, Uri.EscapeDataString(secret.Value)])
                .Distinct(StringComparer.Ordinal)
                .Select(Encoding.UTF8.GetBytes),
        ];

    /// <summary>The address as it is sent, with the secrets of the query.</summary>
    public Uri SentUrl
    {
        get
        {
            var query = string.Join(
                '&',
                Secrets
                    .Where(secret => !secret.InHeader)
                    .Select(secret => $"{secret.Name}={Uri.EscapeDataString(secret.Value)}")
            );
            return query.Length == 0
                ? Url
                : new Uri(
                    $"{Url.OriginalString}{(Url.OriginalString.Contains('?', StringComparison.Ordinal) ? '&' : '?')}"
                        + $"{query}"
                );
        }
    }

    /// <summary>The message as it is sent; each attempt needs one of its own.</summary>
    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(Form.Count > 0 ? HttpMethod.Post : HttpMethod.Get, SentUrl);
        foreach (var secret in Secrets.Where(secret => secret.InHeader))
            message.Headers.TryAddWithoutValidation(secret.Name, secret.Value);
        if (RecordedOn is { } day)
            message.Options.Set(RecordedOnKey, day);
        if (Form.Count == 0)
            return message;
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in Form)
            form.Add(new StringContent(value), name);
        message.Content = form;
        return message;
    }
}

/// <summary>A secret that a request carries.</summary>
/// <param name="Name">The query parameter or header.</param>
/// <param name="Value">The secret.</param>
/// <param name="InHeader">Whether it goes into a header instead of the query.</param>
public sealed record SourceSecret(string Name, string Value, bool InHeader = false)
{
    /// <summary>The record must not print its value.</summary>
    public override string ToString() => Name;
}
