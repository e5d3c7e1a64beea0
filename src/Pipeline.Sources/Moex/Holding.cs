using Pipeline.Datasets;

namespace Pipeline.Sources.Moex;

/// <summary>What a statement says about a holder of Russian securities on a day; table <c>holders</c>.</summary>
public sealed class Holding : FactRow
{
    /// <summary>The table that holds these rows.</summary>
    public static FactTable Table { get; } =
        new FactTable<Holding>("holders")
        {
            About =
                "statements about holders; partition `{assetClass}\\|{basis}`, row "
                + "`{yyyy-MM-dd}\\|{holder}\\|{hash of the citation}`",
            PartitionColumns = [nameof(AssetClass), nameof(Basis)],
            RowColumns = [nameof(AsOf), nameof(Holder)],
            PeriodColumn = nameof(AsOf),
            UnitColumn = nameof(Currency),
        };

    [Meaning("The day the figure refers to", IsDate = true)]
    public DateTimeOffset AsOf { get; set; }

    [Meaning("equity, ofz (federal bonds), sovereign_eurobond, derivatives, fx_spot, broker_client_assets")]
    public string AssetClass { get; set; } = "";

    [Meaning("The holder as published; also a region or a total")]
    public string Holder { get; set; } = "";

    [Meaning("The holder, ISO 3166-1 alpha-2; empty for regions and totals")]
    public string HolderIso2 { get; set; } = "";

    [Meaning("The share of what Basis names, 0 to 100; NaN when only a value was published", Unit = "percent")]
    public double SharePercent { get; set; }

    [Meaning("The value in whole units of Currency; NaN when only a share was published")]
    public double Value { get; set; }

    [Meaning("The currency of Value, ISO 4217; empty without a value")]
    public string Currency { get; set; } = "";

    [Meaning("exact (as printed), lower_bound, approximate, or midpoint of a published range")]
    public string Qualifier { get; set; } = "";

    [Meaning("Publisher and date of the statement")]
    public string Citation { get; set; } = "";

    /// <inheritdoc/>
    /// <remarks>The value where there is one, otherwise the share: a share says nothing about its unit that the value
    /// does not.</remarks>
    protected override double? GetFigure() => Given(Value) ?? Given(SharePercent);

    private static double? Given(double figure) => double.IsNaN(figure) ? null : figure;

    /// <inheritdoc/>
    protected override IReadOnlyList<string> GetFigureColumns() => [nameof(Value), nameof(SharePercent)];

    /// <inheritdoc/>
    /// <remarks>The holder: the hash of a citation may change from day to day.</remarks>
    protected override string GetSeriesName() => RowKey.Split('|') is [_, var holder, ..] ? holder : "";

    /// <inheritdoc/>
    public override void Describe<TSink>(ref TSink sink)
    {
        sink.Add(nameof(AsOf), AsOf);
        sink.Add(nameof(AssetClass), AssetClass);
        sink.Add(nameof(Holder), Holder);
        sink.Add(nameof(HolderIso2), HolderIso2);
        sink.Add(nameof(SharePercent), SharePercent);
        sink.Add(nameof(Value), Value);
        sink.Add(nameof(Currency), Currency);
        sink.Add(nameof(Qualifier), Qualifier);
        sink.Add(nameof(Citation), Citation);
    }
}
