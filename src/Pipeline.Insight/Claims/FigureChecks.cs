using System.Text.RegularExpressions;
using Azure.Data.Tables;
using Pipeline.Insight.Indicators;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Insight.Claims;

/// <summary>
/// Checks a stated figure against an indicator in the way that claims are checked: its rounding, a wrong power of a
/// thousand, and the figures behind it.
/// </summary>
public sealed partial class FigureChecks(TableSet tables)
{
    private const string Indicator = "indicator";
    private const string Period = "period";
    private const string Member = "member";
    private const string ComparisonName = "comparison";

    private const string SeeIndicators = "the table indicators has all: GET /api/data/indicators";

    private static readonly string[] Names = [Indicator, Period, StatedText.Parameter, Member, ComparisonName];

    /// <summary>What the Functions host reads of a query, for itself.</summary>
    private static readonly string[] OfTheHost = ["code", "clientid"];

    private static readonly string[] Comparisons = [Comparison.Equals, Comparison.Above, Comparison.Below];

    /// <summary>Answers a question.</summary>
    /// <param name="parameters">
    /// <c>indicator</c>: the id of an indicator, with - before it for its negative; <c>period</c>: yyyy, yyyy-MM or
    /// yyyy-MM-dd as the indicator has them, or latest; <c>stated</c>: the figure in words; <c>member</c>: whom it is
    /// about, for indicators of several; <c>comparison</c>: equals (as printed; the default), above or below.
    /// </param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The answer, or what is wrong with the question.</returns>
    public async Task<(FigureCheck? Answer, Finding? Refusal)> AskAsync(
        IReadOnlyList<KeyValuePair<string, string>> parameters,
        CancellationToken cancellationToken
    )
    {
        if (Misfit(parameters) is { } misfit)
            return (null, misfit);
        string Value(string name) => parameters.FirstOrDefault(parameter => parameter.Key == name).Value ?? "";
        var isNegative = Value(Indicator).StartsWith('-');
        var id = isNegative ? Value(Indicator)[1..] : Value(Indicator);
        if (id.StartsWith('-'))
        {
            return (
                null,
                new Finding(
                    $"parameter {Indicator}",
                    Finding.Quote(Value(Indicator)),
                    "an indicator with at most one - before it",
                    SeeIndicators
                )
            );
        }
        if (Reference(id, Value(Period), Value(Member), out var refusal) is not { } reference)
            return (null, refusal);
        var rows = await RowsAsync(id, cancellationToken);
        var unit = reference.Shape.Unit ?? UnitOf(rows, reference);
        if (StatedText.Read(Value(StatedText.Parameter), unit, out refusal) is not { } stated)
            return (null, refusal);
        var expression = Expression.Parse($"{(isNegative ? "-" : "")}{reference}", out _)!;
        var row = new ClaimChecker(new IndicatorRows(rows)).Check(
            Claim(reference, expression, stated, Value(ComparisonName), isNegative, rows)
        );
        return (Answer(row, reference, stated, rows), null);
    }

    private static Finding? Misfit(IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        foreach (
            var (name, values) in parameters.GroupBy(pair => pair.Key).Select(group => (group.Key, group.ToList()))
        )
        {
            if (!OfTheHost.Contains(name, StringComparer.OrdinalIgnoreCase) && !Names.Contains(name))
            {
                return new Finding(
                    $"parameter {Finding.Quote(name)}",
                    Finding.Quote(values[0].Value),
                    string.Join(", ", Names),
                    "leave it out"
                );
            }
            if (values.Count > 1)
            {
                return new Finding(
                    $"parameter {name}",
                    $"{values.Count} values",
                    "one value",
                    "ask one question at a time"
                );
            }
        }
        foreach (var name in (string[])[Indicator, Period])
        {
            if (string.IsNullOrEmpty(parameters.FirstOrDefault(pair => pair.Key == name).Value))
            {
                return new Finding(
                    $"parameter {name}",
                    "nothing",
                    name == Indicator ? "an indicator, for example us-ru-imports-annual" : "a period, for example 2018",
                    SeeIndicators
                );
            }
        }
        var comparison = parameters.FirstOrDefault(pair => pair.Key == ComparisonName).Value;
        return comparison is null || Comparisons.Contains(comparison)
            ? null
            : new Finding(
                $"parameter {ComparisonName}",
                Finding.Quote(comparison),
                string.Join(", ", Comparisons),
                "leave it out for the figure as printed"
            );
    }

    /// <summary>What the question names; null if there can be no such figure.</summary>
    private static ReferenceNode? Reference(string id, string period, string member, out Finding? refusal)
    {
        refusal = IndicatorCatalog.Find(id) is { } shape ? Misfit(shape, period, member) : null;
        if (refusal is not null)
            return null;
        var expression = Expression.Parse($"{id}[{period}{(member.Length > 0 ? $"|{member}" : "")}]", out var error);
        if (expression?.Root is ReferenceNode reference)
            return reference;
        var expected = error?.Expected ?? "the id of one indicator, not an expression";
        refusal = new Finding($"parameter {Indicator}", Finding.Quote(id), expected, SeeIndicators);
        return null;
    }

