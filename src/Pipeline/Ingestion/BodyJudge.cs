using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>What the checks say of a body that can be read.</summary>
/// <param name="Refusals">Why it must not be loaded; none when it may.</param>
/// <param name="Rows">Of a body that is refused, the first rows that cannot be understood or believed.</param>
/// <param name="LeftOut">What is not loaded, see <see cref="CheckedBody.LeftOut"/>.</param>
internal sealed record BodyVerdict(
    IReadOnlyList<Finding> Refusals,
    IReadOnlyList<Finding> Rows,
    IReadOnlyDictionary<string, List<Finding>> LeftOut
)
{
    /// <summary>The body is refused before its figures are looked at.</summary>
    public static BodyVerdict Refused(Finding finding) => new([finding], [], new Dictionary<string, List<Finding>>());
}

/// <summary>
/// Holds a body against itself, against the table and against what an operator has said of it. Nothing is written.
/// </summary>
/// <param name="records">The ledger.</param>
/// <param name="facts">The fact tables.</param>
/// <param name="logger">The log.</param>
public sealed class BodyJudge(SliceRecords records, FactStore facts, ILogger<BodyJudge> logger)
{
    /// <summary>Parses a body for the first time, beside what the table holds of its slice.</summary>
    /// <param name="name">The body.</param>
    /// <param name="parser">Its parser.</param>
    /// <param name="stored">Its bytes.</param>
    /// <param name="before">The slice before its load.</param>
    /// <param name="cancellationToken">Stops the parsing.</param>
    internal async Task<BodySurvey> SurveyAsync(
        RawName name,
        IRowParser parser,
        RawBody stored,
        SliceRow before,
        CancellationToken cancellationToken
    )
    {
        var existing =
            before.Vintage is not null
            && (parser.Scope.Coverage == Coverage.Vintage || parser.Table.CreateRow().FigureColumns.Count > 0)
                ? await ReadKnownAsync(parser, before, mayDiffer: false, cancellationToken)
                : null;
        var figures =
            parser.Figures is null && existing is null
                ? null
                : new FigureReview(
                    parser,
                    existing is null ? null : new ExistingFigures(existing),
                    new StoredFigures(facts, records.Rejects, name.Slice.Source, name.Vintage)
                );
        return await BodySurvey.RunAsync(parser, stored, existing, figures, cancellationToken);
    }

