using System.Diagnostics.CodeAnalysis;
using System.Text;
using Azure;
using Azure.Core;

namespace Pipeline.Testing.Storage;

/// <summary>An answer of the storage in memory.</summary>
internal sealed class MemoryResponse : Response
{
    private readonly Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);

    public MemoryResponse(int status, string contentType, byte[] body, params (string Name, string Value)[] more)
    {
        Status = status;
        ContentStream = new MemoryStream(body, 0, body.Length, writable: false, publiclyVisible: true);
        headers["Content-Length"] = $"{body.Length}";
        if (contentType.Length > 0)
            headers["Content-Type"] = contentType;
        foreach (var (name, value) in more)
            headers[name] = value;
    }

    public MemoryResponse(int status, params (string Name, string Value)[] more)
        : this(status, "", [], more) { }

    public static MemoryResponse Json(int status, string text, params (string Name, string Value)[] more) =>
        new(status, "application/json;odata=minimalmetadata", Encoding.UTF8.GetBytes(text), more);

    public static MemoryResponse Xml(int status, string text, params (string Name, string Value)[] more) =>
        new(
            status,
            "application/xml",
            Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"utf-8\"?>{text}"),
            more
        );

    /// <summary>A refusal in the form of the table service.</summary>
    public static MemoryResponse TableError(int status, string code) =>
        Json(
            status,
            $"{{\"odata.error\":{{\"code\":\"{code}\",\"message\":{{\"lang\":\"en-US\",\"value\":\"{code}\"}}}}}}",
            ("x-ms-error-code", code)
        );

    /// <summary>A refusal in the form of the blob and queue services.</summary>
    public static MemoryResponse Error(int status, string code) =>
        Xml(status, $"<Error><Code>{code}</Code><Message>{code}</Message></Error>", ("x-ms-error-code", code));

    /// <summary>Sets a header.</summary>
    public void Set(string name, string value) => headers[name] = value;

    public override int Status { get; }
    public override bool IsError => Refused;

    /// <summary>
    /// Whether the client takes the status for a failure: where it asks whether something exists, 404 is
    /// none.
    /// </summary>
    public bool Refused { get; set; }
    public override string ReasonPhrase => "";
    public override Stream? ContentStream { get; set; }
    public override string ClientRequestId { get; set; } = "";

    public override void Dispose() { }

    protected override bool ContainsHeader(string name) => headers.ContainsKey(name);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() =>
        headers.Select(pair => new HttpHeader(pair.Key, pair.Value));

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) =>
        headers.TryGetValue(name, out value);

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = headers.TryGetValue(name, out var value) ? [value] : null;
        return values is not null;
    }
}
