using Pipeline.Datasets;

namespace Pipeline.Sources.Unctad;

/// <summary>A year of foreign direct investment into or out of an economy; table <c>fdiannual</c>.</summary>
public sealed class FdiAnnual : FactRow
{
    /// <summary>The table that holds these rows.</summary>
    public static FactTable Table { get; } =
        new FactTable<FdiAnnual>("fdiannual")
        {
            About =
                "investment by year; partition `{economy}\\|{direction}\\|{measure}`, for example "
                + "`643\\|inward\\|stock`, row `{yyyy}`",
            PartitionColumns = [nameof(EconomyCode), nameof(Direction), nameof(Measure)],
            RowColumns = [nameof(Year)],
            PeriodColumn = nameof(Year),
        };

    [Meaning("The calendar year")]
    public int Year { get; set; }

    [Meaning("The economy, three digits of UN M49, text with its leading zeros")]
    public string EconomyCode { get; set; } = "";

    [Meaning("The economy, ISO 3166-1 alpha-3; empty where none exists")]
    public string EconomyIso3 { get; set; } = "";

    [Meaning("The economy's name as the publisher writes it")]
    public string EconomyName { get; set; } = "";

    [Meaning("inward (investment in the economy) or outward (investment of the economy abroad)")]
    public string Direction { get; set; } = "";

    [Meaning("flow (during the year) or stock (at its end)")]
    public string Measure { get; set; } = "";

    [Meaning("The value in whole US dollars at current prices; flows may be negative", Unit = "US dollars")]
    public long ValueUsd { get; set; }

    [Meaning("The publisher's footnote; empty when there is none")]
    public string Footnote { get; set; } = "";

    /// <inheritdoc/>
    protected override double? GetFigure() => ValueUsd;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> GetFigureColumns() => [nameof(ValueUsd)];

    /// <inheritdoc/>
    public override void Describe<TSink>(ref TSink sink)
    {
        sink.Add(nameof(Year), Year);
        sink.Add(nameof(EconomyCode), EconomyCode);
        sink.Add(nameof(EconomyIso3), EconomyIso3);
        sink.Add(nameof(EconomyName), EconomyName);
        sink.Add(nameof(Direction), Direction);
        sink.Add(nameof(Measure), Measure);
        sink.Add(nameof(ValueUsd), ValueUsd);
        sink.Add(nameof(Footnote), Footnote);
    }
}
