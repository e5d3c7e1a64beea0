using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Insight.Dimensions;

/// <summary>A month, quarter or year that facts cover; table <c>periods</c>.</summary>
[Ledger(Names.Periods, "period", "The period: yyyy, yyyy-Qq or yyyy-MM")]
public sealed class PeriodRow : InsightRow
{
    /// <summary>The partition of all rows.</summary>
    public const string Partition = "period";

    [Meaning("month, quarter or year")]
    public string Kind { get; set; } = "";

    [Meaning("The calendar year")]
    public int Year { get; set; }

    [Meaning("The quarter, 1 to 4; not there for a year")]
    public int? Quarter { get; set; }

    [Meaning("The month of the year, 1 to 12; not there for a quarter or a year")]
    public int? Month { get; set; }

    [Meaning("The first day", IsDate = true)]
    public DateTimeOffset FirstDay { get; set; }

    [Meaning("The last day", IsDate = true)]
    public DateTimeOffset LastDay { get; set; }

    internal override string Content =>
        Join(Kind, Number(Year), Number(Quarter), Number(Month), Text(FirstDay), Text(LastDay));

    internal static PeriodRow OfYear(int year) => Of(year, null, null, "year", $"{year:0000}", 1, 12);

    internal static PeriodRow OfQuarter(int year, int quarter) =>
        Of(year, quarter, null, "quarter", $"{year:0000}-Q{quarter}", quarter * 3 - 2, quarter * 3);

    internal static PeriodRow OfMonth(int year, int month) =>
        Of(year, QuarterOf(month), month, "month", $"{year:0000}-{month:00}", month, month);

    internal static int QuarterOf(int month) => (month + 2) / 3;

    private static PeriodRow Of(
        int year,
        int? quarter,
        int? month,
        string kind,
        FormattableString key,
        int firstMonth,
        int lastMonth
    ) =>
        new()
        {
            PartitionKey = Partition,
            RowKey = key.ToString(CultureInfo.InvariantCulture),
            Kind = kind,
            Year = year,
            Quarter = quarter,
            Month = month,
            FirstDay = new DateTimeOffset(year, firstMonth, 1, 0, 0, 0, TimeSpan.Zero),
            LastDay = new DateTimeOffset(
                year,
                lastMonth,
                DateTime.DaysInMonth(year, lastMonth),
                0,
                0,
                0,
                TimeSpan.Zero
            ),
        };
}
