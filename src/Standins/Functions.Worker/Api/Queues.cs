using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Runs a function for every message of a storage queue.</summary>
/// <param name="queueName">The queue; <c>%SETTING%</c> is expanded and the result lower-cased.</param>
public sealed class QueueTriggerAttribute(string queueName) : TriggerBindingAttribute
{
    /// <summary>The queue's name as written.</summary>
    public string QueueName { get; } = queueName;

    /// <summary>The name of the setting that holds the connection; empty means AzureWebJobsStorage.</summary>
    public string? Connection { get; set; }
}

/// <summary>Sends the return value, or the property it stands on, to a storage queue after the function returned.</summary>
/// <param name="queueName">The queue; <c>%SETTING%</c> is expanded and the result lower-cased.</param>
public sealed class QueueOutputAttribute(string queueName) : OutputBindingAttribute
{
    /// <summary>The queue's name as written.</summary>
    public string QueueName { get; } = queueName;

    /// <summary>The name of the setting that holds the connection; empty means AzureWebJobsStorage.</summary>
    public string? Connection { get; set; }
}
