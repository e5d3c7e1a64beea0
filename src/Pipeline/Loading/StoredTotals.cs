using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>Holds a body that has the parts of totals against the totals that the table has.</summary>
/// <param name="whole">Where the totals are, and how far they may differ.</param>
internal sealed class StoredTotals(WholeLimit whole)
{
    /// <summary>The place of a finding about sums beside their totals.</summary>
    public const string Place = "body, beside the totals";

    /// <summary>The partitions of a body whose totals are asked for at the same time.</summary>
    private const int Parallelism = 4;

    private readonly Dictionary<(string Partition, string Row), Part> parts = [];
    private readonly HashSet<(string Partition, string Row)> found = [];

    /// <summary>What the body has of a total.</summary>
    private readonly record struct Part(double Sum, int Count)
    {
        public string InWords =>
            $"{Count} {(Count == 1 ? "figure that adds" : "figures that add")} up to {FigureMath.Text(Sum)}";
    }

    /// <summary>Adds a figure of the body.</summary>
    public void Add(FactRow row, double figure)
    {
        if (whole.Key(row) is not { } total)
            return;
        var part = parts.GetValueOrDefault(total);
        parts[total] = new Part(part.Sum + Math.Abs(figure), part.Count + (figure == 0 ? 0 : 1));
    }

    /// <summary>The body's parts of a total that the table has are of another magnitude.</summary>
    public async Task<Finding?> FindAsync(IStoredFigures stored, CancellationToken cancellationToken)
    {
        var wrong = new List<(string Partition, string Row, Part Part, double Total)>();
        await Parallel.ForEachAsync(
            parts.GroupBy(part => part.Key.Partition),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (partition, token) =>
            {
                var own = partition.ToDictionary(part => part.Key.Row, part => part.Value, StringComparer.Ordinal);
                var (first, last) = (own.Keys.Min(StringComparer.Ordinal), own.Keys.Max(StringComparer.Ordinal));
                var filter = TableClient.CreateQueryFilter(
                    $"PartitionKey eq {partition.Key} and RowKey ge {first} and RowKey le {last}"
                );
                await foreach (var row in stored.RowsAsync(whole.Table, filter, token))
                {
                    if (row.Figure is not { } figure || !own.TryGetValue(row.RowKey, out var part))
                        continue;
                    lock (found)
                        found.Add((row.PartitionKey, row.RowKey));
                    var total = Math.Abs(figure);
                    if (
                        Math.Max(part.Sum, total) >= whole.Floor
                        && (
                            part.Sum > whole.Factor * total
                            || (part.Count >= whole.Many && part.Sum * whole.Factor < total)
                        )
                    )
                    {
                        lock (wrong)
                            wrong.Add((row.PartitionKey, row.RowKey, part, figure));
                    }
                }
            }
        );
        if (wrong.Count == 0)
            return null;
        var named = wrong.OrderBy(part => (part.Partition, part.Row)).First();
        return new Finding(
            Place,
            $"{wrong.Count} {(wrong.Count == 1 ? "sum" : "sums")} of another magnitude than the stored total, the "
                + $"first: {named.Part.InWords}, of "
                + $"{whole.Table.Name} {named.Partition} {named.Row}",
            $"at most {FigureMath.Text(whole.Factor)} times {FigureMath.Text(named.Total)}, the total that the "
                + "table has"
                + (whole.Many == int.MaxValue ? "" : $", and at least a {FigureMath.Text(whole.Factor)}th of it"),
            FigureMath.NothingLoaded
        );
    }

    /// <summary>
    /// Totals that must be there and were not when they were sought: the sums of the body cannot be compared with
    /// anything.
    /// </summary>
    /// <param name="place">The place of the finding.</param>
    public Finding? Lacking(string place)
    {
        if (!whole.MustExist)
            return null;
        var lacking = parts.Where(part => part.Value.Sum >= whole.Floor && !found.Contains(part.Key)).ToList();
        if (lacking.Count == 0)
            return null;
        var ((partition, row), part) = lacking.OrderBy(part => part.Key).First();
        return new Finding(
            place,
            $"{lacking.Count} {(lacking.Count == 1 ? "sum" : "sums")} without a stored total, the first: "
                + $"{part.InWords}, of {whole.Table.Name} {partition} {row}",
            "the total of each, so that a slip of a unit shows",
            "the rows are loaded; they are compared as soon as the totals are loaded: see why those are not there, or "
                + "replay the slice with accept if the figures are right"
        );
    }
}
