using System.Numerics;

namespace Pipeline.Sources.Formats;

/// <summary>
/// Rows that could not be used and that a sum may lack. They do not silence the check of the sum: the difference must
/// be what their own figures make, or at most what they can explain.
/// </summary>
/// <param name="canBeNegative">Whether figures may be negative. Where they may not, a sum that is larger than its
/// total is explained by nothing.</param>
internal sealed class UnusedRows(bool canBeNegative = true)
{
    /// <summary>Up to so many figures every combination is tried.</summary>
    private const int Few = 16;

    private readonly List<Row> rows = [];

    /// <summary>A row.</summary>
    /// <param name="value">Its own figure; null when it cannot be read.</param>
    /// <param name="most">What the figure cannot exceed; null when that is not known, or the figure is.</param>
    private sealed class Row(long? value, long? most)
    {
        public long? Value => value;

        public long? Most => most;

        /// <summary>Whether the row explains a sum already.</summary>
        public bool IsTaken { get; set; }
    }

    /// <summary>How many rows there are.</summary>
    public int Count => rows.Count;

    /// <summary>Notes a row.</summary>
    /// <param name="value">Its own figure; null when it cannot be read.</param>
    /// <param name="atMost">What the figure cannot exceed; null when that is not known.</param>
    public void Add(long? value, long? atMost)
    {
        var isImpossible = value < 0 && !canBeNegative;
        rows.Add(new Row(isImpossible ? null : value, value is null ? atMost : null));
    }

    /// <summary>The same rows, none of which has explained anything yet.</summary>
    public UnusedRows Copy()
    {
        var copy = new UnusedRows(canBeNegative);
        copy.rows.AddRange(rows.Select(row => new Row(row.Value, row.Most)));
        return copy;
    }

    /// <summary>These rows and others. A row that explains a sum is taken in all lists that have it.</summary>
    public UnusedRows With(UnusedRows? others)
    {
        var all = new UnusedRows(canBeNegative);
        all.rows.AddRange(rows);
        all.rows.AddRange(others?.rows ?? []);
        return all;
    }

    /// <summary>Whether rows explain that a total and the sum of the rows that were used differ.</summary>
    /// <param name="difference">The total less the sum.</param>
    /// <param name="own">Rows that belong to the sum.</param>
    /// <param name="others">Rows that may belong to it. What explains this sum is taken: a row belongs to one sum only,
    /// and does not explain another.</param>
    /// <param name="tolerance">What rounding explains.</param>
    /// <remarks>A row whose figure nothing bounds explains nothing: a check that cannot decide has failed.</remarks>
    public static bool Explain(Int128 difference, UnusedRows? own, UnusedRows? others, Int128 tolerance = default)
    {
        if (Int128.Abs(difference) <= tolerance)
            return true;
        var isSigned = own?.IsSigned ?? others?.IsSigned ?? true;
        var (mine, free) = (Usable(own, isSigned), Usable(others, isSigned));
        return mine.Count + free.Count <= Few && mine.Concat(free).All(row => row.Value is not null)
            ? ExplainExactly(difference, mine, free, tolerance)
            : ExplainAtMost(difference, mine, free, tolerance, isSigned);
    }

    private bool IsSigned => canBeNegative;

    private static List<Row> Usable(UnusedRows? some, bool isSigned) =>
        some is null
            ? []
            :
            [
                .. some.rows.Where(row =>
                    !row.IsTaken && (row.Value ?? row.Most) is not null && (isSigned || row.Value is not < 0)
                ),
            ];

    /// <summary>
    /// The difference is what some of the figures make. Of several ways the one that takes the fewest other rows is
    /// meant.
    /// </summary>
    private static bool ExplainExactly(Int128 difference, List<Row> mine, List<Row> free, Int128 tolerance)
    {
        List<Row> all = [.. mine, .. free];
        var best = 0;
        for (var chosen = 1; chosen < 1 << all.Count; chosen++)
        {
            Int128 sum = 0;
            for (var at = 0; at < all.Count; at++)
            {
                if ((chosen & 1 << at) != 0)
                    sum += all[at].Value!.Value;
            }

            if (Int128.Abs(difference - sum) <= tolerance && (best == 0 || Taken(chosen) < Taken(best)))
                best = chosen;
        }
        for (var at = mine.Count; at < all.Count; at++)
            all[at].IsTaken |= (best & 1 << at) != 0;
        return best != 0;

        int Taken(int chosen) => BitOperations.PopCount((uint)chosen >> mine.Count);
    }

    /// <summary>
    /// The difference lies within what the rows can make together. What those of the sum leave open must come from the
    /// others, the largest first.
    /// </summary>
    private static bool ExplainAtMost(
        Int128 difference,
        List<Row> mine,
        List<Row> free,
        Int128 tolerance,
        bool canBeNegative
    )
    {
        var (isUp, open) = (difference > 0, Int128.Abs(difference) - tolerance);
        foreach (var row in mine)
            open -= Part(row);
        var taken = new List<Row>();
        foreach (var row in free.OrderByDescending(Part))
        {
            if (open <= 0 || Part(row) == 0)
                break;
            open -= Part(row);
            taken.Add(row);
        }
        if (open > 0)
            return false;
        taken.ForEach(row => row.IsTaken = true);
        return true;

        // What a row can add in the direction of the difference.
        Int128 Part(Row row)
        {
            if (row.Value is { } value)
                return value > 0 == isUp ? Int128.Abs(value) : 0;
            return isUp || canBeNegative ? Int128.Abs(row.Most!.Value) : 0;
        }
    }

    /// <summary>The rows in words, to follow a sum; empty without any.</summary>
    public static string InWords(UnusedRows? own, UnusedRows? others)
    {
        var count = (own?.Count ?? 0) + (others?.Count ?? 0);
        return count switch
        {
            0 => "",
            1 => " without 1 row that was not understood",
            _ => $" without {count} rows that were not understood",
        };
    }
}
