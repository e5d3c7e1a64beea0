namespace Pipeline.Loading;

/// <summary>What a merge asks when it meets rows that another worker, or an interrupted load, has written.</summary>
/// <param name="ConfirmAsync">Confirms the lease of the slice; throws when this worker has lost it.</param>
/// <param name="HasEndedAsync">Whether the load of a run, given by its id, came to its end.</param>
internal sealed record MergeOthers(Func<Task> ConfirmAsync, Func<string, Task<bool>> HasEndedAsync);
