using System.Runtime.Serialization;
using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Issues;

/// <summary>What a reject is about: the texts of the column <c>Kind</c> of <c>rejects</c>.</summary>
public static class RejectKind
{
    /// <summary>A row of a body, a figure, or a sum of figures: the rest of the body may be loaded.</summary>
    public const string Row = "row";

    /// <summary>A body or a response as a whole: nothing of it is loaded.</summary>
    public const string Body = "body";

    /// <summary>A message whose step failed for good: a dead letter.</summary>
    public const string Message = "message";
}

/// <summary>A row of the table <c>rejects</c>.</summary>
[Ledger(
    Names.Rejects,
    "{source}|{yyyy-MM} of the run",
    "{run}|{position}, with a hash of the value behind a second finding of one position"
)]
public sealed record RejectRow : LedgerRow
{
    [Meaning(
        "row: a row, a figure or a sum of figures; body: a body or an answer as a whole; message: a message of a queue "
            + "that failed too often"
    )]
    public string Kind { get; init; } = RejectKind.Row;

    [Meaning("The slice, source/dataset/key; empty for a message that names none")]
    public string Slice { get; init; } = "";

    [Meaning("The blob in the container raw that holds the body; empty for a message that names none")]
    public string RawBlob { get; init; } = "";

    [Meaning("Where it stands in the body: line, row, column")]
    public string Position { get; init; } = "";

    [Meaning("What stands there")]
    public string Seen { get; init; } = "";

    [Meaning("What should stand there")]
    public string Expected { get; init; } = "";

    [Meaning("What to do")]
    public string Advice { get; init; } = "";

    [Meaning(
        "open; replayed: the slice has been read again without it; accepted: an operator says that the figure is right"
    )]
    public string State { get; init; } = RejectBook.Open;

    [Meaning("The number of the operator's accept that covers the row first, from 1; not there without one")]
    public int? AcceptId { get; init; }

    [Meaning("The step that could not go on: Pull, Normalize, CompleteRun or RefreshSource")]
    public string Step { get; init; } = "";

    [Meaning("The message of a queue that failed too often, as it was sent; empty for what a body holds")]
    public string Message { get; init; } = "";

    [Meaning("When the row was written, UTC")]
    public DateTimeOffset KeptAt { get; init; }

    /// <summary>
    /// What was found, at its place in the body; as it is set, its texts are cut to what a cell holds.
    /// </summary>
    [IgnoreDataMember]
    public Finding Finding
    {
        get => new(Position, Seen, Expected, Advice);
        init
        {
            Position = value.Where;
            Seen = CellText.Cut(value.Seen);
            Expected = CellText.Cut(value.Expected);
            Advice = CellText.Cut(value.Advice);
        }
    }

    /// <summary>What was found, with the slice before its place.</summary>
    [IgnoreDataMember]
    public Finding FindingOfSlice =>
        Finding with
        {
            Where = $"{(Slice.Length > 0 ? Slice : DeadLetter.UnknownSource)} {Position}",
        };

    /// <summary>The key of a row.</summary>
    internal static string KeyOf(string runId, string position) => $"{runId}|{Keys.Clean(position)}";
}
