namespace Pipeline.Report;

/// <summary>Series that are looked at together: a heading, and one or more panels to choose from.</summary>
/// <param name="Id">A short name, unique on the page.</param>
/// <param name="Title">The heading.</param>
/// <param name="Note">What a reader must know to read it.</param>
/// <param name="Panels">Where there are several, each has another basis: only one is drawn at a time, and their figures
/// must not be compared.</param>
public sealed record Figure(string Id, string Title, string Note, IReadOnlyList<Panel> Panels);

/// <summary>A chart and the table it is drawn from.</summary>
/// <param name="Name">What distinguishes it from the other panels.</param>
/// <param name="Shape"><see cref="Lines"/> over time, <see cref="Dots"/> over time that no line may join, or
/// <see cref="Bars"/> one a label.</param>
/// <param name="Unit">The unit of all figures.</param>
/// <param name="LabelColumn">What the labels of the points are.</param>
/// <param name="Series">The names of the series.</param>
/// <param name="Points">The points, in the order they are drawn in.</param>
/// <param name="Evidence">Table and keys that hold the figures.</param>
public sealed record Panel(
    string Name,
    string Shape,
    string Unit,
    string LabelColumn,
    IReadOnlyList<string> Series,
    IReadOnlyList<Point> Points,
    string Evidence
)
{
    public const string Lines = "lines";
    public const string Dots = "dots";
    public const string Bars = "bars";

    /// <summary>Whether any point says where it is from.</summary>
    public bool HasNotes => Points.Any(point => point.Note.Length > 0);
}

/// <summary>The figures of one period or of one partner.</summary>
/// <param name="Label">The period (<c>yyyy</c>, <c>yyyy-MM</c>, <c>yyyy-MM-dd</c>) or the name.</param>
/// <param name="Values">One for each series; null where there is none.</param>
/// <param name="Note">Who says so, where statements differ; empty otherwise.</param>
public sealed record Point(string Label, IReadOnlyList<double?> Values, string Note = "");
