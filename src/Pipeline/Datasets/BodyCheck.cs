using Pipeline.Issues;

namespace Pipeline.Datasets;

/// <summary>What a parser says of a body as a whole.</summary>
/// <param name="Read">Rows of the body.</param>
/// <param name="Kept">Rows that go to the table.</param>
/// <param name="Excluded">Groups, totals, repeated rows and rows another dataset answers for.</param>
/// <param name="Missing">Rows for which the source says that it has no value.</param>
/// <param name="Rejected">Rows that could not be understood.</param>
/// <param name="Newest">The newest period held, as <c>yyyy-MM</c>, of a quarter or a year its last month; null when
/// none.
/// </param>
/// <param name="Unreadable">Why the body cannot be read, which no operator can overrule; null when it can.</param>
public sealed record BodyCheck(
    long Read,
    long Kept,
    long Excluded,
    long Missing,
    long Rejected,
    string? Newest,
    Finding? Unreadable
)
{
    /// <summary>
    /// All that checks do not believe of a body that can be read. It is loaded only if an operator accepts each of
    /// them.
    /// </summary>
    public IReadOnlyList<Finding> Judgements { get; init; } = [];

    /// <summary>Why the body must not be loaded, the first reason; null when it may.</summary>
    public Finding? Refusal => Unreadable ?? Judgements.FirstOrDefault();
}
