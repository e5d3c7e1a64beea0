using System.Globalization;
using Pipeline.Insight.Indicators;
using Pipeline.Storage;

namespace Pipeline.Insight.Claims;

/// <summary>The indicators that claims look at, in memory.</summary>
internal sealed class IndicatorRows
{
    private readonly Dictionary<string, List<IndicatorRow>> rows = new(StringComparer.Ordinal);

    public IndicatorRows(IEnumerable<IndicatorRow> all)
    {
        foreach (var group in all.GroupBy(row => row.PartitionKey))
            rows.Add(group.Key, [.. group.OrderBy(row => row.RowKey, StringComparer.Ordinal)]);
    }

    /// <summary>The rows of an indicator whose period has ended by a day, by key; null = all.</summary>
    public IEnumerable<IndicatorRow> Of(string id, DateOnly? until)
    {
        if (!rows.TryGetValue(id, out var found))
            return [];
        return until is { } day ? found.Where(row => End(row.Period) <= day) : found;
    }

    private static DateOnly End(string period) =>
        period.Length switch
        {
            4 => new DateOnly(int.Parse(period, CultureInfo.InvariantCulture), 12, 31),
            7 => DateOnly.ParseExact(period, "yyyy-MM", CultureInfo.InvariantCulture).AddMonths(1).AddDays(-1),
            _ => DateOnly.ParseExact(period, "yyyy-MM-dd", CultureInfo.InvariantCulture),
        };
}

/// <summary>
/// Computes an expression, and remembers which rows it looked at. A figure that is not on file makes the whole
/// have none.
/// </summary>
/// <param name="rows">The indicators.</param>
/// <param name="until">Periods that end later are not seen; null = all are.</param>
/// <param name="each">What <c>each</c> stands for.</param>
internal sealed class Evaluation(IndicatorRows rows, DateOnly? until, string each)
{
    /// <summary>The most rows of one reference that are named one by one.</summary>
    private const int MaxNamed = 13;

    private readonly List<IndicatorRow> seen = [];
    private readonly List<string> evidence = [];

    /// <summary>Why there is no figure; null when there is one.</summary>
    public string? Missing { get; private set; }

    /// <summary>
    /// Table, partition and row of every figure that was read; many of one partition as the first and the last
    /// with .. between them.
    /// </summary>
    public IEnumerable<string> Evidence => evidence.Distinct();

    /// <summary>The newest vintage of those figures.</summary>
    public DateTimeOffset? Vintage => seen.Max(row => (DateTimeOffset?)row.Vintage);

    /// <summary>The periods of those figures.</summary>
    public IEnumerable<string> Periods => seen.Select(row => row.Period).Distinct();

    /// <summary>
    /// How many have a place where the last place was read; 0 when none was, or of several periods at once.
    /// </summary>
    public int Places { get; private set; }

    /// <summary>The figure of an expression; NaN when one of its figures is not on file.</summary>
    public double Value(Node node) => Compute(node).Value;

    /// <summary>
    /// The same with its unit, which the rows tell: what the expression alone cannot say is checked here.
    /// </summary>
    public Quantity Compute(Node node)
    {
        var quantity = node switch
        {
            NumberNode number => new Quantity(number.Value, ""),
            NegativeNode negative => Compute(negative.Of) is var one ? one with { Value = -one.Value } : default,
            BinaryNode binary => Combine(binary),
            CallNode call => Call(call),
            ReferenceNode reference => One(reference),
            _ => throw new InvalidOperationException($"{node.GetType().Name} has no value"),
        };
        if (!double.IsFinite(quantity.Value))
            Missing ??= $"position {node.Position} of the expression has no finite figure";
        return quantity;
    }

    /// <summary>The rows that a reference stands for; none when one of them is not on file.</summary>
    public IReadOnlyList<IndicatorRow> Rows(ReferenceNode reference)
    {
        var all = rows.Of(reference.Id, until)
            .Where(row => reference.Member.Length == 0 || Member(reference.Shape, row) == reference.Member)
            .ToList();
        var (from, to) = reference.From switch
        {
            ReferenceNode.Each => (each, each),
            ReferenceNode.Latest => (all.MaxBy(row => row.Period, StringComparer.Ordinal)?.Period ?? "", ""),
            _ => (reference.From, reference.To),
        };
        if (to.Length == 0)
            to = from;
        // A year of an indicator with days is the beginning that its days share.
        var found = all.Where(row =>
                string.CompareOrdinal(row.Period, from) >= 0
                && (
                    string.CompareOrdinal(row.Period, to) <= 0
                    || (to.Length > 0 && row.Period.StartsWith(to, StringComparison.Ordinal))
                )
            )
            .ToList();
        if (found.Count == 0 || !IsWhole(reference.Shape.Periods, from, to, found))
        {
            Missing ??= $"{reference}{(until is { } day ? $" until {day:yyyy-MM-dd}" : "")} is not on file";
            return [];
        }
        seen.AddRange(found);
        var keys =
            found.Count <= MaxNamed ? found.Select(row => row.RowKey) : [$"{found[0].RowKey}..{found[^1].RowKey}"];
        evidence.AddRange(keys.Select(key => $"{Names.Indicators} {reference.Id} {key}"));
        return found;
    }

    /// <summary>Whom a row is about.</summary>
    public static string Member(IndicatorShape shape, IndicatorRow row) =>
        shape.HasMembers && row.RowKey.Split('|') is var parts && parts.Length > shape.MemberAt
            ? parts[shape.MemberAt]
            : "";

