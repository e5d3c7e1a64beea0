using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>A body that is to be read, and why.</summary>
/// <param name="Body">The body.</param>
internal sealed record Reading(RawName Body)
{
    /// <summary>Whether an operator asks for it, or the table may differ from the ledger.</summary>
    public bool IsReplay { get; init; }

    /// <summary>
    /// The operator's accept that the message brings: the findings that <c>rejects</c> has under this id are no reason
    /// to refuse the body. Null without one.
    /// </summary>
    public int? AcceptId { get; init; }

    /// <summary>
    /// Whether the tables held it before, so that no check of the body as a whole keeps it out: it may lack rows that
    /// they have now.
    /// </summary>
    public bool WasLoaded { get; init; }
}
