using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using Azure.Core;

namespace Azure.Data.Tables.Wire;

/// <summary>Understands the service's error bodies: JSON, or XML, which comes at times although JSON was asked for.</summary>
/// <param name="where">What was asked of what, to stand before the service's words.</param>
internal sealed class ServiceError(string where) : RequestFailedDetailsParser
{
    public override bool TryParse(Response response, out ResponseError? error, out IDictionary<string, string>? data)
    {
        data = null;
        var (code, text) = response.ContentStream is MemoryStream ? Read(response.Content.ToMemory()) : (null, null);
        if (code is null && response.Headers.TryGetValue("x-ms-error-code", out var header)) code = header;
        error = new ResponseError(code, $"{where}: {text ?? "the service gave no reason."}");
        return true;
    }

    /// <summary>Code and text of an error body; nulls when it is neither of the two forms.</summary>
    public static (string? Code, string? Text) Read(ReadOnlyMemory<byte> body)
    {
        var start = body.Span.TrimStart((ReadOnlySpan<byte>)[.. " \t\r\n"u8, 0xEF, 0xBB, 0xBF]);
        if (start.IsEmpty) return default;
        return start[0] switch
        {
            (byte)'{' => FromJson(body[^start.Length..]),
            (byte)'<' => FromXml(body[^start.Length..]),
            _ => default,
        };
    }

    private static (string?, string?) FromJson(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var error = document.RootElement.TryGetProperty("odata.error", out var inner) ? inner : document.RootElement;
            var code = error.TryGetProperty("code", out var c) && c.ValueKind == JsonValueKind.String ? c.GetString() : null;
            if (!error.TryGetProperty("message", out var message)) return (code, null);
            if (message.ValueKind == JsonValueKind.Object && message.TryGetProperty("value", out var value)) message = value;
            return (code, message.ValueKind == JsonValueKind.String ? message.GetString() : message.GetRawText());
        }
        catch (JsonException)
        {
            // Not the service's own form: the caller reports the status and keeps the body.
            return default;
        }
    }

    private static (string?, string?) FromXml(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(body.ToArray()), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            var root = XElement.Load(reader);
            return (Child(root, "code"), Child(root, "message"));
        }
        catch (XmlException)
        {
            // As above.
            return default;
        }
    }

    private static string? Child(XElement root, string name) =>
        root.Elements().FirstOrDefault(element => string.Equals(element.Name.LocalName, name, StringComparison.OrdinalIgnoreCase))?.Value;
}
