namespace Pipeline.Issues;

/// <summary>
/// What <c>rejects</c> showed of a body when an operator accepted it. The accept covers this, and nothing that was
/// found later.
/// </summary>
internal sealed class ShownFindings
{
    private readonly HashSet<(string Where, string Seen, string Expected)> findings;
    private readonly HashSet<(string Where, string Seen)> figures;

    /// <param name="rejects">The open and accepted rejects of the body.</param>
    /// <param name="acceptId">The accept; see <see cref="RejectBook.CoverAsync"/>.</param>
    public ShownFindings(IEnumerable<RejectRow> rejects, int acceptId)
    {
        var shown = rejects.Where(reject => reject.AcceptId <= acceptId).Select(reject => reject.Finding).ToList();
        findings = [.. shown.Select(RejectBook.Key)];
        figures = [.. shown.Select(RejectBook.FigureKey)];
    }

    /// <summary>True if the operator has seen the finding, with what it is held against.</summary>
    public bool Contains(Finding finding) => findings.Contains(RejectBook.Key(finding));

    /// <summary>True if the operator has seen the figure at its place.</summary>
    public bool ContainsFigure(Finding finding) => figures.Contains(RejectBook.FigureKey(finding));
}
