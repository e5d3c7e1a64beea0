namespace Pipeline.Insight.Claims;

/// <summary>What a claim can turn out to be; the words of the column <c>Verdict</c>.</summary>
internal static class ClaimVerdict
{
    public const string Confirmed = "confirmed";
    public const string UnitError = "unit-error";
    public const string Refuted = "refuted";
    public const string Partly = "partly";
    public const string DependsOnBasis = "depends-on-basis";
    public const string NotCheckable = "not-checkable";
}

/// <summary>How the computed figure is held against the claim.</summary>
internal static class Comparison
{
    /// <summary>The printed figure is a correct rounding of the computed one.</summary>
    public new const string Equals = "equals";

    /// <summary>The computed figure is larger than the printed one.</summary>
    public const string Above = "above";

    /// <summary>The computed figure is smaller than the printed one.</summary>
    public const string Below = "below";

    /// <summary>The figures of the expression, which has &lt; or &gt; between them, stand in that order.</summary>
    public const string Ordering = "ordering";

    /// <summary>The figure is lower than all after the period <c>since</c>.</summary>
    public const string MinimumSince = "minimum-since";

    /// <summary>The computed place is in <c>place</c>: <c>1</c>, <c>1..10</c> or <c>11..</c>.</summary>
    public const string Rank = "rank";

    /// <summary>The first places belong to the members of <c>order</c>, in that order.</summary>
    public const string Ranking = "ranking";

    /// <summary>The computed figure is <c>tolerance</c> from zero at most.</summary>
    public const string Within = "within";

    /// <summary>There is no figure to check; <c>reason</c> says why.</summary>
    public const string None = "none";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [Equals, Above, Below, Ordering, MinimumSince, Rank, Ranking, Within, None];
}

/// <summary>One thing that can hold or not.</summary>
/// <param name="Comparison">One of <see cref="Claims.Comparison"/>.</param>
/// <param name="Subject">What the expression computes, in words that begin a sentence.</param>
/// <param name="Expression">The formula.</param>
/// <param name="Stated">The figure as printed; null where the comparison needs none.</param>
/// <param name="Since">For minimum-since: the period that is not looked at any more.</param>
/// <param name="Places">For rank: the first and the last place that the claim allows.</param>
/// <param name="Tolerance">For within.</param>
/// <param name="Order">For ranking: members, the first place first.</param>
internal sealed record Check(
    string Comparison,
    string Subject,
    Expression Expression,
    Stated? Stated,
    string Since,
    (int First, int Last) Places,
    double Tolerance,
    IReadOnlyList<string> Order
);

/// <summary>Checks on figures of one basis. A claim that names none has one, without a name.</summary>
internal sealed record ClaimBasis(string Name, IReadOnlyList<Check> Checks);

/// <summary>Where statements were published.</summary>
/// <param name="Title">What the article is about.</param>
/// <param name="Date">When it was published.</param>
public sealed record Article(string Title, DateOnly Date);

/// <summary>A published statement that was reviewed, and how it is checked.</summary>
/// <param name="Article">The article's id.</param>
/// <param name="Id">The claim's id in it.</param>
/// <param name="Statement">What was published, in short words.</param>
/// <param name="Stated">The figure as printed; null where there is none.</param>
/// <param name="Date">Periods that end later are not looked at; null = all are.</param>
/// <param name="Vintage">The figures are those that the tables had at the end of this day, UTC; null = the present
/// ones.</param>
/// <param name="Bases">What is checked; none when it cannot be.</param>
/// <param name="Reason">Why it cannot be checked; empty when it can.</param>
internal sealed record Claim(
    string Article,
    string Id,
    string Statement,
    Stated? Stated,
    DateOnly? Date,
    DateOnly? Vintage,
    IReadOnlyList<ClaimBasis> Bases,
    string Reason
);
