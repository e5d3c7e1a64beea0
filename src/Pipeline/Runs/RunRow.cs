using System.Globalization;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Runs;

/// <summary>
/// A row of the table <c>runs</c>: the life of one body of one slice, from its pull to its completion, or a pull that
/// brought no body.
/// </summary>
/// <param name="RunId">The run; see <see cref="Storage.RawName.RunId"/>.</param>
/// <param name="Slice">The slice.</param>
/// <param name="Vintage">When the body was fetched, UTC; the row's place in the table follows from it.</param>
public sealed record RunRow(string RunId, Slice Slice, DateTimeOffset Vintage)
{
    /// <summary>The step that wrote the row last.</summary>
    public string Step { get; init; } = "";

    /// <summary>How the run stands; <see cref="RunState.Done"/> is its commit point.</summary>
    public RunState State { get; init; }

    /// <summary>When the run began, UTC; null before that.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When its last step ended, UTC; null before that.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When a load of the body came to its end last, UTC; null before the first did.</summary>
    public DateTimeOffset? LoadedAt { get; init; }

    /// <summary>When the load under way, or one that was interrupted, began, UTC; null without one.</summary>
    public DateTimeOffset? LoadingSince { get; init; }

    /// <summary>What became of the rows of the body.</summary>
    public RowCounts Counts { get; init; }

    /// <summary>Size of the body in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>What went wrong; empty when nothing did.</summary>
    public string Error { get; init; } = "";

    /// <summary>What is worth knowing, a line each; empty when nothing is.</summary>
    public string Notes { get; init; } = "";

    /// <summary>What the last comparison with other slices found, a line each; empty when nothing.</summary>
    public string Differences { get; init; } = "";

    /// <summary>The lines of both.</summary>
    public IEnumerable<string> AllNotes => $"{Notes}\n{Differences}".Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The run of a body, before anything is known of it.</summary>
    public static RunRow Of(RawName body) => new(body.RunId, body.Slice, body.Vintage);

    /// <summary>Whether a row is as another one, apart from its texts.</summary>
    internal bool IsSame(RunRow other) =>
        (Step, State, StartedAt, EndedAt, LoadedAt, LoadingSince, Counts, Bytes)
        == (
            other.Step,
            other.State,
            other.StartedAt,
            other.EndedAt,
            other.LoadedAt,
            other.LoadingSince,
            other.Counts,
            other.Bytes
        );

    /// <summary><c>{source}|{yyyy-MM}</c>.</summary>
    public string PartitionKey => $"{Slice.Source}|{Vintage.UtcDateTime:yyyy-MM}";

    /// <summary>Reverse ticks and run id, so that the newest run comes first.</summary>
    public string RowKey => $"{DateTimeOffset.MaxValue.UtcTicks - Vintage.UtcTicks:D19}|{RunId}";

    internal RunEntity ToEntity() =>
        new()
        {
            PartitionKey = PartitionKey,
            RowKey = RowKey,
            Source = Slice.Source,
            Slice = Slice.Id,
            Step = Step,
            State = $"{State}",
            StartedAt = StartedAt,
            EndedAt = EndedAt,
            LoadedAt = LoadedAt,
            LoadingSince = LoadingSince,
            Read = Counts.Read,
            Added = Counts.Added,
            Changed = Counts.Changed,
            Unchanged = Counts.Unchanged,
            Excluded = Counts.Excluded,
            Missing = Counts.Missing,
            Rejected = Counts.Rejected,
            Bytes = Bytes,
            Error = CellText.Cut(Error),
            Notes = CellText.Cut(Notes),
            Differences = CellText.Cut(Differences),
        };

    internal static RunRow From(RunEntity entity)
    {
        if (!Slice.TryParse(entity.Slice, out var slice))
            throw Invalid(nameof(entity.Slice), entity.Slice, "source/dataset/key");
        if (!Enum.TryParse<RunState>(entity.State, out var state))
            throw Invalid(nameof(entity.State), entity.State, $"one of {string.Join(", ", Enum.GetNames<RunState>())}");
        var cut = entity.RowKey.IndexOf('|', StringComparison.Ordinal);
        var ticks = DateTimeOffset.MaxValue.UtcTicks - long.Parse(entity.RowKey[..cut], CultureInfo.InvariantCulture);
        return new RunRow(entity.RowKey[(cut + 1)..], slice, new DateTimeOffset(ticks, TimeSpan.Zero))
        {
            Step = entity.Step,
            State = state,
            StartedAt = entity.StartedAt,
            EndedAt = entity.EndedAt,
            LoadedAt = entity.LoadedAt,
            LoadingSince = entity.LoadingSince,
            Bytes = entity.Bytes,
            Error = entity.Error,
            Notes = entity.Notes,
            Differences = entity.Differences,
            Counts = new RowCounts(
                entity.Read,
                entity.Added,
                entity.Changed,
                entity.Unchanged,
                entity.Excluded,
                entity.Missing,
                entity.Rejected
            ),
        };

        InvalidDataException Invalid(string column, string seen, string expected) =>
            new(
                $"runs {entity.PartitionKey} {entity.RowKey}, column {column}: seen {Finding.Quote(seen)}, expected "
                    + expected
            );
    }
}
