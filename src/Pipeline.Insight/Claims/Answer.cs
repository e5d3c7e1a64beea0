namespace Pipeline.Insight.Claims;

/// <summary>What came out of one check.</summary>
/// <param name="Verdict">confirmed, unit-error or refuted; null when a figure is not on file.</param>
/// <param name="Clause">The finding in words, the beginning of a sentence.</param>
/// <param name="Short">The figure alone; the whole finding where there is not one figure.</param>
/// <param name="Value">The figure in <paramref name="Unit"/>; NaN where there is not one.</param>
/// <param name="Unit">The unit that suits it.</param>
internal sealed record Answer(string? Verdict, string Clause, string Short, double Value, string Unit)
{
    /// <summary>Holds a computed figure against a check.</summary>
    public static Answer Of(Check check, Evaluation evaluation)
    {
        var answer = check.Comparison switch
        {
            Comparison.Ordering => Ordering(check, evaluation),
            Comparison.MinimumSince => MinimumSince(check, evaluation),
            Comparison.Ranking => Ranking(check, evaluation),
            _ => Single(check, evaluation),
        };
        return evaluation.Missing is null
            ? answer
            : new Answer(null, $"{check.Subject}: {evaluation.Missing}", "", double.NaN, "");
    }

    private static string Verdicts(bool holds) => holds ? ClaimVerdict.Confirmed : ClaimVerdict.Refuted;

    private static Answer Single(Check check, Evaluation evaluation)
    {
        var (value, unit) = evaluation.Compute(check.Expression.Root);
        if (
            check.Comparison is Comparison.Equals or Comparison.Above or Comparison.Below
            && check.Stated is { } printed
            && unit.Length > 0
            && unit != printed.Scale.Base
        )
        {
            return new Answer(
                null,
                $"{check.Subject}: the figures on file are in {unit}, the stated one in {printed.Scale.Base}",
                "",
                double.NaN,
                ""
            );
        }

        var place = unit == "place" && evaluation.Places > 0 ? $" of {evaluation.Places}" : "";
        var words =
            (
                check.Stated is { } stated && check.Comparison != Comparison.Rank
                    ? Words.Beside(stated, value, unit, isOrder: true)
                    : Words.Of(value, unit)
            ) + place;
        var was = $"{check.Subject} {(unit == "place" ? "was" : "came to")} {words}";
        var thousands = Magnitude.Scales(unit) ? Magnitude.Fitting(value) : 0;
        Answer Found(bool holds, string text) =>
            new(Verdicts(holds), text, words, Words.In(value, thousands), Magnitude.Unit(thousands, unit));
        return check.Comparison switch
        {
            Comparison.Equals => Equality(check, value, unit, place),
            Comparison.Above => Found(
                value > (double)check.Stated!.Units,
                $"{was}, {(value > (double)check.Stated.Units ? "more" : "not more")} than {check.Stated}"
            ),
            Comparison.Below => Found(
                value < (double)check.Stated!.Units,
                $"{was}, {(value < (double)check.Stated.Units ? "less" : "not less")} than {check.Stated}"
            ),
            Comparison.Within => Found(
                Math.Abs(value) <= check.Tolerance,
                $"{was}, which is {(Math.Abs(value) <= check.Tolerance ? "" : "not ")}within "
                    + $"{Words.Of(check.Tolerance, unit)}"
            ),
            _ => Found(
                value >= check.Places.First && value <= check.Places.Last,
                $"{was}, {(value >= check.Places.First && value <= check.Places.Last ? "as stated" : $"not {Places(check.Places)}")}"
            ),
        };
    }

    private static Answer Equality(Check check, double value, string unit, string place)
    {
        var stated = check.Stated!;
        string Was(string words) => $"{check.Subject} {(unit == "place" ? "was" : "came to")} {words}{place}";
        if (stated.MatchesRounded(value))
        {
            var words = Words.InFull(stated, value, unit);
            return new Answer(
                ClaimVerdict.Confirmed,
                $"{Was(words)}, which {Rounds(stated, value)}",
                words + place,
                Words.In(value, stated.Scale.Thousands),
                stated.Unit
            );
        }

        if (stated.MatchingThousands(value) is { } right)
        {
            var rightly = stated with { Unit = Magnitude.Unit(right, unit) };
            var words = Words.Beside(rightly, value, unit, isOrder: false);
            return new Answer(
                ClaimVerdict.UnitError,
                $"{Was(words)}, so that the stated {stated} has the right digits and the wrong unit: "
                    + $"{rightly.Unit} is right{Assumed(rightly, value)}",
                words + place,
                Words.In(value, right),
                rightly.Unit
            );
        }

        var shown = Words.Beside(stated, value, unit, isOrder: false);
        var fitting = Magnitude.Scales(unit) ? Magnitude.Fitting(value) : 0;
        return new Answer(
            ClaimVerdict.Refuted,
            $"{Was(shown)}, not {stated}{Nearly(stated, value)}",
            shown + place,
            Words.In(value, fitting),
            Magnitude.Unit(fitting, unit)
        );
    }

