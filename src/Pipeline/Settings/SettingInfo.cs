using System.Text.RegularExpressions;

namespace Pipeline.Settings;

/// <summary>
/// A setting as people see it. Tables of the documentation and the settings in Azure are written from these.
/// </summary>
/// <param name="Name">The name as environment variables write it, such as <c>Census__ApiKey</c>.</param>
/// <param name="Meaning">What it sets.</param>
/// <param name="Default">What holds when it is not set, in words or as Markdown.</param>
public sealed partial record SettingInfo(string Name, string Meaning, string Default)
{
    /// <summary>The value that holds when it is not set, as it would be written; null when there is none.</summary>
    public string? Value { get; init; }

    /// <summary>True if Azure takes it from a vault.</summary>
    public bool IsSecret { get; init; }

    /// <summary>True if the source cannot be asked without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The name of the secret in the vault: <c>census-api-key</c> of <c>Census__ApiKey</c>.</summary>
    public string VaultName =>
        WordStart().Replace(Name.Replace("__", "-", StringComparison.Ordinal), "-").ToLowerInvariant();

    /// <summary>A setting with a default.</summary>
    public static SettingInfo WithDefault(string name, string meaning, string value) =>
        new(name, meaning, $"`{value}`") { Value = value };

    /// <summary>A secret.</summary>
    public static SettingInfo Secret(string name, string meaning, string whenNotSet, bool isRequired = false) =>
        new(name, meaning, whenNotSet) { IsSecret = true, IsRequired = isRequired };

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex WordStart();
}

/// <summary>The settings that a source owns, and what the documentation says of the source.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Section">The prefix of its settings, such as <c>Census</c>. Any other setting with this prefix is an
/// error.</param>
/// <param name="Schedule">The setting that says when the source is planned.</param>
/// <param name="ScheduleExample">A value for it, six-field NCRONTAB in UTC; local work uses it.</param>
/// <param name="Settings">The settings with that prefix.</param>
public sealed record SourceSettings(
    string Source,
    string Section,
    SettingInfo Schedule,
    string ScheduleExample,
    IReadOnlyList<SettingInfo> Settings
)
{
    /// <summary>What the source publishes, in one line of Markdown.</summary>
    public required string Figures { get; init; }

    /// <summary>What is requested of the live server and when, in Markdown.</summary>
    public required string Requests { get; init; }

    /// <summary>
    /// When the source is planned in Azure: at least daily, because an alert on logs looks back two days at most.
    /// </summary>
    public string AzureSchedule { get; init; } = ScheduleExample;
}
