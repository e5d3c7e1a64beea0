using Microsoft.Azure.Functions.Worker;
using Pipeline.Steps;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary>The steps, each at the end of its queue, in the order data flows.</summary>
public sealed class StepFunctions(Pull pull, Normalize normalize, Publish publish)
{
    [Function("Pull")]
    public Task PullAsync([QueueTrigger(Names.PullQueue, Connection = Names.Connection)] PullMessage message, CancellationToken cancellationToken) =>
        pull.RunAsync(message, cancellationToken);

    [Function("Normalize")]
    public Task NormalizeAsync([QueueTrigger(Names.NormalizeQueue, Connection = Names.Connection)] NormalizeMessage message, CancellationToken cancellationToken) =>
        normalize.RunAsync(message, cancellationToken);

    [Function("Publish")]
    public Task PublishAsync([QueueTrigger(Names.PublishQueue, Connection = Names.Connection)] PublishMessage message, CancellationToken cancellationToken) =>
        publish.RunAsync(message, cancellationToken);
}
