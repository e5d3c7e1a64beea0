using System.Diagnostics.CodeAnalysis;
using Azure.Core;

namespace Azure.Data.Tables.Batch;

/// <summary>
/// The service's answer to one action that went well: status, and the entity's new version. Other headers repeat what was sent and are left out, to
/// keep a load light; there is no body, because none is asked for.
/// </summary>
internal sealed class ActionResponse(int status, string reason, string? etag, string clientRequestId) : Response
{
    public override int Status => status;
    public override string ReasonPhrase => reason;
    public override Stream? ContentStream { get; set; }
    public override string ClientRequestId { get; set; } = clientRequestId;

    public override void Dispose() { }

    protected override bool ContainsHeader(string name) => TryGetHeader(name, out _);
    protected override IEnumerable<HttpHeader> EnumerateHeaders() => etag is null ? [] : [new HttpHeader(HttpHeader.Names.ETag, etag)];

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
    {
        value = string.Equals(name, HttpHeader.Names.ETag, StringComparison.OrdinalIgnoreCase) ? etag : null;
        return value is not null;
    }

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = TryGetHeader(name, out var value) ? [value] : null;
        return values is not null;
    }
}
