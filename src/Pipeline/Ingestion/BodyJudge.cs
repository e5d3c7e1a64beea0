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
/// <param name="Existing">What the table holds of the slice, if it was read.</param>
internal sealed record BodyVerdict(
    IReadOnlyList<Finding> Refusals,
    IReadOnlyList<Finding> Rows,
    IReadOnlyDictionary<string, List<Finding>> LeftOut,
    Known? Existing
)
{
    /// <summary>The body is refused before its figures are looked at.</summary>
    public static BodyVerdict Refused(Finding finding) =>
        new([finding], [], new Dictionary<string, List<Finding>>(), null);
}

/// <summary>
/// Holds a body against itself, against the table and against what an operator has said of it. Nothing is written.
/// </summary>
/// <param name="records">The ledger.</param>
/// <param name="facts">The fact tables.</param>
/// <param name="logger">The log.</param>
public sealed class BodyJudge(SliceRecords records, FactStore facts, ILogger<BodyJudge> logger)
{
    /// <summary>Judges a body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="before">The slice before its load.</param>
    /// <param name="word">What an operator says of it.</param>
    /// <param name="wasLoaded">See <see cref="Reading.WasLoaded"/>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    internal async Task<BodyVerdict> JudgeAsync(
        CheckedBody body,
        SliceRow before,
        OperatorWord word,
        bool wasLoaded,
        CancellationToken cancellationToken
    )
    {
        var (name, check, reader, stored) = (body.Name, body.Check, body.Reader, body.Stored);
        if (BodyComparison.NothingWanted(check, reader) is { } foreign)
            return BodyVerdict.Refused(foreign);
        var existing = await ExistingAsync(check, before, reader, cancellationToken);
        var review = await ReviewAsync(name, reader, existing, stored, cancellationToken);
        if (wasLoaded)
        {
            var doubted = Flagged(reader.Table, review, word.Accepts);
            return new BodyVerdict([], [], WithExcluded(doubted, review, word.Accepts), existing);
        }
        // All are asked together, so that a word about one holds for no other that is found only after it.
        var refusals = check.Judgements.Where(finding => !word.AcceptsJudgement(finding)).ToList();
        var rows = new List<Finding>();
        var lacks = await BodyComparison.LackingAsync(check, before, reader, existing, stored, cancellationToken);
        var spoiled = BodyComparison.Spoiled(name, check, before, reader);
        // What could not be understood may be why rows are lacking: it is said too.
        if (lacks.Count > 0 || spoiled is not null)
            rows = await BodyComparison.RejectedAsync(check, reader, stored, cancellationToken);
        refusals.AddRange(lacks.Where(finding => !word.AcceptsAgainstTable(finding)));
        if (spoiled is not null && word.AcceptsSpoiled(spoiled, rows, check.Rejected))
            rows = [];
        else if (spoiled is not null)
            refusals.Add(spoiled);
        refusals.AddRange(review.Refusals.Where(finding => !word.AcceptsAgainstTable(finding)));
        var flagged = Flagged(reader.Table, review, word.Remembers);
        if (
            Unbelievable(flagged) is { } many
            && word.AcceptsAll(many, review.Reasons.Values.SelectMany(reasons => reasons))
        )
        {
            flagged = [];
        }
        else
        {
            flagged = Flagged(reader.Table, review, word.Accepts);
            if (Unbelievable(flagged) is { } unbelievable)
                refusals.Add(unbelievable);
        }
        var leftOut = WithExcluded(flagged, review, word.Accepts);
        rows.AddRange(leftOut.Values.Take(BodyComparison.MaxRejectedOfRefused).SelectMany(reasons => reasons));
        return new BodyVerdict(refusals, rows, leftOut, existing);

        Finding? Unbelievable(Dictionary<string, List<Finding>> rows) =>
            BodyComparison.Unbelievable(name, check, rows, before, reader);
    }

    /// <summary>What the table holds of a slice.</summary>
    /// <param name="reader">The slice's reader.</param>
    /// <param name="check">What the reader has said of the body.</param>
    /// <param name="before">The slice before the load.</param>
    /// <param name="mayDiffer">Whether the table may have other rows than it should.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    internal async Task<Known> ReadKnownAsync(
        ISliceReader reader,
        BodyCheck check,
        SliceRow before,
        bool mayDiffer,
        CancellationToken cancellationToken
    )
    {
        (IReadOnlyCollection<string>, long)? expected = null;
        // Partitions that this body does not speak of are missed by their rows; it must be known how many there are.
        if (
            check.Partitions is { } partitions
            && !mayDiffer
            && before is { Loading: null, Loaded.InTable: { } inTable }
            && (
                reader.Table.PaysByPartition(partitions.Count, inTable)
                || reader.Table.PaysByPartition(
                    partitions.Count,
                    await records.Slices.RowsAsync(before.Slice.Source, cancellationToken)
                )
            )
        )
        {
            expected = (partitions, inTable);
        }

        return await Known.ReadAsync(facts, reader.Table, reader.Scope, expected, cancellationToken);
    }

    /// <summary>
    /// What the table has of the slice, where the body is to be compared with it; null where it is not.
    /// </summary>
    private async Task<Known?> ExistingAsync(
        BodyCheck check,
        SliceRow before,
        ISliceReader reader,
        CancellationToken cancellationToken
    ) =>
        before.Vintage is not null
        && (reader.Scope.Coverage == Coverage.Vintage || reader.Table.CreateRow().FigureColumns.Count > 0)
            ? await ReadKnownAsync(reader, check, before, mayDiffer: false, cancellationToken)
            : null;

    /// <summary>Holds the figures of the body against each other and against the table.</summary>
    private async Task<FigureFindings> ReviewAsync(
        RawName name,
        ISliceReader reader,
        Known? existing,
        RawBody stored,
        CancellationToken cancellationToken
    )
    {
        if (reader.Figures is null && existing is null)
            return FigureFindings.None;
        var review = new FigureReview(
            reader,
            existing is null ? null : new ExistingFigures(existing),
            new StoredFigures(facts, records.Rejects, name.Slice.Source, name.Vintage)
        );
        var found = await review.RunAsync(stored.ReadAsync, cancellationToken);
        if (reader.Figures?.Spikes is not null)
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
