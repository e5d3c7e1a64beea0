using Pipeline.Issues;

namespace Pipeline.Ingestion;

/// <summary>
/// What an operator says of a body: with this message, or earlier of the same places and values. A word holds for what
/// was shown before it, see <see cref="ShownFindings"/>.
/// </summary>
internal sealed class OperatorWord
{
    private readonly ShownFindings? shown;
    private readonly HashSet<(string Where, string Seen)> remembered = [];
    private readonly HashSet<(string Where, string Seen, string Expected)> judged = [];
    private readonly List<Finding> ofThisBody = [];
    private readonly List<Finding> spoken = [];

    /// <param name="rawBlob">The body.</param>
    /// <param name="accepted">What an operator has accepted of the slice before.</param>
    /// <param name="shown">What the operator has seen of the body who accepts it now; null when none does.</param>
    public OperatorWord(string rawBlob, IReadOnlyList<RejectRow> accepted, ShownFindings? shown)
    {
        this.shown = shown;
        foreach (var row in accepted)
        {
            var finding = row.Finding;
            remembered.Add(RejectBook.FigureKey(finding));
            judged.Add(RejectBook.Key(finding));
            if (row.RawBlob == rawBlob)
                ofThisBody.Add(finding);
        }
    }

    /// <summary>What was accepted with this message.</summary>
    public IReadOnlyCollection<Finding> Spoken => spoken;

    /// <summary>What was accepted of this body, for its run; empty when the message accepts nothing.</summary>
    public string Note
    {
        get
        {
            var all = ofThisBody.UnionBy(spoken, RejectBook.FigureKey).ToList();
            return shown is null || all.Count == 0
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
        if (shown?.ContainsFigure(finding) != true)
            return false;
        spoken.Add(finding);
        return true;
    }

    /// <summary>Whether a figure was accepted before this message.</summary>
    public bool Remembers(Finding finding) => remembered.Contains(RejectBook.FigureKey(finding));

    /// <summary>
    /// Whether a body is right although a check of it by itself says otherwise. What the value was held against belongs
    /// to the word: it may be a figure of the body, too.
    /// </summary>
    public bool AcceptsJudgement(Finding finding) => judged.Contains(RejectBook.Key(finding)) || AcceptsShown(finding);

    /// <summary>
    /// Whether a body with too many figures that stand out is right. Then each of them is, also those that no list had
    /// room for.
    /// </summary>
    /// <param name="many">The finding about the body.</param>
    /// <param name="each">The findings about its figures.</param>
    public bool AcceptsAll(Finding many, IEnumerable<Finding> each)
    {
        if (!AcceptsShown(many))
            return false;
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
        if (rows.Count == count && rows.All(Remembers))
            return true;
        if (!AcceptsAgainstTable(spoiled))
            return false;
        if (shown is not null)
            spoken.AddRange(rows.Where(row => !Remembers(row)));
        return true;
    }

    private bool AcceptsShown(Finding finding)
    {
        if (shown?.Contains(finding) != true)
            return false;
        spoken.Add(finding);
        return true;
    }
}
