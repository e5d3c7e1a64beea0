using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Pipeline.Sources.Http;

/// <summary>
/// The one way to a source's server. A request goes through one resilience pipeline (deadline, concurrency, retry, circuit
/// breaker, spacing, time-out of the attempt); nothing else retries it. Redirects are not followed.
/// </summary>
public sealed class SourceClient : IDisposable
{
    /// <summary>No <c>Retry-After</c> is believed for longer: the slice would be forgotten.</summary>
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromDays(7);

    private readonly ISource source;
    private readonly HttpClient http;
    private readonly SourcePipeline pipeline;
    private readonly TimeProvider time;

    /// <param name="source">Whose server it is.</param>
    /// <param name="handler">What carries the requests: sockets, or the recorded samples.</param>
    /// <param name="time">The clock of all waits.</param>
    /// <param name="random">Gives the jitter of the pauses; 0 (inclusive) to 1.</param>
    public SourceClient(ISource source, HttpMessageHandler handler, TimeProvider time, Func<double> random)
    {
        this.source = source;
        this.time = time;
        http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("trade-pipeline", typeof(SourceClient).Assembly.GetName().Version?.ToString(3)));
        // Samples are nobody's server: they need no courtesy.
        pipeline = new SourcePipeline(handler is SampleAnswers ? source.Courtesy.ForLoopback() : source.Courtesy, time, random);
    }

    /// <summary>A handler for real networks: no redirects, no cookies, bounded connections.</summary>
    public static HttpMessageHandler Sockets() => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        MaxConnectionsPerServer = 4,
        MaxResponseHeadersLength = 64
    };

    /// <summary>Asks for a slice, as often as the verdicts and the courtesy allow. Never throws for what the server does.</summary>
    /// <param name="slice">The slice.</param>
    /// <param name="request">The request.</param>
    /// <param name="etag">The entity tag of the body we have; empty when none.</param>
    /// <param name="lastModified">The <c>Last-Modified</c> of the body we have; empty when none.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    public async Task<Fetched> FetchAsync(Slice slice, SourceRequest request, string etag, string lastModified, CancellationToken cancellationToken)
    {
        try
        {
            var fetched = await pipeline.RunAsync(token => AttemptAsync(slice, request, etag, lastModified, token), cancellationToken).ConfigureAwait(false);
            // A fault that asking again mends soon or not at all has not been mended.
            if (fetched.Verdict is { Meaning: Meaning.Retry, MaxRetries: < int.MaxValue }) fetched.Verdict = fetched.Verdict with { Meaning = Meaning.Permanent };
            return fetched;
        }
        catch (TimeoutRejectedException e)
        {
            return Fault($"no complete answer within {e.Timeout.TotalSeconds:0} s", "the server may be busy; the next plan tries again");
        }
        catch (BrokenCircuitException e)
        {
            return Fault("several failures of this server in a row, so that it is left alone for a while",
                $"the next plan tries again{(e.RetryAfter is { } wait ? $"; the pause ends in {wait.TotalSeconds:0} s" : "")}");
        }
        catch (Exception e) when (SourcePipeline.IsTransport(e))
        {
            return Fault(Finding.Quote(SourceRequest.Hide(Innermost(e).Message, request.Secret?.Value)), "check the address and the network; the next plan tries again");
        }
    }

    private static Fetched Fault(string seen, string advice) => new(Verdict.Retry(seen, "an answer", advice), null, null, "", null);

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);

    private async ValueTask<Fetched> AttemptAsync(Slice slice, SourceRequest request, string etag, string lastModified, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, request.SentUrl);
        if (etag.Length > 0) message.Headers.TryAddWithoutValidation("If-None-Match", etag);
        else if (lastModified.Length > 0) message.Headers.TryAddWithoutValidation("If-Modified-Since", lastModified);
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        FileStream? body = null;
        try
        {
            body = TemporaryFile();
            var ends = new Ends();
            var (sha256, length) = await DownloadAsync(response.Content, body, ends, request.MaxBytes, cancellationToken).ConfigureAwait(false);
            var answer = new Answer((int)response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType?.ToLowerInvariant() ?? "", ends.Head, ends.Tail, length)
            {
                LastModified = response.Content.Headers.LastModified?.ToString("R", CultureInfo.InvariantCulture),
                Secret = request.Secret?.Value
            };
            var verdict = length > request.MaxBytes
                ? Verdict.Permanent($"a body of more than {request.MaxBytes} bytes", $"at most {request.MaxBytes} bytes", "nothing was kept; ask for a smaller slice or raise the limit in the source's request")
                : source.Judge(slice, answer);
            if (verdict.Meaning == Meaning.NotModified && etag.Length + lastModified.Length == 0)
                verdict = Verdict.Retry("status 304, though nothing was said about a body we have", "status 200", "the server has a fault; the next plan tries again");
            if (length == 0 || length > request.MaxBytes)
            {
                await body.DisposeAsync().ConfigureAwait(false);
                body = null;
            }
            return new Fetched(verdict, answer, body, body is null ? "" : sha256, response.Content.Headers.ContentType is { } type ? SourceRequest.Hide(type.ToString(), request.Secret?.Value) : null) { RetryAfter = RetryAfter(response) };
        }
        catch
        {
            if (body is not null) await body.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            // More seconds than a number can hold are still a wish to be left alone.
            _ => response.Headers.TryGetValues("Retry-After", out var values) && values.All(value => value.Length > 0 && value.All(char.IsAsciiDigit)) ? MaxRetryAfter : (TimeSpan?)null
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > MaxRetryAfter ? MaxRetryAfter : wait;
    }

    /// <summary>Copies the body while hashing it; stops one buffer after the limit.</summary>
    private static async Task<(string Sha256, long Length)> DownloadAsync(HttpContent content, Stream file, Ends ends, long maxBytes, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[64 * 1024];
        long length = 0;
        int count;
        while (length <= maxBytes && (count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            var part = buffer.AsMemory(0, count);
            sha.AppendData(part.Span);
            ends.Add(part.Span);
            await file.WriteAsync(part, cancellationToken).ConfigureAwait(false);
            length += count;
        }
        return (Convert.ToHexStringLower(sha.GetHashAndReset()), length);
    }

    /// <summary>A file that ends with its stream. Where the system allows it has no name any more, so that it does not outlive a killed process either.</summary>
    private static FileStream TemporaryFile()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pipeline-{Path.GetRandomFileName()}");
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.Asynchronous | (OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None),
            BufferSize = 64 * 1024
        });
        if (!OperatingSystem.IsWindows()) File.Delete(path);
        return file;
    }

    public void Dispose()
    {
        http.Dispose();
        pipeline.Dispose();
    }

    /// <summary>Keeps the first and the last bytes of what passes.</summary>
    private sealed class Ends
    {
        private readonly byte[] head = new byte[Answer.EndBytes];
        private byte[] tail = [];
        private int headLength;

        public ReadOnlyMemory<byte> Head => head.AsMemory(0, headLength);
        public ReadOnlyMemory<byte> Tail => tail;

        public void Add(ReadOnlySpan<byte> part)
        {
            var take = Math.Min(part.Length, head.Length - headLength);
            part[..take].CopyTo(head.AsSpan(headLength));
            headLength += take;
            tail = part.Length >= Answer.EndBytes ? part[^Answer.EndBytes..].ToArray() : [.. tail.AsSpan(Math.Max(0, tail.Length + part.Length - Answer.EndBytes)), .. part];
        }
    }
}
