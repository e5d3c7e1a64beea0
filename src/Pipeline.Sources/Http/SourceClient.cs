using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Storage;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Pipeline.Sources.Http;

/// <summary>
/// The one way to a source's server. A request goes through one resilience pipeline (deadline, concurrency, retry,
/// circuit breaker, spacing, time-out of the attempt); nothing else retries it. Redirects are not followed.
/// </summary>
public sealed class SourceClient : ISourceClient
{
    /// <summary>No <c>Retry-After</c> is believed for longer: the slice would be forgotten.</summary>
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromDays(7);

    private readonly HttpClient http;
    private readonly SourcePipeline pipeline;
    private readonly TimeProvider time;

    /// <param name="courtesy">How the source wants its server to be treated.</param>
    /// <param name="handler">What carries the requests: sockets, or the recorded samples.</param>
    /// <param name="time">The clock of all waits.</param>
    /// <param name="random">Gives the jitter of the pauses; 0 (inclusive) to 1.</param>
    /// <param name="name">The name of the source in the log.</param>
    /// <param name="loggers">Where retries, time-outs and the circuit are logged; null for nowhere.</param>
    public SourceClient(
        Courtesy courtesy,
        HttpMessageHandler handler,
        TimeProvider time,
        Func<double> random,
        string name = "",
        ILoggerFactory? loggers = null
    )
    {
        this.time = time;
        http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.Add(
            new ProductInfoHeaderValue("trade-pipeline", typeof(SourceClient).Assembly.GetName().Version?.ToString(3))
        );
        Recordings = handler as SampleAnswers;
        // Samples are no server: they need no courtesy.
        pipeline = new SourcePipeline(
            name,
            Recordings is null ? courtesy : courtesy.ForLoopback(),
            time,
            random,
            loggers ?? NullLoggerFactory.Instance
        );
    }

