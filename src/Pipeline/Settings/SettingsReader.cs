using System.Globalization;
using Microsoft.Extensions.Configuration;
using NCrontab;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;

namespace Pipeline.Settings;

/// <summary>
/// Reads the app settings. All that is wrong is found in one go, each with the setting's name, what was seen
/// and an example.
/// </summary>
public sealed class SettingsReader
{
    private readonly IConfiguration configuration;
    private readonly List<Finding> findings = [];
    private readonly Dictionary<string, CrontabSchedule> schedules = new(StringComparer.Ordinal);

    private SettingsReader(IConfiguration configuration) => this.configuration = configuration;

    /// <summary>Reads all settings.</summary>
    /// <param name="configuration">The app settings; <c>__</c> in a name stands for a section.</param>
    /// <param name="findings">What is wrong, in the order of the settings; empty when nothing is.</param>
    /// <returns>The settings, or null when anything is wrong.</returns>
    public static PipelineSettings? Read(IConfiguration configuration, out IReadOnlyList<Finding> findings)
    {
        var reader = new SettingsReader(configuration);
        var settings = reader.Read();
        findings = reader.findings;
        return findings.Count == 0 ? settings : null;
    }

    private PipelineSettings Read()
    {
        HostStorage();
        Storage.StorageAccount.Open(configuration, SettingNames.Storage, findings);
        Schedule(CensusSlice.Source, SettingNames.CensusSchedule, "0 45 13 * * *");
        Schedule(UnctadSlice.Source, SettingNames.UnctadSchedule, "0 30 7 * * 1");
        Schedule(MoexSlice.Source, SettingNames.MoexSchedule, "0 0 18 * * *");
        Schedule(null, SettingNames.MonitorSchedule, "0 */15 * * * *");
        var samples = Mode();
        return new PipelineSettings(samples == true, Census(samples), Unctad(samples), Moex(samples))
        {
            Schedules = schedules,
        };
    }

    private CensusSettings Census(bool? samples) =>
        new(
            Url(SettingNames.CensusBaseUrl, CensusSettings.DefaultBaseUrl, mayBeEmpty: false)!,
            Secret(
                SettingNames.CensusApiKey,
                required: samples == false,
                "an API key, free at https://api.census.gov/data/key_signup.html"
            ) ?? "samples",
            Partners(samples == true),
            Levels(),
            From(),
            Url(SettingNames.CensusCountryFileUrl, CensusSettings.DefaultCountryFileUrl, mayBeEmpty: true),
            samples == true
        );

    private UnctadSettings Unctad(bool? samples)
    {
        var (id, secret) = (
            Secret(SettingNames.UnctadClientId, "a client id"),
            Secret(SettingNames.UnctadClientSecret, "a client secret")
        );
        if (
            (id is null) != (secret is null)
            && !findings.Any(finding => finding.Where is SettingNames.UnctadClientId or SettingNames.UnctadClientSecret)
        )
        {
            findings.Add(
                new Finding(
                    id is null ? SettingNames.UnctadClientId : SettingNames.UnctadClientSecret,
                    "nothing",
                    $"both {SettingNames.UnctadClientId} and {SettingNames.UnctadClientSecret}, or neither",
                    "an account of UNCTAD's data centre gives both, free"
                )
            );
        }

        return new UnctadSettings(
            Url(SettingNames.UnctadBulkUrl, UnctadSettings.DefaultBulkUrl, mayBeEmpty: true),
            Url(SettingNames.UnctadCatalogueUrl, UnctadSettings.DefaultCatalogueUrl, mayBeEmpty: true),
            Url(SettingNames.UnctadApiUrl, UnctadSettings.DefaultApiUrl, mayBeEmpty: true),
            id ?? "",
            secret ?? "",
            CuratedFile(SettingNames.UnctadPartnersFile, UnctadSettings.DefaultPartnersFile),
            samples == true
        );
    }

    private MoexSettings Moex(bool? samples) =>
        new(
            Url(SettingNames.MoexIssUrl, MoexSettings.DefaultIssUrl, mayBeEmpty: true),
            Value(SettingNames.MoexOfzTableUrl) is null
                ? samples == true
                    ? MoexSettings.SampleOfzTableUrl
                    : null
                : Url(SettingNames.MoexOfzTableUrl, ExampleOfzTable, mayBeEmpty: true),
            Url(SettingNames.MoexNsdUrl, MoexSettings.DefaultNsdUrl, mayBeEmpty: true),
            Secret(SettingNames.MoexNsdApiKey, "an API key") ?? "",
            CuratedFile(SettingNames.MoexHoldersFile, MoexSettings.DefaultHoldersFile)
        );

    private static readonly Uri ExampleOfzTable = new("https://www.cbr.ru/path/table_ofz.xlsx");

    private string CuratedFile(string name, string fallback)
    {
        var text = Value(name) ?? fallback;
        if (
            text.Length <= 200
            && text.Trim() == text
            && !text.Any(c => char.IsControl(c) || c is '?' or '#' or '\\')
            && !text.StartsWith('/')
        )
        {
            return text;
        }

        Report(name, text, $"the name of a blob in the container {Storage.Names.CuratedContainer}", fallback);
        return fallback;
    }

    private string? Value(string name) => configuration[name.Replace("__", ":", StringComparison.Ordinal)];

    private void Report(string name, string? seen, string expected, string example) =>
        findings.Add(
            new Finding(name, seen is null ? "nothing" : Finding.Quote(seen), expected, $"for example {name}={example}")
        );

