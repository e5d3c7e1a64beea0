using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Pipeline.Datasets;
using Pipeline.Testing;

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

    /// <summary>The sources with every dataset that the settings can switch on.</summary>
    public static async Task<IReadOnlyList<(string Source, DatasetInfo Dataset)>> DatasetsAsync()
    {
        await using var pipeline = new TestPipeline(
            "UseDevelopmentStorage=true",
            [
                new("Census__Levels", "total,HS2,HS4,HS6"),
                new("Moex__NsdApiKey", "a-key"),
                new("Moex__OfzTableUrl", "https://www.cbr.ru/path/table_ofz.xlsx"),
            ]
        );
        return
        [
            .. pipeline
                .Get<SourceCatalog>()
                .All.SelectMany(source => source.Datasets, (source, dataset) => (source.Name, dataset.Info)),
        ];
    }

    private static IEnumerable<Attribute> Triggers(MethodInfo method) =>
        method
            .GetParameters()
            .SelectMany(parameter => parameter.GetCustomAttributes())
            .Where(attribute => attribute is TimerTriggerAttribute or QueueTriggerAttribute or HttpTriggerAttribute);
}
