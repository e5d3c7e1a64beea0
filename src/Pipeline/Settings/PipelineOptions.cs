using NCrontab;

namespace Pipeline.Settings;

/// <summary>The settings of the pipeline itself, checked.</summary>
/// <param name="UseSamples">True if sources answer from the recorded samples instead of the network.</param>
/// <param name="Schedules">When each source is planned, by its name: a slice is pulled by the first plan on or after
/// its due date.</param>
public sealed record PipelineOptions(bool UseSamples, IReadOnlyDictionary<string, CrontabSchedule> Schedules)
{
    /// <summary>Reads them, and reports every setting with a prefix of ours that nothing reads.</summary>
    /// <param name="reader">The settings.</param>
    /// <param name="sources">The settings of the sources.</param>
    internal static PipelineOptions Read(SettingsReader reader, IReadOnlyList<SourceSettings> sources)
    {
        reader.HostStorage(SettingNames.HostStorage);
        reader.Storage(SettingNames.Storage);
        var schedules = new Dictionary<string, CrontabSchedule>(StringComparer.Ordinal);
        foreach (var source in sources)
        {
            if (reader.Schedule(source.Schedule.Name, source.ScheduleExample) is { } schedule)
                schedules.Add(source.Source, schedule);
        }

        reader.Schedule(SettingNames.MonitorSchedule, SettingNames.MonitorScheduleExample);
        var options = new PipelineOptions(reader.ReadMode() ?? false, schedules);
        reader.ReportUnknown(SettingNames.SourcesSection, [SettingNames.SourcesMode]);
        reader.ReportUnknown(SettingNames.ReportSection, []);
        foreach (var source in sources)
            reader.ReportUnknown(source.Section, [.. source.Settings.Select(setting => setting.Name)]);
        return options;
    }
}
