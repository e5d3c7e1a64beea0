using Azure;
using Azure.Data.Tables;
using Pipeline.Datasets;

namespace Pipeline.Loading;

/// <summary>What becomes of up to 100 rows of one partition: what goes into the facts, and into history before.</summary>
/// <param name="table">The fact table.</param>
/// <param name="run">What goes into every row.</param>
/// <param name="inPolicy">Whether a change of a row lies inside the publisher's declared revision window.</param>
/// <param name="met">What history was found to have.</param>
internal sealed class MergeBatch(FactTable table, MergeRun run, Func<FactRow, bool> inPolicy, MetHistory met)
{
    /// <summary>The writes of facts, each under the ETag that was read.</summary>
    public List<TableTransactionAction> Facts { get; } = [];

    /// <summary>The versions that end, which history gets before the facts are written.</summary>
    public List<Ending> Ends { get; } = [];

    /// <summary>Rows of the body that take the place of other values.</summary>
    public List<FactRow> Replaced { get; } = [];

    /// <summary>Rows that stay: whether this run wrote them, and their revision.</summary>
    public List<(bool Mine, int Revision)> Untouched { get; } = [];

    /// <summary>How many rows are new.</summary>
    public int Added { get; private set; }

    /// <summary>How many changes lie outside the publisher's revision window.</summary>
    public int OutOfPolicy { get; private set; }

    /// <summary>Decides about a row of the body.</summary>
    /// <param name="row">The row.</param>
    /// <param name="before">What the table holds under its key; null if nothing.</param>
    public void Put(FactRow row, FactRow? before)
    {
        if (before is not null && (before.RowHash == row.RowHash || before.Vintage > row.Vintage))
        {
            Untouched.Add((before.RunId == run.RunId, before.Revision));
            return;
        }
        if (before is null || met.Ended.Contains(HistoryRow.KeyOf(before)))
        {
            // It may have been there when the batch was decided before.
            row.FirstSeen = row.LastChanged = row.Vintage;
            row.Revision = 0;
            Facts.Add(
                before is null
                    ? new TableTransactionAction(TableTransactionActionType.Add, row)
                    : new TableTransactionAction(TableTransactionActionType.UpdateReplace, row, before.ETag)
            );
            Added++;
            return;
        }
        // A replay may read the body of this very run otherwise than before. That is no change of the publisher's;
        // a tick keeps the two readings apart in history.
        row.FirstSeen = before.FirstSeen;
        row.Revision = before.RunId == run.RunId ? before.Revision : before.Revision + 1;
        row.LastChanged = EndOf(before);
        End(before, row, row.LastChanged);
        Replaced.Add(row);
    }

    /// <summary>Decides about a row of the table that the body does not have.</summary>
    public void Remove(FactRow row)
    {
        if (row.Vintage > run.Vintage || (row.RunId == run.RunId && !run.Replay))
            return;
        if (met.Ended.Contains(HistoryRow.KeyOf(row)))
            Facts.Add(new TableTransactionAction(TableTransactionActionType.Delete, row, row.ETag));
        else
            End(row, null, EndOf(row));
    }

    /// <summary>
    /// When a version ends: with the body, which is newer, or a tick after it began, where the body is the one
    /// that it began in.
    /// </summary>
    private DateTimeOffset EndOf(FactRow version) =>
        version.LastChanged < run.Vintage ? run.Vintage : version.LastChanged.AddTicks(1);

    /// <summary>A version ends: another one follows, or none.</summary>
    private void End(FactRow before, FactRow? after, DateTimeOffset at)
    {
        var within = inPolicy(after ?? before);
        if (!within)
            OutOfPolicy++;
        Ends.Add(new Ending(before, HistoryRow.Of(table, before, after, at, run.RunId, within)));
        // Every column that has a value is written either way. Without columns of another layout to take away,
        // merging is as good, and costs Azurite less than half.
        var change = after switch
        {
            null => TableTransactionActionType.Delete,
            _ when after.SchemaVersion == before.SchemaVersion && !after.LacksColumn =>
                TableTransactionActionType.UpdateMerge,
            _ => TableTransactionActionType.UpdateReplace,
        };
        Facts.Add(new TableTransactionAction(change, after ?? before, before.ETag));
    }
}

/// <summary>A version of a fact that is about to end.</summary>
/// <param name="Fact">The fact as it was read; its ETag is that of the version.</param>
/// <param name="Row">The row of <c>history</c> that says how the version ended.</param>
internal readonly record struct Ending(FactRow Fact, HistoryRow Row);

/// <summary>What a batch has met in history.</summary>
internal sealed class MetHistory
{
    /// <summary>Versions that history has already, by row key: their rows are replaced.</summary>
    public Dictionary<string, ETag> Present { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Versions that another load has ended for good. A worker without its lease has inserted their rows again.
    /// </summary>
    public HashSet<string> Ended { get; } = new(StringComparer.Ordinal);
}
