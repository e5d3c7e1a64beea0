using System.Globalization;
using Pipeline.Local.Worker;
using Pipeline.Sources;

namespace Pipeline.Local.Once;

/// <summary>A source with its plan function: <c>PlanCensusTrade</c> plans <c>census-trade</c>.</summary>
internal sealed record PlannedSource(ISource Source, WorkerFunction Plan)
{
    private const string Prefix = "Plan";

    /// <summary>The sources that a run is about.</summary>
    /// <param name="sources">All sources.</param>
    /// <param name="functions">The functions of the worker.</param>
    /// <param name="named">The only plan function to run; null runs all.</param>
    /// <exception cref="StartException">There is no such plan function.</exception>
    public static IReadOnlyList<PlannedSource> Find(SourceCatalog sources, IReadOnlyList<WorkerFunction> functions, string? named)
    {
        var all = new List<PlannedSource>();
        foreach (var source in sources.All)
        {
            var name = FunctionOf(source.Name);
            var plan = functions.FirstOrDefault(function => function.Name == name)
                ?? throw new StartException($"worker: seen no function {name}, expected a timer that plans {source.Name}; name it so in PlanFunctions.cs");
            all.Add(new PlannedSource(source, plan));
        }
        if (named is null)
        {
            return all;
        }
        var asked = all.Where(planned => planned.Plan.Name.Equals(named, StringComparison.OrdinalIgnoreCase)).ToList();
        return asked.Count > 0 ? asked : throw new StartException($"--once: seen \"{named}\", expected one of {string.Join(", ", all.Select(planned => planned.Plan.Name))}");
    }

    /// <summary>The name of the function that plans a source.</summary>
    public static string FunctionOf(string source) =>
        Prefix + CultureInfo.InvariantCulture.TextInfo.ToTitleCase(source.Replace('-', ' ')).Replace(" ", "", StringComparison.Ordinal);
}
