using System.Globalization;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Standin.Functions.Worker.Invocations;

namespace Standin.Functions.Worker.Queues;

/// <summary>A queue message as a trigger's value.</summary>
internal sealed class QueueInput : TriggerInput
{
    private readonly BinaryData body;
    private readonly QueueMessage? message;
    private readonly Dictionary<string, object?> data = new(StringComparer.OrdinalIgnoreCase);

    public QueueInput(BinaryData body, QueueMessage? message)
    {
        this.body = body;
        this.message = message;
        data["QueueTrigger"] = body.ToString();
        if (message is not null)
        {
            data["DequeueCount"] = message.DequeueCount.ToString(CultureInfo.InvariantCulture);
            data["ExpirationTime"] = Text(message.ExpiresOn);
            data["Id"] = message.MessageId;
            data["InsertionTime"] = Text(message.InsertedOn);
            data["NextVisibleTime"] = Text(message.NextVisibleOn);
            data["PopReceipt"] = message.PopReceipt;
        }
        // Properties of the body win over the names above, as in the host.
        foreach (var (name, value) in QueueBody.TopLevel(body)) data[name] = value;
    }

    public override IReadOnlyDictionary<string, object?> BindingData => data;

    public override object? Convert(Type type)
    {
        if (type == typeof(string)) return body.ToString();
        if (type == typeof(byte[])) return body.ToArray();
        if (type == typeof(BinaryData)) return body;
        if (type == typeof(QueueMessage))
            return message is null
                ? throw new InvalidOperationException("a manual run has no QueueMessage, only a body")
                : QueuesModelFactory.QueueMessage(
                    message.MessageId, message.PopReceipt, body, message.DequeueCount, message.NextVisibleOn, message.InsertedOn, message.ExpiresOn);
        try
        {
            return JsonSerializer.Deserialize(body.ToMemory().Span, type, QueueBody.Json);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new InvalidOperationException($"the message does not fit {type.Name}: {error.Message}", error);
        }
    }

    private static string? Text(DateTimeOffset? time) => time?.ToString("O", CultureInfo.InvariantCulture);
}
