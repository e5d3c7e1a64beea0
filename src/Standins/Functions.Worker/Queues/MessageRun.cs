using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Invocations;

namespace Standin.Functions.Worker.Queues;

/// <summary>
/// The life of one received message: run and delete, or make visible again, or copy to the poison queue and then delete. Rule: WebJobs' QueueProcessor.
/// </summary>
internal sealed class MessageRun(FunctionEntry entry, QueueTrigger trigger, Invoker invoker, QueueOutputs outputs, HostJson json, TimeProvider time, ILogger logger)
{
    /// <summary>Runs a message to its end. Never throws: what cannot be done is logged, and the message comes back when its invisibility ends.</summary>
    public async Task ProcessAsync(QueueClient queue, QueueMessage message, CancellationToken cancellation)
    {
        try
        {
            var stored = message.MessageText;
            if (message.DequeueCount > json.MaxDequeueCount) await PoisonAsync(queue, message, message.PopReceipt, stored, exceeded: true);
            else if (!QueueBody.TryDecode(stored, json.Base64, out var body))
            {
                logger.LogWarning("Message decoding has failed! Check MessageEncoding settings. Queue '{Queue}', message {Id} is not base64; moving it as it is.", queue.Name, message.MessageId);
                await PoisonAsync(queue, message, message.PopReceipt, stored, exceeded: false);
            }
            else
            {
                var (error, receipt) = await RunAsync(queue, message, body, cancellation);
                if (error is null) await DeleteAsync(queue, message.MessageId, receipt);
                else if (message.DequeueCount >= json.MaxDequeueCount) await PoisonAsync(queue, message, receipt, stored, exceeded: true);
                else if (trigger.Poison is not null) await ReleaseAsync(queue, message.MessageId, receipt, json.VisibilityTimeout);
            }
        }
        catch (Exception error) when (error is RequestFailedException or AggregateException or IOException or OperationCanceledException)
        {
            logger.LogError(error, "Message {Id} of queue '{Queue}' stays as it is and comes back when its invisibility ends:", message.MessageId, queue.Name);
        }
    }

    /// <summary>Makes a message visible again after a time.</summary>
    public async Task ReleaseAsync(QueueClient queue, string id, string receipt, TimeSpan after)
    {
        try
        {
            await queue.UpdateMessageAsync(id, receipt, visibilityTimeout: after);
        }
        catch (RequestFailedException error) when (IsLost(error))
        {
            logger.LogDebug(error, "message {Id} is no longer ours", id);
        }
    }

    private async Task<(Exception? Error, string Receipt)> RunAsync(QueueClient queue, QueueMessage message, BinaryData body, CancellationToken cancellation)
    {
        using var done = new CancellationTokenSource();
        var renewal = RenewAsync(queue, message, done.Token);
        var error = await invoker.RunAsync(entry, new QueueInput(body, message), cancellation);
        await done.CancelAsync();
        return (error, await renewal);
    }

    // Half time, sooner after errors. Rule: WebJobs' LinearSpeedupStrategy.
    private async Task<string> RenewAsync(QueueClient queue, QueueMessage message, CancellationToken done)
    {
        var (receipt, usual) = (message.PopReceipt, HostRules.Invisibility / 2);
        var wait = usual;
        while (true)
        {
            try
            {
                await Task.Delay(wait, time, done);
            }
            catch (OperationCanceledException)
            {
                return receipt;
            }
            try
            {
                receipt = (await queue.UpdateMessageAsync(message.MessageId, receipt, visibilityTimeout: HostRules.Invisibility, cancellationToken: CancellationToken.None)).Value.PopReceipt;
                wait = usual;
            }
            catch (RequestFailedException error) when (IsLost(error))
            {
                logger.LogWarning("Message {Id} of queue '{Queue}' is no longer ours while it runs; a second delivery may overlap.", message.MessageId, queue.Name);
                return receipt;
            }
            catch (Exception error) when (error is RequestFailedException or AggregateException)
            {
                logger.LogWarning(error, "Message {Id} of queue '{Queue}' could not be kept invisible and is tried again:", message.MessageId, queue.Name);
                wait = wait / 2 < HostRules.RenewalMinimum ? HostRules.RenewalMinimum : wait / 2;
            }
        }
    }

    private async Task PoisonAsync(QueueClient queue, QueueMessage message, string receipt, string stored, bool exceeded)
    {
        if (trigger.Poison is not { } poison) return; // no poison queue of a poison queue: it stays and expires
        if (exceeded) logger.LogWarning("Message has reached MaxDequeueCount of {Max}. Moving message to queue '{Poison}'.", json.MaxDequeueCount, poison);
        await outputs.SendAsync(trigger.Account, poison, stored);
        await DeleteAsync(queue, message.MessageId, receipt);
    }

    private async Task DeleteAsync(QueueClient queue, string id, string receipt)
    {
        try
        {
            await queue.DeleteMessageAsync(id, receipt, CancellationToken.None);
        }
        catch (RequestFailedException error) when (IsLost(error))
        {
            logger.LogDebug(error, "message {Id} is no longer ours", id);
        }
    }

    /// <summary>The pop receipt is lost, or message or queue are gone: someone else's now.</summary>
    private static bool IsLost(RequestFailedException error) =>
        error.Status == 404 || (error.Status == 400 && error.ErrorCode == QueueErrorCode.PopReceiptMismatch) || (error.Status == 409 && error.ErrorCode == QueueErrorCode.QueueBeingDeleted);
}
