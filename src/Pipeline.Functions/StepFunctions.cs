using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Ingestion;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary>The steps, each at the end of its queue, in the order data flows.</summary>
public sealed class StepFunctions(Pull pull, Normalize normalize, Publish publish, DeadLetters letters)
{
    [Function("Pull")]
    public Task PullAsync(
        [QueueTrigger(Names.PullQueue, Connection = Names.Connection)] PullMessage message,
        FunctionContext context,
        CancellationToken cancellationToken
    ) =>
        letters.GuardAsync(Names.PullQueue, message, Attempt(context), () => pull.RunAsync(message, cancellationToken));

    [Function("Normalize")]
    public Task NormalizeAsync(
        [QueueTrigger(Names.NormalizeQueue, Connection = Names.Connection)] NormalizeMessage message,
        FunctionContext context,
        CancellationToken cancellationToken
    ) =>
        letters.GuardAsync(Names.NormalizeQueue, message, Attempt(context), () =>
            normalize.RunAsync(message, cancellationToken)
        );

    [Function("Publish")]
    public Task PublishAsync(
        [QueueTrigger(Names.PublishQueue, Connection = Names.Connection)] PublishMessage message,
        FunctionContext context,
        CancellationToken cancellationToken
    ) =>
        letters.GuardAsync(Names.PublishQueue, message, Attempt(context), () =>
            publish.RunAsync(message, cancellationToken)
        );

    /// <summary>The number of the attempt, from 1; 0 when a person runs the function by hand.</summary>
    private static long Attempt(FunctionContext context) =>
        context.BindingContext.BindingData.TryGetValue("DequeueCount", out var count)
        && long.TryParse(
            Convert.ToString(count, CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : 0;
}
