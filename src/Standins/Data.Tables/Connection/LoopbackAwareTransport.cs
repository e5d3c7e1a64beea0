using Azure.Core;
using Azure.Core.Pipeline;

namespace Azure.Data.Tables.Connection;

/// <summary>
/// The transport used unless the caller sets one. Requests to this machine go through a handler of their own that drops idle connections
/// after 3 s: Azurite closes them after about 5 s, and a send on a connection that is just being closed fails. All other
/// requests use the transport that Azure clients share.
/// </summary>
internal sealed class LoopbackAwareTransport : HttpPipelineTransport
{
    private static readonly HttpClientTransport Loopback = new(new SocketsHttpHandler
    {
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(3),
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
    });

    private LoopbackAwareTransport() { }

    public static LoopbackAwareTransport Shared { get; } = new();

    public override Request CreateRequest() => HttpClientTransport.Shared.CreateRequest();
    public override void Process(HttpMessage message) => For(message).Process(message);
    public override ValueTask ProcessAsync(HttpMessage message) => For(message).ProcessAsync(message);

    private static HttpClientTransport For(HttpMessage message) => IsLoopback(message.Request.Uri.Host) ? Loopback : HttpClientTransport.Shared;

    private static bool IsLoopback(string? host) =>
        host is "127.0.0.1" or "[::1]" or "::1" || string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase);
}
