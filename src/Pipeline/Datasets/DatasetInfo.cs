using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>What a source publishes as one series of figures; a row of the table <c>datasets</c>.</summary>
/// <param name="Source">The source's name; lower-case letters, digits and hyphens.</param>
/// <param name="Name">The name that slices and fact rows carry.</param>
/// <param name="Title">What it is, in one line.</param>
/// <param name="Publisher">Who publishes it.</param>
/// <param name="Table">Where its rows go.</param>
/// <param name="Unit">The source's own unit, before it becomes whole US dollars.</param>
/// <param name="Url">Where it comes from, without secrets.</param>
/// <param name="Terms">What the publisher asks of those who use it.</param>
/// <param name="RevisionPolicy">When and how far back the publisher changes figures.</param>
public sealed record DatasetInfo(
    string Source,
    string Name,
    string Title,
    string Publisher,
    FactTable Table,
    string Unit,
    string Url,
    string Terms,
    string RevisionPolicy
)
{
    /// <summary>
    /// The longest that the dataset may go without news before the alert <c>data-stale</c> fires, in days, from its
    /// publisher's calendar and some patience; null where there is no calendar, because people maintain it or it is
    /// closed.
    /// </summary>
    public required int? MaximumAgeDays { get; init; }

    /// <summary>A slice of the dataset.</summary>
    public Slice SliceOf(string key) => new(Source, Name, key);
}
