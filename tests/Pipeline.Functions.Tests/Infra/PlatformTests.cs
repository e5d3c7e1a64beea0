using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>The platform is current: API versions, the compiler, and actions of the workflows.</summary>
public sealed class PlatformTests
{
    private const string Rule = "use-recent-api-versions";

    /// <summary>The first major version of each action that runs on Node 24.</summary>
    private static readonly Dictionary<string, int> FirstOnNode24 = new(StringComparer.Ordinal)
    {
        ["actions/checkout"] = 5,
        ["actions/setup-node"] = 5,
        ["actions/setup-dotnet"] = 5,
        ["actions/upload-artifact"] = 6,
        ["actions/download-artifact"] = 7,
        ["actions/attest"] = 3,
        ["azure/login"] = 3,
    };

    [Fact]
    public void An_old_API_version_is_an_error_of_the_linter()
    {
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(BicepFile.Folder, "bicepconfig.json")));
        var rule = config
            .RootElement.GetProperty("analyzers")
            .GetProperty("core")
            .GetProperty("rules")
            .GetProperty(Rule);
        Assert.Equal("error", rule.GetProperty("level").GetString());
        Assert.Equal(730, rule.GetProperty("maxAllowedAgeInDays").GetInt32());
    }

    [Fact]
    public void Exceptions_are_for_diagnostic_settings_only_and_give_a_reason()
    {
        var exceptions = Directory
            .EnumerateFiles(BicepFile.Folder, "*.bicep", SearchOption.AllDirectories)
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), $@"(?m)^#disable.*{Rule}(.*)\n(.*)$"))
            .ToList();
        Assert.NotEmpty(exceptions);
        Assert.All(exceptions, exception =>
            Assert.StartsWith(" // ", exception.Groups[1].Value, StringComparison.Ordinal)
        );
        Assert.All(exceptions, exception =>
            Assert.Contains("diagnosticSettings@", exception.Groups[2].Value, StringComparison.Ordinal)
        );
        Assert.Equal(
            exceptions.Count,
            BicepFile.All.Sum(file => Regex.Count(file.Text, "'Microsoft.Insights/diagnosticSettings@"))
        );
    }

    [Fact]
    public void Vaults_use_a_version_that_goes_on_after_February_2027()
    {
        var versions = BicepFile
            .All.SelectMany(file => Regex.Matches(file.Text, @"'Microsoft\.KeyVault/vaults@(\d{4}-\d\d-\d\d)'"))
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.NotEmpty(versions);
        Assert.All(versions, version => Assert.True(string.CompareOrdinal(version, "2026-02-01") >= 0, version));
    }

    [Fact]
    public void Actions_run_on_a_Node_that_the_runners_have()
    {
        var used = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, ".github", "workflows"))
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), @"uses: (\w[\w/-]+)@\w+ # v(\d+)"))
            .Select(match => (Name: match.Groups[1].Value, Major: match.Groups[2].Value))
            .Distinct()
            .ToList();
        Assert.NotEmpty(used);
        Assert.All(used, action =>
            Assert.True(
                int.Parse(action.Major, CultureInfo.InvariantCulture) >= FirstOnNode24[action.Name],
                $"{action.Name} v{action.Major} runs on Node 20; at least v{FirstOnNode24[action.Name]} is needed"
            )
        );
    }

    [Fact]
    public void Deployments_compile_with_the_version_that_the_check_pins()
    {
        var deploy = File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "deploy.yml"));
        const string Install = "az bicep install --version \"v$(sed -n 's/^version=//p' infra/check.sh)\"\n";
        Assert.Equal(
            Regex.Count(deploy, "az deployment (?:sub|group) (?:create|what-if) "),
            Regex.Count(deploy, Regex.Escape(Install))
        );
        // Else the CLI takes whatever compiler the runner has.
        Assert.Equal(
            Regex.Count(deploy, Regex.Escape(Install)),
            Regex.Count(deploy, "az config set bicep.use_binary_from_path=false\n")
        );
        Assert.Matches(@"(?m)^version=\d+\.\d+\.\d+$", File.ReadAllText(Path.Combine(BicepFile.Folder, "check.sh")));
        Assert.Contains(
            "infra/check.sh --fetch",
            File.ReadAllText(Path.Combine(Repository.Root, ".ci", "run")),
            StringComparison.Ordinal
        );
    }
}
