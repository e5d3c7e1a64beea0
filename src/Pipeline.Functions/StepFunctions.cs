using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Ingestion;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary>The step queues, in the order data flows.</summary>
public sealed class StepFunctions(DeadLetters letters)
{
    [Function("Pull")]
    public Task PullAsync(
        [QueueTrigger(Names.PullQueue, Connection = Names.Connection)] string message,
        FunctionContext context,
        CancellationToken cancellationToken
    ) => letters.RunAsync(Names.PullQueue, message, Attempt(context), cancellationToken);

    [Function("Normalize")]
    public Task NormalizeAsync(
        [QueueTrigger(Names.NormalizeQueue, Connection = Names.Connection)] string message,
        FunctionContext context,
        CancellationToken cancellationToken
    ) => letters.RunAsync(Names.NormalizeQueue, message, Attempt(context), cancellationToken);

    [Function("Publish")]
    public Task PublishAsync(
        [QueueTrigger(Names.PublishQueue, Connection = Names.Connection)] string message,
        FunctionContext context,
        CancellationToken cancellationToken
    ) => letters.RunAsync(Names.PublishQueue, message, Attempt(context), cancellationToken);

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
