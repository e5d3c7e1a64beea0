using Pipeline.Datasets;
using Pipeline.Slices;

namespace Pipeline.Report.News;

/// <summary>What one run did to the figures of one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="RunId">The run.</param>
/// <param name="Vintage">When the body of the run was fetched, UTC.</param>
public sealed record NewsItem(string Table, string RunId, DateTimeOffset Vintage)
{
    /// <summary>The slice that the run loaded; null if the table <c>runs</c> has no such run.</summary>
    public Slice? Slice { get; init; }

    /// <summary>The dataset of the slice; null if it is unknown.</summary>
    public DatasetInfo? Dataset { get; init; }

    /// <summary>The number of figures that the table did not have.</summary>
    public long Added { get; init; }

    /// <summary>The number of figures that the table had with other values.</summary>
    public long Revised { get; init; }

    /// <summary>The number of figures that were removed, because the publisher no longer has them.</summary>
    public long Removed { get; init; }

    /// <summary>The number of revised and removed figures outside the publisher's declared revision window.</summary>
    public long Outside { get; init; }

    /// <summary>The partition of all revised and removed figures; null if there are none, or several.</summary>
    public string? Partition { get; init; }

    /// <summary>
    /// Revised and removed figures in the order of their keys, at most <see cref="NewsReader.MostChanges"/>.
    /// </summary>
    public IReadOnlyList<NewsChange> Changes { get; init; } = [];
}

/// <summary>A figure that was revised or removed.</summary>
/// <param name="Partition">Its partition key.</param>
/// <param name="Row">Its row key.</param>
/// <param name="IsRemoved">True if it was removed.</param>
/// <param name="InPolicy">True if the publisher's declared revision window covers the change.</param>
/// <param name="Values">The columns that changed; of a removed figure those that the figure was made of.</param>
public sealed record NewsChange(
    string Partition,
    string Row,
    bool IsRemoved,
    bool InPolicy,
    IReadOnlyList<NewsValue> Values
);

/// <summary>A column that changed.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Old">The value before, as people read it; empty if there was none.</param>
/// <param name="New">The value since, likewise.</param>
/// <param name="Unit">The unit of both; empty if it is unknown, or if there is none.</param>
public sealed record NewsValue(string Column, string Old, string New, string Unit);

/// <summary>The news of a time.</summary>
/// <param name="Since">The beginning of the time, UTC.</param>
/// <param name="IsPart">True if there are more changes than are read, so that numbers may be too low.</param>
/// <param name="Items">The news, the newest first.</param>
public sealed record NewsList(DateTimeOffset Since, bool IsPart, IReadOnlyList<NewsItem> Items);
