namespace Pipeline.Issues;

/// <summary>
/// What <c>rejects</c> showed of a body when an operator spoke. Their word holds for it, and for nothing that was found
/// or held against another value since.
/// </summary>
/// <param name="rejects">The open and accepted rejects of the body.</param>
/// <param name="spokenAt">When the operator spoke, UTC.</param>
internal sealed class ShownFindings(IEnumerable<RejectBook.RunReject> rejects, DateTimeOffset spokenAt)
{
    private readonly HashSet<(string Where, string Seen, string Expected)> shown =
    [
        .. rejects.Where(reject => reject.KeptAt <= spokenAt).Select(reject => RejectBook.Key(reject.Finding)),
    ];

    /// <summary>True if the operator has seen the finding.</summary>
    public bool Contains(Finding finding) => shown.Contains(RejectBook.Key(finding));
}
