using System.Text;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Testing;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>Writes <c>infra/sources.bicep</c> from the code: all that depends on which sources there are.</summary>
internal static class SourcesBicep
{
    /// <summary>
    /// The longest time that may pass between two successes of a plan. A log alert looks back two days at most.
    /// </summary>
    private const string PlanWindow = "P2D";

    private static readonly SettingInfo Mode = new(SettingNames.SourcesMode, "", "") { Value = "live" };

    private static IReadOnlyList<SourceSettings> Sources => SourceServices.Settings;

    private static IEnumerable<SettingInfo> Settings => Sources.SelectMany(source => source.Settings);

    /// <summary>The text of the file.</summary>
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append("// Written from the code, not by hand. After a change of a source:\n");
        text.Append($"//   {Generated.Command}\n\n");
        text.Append(
            "metadata description = 'What depends on the sources: their settings, timers, tables and calendars. Import "
                + "only; deploys nothing.'\n\n"
        );
        Types(text);
        Variables(text);
        return text.ToString();
    }

    private static void Types(StringBuilder text)
    {
        text.Append("@export()\n@sealed()\n");
        text.Append("@description('Sources, as one environment wants them to differ from the defaults.')\n");
        text.Append("type sourceSettings = {\n");
        text.Append("  @description('samples: the recorded samples, no network; live: the publishers.')\n");
        text.Append($"  {SettingNames.SourcesMode}: ('live' | 'samples')?\n");
        foreach (var setting in Settings.Where(setting => !setting.IsSecret))
            text.Append($"\n  @description('{Sentence(setting.Meaning)}')\n  {setting.Name}: string?\n");
        text.Append("}\n\n");

        text.Append("@export()\n");
        text.Append(
            "@description('A secret that the vault of an environment holds. A reference to one that it does not hold "
                + "stops the app.')\n"
        );
        var secrets = Settings.Where(setting => setting.IsSecret).Select(setting => $"'{setting.Name}'");
        text.Append($"type secretSetting = {string.Join(" | ", secrets)}\n\n");

        text.Append("@export()\n@sealed()\n");
        text.Append("@description('When the timers run, where it is not as usual: NCRONTAB with six fields, UTC.')\n");
        text.Append("type schedules = {\n");
        foreach (var name in Schedules.Select(schedule => schedule.Name))
            text.Append($"  {name}: string?\n");
        text.Append("}\n");
    }

    private static void Variables(StringBuilder text)
    {
        Object(
            text,
            "What holds where an environment says nothing, as in the code. Settings without a default are not here: "
                + "empty, they would switch off what the samples hold.",
            "sourceDefaults",
            Settings.Prepend(Mode).Where(setting => setting.Value is not null),
            setting => $"{setting.Name}: '{Escape(setting.Value!)}'"
        );
        Object(
            text,
            "Settings that are secrets, and the name of each in the vault.",
            "secretNames",
            Settings.Where(setting => setting.IsSecret),
            setting => $"{setting.Name}: '{setting.VaultName}'"
        );
        Object(
            text,
            "When the timers usually run. Each Plan timer runs at least daily, also for a yearly source: a log alert "
                + "looks back two days at most, and a run without news costs one request.",
            "scheduleDefaults",
            Schedules,
            schedule => $"{schedule.Name}: '{schedule.Value}'"
        );
        List(
            text,
            "Functions that plan a source, each with the longest time that may pass between two of its successes. A "
                + "log alert looks back two days at most.",
            "planTimers",
            Sources.Select(source => $"{{ function: '{Code.PlanOf(source)}', window: '{PlanWindow}' }}")
        );
        List(
            text,
            "Tables of figures.",
            "factTables",
            Code.Datasets.Select(dataset => $"'{dataset.Table.Name}'").Distinct(StringComparer.Ordinal)
        );
        Object(
            text,
            "The longest that a dataset may go without news before the alert data-stale fires, in days, from its "
                + "publisher's calendar and some patience. 0: it has no calendar, because people maintain it or it is "
                + "closed.",
            "maximumAgeDays",
            Code.Datasets,
            dataset => $"'{dataset.Source}/{dataset.Name}': {dataset.MaximumAgeDays ?? 0}"
        );
    }

    private static IEnumerable<(string Name, string Value)> Schedules =>
        Sources
            .Select(source => (source.Schedule.Name, source.AzureSchedule))
            .Append((SettingNames.MonitorSchedule, SettingNames.MonitorScheduleExample));

    private static void Object<T>(
        StringBuilder text,
        string description,
        string name,
        IEnumerable<T> entries,
        Func<T, string> write
    )
    {
        text.Append($"\n@export()\n@description('{Escape(description)}')\nvar {name} = {{\n");
        foreach (var entry in entries)
            text.Append($"  {write(entry)}\n");
        text.Append("}\n");
    }

    private static void List(StringBuilder text, string description, string name, IEnumerable<string> entries)
    {
        text.Append($"\n@export()\n@description('{Escape(description)}')\nvar {name} = [\n");
        foreach (var entry in entries)
            text.Append($"  {entry}\n");
        text.Append("]\n");
    }

    /// <summary>A meaning as a sentence.</summary>
    private static string Sentence(string meaning) =>
        Escape($"{char.ToUpperInvariant(meaning[0])}{meaning[1..]}{(meaning.EndsWith('.') ? "" : ".")}");

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("'", "\\'", StringComparison.Ordinal)
            .Replace("${", "\\${", StringComparison.Ordinal);
}