    /// <summary>A handler for real networks: no redirects, no cookies, bounded connections.</summary>
    public static HttpMessageHandler Sockets() =>
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = System.Net.DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            MaxConnectionsPerServer = 4,
            MaxResponseHeadersLength = 64,
        };

    /// <inheritdoc/>
    public IRecordings? Recordings { get; }

    /// <inheritdoc/>
    public async Task<FetchResult> FetchAsync(
        SourceRequest request,
        Func<Answer, Verdict> judge,
        string etag,
        string lastModified,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var fetched = await pipeline.RunAsync(
                request,
                token => AttemptAsync(request, judge, etag, lastModified, token),
                cancellationToken
            );
            // A fault that a retry repairs soon or never is still there.
            if (fetched.Verdict is { Meaning: Meaning.Retry, MaxRetries: < int.MaxValue })
                fetched = fetched with { Verdict = fetched.Verdict with { Meaning = Meaning.Permanent } };
            return fetched;
        }
        catch (TimeoutRejectedException e)
        {
            return Fault(
                request,
                $"no complete answer within {e.Timeout.TotalSeconds:0} s",
                "the server may be busy; the next plan tries again"
            );
        }
        catch (BrokenCircuitException e)
        {
            return Fault(
                request,
                "several failures of this server in a row, so that it is left alone for a while",
                $"the next plan tries "
                    + $"again{(e.RetryAfter is { } wait ? $"; the pause ends in {wait.TotalSeconds:0} s" : "")}"
            );
        }
    }

    /// <summary>
    /// Makes one attempt. A fault of the way is a result too: Polly logs exceptions as they are, and what the server
    /// said may be part of their messages.
    /// </summary>
    private async ValueTask<FetchResult> AttemptAsync(
        SourceRequest request,
        Func<Answer, Verdict> judge,
        string etag,
        string lastModified,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await SendAsync(request, judge, etag, lastModified, cancellationToken);
        }
        catch (Exception e) when (IsUntrusted(e))
        {
            return new FetchResult(
                request,
                Verdict.Permanent(
                    Finding.Quote(request.Hide(Innermost(e).Message)),
                    "a TLS connection with a certificate that this machine trusts",
                    "add the root certificate of the server's authority to this machine's store, after checking "
                        + "where it comes from; never disable the certificate check"
                )
            );
        }
        catch (Exception e) when (IsTransport(e))
        {
            return Fault(
                request,
                Finding.Quote(request.Hide(Innermost(e).Message)),
                "check the address and the network; the next plan tries again"
            );
        }
    }

    /// <summary>
    /// Faults of the way to the server: no name, no connection in time, a connection that breaks off, a
    /// compression that is none.
    /// </summary>
    private static bool IsTransport(Exception e) =>
        e
            is HttpRequestException
                or IOException
                or InvalidDataException
                or OperationCanceledException { InnerException: TimeoutException };

    /// <summary>
    /// A server whose certificate is not accepted, or that speaks no TLS that is: it will not be another one
    /// in a minute.
    /// </summary>
    private static bool IsUntrusted(Exception e) =>
        e
            is HttpRequestException
            {
                HttpRequestError: HttpRequestError.SecureConnectionError,
                InnerException: AuthenticationException
            };

    private static FetchResult Fault(SourceRequest request, string seen, string advice) =>
        new(request, Verdict.Retry(seen, "an answer", advice));

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);

    private async ValueTask<FetchResult> SendAsync(
        SourceRequest request,
        Func<Answer, Verdict> judge,
        string etag,
        string lastModified,
        CancellationToken cancellationToken
    )
    {
        using var message = request.ToMessage();
        if (etag.Length > 0)
            message.Headers.TryAddWithoutValidation("If-None-Match", etag);
        else if (lastModified.Length > 0)
            message.Headers.TryAddWithoutValidation("If-Modified-Since", lastModified);
        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
        var file = new BodyFile();
        try
        {
            await file.CopyFromAsync(content, request.MaxBytes, request.Hidden, cancellationToken);
            var length = file.Length;
            var answer = new Answer(
                (int)response.StatusCode,
                response.Headers,
                response.Content.Headers.ContentType?.MediaType?.ToLowerInvariant() ?? "",
                file.Head,
                file.Tail,
                length
            )
            {
                LastModified = response.Content.Headers.LastModified?.ToString("R", CultureInfo.InvariantCulture),
                Request = request,
            };
            var verdict =
                length > request.MaxBytes
                    ? Verdict.Permanent(
                        $"a body of more than {request.MaxBytes} bytes",
                        $"at most {request.MaxBytes} bytes",
                        "nothing was kept; ask for a smaller slice or raise the limit in the source's request"
                    )
                    : judge(answer);
            if (verdict.Meaning == Meaning.NotModified && etag.Length + lastModified.Length == 0)
            {
                verdict = Verdict.Retry(
                    "status 304, though nothing was said about a body we have",
                    "status 200",
                    "the server has a fault; the next plan tries again"
                );
            }

            var contentType = response.Content.Headers.ContentType is { } type ? request.Hide(type.ToString()) : null;
            if (length > 0 && length <= request.MaxBytes)
            {
                var (body, sha256) = file.Complete();
                return new FetchResult(request, verdict, answer, body, sha256, contentType)
                {
                    RetryAfter = RetryAfter(response),
                };
            }
            await file.DisposeAsync();
            return new FetchResult(request, verdict, answer, null, "", contentType)
            {
                RetryAfter = RetryAfter(response),
            };
        }
        catch
        {
            await file.DisposeAsync();
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
            _ => response.Headers.TryGetValues("Retry-After", out var values)
            && values.All(value => value.Length > 0 && value.All(char.IsAsciiDigit))
                ? MaxRetryAfter
                : (TimeSpan?)null,
        };
        if (wait < TimeSpan.Zero)
            return TimeSpan.Zero;
        return wait > MaxRetryAfter ? MaxRetryAfter : wait;
    }

    public void Dispose()
    {
        http.Dispose();
        pipeline.Dispose();
    }
}
