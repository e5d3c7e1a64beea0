using System.Globalization;
using Pipeline.Sources;

namespace Pipeline.Local.Once;

/// <summary>A source and the name of the function that plans it: <c>PlanCensusTrade</c> plans <c>census-trade</c>.</summary>
internal sealed record PlannedSource(ISource Source, string Plan)
{
    /// <summary>The sources that a run is about.</summary>
    /// <param name="sources">All sources.</param>
    /// <param name="named">The only plan function to run; null runs all.</param>
    /// <exception cref="StartException">There is no such plan function.</exception>
    public static IReadOnlyList<PlannedSource> Find(SourceCatalog sources, string? named)
    {
        var all = sources.All.Select(source => new PlannedSource(source, FunctionOf(source.Name))).ToList();
        if (named is null)
        {
            return all;
        }
        var asked = all.Where(planned => planned.Plan.Equals(named, StringComparison.OrdinalIgnoreCase)).ToList();
        return asked.Count > 0 ? asked : throw new StartException($"--once: seen \"{named}\", expected one of {string.Join(", ", all.Select(planned => planned.Plan))}");
    }

    /// <summary>The name of the function that plans a source.</summary>
    public static string FunctionOf(string source) =>
        "Plan" + CultureInfo.InvariantCulture.TextInfo.ToTitleCase(source.Replace('-', ' ')).Replace(" ", "", StringComparison.Ordinal);
}
