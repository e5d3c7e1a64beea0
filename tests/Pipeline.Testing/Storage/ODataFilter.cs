using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Testing.Storage;

/// <summary>
/// The filters of the table service: comparisons joined by <c>and</c>, <c>or</c>, <c>not</c> and brackets. A
/// row without the column fits no comparison.
/// </summary>
internal sealed partial class ODataFilter
{
    private readonly List<string> tokens;
    private int at;

    private ODataFilter(string text) => tokens = [.. Token().Matches(text).Select(match => match.Value)];

    /// <summary>What a filter asks for.</summary>
    /// <param name="Fits">True if a row fits.</param>
    /// <param name="Partition">The only partition whose rows can fit, or null.</param>
    public sealed record Condition(Func<MemoryEntity, bool> Fits, string? Partition = null);

    public static Condition Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return new Condition(_ => true);
        var parser = new ODataFilter(text);
        var filter = parser.Or();
        return parser.at == parser.tokens.Count
            ? filter
            : throw new FormatException($"filter {text}: seen {parser.tokens[parser.at]}, expected its end");
    }

    private Condition Or()
    {
        var left = And();
        while (Take("or"))
        {
            var (a, b) = (left, And());
            left = new Condition(row => a.Fits(row) || b.Fits(row));
        }
        return left;
    }

    private Condition And()
    {
        var left = Not();
        while (Take("and"))
        {
            var (a, b) = (left, Not());
            left = new Condition(row => a.Fits(row) && b.Fits(row), a.Partition ?? b.Partition);
        }
        return left;
    }

    private Condition Not()
    {
        if (Take("not"))
        {
            var inner = Not();
            return new Condition(row => !inner.Fits(row));
        }
        if (Take("("))
        {
            var inner = Or();
            if (!Take(")"))
                throw new FormatException($"filter: seen no ) before {at} of {tokens.Count}");
            return inner;
        }
        var (name, comparison, literal) = (tokens[at++], tokens[at++], Literal(tokens[at++]));
        return new Condition(
            row => row.Value(name) is { } value && Fits(value, comparison, literal),
            (name, comparison) == ("PartitionKey", "eq") ? literal as string : null
        );
    }

    private static bool Fits(object value, string comparison, object literal)
    {
        var order = (value, literal) switch
        {
            (string a, string b) => string.CompareOrdinal(a, b),
            (bool a, bool b) => a.CompareTo(b),
            (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
            (long a, long b) => a.CompareTo(b),
            (IConvertible a and not string and not bool, IConvertible b and not string and not bool) => a.ToDouble(
                    CultureInfo.InvariantCulture
                )
                .CompareTo(b.ToDouble(CultureInfo.InvariantCulture)),
            _ => int.MinValue,
        };
        // Values of different types differ, and nothing more can be said of them.
        if (order == int.MinValue)
            return comparison == "ne";
        return comparison switch
        {
            "eq" => order == 0,
            "ne" => order != 0,
            "gt" => order > 0,
            "ge" => order >= 0,
            "lt" => order < 0,
            "le" => order <= 0,
            _ => throw new FormatException($"filter: seen {comparison}, expected a comparison"),
        };
    }

    private static object Literal(string token) =>
        token switch
        {
            "true" => true,
            "false" => false,
            _ when token.StartsWith('\'') => token[1..^1].Replace("''", "'", StringComparison.Ordinal),
            _ when token.StartsWith("datetime'", StringComparison.Ordinal) => DateTimeOffset.Parse(
                token[9..^1],
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal
            ),
            _ when token.EndsWith('L') => long.Parse(token[..^1], CultureInfo.InvariantCulture),
            _ when long.TryParse(token, CultureInfo.InvariantCulture, out var whole) => whole,
            _ => double.Parse(token, CultureInfo.InvariantCulture),
        };

    private bool Take(string token)
    {
        if (at >= tokens.Count || tokens[at] != token)
            return false;
        at++;
        return true;
    }

    [GeneratedRegex(@"\(|\)|(datetime)?'(?:[^']|'')*'|[^\s()']+")]
    private static partial Regex Token();
}
