using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Datasets;
using Pipeline.Sources;

namespace Pipeline.Testing;

/// <summary>The datasets that the program registers, so that a new one is seen by every test that lists them.</summary>
internal static class AllDatasets
{
    /// <summary>Every dataset, also those that the settings switch off, in the order of the registration.</summary>
    public static IReadOnlyList<DatasetInfo> List { get; } = Read();

    /// <summary>The fact tables, each once.</summary>
    public static IReadOnlyList<FactTable> Tables { get; } =
    [.. List.Select(dataset => dataset.Table).DistinctBy(table => table.Name)];

    private static List<DatasetInfo> Read()
    {
        var settings = new Dictionary<string, string?> { ["Sources:Mode"] = "samples" };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        using var services = new ServiceCollection().AddSources(configuration).BuildServiceProvider();
        return [.. services.GetServices<IDataset>().Select(dataset => dataset.Info)];
    }
}
