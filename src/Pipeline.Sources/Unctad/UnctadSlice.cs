using Pipeline.Issues;
using Pipeline.Slices;

namespace Pipeline.Sources.Unctad;

/// <summary>The names of the two datasets; each is one slice, because each body is the whole of it.</summary>
public static class UnctadSlice
{
    public const string Source = "unctad-fdi";

    /// <summary>Flows and stocks by economy, without partners.</summary>
    public const string FlowsStock = "fdi-flows-stock";

    /// <summary>Flows and stocks by partner, from a file that people maintain.</summary>
    public const string Partners = "fdi-partners";

    /// <summary>The one key.</summary>
    public const string All = "all";

    public const string Inward = "inward";
    public const string Outward = "outward";
    public const string Flow = "flow";
    public const string Stock = "stock";

    /// <summary>The slice itself when there is such a one.</summary>
    /// <exception cref="FormatException">There is no such slice: a message was written by hand, or by another version
    /// of the program.</exception>
    public static Slice Checked(Slice slice) =>
        slice is { Dataset: FlowsStock or Partners, Key: All }
            ? slice
            : throw new FormatException(
                new Finding(
                    $"slice {slice}",
                    Finding.Quote($"{slice.Dataset}/{slice.Key}"),
                    $"{FlowsStock}/{All} or {Partners}/{All}",
                    "the message moves to the poison queue; send it again with a slice of the table slices"
                ).ToString()
            );
}
