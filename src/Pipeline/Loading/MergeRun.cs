namespace Pipeline.Loading;

/// <summary>What a merge writes into every row it touches.</summary>
/// <param name="Source">The source.</param>
/// <param name="Dataset">The dataset.</param>
/// <param name="Vintage">When the body was fetched, UTC.</param>
/// <param name="RawBlob">The body.</param>
/// <param name="RunId">The run.</param>
/// <param name="Replay">Whether the body was loaded before, perhaps with another parser. Rows that the run wrote then
/// and that the body lacks now are removed, too.</param>
public sealed record MergeRun(
    string Source,
    string Dataset,
    DateTimeOffset Vintage,
    string RawBlob,
    string RunId,
    bool Replay = false
);

/// <summary>What a merge did.</summary>
/// <param name="Added">Rows that the table did not have.</param>
/// <param name="Changed">Rows with another value than before.</param>
/// <param name="Unchanged">Rows that the table had already; nothing was written for them.</param>
/// <param name="Written">Facts that were inserted, changed or removed; rows that the run wrote before it was
/// interrupted are not among them.</param>
/// <param name="Removed">Rows that the body no longer has; they are in <c>history</c>.</param>
/// <param name="OutOfPolicy">Changes and removals outside the publisher's declared revision window.</param>
/// <param name="Conflicts">Batches that were decided again because another process had written the same rows.</param>
/// <param name="Left">Rows of the slice that the body does not have and that stay: it may have them, in a row that
/// could not be understood; or need not have them; or this very run wrote them.</param>
public sealed record MergeResult(
    long Added,
    long Changed,
    long Unchanged,
    long Written,
    long Removed,
    long OutOfPolicy,
    long Conflicts,
    long Left = 0
);
