using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;

namespace Pipeline.Sources.Http;

/// <summary>The resilience pipeline of one source, shared by all its requests.</summary>
internal sealed class SourcePipeline : IDisposable
{
    private readonly ResiliencePipeline<FetchResult> pipeline;
    private readonly ConcurrencyLimiter limiter;

    /// <param name="name">The name of the source in the log.</param>
    /// <param name="courtesy">How the source wants its server to be treated.</param>
    /// <param name="time">The clock of all waits.</param>
    /// <param name="random">Gives the jitter of the pauses; 0 (inclusive) to 1.</param>
    /// <param name="loggers">Where Polly logs retries, time-outs and the circuit.</param>
    public SourcePipeline(
        string name,
        Courtesy courtesy,
        TimeProvider time,
        Func<double> random,
        ILoggerFactory loggers
    )
    {
        limiter = new ConcurrencyLimiter(
            new ConcurrencyLimiterOptions
            {
                PermitLimit = courtesy.Concurrency,
                QueueLimit = int.MaxValue,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            }
        );
        pipeline = new ResiliencePipelineBuilder<FetchResult> { Name = name, TimeProvider = time }
            .ConfigureTelemetry(Telemetry(loggers))
            // Waiting for a turn takes no part in the deadline: the others in the line have deadlines of their own.
            .AddRateLimiter(limiter)
            .AddTimeout(new TimeoutStrategyOptions { Timeout = courtesy.TotalTimeout })
            .AddRetry(
                new RetryStrategyOptions<FetchResult>
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
                                { Exception: TimeoutRejectedException } => true,
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
                new CircuitBreakerStrategyOptions<FetchResult>
                {
                    FailureRatio = 0.9,
                    MinimumThroughput = 20,
                    SamplingDuration = TimeSpan.FromMinutes(2),
                    BreakDuration = TimeSpan.FromMinutes(1),
                    ShouldHandle = args =>
                        ValueTask.FromResult(
                            args.Outcome switch
                            {
                                { Exception: TimeoutRejectedException } => true,
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

    /// <summary>Makes attempts until one succeeds or no other makes sense.</summary>
    /// <param name="request">What the log names with each event; no secret is part of it.</param>
    /// <param name="attempt">Makes one attempt. Polly logs an exception as it is: none may repeat what the server
    /// said.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    public async Task<FetchResult> RunAsync(
        SourceRequest request,
        Func<CancellationToken, ValueTask<FetchResult>> attempt,
        CancellationToken cancellationToken
    )
    {
        var context = ResilienceContextPool.Shared.Get(request.Where, cancellationToken);
        try
        {
            return await pipeline.ExecuteAsync(
                static (context, attempt) => attempt(context.CancellationToken),
                context,
                attempt
            );
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>What the server asks for, or what its answer is known to need.</summary>
    private static TimeSpan? Least(FetchResult? fetched) => fetched?.RetryAfter ?? fetched?.Verdict.Pause;

    /// <summary>The pause before a retry, without its jitter: what a server asks for must not shorten it.</summary>
    private static TimeSpan Pause(Courtesy courtesy, int attempt)
    {
        var pause = courtesy.RetryDelay * Math.Pow(2, attempt);
        return pause < courtesy.MaxRetryDelay ? pause : courtesy.MaxRetryDelay;
    }

    public void Dispose() => limiter.Dispose();

    private static TelemetryOptions Telemetry(ILoggerFactory loggers) =>
        new()
        {
            LoggerFactory = loggers,
            ResultFormatter = (_, result) =>
                result is FetchResult { Verdict: var verdict } fetched
                    ? fetched.Request.Hide($"{verdict.Meaning}: {verdict.Seen}")
                    : null,
            // A retry, a time-out and a change of the circuit are an event each. Polly also reports the executions
            // and the attempts around them, which would tell the same again.
            SeverityProvider = args =>
                args.Event switch
                {
                    { EventName: "PipelineExecuting" or "PipelineExecuted" or "ExecutionAttempt" } =>
                        ResilienceEventSeverity.Debug,
                    // The pipeline goes on by itself: that is no error.
                    { Severity: > ResilienceEventSeverity.Warning } => ResilienceEventSeverity.Warning,
                    var other => other.Severity,
                },
        };

    private sealed class Unconfigured : ResilienceStrategyOptions;

    /// <summary>Keeps the starts of attempts apart.</summary>
    /// <remarks>
    /// The limiters of System.Threading.RateLimiting cannot: they renew permits at the ticks of the machine's own
    /// timer, so that two attempts around a tick may start at once, and a test cannot give them its clock.
    /// </remarks>
    private sealed class Spaced(TimeSpan spacing, TimeProvider time) : ResilienceStrategy<FetchResult>
    {
        private readonly Lock gate = new();
        private DateTimeOffset next = DateTimeOffset.MinValue;

        protected override async ValueTask<Outcome<FetchResult>> ExecuteCore<TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<FetchResult>>> callback,
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
