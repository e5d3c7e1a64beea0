using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Datasets;

/// <summary>
/// Reads the body of one slice, twice: once to check it as a whole before anything is written, once for the rows.
/// Neither holds more of the body than a buffer.
/// </summary>
public interface ISliceReader
{
    /// <summary>Where the rows go.</summary>
    FactTable Table { get; }

    /// <summary>
    /// The rows of the table that the slice is responsible for: what is there and not in the body has vanished
    /// upstream.
    /// </summary>
    SliceScope Scope { get; }

    /// <summary>
    /// What can be believed of the figures; null where only the comparison with stored figures applies.
    /// </summary>
    FigurePolicy? Figures => null;

    /// <summary>
    /// What was asked for, for a body with rows of which none is it; null if the settings want no row of the body,
    /// which then only serves cross-checks.
    /// </summary>
    string? Wanted => "rows of the slice";

    /// <summary>Whether a change of this row lies inside the publisher's declared revision window.</summary>
    bool InPolicy(FactRow row, DateTimeOffset vintage);

    /// <summary>
    /// Reads all and says whether the body may be loaded, and what it holds. Where it has to be read once more
    /// to be told (<see cref="BodyCheck.IsUndecided"/>), the next check tells.
    /// </summary>
    Task<BodyCheck> CheckAsync(Stream body, CancellationToken cancellationToken);

    /// <summary>
    /// The rows, in batches; where <see cref="CheckAsync"/> came before, of the same body. The batch is the
    /// same object each time: use it before asking for the next.
    /// </summary>
    IAsyncEnumerable<RowBatch> ReadAsync(Stream body, CancellationToken cancellationToken);
}

/// <summary>What the first reading of a body found.</summary>
/// <param name="Read">Rows of the body.</param>
/// <param name="Kept">Rows that go to the table.</param>
/// <param name="Excluded">Groups, totals, repeated rows and rows another dataset answers for.</param>
/// <param name="Missing">Rows for which the source says that it has no value.</param>
/// <param name="Rejected">Rows that could not be understood.</param>
/// <param name="Newest">The newest period held, as <c>yyyy-MM</c>; null when none.</param>
/// <param name="Unreadable">Why the body cannot be read, which no operator can overrule; null when it can.</param>
public sealed record BodyCheck(
    long Read,
    long Kept,
    long Excluded,
    long Missing,
    long Rejected,
    string? Newest,
    Finding? Unreadable
)
{
    /// <summary>
    /// All that checks do not believe of a body that can be read. It is loaded only if an operator accepts each of
    /// them.
    /// </summary>
    public IReadOnlyList<Finding> Judgements { get; init; } = [];

    /// <summary>Why the body must not be loaded, the first reason; null when it may.</summary>
    public Finding? Refusal => Unreadable ?? Judgements.FirstOrDefault();

    /// <summary>
    /// Partitions of the table that the kept rows, and perhaps others, go to; null where they are always in
    /// one, or the table is a small one.
    /// </summary>
    /// <remarks>In a large table only they are read when the slice is loaded again.</remarks>
    public IReadOnlyCollection<string>? Partitions { get; init; }

    /// <summary>
    /// Says nothing: the reader remembers little at first, and this body needs more. It is to be checked once
    /// more.
    /// </summary>
    public static BodyCheck Undecided { get; } = new(0, 0, 0, 0, 0, null, null);

    /// <summary>Whether this is <see cref="Undecided"/>.</summary>
    public bool IsUndecided => ReferenceEquals(this, Undecided);

    /// <summary>Checks a body, once or twice.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="open">Opens the body, at its beginning.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<BodyCheck> OfAsync(
        ISliceReader reader,
        Func<CancellationToken, Task<Stream>> open,
        CancellationToken cancellationToken
    )
    {
        var check = Undecided;
        for (var reading = 0; reading < 2 && check.IsUndecided; reading++)
        {
            await using (var body = await open(cancellationToken))
                check = await reader.CheckAsync(body, cancellationToken);
        }

        return check.IsUndecided
            ? throw new InvalidOperationException($"{reader.GetType().Name}: two readings of a body, and no verdict")
            : check;
    }
}

