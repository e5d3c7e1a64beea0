namespace Pipeline.Settings;

/// <summary>Settings of the pipeline itself. Each source lists its own (<see cref="SourceSettings"/>).</summary>
public static class SettingNames
{
    public const string HostStorage = "AzureWebJobsStorage";
    public const string Storage = Pipeline.Storage.Names.Connection;
    public const string MonitorSchedule = "MONITOR_SCHEDULE";
    public const string SourcesMode = "Sources__Mode";

    /// <summary>A value of <see cref="MonitorSchedule"/>; Azure and local work use it.</summary>
    public const string MonitorScheduleExample = "0 */15 * * * *";

    /// <summary>The prefix of <see cref="SourcesMode"/>.</summary>
    internal const string SourcesSection = "Sources";

    /// <summary>The prefix of settings of the report, of which there is none so far.</summary>
    internal const string ReportSection = "Report";

    private static readonly SettingInfo[] First =
    [
        new(HostStorage, "host storage: locks and schedule status", "required; locally `UseDevelopmentStorage=true`"),
        new(
            Storage,
            "data storage: a connection string, or `PipelineStorage__blobServiceUri`, `__queueServiceUri`, "
                + "`__tableServiceUri`, `__credential`, `__clientId`",
            "required; locally `UseDevelopmentStorage=true`"
        ),
    ];

    private static readonly SettingInfo[] Last =
    [
        new(MonitorSchedule, "when queues, data and ledger are looked at, for the alerts", "required"),
        new(SourcesMode, "`samples`: the recorded samples of the repository, no network; or `live`", "`live`"),
    ];

    /// <summary>Every setting that the code reads, in the order of the documentation.</summary>
    /// <param name="sources">The settings of the sources.</param>
    public static IReadOnlyList<SettingInfo> All(IReadOnlyList<SourceSettings> sources) =>
        [
            .. First,
            .. sources.Select(source => source.Schedule),
            .. Last,
            .. sources.SelectMany(source => source.Settings),
        ];
}
