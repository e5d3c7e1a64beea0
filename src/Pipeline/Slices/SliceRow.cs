using Azure;
using Azure.Data.Tables;
using Pipeline.Storage;

namespace Pipeline.Slices;

/// <summary>Where a slice stands. The texts are those of the column <c>State</c> of <c>slices</c>.</summary>
public static class SliceState
{
    /// <summary>A body is stored; its rows are still to be loaded.</summary>
    public const string Pulled = "pulled";

    /// <summary>
    /// Rows are being written. <c>Sha256</c> is empty: the tables hold no body of this slice as a whole.
    /// </summary>
    public const string Merging = "merging";

    /// <summary>All rows are written; what depends on them is still to be brought up to date.</summary>
    public const string Merged = "merged";

    /// <summary>Everything is done.</summary>
    public const string Done = "done";

    /// <summary>The source has published nothing for this period yet.</summary>
    public const string NotPublished = "not-published";

    /// <summary>The source answered nothing for the whole; smaller slices have been asked for instead.</summary>
    public const string Narrowed = "narrowed";

    /// <summary>The source has no rows for this period, also when asked for the smallest part.</summary>
    public const string Empty = "empty";

    /// <summary>The release date has passed, and the source has no rows: a failure. The next plan asks again.</summary>
    public const string Missing = "missing";

    /// <summary>The pull did not succeed; the next plan tries again.</summary>
    public const string Failed = "failed";

    /// <summary>The body is kept, and must not be loaded; the tables are as they were.</summary>
    public const string Refused = "refused";

    /// <summary>Whether nothing more will happen to the slice until it is planned again.</summary>
    public static bool AtRest(string state) =>
        state is Done or NotPublished or Narrowed or Empty or Missing or Failed or Refused;

    /// <summary>Whether the slice has failed: nothing came, or nothing that may be loaded.</summary>
    public static bool HasFailed(string state) => state is Failed or Missing or Refused;
}

/// <summary>A row of the table <c>slices</c>: what is known of a slice, and when it is due again.</summary>
public sealed record SliceRow(Slice Slice)
{
    /// <summary>
    /// Stands for "never" and "not yet" in a column of dates; the table service accepts nothing before
    /// 1601.
    /// </summary>
    public static readonly DateTimeOffset Never = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Stands for a number of rows that was not counted.</summary>
    public const long NotKnown = -1;

    /// <summary>One of <see cref="SliceState"/>.</summary>
    public string State { get; init; } = "";

    /// <summary>When the newest answer was fetched.</summary>
    public DateTimeOffset LastPulled { get; init; } = Never;

    /// <summary>Vintage of the body that last changed a row.</summary>
    public DateTimeOffset LastChanged { get; init; } = Never;

    /// <summary>When the slice is to be asked for again.</summary>
    public DateTimeOffset NextDue { get; init; } = Never;

    /// <summary>SHA-256 of the body that the tables hold as a whole; empty while rows are being written.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>The answer's entity tag, for conditional requests; empty when it had none.</summary>
    public string HttpETag { get; init; } = "";

    /// <summary>The answer's <c>Last-Modified</c>, as it was sent; empty when it had none.</summary>
    public string LastModified { get; init; } = "";

    /// <summary>Rows for the fact table in the body that was loaded last.</summary>
    public long Rows { get; init; }

    /// <summary>
    /// Rows of the slice in the fact table when the last load ended, with those it had to leave there;
    /// <see cref="NotKnown"/> where it did not see all.
    /// </summary>
    public long InTable { get; init; } = NotKnown;

    /// <summary>
    /// Vintage of the newest body whose rows were begun to be written; older bodies must not be loaded after
    /// it.
    /// </summary>
    public DateTimeOffset Vintage { get; init; } = Never;

    /// <summary>
    /// The newest period of the body that was loaded last, as <c>yyyy-MM</c>; empty when there is none.
    /// </summary>
    public string Newest { get; init; } = "";

    /// <summary>Pulls without success since the last success.</summary>
    public int Attempts { get; init; }

    /// <summary>What went wrong last; empty when nothing did.</summary>
    public string LastError { get; init; } = "";

    /// <summary>
    /// What the newest quarantined body was judged by: a hash of the program and of the lists that operators maintain.
    /// Empty without such a body. With another one it is read again.
    /// </summary>
    public string JudgedBy { get; init; } = "";

    /// <summary>The version of the row, for updates that must not overwrite another process's.</summary>
    public ETag Version { get; init; }

    /// <summary>Whether rows of the slice may be in the fact table.</summary>
    public bool WasLoaded => Vintage > Never;

    /// <summary>
    /// Whether the tables hold a part of the body of <see cref="Vintage"/>: its load was begun and not
    /// ended.
    /// </summary>
    public bool IsHalfLoaded => WasLoaded && Sha256.Length == 0;

    /// <summary>
    /// The row of a slice that is to be asked for at every plan. A due date that has passed stays: it tells
    /// how late the slice is.
    /// </summary>
    internal SliceRow DueAtEveryPlan(DateTimeOffset now) => NextDue > now ? this with { NextDue = Never } : this;

    internal TableEntity ToEntity() =>
        new(Slice.Source, Slice.RowKey)
        {
            ["State"] = State,
            ["LastPulled"] = LastPulled,
            ["LastChanged"] = LastChanged,
            ["NextDue"] = NextDue,
            ["Sha256"] = Sha256,
            // Not "ETag": the table client takes that for the row's own version and never sends it. A validator that
            // was cut would fit no body.
            ["ETag"] = HttpETag.Length > CellText.Limit ? "" : HttpETag,
            ["LastModified"] = LastModified.Length > CellText.Limit ? "" : LastModified,
            ["Rows"] = Rows,
            ["InTable"] = InTable,
            ["Vintage"] = Vintage,
            ["Newest"] = Newest,
            ["Attempts"] = Attempts,
            ["LastError"] = CellText.Cut(LastError),
            ["JudgedBy"] = JudgedBy,
        };

    internal static SliceRow From(TableEntity entity)
    {
        DateTimeOffset Date(string name) => entity.GetDateTimeOffset(name) ?? Never;
        string Text(string name) => entity.GetString(name) ?? "";
        var cut = entity.RowKey.IndexOf('|', StringComparison.Ordinal);
        return new SliceRow(new Slice(entity.PartitionKey, entity.RowKey[..cut], entity.RowKey[(cut + 1)..]))
        {
            State = Text("State"),
            LastPulled = Date("LastPulled"),
            LastChanged = Date("LastChanged"),
            NextDue = Date("NextDue"),
            Sha256 = Text("Sha256"),
            HttpETag = Text("ETag"),
            LastModified = Text("LastModified"),
            Rows = entity.GetInt64("Rows") ?? 0,
            InTable = entity.GetInt64("InTable") ?? NotKnown,
            Vintage = Date("Vintage"),
            Newest = Text("Newest"),
            Attempts = entity.GetInt32("Attempts") ?? 0,
            LastError = Text("LastError"),
            JudgedBy = Text("JudgedBy"),
            Version = entity.ETag,
        };
    }
}
