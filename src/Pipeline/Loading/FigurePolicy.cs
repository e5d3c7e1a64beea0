using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>What can be believed of the figures of a dataset, from its real history.</summary>
public sealed record FigurePolicy
{
    /// <summary>
    /// How far a figure may stand out from its neighbours; null for rows whose history is too restless to tell. A row
    /// is held
    /// against the median of the four figures around it in its series.
    /// </summary>
    public Func<FactRow, SpikeLimit?>? Spikes { get; init; }

    /// <summary>
    /// The range that a figure must lie in, so that a slip of a unit into an empty table is caught too; null for rows
    /// without one. Readers
    /// that know a total hold it against a range of their own.
    /// </summary>
    public Func<FactRow, (double Least, double Most)?>? Plausible { get; init; }

    /// <summary>
    /// Stored rows that take part as neighbours though the body does not have them, as an OData filter; empty for
    /// none.
    /// </summary>
    public string Neighbours { get; init; } = "";

    /// <summary>
    /// The first and last period that a row may have, as its key begins; null where the reader checks it.
    /// </summary>
    public PeriodLimits? Periods { get; init; }
}

/// <summary>
/// A figure is held to be wrong when it is above <paramref name="Factor"/> times the median of its neighbours.
/// </summary>
/// <param name="Floor">The least median that says anything: smaller series jump.</param>
/// <param name="Factor">How many times the median is too much.</param>
public sealed record SpikeLimit(double Floor, double Factor);

/// <summary>The periods that a body can have.</summary>
/// <param name="First">The first, in the form of the keys.</param>
/// <param name="Last">The last, in the form of the keys.</param>
/// <param name="Begins">Why nothing is earlier, to follow a figure in a message.</param>
/// <param name="Ends">Why nothing is later.</param>
public sealed record PeriodLimits(string First, string Last, string Begins, string Ends);