/// <summary>A stretch of rows as a reader hands them on.</summary>
public sealed class RowBatch
{
    /// <summary>
    /// Rows that wait to be filled in again; a reader that asks for none must not keep all of a body.
    /// </summary>
    private const int MaxSpare = 1000;

    private readonly Stack<FactRow> spare = [];

    /// <summary>Rows for the table.</summary>
    public List<FactRow> Rows { get; } = [];

    /// <summary>Rows without a value, by the key the value would have.</summary>
    public List<MissingRow> Missing { get; } = [];

    /// <summary>Columns without a value of rows that are loaded all the same.</summary>
    public List<MissingRow> Gaps { get; } = [];

    /// <summary>Rows that could not be understood.</summary>
    public List<Finding> Rejected { get; } = [];

    /// <summary>
    /// Rows of this stretch that a check of the reader does not believe. They are not loaded, unless an operator says
    /// that they are right.
    /// </summary>
    public List<DoubtedRow> Doubts { get; } = [];

    /// <summary>Rows left out on purpose.</summary>
    public long Excluded { get; set; }

    /// <summary>All rows of the stretch.</summary>
    public long Read { get; set; }

    /// <summary>
    /// Gives a row back that is no longer needed: a row of a later stretch may be read into it. Most rows of
    /// a body that is loaded again are such.
    /// </summary>
    public void GiveBack(FactRow row)
    {
        if (spare.Count < MaxSpare)
            spare.Push(row);
    }

    /// <summary>A row to fill in: one that was given back, or a new one.</summary>
    public T Blank<T>()
        where T : FactRow, new() => spare.TryPop(out var row) ? (T)row : new T();

    public void Clear()
    {
        Rows.Clear();
        Missing.Clear();
        Gaps.Clear();
        Rejected.Clear();
        Doubts.Clear();
        Excluded = 0;
        Read = 0;
    }
}

/// <summary>A value that the source says it does not have.</summary>
public readonly record struct MissingRow(string PartitionKey, string RowKey, string Reason)
{
    /// <summary>One column of a row whose wanted figure is there.</summary>
    public static MissingRow OfColumn(string partitionKey, string rowKey, string column, string reason) =>
        new(partitionKey, $"{rowKey}|{column}", reason);
}

/// <summary>A row that was understood and that a check does not believe.</summary>
/// <param name="PartitionKey">The partition of the row.</param>
/// <param name="RowKey">Its key.</param>
/// <param name="Finding">Why; place and value are what an operator's word is remembered by.</param>
/// <param name="IsExcluded">True for a total or a group, which is no row of the table.</param>
public readonly record struct DoubtedRow(string PartitionKey, string RowKey, Finding Finding, bool IsExcluded = false);

/// <summary>The part of a table that a slice answers for.</summary>
/// <param name="Filter">The rows, as an OData filter.</param>
/// <param name="GapRows">Row keys of the part, from (inclusive) to (exclusive), for the table <c>gaps</c>.</param>
/// <param name="Owns">Whether a key belongs to the part.</param>
/// <param name="Coverage">How much of the part a body holds.</param>
public sealed record SliceScope(
    string Filter,
    (string From, string To) GapRows,
    Func<string, string, bool> Owns,
    Coverage Coverage = Coverage.Whole
);

/// <summary>How much of its part of the table a body holds, and so what it means when a row is not in it.</summary>
public enum Coverage
{
    /// <summary>
    /// All of it: what the body lacks has vanished upstream. A body with fewer than 95 % of the rows of the
    /// one before is refused.
    /// </summary>
    Whole,

    /// <summary>
    /// A new vintage of all of it. A body that lacks more than 5 % of the rows the table has is refused,
    /// however many others it brings.
    /// </summary>
    Vintage,

    /// <summary>A file that people maintain: what it lacks was taken out on purpose.</summary>
    ByHand,

    /// <summary>The newest rows only: what the body lacks is still true.</summary>
    Adds,
}
