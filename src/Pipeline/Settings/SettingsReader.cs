using Microsoft.Extensions.Configuration;
using NCrontab;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Settings;

/// <summary>
/// Reads app settings as typed values. What is wrong is gathered with the setting's name, what was seen and an
/// example, so that all of it is reported at once; a fallback stands in its place meanwhile.
/// </summary>
/// <param name="configuration">The app settings; <c>__</c> in a name stands for a section.</param>
public sealed class SettingsReader(IConfiguration configuration)
{
    /// <summary>User and query may hold a secret, so that they are not repeated.</summary>
    private const string HidesSecret = "an address with user, query or fragment (not repeated here)";

    private const string PlainHttps = "an https address (http for loopback only)";
    private const int MaxFileName = 200;

    private readonly List<Finding> findings = [];

    /// <summary>What is wrong, in the order in which the settings were read.</summary>
    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>
    /// True if samples are used, false if the network is; null if the setting says neither, so that nothing else is
    /// found wrong because of it.
    /// </summary>
    public bool? UseSamples =>
        Value(SettingNames.SourcesMode) switch
        {
            "samples" => true,
            null or "live" => false,
            _ => null,
        };

    /// <summary>The text of a setting; null when it is not set.</summary>
    public string? Value(string name) => configuration[Key(name)];

    /// <summary>Reports a fault that is no matter of one value's form.</summary>
    public void Report(Finding finding) => findings.Add(finding);

    /// <summary>Reports that a setting has not the expected form.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="seen">Its text; null when it is not set. It is repeated, so that no secret comes here.</param>
    /// <param name="expected">What it should be.</param>
    /// <param name="example">A good value.</param>
    public void Report(string name, string? seen, string expected, string example) =>
        findings.Add(
            new Finding(name, seen is null ? "nothing" : Finding.Quote(seen), expected, $"for example {name}={example}")
        );

    /// <summary>An address: https, or http on this machine; without user, query or fragment.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">What holds when it is not set.</param>
    /// <param name="mayBeEmpty">True if the empty text switches off what the address is for.</param>
    /// <returns>The address; null when it is switched off.</returns>
    public Uri? Url(string name, Uri fallback, bool mayBeEmpty)
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

    /// <summary>A secret. It is never repeated in a finding.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="expected">What it should be, in words.</param>
    /// <param name="required">True if the source cannot be asked without it.</param>
    /// <returns>The secret; null when there is none, or none that can be sent.</returns>
    public string? Secret(string name, string expected, bool required = false)
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

    /// <summary>The name of a blob in the container of files that people maintain; may be empty.</summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">What holds when it is not set.</param>
    public string CuratedFile(string name, string fallback)
    {
        var text = Value(name) ?? fallback;
        if (
            text.Length <= MaxFileName
            && text.Trim() == text
            && !text.Any(c => char.IsControl(c) || c is '?' or '#' or '\\')
            && !text.StartsWith('/')
        )
        {
            return text;
        }

        Report(name, text, $"the name of a blob in the container {Names.CuratedContainer}", fallback);
        return fallback;
    }

    /// <summary>The parts of a list with commas, without blanks and repetitions.</summary>
    public static IReadOnlyList<string> Parts(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];

    /// <summary>When something is done: six fields with seconds first, UTC.</summary>
    internal CrontabSchedule? Schedule(string name, string example)
    {
        var text = Value(name);
        var schedule = text is null
            ? null
            : CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = true });
        if (schedule is null)
            Report(name, text, "six fields: second, minute, hour, day, month, day of the week", example);
        return schedule;
    }

    /// <summary>The host's own account: a connection string, or a section, of which the host checks more.</summary>
    internal void HostStorage(string name)
    {
        var section = configuration.GetSection(name);
        if (!string.IsNullOrWhiteSpace(section.Value))
            Storage(name);
        else if (!section.GetChildren().Any())
            Report(name, section.Value, "a storage account", "UseDevelopmentStorage=true");
    }

    /// <summary>A storage account: a connection string, or a section of addresses.</summary>
    internal void Storage(string name) => StorageAccount.Open(configuration, name, findings);

    /// <summary>Where the sources answer from (<see cref="UseSamples"/>).</summary>
    internal bool? ReadMode()
    {
        if (UseSamples is null)
            Report(SettingNames.SourcesMode, Value(SettingNames.SourcesMode), "samples or live", "live");
        return UseSamples;
    }

    /// <summary>
    /// Reports settings that nothing reads: a mistyped name would otherwise leave its setting at the default in
    /// silence. Their values may be secrets and are not repeated.
    /// </summary>
    /// <param name="section">The prefix of the names.</param>
    /// <param name="known">The settings with that prefix.</param>
    internal void ReportUnknown(string section, IReadOnlyList<string> known)
    {
        var keys = known.Select(Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var children = configuration.GetSection(section).AsEnumerable().Where(entry => entry.Value is not null);
        foreach (var (key, _) in children.OrderBy(entry => entry.Key, StringComparer.OrdinalIgnoreCase))
        {
            if (keys.Contains(key))
                continue;
            findings.Add(
                new Finding(
                    key.Replace(":", "__", StringComparison.Ordinal),
                    "a setting that nothing reads",
                    known.Count == 0
                        ? $"no setting that begins with {section}__"
                        : $"one of {string.Join(", ", known)}",
                    "correct its name, or remove it"
                )
            );
        }
    }

    private static string Key(string name) => name.Replace("__", ":", StringComparison.Ordinal);
}
