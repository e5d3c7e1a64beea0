using System.Globalization;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Google.Protobuf;
using Microsoft.Azure.WebJobs;
using Pipeline.Local.Worker;
using QueueTrigger = Pipeline.Local.Worker.QueueTrigger;

namespace Pipeline.Local.Listeners;

/// <summary>
/// What the WebJobs SDK runs when a trigger fires. <see cref="JobTypeBuilder"/> derives a class with one method a
/// function, each of which hands its trigger on to the worker by one of the methods here.
/// </summary>
public abstract class FunctionJobs
{
    private readonly FunctionInvoker invoker;

    /// <param name="invoker">Runs the functions.</param>
    protected FunctionJobs(FunctionInvoker invoker) => this.invoker = invoker;

    /// <summary>Runs a function with a message of its queue.</summary>
    protected Task RunQueueAsync(string function, QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var found = invoker.Find(function);
        var text = message.Body.ToString();
        var input = ((QueueTrigger)found.Trigger).Deferred ? Whole(message) : new TypedData { Json = text };
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["QueueTrigger"] = text,
            ["Id"] = message.MessageId,
            ["PopReceipt"] = message.PopReceipt,
            ["DequeueCount"] = message.DequeueCount.ToString(CultureInfo.InvariantCulture),
            ["InsertionTime"] = Text(message.InsertedOn),
            ["ExpirationTime"] = Text(message.ExpiresOn),
            ["NextVisibleTime"] = Text(message.NextVisibleOn),
        };
        return invoker.InvokeAsync(found, input, metadata, cancellationToken);
    }

    /// <summary>Runs a function whose moment has come.</summary>
    protected Task RunTimerAsync(string function, TimerInfo timer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timer);
        return invoker.InvokeTimerAsync(
            invoker.Find(function),
            timer.ScheduleStatus is { } status ? new TimerState(status.Last, status.Next, status.LastUpdated) : null,
            timer.IsPastDue,
            cancellationToken
        );
    }

    /// <summary>A message with all its properties, as the worker's own converter reads it.</summary>
    private static TypedData Whole(QueueMessage message) =>
        new()
        {
            ModelBindingData = new ModelBindingData
            {
                Version = "1.0",
                Source = "AzureStorageQueues",
                ContentType = "application/json",
                Content = ByteString.CopyFrom(
                    JsonSerializer.SerializeToUtf8Bytes(
                        new
                        {
                            message.MessageId,
                            message.PopReceipt,
                            MessageText = message.Body.ToString(),
                            message.DequeueCount,
                            message.NextVisibleOn,
                            message.InsertedOn,
                            message.ExpiresOn,
                        }
                    )
                ),
            },
        };

    private static string Text(DateTimeOffset? moment) => moment?.ToString("O", CultureInfo.InvariantCulture) ?? "";
}
