using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Sources.Moex;

/// <summary>
/// What was read of a body: each of its rows is kept, missing, left out or rejected. Two rows of one key are settled at
/// the end, when all are known, so that the outcome does not depend on their order.
/// </summary>
internal sealed class HolderReading
{
    public const string Kept = "kept in rejects, fix the reader or replay";

    private readonly List<(string Where, Holding Row)> rows = [];
    private readonly List<(string Where, MissingRow Row)> missing = [];
    private readonly List<(string Where, MissingRow Column)> gaps = [];
    private readonly List<Finding> rejected = [];
    private readonly Dictionary<(string Partition, string Row), List<Finding>> doubts = [];
    private long excluded,
        rejectedRows;

    private readonly CheckFindings judgements = new();

    /// <summary>Why the body cannot be read; the first reason counts.</summary>
    public Finding? Refusal { get; private set; }

    /// <summary>The rows that are kept so far.</summary>
    public IReadOnlyList<(string Where, Holding Row)> Rows => rows;

    private long Read => rows.Count + missing.Count + excluded + rejectedRows;

    public void Keep(string where, Holding row)
    {
        row.Place = new BodyPlace(where);
        rows.Add((where, row));
    }

    /// <summary>Keeps a row of which one figure is there; the other column is the gap.</summary>
    /// <param name="where">The place of the row.</param>
    /// <param name="row">The row.</param>
    /// <param name="lacking">Columns with the reason why they have no value; empty where they have one.</param>
    public void Keep(string where, Holding row, params ReadOnlySpan<(string Column, string Reason)> lacking)
    {
        Keep(where, row);
        foreach (var (column, reason) in lacking)
        {
            if (reason.Length > 0)
                gaps.Add((where, MissingRow.OfColumn(row.PartitionKey, row.RowKey, column, reason)));
        }
    }

    /// <summary>Notes that a check does not believe a row that was kept. An operator may overrule it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="seen">The figures, by which an operator's word is remembered.</param>
    /// <param name="expected">What they should be, with the place in the body.</param>
    public void Doubt(Holding row, string seen, string expected)
    {
        var where = FigureFinding.Where(Holding.Table, row.PartitionKey, row.RowKey);
        var key = (row.PartitionKey, row.RowKey);
        if (!doubts.TryGetValue(key, out var own))
            doubts.Add(key, own = []);
        own.Add(new Finding(where, seen, expected, FigureFinding.NotLoaded));
    }

    public void Miss(string where, MissingRow row) => missing.Add((where, row));

    public void Exclude(long count = 1) => excluded += count;

    public void Reject(Finding finding, long count = 1)
    {
        rejected.Add(finding);
        rejectedRows += count;
    }

    public void Reject(string where, string seen, string expected, string advice = Kept, long count = 1) =>
        Reject(new Finding(where, seen, expected, advice), count);

    /// <summary>The first row that was rejected.</summary>
    public Finding? FirstRejected => rejected.FirstOrDefault();

    public void Refuse(Finding refusal) => Refusal ??= refusal;

    /// <summary>Refuses the body for what a check says of it, unless an operator accepts it.</summary>
    public void Judge(Finding finding) => judgements.Add(finding);

    /// <summary>Rejects rows that were kept before, each with words of its own.</summary>
    public void Withdraw(Func<string, Holding, Finding?> why) =>
        rows.RemoveAll(row =>
        {
            var finding = why(row.Where, row.Row);
            if (finding is not null)
                Reject(finding);
            return finding is not null;
        });

    /// <summary>
    /// Settles rows of one key. The same figures again are left out. Different figures are all rejected: no program can
    /// tell which of them is right, and what the table has stays. A missing value that another row gives is left out.
    /// </summary>
    public HolderReading Settle()
    {
        var settled = new List<(string Where, Holding Row)>(rows.Count);
        foreach (
            var twins in rows.Select(row => (row.Where, row.Row, Words: HoldingRow.InWords(row.Row)))
                .GroupBy(row => (row.Row.PartitionKey, row.Row.RowKey))
        )
        {
            var first = twins.First();
            var other = twins.FirstOrDefault(twin => twin.Words != first.Words);
            if (other.Row is null)
            {
                settled.Add((first.Where, first.Row));
                Exclude(twins.Count() - 1);
                continue;
            }
            foreach (var twin in twins)
            {
                var against = twin.Words == first.Words ? other : first;
                Reject(
                    twin.Where,
                    twin.Words,
                    $"one figure of {Finding.Quote(twin.Row.Holder)} on {twin.Row.RowKey[..10]}, but "
                        + $"{against.Where} has {against.Words}",
                    "both are kept in rejects; remove the wrong one, or cite them apart"
                );
            }
        }
        rows.Clear();
        rows.AddRange(settled);
        var known = rows.Select(row => (row.Row.PartitionKey, row.Row.RowKey)).ToHashSet();
        excluded += missing.RemoveAll(gap => !known.Add((gap.Row.PartitionKey, gap.Row.RowKey)));
        return this;
    }

    public BodyCheck Check() =>
        new(
            Read,
            rows.Count,
            excluded,
            missing.Count,
            rejectedRows,
            rows.Count == 0 ? null : rows.Max(row => row.Row.AsOf).ToString("yyyy-MM", CultureInfo.InvariantCulture),
            Refusal
        )
        {
            Judgements = Refusal is null ? judgements.ToList() : [],
        };

    public RowBatch Batch()
    {
        var batch = new RowBatch();
        batch.Rows.AddRange(rows.Select(row => row.Row));
        batch.Missing.AddRange(missing.Select(gap => gap.Row));
        // A row that was rejected after all has no gaps, and of rows that are repeated one is kept.
        var loaded = rows.Select(row => row.Where).ToHashSet(StringComparer.Ordinal);
        batch.Gaps.AddRange(gaps.Where(gap => loaded.Contains(gap.Where)).Select(gap => gap.Column));
        batch.Rejected.AddRange(rejected);
        foreach (var row in rows.Select(row => row.Row))
        {
            foreach (var doubt in doubts.GetValueOrDefault((row.PartitionKey, row.RowKey)) ?? [])
                batch.Doubts.Add(new DoubtedRow(row.PartitionKey, row.RowKey, doubt));
        }
        return batch;
    }
}
