using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>The words of findings about single figures of the tables.</summary>
public static class FigureFinding
{
    /// <summary>What to do about a figure that is not believed.</summary>
    public const string NotLoaded =
        "the row is not loaded; correct it at its origin, or replay the slice with accept if the figure is right";

    /// <summary>The place of a figure, by which an operator's word about it is remembered.</summary>
    public static string Where(FactTable table, string partition, string key) => $"{table.Name} {partition} {key}";
}
