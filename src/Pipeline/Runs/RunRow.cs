using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Runs;

/// <summary>
/// A row of the table <c>runs</c>: the life of one body of one slice, from its pull to its completion.
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

    /// <summary>What became of the rows of the body.</summary>
    public RowCounts Counts { get; init; }

    /// <summary>Size of the body in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>What went wrong; empty when nothing did.</summary>
    public string Error { get; init; } = "";

    /// <summary>What is worth knowing, a line each; empty when nothing is.</summary>
    public string Notes { get; init; } = "";

    /// <summary>The run of a body, before anything is known of it.</summary>
    public static RunRow Of(RawName body) => new(body.RunId, body.Slice, body.Vintage);

    /// <summary>Whether a row is as another one, apart from its texts.</summary>
    internal bool IsSame(RunRow other) =>
        (Step, State, StartedAt, EndedAt, Counts, Bytes)
        == (other.Step, other.State, other.StartedAt, other.EndedAt, other.Counts, other.Bytes);

    /// <summary><c>{source}|{yyyy-MM}</c>.</summary>
    public string PartitionKey => $"{Slice.Source}|{Vintage.UtcDateTime:yyyy-MM}";

    /// <summary>Reverse ticks and run id, so that the newest run comes first.</summary>
    public string RowKey => $"{DateTimeOffset.MaxValue.UtcTicks - Vintage.UtcTicks:D19}|{RunId}";

    internal TableEntity ToEntity()
    {
        var entity = new TableEntity(PartitionKey, RowKey)
        {
            ["Source"] = Slice.Source,
            ["Slice"] = Slice.Id,
            ["Step"] = Step,
            ["State"] = $"{State}",
            ["Read"] = Counts.Read,
            ["Added"] = Counts.Added,
            ["Changed"] = Counts.Changed,
            ["Unchanged"] = Counts.Unchanged,
            ["Excluded"] = Counts.Excluded,
            ["Missing"] = Counts.Missing,
            ["Rejected"] = Counts.Rejected,
            ["Bytes"] = Bytes,
            ["Error"] = CellText.Cut(Error),
            ["Notes"] = CellText.Cut(Notes),
        };
        if (StartedAt is { } startedAt)
            entity["StartedAt"] = startedAt;
        if (EndedAt is { } endedAt)
            entity["EndedAt"] = endedAt;
        return entity;
    }

    internal static RunRow From(TableEntity entity)
    {
        long Count(string name) => entity.GetInt64(name) ?? 0;
        var cut = entity.RowKey.IndexOf('|', StringComparison.Ordinal);
        if (!Slice.TryParse(entity.GetString("Slice"), out var slice))
        {
            throw new InvalidDataException(
                $"runs {entity.PartitionKey} {entity.RowKey}, column Slice: seen "
                    + $"{Finding.Quote(entity.GetString("Slice"))}, expected source/dataset/key"
            );
        }

        var vintage = new DateTimeOffset(
            DateTimeOffset.MaxValue.UtcTicks - long.Parse(entity.RowKey[..cut], CultureInfo.InvariantCulture),
            TimeSpan.Zero
        );
        return new RunRow(entity.RowKey[(cut + 1)..], slice, vintage)
        {
            Step = entity.GetString("Step") ?? "",
            State = Enum.TryParse<RunState>(entity.GetString("State"), out var state)
                ? state
                : throw new InvalidDataException(
                    $"runs {entity.PartitionKey} {entity.RowKey}, column State: seen "
                        + $"{Finding.Quote(entity.GetString("State"))}, expected one of "
                        + string.Join(", ", Enum.GetNames<RunState>())
                ),
            StartedAt = entity.GetDateTimeOffset("StartedAt"),
            EndedAt = entity.GetDateTimeOffset("EndedAt"),
            Bytes = Count("Bytes"),
            Error = entity.GetString("Error") ?? "",
            Notes = entity.GetString("Notes") ?? "",
            Counts = new RowCounts(
                Count("Read"),
                Count("Added"),
                Count("Changed"),
                Count("Unchanged"),
                Count("Excluded"),
                Count("Missing"),
                Count("Rejected")
            ),
        };
    }
}
