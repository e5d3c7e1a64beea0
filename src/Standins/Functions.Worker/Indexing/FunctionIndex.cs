using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Settings;
using Standin.Functions.Worker.Timers;

namespace Standin.Functions.Worker.Indexing;

/// <summary>
/// Finds the functions and checks all that the host checks before it runs one. The host only disables a function it cannot index and goes on;
/// here every such function is an error that keeps the app from starting.
/// </summary>
internal sealed partial class FunctionIndex(IConfiguration settings, Connections connections, bool aspNetCore)
{
    private readonly List<string> errors = [];

    /// <summary>The functions, by name.</summary>
    /// <exception cref="StartupException">One line for everything that is wrong.</exception>
    public IReadOnlyList<FunctionEntry> Find(IEnumerable<Type> types)
    {
        const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var entries = (from type in types
                       from method in type.GetMethods(Any)
                       let attribute = method.GetCustomAttribute<FunctionAttribute>()
                       where attribute is not null
                       orderby attribute.Name
                       select Read(attribute.Name, method)).OfType<FunctionEntry>().ToList();
        foreach (var same in entries.GroupBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1))
            errors.Add($"function '{same.Key}': declared {same.Count()} times ({string.Join(", ", same.Select(entry => entry.Definition.EntryPoint))}), expected one; rename the others");
        CheckRoutes(entries);
        return errors.Count == 0 ? entries : throw new StartupException(errors);
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,127}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern { get; }

    [GeneratedRegex("^[a-z0-9](-?[a-z0-9])*$", RegexOptions.CultureInvariant)]
    private static partial Regex QueuePattern { get; }

    // The name of a route parameter: two routes that differ only in it match the same requests.
    [GeneratedRegex(@"(?<=\{\*{0,2})[^*:?={}]+")]
    private static partial Regex ParameterName { get; }

    private FunctionEntry? Read(string name, MethodInfo method)
    {
        var where = $"function '{name}'";
        var before = errors.Count;
        if (!NamePattern.IsMatch(name) || name.Equals("host", StringComparison.OrdinalIgnoreCase))
            errors.Add($"{where}: not a function name, expected a letter and then up to 127 letters, digits, '_' or '-', and not 'host'; rename it");
        if (!method.IsPublic || !method.DeclaringType!.IsVisible)
            errors.Add($"{where}: {method.DeclaringType!.FullName}.{method.Name} is not public; make the method and its class public");
        if (method.ReturnType == typeof(void) && method.GetCustomAttribute<System.Runtime.CompilerServices.AsyncStateMachineAttribute>() is not null)
            errors.Add($"{where}: is 'async void', whose end and errors nobody sees; return a Task");
        var triggers = method.GetParameters().Where(parameter => Attribute(parameter) is not null).ToList();
        if (triggers.Count != 1)
        {
            errors.Add($"{where}: has {triggers.Count} triggers, expected one parameter with a timer, queue or HTTP trigger");
            return null;
        }
        Trigger? trigger = Attribute(triggers[0]) switch
        {
            TimerTriggerAttribute timer => Timer(where, triggers[0], timer),
            QueueTriggerAttribute queue => Queue(where, triggers[0], queue),
            HttpTriggerAttribute http => Http(where, name, triggers[0], http),
            var other => Unknown(where, other!),
        };
        var result = ResultType(method);
        var properties = result.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        var outputs = new List<QueueOutput?>();
        if (method.GetCustomAttribute<QueueOutputAttribute>() is { } returned) outputs.Add(Output(where, null, returned));
        outputs.AddRange(from property in properties let output = property.GetCustomAttribute<QueueOutputAttribute>() where output is not null select Output(@where, property, output));
        var httpResult = properties.FirstOrDefault(property => property.GetCustomAttribute<HttpResultAttribute>() is not null);
        return trigger is null || errors.Count > before ? null : new(name, method, trigger, [.. outputs.OfType<QueueOutput>()], httpResult, IsDisabled(name));
    }

    private static object? Attribute(ParameterInfo parameter) =>
        parameter.GetCustomAttributes<Microsoft.Azure.Functions.Worker.Extensions.Abstractions.TriggerBindingAttribute>().FirstOrDefault();

    private static Type ResultType(MethodInfo method)
    {
        var type = method.ReturnType;
        return type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>)) ? type.GetGenericArguments()[0] : type;
    }

    private Trigger? Unknown(string where, object attribute)
    {
        errors.Add($"{where}: {attribute.GetType().Name} is not one of the triggers that run here, which are timer, queue and HTTP");
        return null;
    }

    private TimerTrigger? Timer(string where, ParameterInfo parameter, TimerTriggerAttribute attribute)
    {
        if (parameter.ParameterType != typeof(TimerInfo))
            errors.Add($"{where}: parameter '{parameter.Name}' is {parameter.ParameterType.Name}, expected TimerInfo");
        if (Expand($"{where}, schedule '{attribute.Schedule}'", attribute.Schedule) is not { } text) return null;
        if (Schedule.TryParse(text, out var schedule, out var error))
            return new(parameter, text, schedule, attribute.UseMonitor && !schedule.IsSubMinute, attribute.RunOnStartup);
        errors.Add($"{where}, schedule '{attribute.Schedule}': {error}");
        return null;
    }

    private QueueTrigger? Queue(string where, ParameterInfo parameter, QueueTriggerAttribute attribute)
    {
        var queue = QueueName($"{where}, queue '{attribute.QueueName}'", attribute.QueueName);
        var account = Account(where, attribute.Connection);
        return queue is null || account is null ? null : new(parameter, queue, account);
    }

    private QueueOutput? Output(string where, PropertyInfo? property, QueueOutputAttribute attribute)
    {
        var queue = QueueName($"{where}, output queue '{attribute.QueueName}'", attribute.QueueName);
        var account = Account(where, attribute.Connection);
        return queue is null || account is null ? null : new(property, queue, account);
    }

    private HttpTrigger? Http(string where, string name, ParameterInfo parameter, HttpTriggerAttribute attribute)
    {
        if (!aspNetCore) errors.Add($"{where}: HTTP functions need builder.ConfigureFunctionsWebApplication() in Program.cs; HttpRequestData is not supported here");
        if (parameter.ParameterType != typeof(HttpRequest))
            errors.Add($"{where}: parameter '{parameter.Name}' is {parameter.ParameterType.Name}, expected Microsoft.AspNetCore.Http.HttpRequest");
        if (Expand($"{where}, route '{attribute.Route}'", attribute.Route ?? name) is not { } route) return null;
        route = route.Trim('/');
        try
        {
            _ = Microsoft.AspNetCore.Routing.Patterns.RoutePatternFactory.Parse(route);
        }
        catch (Microsoft.AspNetCore.Routing.Patterns.RoutePatternException error)
        {
            errors.Add($"{where}, route '{route}': not a route template: {error.Message}");
            return null;
        }
        foreach (var reserved in new[] { "admin", "runtime" })
            if (route.StartsWith(reserved, StringComparison.OrdinalIgnoreCase))
                errors.Add($"{where}, route '{route}': starts with '{reserved}', which the host keeps for itself; choose another route");
        return new(parameter, route, [.. (attribute.Methods ?? []).Select(method => method.ToUpperInvariant())], attribute.AuthLevel);
    }

    private string? QueueName(string where, string written)
    {
        if (Expand(where, written) is not { } name) return null;
        name = name.ToLowerInvariant();
        if (name.Length is >= HostRules.QueueNameMinimum and <= HostRules.QueueNameMaximum && QueuePattern.IsMatch(name)) return name;
        errors.Add($"{where}: seen \"{name}\", expected 3 to 63 letters, digits and single hyphens, not at the ends; rename the queue");
        return null;
    }

    private StorageAccount? Account(string where, string? written)
    {
        if (Expand($"{where}, connection '{written}'", written ?? "") is not { } name) return null;
        var account = connections.Find(name, out var error);
        if (account is null) errors.Add($"{where}: {error}");
        else if (!account.HasQueues) errors.Add($"{where}: setting '{account.Setting}__queueServiceUri' is missing; set it to the address of the queue service");
        return account;
    }

    private string? Expand(string where, string text)
    {
        if (Expansion.TryExpand(text, settings, out var expanded, out var error)) return expanded;
        errors.Add($"{where}: {error} Set it in the environment or in local.settings.json.");
        return null;
    }

    private bool IsDisabled(string name) =>
        new[] { $"AzureWebJobs.{name}.Disabled", $"AzureWebJobs_{name}_Disabled" }
            .Any(key => settings[key] is { } value && (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase)));

    private void CheckRoutes(IReadOnlyList<FunctionEntry> entries)
    {
        var served = (from entry in entries
                      where entry.Trigger is HttpTrigger
                      let http = (HttpTrigger)entry.Trigger
                      select (entry.Name, http.Methods, Route: ParameterName.Replace(http.Route, "").ToUpperInvariant(), Written: http.Route)).ToList();
        for (var first = 0; first < served.Count; first++)
            foreach (var other in served.Skip(first + 1))
                if (served[first].Route == other.Route &&
                    (other.Methods.Count == 0 || served[first].Methods.Count == 0 || other.Methods.Intersect(served[first].Methods).Any()))
                    errors.Add($"functions '{served[first].Name}' and '{other.Name}': both serve route '{other.Written}' with overlapping methods; change one of them");
    }
}
