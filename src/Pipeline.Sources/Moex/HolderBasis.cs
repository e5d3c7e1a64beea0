namespace Pipeline.Sources.Moex;

/// <summary>
/// What a share or value of the table <c>holders</c> is a share or value of: a closed list, so that no series can be
/// mixed with another by a spelling. Figures of different bases must not be added or compared; every basis has
/// partitions of its own.
/// </summary>
public static class HolderBasis
{
    /// <summary>
    /// The part of the free float that foreigners hold. That the exchange's statements by country mean this is
    /// the project's reading, not the publisher's words.
    /// </summary>
    public const string ForeignHeldFreeFloat = "foreign_held_free_float";

    /// <summary>The shares that are free to trade, of all holders.</summary>
    public const string FreeFloat = "free_float";

    /// <summary>All securities of the class outstanding, as a statement of a publisher has it.</summary>
    public const string MarketOutstanding = "market_outstanding";

    /// <summary>The trading volume of a period: a flow, not a holding.</summary>
    public const string Turnover = "turnover";

    /// <summary>The assets that clients keep with brokers.</summary>
    public const string ClientAssets = "client_assets";

    /// <summary>
    /// The market value of all shares on the exchange at the close of a trading day; a denominator, not a
    /// holding.
    /// </summary>
    public const string MarketCapitalisation = "market_capitalisation";

    /// <summary>All OFZ outstanding at nominal value, in the Bank of Russia's monthly table.</summary>
    public const string CbrMonthly = "market_outstanding_cbr_monthly";

    /// <summary>
    /// Securities outstanding at current nominal value, of which the depository counts what foreign nominee
    /// accounts hold.
    /// </summary>
    public const string NsdNomineeCurrentNominal = "market_outstanding_nsd_nominee_current_nominal";

    /// <summary>The same at the nominal value of the issue.</summary>
    public const string NsdNomineeInitialNominal = "market_outstanding_nsd_nominee_initial_nominal";

    /// <summary>
    /// Securities outstanding at current nominal value, of which the depository counts foreign nominee
    /// accounts and banks with foreign owners.
    /// </summary>
    public const string NsdBanksCurrentNominal = "market_outstanding_nsd_nominee_plus_foreign_banks_current_nominal";

    /// <summary>The same at the nominal value of the issue.</summary>
    public const string NsdBanksInitialNominal = "market_outstanding_nsd_nominee_plus_foreign_banks_initial_nominal";

    /// <summary>What people may write in the curated file.</summary>
    public static IReadOnlyList<string> Curated { get; } =
    [ForeignHeldFreeFloat, FreeFloat, MarketOutstanding, Turnover, ClientAssets];

    /// <summary>What the depository's answers become.</summary>
    public static IReadOnlyList<string> Nsd { get; } =
    [NsdNomineeCurrentNominal, NsdNomineeInitialNominal, NsdBanksCurrentNominal, NsdBanksInitialNominal];

    /// <summary>The whole list.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Curated, MarketCapitalisation, CbrMonthly, .. Nsd];
}
