namespace Pipeline.Report.Monitoring;

/// <summary>One reading of something that is watched.</summary>
/// <param name="Name">One of <see cref="Gauges"/>.</param>
/// <param name="Property">What kind of thing it was read of: one of <see cref="Gauges"/>' properties.</param>
/// <param name="Of">The thing; no blanks.</param>
/// <param name="Value">The reading, in the unit of its name, with two decimals.</param>
public sealed record Gauge(string Name, string Property, string Of, double Value);

/// <summary>What is watched. The alerts name the same gauges; a test compares them.</summary>
public static class Gauges
{
    /// <summary>Messages of a step queue, about; invisible ones count.</summary>
    public const string QueueMessages = "pipeline.queue.messages";

    /// <summary>
    /// Minutes since the oldest visible message was sent to a step or poison queue; 0 when none is visible.
    /// </summary>
    public const string QueueOldestMinutes = "pipeline.queue.oldest.minutes";

    /// <summary>Messages of a poison queue, about.</summary>
    public const string PoisonMessages = "pipeline.poison.messages";

    /// <summary>
    /// Hours since the body was fetched that last changed a row of a dataset. Not read while nothing was ever
    /// loaded.
    /// </summary>
    public const string DataAgeHours = "pipeline.data.age.hours";

    /// <summary>
    /// Hours since the plan that should have pulled the latest slice of a dataset, or since a slice of it
    /// began to fail, whichever is longer; 0 when neither is so.
    /// </summary>
    public const string DataOverdueHours = "pipeline.data.overdue.hours";

    /// <summary>
    /// Rejects of a source that are still open: rows of the table, each reason against a figure by itself.
    /// </summary>
    public const string RejectsOpen = "pipeline.rejects.open";

    /// <summary>Runs of a source that ended lately and whose counts do not add up to the rows that were read.</summary>
    public const string LedgerGaps = "pipeline.ledger.gaps";

    /// <summary>Figures of a table that changed lately although their publisher says that they are final.</summary>
    public const string RevisionsOutOfPolicy = "pipeline.revisions.outofpolicy";

    /// <summary>Slices of a dataset whose newest body a check keeps out of the tables.</summary>
    public const string SlicesQuarantined = "pipeline.slices.quarantined";

    /// <summary>Hours since the newest run of a source ended. Not read while a source was never run.</summary>
    public const string RunAgeHours = "pipeline.run.age.hours";

    /// <summary>The kinds of things that are watched.</summary>
    public const string OfQueue = "queue",
        OfDataset = "dataset",
        OfSource = "source",
        OfTable = "table";

    /// <summary>Every gauge with its unit (UCUM) and what it says.</summary>
    public static IReadOnlyList<(string Name, string Unit, string Description)> All { get; } =
    [
        (QueueMessages, "{message}", "Messages of a queue, about."),
        (QueueOldestMinutes, "min", "Age of the oldest visible message of a queue."),
        (PoisonMessages, "{message}", "Messages of a poison queue, about."),
        (DataAgeHours, "h", "Age of the body that last changed a row of a dataset."),
        (DataOverdueHours, "h", "Time since a slice of a dataset should have been pulled, or began to fail."),
        (RejectsOpen, "{reject}", "Open rejects of a source."),
        (LedgerGaps, "{run}", "Runs of a source whose counts do not add up."),
        (RevisionsOutOfPolicy, "{revision}", "Figures of a table that changed although they were final."),
        (SlicesQuarantined, "{slice}", "Slices of a dataset whose newest body a check keeps out."),
        (RunAgeHours, "h", "Time since the newest run of a source ended."),
    ];
}
