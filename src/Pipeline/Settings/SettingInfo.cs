namespace Pipeline.Settings;

/// <summary>A setting as people see it; tables of the documentation are written from these.</summary>
/// <param name="Name">The name as environment variables write it, such as <c>Census__ApiKey</c>.</param>
/// <param name="Meaning">What it sets.</param>
/// <param name="Default">What holds when it is not set.</param>
public sealed record SettingInfo(string Name, string Meaning, string Default);

/// <summary>The settings that a source owns.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Section">The prefix of its settings, such as <c>Census</c>. Any other setting with this prefix is an
/// error.</param>
/// <param name="Schedule">The setting that says when the source is planned.</param>
/// <param name="ScheduleExample">A value for it, six-field NCRONTAB in UTC.</param>
/// <param name="Settings">The settings with that prefix.</param>
public sealed record SourceSettings(
    string Source,
    string Section,
    SettingInfo Schedule,
    string ScheduleExample,
    IReadOnlyList<SettingInfo> Settings
);
