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

    public static Slice OfFlowsStock { get; } = new(Source, FlowsStock, All);
    public static Slice OfPartners { get; } = new(Source, Partners, All);
}
