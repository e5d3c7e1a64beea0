namespace Pipeline.Datasets;

/// <summary>The place of a row in its body, such as <c>line 12</c> or <c>row 45, column EXP_JAN</c>.</summary>
/// <remarks>It is set for every row that a parser hands on: its text is only made where it is wanted.</remarks>
/// <param name="Unit">What is counted, with the part of the body that it is counted in; the whole place if
/// <paramref name="Number"/> is 0.</param>
/// <param name="Number">The number of the unit, as the parser's messages count; the first is 1. 0: none.</param>
/// <param name="Column">The column, where a row of the body has several figures; null where it has one.</param>
public readonly record struct BodyPlace(string Unit, long Number = 0, string? Column = null)
{
    /// <inheritdoc/>
    public override string ToString() =>
        (Number == 0 ? Unit ?? "" : FormattableString.Invariant($"{Unit} {Number}"))
        + (Column is null ? "" : $", column {Column}");
}
