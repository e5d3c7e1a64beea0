using Pipeline.Slices;

namespace Pipeline.Report;

/// <summary>What an operator should look at, and where.</summary>
internal static class Attention
{
    /// <summary>One line for each thing; none when all is well.</summary>
    public static IEnumerable<string> Of(
        IReadOnlyList<SourceStatus> sources,
        IReadOnlyList<QueueStatus> queues,
        RejectStatus rejects,
        RevisionStatus revisions
    )
    {
        foreach (var source in sources)
        {
            if (source.Datasets.Count > 0 && source.LastRun is null)
                yield return $"{source.Name} has never been run: start its Plan function, or wait for its timer";
            foreach (var dataset in source.Datasets)
            {
                if (dataset.Failed > 0)
                {
                    yield return $"{source.Name}/{dataset.Name}: {Count(dataset.Failed, "slice")} failed; the "
                        + "reason is in slices, LastError";
                }

                if (dataset.OverdueHours > Lateness.ToleratedHours)
                {
                    yield return $"{source.Name}/{dataset.Name} is {dataset.OverdueHours} hours late: see whether "
                        + "its Plan function runs and its queue empties";
                }
            }
            foreach (var late in source.Late)
                yield return late;
            if (source.LastRun is { AddUp: false })
                yield return $"{source.Name}: the rows of the last run do not add up; see runs";
        }
        foreach (var queue in queues.Where(queue => queue.Poison > 0))
        {
            yield return $"{Count(queue.Poison, "message")} of the queue {queue.Name} given up, in "
                + $"{Storage.Names.PoisonOf(queue.Name)}";
        }

        if (rejects.Open - rejects.DeadLetters.Count is > 0 and var open)
        {
            yield return $"{Count(open, "open reject")}"
                + $"{(rejects.Causes < open ? $" of {Count(rejects.Causes, "cause")}" : "")}; see rejects";
        }

        if (rejects.DeadLetters.Count > 0)
            yield return $"{Count(rejects.DeadLetters.Count, "dead letter")}; see rejects";
        if (revisions.OutOfPolicy > 0)
        {
            yield return $"{Count(revisions.OutOfPolicy, "figure", revisions.IsPart)} changed outside the "
                + $"publisher's revision window since {revisions.Since:yyyy-MM-dd}; see history, InPolicy";
        }

        if (revisions.Odd > 0)
        {
            yield return $"{Count(revisions.Odd, "row", revisions.IsPart)} of history that this program has not "
                + "written: remove them, or whatever wrote them";
        }
    }

    private static string Count(long number, string what, bool isPart = false) =>
        $"{(isPart ? "more than " : "")}{number} {what}{(number == 1 && !isPart ? "" : "s")}";
}
