using Pipeline.Datasets;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>A year of foreign direct investment between a host and one partner; table <c>fdipartners</c>.</summary>
public sealed class FdiPartner : FactRow
{
    /// <summary>The table that holds these rows.</summary>
    public static FactTable Table { get; } =
        new FactTable<FdiPartner>("fdipartners")
        {
            About =
                "investment by partner, with its rank; partition `{host}\\|{direction}\\|{measure}\\|{reportedBy}`, "
                + "row `{yyyy}\\|{partner ISO3}`",
            PartitionColumns = [nameof(HostCode), nameof(Direction), nameof(Measure), nameof(ReportedBy)],
            RowColumns = [nameof(Year), nameof(PartnerIso3)],
            PeriodColumn = nameof(Year),
        };

    [Meaning("The calendar year")]
    public int Year { get; set; }

    [Meaning("The economy the figures are about, three digits of UN M49, text with its leading zeros")]
    public string HostCode { get; set; } = "";

    [Meaning("The economy the figures are about, ISO 3166-1 alpha-3")]
    public string HostIso3 { get; set; } = "";

    [Meaning("The partner, ISO 3166-1 alpha-3")]
    public string PartnerIso3 { get; set; } = "";

    [Meaning("The partner's name as the publisher writes it")]
    public string PartnerName { get; set; } = "";

    [Meaning("inward (from the partner into the host) or outward (from the host into the partner)")]
    public string Direction { get; set; } = "";

    [Meaning("flow (during the year) or stock (at its end)")]
    public string Measure { get; set; } = "";

    [Meaning("host or partner: whose statistics the figure is from; the two differ widely and must not be added")]
    public string ReportedBy { get; set; } = "";

    [Meaning("The value in whole US dollars; flows may be negative", Unit = "US dollars")]
    public long ValueUsd { get; set; }

    [Meaning(
        "The partner's place among all partners of the same host, year, direction, measure, reporter and basis; 1 = "
            + "largest, equal values share a place; absent where the partner stands alone"
    )]
    public int? Rank { get; set; }

    /// <inheritdoc/>
    protected override double? GetFigure() => ValueUsd;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> GetFigureColumns() => [nameof(ValueUsd)];

    /// <inheritdoc/>
    public override void Describe<TSink>(ref TSink sink)
    {
        sink.Add(nameof(Year), Year);
        sink.Add(nameof(HostCode), HostCode);
        sink.Add(nameof(HostIso3), HostIso3);
        sink.Add(nameof(PartnerIso3), PartnerIso3);
        sink.Add(nameof(PartnerName), PartnerName);
        sink.Add(nameof(Direction), Direction);
        sink.Add(nameof(Measure), Measure);
        sink.Add(nameof(ReportedBy), ReportedBy);
        sink.Add(nameof(ValueUsd), ValueUsd);
        sink.Add(nameof(Rank), (long?)Rank);
    }
}
