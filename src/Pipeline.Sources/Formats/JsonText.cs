using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Sources.Formats;

/// <summary>Reads small JSON bodies as a whole.</summary>
internal static class JsonText
{
    /// <summary>
    /// Parses a body whose texts can all be read: the parser itself looks at them only when they are asked for, and
    /// fails then.
    /// </summary>
    /// <exception cref="JsonException">It is not JSON, or holds a text that is none.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body, JsonDocumentOptions options = default)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = options.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                continue;
            if (!Utf8.IsValid(reader.ValueSpan))
                throw new JsonException($"bytes that are not UTF-8, before byte {reader.BytesConsumed}");
            if (reader.ValueIsEscaped && !IsWhole(ref reader))
                throw new JsonException($"an escape that stands for no character, before byte {reader.BytesConsumed}");
        }
        return JsonDocument.Parse(body, options);
    }

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte}, JsonDocumentOptions)"/>
    public static async Task<JsonDocument> ParseAsync(Stream body, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, cancellationToken);
        return Parse(bytes, default);
    }

    /// <inheritdoc cref="Parse(ReadOnlyMemory{byte}, JsonDocumentOptions)"/>
    public static JsonDocument Parse(Stream body, JsonDocumentOptions options)
    {
        using var bytes = new MemoryStream();
        body.CopyTo(bytes);
        return Parse(bytes, options);
    }

    private static JsonDocument Parse(MemoryStream bytes, JsonDocumentOptions options)
    {
        var text = new ReadOnlyMemory<byte>(bytes.GetBuffer(), 0, (int)bytes.Length);
        return Parse(
            text.Span.StartsWith(System.Text.Encoding.UTF8.Preamble)
                ? text[System.Text.Encoding.UTF8.Preamble.Length..]
                : text,
            options
        );
    }

    private static bool IsWhole(ref Utf8JsonReader reader)
    {
        try
        {
            reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair.
            return false;
        }
    }
}