    /// <summary>Judges a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="survey">What its first parse has brought.</param>
    /// <param name="before">The slice before its load.</param>
    /// <param name="word">What an operator says of it.</param>
    /// <param name="wasLoaded">See <see cref="Reading.WasLoaded"/>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    internal async Task<BodyVerdict> JudgeAsync(
        CheckedBody body,
        BodySurvey survey,
        SliceRow before,
        OperatorWord word,
        bool wasLoaded,
        CancellationToken cancellationToken
    )
    {
        var (name, check, parser) = (body.Name, survey.Check, body.Parser);
        var table = parser.Table;
        if (BodyComparison.NothingWanted(check, parser) is { } foreign)
            return BodyVerdict.Refused(foreign);
        var review = await ReviewAsync(name, parser, survey, cancellationToken);
        if (wasLoaded)
        {
            var doubted = Flagged(table, review, word.Accepts);
            return new BodyVerdict([], [], WithExcluded(doubted, review, word.Accepts));
        }
        // All are asked together, so that a word about one holds for no other that is found only after it.
        var refusals = check.Judgements.Where(finding => !word.AcceptsJudgement(finding)).ToList();
        var rows = new List<Finding>();
        var lacks = BodyComparison.Lacking(check, before, parser.Scope.Coverage, survey.Existing);
        var spoiled = BodyComparison.Spoiled(name, check, before, parser);
        // What could not be understood may be why rows are lacking: it is said too.
        if (lacks.Count > 0 || spoiled is not null)
            rows = [.. survey.Rejected];
        refusals.AddRange(lacks.Where(finding => !word.AcceptsAgainstTable(finding)));
        if (spoiled is not null && word.AcceptsSpoiled(spoiled, rows, check.Rejected))
            rows = [];
        else if (spoiled is not null)
            refusals.Add(spoiled);
        refusals.AddRange(review.Refusals.Where(finding => !word.AcceptsAgainstTable(finding)));
        var flagged = Flagged(table, review, word.Remembers);
        if (
            Unbelievable(flagged) is { } many
            && word.AcceptsAll(many, review.Reasons.Values.SelectMany(reasons => reasons))
        )
        {
            flagged = [];
        }
        else
        {
            flagged = Flagged(table, review, word.Accepts);
            if (Unbelievable(flagged) is { } unbelievable)
                refusals.Add(unbelievable);
        }
        var leftOut = WithExcluded(flagged, review, word.Accepts);
        rows.AddRange(leftOut.Values.Take(BodySurvey.MaxRejected).SelectMany(reasons => reasons));
        return new BodyVerdict(refusals, rows, leftOut);

        Finding? Unbelievable(Dictionary<string, List<Finding>> rows) =>
            BodyComparison.Unbelievable(name, check, rows, before, parser);
    }

    /// <summary>What the table holds of a slice.</summary>
    /// <param name="parser">The slice's parser.</param>
    /// <param name="before">The slice before the load.</param>
    /// <param name="mayDiffer">Whether the table may have other rows than it should.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    internal async Task<Known> ReadKnownAsync(
        IRowParser parser,
        SliceRow before,
        bool mayDiffer,
        CancellationToken cancellationToken
    )
    {
        (IReadOnlyCollection<string>, long)? expected = null;
        // Rows in partitions that are not listed are missed: it must be known how many rows there are.
        if (
            parser.Scope.Partitions is { } partitions
            && !mayDiffer
            && before is { Loading: null, Loaded.InTable: { } inTable }
            && (
                parser.Table.PaysByPartition(partitions.Count, inTable)
                || parser.Table.PaysByPartition(
                    partitions.Count,
                    await records.Slices.RowsAsync(before.Slice.Source, cancellationToken)
                )
            )
        )
        {
            expected = (partitions, inTable);
        }

        return await Known.ReadAsync(facts, parser.Table, parser.Scope, expected, cancellationToken);
    }

    /// <summary>Holds the figures of the body against each other and against the table.</summary>
    private async Task<FigureFindings> ReviewAsync(
        RawName name,
        IRowParser parser,
        BodySurvey survey,
        CancellationToken cancellationToken
    )
    {
        if (survey.Figures is null)
            return FigureFindings.None;
        var found = await survey.Figures.CompleteAsync(cancellationToken);
        if (parser.Figures?.Spikes is not null)
        {
            logger.LogInformation(
                "{Slice}: {Covered} of {Figures} figures have neighbours to be compared with; {Flagged} stand out",
                name.Slice,
                found.Covered,
                found.Figures,
                found.Flagged.Count
            );
        }

        return found;
    }

    /// <summary>Rows with reasons against them that are not accepted, by place, and all these reasons.</summary>
    private static Dictionary<string, List<Finding>> Flagged(
        FactTable table,
        FigureFindings review,
        Func<Finding, bool> accepts
    ) =>
        review
            .Reasons.Select(row =>
                (
                    Place: FigureFinding.Where(table, row.Key.Partition, row.Key.Row),
                    Open: row.Value.Where(reason => !accepts(reason)).ToList()
                )
            )
            .Where(row => row.Open.Count > 0)
            .ToDictionary(row => row.Place, row => row.Open);

    /// <summary>The same, and totals and groups.</summary>
    private static Dictionary<string, List<Finding>> WithExcluded(
        Dictionary<string, List<Finding>> flagged,
        FigureFindings review,
        Func<Finding, bool> accepts
    )
    {
        foreach (var total in review.Excluded.Where(finding => !accepts(finding)).GroupBy(finding => finding.Where))
            flagged.Add(total.Key, [.. total]);
        return flagged;
    }
}