    private static Finding? Misfit(IndicatorShape shape, string period, string member)
    {
        if (period != ReferenceNode.Latest && !Expression.IsPeriod(period, shape.Periods))
        {
            var form = shape.Periods switch
            {
                PeriodKind.Year => "a year, yyyy",
                PeriodKind.Month => "a month, yyyy-MM",
                _ => "a day, yyyy-MM-dd",
            };
            return new Finding($"parameter {Period}", Finding.Quote(period), $"{form}, or latest", "name one period");
        }
        if (!shape.HasMembers)
        {
            return member.Length == 0
                ? null
                : new Finding(
                    $"parameter {Member}",
                    Finding.Quote(member),
                    "no member: the indicator has one figure a period",
                    "leave it out"
                );
        }
        return MemberText().IsMatch(member)
            ? null
            : new Finding(
                $"parameter {Member}",
                member.Length == 0 ? "nothing" : Finding.Quote(member),
                "whom the figure is about, in lower-case letters and digits, for example ru or deu",
                "name one"
            );
    }

    private async Task<List<IndicatorRow>> RowsAsync(string id, CancellationToken cancellationToken)
    {
        var rows = new List<IndicatorRow>();
        await foreach (
            var row in tables.QueryIfExistsAsync<IndicatorRow>(
                Pipeline.Storage.Names.Indicators,
                TableClient.CreateQueryFilter($"PartitionKey eq {id}"),
                cancellationToken
            )
        )
        {
            rows.Add(row);
        }
        return rows;
    }

    /// <summary>
    /// The unit of figures that differ in it; US dollars, so that the text is understood, if there are none.
    /// </summary>
    private static string UnitOf(List<IndicatorRow> rows, ReferenceNode reference) =>
        (Row(rows, reference) ?? rows.LastOrDefault())?.Unit ?? TradeTotals.Dollars;

    /// <summary>The row that a reference names; null if it is not on file.</summary>
    private static IndicatorRow? Row(List<IndicatorRow> rows, ReferenceNode reference)
    {
        var own = rows.Where(row => reference.Member.Length == 0 || row.RowKey.Split('|').Contains(reference.Member));
        return reference.From == ReferenceNode.Latest
            ? own.MaxBy(row => row.Period, StringComparer.Ordinal)
            : own.FirstOrDefault(row => row.Period == reference.From);
    }

    private static Claim Claim(
        ReferenceNode reference,
        Expression expression,
        Stated stated,
        string comparison,
        bool isNegative,
        List<IndicatorRow> rows
    )
    {
        var row = Row(rows, reference);
        var period = row?.Period ?? reference.From;
        var check = new Check(
            comparison.Length == 0 ? Comparison.Equals : comparison,
            $"{(isNegative ? "the negative of " : "")}{row?.Title ?? $"the indicator {reference.Id}"} ({period})",
            expression,
            stated,
            Since: "",
            Places: default,
            Tolerance: 0,
            Order: []
        );
        return new Claim("", "", "", stated, Date: null, Vintage: null, [new ClaimBasis("", [check])], Reason: "");
    }

    private static FigureCheck Answer(ClaimRow row, ReferenceNode reference, Stated stated, List<IndicatorRow> rows)
    {
        var looked = row.Evidence.Split("; ", StringSplitOptions.RemoveEmptyEntries);
        var inputs = rows.Where(one =>
            looked.Contains($"{Pipeline.Storage.Names.Indicators} {one.PartitionKey} {one.RowKey}")
        );
        return new FigureCheck(
            row.Verdict,
            row.Explanation,
            new CheckedFigure((double)stated.Value, stated.Unit),
            double.IsNaN(row.ComputedValue) ? null : new CheckedFigure(row.ComputedValue, row.ComputedUnit),
            reference.Id,
            Row(rows, reference)?.Period ?? reference.From,
            rows.Count == 0
                ? null
                : new PeriodsOnFile(
                    rows.Select(one => one.Period).Min(StringComparer.Ordinal)!,
                    rows.Select(one => one.Period).Max(StringComparer.Ordinal)!
                ),
            looked,
            [.. inputs.SelectMany(one => one.Inputs.Split("; ", StringSplitOptions.RemoveEmptyEntries)).Distinct()],
            row.Vintage
        );
    }

    [GeneratedRegex("^[a-z][a-z0-9]*$")]
    private static partial Regex MemberText();
}

/// <summary>A figure and its unit.</summary>
/// <param name="Value">The figure in <paramref name="Unit"/>.</param>
/// <param name="Unit">The unit, for example <c>million US dollars</c>.</param>
public sealed record CheckedFigure(double Value, string Unit);

/// <summary>The periods that an indicator has figures of.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last.</param>
public sealed record PeriodsOnFile(string First, string Last);

/// <summary>What the tables say about a stated figure.</summary>
/// <param name="Verdict">confirmed, unit-error, refuted or not-checkable.</param>
/// <param name="Explanation">Why, in one sentence with the figures.</param>
/// <param name="Stated">The figure as it was understood.</param>
/// <param name="Computed">The figure of the tables, in the unit that suits it; null if there is none.</param>
/// <param name="Indicator">The indicator.</param>
/// <param name="Period">The period.</param>
/// <param name="OnFile">The periods that there are; null if there are none.</param>
/// <param name="Evidence">Table, partition and row key of each figure that was looked at.</param>
/// <param name="Inputs">The same for the facts that those figures were computed from.</param>
/// <param name="Vintage">The newest vintage of those facts, UTC; null if there are none.</param>
public sealed record FigureCheck(
    string Verdict,
    string Explanation,
    CheckedFigure Stated,
    CheckedFigure? Computed,
    string Indicator,
    string Period,
    PeriodsOnFile? OnFile,
    IReadOnlyList<string> Evidence,
    IReadOnlyList<string> Inputs,
    DateTimeOffset? Vintage
);
