using Pipeline.Datasets;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>What came of the request of a pull.</summary>
internal sealed record PullOutcome(PullMessage Message, IDataset Dataset, IRowParser Parser, FetchResult Result)
{
    /// <summary>What a body is judged by now, see <see cref="QuarantinedBody.JudgedBy"/>.</summary>
    public required string JudgedBy { get; init; }

    /// <summary>When the request was made, by this worker's clock, UTC.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When the answer was there, by this worker's clock, UTC.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The bodies of the slice that were stored before, oldest first.</summary>
    public required IReadOnlyList<RawName> Bodies { get; init; }

    /// <summary>The storage's time after the answer, UTC: bodies are ordered by it.</summary>
    public required DateTimeOffset StorageTime { get; init; }

    /// <summary>The day of the recording that answered, UTC; null from the network, or where it is not known.</summary>
    public required DateTimeOffset? RecordedOn { get; init; }

    public Slice Slice { get; } = Message.Subject.Slice!;

    /// <summary>The plan that asked, UTC; null when an operator did.</summary>
    public DateTimeOffset? PlannedAt => Message.PlannedAt;

    /// <summary>The first 12 digits of the body's SHA-256.</summary>
    public string Sha12 => Result.Sha256[..12];

    /// <summary>The newest body stored before; null when there is none.</summary>
    public RawName? Newest => Bodies.Count > 0 ? Bodies[^1] : null;

    /// <summary>The run of a body, or of the pull itself.</summary>
    public RunRow Run(string runId, DateTimeOffset vintage) =>
        new(runId, Slice, vintage)
        {
            Step = nameof(Pull),
            StartedAt = StartedAt,
            EndedAt = Now,
            Bytes = Result.Answer?.Length ?? 0,
        };

    /// <summary>
    /// A name for the body. Its vintage is the storage's time, in whole seconds, of a recording its day; and later than
    /// every body stored before, so that their order is never in doubt.
    /// </summary>
    /// <param name="extension">The file name extension.</param>
    public RawName NewName(string extension)
    {
        var time = RecordedOn ?? StorageTime;
        var second = time.AddTicks(-(time.UtcTicks % TimeSpan.TicksPerSecond)).ToUniversalTime();
        var vintage = Newest is { } newest && newest.Vintage >= second ? newest.Vintage.AddSeconds(1) : second;
        return new RawName(Slice, vintage, Sha12, extension);
    }
}
