using Pipeline.Datasets;
using Pipeline.Storage;

namespace Pipeline.Insight.Dimensions;

/// <summary>
/// A country, a group or another partner that facts name; table <c>partners</c>. Each of the codes is on at most one
/// row, so that a join by any of them never multiplies rows.
/// </summary>
[Ledger(
    Names.Partners,
    "partner",
    "{Iso3}; without one C and the Schedule C code, M and the M49 code, or I and the ISO alpha-2 code"
)]
public sealed class PartnerRow : InsightRow
{
    /// <summary>The partition of all rows.</summary>
    public const string Partition = "partner";

    [Meaning("country (current), former (a code that is retired), group (of economies) or other")]
    public string Kind { get; set; } = "";

    [Meaning("Schedule C code of the US Census Bureau, four digits, text; empty where none stands for this row alone")]
    public string ScheduleC { get; set; } = "";

    [Meaning("ISO 3166-1 alpha-2; empty where none exists, or where a current row has it")]
    public string Iso2 { get; set; } = "";

    [Meaning("ISO 3166-1 alpha-3; empty where none exists")]
    public string Iso3 { get; set; } = "";

    [Meaning(
        "UN M49, three digits, text with its leading zeros, or the code that UNCTAD has given; groups have four "
            + "digits; empty where none exists, or where a current row has it"
    )]
    public string M49 { get; set; } = "";

    [Meaning("The name in English")]
    public string Name { get; set; } = "";

    [Meaning("The region of UN M49; empty for groups and former countries without a successor")]
    public string Region { get; set; } = "";

    [Meaning("The sub-region of UN M49, or the intermediate region where there is one; empty as Region is")]
    public string SubRegion { get; set; } = "";

    [Meaning("The first year of the codes where that is after the data begin; not there otherwise")]
    public int? ValidFrom { get; set; }

    [Meaning("The last year of codes that are retired; not there for those in use")]
    public int? ValidTo { get; set; }

    internal override string Content =>
        Join(Kind, ScheduleC, Iso2, Iso3, M49, Name, Region, SubRegion, Number(ValidFrom), Number(ValidTo));
}