    /// <summary>How a figure becomes the printed one, with the rounding that is not printed.</summary>
    private static string Rounds(Stated stated, double value)
    {
        if (value == (double)stated.Units)
            return "is the stated figure";
        return $"rounds to the stated {stated}{Assumed(stated, value)}";
    }

    private static string Assumed(Stated stated, double value) =>
        stated.Matches(value) ? "" : $", if its zeros stand for a rounding to the nearest {stated.RoundedTo}";

    /// <summary>What a refuted figure has right, and the rounding that was allowed.</summary>
    private static string Nearly(Stated stated, double value)
    {
        if (stated.Opposite.MatchesRounded(value))
            return ": the digits are right and the sign is wrong";
        if (stated.Opposite.MatchingThousands(value) is { } thousands)
        {
            return ": the digits are right, the sign and the unit are wrong, "
                + $"{Magnitude.Unit(thousands, stated.Scale.Base)} is right";
        }
        return stated.RoundingZeros > 0 ? $", also to the nearest {stated.RoundedTo}" : "";
    }

    private static string Places((int First, int Last) places) =>
        places switch
        {
            (var first, var last) when first == last => $"no. {first}",
            (1, var last) => $"among the first {last}",
            (var first, int.MaxValue) => $"no. {first} or later",
            var (first, last) => $"no. {first} to {last}",
        };

    private static Answer Ordering(Check check, Evaluation evaluation)
    {
        var chain = (ChainNode)check.Expression.Root;
        var quantities = chain.Figures.Select(evaluation.Compute).ToList();
        var values = quantities.Select(quantity => quantity.Value).ToList();
        var holds = values
            .Zip(values.Skip(1), (one, other) => chain.Operator == '<' ? one < other : one > other)
            .All(right => right);
        var unit = evaluation.Same(chain, quantities.Select(quantity => quantity.Unit)) ?? "";
        var figures = Words.List([.. values.Select(value => Words.Of(value, unit))], "and then");
        return new Answer(
            Verdicts(holds),
            $"{check.Subject} came to {figures}, which {(holds ? "is" : "is not")} "
                + $"{(chain.Operator == '<' ? "a rise" : "a fall")} each time",
            figures,
            double.NaN,
            ""
        );
    }

    private static Answer MinimumSince(Check check, Evaluation evaluation)
    {
        var reference = (ReferenceNode)check.Expression.Root;
        var after = Next(check.Since);
        var rows = evaluation.Rows(reference with { From = after, To = reference.From, IsSeries = true });
        if (rows.Count == 0)
            return new Answer(null, "", "", double.NaN, "");
        var mine = rows.Single(row => row.Period == reference.From);
        var lower = rows.Where(row => row.Period != mine.Period && row.Value <= mine.Value)
            .MaxBy(row => row.Period, StringComparer.Ordinal);
        var fitting = Magnitude.Scales(mine.Unit) ? Magnitude.Fitting(mine.Value) : 0;
        var words = Words.Of(mine.Value, mine.Unit);
        return new Answer(
            Verdicts(lower is null),
            lower is null
                ? $"{check.Subject} came to {words}, the lowest since {check.Since}"
                : $"{check.Subject} came to {words}, not the lowest since {check.Since}, because {lower.Period} had "
                    + $"only {Words.Of(lower.Value, lower.Unit)}",
            words,
            Words.In(mine.Value, fitting),
            Magnitude.Unit(fitting, mine.Unit)
        );
    }

    /// <summary>The year or month after one.</summary>
    private static string Next(string period)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        return period.Length == 4
            ? (int.Parse(period, culture) + 1).ToString("0000", culture)
            : DateOnly.ParseExact(period, "yyyy-MM", culture).AddMonths(1).ToString("yyyy-MM", culture);
    }

    private static Answer Ranking(Check check, Evaluation evaluation)
    {
        var reference = (ReferenceNode)check.Expression.Root;
        var rows = evaluation.Rows(reference);
        var places = check
            .Order.Select(member =>
                rows.FirstOrDefault(row => Evaluation.Member(reference.Shape, row) == member)?.Value
            )
            .ToList();
        var holds = places.Select((place, at) => place == at + 1).All(right => right);
        var first = rows.OrderBy(row => row.Value)
            .ThenBy(row => row.RowKey, StringComparer.Ordinal)
            .Take(check.Order.Count)
            .Select(row => Words.Member(Evaluation.Member(reference.Shape, row)))
            .ToList();
        var asked = check
            .Order.Zip(places, (member, place) =>
                $"{Words.Member(member)} {(place is { } found ? Words.Of(found, "place") : "not listed")}"
            )
            .ToList();
        return new Answer(
            Verdicts(holds),
            $"{check.Subject} were led by {Words.List(first)}{(holds ? ", as stated" : $", with {Words.List(asked)}")}",
            Words.List(first),
            double.NaN,
            ""
        );
    }
}
