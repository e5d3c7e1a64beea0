using Pipeline.Issues;

namespace Pipeline.Ingestion;

/// <summary>What an operator says of a body: with this message, or earlier of the same places and values.</summary>
internal sealed class OperatorWord
{
    private readonly NormalizeMessage message;
    private readonly bool isBegun;
    private readonly HashSet<(string Where, string Seen)> remembered = [];
    private readonly List<Finding> ofThisBody = [];
    private readonly List<Finding> spoken = [];

    /// <param name="message">The message.</param>
    /// <param name="accepted">What an operator has accepted of the slice before.</param>
    /// <param name="isBegun">Whether the body's load has begun and was interrupted.</param>
    public OperatorWord(NormalizeMessage message, IReadOnlyList<RejectBook.AcceptedFinding> accepted, bool isBegun)
    {
        (this.message, this.isBegun) = (message, isBegun);
        foreach (var (finding, blob) in accepted)
        {
            remembered.Add((finding.Where, finding.Seen));
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
            if (!isBegun && message is not { Accept: true, Reload: false })
            {
                return "";
            }
            var all = ofThisBody.UnionBy(spoken, finding => (finding.Where, finding.Seen)).ToList();
            return all.Count == 0
                ? ""
                : $"accepted by an operator: {all[0]}{(all.Count > 1 ? $"; and {all.Count - 1} more" : "")}";
        }
    }

    /// <summary>Whether a figure, or a body by itself, is right although a check says otherwise.</summary>
    public bool Accepts(Finding finding) =>
        (isBegun && ofThisBody.Count > 0) || remembered.Contains((finding.Where, finding.Seen)) || AcceptsNow(finding);

    /// <summary>
    /// Whether a body is right although the table says otherwise. What was accepted of another body does not count:
    /// the table was another one, too.
    /// </summary>
    public bool AcceptsAgainstTable(Finding finding) =>
        ofThisBody.Exists(own => own.Where == finding.Where && own.Seen == finding.Seen) || AcceptsNow(finding);

    /// <summary>
    /// Whether a vintage may be loaded although some of its rows cannot be understood. Rows that were accepted before
    /// are not asked about again, also in another body.
    /// </summary>
    /// <param name="spoiled">The finding about the body.</param>
    /// <param name="rows">The rows, or the first of them.</param>
    /// <param name="count">How many there are.</param>
    public bool AcceptsSpoiled(Finding spoiled, IReadOnlyList<Finding> rows, long count)
    {
        if (rows.Count == count && rows.All(row => remembered.Contains((row.Where, row.Seen))))
        {
            return true;
        }
        if (!AcceptsAgainstTable(spoiled))
        {
            return false;
        }
        if (message is { Accept: true, Reload: false })
        {
            spoken.AddRange(rows.Where(row => !remembered.Contains((row.Where, row.Seen))));
        }
        return true;
    }

    private bool AcceptsNow(Finding finding)
    {
        // A body that was loaded before is loaded to its end: that is no word about its figures.
        if (message is { Accept: true, Reload: true })
        {
            return finding.Where == BodyComparison.Body;
        }
        if (message.Accept)
        {
            spoken.Add(finding);
        }
        return message.Accept;
    }
}
