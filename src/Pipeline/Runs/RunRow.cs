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

    /// <summary>
    /// One of <see cref="RunState"/> or <see cref="SliceState"/>. <c>done</c> is the commit point of the
    /// run.
    /// </summary>
    public string State { get; init; } = "";

    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset EndedAt { get; init; }
    public RowCounts Counts { get; init; }

    /// <summary>Size of the body in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>What went wrong, or what is worth knowing, in the words of the house; empty when nothing is.</summary>
    public string Error { get; init; } = "";

    /// <summary><c>{source}|{yyyy-MM}</c>.</summary>
    public string PartitionKey => $"{Slice.Source}|{Vintage.UtcDateTime:yyyy-MM}";

    /// <summary>Reverse ticks and run id, so that the newest run comes first.</summary>
    public string RowKey => $"{DateTimeOffset.MaxValue.UtcTicks - Vintage.UtcTicks:D19}|{RunId}";

    internal TableEntity ToEntity() =>
        new(PartitionKey, RowKey)
        {
            ["Source"] = Slice.Source,
            ["Slice"] = Slice.Id,
            ["Step"] = Step,
            ["State"] = State,
            // The service takes no date before 1601.
            ["StartedAt"] = StartedAt > SliceRow.Never ? StartedAt : SliceRow.Never,
            ["EndedAt"] = EndedAt > SliceRow.Never ? EndedAt : SliceRow.Never,
            ["Read"] = Counts.Read,
            ["Added"] = Counts.Added,
            ["Changed"] = Counts.Changed,
            ["Unchanged"] = Counts.Unchanged,
            ["Excluded"] = Counts.Excluded,
            ["Missing"] = Counts.Missing,
            ["Rejected"] = Counts.Rejected,
            ["Bytes"] = Bytes,
            ["Error"] = CellText.Cut(Error),
        };

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
            State = entity.GetString("State") ?? "",
            StartedAt = entity.GetDateTimeOffset("StartedAt") ?? default,
            EndedAt = entity.GetDateTimeOffset("EndedAt") ?? default,
            Bytes = Count("Bytes"),
            Error = entity.GetString("Error") ?? "",
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

/// <summary>
/// How a run stands, where <see cref="SliceState"/> has no word for it. The texts are those of the column
/// <c>State</c> of <c>runs</c>.
/// </summary>
public static class RunState
{
    /// <summary>A step is at work, or was when its process ended.</summary>
    public const string Running = "running";

    /// <summary>The body is the one that the tables hold already.</summary>
    public const string Unchanged = "unchanged";

    /// <summary>A newer body of the slice was loaded before this one could be.</summary>
    public const string Superseded = "superseded";
}
