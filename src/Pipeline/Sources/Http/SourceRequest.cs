namespace Pipeline.Sources.Http;

/// <summary>One request to a source.</summary>
/// <param name="Url">The address without any secret; this is what logs and metadata show.</param>
/// <param name="Extension">The file name extension of the expected body.</param>
/// <param name="MaxBytes">The largest body accepted, in bytes.</param>
public sealed record SourceRequest(Uri Url, string Extension, long MaxBytes)
{
    /// <summary>A query parameter that only the request itself carries, such as an API key.</summary>
    public (string Name, string Value)? Secret { get; init; }

    /// <summary>A text of the server's without the secret, should it repeat the address it was asked with.</summary>
    internal static string Hide(string text, string? secret) => string.IsNullOrEmpty(secret) ? text
        : text.Replace(secret, "***", StringComparison.OrdinalIgnoreCase).Replace(Uri.EscapeDataString(secret), "***", StringComparison.OrdinalIgnoreCase);

    /// <summary>The address as it is sent.</summary>
    internal Uri SentUrl => Secret is not { } secret ? Url
        : new Uri($"{Url.OriginalString}{(Url.OriginalString.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{secret.Name}={Uri.EscapeDataString(secret.Value)}");
}
