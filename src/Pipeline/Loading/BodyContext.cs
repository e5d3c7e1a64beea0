namespace Pipeline.Loading;

/// <summary>What is known beside a body when it is read.</summary>
/// <param name="FetchedAt">When the body was fetched, UTC: no figure is of a later day.</param>
/// <param name="ReadCurated">Reads a file that operators maintain as text; null when there is none.</param>
public sealed record BodyContext(DateTimeOffset FetchedAt, Func<string, CancellationToken, Task<string?>> ReadCurated);
