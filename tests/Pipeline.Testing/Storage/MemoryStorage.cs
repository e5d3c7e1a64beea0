using System.Collections.Specialized;
using System.Globalization;
using System.Reflection;
using System.Web;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Pipeline.Testing.Storage;

/// <summary>
/// One storage account in memory, below the clients' own code: the pipeline's requests end here instead of on the
/// network. It makes thousands of runs affordable; that it answers as Azurite does is a test of its own
/// (<c>MemoryStorageTests</c>).
/// </summary>
internal sealed class MemoryStorage : HttpPipelinePolicy
{
    /// <summary>An account that is nowhere: a request that got past the policy would fail at once.</summary>
    public const string ConnectionString =
        "DefaultEndpointsProtocol=http;AccountName=memory;AccountKey=AAAAAAAAAAAAAAAAAAAAAA==;"
        + "BlobEndpoint=http://127.0.0.1:1/blob;QueueEndpoint=http://127.0.0.1:1/queue;TableEndpoint=http://"
        + "127.0.0.1:1/table;";

    private readonly Lock gate = new();
    private readonly MemoryTables tables;
    private readonly MemoryQueues queues;
    private readonly MemoryBlobs blobs;

    private readonly TimeProvider time;

    private MemoryStorage(TimeProvider time, MemoryTables tables, MemoryQueues queues, MemoryBlobs blobs) =>
        (this.time, this.tables, this.queues, this.blobs) = (time, tables, queues, blobs);

    public MemoryStorage(TimeProvider time)
        : this(time, new MemoryTables(time), new MemoryQueues(time), new MemoryBlobs(time)) { }

    /// <summary>
    /// Whether others have their turn before each request, as with a network between. Without it everything
    /// goes on in one line.
    /// </summary>
    public bool Yields { get; init; } = true;

    /// <summary>The queues, for the test that plays the host.</summary>
    public MemoryQueues Queues => queues;

    /// <summary>
    /// The same account once more, by another clock: what is done to the one does not change the other.
    /// </summary>
    public MemoryStorage Copy(TimeProvider other)
    {
        lock (gate)
        {
            return new MemoryStorage(other, tables.Copy(other), queues.Copy(other), blobs.Copy(other))
            {
                Yields = Yields,
            };
        }
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessAsync(message, pipeline).AsTask().GetAwaiter().GetResult();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (Yields)
            await Task.Yield();
        message.CancellationToken.ThrowIfCancellationRequested();
        var body = Array.Empty<byte>();
        if (message.Request.Content is { } content)
        {
            using var copy = new MemoryStream();
            await content.WriteToAsync(copy, message.CancellationToken);
            body = copy.ToArray();
        }
        var uri = message.Request.Uri.ToUri();
        var parts = uri.AbsolutePath.Split('/', 3);
        var call = new MemoryCall(
            message.Request.Method,
            parts.Length > 2 ? parts[2] : "",
            HttpUtility.ParseQueryString(uri.Query),
            name => message.Request.Headers.TryGetValue(name, out var value) ? value : null,
            () => message.Request.Headers,
            body
        );
        MemoryResponse answer;
        // One request at a time: each takes effect as a whole.
        lock (gate)
        {
            answer = parts[1] switch
            {
                "table" => tables.Answer(call),
                "queue" => queues.Answer(call),
                "blob" => blobs.Answer(call),
                _ => throw new InvalidOperationException(
                    $"storage in memory: seen {uri}, expected one of its three services"
                ),
            };
        }
        message.Response = answer;
        answer.Set("Date", time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture));
        answer.ClientRequestId = message.Request.ClientRequestId;
        answer.Refused = message.ResponseClassifier.IsErrorResponse(message);
        Parser.SetValue(message.Response, ParserOf.GetValue(pipeline.Span[^1]));
    }

    /// <summary>
    /// How a client reads the service's refusals. Its transport, the end of the pipeline, hands that to every answer,
    /// and there is no public way to do so in its place.
    /// </summary>
    private static readonly FieldInfo ParserOf = typeof(HttpPipeline)
        .Assembly.GetType("Azure.Core.Pipeline.HttpPipelineTransportPolicy", throwOnError: true)!
        .GetField("_errorParser", BindingFlags.Instance | BindingFlags.NonPublic)
        ?? throw new InvalidOperationException(
            "Azure.Core keeps the reader of refusals elsewhere now; look where and correct this"
        );

    private static readonly PropertyInfo Parser = typeof(Azure.Response).GetProperty(
        "RequestFailedDetailsParser",
        BindingFlags.Instance | BindingFlags.NonPublic
    )
        ?? throw new InvalidOperationException(
            "Azure.Core hands the reader of refusals on otherwise now; look how and correct this"
        );
}

/// <summary>A request to the storage in memory.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path after the account, escaped.</param>
/// <param name="Query">The query, unescaped.</param>
/// <param name="Header">A header, or null.</param>
/// <param name="Headers">All headers.</param>
/// <param name="Body">The body; empty without one.</param>
internal sealed record MemoryCall(
    RequestMethod Method,
    string Path,
    NameValueCollection Query,
    Func<string, string?> Header,
    Func<IEnumerable<HttpHeader>> Headers,
    byte[] Body
)
{
    public bool Is(string method) => string.Equals(Method.Method, method, StringComparison.OrdinalIgnoreCase);

    public InvalidOperationException Unknown(string service) =>
        new(
            $"{service} in memory: seen {Method} {Path}?{Query}, expected a request that the pipeline makes; teach "
                + "it the new one and compare it with Azurite"
        );
}
