using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Insight.Dimensions;

/// <summary>A commodity that facts of trade name, and the total of all; table <c>commodities</c>.</summary>
[Ledger(Names.Commodities, "commodity", "The code of the Harmonized System, text with its leading zeros; or TOTAL")]
public sealed class CommodityRow : InsightRow
{
    /// <summary>The partition of all rows.</summary>
    public const string Partition = "commodity";

    [Meaning("total, HS2, HS4 or HS6")]
    public string Level { get; set; } = "";

    [Meaning("The code that this one is a part of; TOTAL for a chapter (HS2), empty for TOTAL")]
    public string Parent { get; set; } = "";

    [Meaning("The name of the newest month, as the publisher writes it")]
    public string Name { get; set; } = "";

    internal override string Content => Join(Level, Parent, Name);
}
