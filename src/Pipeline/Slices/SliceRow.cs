using Azure;
using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>A row of the table <c>slices</c>: what is known of a slice, and when it is due again.</summary>
public sealed record SliceRow(Slice Slice)
{
    /// <summary>Where the slice stands; null before its first pull.</summary>
    public SliceState? State { get; init; }

    /// <summary>
    /// The state that the slice has apart from a load that was begun and only writes a loaded body over its rows again;
    /// it returns to that when the load ends. Null otherwise.
    /// </summary>
    public SliceState? Restoring { get; init; }

    /// <summary>The plan whose pull message has not been worked on, UTC; null when there is none.</summary>
    public DateTimeOffset? PlannedAt { get; init; }

    /// <summary>When the newest answer was fetched, UTC; null before the first.</summary>
    public DateTimeOffset? LastPulled { get; init; }

    /// <summary>The day of the recording that answered last, UTC; null from the network, and before it.</summary>
    public DateTimeOffset? RecordedOn { get; init; }

    /// <summary>When the slice is to be asked for again, UTC; null for every plan.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>The body whose rows the tables hold; null when none was loaded to its end.</summary>
    public LoadedBody? Loaded { get; init; }

    /// <summary>
    /// The body whose load was begun and has not ended; null when there is none. The tables then hold a part of it.
    /// </summary>
    public RawName? Loading { get; init; }

    /// <summary>
    /// What the body that is being loaded is read by; see <see cref="QuarantinedBody.JudgedBy"/>. Empty without one.
    /// </summary>
    public string LoadingJudgedBy { get; init; } = "";

    /// <summary>
    /// The newest body that is stored and waits to be loaded: newer than the loaded one, and than the one whose load
    /// was begun. Null when there is none.
    /// </summary>
    public RawName? Pending { get; init; }

    /// <summary>
    /// The entity tag of the newest answer whose body was not rejected, for conditional requests; empty when it had
    /// none.
    /// </summary>
    public string HttpETag { get; init; } = "";

    /// <summary>The <c>Last-Modified</c> of that answer, as it was sent; empty when it had none.</summary>
    public string LastModified { get; init; } = "";

    /// <summary>Pulls without success since the last success.</summary>
    public int Attempts { get; init; }

    /// <summary>What went wrong last; empty when nothing did.</summary>
    public string LastError { get; init; } = "";

    /// <summary>The body that was quarantined and is newer than the loaded one; null when there is none.</summary>
    public QuarantinedBody? Quarantined { get; init; }

    /// <summary>The version that the storage gave the row: another one after each change.</summary>
    public ETag Version { get; init; }

    /// <summary>The vintage of the newest body of which the tables hold rows; null when they hold none.</summary>
    public DateTimeOffset? Vintage => Loading?.Vintage ?? Loaded?.Body.Vintage;

    /// <summary>
    /// The row of a slice that is to be asked for at every plan. A due date that has passed stays: it tells how late
    /// the slice is.
    /// </summary>
    internal SliceRow DueAtEveryPlan(DateTimeOffset now) => NextDue > now ? this with { NextDue = null } : this;

    internal SliceEntity ToEntity() =>
        new()
        {
            PartitionKey = Slice.Source,
            RowKey = Slice.RowKey,
            State = $"{State}",
            Restoring = $"{Restoring}",
            PlannedAt = PlannedAt,
            LastPulled = LastPulled,
            RecordedOn = RecordedOn,
            NextDue = NextDue,
            LoadedBlob = Loaded?.Body.Blob ?? "",
            Vintage = Loaded?.Body.Vintage,
            Sha256 = Loaded?.Sha256 ?? "",
            Rows = Loaded?.Rows,
            InTable = Loaded?.InTable,
            Newest = Loaded?.Newest ?? "",
            LastChanged = Loaded?.LastChanged,
            LoadedError = CellText.Cut(Loaded?.Error ?? ""),
            LoadedJudgedBy = Loaded?.JudgedBy ?? "",
            LoadingBlob = Loading?.Blob ?? "",
            LoadingJudgedBy = LoadingJudgedBy,
            PendingBlob = Pending?.Blob ?? "",
            // A validator that was cut would fit no body.
            HttpETag = HttpETag.Length > CellText.Limit ? "" : HttpETag,
            LastModified = LastModified.Length > CellText.Limit ? "" : LastModified,
            Attempts = Attempts,
            LastError = CellText.Cut(LastError),
            QuarantinedBlob = Quarantined?.Body.Blob ?? "",
            JudgedBy = Quarantined?.JudgedBy ?? "",
        };

    internal static SliceRow From(SliceEntity entity)
    {
        var cut = entity.RowKey.IndexOf('|', StringComparison.Ordinal);
        return new SliceRow(new Slice(entity.PartitionKey, entity.RowKey[..cut], entity.RowKey[(cut + 1)..]))
        {
            State = Enum.TryParse<SliceState>(entity.State, out var state) ? state : null,
            Restoring = Enum.TryParse<SliceState>(entity.Restoring, out var restoring) ? restoring : null,
            PlannedAt = entity.PlannedAt,
            LastPulled = entity.LastPulled,
            RecordedOn = entity.RecordedOn,
            NextDue = entity.NextDue,
            Loaded = Body(entity.LoadedBlob) is { } loaded
                ? new LoadedBody(loaded, entity.Sha256, entity.Rows ?? 0)
                {
                    InTable = entity.InTable,
                    Newest = entity.Newest,
                    LastChanged = entity.LastChanged,
                    Error = entity.LoadedError,
                    JudgedBy = entity.LoadedJudgedBy,
                }
                : null,
            Loading = Body(entity.LoadingBlob),
            LoadingJudgedBy = entity.LoadingJudgedBy,
            Pending = Body(entity.PendingBlob),
            HttpETag = entity.HttpETag,
            LastModified = entity.LastModified,
            Attempts = entity.Attempts,
            LastError = entity.LastError,
            Quarantined = Body(entity.QuarantinedBlob) is { } quarantined
                ? new QuarantinedBody(quarantined, entity.JudgedBy)
                : null,
            Version = entity.ETag,
        };

        static RawName? Body(string blob) => RawName.TryParse(blob, out var body) ? body : null;
    }
}

/// <summary>A body whose rows the tables hold.</summary>
/// <param name="Body">The body.</param>
/// <param name="Sha256">Its SHA-256, 64 hexadecimal digits.</param>
/// <param name="Rows">Its rows for the fact table.</param>
public sealed record LoadedBody(RawName Body, string Sha256, long Rows)
{
    /// <summary>
    /// Rows of the slice in the fact table when the load ended, with those it had to leave there; null where it did not
    /// see all.
    /// </summary>
    public long? InTable { get; init; }

    /// <summary>The newest period of the body, as <c>yyyy-MM</c>; empty when there is none.</summary>
    public string Newest { get; init; } = "";

    /// <summary>
    /// Vintage of the body that last changed a row, UTC, and a tick later for each replay that changed rows since; null
    /// when none did.
    /// </summary>
    public DateTimeOffset? LastChanged { get; init; }

    /// <summary>What its load left out: the number of rows and the first; empty when nothing.</summary>
    public string Error { get; init; } = "";

    /// <summary>What it was read by; see <see cref="QuarantinedBody.JudgedBy"/>.</summary>
    public string JudgedBy { get; init; } = "";
}

/// <summary>A body that failed a check.</summary>
/// <param name="Body">The body.</param>
/// <param name="JudgedBy">What it was judged by: a hash of the program and of the lists that operators maintain. With
/// another hash it is read again.</param>
public sealed record QuarantinedBody(RawName Body, string JudgedBy);
