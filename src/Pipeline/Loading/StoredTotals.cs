using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Loading;

/// <summary>Holds a body that has the parts of totals against the totals that the table has.</summary>
/// <param name="whole">Where the totals are, and how far they may differ.</param>
internal sealed class StoredTotals(WholeLimit whole)
{
    /// <summary>The place of findings about sums beside their totals; the key of the total follows.</summary>
    public const string Place = "body, beside the totals";

    /// <summary>The place of findings about sums whose totals are not stored; the key of the total follows.</summary>
    public const string LackingPlace = "body, totals that are not stored";

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

    /// <summary>
    /// Totals that the table has and that the body's parts are of another magnitude than, a finding each: a word about
    /// one sum is none about another.
    /// </summary>
    public async Task<IReadOnlyList<Finding>> FindAsync(IStoredFigures stored, CancellationToken cancellationToken)
    {
        var wrong = new List<((string Partition, string Row) Key, Part Part, double Total)>();
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
                            wrong.Add(((row.PartitionKey, row.RowKey), part, figure));
                    }
                }
            }
        );
        var findings = new CheckFindings($"{Place}, further ones");
        foreach (var (key, part, total) in wrong.OrderBy(sum => Where(Place, sum.Key), StringComparer.Ordinal))
        {
            findings.Add(
                new Finding(
                    Where(Place, key),
                    part.InWords,
                    $"at most {FigureMath.Text(whole.Factor)} times {FigureMath.Text(total)}, the total that the "
                        + "table has"
                        + (
                            whole.Many == int.MaxValue
                                ? ""
                                : $", and at least a {FigureMath.Text(whole.Factor)}th of it"
                        ),
                    FigureMath.NothingLoaded
                )
            );
        }
        return findings.ToList();
    }

    /// <summary>
    /// Totals that must be there and were not when they were sought: the sums of the body cannot be compared with
    /// anything.
    /// </summary>
    public IReadOnlyList<Finding> Lacking()
    {
        var findings = new CheckFindings($"{LackingPlace}, further ones");
        var lacking = parts.Where(part =>
            whole.MustExist && part.Value.Sum >= whole.Floor && !found.Contains(part.Key)
        );
        foreach (var (key, part) in lacking.OrderBy(sum => Where(LackingPlace, sum.Key), StringComparer.Ordinal))
        {
            findings.Add(
                new Finding(
                    Where(LackingPlace, key),
                    part.InWords,
                    "their total, so that a slip of a unit shows",
                    "the rows are loaded; they are compared as soon as the total is loaded: see why it is not there, "
                        + "or replay the slice with accept if the figures are right"
                )
            );
        }
        return findings.ToList();
    }

    private string Where(string place, (string Partition, string Row) key) =>
        $"{place}, {FigureFinding.Where(whole.Table, key.Partition, key.Row)}";
}
