using System.Globalization;
using Pipeline.Datasets;

namespace Pipeline.Local.Once;

/// <summary>
/// A source and the name of the function that plans it: <c>PlanCensusTrade</c> plans <c>census-trade</c>.
/// </summary>
internal sealed record PlannedSource(Source Source, string Plan)
{
    /// <summary>The sources that a run is about.</summary>
    /// <param name="sources">All sources.</param>
    /// <param name="named">The only plan functions to run; none runs all.</param>
    /// <exception cref="StartException">There is no such plan function.</exception>
    public static IReadOnlyList<PlannedSource> Find(SourceCatalog sources, IReadOnlyList<string> named)
    {
        var all = sources.All.Select(source => new PlannedSource(source, FunctionOf(source.Name))).ToList();
        var unknown = named.FirstOrDefault(name => !all.Any(planned => planned.Is(name)));
        if (unknown is not null)
        {
            throw new StartException(
                $"--once: seen \"{unknown}\", expected one of {string.Join(", ", all.Select(planned => planned.Plan))}"
            );
        }
        return named.Count == 0 ? all : [.. all.Where(planned => named.Any(planned.Is))];
    }

    private bool Is(string name) => Plan.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The name of the function that plans a source.</summary>
    public static string FunctionOf(string source) =>
        "Plan"
        + CultureInfo
            .InvariantCulture.TextInfo.ToTitleCase(source.Replace('-', ' '))
            .Replace(" ", "", StringComparison.Ordinal);
}
