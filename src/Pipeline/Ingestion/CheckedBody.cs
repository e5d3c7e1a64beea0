using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

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

    /// <summary>What it is read by: a hash of the program and of the lists that operators maintain.</summary>
    public required string JudgedBy { get; init; }

    /// <summary>What the table holds of the slice, if that was read for the checks.</summary>
    public Known? Existing { get; init; }

    /// <summary>
    /// What is not loaded because its figure cannot be believed, by its place and with all reasons: rows, and totals
    /// and groups that are no rows of the table.
    /// </summary>
    public IReadOnlyDictionary<string, List<Finding>> LeftOut { get; init; } = new Dictionary<string, List<Finding>>();
}
