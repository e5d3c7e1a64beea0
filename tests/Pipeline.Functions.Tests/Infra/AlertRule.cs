using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>An alert on logs, read out of <c>modules/alerts.bicep</c>, with its query as Azure gets it.</summary>
/// <param name="Name">The alert's name, without the prefix of the environment.</param>
/// <param name="File">The file of the query.</param>
/// <param name="Query">The query, all placeholders filled in.</param>
/// <param name="Window">How far it looks back.</param>
/// <param name="Gauge">The gauge it looks at; null for none.</param>
/// <param name="Property">What the gauge is read of.</param>
internal sealed record AlertRule(
    string Name,
    string File,
    string Query,
    string Window,
    string? Gauge = null,
    string? Property = null
)
{
    private static readonly BicepFile Bicep = BicepFile.Read("modules/alerts.bicep");

    /// <summary>The days after which a dataset is stale, of those that have a calendar.</summary>
    private static Dictionary<string, int> Calendars =>
        BicepFile
            .Read("sources.bicep")
            .Object("var maximumAgeDays =")
            .Where(limit => limit.Value != "0")
            .ToDictionary(limit => limit.Key, limit => int.Parse(limit.Value, CultureInfo.InvariantCulture));

    /// <summary>Parameters that conditions are made with, and what a condition is tried with.</summary>
    private static readonly Dictionary<string, string> Values = new()
    {
        ["overdueToleranceHours"] = "48",
        [
            "string(toObject(filter(items(maximumAgeDays), item => item.value > 0), item => item.key, item => "
                + "item.value))"
        ] = JsonSerializer.Serialize(Calendars),
    };

    /// <summary>Every rule: the three lists of which <c>logRules</c> is put together.</summary>
    public static IReadOnlyList<AlertRule> All { get; } = [.. Gauges(), .. MissedRuns(), .. Others()];

    private static IEnumerable<AlertRule> Gauges()
    {
        var file = Used(
            Bicep.Match(
                @"map\(gaugeRules, rule => \{.*?query: replace\(\s*replace\(replace\(loadTextContent\('\.\./alerts/([\w.-]+)'\), '\{gauge\}', rule\.gauge\), '\{property\}', rule\.property\),\s*'\{condition\}',\s*rule\.condition\s*\)"
            )
        );
        var window = Used(Bicep.Match(@"map\(gaugeRules, rule => \{.*?window: '(\w+)'"));
        foreach (var rule in Objects(Bicep.Block("var gaugeRules =", '[', ']')))
        {
            yield return new AlertRule(
                Value(rule, "name"),
                file,
                Fill(
                    file,
                    ("gauge", Value(rule, "gauge")),
                    ("property", Value(rule, "property")),
                    ("condition", Value(rule, "condition"))
                ),
                window,
                Value(rule, "gauge"),
                Value(rule, "property")
            );
        }
    }

    private static IEnumerable<AlertRule> MissedRuns()
    {
        var file = Used(
            Bicep.Match(
                @"map\(timers, timer => \{.*?query: replace\(loadTextContent\('\.\./alerts/([\w.-]+)'\), '\{function\}', timer\.function\)\s+window: timer\.window"
            )
        );
        foreach (var (function, window) in BicepFile.Timers)
        {
            yield return new AlertRule(
                $"missed-{function.ToLowerInvariant()}",
                file,
                Fill(file, ("function", function)),
                window
            );
        }
    }

    private static IEnumerable<AlertRule> Others()
    {
        // The third part of concat(map(gaugeRules, …), map(timers, …), [ … ]).
        var list = Bicep.Block("var logRules =", '(', ')');
        foreach (var rule in Objects(list[(list.LastIndexOf("\n  [", StringComparison.Ordinal) + 4)..]))
        {
            var query = Regex.Match(
                rule,
                @"query: (?:replace\(\s*)?loadTextContent\('\.\./alerts/([\w.-]+)'\)(?:,\s*'\{condition\}',\s*'((?:[^'\\]|\\.)*)'\s*\))?"
            );
            Assert.True(query.Success, $"an alert without a file of its query: {rule}");
            yield return new AlertRule(
                Value(rule, "name"),
                query.Groups[1].Value,
                Fill(query.Groups[1].Value, ("condition", query.Groups[2].Value)),
                Value(rule, "window")
            );
        }
    }

    private static string Used(Match match) => match.Groups[1].Value;

    private static IEnumerable<string> Objects(string list)
    {
        for (var at = list.IndexOf('{', StringComparison.Ordinal); at >= 0; at = list.IndexOf('{', at))
        {
            var end = BicepFile.Close(list, at, '{', '}');
            yield return list[(at + 1)..end];
            at = end;
        }
    }

    private static string Value(string rule, string property)
    {
        var match = Regex.Match(rule, $@"^\s*{property}: '((?:[^'\\]|\\.)*)'", RegexOptions.Multiline);
        Assert.True(match.Success, $"an alert has no {property}: {rule}");
        return match.Groups[1].Value;
    }

    private static string Fill(string file, params (string Name, string Value)[] placeholders)
    {
        var query = System.IO.File.ReadAllText(Path.Combine(BicepFile.Folder, "alerts", file));
        foreach (var (name, value) in placeholders)
            query = query.Replace($"{{{name}}}", Evaluate(value), StringComparison.Ordinal);
        return query;
    }

    private static string Evaluate(string text)
    {
        for (
            var at = text.IndexOf("${", StringComparison.Ordinal);
            at >= 0;
            at = text.IndexOf("${", StringComparison.Ordinal)
        )
        {
            var end = BicepFile.Close(text, at + 1, '{', '}');
            Assert.True(
                Values.TryGetValue(text[(at + 2)..end], out var value),
                $"the test does not know the value of {text[(at + 2)..end]}"
            );
            text = text[..at] + value + text[(end + 1)..];
        }
        return text;
    }
}
