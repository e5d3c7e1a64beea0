using Pipeline.Issues;

namespace Pipeline.Ingestion;

/// <summary>How far the load of a body has come that is checked once more.</summary>
internal enum LoadProgress
{
    /// <summary>It has not begun.</summary>
    None,

    /// <summary>The slice is claimed for it. What it leaves out may not be in <c>rejects</c> yet.</summary>
    Claimed,

    /// <summary>All that it leaves out is in <c>rejects</c>, and rows may be in the table.</summary>
    Writing,
}

/// <summary>
/// What an operator says of a body: with this message, or earlier of the same places and values. A word holds for what
/// was shown before it, see <see cref="ShownFindings"/>.
/// </summary>
internal sealed class OperatorWord
{
    private readonly NormalizeMessage message;
    private readonly ShownFindings shown;
    private readonly LoadProgress progress;
    private readonly HashSet<(string Where, string Seen)> remembered = [];
    private readonly HashSet<(string Where, string Seen, string Expected)> judged = [];
    private readonly HashSet<(string Where, string Seen)> open = [];
    private readonly List<Finding> ofThisBody = [];
    private readonly List<Finding> spoken = [];

    /// <param name="message">The message.</param>
    /// <param name="accepted">What an operator has accepted of the slice before.</param>
    /// <param name="own">What <c>rejects</c> shows of the body.</param>
    /// <param name="progress">How far a load of the body has come that was interrupted.</param>
    public OperatorWord(
        NormalizeMessage message,
        IReadOnlyList<RejectBook.AcceptedFinding> accepted,
        IReadOnlyList<RejectBook.RunReject> own,
        LoadProgress progress
    )
    {
        (this.message, this.progress) = (message, progress);
        shown = new ShownFindings(own, message.SpokenAt);
        foreach (var reject in own.Where(reject => reject.State == RejectBook.Open))
            open.Add(RejectBook.FigureKey(reject.Finding));
        foreach (var (finding, blob) in accepted)
        {
            remembered.Add(RejectBook.FigureKey(finding));
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
            if (progress == LoadProgress.None && !IsSpoken)
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

    /// <summary>
    /// Whether a figure is right although a check says otherwise. A word is about the figure at its place, whatever it
    /// is held against: other reasons against the same figure are settled by it, too.
    /// </summary>
    public bool Accepts(Finding finding)
    {
        if (Remembers(finding))
            return true;
        if (!IsSpoken || !shown.ContainsFigure(finding))
            return false;
        spoken.Add(finding);
        return true;
    }

    /// <summary>Whether a figure was accepted before this message.</summary>
    public bool Remembers(Finding finding) =>
        remembered.Contains(RejectBook.FigureKey(finding))
        // A table that holds a part of an accepted body makes figures of the rest stand out. What was left out of that
        // body is in rejects, and stays out.
        || (
            progress == LoadProgress.Writing
            && !open.Contains(RejectBook.FigureKey(finding))
            && ofThisBody.Exists(own => own.Where is BodyComparison.Body || own.Where == finding.Where)
        );

    /// <summary>
    /// Whether a body is right although a check of it by itself says otherwise. What the value was held against belongs
    /// to the word: it may be a figure of the body, too.
    /// </summary>
    public bool AcceptsJudgement(Finding finding) =>
        judged.Contains(RejectBook.Key(finding))
        || (message.Reload && ofThisBody.Exists(own => RejectBook.FigureKey(own) == RejectBook.FigureKey(finding)))
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
    /// the table was another one, too. A sum and the total that it was held against are all that there is to a finding
    /// about them.
    /// </summary>
    public bool AcceptsAgainstTable(Finding finding) =>
        ofThisBody.Exists(own => RejectBook.Key(own) == RejectBook.Key(finding))
        || (SliceComparison.IsFromComparison(finding.Where) && judged.Contains(RejectBook.Key(finding)))
        || AcceptsShown(finding);

    /// <summary>
    /// Whether a vintage may be loaded although some of its rows cannot be understood. Rows that were accepted before
    /// are not asked about again, also in another body.
    /// </summary>
    /// <param name="spoiled">The finding about the body.</param>
    /// <param name="rows">The rows, or the first of them.</param>
    /// <param name="count">How many there are.</param>
    public bool AcceptsSpoiled(Finding spoiled, IReadOnlyList<Finding> rows, long count)
    {
        if (rows.Count == count && rows.All(row => remembered.Contains(RejectBook.FigureKey(row))))
        {
            return true;
        }
        if (!AcceptsAgainstTable(spoiled))
        {
            return false;
        }
        if (IsSpoken)
        {
            spoken.AddRange(rows.Where(row => !remembered.Contains(RejectBook.FigureKey(row))));
        }
        return true;
    }

    /// <summary>Whether the message is an operator's word.</summary>
    private bool IsSpoken => message is { Accept: true, Reload: false };

    private bool AcceptsShown(Finding finding)
    {
        // A body that was loaded before is loaded to its end: that is no word about its figures.
        if (message is { Accept: true, Reload: true })
            return finding.Where is BodyComparison.Body || SliceComparison.IsFromComparison(finding.Where);
        if (!IsSpoken || !shown.Contains(finding))
            return false;
        spoken.Add(finding);
        return true;
    }
}