    private void HostStorage()
    {
        var section = configuration.GetSection(SettingNames.HostStorage);
        if (string.IsNullOrWhiteSpace(section.Value) && !section.GetChildren().Any())
            Report(SettingNames.HostStorage, section.Value, "a storage account", "UseDevelopmentStorage=true");
        else if (!string.IsNullOrWhiteSpace(section.Value))
            Storage.StorageAccount.Open(configuration, SettingNames.HostStorage, findings);
    }

    /// <param name="source">The source that is planned by it; null for none.</param>
    /// <param name="name">The setting.</param>
    /// <param name="example">What it may look like.</param>
    private void Schedule(string? source, string name, string example)
    {
        var text = Value(name);
        if (
            text is null
            || CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = true })
                is not { } schedule
        )
        {
            Report(name, text, "six fields: second, minute, hour, day, month, day of the week", example);
        }
        else if (source is not null)
        {
            schedules.Add(source, schedule);
        }
    }

    /// <summary>
    /// Whether samples are asked for; null when the setting says neither, so that nothing else is found wrong
    /// because of it.
    /// </summary>
    private bool? Mode()
    {
        var text = Value(SettingNames.SourcesMode) ?? "live";
        if (text is "samples" or "live")
            return text == "samples";
        Report(SettingNames.SourcesMode, text, "samples or live", "live");
        return null;
    }

    /// <summary>User and query may hold a secret, so that they are not repeated.</summary>
    private const string HidesSecret = "an address with user, query or fragment (not repeated here)";

    private const string PlainHttps = "an https address (http for loopback only)";

    private Uri? Url(string name, Uri fallback, bool mayBeEmpty)
    {
        var text = Value(name);
        if (text is null)
            return fallback;
        if (text.Length == 0 && mayBeEmpty)
            return null;
        if (
            Uri.TryCreate(text, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        )
        {
            if (url.Query.Length == 0 && url.Fragment.Length == 0 && url.UserInfo.Length == 0)
                return url;
            findings.Add(new Finding(name, HidesSecret, "a plain address", $"for example {name}={fallback}"));
            return fallback;
        }
        if (text.AsSpan().ContainsAny('@', '?', '#'))
            findings.Add(new Finding(name, HidesSecret, PlainHttps, $"for example {name}={fallback}"));
        else
            Report(name, text, PlainHttps, fallback.AbsoluteUri);
        return fallback;
    }

    private string? Secret(string name, string expected) => Secret(name, required: false, expected);

    /// <summary>A secret is never repeated in a message.</summary>
    private string? Secret(string name, bool required, string expected)
    {
        var text = Value(name);
        var example = $"for example {name}=0123456789abcdef0123456789abcdef01234567";
        if (string.IsNullOrWhiteSpace(text))
        {
            if (required)
            {
                findings.Add(
                    new Finding(name, "nothing", $"{expected}, because {SettingNames.SourcesMode} is live", example)
                );
            }

            return null;
        }
        if (text.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase))
        {
            findings.Add(
                new Finding(
                    name,
                    "a Key Vault reference that was not resolved",
                    expected,
                    "check that the secret exists and that the app's identity may read it"
                )
            );
            return null;
        }
        if (text.All(c => c is > ' ' and < (char)127))
            return text;
        findings.Add(
            new Finding(name, "a text with blanks or control characters (not repeated here)", expected, example)
        );
        return null;
    }

    private List<string>? Partners(bool samples)
    {
        const string recorded = "4621";
        var text = Value(SettingNames.CensusPartners) ?? recorded;
        if (samples && text != recorded)
        {
            findings.Add(
                new Finding(
                    SettingNames.CensusPartners,
                    Finding.Quote(text),
                    $"{recorded} while {SettingNames.SourcesMode} is samples, because the samples hold the "
                        + "commodities of no other partner",
                    $"for other partners set {SettingNames.SourcesMode}=live"
                )
            );
            return [];
        }
        if (text == "*")
            return null;
        var codes = Parts(text);
        if (
            codes.Count > 0
            && codes.All(code => code.Length == 4 && CensusPartners.KindOf(code) == CensusPartners.Kind.Country)
        )
        {
            return codes;
        }

        Report(
            SettingNames.CensusPartners,
            text,
            "Schedule C codes of countries (four digits, 1 to 8 first), or *",
            "4621,5700"
        );
        return [];
    }

    private List<string> Levels()
    {
        var text = Value(SettingNames.CensusLevels) ?? "total,HS2";
        var levels = Parts(text);
        if (
            levels.Count > 0
            && levels.All(level => CensusSettings.AllLevels.Contains(level, StringComparer.OrdinalIgnoreCase))
        )
        {
            return
            [
                .. CensusSettings.AllLevels.Where(level => levels.Contains(level, StringComparer.OrdinalIgnoreCase)),
            ];
        }

        Report(SettingNames.CensusLevels, text, $"any of {string.Join(',', CensusSettings.AllLevels)}", "total,HS2");
        return [];
    }

    private DateOnly From()
    {
        var text = Value(SettingNames.CensusFrom) ?? "1992-01";
        if (
            DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var from)
            && from.Year is >= 1985 and < 2100
        )
        {
            return from;
        }

        Report(SettingNames.CensusFrom, text, "a month from 1985-01 on, yyyy-MM", "1992-01");
        return new DateOnly(1992, 1, 1);
    }

    private static List<string> Parts(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];
}
