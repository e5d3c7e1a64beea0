using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Ingestion;
using Pipeline.Storage;

namespace Pipeline.Functions;

/// <summary>
/// Where the host puts messages that failed too often. A poison queue has no poison queue of its own: a message that
/// failed here would only expire, so that these functions fail for nothing but the storage.
/// </summary>
public sealed class DeadLetterFunctions(DeadLetters letters)
{
    [Function("KeepDeadPull")]
    public Task PullAsync(
        [QueueTrigger(Names.PullQueue + StepQueues.PoisonSuffix, Connection = Names.Connection)] QueueMessage message,
        CancellationToken cancellationToken
    ) => letters.KeepAsync(Names.PullQueue, message.Body, message.InsertedOn, cancellationToken);

    [Function("KeepDeadNormalize")]
    public Task NormalizeAsync(
        [QueueTrigger(Names.NormalizeQueue + StepQueues.PoisonSuffix, Connection = Names.Connection)]
            QueueMessage message,
        CancellationToken cancellationToken
    ) => letters.KeepAsync(Names.NormalizeQueue, message.Body, message.InsertedOn, cancellationToken);

    [Function("KeepDeadPublish")]
    public Task PublishAsync(
        [QueueTrigger(Names.PublishQueue + StepQueues.PoisonSuffix, Connection = Names.Connection)]
            QueueMessage message,
        CancellationToken cancellationToken
    ) => letters.KeepAsync(Names.PublishQueue, message.Body, message.InsertedOn, cancellationToken);
}
