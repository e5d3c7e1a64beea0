using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Pipeline.Storage;

namespace Pipeline.Local.Worker;

/// <summary>The trigger of a function.</summary>
internal abstract record Trigger(string Parameter);

/// <summary>A message of a queue.</summary>
/// <param name="Parameter">The parameter that receives the message.</param>
/// <param name="Queue">The queue.</param>
/// <param name="Connection">The setting that names the account.</param>
/// <param name="Deferred">True if the function wants the whole message and not its text alone.</param>
internal sealed record QueueTrigger(string Parameter, string Queue, string Connection, bool Deferred)
    : Trigger(Parameter);

/// <summary>A moment.</summary>
/// <param name="Parameter">The parameter that receives the timer's state.</param>
/// <param name="Schedule">Six fields: second, minute, hour, day, month, day of the week.</param>
internal sealed record TimerTrigger(string Parameter, string Schedule) : Trigger(Parameter);

/// <summary>A request.</summary>
/// <param name="Parameter">The parameter that receives the request.</param>
/// <param name="Route">Its address below the prefix of host.json.</param>
/// <param name="Methods">Its methods in upper case; all if there are none.</param>
/// <param name="Level">Who may call it in Azure: Anonymous, Function or Admin.</param>
internal sealed record HttpTrigger(string Parameter, string Route, IReadOnlyList<string> Methods, string Level)
    : Trigger(Parameter);

/// <summary>A function as the worker lists it.</summary>
internal sealed record WorkerFunction(string Id, string Name, Trigger Trigger)
{
    /// <summary>Reads the worker's list, without the functions that a setting switches off.</summary>
    /// <param name="listed">The functions as they were received.</param>
    /// <param name="settings">The app settings, for <c>%NAME%</c>.</param>
    /// <exception cref="StartException">A function has no trigger this host knows, or a setting does not
    /// resolve.</exception>
    public static IReadOnlyList<WorkerFunction> Read(IEnumerable<RpcFunctionMetadata> listed, IConfiguration settings)
    {
        var functions = new List<WorkerFunction>();
        var wrong = new List<string>();
        foreach (var metadata in listed)
        {
            var trigger = metadata
                .RawBindings.Select(binding => TriggerOf(metadata.Name, binding, settings, wrong))
                .FirstOrDefault(found => found is not null);
            if (trigger is not null)
            {
                functions.Add(new WorkerFunction(metadata.FunctionId, metadata.Name, trigger));
            }
            else if (!wrong.Any(line => line.StartsWith($"{metadata.Name}:", StringComparison.Ordinal)))
            {
                wrong.Add(
                    $"{metadata.Name}: seen no trigger that this host knows, expected a queue, timer or HTTP trigger"
                );
            }
        }
        return wrong.Count == 0
            ? [.. functions.Where(function => !function.IsDisabled(settings))]
            : throw new StartException(wrong);
    }

    /// <summary>True if a setting switches the function off, as in Azure.</summary>
    private bool IsDisabled(IConfiguration settings) =>
        new[] { $"AzureWebJobs.{Name}.Disabled", $"AzureWebJobs_{Name}_Disabled" }
            .Select(name => settings[name])
            .Any(value => value is "1" || string.Equals(value, "true", StringComparison.OrdinalIgnoreCase));

    private static Trigger? TriggerOf(string function, string json, IConfiguration settings, List<string> wrong)
    {
        using var document = JsonDocument.Parse(json);
        var binding = document.RootElement;
        var parameter = Text(binding, "name") ?? "";
        switch (Text(binding, "type")?.ToLowerInvariant())
        {
            case "queuetrigger":
                var deferred =
                    binding.TryGetProperty("properties", out var properties)
                    && string.Equals(
                        Text(properties, "supportsDeferredBinding"),
                        "True",
                        StringComparison.OrdinalIgnoreCase
                    );
                var connection = Text(binding, "connection") ?? "AzureWebJobsStorage";
                if (connection != Names.Connection)
                {
                    wrong.Add(
                        $"{function}: seen connection \"{connection}\", expected {Names.Connection}, in which this "
                            + "host makes the queues; correct its trigger"
                    );
                    return null;
                }
                return Expand(function, Text(binding, "queueName"), settings, wrong) is { } queue
                    ? new QueueTrigger(parameter, queue.ToLowerInvariant(), connection, deferred)
                    : null;
            case "timertrigger":
                if (string.Equals(Text(binding, "runOnStartup"), "true", StringComparison.OrdinalIgnoreCase))
                {
                    wrong.Add(
                        $"{function}: seen runOnStartup, expected a schedule alone; a plan that runs at every start "
                            + "asks the sources too often"
                    );
                    return null;
                }
                return Expand(function, Text(binding, "schedule"), settings, wrong) is { } schedule
                    ? new TimerTrigger(parameter, schedule)
                    : null;
            case "httptrigger":
                IReadOnlyList<string> methods =
                    binding.TryGetProperty("methods", out var listed) && listed.ValueKind == JsonValueKind.Array
                        ? [.. listed.EnumerateArray().Select(method => method.GetString()!.ToUpperInvariant())]
                        : [];
                return new HttpTrigger(
                    parameter,
                    Text(binding, "route") ?? function,
                    methods,
                    Text(binding, "authLevel") ?? "Function"
                );
            default:
                return null;
        }
    }

    /// <summary>Replaces each <c>%NAME%</c> by the setting of that name, as the Functions host does.</summary>
    private static string? Expand(string function, string? text, IConfiguration settings, List<string> wrong)
    {
        var parts = (text ?? "").Split('%');
        for (var i = 1; i < parts.Length; i += 2)
        {
            var value = settings[parts[i].Replace("__", ":", StringComparison.Ordinal)];
            if (i == parts.Length - 1 || string.IsNullOrEmpty(value))
            {
                wrong.Add(
                    $"{function}: seen '%{parts[i]}%', which no setting resolves, expected a value; set {parts[i]}"
                );
                return null;
            }
            parts[i] = value;
        }
        return string.Concat(parts);
    }

    /// <summary>A property of a binding; the worker writes some names in another case than others.</summary>
    private static string? Text(JsonElement element, string name) =>
        element.ValueKind != JsonValueKind.Object
            ? null
            : element
                .EnumerateObject()
                .Where(property => property.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                .Select(property =>
                    property.Value.ValueKind switch
                    {
                        JsonValueKind.Null => null,
                        JsonValueKind.String => property.Value.GetString(),
                        _ => property.Value.GetRawText(),
                    }
                )
                .FirstOrDefault();
}