    /// <summary>A range of years or months has them all.</summary>
    private static bool IsWhole(PeriodKind kind, string from, string to, List<IndicatorRow> found)
    {
        if (kind == PeriodKind.Day)
            return true;
        var on = found.Select(row => row.Period).ToHashSet(StringComparer.Ordinal);
        for (
            var month = Month(from);
            month <= Month(to);
            month = kind == PeriodKind.Year ? month.AddYears(1) : month.AddMonths(1)
        )
        {
            if (
                !on.Contains(month.ToString(kind == PeriodKind.Year ? "yyyy" : "yyyy-MM", CultureInfo.InvariantCulture))
            )
            {
                return false;
            }
        }

        return true;

        static DateOnly Month(string period) =>
            DateOnly.ParseExact(period.Length == 4 ? $"{period}-01" : period, "yyyy-MM", CultureInfo.InvariantCulture);
    }

    private Quantity One(ReferenceNode reference)
    {
        var found = Rows(reference);
        if (found.Count == 0)
            return Quantity.None;
        if (reference.Shape.Unit == "place")
        {
            Places = rows.Of(reference.Id, until)
                .Where(row => row.Period == found[0].Period)
                .Select(row => Member(reference.Shape, row))
                .Distinct()
                .Count();
        }

        if (found.All(row => row.Value == found[0].Value && row.Unit == found[0].Unit))
            return new Quantity(found[0].Value, found[0].Unit);
        var said = found.Select(row => Words.Of(row.Value, row.Unit, decimals: 2)).Distinct();
        Missing ??= $"{reference} has statements that contradict each other: {Words.List([.. said])}";
        return Quantity.None;
    }

    private Quantity Combine(BinaryNode node)
    {
        var (left, right) = (Compute(node.Left), Compute(node.Right));
        if (Missing is not null)
            return Quantity.None;
        switch (node.Operator)
        {
            case '*':
                // One of the two is a bare number: the parser allows nothing else.
                return new Quantity(left.Value * right.Value, left.Unit + right.Unit);
            case '/' when right.Value == 0:
                Missing ??= $"position {node.Position} of the expression divides by zero";
                return Quantity.None;
            case '/' when right.Unit.Length == 0:
                return new Quantity(left.Value / right.Value, left.Unit);
        }
        if (Same(node, [left.Unit, right.Unit]) is not { } unit)
            return Quantity.None;
        return node.Operator switch
        {
            '+' => new Quantity(left.Value + right.Value, unit),
            '-' => new Quantity(left.Value - right.Value, unit),
            _ => new Quantity(left.Value / right.Value, ""),
        };
    }

    /// <summary>
    /// The one unit of figures that are added or compared; a bare number takes any. Null when there are
    /// two.
    /// </summary>
    public string? Same(Node node, IEnumerable<string> units)
    {
        var found = units.Where(unit => unit.Length > 0).Distinct().ToList();
        if (found.Count <= 1)
            return found.Count == 0 ? "" : found[0];
        Missing ??= $"position {node.Position} of the expression mixes {Words.List(found)}";
        return null;
    }

    private Quantity Call(CallNode node)
    {
        if (node.Name == "rank")
            return Rank((ReferenceNode)node.Arguments[0], node.Key);
        var figures = node
            .Arguments.SelectMany(argument =>
                argument is ReferenceNode { IsSeries: true } series
                    ? Rows(series).Select(row => new Quantity(row.Value, row.Unit))
                    : [Compute(argument)]
            )
            .ToList();
        // The places of several periods are not places among the same.
        Places = 0;
        if (Missing is not null || Same(node, figures.Select(figure => figure.Unit)) is not { } unit)
            return Quantity.None;
        var values = figures.Select(figure => figure.Value).ToList();
        if (node.Name is "growth" or "share" && values[node.Name == "growth" ? 0 : 1] == 0)
        {
            Missing ??= $"position {node.Position} of the expression divides by zero";
            return Quantity.None;
        }
        return node.Name switch
        {
            "min" => new Quantity(values.Min(), unit),
            "max" => new Quantity(values.Max(), unit),
            "sum" => new Quantity(values.Sum(), unit),
            "average" => new Quantity(values.Average(), unit),
            "count" => new Quantity(values.Count, ""),
            "abs" => new Quantity(Math.Abs(values[0]), unit),
            "share" => new Quantity(values[0] / values[1] * 100, "percent"),
            _ => new Quantity((values[1] - values[0]) / Math.Abs(values[0]) * 100, "percent"),
        };
    }

    private Quantity Rank(ReferenceNode reference, string key)
    {
        var found = Rows(reference);
        if (found.Count == 0 || Same(reference, found.Select(row => row.Unit)) is null)
            return Quantity.None;
        if (found.FirstOrDefault(row => row.Period == key || Member(reference.Shape, row) == key) is { } mine)
        {
            Places = found.Count;
            return new Quantity(1 + found.Count(row => row.Value > mine.Value), "place");
        }
        Missing ??= $"{key} is not among {reference}";
        return Quantity.None;
    }
}

/// <summary>A figure with its unit; a bare number has the empty one.</summary>
internal readonly record struct Quantity(double Value, string Unit)
{
    /// <summary>What is not on file.</summary>
    public static Quantity None { get; } = new(double.NaN, "");
}
