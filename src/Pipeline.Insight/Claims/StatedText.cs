using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Issues;

namespace Pipeline.Insight.Claims;

/// <summary>
/// Reads a figure as people write it: <c>13.2 million dollars</c>, <c>$61.1bn</c>, <c>2.8 %</c>, <c>a deficit of 13.2
/// billion</c>. The decimal places that were written are those by which its rounding is judged.
/// </summary>
internal static partial class StatedText
{
    /// <summary>The parameter that holds the text.</summary>
    public const string Parameter = "stated";

    private const int MostCharacters = 100;

    /// <summary>More digits do not fit into a decimal together with a factor of a trillion.</summary>
    private const int MostDigits = 15;

    private const int MostDecimals = 9;

    /// <summary>How people write powers of a thousand.</summary>
    private static readonly Dictionary<string, string> Magnitudes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["thousand"] = "thousand",
        ["k"] = "thousand",
        ["million"] = "million",
        ["mln"] = "million",
        ["mn"] = "million",
        ["m"] = "million",
        ["billion"] = "billion",
        ["bln"] = "billion",
        ["bn"] = "billion",
        ["b"] = "billion",
        ["trillion"] = "trillion",
        ["trn"] = "trillion",
        ["tn"] = "trillion",
    };

    /// <summary>How people write units.</summary>
    private static readonly Dictionary<string, string> Units = new(StringComparer.OrdinalIgnoreCase)
    {
        ["$"] = "US dollars",
        ["us$"] = "US dollars",
        ["usd"] = "US dollars",
        ["dollar"] = "US dollars",
        ["dollars"] = "US dollars",
        ["us dollar"] = "US dollars",
        ["us dollars"] = "US dollars",
        ["u.s. dollars"] = "US dollars",
        ["%"] = "percent",
        ["percent"] = "percent",
        ["per cent"] = "percent",
        ["€"] = "EUR",
        ["euro"] = "EUR",
        ["euros"] = "EUR",
        ["£"] = "GBP",
        ["pounds"] = "GBP",
        ["¥"] = "JPY",
        ["yen"] = "JPY",
        ["yuan"] = "CNY",
        ["renminbi"] = "CNY",
        ["₽"] = "RUB",
        ["rouble"] = "RUB",
        ["roubles"] = "RUB",
        ["ruble"] = "RUB",
        ["rubles"] = "RUB",
        ["place"] = "place",
        ["places"] = "place",
    };

    /// <summary>Words that say that the figure is another one than the number.</summary>
    private static readonly Dictionary<string, string> Bounds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["nearly"] = "below",
        ["almost"] = "below",
        ["less than"] = "below",
        ["below"] = "below",
        ["under"] = "below",
        ["up to"] = "below",
        ["at most"] = "below",
        ["more than"] = "above",
        ["above"] = "above",
        ["over"] = "above",
        ["at least"] = "above",
    };

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="unit">The unit of the figure that it is held against, for example <c>US dollars</c>.</param>
    /// <param name="finding">What is wrong with the text; null if nothing is.</param>
    /// <returns>The figure, negative for a deficit; null if something is wrong.</returns>
    public static Stated? Read(string text, string unit, out Finding? finding)
    {
        finding = null;
        if (text.Trim().Length is 0 or > MostCharacters)
        {
            var seen = text.Trim().Length == 0 ? "nothing" : $"{text.Length} characters";
            return Refuse(
                out finding,
                seen,
                $"a number with a unit, for example {ExampleOf(unit)}",
                "say one figure in a few words"
            );
        }
        var plain = text.Trim().Replace('\u2212', '-').Replace('\u00a0', ' ');
        // Places are said in many ways, all with the number alone.
        var match = unit == "place" && Place().Match(plain) is { Success: true } place ? place : Form().Match(plain);
        if (!match.Success)
        {
            if (Bounds.FirstOrDefault(bound => Starts(plain, bound.Key)) is { Key: { } word, Value: var comparison })
            {
                return Refuse(
                    out finding,
                    Finding.Quote(word),
                    "a figure that can be a rounding",
                    $"leave the word out, or ask with comparison={comparison} whether the figure on file is {comparison} it"
                );
            }

            return Refuse(
                out finding,
                Finding.Quote(text),
                $"a number with a unit, for example {ExampleOf(unit)}",
                "say one figure; whether more or less is meant is the parameter comparison"
            );
        }
        var digits = match.Groups["number"].Value;
        if (!Number().IsMatch(digits))
        {
            return Refuse(
                out finding,
                Finding.Quote(digits),
                "a point before the decimals, and commas between groups of three digits only",
                "write 13.2 or 13,200"
            );
        }
        var decimals = digits.Length - 1 - digits.LastIndexOf('.') is var after && digits.Contains('.') ? after : 0;
        if (digits.Count(char.IsAsciiDigit) > MostDigits || decimals > MostDecimals)
        {
            return Refuse(
                out finding,
                Finding.Quote(digits),
                $"at most {MostDigits} digits, {MostDecimals} of them behind the point",
                "say it as it was printed"
            );
        }
        if (UnitOf(match, text, unit, out finding) is not { } stated)
            return null;
        var value = decimal.Parse(digits.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        var isNegative = match.Groups["minus"].Success != match.Groups["deficit"].Success;
        return new Stated(isNegative ? -value : value, stated, decimals);
    }

    /// <summary>The unit with its magnitude; null if it is none, or not that of the figure.</summary>
    private static string? UnitOf(Match match, string text, string unit, out Finding? finding)
    {
        finding = null;
        var (before, after) = (match.Groups["before"].Value.Trim(), match.Groups["after"].Value.Trim());
        var magnitude = match.Groups["magnitude"].Value;
        var named = unit;
        foreach (var word in (string[])[before, after])
        {
            if (word.Length == 0)
                continue;
            if (CurrencyOrWord(word) is not { } known)
            {
                return RefuseUnit(
                    out finding,
                    Finding.Quote(word),
                    ExpectedUnit(unit),
                    $"for example {ExampleOf(unit)}"
                );
            }
            if (before.Length > 0 && word == after && known != named)
                return RefuseUnit(out finding, Finding.Quote(text), "one unit", "say one figure in one unit");
            named = known;
        }
        if (named != unit)
        {
            return RefuseUnit(
                out finding,
                named,
                $"{unit}, the unit of the indicator",
                "figures are not converted: choose an indicator in that unit, or say the figure in the unit on file"
            );
        }
        if (magnitude.Length == 0)
            return named;
        return Magnitude.Scales(named)
            ? $"{Magnitudes[magnitude]} {named}"
            : RefuseUnit(
                out finding,
                Finding.Quote($"{magnitude} {named}"),
                $"{named} without {magnitude}",
                "leave it out"
            );
    }

    private static string ExpectedUnit(string unit) =>
        Magnitude.Scales(unit)
            ? "thousand, million, billion or trillion, then dollars, percent or a currency"
            : $"{unit}, or no unit";

    private static string ExampleOf(string unit) =>
        unit switch
        {
            "US dollars" => "13.2 million dollars",
            "percent" => "13.2 percent",
            "place" => "17, 17th or place 17",
            _ => $"13.2 million {unit}",
        };

    private static bool Starts(string text, string word) =>
        text.StartsWith($"{word} ", StringComparison.OrdinalIgnoreCase);

    private static string? CurrencyOrWord(string word)
    {
        if (Units.TryGetValue(word, out var unit))
            return unit;
        return CurrencyCode().IsMatch(word) ? word : null;
    }

    private static string? RefuseUnit(out Finding? finding, string seen, string expected, string advice)
    {
        Refuse(out finding, seen, expected, advice);
        return null;
    }

    private static Stated? Refuse(out Finding? finding, string seen, string expected, string advice)
    {
        finding = new Finding($"parameter {Parameter}", seen, expected, advice);
        return null;
    }

    [GeneratedRegex(
        """
            ^(?:(?:a|the)\s+)?(?:(?<deficit>deficit)|surplus)?\s*(?:of\s+)?(?:(?:about|around|roughly|some)\s+)?
            (?<minus>-\s*|minus\s+)?(?<before>us\$|\$|€|£|¥|₽|[A-Z]{3})?\s*
            (?<number>[0-9](?:[0-9.,]*[0-9])?)
            \s*(?:(?<magnitude>thousand|million|billion|trillion|mln|bln|trn|mn|bn|tn|k|m|b)(?![a-z])\.?)?
            \s*(?<after>[^0-9]*?)(?:\s+(?:(?<deficit>deficit)|surplus))?\.?$
            """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Form();

    [GeneratedRegex(
        @"^(?:(?:the\s+)?(?:place|rank|number|no\.?|\#)\s*(?<number>[0-9]+)|(?:the\s+)?(?<number>[0-9]+)(?:st|nd|rd|th)(?:\s+place)?)\.?$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Place();

    [GeneratedRegex(@"^([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?$")]
    private static partial Regex Number();

    [GeneratedRegex("^[A-Z]{3}$")]
    private static partial Regex CurrencyCode();
}
