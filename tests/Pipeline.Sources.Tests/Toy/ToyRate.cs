using Pipeline.Datasets;

namespace Pipeline.Sources.Toy;

/// <summary>The reference rate of a currency in a month; table <c>toyrates</c>.</summary>
public sealed class ToyRate : FactRow
{
    /// <summary>The table that holds these rows.</summary>
    public static FactTable Table { get; } =
        new FactTable<ToyRate>("toyrates")
        {
            About = "reference rates; partition `{currency}`, row `{yyyy-MM}`",
            PartitionColumns = [nameof(Currency)],
            PeriodColumn = nameof(PeriodStart),
        };

    [Meaning("The first day of the month that the rate is for, UTC")]
    public DateTimeOffset PeriodStart { get; set; }

    [Meaning("The currency, ISO 4217")]
    public string Currency { get; set; } = "";

    [Meaning("US dollars for one unit of the currency")]
    public double Rate { get; set; }

    /// <inheritdoc/>
    protected override double? GetFigure() => Rate;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> GetFigureColumns() => [nameof(Rate)];

    /// <inheritdoc/>
    public override void Describe<TSink>(ref TSink sink)
    {
        sink.Add(nameof(PeriodStart), PeriodStart);
        sink.Add(nameof(Currency), Currency);
        sink.Add(nameof(Rate), Rate);
    }
}
