using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Insight.Indicators;
using Pipeline.Issues;

namespace Pipeline.Insight.Claims;

/// <summary>Reads one file of claims. All that is wrong is found in one go.</summary>
internal sealed partial class ClaimReader(string file, List<Finding> findings)
{
    private const string IdWanted = "lower-case letters, digits and single hyphens";

    private readonly Dictionary<string, Article> articles = new(StringComparer.Ordinal);

    /// <summary>The articles of the file, by their ids.</summary>
    public IReadOnlyDictionary<string, Article> Articles => articles;

    /// <summary>Reads the claims of a file.</summary>
    public List<Claim> Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return Read(new JsonPart(document.RootElement, file, findings));
            findings.Add(
                new Finding(
                    file,
                    $"{document.RootElement.ValueKind}",
                    "a JSON object with articles and claims",
                    "correct the file of claims"
                )
            );
        }
        catch (JsonException e)
        {
            findings.Add(
                new Finding(
                    $"{file}, line {e.LineNumber + 1}",
                    Finding.Quote(e.Message),
                    "a JSON document without repeated properties",
                    "correct the file of claims"
                )
            );
        }
        return [];
    }

    private List<Claim> Read(JsonPart root)
    {
        foreach (
            var part in root.Objects("articles", "a list of articles", (item, at) =>
                $"{file}, article {JsonPart.IdOr(item, at)}"
            )
        )
        {
            var id = Id(part, "id");
            var article = new Article(part.Text("title", "what the article is about"), Date(part, "date"));
            part.Close();
            if (id.Length > 0 && !articles.TryAdd(id, article))
                part.Wrong("id", Finding.Quote(id), "an id that no other article has");
        }
        var claims = new List<Claim>();
        var ids = new HashSet<(string, string)>();
        foreach (
            var part in root.Objects("claims", "a list of claims", (item, at) =>
                $"{file}, claim {JsonPart.IdOr(item, at)}"
            )
        )
        {
            var claim = ReadClaim(part);
            part.Close();
            if (!ids.Add((claim.Article, claim.Id)))
                part.Wrong("id", Finding.Quote(claim.Id), "an id that no other claim of the article has");
            claims.Add(claim);
        }
        root.Close();
        return claims;
    }

    private Claim ReadClaim(JsonPart part)
    {
        var id = Id(part, "id");
        var article = Id(part, "article");
        if (article.Length > 0 && !articles.ContainsKey(article))
        {
            part.Wrong(
                "article",
                Finding.Quote(article),
                $"the id of an article of the file: {string.Join(", ", articles.Keys)}"
            );
        }

        var statement = part.Text("statement", "what was published, in short words");
        var stated = part.Has("stated") ? ReadStated(part) : null;
        DateOnly? date = part.Has("date") ? Date(part, "date") : null;
        DateOnly? vintage = part.Has("vintage") ? Date(part, "vintage") : null;
        Claim Of(IReadOnlyList<ClaimBasis> bases, string reason) =>
            new(article, id, statement, stated, date, vintage, bases, reason);
        if (part.Has("parts"))
        {
            var checks = new List<Check>();
            foreach (var inner in part.Objects("parts", "a list of checks", (_, at) => $"{part.Where}, part {at + 1}"))
            {
                if (
                    ReadCheck(
                        inner,
                        inner,
                        Comparisons(inner, none: false),
                        inner.Has("stated") ? ReadStated(inner) : stated
                    ) is
                    { } check
                )
                {
                    checks.Add(check);
                }

                inner.Close();
            }
            return Of([new ClaimBasis("", checks)], "");
        }
        var comparison = Comparisons(part, none: true);
        if (comparison == Comparison.None)
            return Of([], part.Text("reason", "why it cannot be checked, one sentence"));
        if (!part.Has("bases"))
        {
            return Of(
                ReadCheck(part, part, comparison, stated) is { } single ? [new ClaimBasis("", [single])] : [],
                ""
            );
        }

        var bases = new List<ClaimBasis>();
        foreach (
            var inner in part.Objects("bases", "a list of bases, each with name and expression", (_, at) =>
                $"{part.Where}, basis {at + 1}"
            )
        )
        {
            var name = inner.Text("name", "what the figures of the basis measure");
            if (ReadCheck(part, inner, comparison, stated) is { } check)
                bases.Add(new ClaimBasis(name, [check]));
            inner.Close();
        }
        return Of(bases, "");
    }

    private static string Comparisons(JsonPart part, bool none)
    {
        var known = Comparison.All.Where(name => none || name != Comparison.None).ToList();
        var expected = $"one of {string.Join(", ", known)}";
        var comparison = part.Text("comparison", expected);
        if (comparison.Length == 0 || known.Contains(comparison))
            return comparison;
        part.Wrong("comparison", Finding.Quote(comparison), expected);
        return "";
    }

    /// <summary>Reads a check; null when it cannot be made.</summary>
    /// <param name="part">The object that has comparison, subject and what the comparison needs.</param>
    /// <param name="formula">The object that has the expression.</param>
    /// <param name="comparison">How to compare; empty when that was wrong already.</param>
    /// <param name="stated">The figure as printed, of the claim or of its part.</param>
    private Check? ReadCheck(JsonPart part, JsonPart formula, string comparison, Stated? stated)
    {
        var before = findings.Count;
        var subject = part.Text("subject", "what the expression computes, in words");
        var since =
            comparison == Comparison.MinimumSince
                ? part.Text("since", "the period that is not looked at any more, for example 2004")
                : "";
        var places = comparison == Comparison.Rank ? Places(part) : default;
        var tolerance =
            comparison == Comparison.Within ? part.Number("tolerance", "a number in the unit of the expression") : 0;
        var order = comparison == Comparison.Ranking ? part.Texts("order", "members, the first place first") : [];
        if (
            comparison is Comparison.Equals or Comparison.Above or Comparison.Below
            && stated is null
            && !part.Has("stated")
        )
        {
            part.Wrong(
                "stated",
                "nothing",
                $"the figure as printed: value, unit and decimals, because the comparison is {comparison}"
            );
        }

        var text = formula.Text("expression", "a formula of indicators, for example -us-ru-trade-balance-ytd[2019-10]");
        if (text.Length == 0)
            return null;
        if (Expression.Parse(text, out var error) is not { } expression)
        {
            findings.Add(
                new Finding(
                    $"{formula.Where}, expression, position {error!.Position}",
                    error.Seen,
                    error.Expected,
                    $"correct the expression {Finding.Quote(text)}"
                )
            );
            return null;
        }
        if (comparison.Length == 0)
            return null;
        var misfit = Misfit(comparison, expression, stated, since)
            ?? (
                expression.References.Count == 0
                    ? new ExpressionError(
                        1,
                        Finding.Quote(text),
                        "at least one indicator: a claim is checked against figures"
                    )
                    : null
            );
        if (misfit is not null)
        {
            findings.Add(
                new Finding(
                    $"{formula.Where}, expression, position {misfit.Position}",
                    misfit.Seen,
                    misfit.Expected,
                    $"correct the expression {Finding.Quote(text)}, or the comparison"
                )
            );
        }

        return findings.Count > before
            ? null
            : new Check(comparison, subject, expression, stated, since, places, (double)tolerance, order);
    }

    /// <summary>What a comparison needs of its expression.</summary>
    private static ExpressionError? Misfit(string comparison, Expression expression, Stated? stated, string since)
    {
        var root = expression.Root;
        ExpressionError Wrong(string expected) => new(root.Position, Finding.Quote(expression.Text), expected);
        switch (comparison)
        {
            case Comparison.Ordering:
                return root is ChainNode
                    ? null
                    : Wrong("figures with < or > between them, because the comparison is ordering");
            case Comparison.Ranking:
                return
                    root is ReferenceNode { IsSeries: true, Member: "", Shape.Unit: "place" } one && one.From == one.To
                    ? null
                    : Wrong("an indicator of places with a period and no member, because the comparison is ranking");
            case Comparison.MinimumSince:
                return
                    root is ReferenceNode { IsSeries: false, Member: "", Shape.Periods: not PeriodKind.Day } single
                    && Expression.IsPeriod(single.From, single.Shape.Periods)
                    && Expression.IsPeriod(since, single.Shape.Periods)
                    && string.CompareOrdinal(since, single.From) < 0
                    ? null
                    : Wrong("one figure with a period after since, because the comparison is minimum-since");
        }
        if (root is ChainNode)
            return Wrong($"one figure, because the comparison is {comparison}");
        if (root.IsSeries)
        {
            return new ExpressionError(
                root.Position,
                "several figures",
                $"one figure, because the comparison is {comparison}"
            );
        }

        if (comparison == Comparison.Rank)
        {
            return root.Unit == "place"
                ? null
                : Wrong("a place: rank(…) or an indicator of places, because the comparison is rank");
        }

        if (stated is null || comparison == Comparison.Within || root.Unit is null || root.Unit == stated.Scale.Base)
            return null;
        if (root.Unit.Length == 0)
        {
            return MeasureText().IsMatch(stated.Scale.Base)
                ? new ExpressionError(
                    root.Position,
                    "a bare number",
                    $"{stated.Scale.Base}, the unit of the stated "
                        + $"figure{(stated.Scale.Base == "percent" ? ": share(part, whole) or growth(before, after)" : "")}"
                )
                : null;
        }

        return new ExpressionError(root.Position, root.Unit, $"{stated.Scale.Base}, the unit of the stated figure");
    }

    private static Stated? ReadStated(JsonPart part)
    {
        if (part.Object("stated", "an object with value, unit and decimals") is not { } figure)
            return null;
        var value = figure.Number("value", "the number as printed");
        var unit = figure.Text("unit", "the unit as printed, for example million US dollars");
        if (MisspeltText().IsMatch(Magnitude.Of(unit).Base) && !MeasureText().IsMatch(Magnitude.Of(unit).Base))
        {
            figure.Wrong(
                "unit",
                Finding.Quote(unit),
                "US dollars with thousand, million, billion or trillion before it, percent, or a currency, ISO "
                    + "4217, for example million US dollars"
            );
        }

        var decimals = figure.Number("decimals", "the decimal places it was printed with, 0 to 9");
        if (decimals is < 0 or > 9 || decimals != decimal.Truncate(decimals))
        {
            figure.Wrong(
                "decimals",
                decimals.ToString(CultureInfo.InvariantCulture),
                "the decimal places it was printed with, 0 to 9"
            );
        }
        else if (value != decimal.Round(value, (int)decimals))
        {
            figure.Wrong(
                "value",
                value.ToString(CultureInfo.InvariantCulture),
                $"a number of {decimals} decimal places, as decimals says"
            );
        }

        if (Math.Abs(value) >= 1_000_000_000_000m)
        {
            figure.Wrong(
                "value",
                value.ToString(CultureInfo.InvariantCulture),
                "a number below a trillion; the unit says million, billion or trillion"
            );
        }

        figure.Close();
        return new Stated(value, unit, decimals is >= 0 and <= 9 ? (int)decimals : 0);
    }

    private static (int First, int Last) Places(JsonPart part)
    {
        const string expected = "places: 1, 1..10 or 11..";
        var text = part.Text("place", expected);
        if (text.Length == 0)
            return default;
        var match = PlacesText().Match(text);
        if (match.Success)
        {
            var first = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
            var last = (match.Groups[2].Success, match.Groups[3].Value) switch
            {
                (false, _) => first,
                (true, "") => int.MaxValue,
                (true, var end) => int.Parse(end, CultureInfo.InvariantCulture),
            };
            if (first <= last)
                return (first, last);
        }
        part.Wrong("place", Finding.Quote(text), expected);
        return default;
    }

    private static string Id(JsonPart part, string property)
    {
        var id = part.Text(property, IdWanted);
        if (id.Length == 0 || IdText().IsMatch(id))
            return id;
        part.Wrong(property, Finding.Quote(id), IdWanted);
        return "";
    }

    private static DateOnly Date(JsonPart part, string property)
    {
        const string expected = "a day, yyyy-MM-dd";
        var text = part.Text(property, expected);
        if (
            text.Length > 0
            && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
        )
        {
            part.Wrong(property, Finding.Quote(text), expected);
        }

        return DateOnly.TryParseExact(
            text,
            "yyyy-MM-dd",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var date
        )
            ? date
            : DateOnly.MaxValue;
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex IdText();

    /// <summary>Units that figures on file have; a count has the name of what is counted.</summary>
    [GeneratedRegex("^(US dollars|percent|place|[A-Z]{3})$")]
    private static partial Regex MeasureText();

    /// <summary>What means one of them and is written in another way.</summary>
    [GeneratedRegex(
        "dollar|[$%€]|per ?cent|rouble|ruble|euro|thousand|million|billion|trillion",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex MisspeltText();

    [GeneratedRegex(@"^([1-9][0-9]{0,3})(\.\.([1-9][0-9]{0,3})?)?$")]
    private static partial Regex PlacesText();
}
