using Pipeline.Insight.Indicators;
using Pipeline.Sources.Census;
using Pipeline.Sources.Codes;
using Pipeline.Sources.Unctad;

namespace Pipeline.Insight.Dimensions;

/// <summary>
/// Puts the lists of codes of all sources together: ISO 3166-1, Schedule C and UN M49, and what facts name besides.
/// </summary>
internal sealed class PartnerList
{
    /// <summary>
    /// Partners of Schedule C without an ISO code, or with one that stands for less: the same territory in the other
    /// lists, by ISO alpha-3 or, where that has no code, by the M49 code.
    /// </summary>
    private static readonly Dictionary<string, string> FormerPartners = new(StringComparer.Ordinal)
    {
        ["2771"] = "ANT",
        ["4350"] = "CSK",
        ["4610"] = "SUN",
        ["4790"] = "YUG",
        ["4799"] = "SCG",
        ["5160"] = "NTZ",
        ["7320"] = "M736",
        ["7740"] = "M230",
    };

    private readonly SortedDictionary<string, PartnerRow> rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PartnerRow> byScheduleC = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PartnerRow> byIso2 = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PartnerRow> byIso3 = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PartnerRow> byM49 = new(StringComparer.Ordinal);

    /// <summary>Begins with the lists of the program.</summary>
    public PartnerList()
    {
        // A code that is in use goes before one that is retired, and the later one before the earlier.
        foreach (
            var country in Countries
                .All.OrderByDescending(country => country.To ?? int.MaxValue)
                .ThenBy(country => country.Iso3, StringComparer.Ordinal)
        )
        {
            AddCountry(country);
        }
        foreach (var economy in Economies.All.OrderBy(economy => economy.Code, StringComparer.Ordinal))
            AddEconomy(economy.Code, economy.Iso3, economy.Name);
        foreach (var partner in CensusPartners.All.OrderBy(partner => partner.Code, StringComparer.Ordinal))
            AddPartner(partner);
    }

    /// <summary>The rows, by key.</summary>
    public IEnumerable<PartnerRow> Rows => rows.Values;

    /// <summary>Adds a partner of trade, if no row has its code.</summary>
    public void AddPartner(Partner partner)
    {
        if (byScheduleC.ContainsKey(partner.Code))
            return;
        var id = Ids.Partner(partner.Code, partner.Iso2);
        var row = (FormerPartners.TryGetValue(partner.Code, out var key) ? rows.GetValueOrDefault(key) : null)
            ?? (id.StartsWith('c') && id.Length > 2 ? null : byIso2.GetValueOrDefault(partner.Iso2));
        if (row is null || row.ScheduleC.Length > 0)
        {
            // Two parts of one country, or a code before it changed: the row of the country is the other one's.
            row = Add(
                $"C{partner.Code}",
                partner.LastYear is null ? "other" : "former",
                Ids.Name(partner.Name),
                byIso2.GetValueOrDefault(partner.Iso2)
            );
        }
        if (row.Kind == "former")
            row.ValidTo ??= partner.LastYear;
        row.ScheduleC = partner.Code;
        byScheduleC.Add(partner.Code, row);
    }

    /// <summary>Adds an economy or a group of economies, if no row has its code.</summary>
    /// <param name="m49">Its code; a group has four digits.</param>
    /// <param name="iso3">Its ISO alpha-3 code; empty if it has none.</param>
    /// <param name="name">Its name.</param>
    public void AddEconomy(string m49, string iso3, string name)
    {
        if (m49.Length == 0 || byM49.ContainsKey(m49))
            return;
        var row = byIso3.GetValueOrDefault(iso3);
        if (row is null || row.M49.Length > 0)
        {
            // UNCTAD's three digits without an ISO code are states that are no more.
            row = Add($"M{m49}", m49.Length == 3 && m49 != "000" ? "former" : "group", name, null);
        }
        row.M49 = m49;
        byM49.Add(m49, row);
    }

    /// <summary>Adds a partner that only an ISO alpha-3 code stands for, if no row has it.</summary>
    public void AddIso3(string iso3, string name)
    {
        if (iso3.Length == 0 || byIso3.ContainsKey(iso3))
            return;
        var row = Add(iso3, "other", name, null);
        row.Iso3 = iso3;
        byIso3.Add(iso3, row);
    }

    /// <summary>Adds a holder that only an ISO alpha-2 code stands for, if no row has it.</summary>
    public void AddIso2(string iso2, string name)
    {
        if (iso2.Length == 0 || byIso2.ContainsKey(iso2))
            return;
        var row = Add($"I{iso2}", "other", name, null);
        row.Iso2 = iso2;
        byIso2.Add(iso2, row);
    }

    private void AddCountry(Country country)
    {
        var row = Add(country.Iso3, country.To is null ? "country" : "former", country.Name, null);
        row.Iso3 = country.Iso3;
        (row.ValidFrom, row.ValidTo) = (country.From, country.To);
        byIso3.Add(country.Iso3, row);
        if (country.Iso2.Length > 0 && byIso2.TryAdd(country.Iso2, row))
            row.Iso2 = country.Iso2;
        if (country.Numeric.Length > 0 && byM49.TryAdd(country.Numeric, row))
            row.M49 = country.Numeric;
        var region = Regions.Find(country.Successor.Length > 0 ? country.Successor : country.Iso3);
        (row.Region, row.SubRegion) = (region?.Name ?? "", region?.SubRegion ?? "");
    }

    private PartnerRow Add(string key, string kind, string name, PartnerRow? around)
    {
        var row = new PartnerRow
        {
            PartitionKey = PartnerRow.Partition,
            RowKey = key,
            Kind = kind,
            Name = name,
            Region = around?.Region ?? "",
            SubRegion = around?.SubRegion ?? "",
        };
        rows.Add(key, row);
        return row;
    }
}
