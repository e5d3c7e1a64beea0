using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>What can be believed of the figures of a dataset, from its real history.</summary>
public sealed record FigurePolicy
{
    /// <summary>
    /// How far a figure may stand out from its neighbours; null for rows whose history is too restless to tell. A row
    /// is held against the median of the four figures around it in its series.
    /// </summary>
    public Func<FactRow, SpikeLimit?>? Spikes { get; init; }

    /// <summary>
    /// The range that a figure must lie in, so that a slip of a unit into an empty table is caught too; null for rows
    /// without one. Readers that know a total hold it against a range of their own.
    /// </summary>
    public Func<FactRow, (double Least, double Most)?>? Plausible { get; init; }

    /// <summary>
    /// Stored rows of a partition that take part as neighbours though the body does not have them, as an OData filter;
    /// null for none.
    /// </summary>
    public Func<string, string>? Neighbours { get; init; }

    /// <summary>The total that a row is a part of, and that the table may have; null where there is none.</summary>
    public WholeLimit? Whole { get; init; }

    /// <summary>How far a share may stand out from its neighbours; null for datasets without shares.</summary>
    public ShareLimit? Shares { get; init; }

    /// <summary>
    /// The first and last period that a row may have, as its key begins; null where the parser checks it.
    /// </summary>
    public PeriodLimits? Periods { get; init; }
}

/// <summary>
/// A figure is held to be wrong when it is above <paramref name="Factor"/> times the median of its neighbours.
/// </summary>
/// <param name="Floor">The least median that says anything: smaller series jump.</param>
/// <param name="Factor">How many times the median is too much.</param>
public sealed record SpikeLimit(double Floor, double Factor);

/// <summary>
/// Rows that add up to a stored total are of its magnitude. The two may be of different vintages, so that only a slip
/// of a unit shows.
/// </summary>
/// <param name="Table">The table that has the totals.</param>
/// <param name="Key">The key of the total that a row is a part of; null when it is not compared.</param>
/// <param name="Floor">Smaller totals and sums say nothing.</param>
/// <param name="Factor">How many times the total is too much, or the sum too little.</param>
/// <param name="Many">From so many parts on they are all that there are, so that the sum may not be too small.</param>
/// <param name="MustExist">True if a loaded sum without a stored total stays open.</param>
public sealed record WholeLimit(
    FactTable Table,
    Func<FactRow, (string Partition, string Row)?> Key,
    double Floor,
    double Factor,
    int Many,
    bool MustExist = false
);

/// <summary>
/// A share is held to be wrong when fewer than two of its neighbours are within <paramref name="Points"/> percentage
/// points and <paramref name="Factor"/> times of it.
/// </summary>
/// <param name="Of">The share of a row in per cent; null when it has none.</param>
/// <param name="Points">The most percentage points.</param>
/// <param name="Factor">The largest ratio.</param>
/// <param name="Days">Neighbours that are further away say nothing.</param>
public sealed record ShareLimit(Func<FactRow, double?> Of, double Points, double Factor, int Days);

/// <summary>The periods that a body can have.</summary>
/// <param name="First">The first, in the form of the keys.</param>
/// <param name="Last">The last, in the form of the keys.</param>
/// <param name="Begins">Why nothing is earlier, to follow a figure in a message.</param>
/// <param name="Ends">Why nothing is later.</param>
public sealed record PeriodLimits(string First, string Last, string Begins, string Ends);
