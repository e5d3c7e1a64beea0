using Pipeline.Storage;

namespace Pipeline.Insight.Claims;

/// <summary>Turns a claim into its row: computed from indicators in memory, without a clock.</summary>
internal sealed class ClaimChecker(IndicatorRows indicators)
{
    /// <summary>What a basis says; a basis with <c>each</c> says it for each period.</summary>
    private sealed record BasisAnswer(
        ClaimBasis Basis,
        string Period,
        string? Verdict,
        string Clause,
        string Short,
        double Value,
        string Unit,
        IReadOnlyList<string> Evidence,
        DateTimeOffset? Vintage
    );

    /// <summary>Checks a claim.</summary>
    public ClaimRow Check(Claim claim)
    {
        var answers = claim.Bases.SelectMany(basis => Answers(claim, basis)).ToList();
        var known = answers.Where(answer => answer.Verdict is not null).ToList();
        var verdicts = known.Select(answer => answer.Verdict!).Distinct().ToList();
        var verdict = verdicts.Count switch
        {
            0 => ClaimVerdict.NotCheckable,
            1 => verdicts[0],
            _ => ClaimVerdict.DependsOnBasis,
        };
        var one = known.Count == 1 ? known[0] : null;
        return new ClaimRow
        {
            PartitionKey = claim.Article,
            RowKey = claim.Id,
            Statement = claim.Statement,
            StatedValue = claim.Stated is { } stated ? (double)stated.Value : double.NaN,
            StatedUnit = claim.Stated?.Unit ?? "",
            ComputedValue = one?.Value ?? double.NaN,
            ComputedUnit = one?.Unit ?? "",
            Verdict = verdict,
            Explanation = CellText.Cut(
                Words.Sentence(claim.Reason.Length > 0 ? claim.Reason : Explain(verdict, answers, known) + AsOf(claim))
            ),
            Evidence = CellText.Cut(string.Join("; ", answers.SelectMany(answer => answer.Evidence).Distinct())),
            Vintage = known.Max(answer => answer.Vintage),
        };
    }

    private static string Explain(string verdict, List<BasisAnswer> answers, List<BasisAnswer> known)
    {
        var unknown = answers.Where(answer => answer.Verdict is null).ToList();
        if (known.Count == 0)
        {
            return unknown.Count == 1
                ? unknown[0].Clause
                : $"{unknown[0].Basis.Checks[0].Subject}: no such figure is on file for "
                    + $"{Words.List([.. unknown.Select(answer => answer.Basis.Name)])}";
        }

        var rest =
            unknown.Count == 0
                ? ""
                : $"; no such figure is on file for {Words.List([.. unknown.Select(answer => answer.Basis.Name)])}";
        if (verdict == ClaimVerdict.DependsOnBasis)
        {
            return $"it depends on the basis: {known[0].Basis.Checks[0].Subject} was "
                + $"{Words.List([.. known.Select(answer => $"{answer.Short}{When(answer)} ({answer.Basis.Name}: {answer.Verdict})")])}{rest}";
        }

        if (known.Count == 1)
            return (known[0].Basis.Name.Length == 0 ? known[0].Clause : Named(known[0])) + rest;
        // The newest of each basis stands for the others, which say the same.
        var examples = known.GroupBy(answer => answer.Basis).Select(group => group.Last()).ToList();
        return $"{verdict} for each of the {known.Count} bases and periods on file: "
            + $"{string.Join("; ", examples.Select(Named))}{rest}";
    }

    private static string AsOf(Claim claim) =>
        claim.Vintage is { } day ? $", by the figures as they stood at the end of {day:yyyy-MM-dd}" : "";

    private static string Named(BasisAnswer answer) =>
        answer.Period.Length == 0
            ? $"for {answer.Basis.Name}, {answer.Clause}"
            : $"in {answer.Period} ({answer.Basis.Name}) {answer.Clause}";

    private static string When(BasisAnswer answer) => answer.Period.Length == 0 ? "" : $" in {answer.Period}";

    private IEnumerable<BasisAnswer> Answers(Claim claim, ClaimBasis basis)
    {
        var each = basis
            .Checks.SelectMany(check => check.Expression.References)
            .Where(reference => reference.From == ReferenceNode.Each)
            .Select(reference => reference.Id)
            .Distinct()
            .ToList();
        if (each.Count == 0)
            return [Answer(claim, basis, "")];
        var periods = each.SelectMany(id => indicators.Of(id, claim.Date))
            .Select(row => row.Period)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        return periods.Count == 0 ? [Answer(claim, basis, "")] : periods.Select(period => Answer(claim, basis, period));
    }

    private BasisAnswer Answer(Claim claim, ClaimBasis basis, string period)
    {
        var parts = new List<(Answer Answer, Evaluation Evaluation)>();
        foreach (var check in basis.Checks)
        {
            var evaluation = new Evaluation(indicators, claim.Date, period);
            parts.Add((Claims.Answer.Of(check, evaluation), evaluation));
        }
        var missing = parts.Where(part => part.Answer.Verdict is null).Select(part => part.Answer).ToList();
        var one = parts.Count == 1 ? parts[0].Answer : null;
        var periods = parts
            .SelectMany(part => part.Evaluation.Periods)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        return new BasisAnswer(
            basis,
            periods.Count == 1 ? periods[0] : "",
            missing.Count > 0 ? null : Verdict([.. parts.Select(part => part.Answer.Verdict!)]),
            string.Join(
                "; ",
                (missing.Count > 0 ? missing : parts.Select(part => part.Answer)).Select(answer => answer.Clause)
            ),
            one?.Short ?? "",
            one?.Value ?? double.NaN,
            one?.Unit ?? "",
            [.. parts.SelectMany(part => part.Evaluation.Evidence).Distinct()],
            parts.Max(part => part.Evaluation.Vintage)
        );
    }

    /// <summary>
    /// All parts hold, none does, or some do. A wrong unit is not more than that where all else holds.
    /// </summary>
    private static string Verdict(IReadOnlyList<string> parts)
    {
        if (parts.All(part => part == ClaimVerdict.Confirmed))
            return ClaimVerdict.Confirmed;
        if (parts.All(part => part is ClaimVerdict.Confirmed or ClaimVerdict.UnitError))
            return ClaimVerdict.UnitError;
        return parts.All(part => part == ClaimVerdict.Refuted) ? ClaimVerdict.Refuted : ClaimVerdict.Partly;
    }
}
