using Pipeline.Insight.Indicators;

namespace Pipeline.Insight.Claims;

/// <summary>A part of an expression.</summary>
/// <param name="Position">Where it begins, the first character being 1.</param>
/// <param name="Unit">The unit of its figures; null when only the rows tell, "" for a bare number.</param>
/// <param name="IsSeries">Whether it stands for several figures.</param>
internal abstract record Node(int Position, string? Unit, bool IsSeries);

/// <summary>A number.</summary>
internal sealed record NumberNode(int Position, double Value) : Node(Position, "", false);

/// <summary>Figures of an indicator.</summary>
/// <param name="Id">The indicator.</param>
/// <param name="Shape">What stands under it.</param>
/// <param name="From">The first period, or a beginning that many periods share; or <see cref="Latest"/>,
/// <see cref="Each"/>.</param>
/// <param name="To">The last period.</param>
/// <param name="Member">Whom the figure is about; empty for all.</param>
internal sealed record ReferenceNode(
    int Position,
    string Id,
    IndicatorShape Shape,
    string From,
    string To,
    string Member,
    bool IsSeries
) : Node(Position, Shape.Unit, IsSeries)
{
    /// <summary>Stands for the newest period on file.</summary>
    public const string Latest = "latest";

    /// <summary>Stands for every period on file, one after the other.</summary>
    public const string Each = "each";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Id}[{From}{(To == From ? "" : $"..{To}")}{(Member.Length > 0 ? $"|{Member}" : "")}]";
}

/// <summary>Two figures and what is done with them: + - * /</summary>
internal sealed record BinaryNode(int Position, char Operator, Node Left, Node Right, string? Unit)
    : Node(Position, Unit, false);

/// <summary>A figure with the other sign.</summary>
internal sealed record NegativeNode(int Position, Node Of) : Node(Position, Of.Unit, false);

/// <summary>A function of figures.</summary>
/// <param name="Key">For <c>rank</c>: whose place is asked for.</param>
internal sealed record CallNode(int Position, string Name, IReadOnlyList<Node> Arguments, string Key, string? Unit)
    : Node(Position, Unit, false);

/// <summary>
/// Figures that stand in an order: all <c>&lt;</c> or all <c>&gt;</c>. Only a whole expression is one.
/// </summary>
internal sealed record ChainNode(int Position, char Operator, IReadOnlyList<Node> Figures) : Node(Position, "", false);
