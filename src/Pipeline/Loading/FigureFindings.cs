using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>What the review of a body's figures found.</summary>
/// <param name="Refusals">All reasons why the body must not be loaded; none when it may.</param>
/// <param name="Reasons">Rows that must not be loaded, by their keys, each with all reasons.</param>
/// <param name="Figures">Figures that were looked at.</param>
/// <param name="Covered">Those of them that have neighbours to be held against.</param>
internal sealed record FigureFindings(
    IReadOnlyList<Finding> Refusals,
    IReadOnlyDictionary<(string Partition, string Row), List<Finding>> Reasons,
    long Figures,
    long Covered
)
{
    /// <summary>Totals that a check of the parser does not believe: they are no rows of the table.</summary>
    public IReadOnlyList<Finding> Excluded { get; init; } = [];

    /// <summary>Rows that must not be loaded, by their keys, each with the first reason.</summary>
    public IReadOnlyDictionary<(string Partition, string Row), Finding> Flagged { get; } =
        Reasons.ToDictionary(row => row.Key, row => row.Value[0]);

    /// <summary>The first reason why the body must not be loaded; null when it may.</summary>
    public Finding? Refusal => Refusals.FirstOrDefault();

    public static FigureFindings None { get; } = new([], new Dictionary<(string, string), List<Finding>>(), 0, 0);
}
