using Pipeline.Datasets;

namespace Pipeline.Insight;

/// <summary>
/// A figure computed from facts; table <c>indicators</c>. Partition: the indicator's id; row: period, and whom
/// the figure is about where there are several.
/// </summary>
public sealed class IndicatorRow : InsightRow
{
    [Meaning("What the figure is, without its period")]
    public string Title { get; set; } = "";

    [Meaning("The period: yyyy, yyyy-MM (also the last month of a longer period, as the title says) or yyyy-MM-dd")]
    public string Period { get; set; } = "";

    [Meaning("The figure in Unit")]
    public double Value { get; set; }

    [Meaning("US dollars, percent, place, or a currency, ISO 4217")]
    public string Unit { get; set; } = "";

    [Meaning(
        "Table, partition and row keys of the facts it was computed from; two keys with .. between them are a "
            + "range, * stands for any"
    )]
    public string Inputs { get; set; } = "";

    [Meaning("The newest vintage of those facts, UTC")]
    public DateTimeOffset Vintage { get; set; }

    internal override string Content => Join(Title, Period, Text(Value), Unit, Inputs, Text(Vintage));
}
