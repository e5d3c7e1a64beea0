using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Why a body must not be loaded as a whole although its parser can read it: by itself, and beside what the table has.
/// </summary>
internal static class BodyComparison
{
    /// <summary>The place of a finding about a body as a whole.</summary>
    public const string Body = "body";

    /// <summary>
    /// A body with a larger share of figures that cannot be believed is wrong as a whole; a few may be slips.
    /// </summary>
    private const double MaxFlagged = 0.05;
    private const int FewFlagged = 3;

    /// <summary>A body that holds this much less than the one before is refused as a whole.</summary>
    private const double MaxShrink = 0.05;

    /// <summary>The body has rows, and none of what was asked for; null when it has.</summary>
    public static Finding? NothingWanted(BodyCheck check, IRowParser parser) =>
        check.Read == 0
        || check.Kept > 0
        || check.Missing > 0
        || check.Rejected > 0
        || parser.Scope.Coverage == Coverage.ByHand
        || parser.Wanted is not { } wanted
            ? null
            : new Finding(
                Body,
                $"{check.Read} {(check.Read == 1 ? "row" : "rows")}, none of them {wanted}",
                wanted,
                "the response does not hold what was asked for: the table keeps the old rows; pull the slice again"
            );

    /// <summary>
    /// Why figures that cannot be believed keep the whole body out: they are too many for slips, or they would leave a
    /// mixture of two vintages. Null where only their rows stay out.
    /// </summary>
    public static Finding? Unbelievable(
        RawName name,
        BodyCheck check,
        Dictionary<string, List<Finding>> flagged,
        SliceRow before,
        IRowParser parser
    )
    {
        var mixture =
            parser.Scope.Coverage == Coverage.Vintage && before.Vintage is { } vintage && vintage != name.Vintage;
        if (
            flagged.Count == 0
            || (!mixture && (flagged.Count <= FewFlagged || flagged.Count <= check.Kept * MaxFlagged))
        )
        {
            return null;
        }

        return new Finding(
            Body,
            $"{flagged.Count} of {check.Kept} figures that cannot be believed "
                + $"({CheckFindings.HashOf(flagged.Values.SelectMany(reasons => reasons))}), "
                + $"the first: {flagged.Values.First()[0]}",
            mixture ? "none, because a vintage replaces the one before as a whole" : "at most 5 %",
            "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if the new "
                + "one is right"
        );
    }

    /// <summary>All that the body lacks of what the table has and that cannot be true.</summary>
    /// <param name="check">What the parser says of the body.</param>
    /// <param name="before">The slice before its load.</param>
    /// <param name="coverage">How much a body of the slice holds.</param>
    /// <param name="existing">What the table holds; the rows that the body has are marked. Null if it was not
    /// read.</param>
    public static IReadOnlyList<Finding> Lacking(
        BodyCheck check,
        SliceRow before,
        Coverage coverage,
        Known? existing
    ) =>
        coverage switch
        {
            Coverage.Whole => Only(Shrunk(check, before)),
            Coverage.Vintage => Only(Shrunk(check, before), existing is null ? null : Vanished(existing)),
            _ => [],
        };

    private static IReadOnlyList<Finding> Only(params IEnumerable<Finding?> findings) =>
        [.. findings.OfType<Finding>()];

    /// <summary>
    /// A vintage replaces the one before as a whole. With rows that cannot be understood it would leave the old ones in
    /// their place, or take them out: a mixture of two vintages either way.
    /// </summary>
    public static Finding? Spoiled(RawName name, BodyCheck check, SliceRow before, IRowParser parser) =>
        parser.Scope.Coverage != Coverage.Vintage
        || check.Rejected == 0
        || before.Vintage is null
        || before.Vintage == name.Vintage
            ? null
            : new Finding(
                Body,
                $"{check.Rejected} of {check.Read} rows that cannot be understood",
                "none, because a vintage replaces the one before as a whole",
                "the table keeps the old vintage; the rows are in rejects; wait for a body without such rows, or "
                    + "replay the slice with accept to load all others"
            );

    private static Finding? Vanished(Known known)
    {
        var gone = known.Unseen.ToList();
        if (
            known.NewestPeriod is { Length: > 0 } newest
            && gone.Count(key => Known.PeriodOf(key.Row) == newest) is > 0 and var lost
            && lost == known.RowsOf(newest)
        )
        {
            return new Finding(
                Body,
                $"no row of {newest}, the newest period of the table",
                "a vintage that goes as far as the one before",
                "the table keeps the old vintage; compare the two raw bodies, then replay the slice with accept if "
                    + "the new one is right"
            );
        }

        return gone.Count <= known.Count * MaxShrink
            ? null
            : new Finding(
                Body,
                $"{gone.Count} of the {known.Count} rows of the table not in it, the first "
                    + $"{string.Join(", ", gone.Order().Take(3).Select(key => $"{key.Partition} {key.Row}"))}",
                "at least 95 % of them",
                "the table keeps the old vintage; compare the two raw bodies, then replay the slice with accept if "
                    + "the new one is right"
            );
    }

    private static Finding? Shrunk(BodyCheck check, SliceRow before)
    {
        var rows = before.Loaded?.Rows ?? 0;
        var least = Math.Ceiling(rows * (1 - MaxShrink));
        return check.Kept >= rows * (1 - MaxShrink)
            ? null
            : new Finding(
                Body,
                $"{check.Kept} rows",
                $"at least {least}, 95 % of the {rows} rows of the body before",
                "the table keeps the old rows; compare the two raw bodies, then replay the slice with accept if the "
                    + "new one is right"
            );
    }
}
