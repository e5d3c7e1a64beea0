using Pipeline.Datasets;

namespace Pipeline.Sources.Census;

/// <summary>A month of goods trade of a reporter with a partner; table <c>trademonthly</c>.</summary>
public sealed class TradeMonthly : FactRow
{
    /// <summary>The table that holds these rows.</summary>
    public static FactTable Table { get; } =
        new FactTable<TradeMonthly>("trademonthly")
        {
            About = "goods trade by month; partition `{partner}\\|{flow}\\|{level}`, row `{yyyy-MM}\\|{commodity}`",
            YearColumn = nameof(Year),
            PartitionColumns = [nameof(PartnerCode), nameof(Flow), nameof(Level)],
            RowColumns = [nameof(Period), nameof(Commodity)],
            PeriodColumn = nameof(Period),
        };

    [Meaning("The month, yyyy-MM")]
    public string Period { get; set; } = "";

    [Meaning("The first day of the month", IsDate = true)]
    public DateTimeOffset PeriodStart { get; set; }

    [Meaning("The calendar year")]
    public int Year { get; set; }

    [Meaning("The month of the year, 1 to 12")]
    public int Month { get; set; }

    [Meaning("Who reports the figure, ISO 3166-1 alpha-2")]
    public string Reporter { get; set; } = "";

    [Meaning("The partner, Schedule C code of four digits, text")]
    public string PartnerCode { get; set; } = "";

    [Meaning("The partner, ISO 3166-1 alpha-2; empty where none exists")]
    public string PartnerIso2 { get; set; } = "";

    [Meaning("The partner's name in the publisher's list, the same on every row")]
    public string PartnerName { get; set; } = "";

    [Meaning("exports or imports, seen from the reporter")]
    public string Flow { get; set; } = "";

    [Meaning("total, HS2, HS4 or HS6")]
    public string Level { get; set; } = "";

    [Meaning("The commodity code, text with its leading zeros; TOTAL at level total")]
    public string Commodity { get; set; } = "";

    [Meaning("The commodity's name as the publisher writes it")]
    public string CommodityName { get; set; } = "";

    [Meaning("The month's value in whole US dollars", Unit = "US dollars")]
    public long ValueUsd { get; set; }

    [Meaning(
        "January to this month in whole US dollars; absent, with a row in gaps, when the publisher did not send it",
        Unit = "US dollars"
    )]
    public long? YearToDateUsd { get; set; }

    /// <inheritdoc/>
    protected override double? GetFigure() => ValueUsd;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> GetFigureColumns() => [nameof(ValueUsd)];

    /// <inheritdoc/>
    public override void Describe<TSink>(ref TSink sink)
    {
        sink.Add(nameof(Period), Period);
        sink.Add(nameof(PeriodStart), PeriodStart);
        sink.Add(nameof(Year), Year);
        sink.Add(nameof(Month), Month);
        sink.Add(nameof(Reporter), Reporter);
        sink.Add(nameof(PartnerCode), PartnerCode);
        sink.Add(nameof(PartnerIso2), PartnerIso2);
        sink.Add(nameof(PartnerName), PartnerName);
        sink.Add(nameof(Flow), Flow);
        sink.Add(nameof(Level), Level);
        sink.Add(nameof(Commodity), Commodity);
        sink.Add(nameof(CommodityName), CommodityName);
        sink.Add(nameof(ValueUsd), ValueUsd);
        sink.Add(nameof(YearToDateUsd), YearToDateUsd);
    }
}
