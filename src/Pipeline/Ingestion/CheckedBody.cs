using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
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
    public string? AcceptId { get; init; }

    /// <summary>How the load goes, if there is one.</summary>
    public LoadKind Kind { get; init; }

    /// <summary>
    /// Whether the tables held it before, so that no check of the body as a whole keeps it out: it may lack rows that
    /// they have now.
    /// </summary>
    public bool WasLoaded { get; init; }
}

/// <summary>A body, its parser, and what is known of it before its load.</summary>
/// <param name="Name">The body.</param>
/// <param name="Known">Its run as the table has it.</param>
/// <param name="Parser">Its parser.</param>
/// <param name="Stored">Its bytes.</param>
/// <param name="Check">What its parser has said of it.</param>
internal sealed record CheckedBody(RawName Name, RunRow Known, IRowParser Parser, RawBody Stored, BodyCheck Check)
{
    /// <summary>The run as it goes on.</summary>
    public required RunRow Run { get; init; }

    /// <summary>What the table holds of the slice, if that was read for the checks.</summary>
    public Known? Existing { get; init; }

    /// <summary>
    /// What is not loaded because its figure cannot be believed, by its place and with all reasons: rows, and totals
    /// and groups that are no rows of the table.
    /// </summary>
    public IReadOnlyDictionary<string, List<Finding>> LeftOut { get; init; } = new Dictionary<string, List<Finding>>();
}
