using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// What an operator says of a body: with this message, or earlier of the same places and values. A word holds for what
/// was shown before it, in <c>rejects</c>, and for nothing that is found only now.
/// </summary>
internal sealed class OperatorWord
{
    private readonly NormalizeMessage message;
    private readonly bool isBegun;
    private readonly HashSet<(string Where, string Seen)> remembered = [];
    private readonly HashSet<(string Where, string Seen, string Expected)> judged = [];
    private readonly HashSet<(string Where, string Seen)> open = [];
    private readonly HashSet<(string Where, string Seen, string Expected)> shown = [];
    private readonly HashSet<string> shownPlaces = new(StringComparer.Ordinal);
    private readonly List<Finding> ofThisBody = [];
    private readonly List<Finding> spoken = [];

    /// <param name="message">The message.</param>
    /// <param name="accepted">What an operator has accepted of the slice before.</param>
    /// <param name="own">What <c>rejects</c> shows of the body.</param>
    /// <param name="isBegun">Whether the body's load has begun and was interrupted.</param>
    public OperatorWord(
        NormalizeMessage message,
        IReadOnlyList<RejectBook.AcceptedFinding> accepted,
        IReadOnlyList<RejectBook.RunReject> own,
        bool isBegun
    )
    {
        (this.message, this.isBegun) = (message, isBegun);
        foreach (var (finding, state, keptAt) in own)
        {
            if (state == RejectBook.Open)
            {
                open.Add(Key(finding));
            }
            if (keptAt <= message.SpokenAt)
            {
                shown.Add(RejectBook.Key(finding));
                shownPlaces.Add(finding.Where);
            }
        }
        foreach (var (finding, blob) in accepted)
        {
            remembered.Add(Key(finding));
            judged.Add(RejectBook.Key(finding));
            if (blob == message.RawBlob)
            {
                ofThisBody.Add(finding);
            }
        }
    }

    /// <summary>What was accepted with this message.</summary>
    public IReadOnlyCollection<Finding> Spoken => spoken;

    /// <summary>
    /// What was accepted with this message or with a copy of it that was interrupted, for the run; empty when
    /// nothing.
    /// </summary>
    public string Note
    {
        get
        {
            if (!isBegun && !IsSpoken)
            {
                return "";
            }
            var all = ofThisBody.UnionBy(spoken, finding => (finding.Where, finding.Seen)).ToList();
            return all.Count == 0
                ? ""
                : $"accepted by an operator: {all[0].Where}: seen {all[0].Seen}, expected {all[0].Expected}"
                    + (all.Count > 1 ? $"; and {all.Count - 1} more" : "");
        }
    }

    /// <summary>Whether a figure is right although a check says otherwise.</summary>
    public bool Accepts(Finding finding) =>
        Remembers(finding) || AcceptsNow(finding, shownPlaces.Contains(finding.Where));

    /// <summary>Whether a figure was accepted before this message.</summary>
    public bool Remembers(Finding finding) =>
        remembered.Contains(Key(finding))
        // A table that holds a part of an accepted body makes figures of the rest stand out. What was left out of that
        // body is in rejects, and stays out.
        || (
            isBegun
            && !open.Contains(Key(finding))
            && ofThisBody.Exists(own => own.Where is BodyComparison.Body || own.Where == finding.Where)
        );

    /// <summary>
    /// Whether a body is right although a check of it by itself says otherwise. What the value was held against belongs
    /// to the word: it may be a figure of the body, too.
    /// </summary>
    public bool AcceptsJudgement(Finding finding) =>
        judged.Contains(RejectBook.Key(finding))
        || (message.Reload && ofThisBody.Exists(own => Key(own) == Key(finding)))
        || AcceptsShown(finding);

    /// <summary>
    /// Whether a body with too many figures that stand out is right. Then each of them is, also those that no list had
    /// room for.
    /// </summary>
    /// <param name="many">The finding about the body.</param>
    /// <param name="each">The findings about its figures.</param>
    public bool AcceptsAll(Finding many, IEnumerable<Finding> each)
    {
        if (!IsSpoken || !AcceptsShown(many))
        {
            return false;
        }
        spoken.AddRange(each);
        return true;
    }

    /// <summary>
    /// Whether a body is right although the table says otherwise. What was accepted of another body does not count:
    /// the table was another one, too.
    /// </summary>
    public bool AcceptsAgainstTable(Finding finding) =>
        ofThisBody.Exists(own => RejectBook.Key(own) == RejectBook.Key(finding)) || AcceptsShown(finding);

    /// <summary>
    /// Whether a vintage may be loaded although some of its rows cannot be understood. Rows that were accepted before
    /// are not asked about again, also in another body.
    /// </summary>
    /// <param name="spoiled">The finding about the body.</param>
    /// <param name="rows">The rows, or the first of them.</param>
    /// <param name="count">How many there are.</param>
    public bool AcceptsSpoiled(Finding spoiled, IReadOnlyList<Finding> rows, long count)
    {
        if (rows.Count == count && rows.All(row => remembered.Contains(Key(row))))
        {
            return true;
        }
        if (!AcceptsAgainstTable(spoiled))
        {
            return false;
        }
        if (IsSpoken)
        {
            spoken.AddRange(rows.Where(row => !remembered.Contains(Key(row))));
        }
        return true;
    }

    /// <summary>Whether the message is an operator's word.</summary>
    private bool IsSpoken => message is { Accept: true, Reload: false };

    /// <summary>What a value was held against was shown with it.</summary>
    private bool AcceptsShown(Finding finding) => AcceptsNow(finding, shown.Contains(RejectBook.Key(finding)));

    private bool AcceptsNow(Finding finding, bool wasShown)
    {
        // A body that was loaded before is loaded to its end: that is no word about its figures.
        if (message is { Accept: true, Reload: true })
        {
            return finding.Where is BodyComparison.Body or StoredTotals.Place;
        }
        if (!IsSpoken || !wasShown)
        {
            return false;
        }
        spoken.Add(finding);
        return true;
    }

    /// <summary>What a figure is remembered by, as the table holds it.</summary>
    private static (string Where, string Seen) Key(Finding finding) => (finding.Where, CellText.Cut(finding.Seen));
}
