using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Datasets;
using Pipeline.Settings;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>What the code declares, found by looking at it, so that what is added to it is seen here too.</summary>
internal static class Code
{
    /// <summary>Every function with its trigger.</summary>
    public static IReadOnlyList<(string Name, Attribute Trigger)> Functions { get; } =
    [
        .. typeof(PlanFunctions)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static))
            .Select(method => (method.GetCustomAttribute<FunctionAttribute>()?.Name, Triggers(method).FirstOrDefault()))
            .Where(found => found is { Name: not null, Item2: not null })
            .Select(found => (found.Name!, found.Item2!))
            .OrderBy(found => found.Item1, StringComparer.Ordinal),
    ];

    public static IEnumerable<(string Name, string Schedule)> Timers =>
        Functions
            .Where(function => function.Trigger is TimerTriggerAttribute)
            .Select(function => (function.Name, ((TimerTriggerAttribute)function.Trigger).Schedule));

    /// <summary>The values of the public constant texts of a class, by their names.</summary>
    public static IReadOnlyDictionary<string, string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(string))
            .ToDictionary(field => field.Name, field => (string)field.GetRawConstantValue()!, StringComparer.Ordinal);

    /// <summary>Every dataset, also those that the settings switch off, in the order of the registration.</summary>
    public static IReadOnlyList<DatasetInfo> Datasets => AllDatasets.List;

    /// <summary>The function that plans a source: the timer with its schedule.</summary>
    public static string PlanOf(SourceSettings source)
    {
        var name = Timers.SingleOrDefault(timer => timer.Schedule == $"%{source.Schedule.Name}%").Name;
        Assert.True(
            name is not null,
            $"{source.Source}: seen no timer with %{source.Schedule.Name}%, expected one; add it to PlanFunctions.cs"
        );
        // The local host finds a source's plan by its name.
        Assert.Equal($"plan{source.Source.Replace("-", "", StringComparison.Ordinal)}", name, ignoreCase: true);
        return name;
    }

    private static IEnumerable<Attribute> Triggers(MethodInfo method) =>
        method
            .GetParameters()
            .SelectMany(parameter => parameter.GetCustomAttributes())
            .Where(attribute => attribute is TimerTriggerAttribute or QueueTriggerAttribute or HttpTriggerAttribute);
}
