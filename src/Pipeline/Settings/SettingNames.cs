namespace Pipeline.Settings;

/// <summary>
/// Every setting that the code reads, as environment variables write it. The README's table is written from
/// this list.
/// </summary>
public static class SettingNames
{
    public const string HostStorage = "AzureWebJobsStorage";
    public const string Storage = Pipeline.Storage.Names.Connection;
    public const string CensusSchedule = "CENSUS_SCHEDULE";
    public const string UnctadSchedule = "UNCTAD_SCHEDULE";
    public const string MoexSchedule = "MOEX_SCHEDULE";
    public const string MonitorSchedule = "MONITOR_SCHEDULE";
    public const string SourcesMode = "Sources__Mode";
    public const string CensusBaseUrl = "Census__BaseUrl";
    public const string CensusApiKey = "Census__ApiKey";
    public const string CensusPartners = "Census__Partners";
    public const string CensusLevels = "Census__Levels";
    public const string CensusFrom = "Census__From";
    public const string CensusCountryFileUrl = "Census__CountryFileUrl";

    public const string UnctadBulkUrl = "Unctad__BulkUrl";
    public const string UnctadCatalogueUrl = "Unctad__CatalogueUrl";
    public const string UnctadApiUrl = "Unctad__ApiUrl";
    public const string UnctadClientId = "Unctad__ClientId";
    public const string UnctadClientSecret = "Unctad__ClientSecret";
    public const string UnctadPartnersFile = "Unctad__PartnersFile";
    public const string MoexIssUrl = "Moex__IssUrl";
    public const string MoexOfzTableUrl = "Moex__OfzTableUrl";
    public const string MoexNsdUrl = "Moex__NsdUrl";
    public const string MoexNsdApiKey = "Moex__NsdApiKey";
    public const string MoexHoldersFile = "Moex__HoldersFile";

    /// <summary>Setting, meaning, and what holds when it is not set.</summary>
    public static IReadOnlyList<(string Name, string Meaning, string Default)> All { get; } =
    [
        (HostStorage, "host storage: locks and schedule status", "required; locally `UseDevelopmentStorage=true`"),
        (
            Storage,
            "data storage: a connection string, or `PipelineStorage__blobServiceUri`, `__queueServiceUri`, "
                + "`__tableServiceUri`, `__credential`, `__clientId`",
            "required; locally `UseDevelopmentStorage=true`"
        ),
        (CensusSchedule, "when the trade data is planned: six-field NCRONTAB, UTC", "required"),
        (UnctadSchedule, "when the investment data is planned", "required"),
        (MoexSchedule, "when the holders data is planned", "required"),
        (MonitorSchedule, "when queues, data and ledger are looked at, for the alerts", "required"),
        (SourcesMode, "`samples`: the recorded samples of the repository, no network; or `live`", "`live`"),
        (CensusBaseUrl, "address of the trade API", "`https://api.census.gov/data/timeseries/intltrade`"),
        (CensusApiKey, "key of the trade API; a secret", "required when live"),
        (
            CensusPartners,
            "partners whose commodities are pulled: Schedule C codes such as `4621,5700`, or `*`; totals always "
                + "cover all partners",
            "`4621`"
        ),
        (CensusLevels, "any of `total,HS2,HS4,HS6`", "`total,HS2`"),
        (CensusFrom, "the first month wanted, `yyyy-MM`; from 2010 on whole years are loaded", "`1992-01`"),
        (
            CensusCountryFileUrl,
            "address of the country balance file; empty switches it off",
            "`https://www.census.gov/foreign-trade/balance/country.xlsx`"
        ),
        (
            UnctadBulkUrl,
            "address of UNCTAD's bulk archive; empty switches `fdi-flows-stock` off",
            "`https://unctadstat-api.unctad.org/bulkdownload/US.FdiFlowsStock/US_FdiFlowsStock`"
        ),
        (
            UnctadCatalogueUrl,
            "address of UNCTAD's catalogue, whose dates decide whether the archive is asked for; empty: it always is",
            "`https://unctadstat-api.unctad.org/api/datacenter/en`"
        ),
        (
            UnctadApiUrl,
            "address of UNCTAD's user API, the second way; empty switches it off",
            "`https://unctadstat-user-api.unctad.org/US.FdiFlowsStock/cur/Facts`"
        ),
        (UnctadClientId, "credential of the user API", "without one the user API is not used"),
        (UnctadClientSecret, "the secret to it", "required with `Unctad__ClientId`"),
        (
            UnctadPartnersFile,
            "blob in the container `curated` with investment by partner; empty switches `fdi-partners` off",
            "`fdi-partners.csv`"
        ),
        (
            MoexIssUrl,
            "address of the exchange's data service; empty switches `market-capitalisation` off",
            "`https://iss.moex.com/iss`"
        ),
        (
            MoexOfzTableUrl,
            "address of the Bank of Russia's `table_ofz.xlsx`; it moves, so that there is no default",
            "`ofz-nonresidents` is off"
        ),
        (
            MoexNsdUrl,
            "address of the depository's method; empty switches `nsd-holders` off",
            "`https://nsddata.ru/api/get/assetholders`"
        ),
        (MoexNsdApiKey, "key of the depository; a secret", "`nsd-holders` is off"),
        (
            MoexHoldersFile,
            "blob in the container `curated` with statements by country; empty switches `holders-by-country` off",
            "`holders.csv`"
        ),
    ];
}
