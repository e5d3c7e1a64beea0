using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Pipeline.Issues;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Sources.Moex;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>Every setting that the code reads is set in Azure, and no other.</summary>
public sealed class SettingsTests
{
    private static readonly BicepFile Bicep = BicepFile.Read("sources.bicep");
    private static readonly BicepFile Main = BicepFile.Read("main.bicep");
    private static readonly BicepFile App = BicepFile.Read("modules/functionApp.bicep");

    private static IReadOnlyDictionary<string, string> Defaults => Bicep.Object("var sourceDefaults =");
    private static IReadOnlyDictionary<string, string> Secrets => Bicep.Object("var secretNames =");
    private static IReadOnlyDictionary<string, string> Schedules => Bicep.Object("var scheduleDefaults =");

    /// <summary>
    /// They have one in samples mode only, if at all: an empty text would switch off what the samples hold.
    /// </summary>
    private static readonly string[] WithoutDefault =
    [
        .. SourceServices
            .Settings.SelectMany(source => source.Settings)
            .Where(setting => setting is { Value: null, IsSecret: false })
            .Select(setting => setting.Name),
    ];

    /// <summary>Settings of the platform, and who reads each.</summary>
    private static readonly IReadOnlyDictionary<string, string> OfThePlatform = new Dictionary<string, string>
    {
        ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "the host: where telemetry goes",
        ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] = "the host: it signs in with the identity",
        ["OTEL_TRACES_SAMPLER"] = "the host's exporter: it keeps a fixed share of the traces",
        ["OTEL_TRACES_SAMPLER_ARG"] = "the host's exporter: the share is all",
    };

    [Fact]
    public void The_settings_are_those_that_the_code_reads()
    {
        var set = Defaults.Keys.Concat(WithoutDefault).Concat(Secrets.Keys).Concat(Schedules.Keys).ToList();
        Bicep.Agrees(
            AllSettings.List.Select(setting => setting.Name).Except([SettingNames.HostStorage, SettingNames.Storage]),
            set,
            "SettingNames.cs and the options of the sources"
        );
    }

    [Fact]
    public void The_connections_are_complete_and_everything_else_is_the_platforms()
    {
        var last = App.Block("      timerSchedules,", '{', '}');
        var set = Regex
            .Matches(last, @"^        (\w+):", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value)
            .ToList();
        string[] host =
        [
            "AzureWebJobsStorage__accountName",
            "AzureWebJobsStorage__credential",
            "AzureWebJobsStorage__clientId",
        ];
        var data = ((string[])["blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId"])
            .Select(part => $"PipelineStorage__{part}")
            .ToList();
        Assert.Equal(
            host.Concat(data).Concat(OfThePlatform.Keys).Order(StringComparer.Ordinal),
            set.Order(StringComparer.Ordinal)
        );
        // The same parts are what the code asks the section for, and what the README says of the setting.
        var source = File.ReadAllText(Path.Combine(Repository.Root, "src", "Pipeline", "Storage", "StorageAccount.cs"));
        Assert.All(data, name =>
            Assert.Contains($"\"{name["PipelineStorage__".Length..]}\"", source, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void The_app_gets_these_maps_the_later_ones_winning() =>
        Assert.Matches(
            @"properties: union\(\s+platformSettings,\s+sourceDefaults,\s+sources,\s+toObject\(\s+secrets,\s+setting => setting,\s+setting => '@Microsoft\.KeyVault\(SecretUri=\$\{keyVaultUri\}secrets/\$\{secretNames\[setting\]\}/\)'\s+\),\s+timerSchedules,\s+\{",
            App.Text
        );

    [Fact]
    public void An_environment_may_name_only_what_there_is()
    {
        Assert.Equal(
            Defaults.Keys.Concat(WithoutDefault).Order(StringComparer.Ordinal),
            Bicep.Properties("sourceSettings").Order(StringComparer.Ordinal)
        );
        Assert.Equal(Secrets.Keys, BicepFile.Literals(Bicep.Match(@"type secretSetting = ([^\n]*)").Groups[1].Value));
        Assert.Equal(Schedules.Keys, Bicep.Properties("schedules"));
        Assert.Contains(
            "timerSchedules: union(scheduleDefaults, timerSchedules)\n",
            Main.Text,
            StringComparison.Ordinal
        );
        Bicep.Agrees(
            Code.Timers.Select(timer => timer.Schedule.Trim('%')),
            Schedules.Keys,
            "the timers of Pipeline.Functions"
        );
    }

    [Fact]
    public void The_secrets_are_those_that_the_code_takes_from_a_vault_and_each_has_a_name_a_vault_accepts()
    {
        const string reference = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)";
        var secret = AllSettings
            .List.Select(setting => setting.Name)
            .Where(name =>
                Read([new(name, reference)])
                    .Findings.Any(finding => finding.Seen == "a Key Vault reference that was not resolved")
            )
            .ToList();
        Bicep.Agrees(secret, Secrets.Keys, "Settings/SettingsReader.cs");
        Assert.All(Secrets.Values, name => Assert.Matches("^[a-z][a-z0-9-]{0,126}$", name));
    }

    [Theory]
    [InlineData("live")]
    [InlineData("samples")]
    public void Set_to_its_default_a_setting_changes_nothing(string mode)
    {
        KeyValuePair<string, string> sources = new(SettingNames.SourcesMode, mode);
        var (without, with) = (
            Read([sources]),
            Read(Defaults.Where(setting => setting.Key != SettingNames.SourcesMode).Append(sources))
        );
        Assert.Empty(without.Findings);
        Assert.Empty(with.Findings);
        Assert.Equal(Text(without.Settings!), Text(with.Settings!));
        Assert.NotEqual(Text(without.Settings!), Text(Read([sources, new("Census__From", "2001-01")]).Settings!));
    }

    [Fact]
    public void What_has_no_default_is_left_out_so_that_the_samples_keep_their_table_of_bonds()
    {
        Assert.Contains(MoexOptions.OfzTableUrlSetting, WithoutDefault);
        Assert.Empty(WithoutDefault.Intersect(Defaults.Keys));
        var samples = Read(
            Defaults
                .Where(setting => setting.Key != SettingNames.SourcesMode)
                .Append(new(SettingNames.SourcesMode, "samples"))
        ).Settings!;
        Assert.Equal(MoexOptions.SampleOfzTableUrl, samples.Moex.OfzTableUrl);
        Assert.Null(Read(Defaults).Settings!.Moex.OfzTableUrl);
    }

    [Fact]
    public void The_schedules_are_such_as_the_code_accepts() => Assert.Empty(Read(Schedules).Findings);

    [Fact]
    public void The_template_for_local_work_names_what_Azure_sets_and_everything_that_has_no_default()
    {
        using var template = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(Repository.Root, "local.settings.sample.json"))
        );
        var names = template.RootElement.GetProperty("Values").EnumerateObject().Select(value => value.Name).ToList();
        // In Azure the two accounts are connections by identity, and the plan knows the worker.
        string[] local = [SettingNames.HostStorage, SettingNames.Storage, "FUNCTIONS_WORKER_RUNTIME"];
        Assert.Empty(names.Except(local).Except(Defaults.Keys).Except(Schedules.Keys));
        Assert.Empty(
            AllSettings
                .List.Where(setting =>
                    setting.Default.StartsWith("required", StringComparison.Ordinal)
                    && !Secrets.ContainsKey(setting.Name)
                )
                .Select(setting => setting.Name)
                .Except(names)
        );
    }

    [Theory]
    [InlineData("AzureWebJobsStorage")]
    [InlineData("FUNCTIONS_WORKER_RUNTIME")]
    [InlineData("FUNCTIONS_EXTENSION_VERSION")]
    [InlineData("WEBSITE_RUN_FROM_PACKAGE")]
    [InlineData("WEBSITE_CONTENTAZUREFILECONNECTIONSTRING")]
    [InlineData("ENABLE_ORYX_BUILD")]
    [InlineData("SCM_DO_BUILD_DURING_DEPLOYMENT")]
    [InlineData("WEBSITE_TIME_ZONE")]
    [InlineData("TZ")]
    public void A_setting_that_Flex_Consumption_must_not_have_is_nowhere(string name) =>
        Assert.All(BicepFile.All, file => Assert.DoesNotMatch($@"(?<!\w){name}'?\s*:", file.Text));

    [Fact]
    public void No_key_of_an_account_is_asked_for_anywhere() =>
        Assert.All(BicepFile.All, file =>
            Assert.DoesNotMatch(@"listKeys|listAccountSas|listServiceSas|AccountKey=|SharedAccessSignature", file.Text)
        );

    private static (AllSettings? Settings, IReadOnlyList<Finding> Findings) Read(
        IEnumerable<KeyValuePair<string, string>> more
    )
    {
        var values = new Dictionary<string, string?>
        {
            [SettingNames.HostStorage] = "UseDevelopmentStorage=true",
            [SettingNames.Storage] = "UseDevelopmentStorage=true",
        };
        foreach (var secret in AllSettings.List.Where(setting => setting.IsRequired))
            values[secret.Name.Replace("__", ":", StringComparison.Ordinal)] = "a-key";
        foreach (var (name, value) in Schedules.Concat(more))
            values[name.Replace("__", ":", StringComparison.Ordinal)] = value;
        var settings = AllSettings.Read(
            new ConfigurationBuilder().AddInMemoryCollection(values).Build(),
            out var findings
        );
        return (settings, findings);
    }

    /// <summary>Records compare their lists by identity.</summary>
    private static string Text(AllSettings settings) =>
        JsonSerializer.Serialize(
            settings with
            {
                Pipeline = settings.Pipeline with { Schedules = new Dictionary<string, NCrontab.CrontabSchedule>() },
            }
        );
}
