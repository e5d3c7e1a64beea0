namespace Pipeline.Settings;

/// <summary>Every setting that the code reads, as environment variables write it. The README's table is written from this list.</summary>
public static class SettingNames
{
    public const string HostStorage = "AzureWebJobsStorage";
    public const string Storage = Pipeline.Storage.Names.Connection;
    public const string CensusSchedule = "CENSUS_SCHEDULE";
    public const string SourcesMode = "Sources__Mode";
    public const string CensusBaseUrl = "Census__BaseUrl";
    public const string CensusApiKey = "Census__ApiKey";
    public const string CensusPartners = "Census__Partners";
    public const string CensusLevels = "Census__Levels";
    public const string CensusFrom = "Census__From";
    public const string CensusCountryFileUrl = "Census__CountryFileUrl";

    /// <summary>Setting, meaning, and what holds when it is not set.</summary>
    public static IReadOnlyList<(string Name, string Meaning, string Default)> All { get; } =
    [
        (HostStorage, "host storage: locks and schedule status", "required; locally `UseDevelopmentStorage=true`"),
        (Storage, "data storage: a connection string, or `PipelineStorage__blobServiceUri`, `__queueServiceUri`, `__tableServiceUri`, `__credential`, `__clientId`", "required; locally `UseDevelopmentStorage=true`"),
        (CensusSchedule, "when the trade data is planned: six-field NCRONTAB, UTC", "required"),
        (SourcesMode, "`samples`: the recorded samples of the repository, no network; or `live`", "`live`"),
        (CensusBaseUrl, "address of the trade API", "`https://api.census.gov/data/timeseries/intltrade`"),
        (CensusApiKey, "key of the trade API; a secret", "required when live"),
        (CensusPartners, "partners whose commodities are pulled: Schedule C codes such as `4621,5700`, or `*`; totals always cover all partners", "`4621`"),
        (CensusLevels, "any of `total,HS2,HS4,HS6`", "`total,HS2`"),
        (CensusFrom, "the first month wanted, `yyyy-MM`; from 2010 on whole years are loaded", "`1992-01`"),
        (CensusCountryFileUrl, "address of the country balance file; empty switches it off", "`https://www.census.gov/foreign-trade/balance/country.xlsx`")
    ];
}
