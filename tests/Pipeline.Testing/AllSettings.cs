using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Issues;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;

namespace Pipeline.Testing;

/// <summary>All options of the program, as it reads them.</summary>
internal sealed record AllSettings(
    PipelineOptions Pipeline,
    CensusOptions Census,
    UnctadOptions Unctad,
    MoexOptions Moex
)
{
    /// <summary>Every setting, in the order of the documentation.</summary>
    public static IReadOnlyList<SettingInfo> List => SettingNames.All(SourceServices.Settings);

    /// <summary>The schedule of every source and of the monitor, by the name of its setting.</summary>
    public static IReadOnlyDictionary<string, string> Schedules { get; } =
        SourceServices
            .Settings.Select(source => (source.Schedule.Name, Value: source.ScheduleExample))
            .Append((SettingNames.MonitorSchedule, SettingNames.MonitorScheduleExample))
            .ToDictionary(StringComparer.Ordinal);

    /// <summary>The settings that say when a source is planned.</summary>
    public static IEnumerable<string> PlanSchedules => SourceServices.Settings.Select(source => source.Schedule.Name);

    /// <summary>A schedule that does not come while a test runs: the 29th of February.</summary>
    public const string NoSchedule = "0 0 0 29 2 *";

    /// <summary>True if a setting is an address on the network by default.</summary>
    public static bool IsAddress(SettingInfo setting) =>
        Uri.TryCreate(setting.Value, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps);

    /// <summary>
    /// The settings of some sources that may be empty, and may be so together: they switch datasets off.
    /// </summary>
    public static IReadOnlyList<string> MayBeEmpty(IEnumerable<SourceSettings> sources)
    {
        var values = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["PipelineStorage"] = "UseDevelopmentStorage=true",
            ["Sources:Mode"] = "samples",
        };
        foreach (var (name, schedule) in Schedules)
            values[name] = schedule;
        var empty = new List<string>();
        foreach (var setting in sources.SelectMany(source => source.Settings).Where(setting => !setting.IsSecret))
        {
            var key = setting.Name.Replace("__", ":", StringComparison.Ordinal);
            values[key] = "";
            Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), out var findings);
            if (findings.Count == 0)
                empty.Add(setting.Name);
            else
                values.Remove(key);
        }

        return empty;
    }

    public bool UseSamples => Pipeline.UseSamples;

    /// <summary>Reads them; null when anything is wrong.</summary>
    public static AllSettings? Read(IConfiguration configuration, out IReadOnlyList<Finding> findings)
    {
        using var services = new ServiceCollection()
            .AddPipelineEngine(configuration)
            .AddSources(configuration)
            .BuildServiceProvider();
        findings = services.CheckSettings();
        return findings.Count > 0
            ? null
            : new AllSettings(Get<PipelineOptions>(), Get<CensusOptions>(), Get<UnctadOptions>(), Get<MoexOptions>());

        T Get<T>()
            where T : class => services.GetRequiredService<IOptions<T>>().Value;
    }
}
