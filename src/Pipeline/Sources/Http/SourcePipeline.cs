using System.Security.Authentication;
using System.Threading.RateLimiting;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Pipeline.Sources.Http;

/// <summary>The resilience pipeline of one source, shared by all its requests.</summary>
internal sealed class SourcePipeline : IDisposable
{
    private readonly ResiliencePipeline<Fetched> pipeline;
    private readonly ConcurrencyLimiter limiter;

    public SourcePipeline(Courtesy courtesy, TimeProvider time, Func<double> random)
    {
        limiter = new ConcurrencyLimiter(
            new ConcurrencyLimiterOptions
            {
                PermitLimit = courtesy.Concurrency,
                QueueLimit = int.MaxValue,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            }
        );
        pipeline = new ResiliencePipelineBuilder<Fetched> { TimeProvider = time }
            // Waiting for a turn takes no part in the deadline: the others in the line have deadlines of their own.
            .AddStrategy(_ => new InTurn(limiter), new Unconfigured())
            .AddTimeout(new TimeoutStrategyOptions { Timeout = courtesy.TotalTimeout })
            .AddRetry(
                new RetryStrategyOptions<Fetched>
                {
                    MaxRetryAttempts = courtesy.Retries,
                    BackoffType = DelayBackoffType.Exponential,
                    Delay = courtesy.RetryDelay,
                    MaxDelay = courtesy.MaxRetryDelay,
                    UseJitter = true,
                    Randomizer = random,
                    ShouldHandle = args =>
                        ValueTask.FromResult(
                            args.Outcome switch
                            {
                                { Exception: { } e } => IsPassing(e),
                                { Result: { } fetched } => fetched.Verdict.Meaning == Meaning.Retry
                                    && args.AttemptNumber < fetched.Verdict.MaxRetries
                                    && !(fetched.RetryAfter > courtesy.MaxRetryDelay),
                                _ => false,
                            }
                        ),
                    DelayGenerator = args =>
                        ValueTask.FromResult(
                            Least(args.Outcome.Result) is { } wait && wait > Pause(courtesy, args.AttemptNumber)
                                ? wait
                                : (TimeSpan?)null
                        ),
                    OnRetry = args =>
                    {
                        args.Outcome.Result?.Dispose();
                        return ValueTask.CompletedTask;
                    },
                }
            )
            .AddCircuitBreaker(
                new CircuitBreakerStrategyOptions<Fetched>
                {
                    FailureRatio = 0.9,
                    MinimumThroughput = 20,
                    SamplingDuration = TimeSpan.FromMinutes(2),
                    BreakDuration = TimeSpan.FromMinutes(1),
                    ShouldHandle = args =>
                        ValueTask.FromResult(
                            args.Outcome switch
                            {
                                { Exception: { } e } => IsPassing(e),
                                { Result: { } fetched } => fetched.Verdict.Meaning == Meaning.Retry,
                                _ => false,
                            }
                        ),
                }
            )
            .AddStrategy(_ => new Spaced(courtesy.Spacing, time), new Unconfigured())
            .AddTimeout(new TimeoutStrategyOptions { Timeout = courtesy.AttemptTimeout })
            .Build();
    }

    public async Task<Fetched> RunAsync(
        Func<CancellationToken, ValueTask<Fetched>> attempt,
        CancellationToken cancellationToken
    ) => await pipeline.ExecuteAsync(attempt, cancellationToken);

    /// <summary>
    /// Faults of the way to the server: no name, no connection in time, a connection that breaks off, a
    /// compression that is none.
    /// </summary>
    public static bool IsTransport(Exception e) =>
        e
            is HttpRequestException
                or IOException
                or InvalidDataException
                or OperationCanceledException { InnerException: TimeoutException };

    /// <summary>
    /// A server whose certificate is not accepted, or that speaks no TLS that is: it will not be another one
    /// in a minute.
    /// </summary>
    public static bool IsUntrusted(Exception e) =>
        e
            is HttpRequestException
            {
                HttpRequestError: HttpRequestError.SecureConnectionError,
                InnerException: AuthenticationException
            };

    /// <summary>What the server asks for, or what its answer is known to need.</summary>
    private static TimeSpan? Least(Fetched? fetched) => fetched?.RetryAfter ?? fetched?.Verdict.Pause;

    /// <summary>The pause before a retry, without its jitter: what a server asks for must not shorten it.</summary>
    private static TimeSpan Pause(Courtesy courtesy, int attempt)
    {
        var pause = courtesy.RetryDelay * Math.Pow(2, attempt);
        return pause < courtesy.MaxRetryDelay ? pause : courtesy.MaxRetryDelay;
    }

    public void Dispose() => limiter.Dispose();

    private static bool IsPassing(Exception e) => (IsTransport(e) && !IsUntrusted(e)) || e is TimeoutRejectedException;

    private sealed class Unconfigured : ResilienceStrategyOptions;

    /// <summary>Lets as many requests through at a time as the limiter has permits.</summary>
    private sealed class InTurn(RateLimiter limiter) : ResilienceStrategy<Fetched>
    {
        protected override async ValueTask<Outcome<Fetched>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<Fetched>>> callback,
            ResilienceContext context,
            TState state
        )
        {
            using var lease = await limiter.AcquireAsync(1, context.CancellationToken);
            return await callback(context, state);
        }
    }

    /// <summary>Keeps the starts of attempts apart.</summary>
    private sealed class Spaced(TimeSpan spacing, TimeProvider time) : ResilienceStrategy<Fetched>
    {
        private readonly Lock gate = new();
        private DateTimeOffset next = DateTimeOffset.MinValue;

        protected override async ValueTask<Outcome<Fetched>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<Fetched>>> callback,
            ResilienceContext context,
            TState state
        )
        {
            TimeSpan wait;
            lock (gate)
            {
                var now = time.GetUtcNow();
                var start = next > now ? next : now;
                next = start + spacing;
                wait = start - now;
            }
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, context.CancellationToken);
            return await callback(context, state);
        }
    }
}
