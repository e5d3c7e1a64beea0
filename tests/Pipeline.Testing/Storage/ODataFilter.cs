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

    public static Func<MemoryEntity, bool> Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return _ => true;
        var parser = new ODataFilter(text);
        var filter = parser.Or();
        return parser.at == parser.tokens.Count
            ? filter
            : throw new FormatException($"filter {text}: seen {parser.tokens[parser.at]}, expected its end");
    }

    private Func<MemoryEntity, bool> Or()
    {
        var left = And();
        while (Take("or"))
        {
            var (a, b) = (left, And());
            left = row => a(row) || b(row);
        }
        return left;
    }

    private Func<MemoryEntity, bool> And()
    {
        var left = Not();
        while (Take("and"))
        {
            var (a, b) = (left, Not());
            left = row => a(row) && b(row);
        }
        return left;
    }

    private Func<MemoryEntity, bool> Not()
    {
        if (Take("not"))
        {
            var inner = Not();
            return row => !inner(row);
        }
        if (Take("("))
        {
            var inner = Or();
            if (!Take(")"))
                throw new FormatException($"filter: seen no ) before {at} of {tokens.Count}");
            return inner;
        }
        var (name, comparison, literal) = (tokens[at++], tokens[at++], Literal(tokens[at++]));
        return row => row.Value(name) is { } value && Fits(value, comparison, literal);
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
