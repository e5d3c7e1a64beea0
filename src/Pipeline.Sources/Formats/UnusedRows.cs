namespace Pipeline.Sources.Formats;

/// <summary>
/// Rows that could not be used and that a sum may lack. They do not silence the check of the sum: the difference must
/// be what
/// their own figures make, or at most what they can explain.
/// </summary>
internal sealed class UnusedRows
{
    /// <summary>Up to so many figures every combination is tried.</summary>
    private const int Few = 16;

    private readonly List<long> values = [];
    private Int128 most;
    private bool hasBounded;
    private int unbounded;

    /// <summary>Notes a row.</summary>
    /// <param name="value">Its own figure; null when it cannot be read.</param>
    /// <param name="atMost">What the figure cannot exceed; null when that is not known.</param>
    public void Add(long? value, long? atMost)
    {
        if (value is { } known)
        {
            values.Add(known);
        }
        else if (atMost is { } bound)
        {
            most += Math.Abs(bound);
            hasBounded = true;
        }
        else
        {
            unbounded++;
        }
    }

    /// <summary>Whether rows explain that a total and the sum of the rows that were used differ.</summary>
    /// <param name="difference">The total less the sum.</param>
    /// <param name="own">Rows that belong to the sum.</param>
    /// <param name="others">Rows that may belong to it.</param>
    /// <param name="tolerance">What rounding explains.</param>
    /// <remarks>A row whose figure nothing bounds explains nothing: a check that cannot decide has failed.</remarks>
    public static bool Explain(Int128 difference, UnusedRows? own, UnusedRows? others, Int128 tolerance = default)
    {
        if (Int128.Abs(difference) <= tolerance)
            return true;
        long[] known = [.. own?.values ?? [], .. others?.values ?? []];
        var bound = (own?.most ?? 0) + (others?.most ?? 0);
        var isBounded = own?.hasBounded == true || others?.hasBounded == true;
        if (!isBounded && known.Length <= Few)
            return Sums(known).Any(sum => Int128.Abs(difference - sum) <= tolerance);
        var (least, greatest) = ((Int128)0, (Int128)0);
        foreach (var value in known)
        {
            if (value > 0)
                greatest += value;
            else
                least += value;
        }
        return difference >= least - bound - tolerance && difference <= greatest + bound + tolerance;
    }

    /// <summary>The rows in words, to follow a sum; empty without any.</summary>
    public static string InWords(UnusedRows? own, UnusedRows? others)
    {
        var count = Count(own) + Count(others);
        return count == 0 ? "" : $" without {count} {(count == 1 ? "row that was" : "rows that were")} not understood";

        static int Count(UnusedRows? rows) =>
            rows is null ? 0 : rows.values.Count + rows.unbounded + (rows.hasBounded ? 1 : 0);
    }

    /// <summary>What any of the figures add up to, without none of them.</summary>
    private static IEnumerable<Int128> Sums(long[] figures)
    {
        for (var chosen = 1; chosen < 1 << figures.Length; chosen++)
        {
            Int128 sum = 0;
            for (var at = 0; at < figures.Length; at++)
            {
                if ((chosen & 1 << at) != 0)
                    sum += figures[at];
            }

            yield return sum;
        }
    }
}
